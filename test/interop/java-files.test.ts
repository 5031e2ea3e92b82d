/**
 * Data files at the edges of what tables write: many pages and row groups, dictionaries given up, values of every length,
 * every codec, writers with other settings, and tables without rows. Each side reads what the other wrote.
 */
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { firstSchema, type NewSchema } from '../../src/types/new-schema.ts'
import { eq, gte } from '../../src/types/predicate.ts'
import { RandomRows, type RandomTable } from '../support/random-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import type { KindedRow } from '../support/table-model.ts'
import { TYPE_TABLES, typeTable } from '../support/type-tables.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { SharedTable } from './support/shared-table.ts'

const classPath = await findJava()
const io = new LocalFileIO()
let java: JavaPaimon
let directory: string
let tableCount = 0

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-files-'))
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await io.close()
  await rm(directory, { recursive: true })
})

async function create(table: RandomTable, creator: 'we' | 'Java'): Promise<SharedTable> {
  const warehouse = { io, warehouse: directory }
  const name = `db.t${tableCount++}`
  return SharedTable.create(name, table, java.warehouse(directory), warehouse, creator)
}

const type = (parts: object): DataType => ({ nullable: true, ...parts }) as DataType
const text = type({ kind: 'VARCHAR', length: MAX_LENGTH })

/** A table of the columns with one bucket; `k0` is the key. */
function tableOf(columns: Readonly<Record<string, DataType>>, options: object): RandomTable {
  const key: DataField = { id: 0, name: 'k0', type: type({ kind: 'INT', nullable: false }) }
  const definition: NewSchema = {
    fields: [key, ...Object.entries(columns).map(([name, each]) => ({ id: 0, name, type: each }))],
    hasIds: false,
    partitionKeys: [],
    primaryKeys: ['k0'],
    options: { bucket: '1', 'write-only': 'true', ...options },
  }
  return {
    definition,
    schema: firstSchema(definition, 0),
    keyed: true,
    primaryKeys: ['k0'],
    sequences: [],
    sequenceDescending: false,
    kindColumn: undefined,
    ignoreDelete: false,
    ignoreUpdateBefore: false,
  }
}

const UNITS = { 3: 1000n, 6: 1_000_000n, 9: 1_000_000_000n } as const
const HUGE = 10n ** 38n - 1n

/** Columns that pages and dictionaries take in different ways, each with how its values come about. */
const EDGES: Readonly<Record<string, { type: DataType; value: EdgeValue }>> = {
  nothing: { type: text, value: () => null },
  no_lists: {
    type: type({
      kind: 'ARRAY',
      element: type({ kind: 'ROW', fields: [{ id: 0, name: 'f', type: text }] }),
    }),
    value: () => null,
  },
  few: { type: text, value: (random) => utf8(pick(random, ['', 'a', 'bb', 'é漢🚀'])) },
  constant: { type: type({ kind: 'BIGINT', nullable: false }), value: () => -(2n ** 63n) },
  unique: { type: text, value: (_, i) => utf8(String(i * 7919).padStart(60, 'x')) },
  long: {
    type: text,
    value: (random) =>
      random() < 0.01 ? utf8('\u{10ffff}é'.repeat(between(random, 0, 999))) : null,
  },
  huge: {
    type: type({ kind: 'DECIMAL', precision: 38, scale: 0 }),
    value: (random) => pick(random, [HUGE, -HUGE, 0n, 1n, -1n, null]),
  },
  float: {
    type: type({ kind: 'FLOAT' }),
    value: (random) => pick(random, [0, -0, Number.NaN, Infinity, -Infinity, 1.5, null]),
  },
  double: {
    type: type({ kind: 'DOUBLE' }),
    value: (random) => pick(random, [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, null]),
  },
  zeros: { type: type({ kind: 'DOUBLE' }), value: (random) => pick(random, [0, -0]) },
  runs: { type: type({ kind: 'BOOLEAN' }), value: (_, i) => i % 1000 < 990 },
  lists: {
    type: type({ kind: 'ARRAY', element: type({ kind: 'INT' }) }),
    value: (random) =>
      random() < 0.3 ? null : Array.from({ length: between(random, 0, 4) }, (_, i) => i || null),
  },
  sorted_at: { type: type({ kind: 'TIMESTAMP', precision: 3 }), value: (_, i) => BigInt(i) },
  ...timestamps('TIMESTAMP'),
  ...timestamps('TIMESTAMP_LTZ'),
}

type EdgeValue = (random: Random, row: number) => InternalValue

