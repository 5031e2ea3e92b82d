import { describe, expect, test } from 'vitest'

import type { DataFile, RowRange } from '../../../src/format/data-file.ts'
import { chooseRows, rowFilter } from '../../../src/table/file/row-filter.ts'
import type { Batch, BytesColumn } from '../../../src/types/column.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { and, eq, gte, isNull, like, lt, type Predicate } from '../../../src/types/predicate.ts'
import { parseType } from '../../../src/types/type-text.ts'

const FIELDS: DataField[] = [
  { id: 0, name: 'k', type: parseType('INT NOT NULL') },
  { id: 1, name: 'text', type: parseType('STRING') },
  { id: 2, name: 'other', type: parseType('STRING') },
]
const ROWS = 1000

function textColumn(rows: readonly number[]): BytesColumn {
  const texts = rows.map((row) => Buffer.from(`t${row % 7}`))
  const ends = Int32Array.from(texts, (_, i) => 2 * (i + 1))
  const starts = ends.map((end) => end - 2)
  const data = new Uint8Array(Buffer.concat(texts))
  return { layout: 'bytes', length: rows.length, validity: null, data, starts, ends }
}

/** A file of a thousand rows, `k` being the row's number, whose statistics leave `pruned`. */
function fileOf(pruned: readonly RowRange[] | null, asked: string[] = []): DataFile {
  return {
    path: 'f',
    columnNames: new Set(FIELDS.map(({ name }) => name)),
    rowCount: ROWS,
    prune: async () => await Promise.resolve(pruned),
    cursor: ({ fields, rows = [{ from: 0, to: ROWS }] }) => {
      asked.push(...fields.map(({ name }) => name))
      const left = rows.flatMap(({ from, to }) =>
        Array.from({ length: to - from }, (_, i) => from + i),
      )
      return {
        read: async (): Promise<Batch | null> => {
          // An inner boundary of the file ends a batch early.
          const taken = left.splice(0, 300)
          const { length } = taken
          if (length === 0) return await Promise.resolve(null)
          const values = Int32Array.from(taken)
          const columns = fields.map(({ name }) =>
            name === 'k'
              ? { layout: 'fixed' as const, length, validity: null, values }
              : textColumn(taken),
          )
          return { length, columns }
        },
      }
    },
  }
}

const choose = (predicate: Predicate, pruned: readonly RowRange[] | null, asked?: string[]) =>
  chooseRows(fileOf(pruned, asked), rowFilter(predicate, FIELDS), undefined)

describe('rows of a file', () => {
  test('are found among those that its statistics leave', async () => {
    const pruned = [
      { from: 100, to: 200 },
      { from: 600, to: 999 },
    ]
    expect(await choose(eq('k', 150), pruned)).toEqual([{ from: 150, to: 151 }])
    expect(await choose(eq('k', 998), pruned)).toEqual([{ from: 998, to: 999 }])
    expect(await choose(eq('k', 300), pruned)).toEqual([])
  })

  test('are found by the columns that the filter looks at, and no other is read', async () => {
    const asked: string[] = []
    const filter = and(gte('k', 400), lt('k', 420), like('text', 't3'))
    // Rows 402, 409 and 416, which lie so near that they are read as one range.
    expect(await choose(filter, null, asked)).toEqual([{ from: 402, to: 417 }])
    expect(asked).toEqual(['k', 'text'])
  })

  test('come as ranges where they lie apart', async () => {
    const filter = like('text', 't3')
    const pruned = [0, 350, 700].map((from) => ({ from, to: from + 8 }))
    const apart = [3, 353, 703].map((from) => ({ from, to: from + 1 }))
    expect(await choose(filter, pruned)).toEqual(apart)
    expect(await choose(and(filter, lt('k', 400)), pruned)).toEqual(apart.slice(0, 2))
  })

  test('are not chosen one by one where many pass', async () => {
    const pruned = [{ from: 0, to: 500 }]
    expect(await choose(gte('k', 100), pruned)).toBe(pruned)
    expect(await choose(gte('k', 0), null)).toBeNull()
  })

  test('of which none passes are none', async () => {
    expect(await choose(isNull('text'), null)).toEqual([])
    const asked: string[] = []
    expect(await choose(eq('k', 1), [], asked)).toEqual([])
    expect(asked).toEqual([])
  })
})
