/** Indexes of data files as they are written: the bytes that Java writes, and what readers tell by them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { allRows } from '../../src/format/column-rows.ts'
import { openDataFile } from '../../src/format/data-file.ts'
import { decodeHead, headLengthOf } from '../../src/indexes/file-index/container.ts'
import { type FileIndexes, indexedRows } from '../../src/indexes/file-index/file-index.ts'
import { FileIndexWriter } from '../../src/indexes/file-index/write/file-index-writer.ts'
import { indexSpecs } from '../../src/indexes/file-index/write/index-specs.ts'
import { bitmapValues } from '../../src/indexes/roaring.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { bindPredicate } from '../../src/types/predicate-bind.ts'
import { selectRows } from '../../src/types/predicate-rows.ts'
import { eq, gt, isIn, isNull, lt, ne, type Predicate } from '../../src/types/predicate.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { GOLDEN_WAREHOUSE } from '../support/golden-expect.ts'
import { keyedSchema } from '../support/memory-runs.ts'
import { batchOf } from '../support/random-columns.ts'
import { between, pick, seeded } from '../support/random.ts'

function written(schema: TableSchema, batch: Batch, step = batch.length): Uint8Array {
  const writer = new FileIndexWriter(indexSpecs(schema), 0)
  const rows = allRows(batch)
  for (let from = 0; from < batch.length; from += step)
    writer.add(rows, from, Math.min(batch.length, from + step))
  return writer.finish()
}

function indexesOf(container: Uint8Array): FileIndexes {
  const head = container.subarray(0, headLengthOf(container, container.length))
  return new Map(
    [...decodeHead(head, container.length)].map(([name, places]) => [
      name,
      places.map(({ type, range }) => ({
        type,
        body: range && container.subarray(range.from, range.from + range.length),
      })),
    ]),
  )
}

/** The files of a golden table, and what Java wrote of each. */
async function goldenFiles(table: string) {
  const io = new LocalFileIO()
  const root = join(GOLDEN_WAREHOUSE, 'golden.db', table)
  const store = openTableStore(io, root)
  const schema = await store.schemas.readLatest()
  const entries = await scanEntries(store.manifests, (await store.snapshots.readLatest())!, 'all')
  return await Promise.all(
    entries.map(async ({ file }) => {
      const open = await openDataFile(io, join(root, 'bucket-0', file.fileName))
      const batch = (await open.cursor({ fields: schema.fields }).read(file.rowCount))!
      const java =
        file.embeddedFileIndex ??
        new Uint8Array(readFileSync(join(root, 'bucket-0', file.extraFiles[0]!)))
      return { schema, batch, java }
    }),
  )
}

describe('of the rows of golden tables', () => {
  test.each(['bloom_filter', 'bsi', 'range_bitmap'])('%s has the bytes of Java', async (type) => {
    for (const { schema, batch, java } of await goldenFiles(`index_${type}`))
      expect(Buffer.compare(written(schema, batch, 700), java)).toBe(0)
  })

  test('bitmap has as many bytes as Java writes, in the order of the values', async () => {
    for (const { schema, batch, java } of await goldenFiles('index_bitmap')) {
      const own = written(schema, batch)
      expect(own.length).toBe(java.length)
      const head = headLengthOf(java, java.length)
      expect(own.subarray(0, head)).toEqual(java.subarray(0, head))
    }
  })
})

