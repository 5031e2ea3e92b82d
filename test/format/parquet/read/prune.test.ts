import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { openParquet, type ParquetFile } from '../../../../src/format/parquet/read/file-reader.ts'
import { inferFields } from '../../../../src/format/parquet/read/infer.ts'
import type { RowRange } from '../../../../src/format/parquet/read/page-stream.ts'
import { pruneRows } from '../../../../src/format/parquet/read/prune.ts'
import type { Batch } from '../../../../src/types/column.ts'
import type { DataField } from '../../../../src/types/data-type.ts'
import { type InternalValue, textOf } from '../../../../src/types/internal-value.ts'
import { bindPredicate } from '../../../../src/types/predicate-bind.ts'
import { selectRows } from '../../../../src/types/predicate-rows.ts'
import {
  and,
  between,
  eq,
  gt,
  isIn,
  isNotNull,
  isNull,
  like,
  lt,
  ne,
  or,
  type Predicate,
  startsWith,
} from '../../../../src/types/predicate.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import {
  BytesIO,
  openBytes,
  readColumns,
  TEST_PATH,
  writeParquet,
} from '../../../support/parquet.ts'
import { batchOf, fieldsOf } from '../../../support/random-columns.ts'
import { FIELDS, meaning, predicates, rows } from '../../../types/predicate-model.ts'

const isInside = (row: number, kept: readonly RowRange[]): boolean =>
  kept.some(({ from, to }) => from <= row && row < to)

async function keptRows(
  file: ParquetFile,
  predicate: Predicate,
  fields: readonly DataField[],
): Promise<readonly RowRange[]> {
  const { rows: ranges } = await pruneRows(file, bindPredicate(predicate, fields))
  // Ascending, as readers take them.
  for (const [i, { from, to }] of ranges.entries()) {
    expect(from).toBeLessThan(to)
    expect(from).toBeGreaterThanOrEqual(ranges[i - 1]?.to ?? 0)
  }
  return ranges
}

const countOf = (ranges: readonly RowRange[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from, 0)

describe('no row that a predicate chooses is pruned', () => {
  test('of files with pages of a few rows, by any predicate', async () => {
    const options = fc.record({
      pageRows: fc.integer({ min: 1, max: 9 }),
      dictionary: fc.boolean(),
    })
    let prunedCount = 0
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.array(predicates, { minLength: 6, maxLength: 6 }),
        options,
        async (list, choices, limits) => {
          const bytes = await writeParquet(FIELDS, [batchOf(FIELDS, list)], limits)
          const file = await openBytes(bytes)
          for (const predicate of choices) {
            const ranges = await keptRows(file, predicate, FIELDS)
            const matching = list.flatMap((row, i) => (meaning(predicate, row) === true ? [i] : []))
            expect(matching.filter((row) => !isInside(row, ranges))).toEqual([])
            if (countOf(ranges) < list.length) prunedCount++
          }
        },
      ),
      { numRuns: 150 },
    )
    // The property would hold if nothing were ever pruned.
    expect(prunedCount).toBeGreaterThan(150)
  })

  test.each(['pages.v1', 'pages.v2', 'duckdb.v1', 'duckdb.v2', 'bloom', 'types'])(
    'of %s, by comparisons with its own values',
    async (name) => {
      const file = await openBytes(new Uint8Array(readFileSync(`fixtures/parquet/${name}.parquet`)))
      const fields = inferFields(file.root).filter(({ type }) => type.kind !== 'ARRAY')
      const columns = await readColumns(file, { fields })
      const length = columns[0]!.length
      for (const [c, field] of fields.entries()) {
        const values = columns[c]!
        const batch: Batch = batchOf(
          [field],
          values.map((value) => [value]),
        )
        const literals = [values[3]!, values[Math.floor(length / 2)]!, values.at(-2)!]
        for (const value of literals.filter((each) => each !== null))
          for (const predicate of comparisons(field, value)) {
            const bound = bindPredicate(predicate, [field])
            const selected = selectRows(bound, batch) ?? values.map((_, row) => row)
            const ranges = await keptRows(file, predicate, [field])
            expect([...selected].filter((row) => !isInside(row, ranges))).toEqual([])
          }
      }
    },
  )
})

