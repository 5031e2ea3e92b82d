/**
 * ORC files that Java wrote: every type, compression, encoding of integers and time zone, in several stripes, merged and
 * filtered. Both sides read the same rows; what Java reads is right even where it is not what was written.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openOrc } from '../../src/format/orc/file-reader.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { firstSchema, type NewSchema } from '../../src/types/new-schema.ts'
import { and, eq, gte, isNull, lt, type Predicate } from '../../src/types/predicate.ts'
import { readRows } from '../support/golden-expect.ts'
import { RandomRows, type RandomTable } from '../support/random-tables.ts'
import { between, pick, type Random, randomBits64, seeded } from '../support/random.ts'
import type { KindedRow } from '../support/table-model.ts'
import { typeTable } from '../support/type-tables.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { SharedTable } from './support/shared-table.ts'

const classPath = await findJava()
const io = new LocalFileIO()
let java: JavaPaimon
let directory: string
let tableCount = 0

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-orc-'))
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await io.close()
  await rm(directory, { recursive: true })
})

/** The table in ORC files, which is no table that this library makes. */
async function create(
  table: RandomTable,
  options: Readonly<Record<string, string>>,
  writer = java,
): Promise<SharedTable> {
  const warehouse = { io, warehouse: directory }
  const name = `db.t${tableCount++}`
  const set = { 'file.format': 'orc', ...options }
  const definition = { ...table.definition, options: { ...table.definition.options, ...set } }
  const schema = { ...table.schema, options: { ...table.schema.options, ...set } }
  const orc = { ...table, definition, schema }
  return SharedTable.create(name, orc, writer.warehouse(directory), warehouse, 'Java')
}

/** Both read the same rows, of which there are some: those that Java reads. */
async function checkReads(shared: SharedTable): Promise<string[]> {
  const theirs = await shared.java.read(shared.name)
  const ours = await readRows(shared.ours.read())
  expect(theirs.length).toBeGreaterThan(0)
  expect(ours.toSorted()).toEqual(theirs.toSorted())
  return theirs
}

const COMPRESSIONS = ['zstd', 'zlib', 'snappy', 'lz4', 'none']

describe('every type in files of every compression', () => {
  const cases = COMPRESSIONS.flatMap((codec) =>
    (['types_pk', 'types_append'] as const).map((like) => ({ codec, like })),
  )
  test.each(cases)('$like, $codec', async ({ codec, like }) => {
    // Streams of several chunks.
    const options = { 'file.compression': codec, 'orc.compress.size': '1024' }
    const bucketCount = like === 'types_append' ? -1 : 1
    const plan = { like, bucketCount, isPartitioned: false, isThin: false }
    const table = await typeTable(plan, ({ type }) => type.kind !== 'VARIANT')
    const rows = new RandomRows(table, COMPRESSIONS.indexOf(codec), { java: true })
    const shared = await create(table, options)
    await shared.javaWrites(rows.next(300))
    await shared.javaWrites(rows.next(60))
    expect(await checkReads(shared)).not.toEqual([])
  })
})

const type = (parts: object): DataType => ({ nullable: true, ...parts }) as DataType

/** A table of the columns without a key; `i` counts the rows. */
function tableOf(columns: Readonly<Record<string, DataType>>): RandomTable {
  const first: DataField = { id: 0, name: 'i', type: type({ kind: 'INT', nullable: false }) }
  const definition: NewSchema = {
    fields: [
      first,
      ...Object.entries(columns).map(([name, each]) => ({ id: 0, name, type: each })),
    ],
    hasIds: false,
    partitionKeys: [],
    primaryKeys: [],
    options: { bucket: '-1', 'write-only': 'true' },
  }
  return {
    definition,
    schema: firstSchema(definition, 0),
    keyed: false,
    primaryKeys: [],
    sequences: [],
    sequenceDescending: false,
    kindColumn: undefined,
    ignoreDelete: false,
    ignoreUpdateBefore: false,
  }
}

type Value = (random: Random, row: number) => InternalValue

/** Integers in stretches that each kind of run is made for: constant, rising, falling, close, close but for a few, any. */
function integers(bits: number): Value {
  const fit = (value: bigint): InternalValue => {
    const cut = BigInt.asIntN(bits, value)
    return bits === 64 ? cut : Number(cut)
  }
  return (random, row) => {
    const stretch = Math.floor(row / 700)
    const width = BigInt((stretch * 7) % bits)
    const any = randomBits64(random)
    const near = BigInt.asUintN(Number(width), any)
    if (stretch % 6 === 0) return fit(BigInt(stretch) << width)
    if (stretch % 6 === 1) return fit((BigInt(row) << (width >> 1n)) - 1000n)
    if (stretch % 6 === 2) return fit(-(BigInt(row) << (width >> 1n)) + (near & 1n))
    if (stretch % 6 === 3) return fit(near - 100n)
    if (stretch % 6 === 4) return fit(random() < 0.03 ? any : BigInt(between(random, -20, 20)))
    return fit(any)
  }
}

const orNull =
  (value: Value, share: number): Value =>
  (random, row) =>
    random() < share ? null : value(random, row)

const text = type({ kind: 'VARCHAR', length: MAX_LENGTH })

