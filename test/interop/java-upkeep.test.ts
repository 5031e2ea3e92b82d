/**
 * Upkeep beside Java: partitions expire alike on both sides, marks of partitions that are done and statistics are read by
 * Java, and merged manifests say the same as those that Java merged.
 */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { tableOptions } from '../../src/types/options.ts'
import { partitionTime } from '../../src/types/partition-time.ts'
import { parseTypeText } from '../../src/types/type-parser.ts'
import { parseValueText } from '../../src/types/value-text.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, type JsonSchema } from './support/java.ts'
import { weOperate } from './support/our-operations.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'
import { facts } from './support/table-differences.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'upkeep')
const seed = Number(process.env['SEED'] ?? 1)
const ROUNDS = process.env['RELIABILITY'] === 'full' ? 10 : 1

interface TimeCase {
  readonly pattern?: string
  readonly formatter?: string
  readonly keys: readonly string[]
  readonly values: readonly string[]
}

const FORMATTERS = [
  'yyyyMMdd',
  'yyyyMMddHH',
  'yyyyMMddHHmmss',
  'yyyyMMddHHmmssSSS',
  'yyyy-MM-dd',
  'yyyy-M-d',
  'yyyy/MM/dd',
  'yyyy-MM-dd HH:mm:ss',
  'yyyy-MM-dd HH:mm:ss.SSSSSS',
  'yyyy-MM-dd[ HH[:mm]]',
  'yyMMdd',
  'uuuu-MM-dd',
  'y-M-d H:m:s',
  'yMMdd',
  'yyyy-DDD',
  'yyyyDDD',
  'yyyy-D',
  'yyyy-DD',
  'hh:mm a yyyy-MM-dd',
  'KK yyyyMMdd a',
  'kk yyyyMMdd',
  'ddMMyyyy',
  "yyyy'W'MM''dd",
  'yyyyMM',
  'HH:mm',
  'yyyy-MM-dd HH:ss',
  'yyyy-MM-dd mm',
  'yyyy-MM-dd yyyy',
  'yyy-MM-dd',
  'yyyyy-MM-dd',
  'MM-dd',
  'yyyy-LL-dd',
  'yyyy-MM-dd]',
  "yyyy-MM-dd'",
  'yyyy-MM-dd{',
  'yyyy#MM',
  'yyyyMMddSS',
]

/** Digits where the formatter has letters, more or less as they should be. */
function randomText(random: Random, formatter: string): string {
  const text = formatter
    .replaceAll(/([A-Za-z])\1*/g, (run: string, letter: string) => {
      if (letter === 'a') return pick(random, ['AM', 'PM', 'am', 'x'])
      if (letter === 'W') return 'W'
      const most: Readonly<Record<string, number>> = {
        y: 2100,
        u: 2100,
        M: 13,
        L: 13,
        d: 32,
        D: 367,
      }
      const least = letter === 'y' || letter === 'u' ? 1960 : 0
      const number = String(between(random, least, most[letter] ?? (letter === 'S' ? 999 : 61)))
      const width = random() < 0.9 ? run.length : between(random, 1, 5)
      return letter === 'y' && run.length === 2 ? number.slice(2) : number.padStart(width, '0')
    })
    .replaceAll("''", '\0')
    .replaceAll("'", '')
    .replaceAll('\0', "'")
  const whole = random() < 0.5 ? text.replaceAll(/\[.*\]/g, '') : text.replaceAll(/[[\]]/g, '')
  if (random() < 0.85) return whole
  const at = between(random, 0, whole.length)
  return pick(random, [
    `${whole.slice(0, at)}${pick(random, ['-', '0', ' ', 'x'])}${whole.slice(at)}`,
    whole.slice(at),
  ])
}

function randomDefault(random: Random): string {
  const part = (most: number): string =>
    String(between(random, random() < 0.05 ? -9 : 0, most)).padStart(pick(random, [1, 2]), '0')
  const day = `${random() < 0.9 ? between(random, 1900, 2100) : between(random, -50, 3_000)}-${part(14)}-${part(40)}`
  const time = `${part(30)}:${part(70)}:${part(99)}${pick(random, ['', '.5', '.123456789', '.', '.1234567890'])}`
  return pick(random, [day, `${day} ${time}`, `${day}T${time}`, `${day} ${part(23)}`, day.slice(1)])
}