/** Timestamps of every precision, around the epoch and around the ends of what 64 bits of nanoseconds hold. */
function timestamps(
  kind: 'TIMESTAMP' | 'TIMESTAMP_LTZ',
): Record<string, { type: DataType; value: EdgeValue }> {
  const columns = Array.from({ length: 10 }, (_, precision) => {
    const digits = precision <= 3 ? 3 : precision <= 6 ? 6 : 9
    const step = 10n ** BigInt(digits - precision)
    const value: EdgeValue = (random) => {
      const second = BigInt(pick(random, [-9_200_000_000, -1, 0, 1, 9_200_000_000]))
      const units = second * UNITS[digits] + BigInt(between(random, 0, 10 ** digits))
      return (units / step) * step
    }
    return [`${kind.toLowerCase()}_${precision}`, { type: type({ kind, precision }), value }]
  })
  return Object.fromEntries(columns) as Record<string, { type: DataType; value: EdgeValue }>
}

/** Where rows are many, without the timestamps. */
function edgesOf(rowCount: number): [name: string, type: DataType, value: EdgeValue][] {
  return Object.entries(EDGES)
    .filter(([name]) => rowCount < 8000 || !name.startsWith('timestamp'))
    .map(([name, each]) => [name, each.type, each.value])
}

function edgeRows(count: number, random: Random): KindedRow[] {
  const values = edgesOf(count).map(([, , value]) => value)
  return Array.from({ length: count }, (_, i) => ({
    row: [i, ...values.map((value) => value(random, i))],
    kind: '+I',
  }))
}

async function checkEdgeFilters(shared: SharedTable, rowCount: number): Promise<void> {
  const name = utf8(String(7919 * 17).padStart(60, 'x'))
  const asText = new TextDecoder().decode(name)
  const unique = Object.keys(EDGES).indexOf('unique') + 1
  await shared.checkFilter(
    { column: 'unique', op: 'eq', value: asText },
    eq('unique', asText),
    (row) => Buffer.from(row[unique] as Uint8Array).equals(name),
  )
  await shared.checkFilter(
    { column: 'k0', op: 'gte', value: rowCount - 3 },
    gte('k0', rowCount - 3),
    (row) => (row[0] as number) >= rowCount - 3,
  )
}

/** How many row groups the data files of the table have. */
async function rowGroupCounts({ ours }: SharedTable): Promise<number[]> {
  const bucket = join(ours.path, 'bucket-0')
  const counts: number[] = []
  for (const name of readdirSync(bucket)) {
    const file = await openParquet(io, join(bucket, name))
    counts.push(file.metadata.rowGroups.length)
  }
  return counts
}

const FEW_ROWS = { 'parquet.page.row.count.limit': '100', 'parquet.enable.dictionary': 'false' }

describe('files of many pages', () => {
  test.each([
    ['more than one page of rows', 21_000, 1, {}],
    ['many row groups', 9000, 3, { 'file.block-size': '60 kb' }],
    ['small pages', 2000, 1, { 'parquet.page.size': '4096' }],
    ['pages of few rows and no dictionaries', 2000, 1, FEW_ROWS],
  ])('%s', async (_, rowCount, rowGroupsMin, options) => {
    const columns = edgesOf(rowCount).map(([name, each]) => [name, each] as const)
    const table = tableOf(Object.fromEntries(columns), options)
    const rows = edgeRows(rowCount, seeded(1))
    const [ours, theirs] = [await create(table, 'we'), await create(table, 'Java')]
    await ours.weWrite(rows, 'batches')
    const [rowGroupCount] = await rowGroupCounts(ours)
    expect(rowGroupCount).toBeGreaterThanOrEqual(rowGroupsMin)
    await ours.check()
    await checkEdgeFilters(ours, rowCount)
    await theirs.javaWrites(rows)
    await theirs.check()
    await checkEdgeFilters(theirs, rowCount)
    expect(await ours.describedFiles()).toEqual(await theirs.describedFiles())
    await ours.weWrite(rows.slice(0, 100).map(({ row }) => ({ row, kind: '-D' })))
    await ours.javaCompacts()
    await ours.check()
  })
})

const codecs = [
  ...['zstd', 'snappy', 'gzip', 'lz4', 'lz4_raw', 'none', 'uncompressed', 'ZSTD'].map((codec) => ({
    codec,
    format: 'parquet',
  })),
  ...['zstd', 'snappy', 'deflate', 'null', 'zstandard'].map((codec) => ({ codec, format: 'avro' })),
]

/** Avro files have no timestamps finer than microseconds. */
const isFine = ({ type: each }: DataField): boolean =>
  each.kind.startsWith('TIMESTAMP') && 'precision' in each && each.precision > 6