/** Columns that runs, dictionaries and stripes take in different ways. */
const COLUMNS: Readonly<Record<string, readonly [DataType, Value]>> = {
  tinyint: [type({ kind: 'TINYINT' }), orNull(integers(8), 0.1)],
  smallint: [type({ kind: 'SMALLINT' }), integers(16)],
  int: [type({ kind: 'INT' }), orNull(integers(32), 0.3)],
  bigint: [type({ kind: 'BIGINT' }), integers(64)],
  holes: [type({ kind: 'BIGINT' }), orNull(integers(64), 0.5)],
  nothing: [type({ kind: 'INT' }), () => null],
  flags: [type({ kind: 'BOOLEAN' }), orNull((_, row) => row % 1000 < 990, 0.2)],
  few: [text, orNull((random) => utf8(pick(random, ['', 'a', 'bb', 'é漢🚀'])), 0.2)],
  unique: [text, (_, row) => utf8(String(row * 7919).padStart(20, 'x'))],
  char: [
    type({ kind: 'CHAR', length: 6 }),
    (random) => utf8(pick(random, ['', ' ', 'a ', ' b', 'é漢', 'sixsix'])),
  ],
  decimal: [
    type({ kind: 'DECIMAL', precision: 20, scale: 6 }),
    orNull((random) => (randomBits64(random) >> BigInt(between(random, 0, 60))) * 100n, 0.1),
  ],
  date: [type({ kind: 'DATE' }), (random) => between(random, -20_000, 40_000)],
  millis: [
    type({ kind: 'TIMESTAMP', precision: 3 }),
    orNull((random) => BigInt(between(random, -3e12, 3e12)), 0.1),
  ],
  list: [
    type({ kind: 'ARRAY', element: type({ kind: 'BIGINT' }) }),
    orNull(
      (random, row) =>
        Array.from({ length: between(random, 0, 4) }, (_, i) => (i === 2 ? null : BigInt(row + i))),
      0.2,
    ),
  ],
}

const fields = Object.values(COLUMNS)

function manyRows(count: number, seed: number): KindedRow[] {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, row) => ({
    row: [row, ...fields.map(([, value]) => value(random, row))],
    kind: '+I',
  }))
}

/** How many stripes the data files of the table have together. */
async function stripeCount({ ours }: SharedTable): Promise<number> {
  const bucket = join(ours.path, 'bucket-0')
  let count = 0
  for (const name of await readdir(bucket))
    count += (await openOrc(io, join(bucket, name), {})).stripes.length
  return count
}

const columnTypes = Object.fromEntries(
  Object.entries(COLUMNS).map(([name, [each]]) => [name, each] as const),
)

describe('many rows', () => {
  test.each<[string, number, number, Record<string, string>]>([
    ['in several stripes', 11_000, 3, { 'file.block-size': '64 kb' }],
    ['in runs of the first version', 6000, 1, { 'orc.write.format': '0.11' }],
    [
      'in dictionaries and without statistics',
      4000,
      1,
      {
        'orc.dictionary.key.threshold': '1.0',
        'orc.row.index.stride': '0',
        // Java would take the statistics that it did not collect for those of a file of nulls.
        'metadata.stats-mode': 'none',
      },
    ],
    [
      'without dictionaries, encoded for size',
      9000,
      1,
      { 'orc.dictionary.key.threshold': '0', 'orc.encoding.strategy': 'COMPRESSION' },
    ],
  ])('%s', async (title, rowCount, stripesMin, options) => {
    const shared = await create(tableOf(columnTypes), options)
    await shared.javaWrites(manyRows(rowCount, title.length))
    expect(await stripeCount(shared)).toBeGreaterThanOrEqual(stripesMin)
    const texts = await checkReads(shared)
    const filters: [Predicate, (row: Record<string, unknown>) => boolean][] = [
      [
        and(gte('i', 3000), lt('i', 3010)),
        ({ i }) => (i as number) >= 3000 && (i as number) < 3010,
      ],
      [eq('unique', String(7919 * 777).padStart(20, 'x')), ({ i }) => i === 777],
      [
        and(isNull('few'), gte('i', rowCount - 100)),
        ({ i, few }) => few === null && (i as number) >= rowCount - 100,
      ],
    ]
    const all = texts.map((each) => [each, JSON.parse(each) as Record<string, unknown>] as const)
    for (const [where, accepts] of filters) {
      const expected = all.filter(([, row]) => accepts(row)).map(([each]) => each)
      expect(expected.length).toBeGreaterThan(0)
      expect(await readRows(shared.ours.read({ where }))).toEqual(expected)
    }
  })
})

describe('timestamps of writers in other time zones', () => {
  const precisions = [0, 3, 6, 9]
  const columns = Object.fromEntries(
    precisions.flatMap((precision) =>
      ['TIMESTAMP', 'TIMESTAMP_LTZ'].map(
        (kind) => [`${kind}_${precision}`, type({ kind, precision })] as const,
      ),
    ),
  )

  test.each(['America/New_York', 'GMT+05:30'])('%s', async (zone) => {
    await using writer = new JavaPaimon(classPath, zone)
    for (const legacy of ['true', 'false'])
      expect(await readInZone(writer, zone, legacy)).toHaveLength(400)
  })

  async function readInZone(writer: JavaPaimon, zone: string, legacy: string): Promise<string[]> {
    const options = { 'orc.timestamp-ltz.legacy.type': legacy }
    const shared = await create(tableOf(columns), options, writer)
    const random = seeded(zone.length)
    const rows = Array.from({ length: 400 }, (_, i): KindedRow => {
      // Every hour and a half about when clocks change, and any time since 1902.
      const second =
        i < 200 ? 1_583_560_000 + i * 5400 : between(random, -2_140_000_000, 4_100_000_000)
      const values = precisions.flatMap((precision) => {
        const fraction = BigInt(between(random, 0, 10 ** precision - 1))
        const value = BigInt(second) * 10n ** BigInt(precision) + fraction
        return [value, value].map((each) => (precision === 0 ? each * 1000n : each))
      })
      return { row: [i, ...values], kind: '+I' }
    })
    await shared.javaWrites(rows)
    return checkReads(shared)
  }
})