function randomCase(random: Random): TimeCase {
  const keys = ['dt', 'hour', 'd']
  if (random() < 0.35) return { keys, values: [randomDefault(random), '7', 'x'] }
  if (random() < 0.3) {
    const values = [
      `2026-${between(random, 1, 13)}-${between(random, 1, 31)}`,
      String(between(random, 0, 30)),
      '9',
    ]
    return {
      keys,
      values,
      pattern: pick(random, ['$dt $hour:00:00', '$dt', '$dt $hour:$d:00', '$d-$hour-$dt']),
    }
  }
  const formatter = pick(random, FORMATTERS)
  return { keys, values: [randomText(random, formatter), '', ''], formatter }
}

function ourTime({ pattern, formatter, keys, values }: TimeCase): string | null {
  const fields = keys.map((name, id) => ({ id, name, type: parseTypeText('STRING') }))
  const options = tableOptions({
    ...(pattern !== undefined && { 'partition.timestamp-pattern': pattern }),
    ...(formatter !== undefined && { 'partition.timestamp-formatter': formatter }),
  })
  try {
    const stored = values.map((text, i) => parseValueText(fields[i]!.type, text))
    const time = partitionTime(fields, options)(stored)
    if (time === undefined) return null
    return `${Math.floor(time / 1000)}.${String(Math.round((((time % 1000) + 1000) % 1000) * 1e6)).padStart(9, '0')}`
  } catch {
    return 'error'
  }
}

test('partitions tell the time that Java reads in them', async () => {
  await both.java.create('db.any', schemaOf({ p: 'STRING' }))
  const random = seeded(seed)
  const cases = Array.from({ length: 4000 * ROUNDS }, () => randomCase(random))
  const javas = (await both.java.upkeep('db.any', { task: 'times', cases })) as (string | null)[]
  const differing = cases
    .map((each, i) => ({ ...each, java: javas[i], ours: ourTime(each) }))
    .filter(({ java, ours }) => roughly(java) !== roughly(ours))
  expect(differing.map((each) => JSON.stringify(each))).toEqual([])
  const told = javas.filter((time) => time !== null && time !== 'error').length
  expect(told).toBeGreaterThan(cases.length / 5)
})

/** Of nanoseconds those that a double keeps, which are far below what clocks tell apart. */
function roughly(time: string | null | undefined): string | null | undefined {
  return time === null || time === 'error' ? time : Number(time).toFixed(3)
}

/** Partition keys, and what their values may be. */
const KEYED_BY: Readonly<
  Record<
    string,
    { readonly types: Readonly<Record<string, string>>; row: (random: Random) => object }
  >
> = {
  days: {
    types: { dt: 'STRING' },
    row: (random) => ({
      dt: pick(random, ['2026-01-01', '2026-1-2', '2026-01-03', '9999-01-01', 'never', '', null]),
    }),
  },
  'days and hours': {
    types: { dt: 'STRING', hour: 'INT' },
    row: (random) => ({
      dt: pick(random, ['2026-01-01', '2026-01-02', '9999-01-01']),
      hour: pick(random, [1, 2, 30, null]),
    }),
  },
  numbers: {
    types: { dt: 'INT' },
    row: (random) => ({ dt: pick(random, [20_260_101, 20_260_102, 99_990_101, 7, null]) }),
  },
  dates: {
    types: { dt: 'DATE' },
    row: (random) => ({ dt: pick(random, ['2026-01-01', '1970-01-02', '9999-01-01', null]) }),
  },
}

const EXPIRIES: readonly Readonly<Record<string, string>>[] = [
  { 'partition.expiration-time': '1 d' },
  { 'partition.expiration-time': '1 d', 'partition.expiration-max-num': '2' },
  { 'partition.expiration-time': '1 d', 'partition.timestamp-pattern': '$dt' },
  { 'partition.expiration-time': '1 d', 'partition.timestamp-pattern': '$dt $hour:00:00' },
  { 'partition.expiration-time': '1 d', 'partition.timestamp-formatter': 'yyyyMMdd' },
  { 'partition.expiration-time': '1 d', 'partition.timestamp-formatter': 'D' },
  { 'partition.expiration-time': '1 ms', 'partition.expiration-strategy': 'update-time' },
  { 'partition.expiration-time': '1 d', 'partition.expiration-strategy': 'update-time' },
  {
    'partition.expiration-time': '1 ms',
    'partition.expiration-strategy': 'update-time',
    'partition.expiration-max-num': '3',
    'partition.expiration-batch-size': '2',
  },
]