const nullable = (type: object): DataType => ({ ...type, nullable: true }) as DataType
/** Types, and few or many values of each. */
const VALUES: readonly (readonly [DataType, (i: number) => unknown])[] = [
  [nullable({ kind: 'BOOLEAN' }), (i) => i % 2 === 0],
  [nullable({ kind: 'TINYINT' }), (i) => (i % 256) - 128],
  [nullable({ kind: 'SMALLINT' }), (i) => i * 31 - 9000],
  [nullable({ kind: 'INT' }), (i) => (i - 20) * 1_000_003],
  [nullable({ kind: 'BIGINT' }), (i) => BigInt(i - 20) * 2n ** 52n],
  [nullable({ kind: 'FLOAT' }), (i) => Math.fround([NaN, -0, 0, 1.5, Infinity][i] ?? i / 3)],
  [nullable({ kind: 'DOUBLE' }), (i) => [NaN, -0, 0, 1.5, -Infinity][i] ?? i / 3],
  [nullable({ kind: 'DATE' }), (i) => i * 11],
  [nullable({ kind: 'TIME', precision: 3 }), (i) => i * 1000],
  [nullable({ kind: 'TIMESTAMP', precision: 3 }), (i) => BigInt(i - 30) * 12_345n],
  [nullable({ kind: 'TIMESTAMP_LTZ', precision: 6 }), (i) => BigInt(i - 30) * 12_345_678n],
  [nullable({ kind: 'DECIMAL', precision: 12, scale: 2 }), (i) => BigInt(i - 30) * 99_999n],
  [nullable({ kind: 'CHAR', length: 8 }), (i) => utf8(`c${i}`.padEnd(8))],
  [
    nullable({ kind: 'VARCHAR', length: 400 }),
    (i) => utf8(['', 'ü'][i] ?? `text ${i}`.repeat(i % 9)),
  ],
]
const HAS: Readonly<Record<string, (kind: DataType['kind']) => boolean>> = {
  'bloom-filter': (kind) => kind !== 'BOOLEAN' && kind !== 'DECIMAL',
  bitmap: (kind) => kind !== 'DECIMAL',
  bsi: (kind) => !['BOOLEAN', 'FLOAT', 'DOUBLE', 'CHAR', 'VARCHAR'].includes(kind),
  'range-bitmap': () => true,
}
const SETTINGS: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>> = {
  'bloom-filter': [{ items: '300' }, { items: '50', fpp: '0.01' }],
  bitmap: [{}, { version: '1' }, { 'index-block-size': '200 b' }],
  bsi: [{}],
  'range-bitmap': [{}, { 'chunk-size': '40 b' }],
}

const iso = (millis: number): string => new Date(millis).toISOString().slice(0, 23)

/** A value as predicates take it. */
function literal({ kind }: DataType, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  switch (kind) {
    case 'DATE':
      return iso((value as number) * 86_400_000).slice(0, 10)
    case 'TIME':
      return iso(value as number).slice(11)
    case 'TIMESTAMP':
      return iso(Number(value))
    case 'TIMESTAMP_LTZ': {
      const micros = Number(value)
      const rest = ((micros % 1000) + 1000) % 1000
      return `${iso((micros - rest) / 1000)}${String(rest).padStart(3, '0')}Z`
    }
    case 'DECIMAL':
      return (Number(value) / 100).toFixed(2)
    default:
      return value
  }
}

test.each(Object.keys(HAS))('%s tells which rows pass, whatever the type and settings', (type) => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = seeded(seed)
      const [valueType, make] = pick(
        random,
        VALUES.filter(([{ kind }]) => HAS[type]!(kind)),
      )
      const distinct = pick(random, [1, 5, 60])
      const settings = pick(random, SETTINGS[type]!)
      const schema = keyedSchema(
        { k: { kind: 'INT', nullable: false }, v: valueType },
        {
          [`file-index.${type}.columns`]: 'v',
          ...Object.fromEntries(
            Object.entries(settings).map(([name, value]) => [
              `file-index.${type}.v.${name}`,
              value,
            ]),
          ),
        },
      )
      const nulls = pick(random, [0, 0.2, 1])
      const length = between(random, 1, 300)
      const values = Array.from({ length }, () =>
        random() < nulls ? null : make(between(random, 0, distinct)),
      )
      const batch = batchOf(schema.fields, values.map((value, i) => [i, value]) as never)
      const indexes = indexesOf(written(schema, batch, between(random, 1, 100)))
      const [a, b] = [make(0), make(between(random, 0, distinct + 2))].map((value) =>
        literal(valueType, value),
      ) as never[]
      const asked: Predicate[] = [
        eq('v', a!),
        eq('v', b!),
        ne('v', b!),
        isIn('v', [a!, b!]),
        isNull('v'),
        lt('v', b!),
        gt('v', a!),
      ]
      const told: { readonly found: readonly number[]; readonly passed: readonly number[] }[] = []
      for (const predicate of asked) {
        const bound = bindPredicate(predicate, schema.fields)
        const rows = indexedRows(bound, indexes)
        const passed = [...(selectRows(bound, batch) ?? Array(length).keys())]
        told.push({ found: rows === null ? passed : [...bitmapValues(rows)], passed })
      }
      // A bloom filter tells of no row where it tells anything.
      expect(told.map(({ found }) => found)).toEqual(told.map((each) => each.passed))
    }),
    { numRuns: 40 },
  )
})