describe('files of every codec', () => {
  test.each(codecs)('$format, $codec', async ({ codec, format }) => {
    const options = { 'file.format': format, 'file.compression': codec }
    const plan = { bucketCount: 1, isPartitioned: false, isThin: false, options }
    const table = await typeTable(
      { like: 'types_pk', ...plan },
      (field) => format === 'parquet' || !isFine(field),
    )
    const rows = new RandomRows(table, codecs.length, { java: true })
    const shared = await create(table, 'we')
    await shared.weWrite(rows.next(500), 'batches')
    await shared.check()
    await shared.javaWrites(rows.next(500))
    await shared.check()
    await shared.weWrite(rows.next(50), 'rows')
    await shared.javaCompacts()
    await shared.check()
    const files = await shared.java.read(`${shared.name}$files`)
    expect(files.map((file) => JSON.parse(file) as object)).toMatchObject([{ file_format: format }])
  })
})

/** What other writers of the same table may have set. */
const WRITERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'data pages v2 and delta encodings': { 'parquet.writer.version': 'PARQUET_2_0' },
  'Parquet bloom filters': {
    'parquet.bloom.filter.enabled#KEY': 'true',
  },
  'checksums of pages': { 'parquet.page.write-checksum.enabled': 'true' },
  'no statistics': { 'metadata.stats-mode': 'none', 'parquet.statistics.enabled': 'false' },
  'bloom filters and bitmaps beside the files': {
    'file-index.bloom-filter.columns': 'KEY',
    'file-index.bitmap.columns': 'KEY',
  },
  'bytes split by stream': { 'parquet.enable.bytestreamsplit': 'true' },
  Avro: { 'file.format': 'avro' },
  'the compression in the file names': { 'file.suffix.include.compression': 'true' },
}

describe('files of writers with other settings', () => {
  const cases = TYPE_TABLES.flatMap((like) => Object.keys(WRITERS).map((name) => ({ like, name })))
  test.each(cases)('$like: $name', async ({ like, name }) => {
    const bucketCount = like === 'types_append' ? -1 : 2
    const plan = { like, bucketCount, isPartitioned: false, isThin: false }
    const table = await typeTable(plan, (field) => name !== 'Avro' || !isFine(field))
    const key = like === 'types_key' ? 'k1' : 'k0'
    const options = Object.entries(WRITERS[name]!).map((pair) =>
      pair.map((each) => each.replace('KEY', key)),
    )
    const random = new RandomRows(table, cases.length, { java: true })
    const shared = await create(table, 'we')
    await shared.weWrite(random.next(100))
    await shared.javaWrites(random.next(900), Object.fromEntries(options) as Record<string, string>)
    await shared.check()
    await shared.weWrite(random.next(100))
    await shared.javaCompacts()
    await shared.check()
    await shared.checkSystemTables()
    expect(await shared.java.read(`${shared.name}$snapshots`)).toHaveLength(4)
  })
})

/** Rows of fifty keys. */
const fifty = (kind: string): KindedRow[] =>
  Array.from({ length: 50 }, (_, i) => ({ row: [i, utf8('v')], kind }))

describe('tables without rows', () => {
  test.each(TYPE_TABLES)('%s before the first commit', async (like) => {
    const bucketCount = like === 'types_append' ? -1 : 1
    const plan = { like, bucketCount, isPartitioned: true, isThin: false }
    const table = await typeTable(plan)
    for (const creator of ['we', 'Java'] as const) {
      const shared = await create(table, creator)
      await shared.check()
      await shared.checkSystemTables()
      expect(await shared.java.read(`${shared.name}$files`)).toEqual([])
    }
  })

  test('a commit of no rows', async () => {
    const table = tableOf({ v: text }, {})
    const shared = await create(table, 'we')
    await shared.weWrite([])
    await shared.check()
    await shared.javaWrites([])
    await shared.check()
    await shared.checkSystemTables()
    const before = await shared.java.read(`${shared.name}$snapshots`)
    await shared.weWrite([{ row: [1, null], kind: '+I' }])
    await shared.check()
    expect(await shared.java.read(`${shared.name}$snapshots`)).toHaveLength(before.length + 1)
  })

  test('every row deleted, compacted away and written again', async () => {
    const table = tableOf({ v: text }, {})
    const shared = await create(table, 'Java')
    await shared.javaWrites(fifty('+I'))
    await shared.weWrite(fifty('-D'))
    await shared.check()
    expect(shared.model.texts()).toEqual([])
    await shared.javaCompacts()
    await shared.check()
    await shared.checkSystemTables()
    await shared.weWrite(fifty('+U'))
    await shared.check()
    expect(shared.model.texts()).toHaveLength(50)
    await shared.weWrite(fifty('-U'))
    await shared.javaCompacts()
    await shared.check()
    await shared.checkHistory()
  })
})