const directoryOf = (name: string): string => join(both.directory, name.replace('.', '.db/'))

/** Two copies of a table that has got rows by several commits. */
async function twins(
  name: string,
  schema: JsonSchema,
  rows: () => object,
): Promise<[string, string]> {
  const original = `db.${name}`
  await both.java.create(original, schema)
  for (let i = 0; i < 3; i++) {
    const step = { op: 'write', rows: [rows(), rows(), rows()] } as const
    if (i % 2 === 0) await both.java.operate(original, step)
    else await weOperate(both, original, step as never)
  }
  const [ours, javas] = [`${original}_ours`, `${original}_javas`] as const
  for (const copy of [ours, javas])
    await cp(directoryOf(original), directoryOf(copy), { recursive: true })
  return [ours, javas]
}

async function stateOf(name: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const snapshots = await both.java.read(`${name}$snapshots`)
  return {
    rows: await both.java.read(name),
    snapshots: facts(snapshots, [
      'snapshot_id',
      'commit_kind',
      'delta_record_count',
      'total_record_count',
    ]),
    partitions: facts(await both.java.read(`${name}$partitions`), [
      'partition',
      'record_count',
      'file_count',
    ]),
    files: facts(await both.java.read(`${name}$files`), ['file_path', 'level']).map((file) =>
      file.replace(/(_ours|_javas)/, ''),
    ),
  }
}

test.for(Object.keys(KEYED_BY))('partitions by %s expire as they do by Java', async (kind) => {
  const { types, row } = KEYED_BY[kind]!
  const random = seeded(seed)
  const schema = schemaOf(types)
  let expired = 0
  for (const [i, options] of EXPIRIES.entries()) {
    // Each is tried with some of the keys unless there is time for all.
    if (ROUNDS === 1 && (i % 2 === 1) !== (kind === 'days and hours')) continue
    if (!('hour' in types) && options['partition.timestamp-pattern']?.includes('hour')) continue
    const name = `${kind.replaceAll(' ', '_')}_${i}`
    const rows = (): object => ({ ...row(random), k: between(random, 0, 99), v: 'x' })
    const [ours, javas] = await twins(name, schema, rows)
    const step = { op: 'expirePartitions', options } as const
    await both.java.operate(javas, step)
    await weOperate(both, ours, step)
    expect({ options, ...(await stateOf(ours)) }).toEqual({ options, ...(await stateOf(javas)) })
    if ((await (await both.table(ours)).latestSnapshot())!.commitKind === 'OVERWRITE') expired++
  }
  expect(expired).toBeGreaterThan(0)
})

test('merged manifests say what those say that Java merged', async () => {
  const random = seeded(seed)
  const schema = schemaOf({ dt: 'STRING' })
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const rows = (): object => ({
      dt: pick(random, ['a', 'b', 'c']),
      k: between(random, 0, 9),
      v: 'x',
    })
    const [ours, javas] = await twins(`manifests_${round}`, schema, rows)
    for (const copy of [ours, javas]) {
      await both.java.operate(copy, { op: 'dropPartitions', partitions: [{ dt: 'b' }] })
      const step = { op: 'compactManifests' } as const
      // Another time there is nothing to merge.
      for (let i = 0; i < 2; i++)
        if (copy === ours) await weOperate(both, copy, step)
        else await both.java.operate(copy, step)
    }
    const manifests = async (name: string): Promise<string[]> =>
      facts(await both.java.read(`${name}$manifests`), [
        'num_added_files',
        'num_deleted_files',
        'schema_id',
        'min_partition_stats',
        'max_partition_stats',
      ])
    expect(await manifests(ours)).toEqual(await manifests(javas))
    expect(await stateOf(ours)).toEqual(await stateOf(javas))
  }
})

test('a partition that is done is done for Java, and the reverse', async () => {
  const name = 'db.done'
  await both.java.create(name, schemaOf({ dt: 'STRING', region: 'STRING' }))
  const table = await both.table(name)
  const partition = 'dt=2026-11-21/region=e%3Au'
  const read = async (): Promise<unknown> =>
    await both.java.upkeep(name, { task: 'done', partition })
  const mark = async (): Promise<unknown> =>
    await table.markPartitionsDone([{ dt: '2026-11-21', region: 'e:u' }])
  const [first] = (await mark()) as [object]
  expect({ path: partition, ...((await read()) as object) }).toEqual(first)
  await both.java.upkeep(name, { task: 'markDone', partition })
  const second = (await read()) as { creationTime: number; modificationTime: number }
  expect(second.creationTime).toBe((first as { creationTime: number }).creationTime)
  expect(await mark()).toMatchObject([{ path: partition, creationTime: second.creationTime }])
})