/** A value as a literal of a predicate. */
function literal({ type }: DataField, value: InternalValue): unknown {
  switch (type.kind) {
    case 'VARCHAR':
      return textOf(value as Uint8Array)
    case 'DECIMAL': {
      const digits = String(value)
        .replace('-', '')
        .padStart(type.scale + 1, '0')
      const sign = (value as bigint) < 0n ? '-' : ''
      const at = digits.length - type.scale
      return `${sign}${digits.slice(0, at)}.${digits.slice(at)}`
    }
    case 'DATE':
      return new Date((value as number) * 86_400_000)
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return undefined
    default:
      return value
  }
}

function comparisons(field: DataField, value: InternalValue): Predicate[] {
  const { name } = field
  const of = literal(field, value)
  const always: Predicate[] = [isNull(name), isNotNull(name)]
  if (of === undefined) return always
  return [...always, eq(name, of), ne(name, of), lt(name, of), gt(name, of), isIn(name, [of, of])]
}

describe('rows are pruned', () => {
  const fields = fieldsOf(
    ['INT', 'STRING', 'DOUBLE', 'ARRAY<INT>', 'TIMESTAMP(9)', 'BIGINT'].map((text) =>
      parseTypeText(text),
    ),
  )
  const table = Array.from({ length: 10_000 }, (_, i): InternalValue[] => [
    i,
    Buffer.from(`key-${String(i).padStart(5, '0')}`),
    i % 1000 === 999 ? Number.NaN : i / 2,
    [i],
    BigInt(i),
    i < 5000 ? null : BigInt(i % 10),
  ])

  async function keptOf(predicate: Predicate): Promise<readonly RowRange[]> {
    const bytes = await writeParquet(fields, [batchOf(fields, table)], {
      pageRows: 100,
      rowGroupBytes: 1,
    })
    const file = await openBytes(bytes)
    expect(file.metadata.rowGroups.map((group) => group.rowCount)).toEqual([4096, 4096, 1808])
    return await keptRows(file, predicate, fields)
  }

  test.each<[string, Predicate, RowRange[]]>([
    ['by row groups', gt('c0', 9999), []],
    ['to a page', eq('c0', 4321), [{ from: 4296, to: 4396 }]],
    [
      'to pages on both sides of a border',
      between('c0', 4090, 4100),
      [
        { from: 4000, to: 4096 },
        { from: 4096, to: 4196 },
      ],
    ],
    ['by text', startsWith('c1', 'key-0123'), [{ from: 1200, to: 1300 }]],
    ['by a pattern', like('c1', 'key-0123%9'), [{ from: 1200, to: 1300 }]],
    [
      'by alternatives',
      or(eq('c0', 5), eq('c0', 9000)),
      [
        { from: 0, to: 100 },
        { from: 8992, to: 9092 },
      ],
    ],
    [
      'by both of two conditions',
      and(gt('c0', 150), lt('c1', 'key-00170')),
      [{ from: 100, to: 200 }],
    ],
    [
      'by values of a list',
      isIn('c0', [1, 2, 9999]),
      [
        { from: 0, to: 100 },
        { from: 9992, to: 10_000 },
      ],
    ],
    ['where nothing is null', isNull('c0'), []],
    [
      'where everything is null',
      isNotNull('c5'),
      [
        { from: 4996, to: 8192 },
        { from: 8192, to: 10_000 },
      ],
    ],
    [
      'to the nulls',
      isNull('c5'),
      [
        { from: 0, to: 4096 },
        { from: 4096, to: 5096 },
      ],
    ],
  ])('%s', async (_, predicate, ranges) => {
    expect(await keptOf(predicate)).toEqual(ranges)
  })

  test.each<[string, Predicate]>([
    ['by columns with NaN, whose bounds are not written', eq('c2', -1)],
    ['by timestamps of nanoseconds, which have no bounds', isNotNull('c4')],
    ['by a list', isNotNull('c3')],
    ['by nothing', and()],
  ])('not %s', async (_, predicate) => {
    expect(countOf(await keptOf(predicate))).toBe(table.length)
  })

  test('not by a column that the file lacks', async () => {
    const more = [...fields, { id: 99, name: 'later', type: parseTypeText('INT') }]
    const bytes = await writeParquet(fields, [batchOf(fields, table)])
    const file = await openBytes(bytes)
    expect(countOf(await keptRows(file, eq('later', 1), more))).toBe(table.length)
    expect(await keptRows(file, or(), fields)).toEqual([])
  })
})

