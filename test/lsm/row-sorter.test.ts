/** Sorting rows in memory and beyond it. */
import assert from 'node:assert/strict'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { materialize } from '../../src/format/column-rows.ts'
import { RowSorter } from '../../src/lsm/row-sorter.ts'
import { fixedWidth, sortKeys } from '../../src/lsm/sort-keys.ts'
import { SpillSpace } from '../../src/lsm/spill/spill-space.ts'
import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { Batch, Column } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { rowAppender, rowReader } from '../../src/types/row-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

const FIELDS: DataField[] = [
  { id: 0, name: 'k', type: parseTypeText('STRING') },
  { id: 1, name: 'n', type: parseTypeText('INT') },
]

type Pair = readonly [string | null, number]

function batchOf(rows: readonly Pair[]): Batch {
  const builder = batchBuilder(FIELDS)
  const append = rowAppender(FIELDS)
  for (const [i, [k, n]] of rows.entries()) append(builder, { k, n }, i + 1)
  return finishBatch(builder)
}

/** Sorts by the text, or by how it compares with `b`, as numbers of one width. */
async function sortedBy(
  batches: readonly (readonly Pair[])[],
  options: { budgetBytes: number; spill: SpillSpace | null },
  isFixed = false,
): Promise<Pair[]> {
  const order = [{ type: parseTypeText(isFixed ? 'INT' : 'STRING'), nullable: true }]
  const placesOf = ({ columns, length }: Batch) =>
    sortKeys(order, [isFixed ? ranks(columns[0]!) : columns[0]!], length)
  const by = { widthBytes: fixedWidth(order), placesOf }
  const sorter = new RowSorter(FIELDS, by, { ...options, runsMax: 4 })
  for (const rows of batches) await sorter.add(batchOf(rows))
  const found: Pair[] = []
  for await (const rows of sorter.sorted()) {
    const columns = FIELDS.map((_, i) => materialize(0, rows.length, rows.column(i)))
    const read = rowReader({ length: rows.length, columns }, FIELDS)
    for (let i = 0; i < rows.length; i++) found.push(Object.values(read(i)) as unknown as Pair)
  }
  await sorter.clear()
  return found
}

/** -1, 0 or 1 for texts below, at and above `b`. */
function ranks(texts: Column): Column {
  assert(texts.layout === 'bytes')
  const rank = (row: number): number => {
    const text = Buffer.from(texts.data.subarray(texts.starts[row], texts.ends[row])).toString()
    return text === 'b' ? 0 : text < 'b' ? -1 : 1
  }
  const { length, validity } = texts
  return {
    layout: 'fixed',
    length,
    validity,
    values: Int32Array.from({ length }, (_, i) => rank(i)),
  }
}

const rankOf = (text: string | null): number =>
  text === null ? -2 : text === 'b' ? 0 : text < 'b' ? -1 : 1

const space = (): SpillSpace =>
  new SpillSpace({ maxBytes: 1 << 30, codec: 'none', level: undefined })

test('rows come in order, those of the same place as they came, whatever fits into memory', async () => {
  const pair = fc.tuple(
    fc.oneof(fc.constant(null), fc.string({ maxLength: 3, unit: 'binary-ascii' })),
    fc.constant(0),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(pair, { minLength: 1, maxLength: 20 }), { maxLength: 12 }),
      fc.constantFrom(1, 1000, 1 << 30),
      async (given, budgetBytes) => {
        let n = 0
        const batches = given.map((rows) => rows.map(([k]): Pair => [k, n++]))
        const expected = batches
          .flat()
          .toSorted(([a], [b]) => (a === b ? 0 : a === null ? -1 : b === null ? 1 : a < b ? -1 : 1))
        expect(await sortedBy(batches, { budgetBytes, spill: space() })).toEqual(expected)
        const byRank = batches.flat().toSorted(([a], [b]) => rankOf(a) - rankOf(b))
        expect(await sortedBy(batches, { budgetBytes, spill: space() }, true)).toEqual(byRank)
      },
    ),
    { numRuns: 25 },
  )
})

test('rows that may not go to the disk are refused beyond the memory', async () => {
  const batches = [[['a', 1]], [['b', 2]]] as const
  await expect(sortedBy(batches, { budgetBytes: 1, spill: null })).rejects.toThrow(
    /write-buffer-spillable|may not go to the disk/,
  )
})