test('Java reads the statistics that are found here', async () => {
  const types = {
    b: 'BOOLEAN',
    t: 'TINYINT',
    i: 'INT',
    l: 'BIGINT',
    f: 'FLOAT',
    d: 'DOUBLE',
    p: 'DECIMAL(30, 4)',
    s: 'STRING',
    y: 'BYTES',
    dt: 'DATE',
    tm: 'TIME(3)',
    ts: 'TIMESTAMP(6)',
    t9: 'TIMESTAMP(9)',
    z: 'TIMESTAMP(3) WITH LOCAL TIME ZONE',
  }
  const name = 'db.analyzed'
  const base = schemaOf({})
  const fields = [
    ...base.fields,
    ...Object.entries(types).map(([column, type], at) => ({ id: at + 2, name: column, type })),
  ]
  await both.java.create(name, { ...base, fields })
  const row = (k: number, values: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({
      k,
      v: 'x',
      ...Object.fromEntries(Object.keys(types).map((column) => [column, null])),
      ...values,
    })
  await both.java.write(name, [
    row(1, {
      b: true,
      t: -128,
      i: 2 ** 31 - 1,
      l: '-9223372036854775808',
      f: 1.5,
      d: -1e300,
      p: '-1.5000',
      s: 'ü',
      y: '00ff',
      dt: '1969-12-30',
      tm: '23:59:59.999',
      ts: '2026-11-21T08:30:00.123456',
      t9: '1960-01-01T00:00:00.000000001',
      z: '2026-11-21T08:30:00.000Z',
    }),
    row(2, {
      b: false,
      t: 5,
      i: 0,
      l: '7',
      f: -0.25,
      d: 1e-7,
      p: '99999999999999999999999999.9999',
      s: '',
      y: '',
      dt: '2026-11-21',
      tm: '00:00:00.000',
      ts: '1969-12-31T23:59:59.999999',
      t9: '2026-11-21T08:30:00.123456789',
      z: '1969-12-31T00:00:00.500Z',
    }),
    row(3, {}),
  ])
  await (await both.table(name)).analyze()
  const read = (await both.java.upkeep(name, { task: 'statistics' })) as {
    columns: Readonly<
      Record<string, { min: string | null; max: string | null; nulls: number; distinct: number }>
    >
  }
  expect(read).toMatchObject({ snapshot: 1, schema: 0, rows: 3 })
  const shown = Object.entries(read.columns).map(
    ([column, { min, max, nulls, distinct }]) => `${column}: ${min} ${max} ${nulls} ${distinct}`,
  )
  expect(shown).toMatchInlineSnapshot(`
    [
      "b: false true 1 2",
      "d: -1.0E300 1.0E-7 1 2",
      "dt: -2 20778 1 2",
      "f: -0.25 1.5 1 2",
      "i: 0 2147483647 1 2",
      "k: 1 3 0 3",
      "l: -9223372036854775808 7 1 2",
      "p: -1.5000 99999999999999999999999999.9999 1 2",
      "s: null null 1 2",
      "t: -128 5 1 2",
      "t9: 1960-01-01T00:00:00.000000001 2026-11-21T08:30:00.123456789 1 2",
      "tm: 0 86399999 1 2",
      "ts: 1969-12-31T23:59:59.999999 2026-11-21T08:30:00.123456 1 2",
      "v: null null 0 1",
      "y: null null 1 2",
      "z: 1969-12-31T00:00:00.500 2026-11-21T08:30 1 2",
    ]
  `)
  // What is committed next has them too, whoever commits it.
  await both.java.write(name, [row(4, {})])
  expect(await both.java.upkeep(name, { task: 'statistics' })).toEqual(read)
})

function schemaOf(partition: Readonly<Record<string, string>>): JsonSchema {
  const fields = [...Object.entries(partition), ['k', 'INT NOT NULL'], ['v', 'STRING']]
  return {
    fields: fields.map(([name, type], id) => ({ id, name, type })),
    partitionKeys: Object.keys(partition),
    primaryKeys: [],
    options: { bucket: '-1', 'write-only': 'true' },
  }
}