describe('bloom filters', () => {
  const bytes = new Uint8Array(readFileSync('fixtures/parquet/bloom.parquet'))
  const cases: [string, (key: number) => Predicate][] = [
    ['id', (key) => eq('id', 10 * key)],
    ['big', (key) => eq('big', BigInt(key) * 10n ** 13n)],
    ['word', (key) => eq('word', `key-${String(key).padStart(4, '0')}`)],
    ['bytes', (key) => eq('bytes', new Uint8Array([0, 0, Math.floor(key / 256), key % 256]))],
  ]

  test.each(cases)(
    'of %s keep the row group that has a value, and drop the other',
    async (_, by) => {
      const file = await openBytes(bytes)
      const fields = inferFields(file.root)
      let falsePositives = 0
      for (let key = 0; key < 200; key++) {
        const ranges = await keptRows(file, by(key), fields)
        // Even keys lie in the first row group, odd ones in the second, a hundred rows each.
        const row = (key % 2) * 100 + Math.floor(key / 2)
        expect(isInside(row, ranges)).toBe(true)
        // Bounds rule the second row group out for key 0, and the first for the last one.
        if (countOf(ranges) > 100) falsePositives++
      }
      expect(falsePositives).toBeLessThan(6)
    },
  )

  test('rule out what is between the keys, and lists of such values', async () => {
    const file = await openBytes(bytes)
    const fields = inferFields(file.root)
    const absent = Array.from({ length: 15 }, (_, i) => 10 * i + 55)
    let found = 0
    for (const value of absent) found += countOf(await keptRows(file, eq('id', value), fields))
    expect(found).toBeLessThanOrEqual(200)
    expect(countOf(await keptRows(file, isIn('id', absent.slice(0, 3)), fields))).toBe(0)
    expect(countOf(await keptRows(file, and(isNotNull('big'), eq('id', 55)), fields))).toBe(0)
    // What is not ruled out is kept.
    expect(countOf(await keptRows(file, ne('id', 55), fields))).toBe(200)
    expect(countOf(await keptRows(file, or(eq('id', 55), isNotNull('id')), fields))).toBe(200)
    expect(countOf(await keptRows(file, between('id', 55, 56), fields))).toBe(200)
  })

  test('are read by their header and one block a value, not whole', async () => {
    const io = new BytesIO(bytes)
    // Without the file's end at hand, in which a small file's filters lie.
    const file = { ...(await openParquet(io.io, TEST_PATH)), tail: new Uint8Array(0) }
    io.reads.length = 0
    await keptRows(file, eq('id', 55), inferFields(file.root))
    expect(io.reads.map(({ from, to }) => to - from)).toEqual([64, 32, 64, 32])
  })

  test('that are damaged are CORRUPT', async () => {
    const { metadata } = await openBytes(bytes)
    const offset = metadata.rowGroups[0]!.columns[0]!.bloomFilterOffset!
    for (const [at, value] of [
      [offset, 0xff],
      [offset + 1, 0x01],
      [offset + 1, 0x06],
    ] as const) {
      const damaged = bytes.slice()
      damaged[at] = value
      const file = await openBytes(damaged)
      await expect(keptRows(file, eq('id', 55), inferFields(file.root))).rejects.toMatchObject({
        code: 'CORRUPT',
        path: TEST_PATH,
      })
    }
  })
})

test('a damaged page index is CORRUPT', async () => {
  const fields = fieldsOf([parseTypeText('INT')])
  const table = Array.from({ length: 100 }, (_, i) => [i])
  const bytes = await writeParquet(fields, [batchOf(fields, table)], { pageRows: 10 })
  const { metadata } = await openBytes(bytes)
  const { columnIndexOffset, offsetIndexOffset } = metadata.rowGroups[0]!.columns[0]!
  for (const at of [columnIndexOffset!, offsetIndexOffset!]) {
    const damaged = bytes.slice()
    damaged[at] = 0xff
    const file = await openBytes(damaged)
    await expect(keptRows(file, eq('c0', 5), fields)).rejects.toMatchObject({ code: 'CORRUPT' })
  }
})