const text = nullable({ kind: 'VARCHAR', length: 100 })
const map = nullable({
  kind: 'MAP',
  key: { ...text, nullable: false },
  value: nullable({ kind: 'INT' }),
})
const COLUMNS = {
  k: { kind: 'INT', nullable: false } as const,
  a: nullable({ kind: 'INT' }),
  m: map,
}

const entry = (key: string, value: number | null) => [utf8(key), value]

test('the values that a map has for a key are indexed under its name, with settings of all keys and of one', () => {
  const schema = keyedSchema(COLUMNS, {
    'file-index.bitmap.columns': 'm[x], a ,m[z]',
    'file-index.bloom-filter.columns': 'm[y]',
    'file-index.bloom-filter.m.items': '10',
    'file-index.bloom-filter.m[y].fpp': '0.5',
  })
  const rows = [
    [0, 1, [entry('x', 7), entry('y', 8)]],
    [1, null, null],
    [2, 1, [entry('y', 9), entry('x', null)]],
    [3, 2, [entry('x', 7)]],
  ]
  const indexes = indexesOf(written(schema, batchOf(schema.fields, rows)))
  expect([...indexes.keys()].toSorted()).toEqual(['a', 'm[x]', 'm[y]', 'm[z]'])
  const fields = ['m[x]', 'm[z]'].map((name, id) => ({ id, name, type: nullable({ kind: 'INT' }) }))
  const found = (predicate: Predicate) => [
    ...bitmapValues(indexedRows(bindPredicate(predicate, fields), indexes)!),
  ]
  expect([found(eq('m[x]', 7)), found(isNull('m[x]')), found(isNull('m[z]'))]).toEqual([
    [0, 3],
    [1, 2],
    [0, 1, 2, 3],
  ])
  // 10 items with a share of a half take 15 bits.
  expect(indexes.get('m[y]')![0]!.body!.length).toBe(4 + 2)
})

test.each([
  [{ 'file-index.bitmap.columns': 'b' }, 'there is no column "b"'],
  [{ 'file-index.bitmap.columns': 'm' }, 'INT>, which has no such index'],
  [{ 'file-index.bsi.columns': 'a[x]' }, 'has the type INT and no keys that are text'],
  [{ 'file-index.bitmap.columns': 'a', 'file-index.bitmap.a.version': '3' }, 'version'],
  [
    { 'file-index.bloom-filter.columns': 'a', 'file-index.bloom-filter.a.fpp': '1' },
    'bloom filter',
  ],
  [
    { 'file-index.bitmap.columns': 'a', 'file-index.bsi.a.x': '3' },
    'file-index.bsi.a are of a column',
  ],
  [{ 'file-index.token-bloom-filter.columns': 'a' }, '"token-bloom-filter" cannot be written'],
])('%j is refused', (options, message) => {
  expect(() => indexSpecs({ ...keyedSchema(COLUMNS), options })).toThrow(message)
})

test('a number whose amount is no number of 64 bits leaves the column without bit slices', () => {
  const schema = keyedSchema(
    { k: { kind: 'INT', nullable: false }, a: nullable({ kind: 'BIGINT' }) },
    { 'file-index.bsi.columns': 'a' },
  )
  const indexes = indexesOf(
    written(
      schema,
      batchOf(schema.fields, [
        [1, 5n],
        [2, -(2n ** 63n)],
      ]),
    ),
  )
  expect(indexes.size).toBe(0)
})
