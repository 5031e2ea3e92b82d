/** Tables of every kind that Java writes, tags, branches and expires, read at every point and between any two, by both. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { LakeError } from '../../src/util/errors.ts'
import {
  differences,
  GOLDEN_WAREHOUSE,
  NO_DIFFERENCES,
  readRows,
} from '../support/golden-expect.ts'
import { goldenTables } from '../support/golden-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, type JavaFilter, JavaPaimon, type JavaWarehouse } from './support/java.ts'

// Java runs in UTC, and local times are those of this process.
process.env['TZ'] = 'UTC'

const classPath = await findJava()
const seed = Number(process.env['SEED'] ?? 1)
const isFull = process.env['RELIABILITY'] === 'full'
/** Option sets that are tried on each table. */
const TRIALS = isFull ? 300 : 12

let java: JavaPaimon
let warehouse: JavaWarehouse
let catalog: Catalog
let directory: string

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-travel-'))
  warehouse = java.warehouse(directory)
  catalog = new Catalog(new LocalFileIO(), directory)
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await catalog.close()
  await rm(directory, { recursive: true })
})

interface Shape {
  readonly keys: readonly string[]
  readonly partitions?: readonly string[]
  readonly options: Readonly<Record<string, string>>
  /** Kinds of rows beside +I that its engine takes. */
  readonly kinds?: readonly string[]
}

const DELETES = ['-D']
const SHAPES: Readonly<Record<string, Shape>> = {
  plain: { keys: ['id'], options: { bucket: '2' }, kinds: DELETES },
  partitioned: {
    keys: ['p', 'id'],
    partitions: ['p'],
    options: { bucket: '1' },
    kinds: DELETES,
  },
  input: {
    keys: ['id'],
    options: { bucket: '1', 'changelog-producer': 'input' },
    kinds: ['-U', '+U', '-D'],
  },
  lookup: {
    keys: ['id'],
    options: { bucket: '1', 'changelog-producer': 'lookup' },
    kinds: DELETES,
  },
  full_compaction: {
    keys: ['id'],
    options: {
      bucket: '1',
      'changelog-producer': 'full-compaction',
      'full-compaction.delta-commits': '2',
    },
    kinds: DELETES,
  },
  partial_update: { keys: ['id'], options: { bucket: '1', 'merge-engine': 'partial-update' } },
  sums: {
    keys: ['id'],
    options: {
      bucket: '1',
      'merge-engine': 'aggregation',
      'fields.a.aggregate-function': 'sum',
    },
  },
  first_row: {
    keys: ['id'],
    options: { bucket: '1', 'merge-engine': 'first-row', 'changelog-producer': 'lookup' },
  },
  deletion_vectors: {
    keys: ['id'],
    options: { bucket: '1', 'deletion-vectors.enabled': 'true' },
    kinds: DELETES,
  },
  deletion_vectors_input: {
    keys: ['id'],
    options: {
      bucket: '1',
      'deletion-vectors.enabled': 'true',
      'changelog-producer': 'input',
    },
    kinds: DELETES,
  },
  sequence_field: {
    keys: ['id'],
    options: { bucket: '1', 'sequence.field': 'a' },
    kinds: DELETES,
  },
  append: { keys: [], options: { bucket: '-1' } },
  append_buckets: { keys: [], options: { bucket: '2', 'bucket-key': 'id' } },
  append_partitions: { keys: [], partitions: ['p'], options: { bucket: '-1' } },
}

const FIELDS = [
  { id: 0, name: 'p', type: 'STRING NOT NULL' },
  { id: 1, name: 'id', type: 'INT NOT NULL' },
  { id: 2, name: 'a', type: 'INT' },
  { id: 3, name: 'b', type: 'STRING' },
  { id: 4, name: 'c', type: 'DOUBLE' },
  { id: 5, name: 'd', type: { type: 'ARRAY', element: 'DECIMAL(20, 2)' } },
]

function randomRow(random: Random, { kinds = [] }: Shape): string {
  const orNull = <T>(value: T): T | null => (random() < 0.2 ? null : value)
  return JSON.stringify({
    p: pick(random, ['x', 'y']),
    id: between(random, 0, 25),
    a: orNull(between(random, 0, 9)),
    b: orNull(pick(random, ['', 'left', 'a text that is longer than others'])),
    c: orNull(pick(random, [0, 1.5, -2])),
    d: orNull([orNull('12.50')]),
    _kind: kinds.length > 0 && random() < 0.25 ? pick(random, kinds) : '+I',
  })
}

async function writeSome(table: string, shape: Shape, random: Random): Promise<void> {
  const rows = Array.from({ length: between(random, 1, 20) }, () => randomRow(random, shape))
  // Compaction as it runs by itself, none at all, or one of the whole bucket.
  const writeOnly = { options: { 'write-only': 'true' } }
  const what = random()
  await warehouse.write(table, rows, what < 0.4 ? writeOnly : {})
  if (what > 0.7) await warehouse.compact(table)
}

interface History {
  readonly snapshots: readonly Snapshot[]
  readonly tags: readonly string[]
}

/** Writes a table, with tags of snapshots that are expired in the end, and the branch `dev` of one of them. */
async function makeTable(name: string, shape: Shape, random: Random): Promise<History> {
  const { keys: primaryKeys, partitions: partitionKeys = [], options } = shape
  await warehouse.create(name, { fields: FIELDS, partitionKeys, primaryKeys, options })
  for (let commit = 0; commit < 7; commit++) {
    await writeSome(name, shape, random)
    if (commit % 2 === 0) await warehouse.tag(name, { name: `t${commit}` })
  }
  await warehouse.branch(name, 'dev', 't2')
  for (let commit = 0; commit < 2; commit++) await writeSome(`${name}$branch_dev`, shape, random)
  const all = await (await catalog.table(name)).snapshots()
  await warehouse.expire(name, all.length - 2)
  const table = await catalog.table(name)
  return { snapshots: await table.snapshots(), tags: ['t0', 't2', 't4', 't6'] }
}

type Options = Readonly<Record<string, string>>

/** Every mode there is, with values in and outside of what the table has. */
function randomOptions(random: Random, { snapshots, tags }: History): Options {
  const first = snapshots[0]!.id
  const last = snapshots.at(-1)!.id
  const id = (): number => between(random, first - 1, last + 1)
  const time = (): number => pick(random, snapshots).timeMillis + between(random, -1, 2)
  const mode = { 'incremental-between-scan-mode': pick(random, ['auto', 'delta', 'changelog']) }
  const anyMode = random() < 0.4 ? { 'incremental-between-scan-mode': 'diff' } : mode
  const single: Options[] = [
    { 'scan.snapshot-id': String(id()) },
    { 'scan.snapshot-id': String(id()), 'scan.mode': 'from-snapshot-full' },
    { 'scan.tag-name': pick(random, tags) },
    { 'scan.version': pick(random, [...tags, String(id())]) },
    { 'scan.timestamp-millis': String(time()) },
    { 'scan.timestamp': new Date(time()).toISOString().slice(0, 23).replace('T', ' ') },
    { 'scan.creation-time-millis': String(time()) },
    { 'scan.file-creation-time-millis': String(time()) },
    { 'scan.mode': pick(random, ['latest', 'latest-full', 'full', 'compacted-full']) },
    { branch: 'dev' },
  ]
  if (random() < 0.35) return pick(random, single)
  const what = random()
  if (what < 0.5) return { 'incremental-between': ordered(id(), id()).join(','), ...anyMode }
  if (what < 0.75)
    return { 'incremental-between-timestamp': ordered(time(), time()).join(','), ...anyMode }
  const [from, to] = [pick(random, tags), pick(random, tags)].toSorted()
  const asSnapshots = { 'incremental-between-tag-to-snapshot': 'true', ...mode }
  return { 'incremental-between': `${from},${to}`, ...(random() < 0.3 && asSnapshots) }
}

function ordered(a: number, b: number): number[] {
  return [Math.min(a, b), Math.max(a, b)]
}

/** The rows, or that the read is refused. */
async function outcome(read: Promise<string[]>): Promise<string[]> {
  try {
    return await read
  } catch (error) {
    const isRefused = error instanceof LakeError || (error as Error).message.startsWith('Java: ')
    if (!isRefused) throw error
    return ['refused']
  }
}

/** How the rows that both read differ; what is refused counts as a row. */
async function compared(
  name: string,
  options: Options,
  where?: Where,
  [ours, theirs]: readonly [Catalog, JavaWarehouse] = [catalog, warehouse],
): Promise<unknown> {
  const [mine, javas] = await Promise.all([
    outcome(
      readRows((await ours.open(name)).read({ options, ...(where && { where: where.text }) })),
    ),
    outcome(theirs.read(name, { options, ...(where && { where: where.filter }) })),
  ])
  const known = await knownDifferences(theirs, name, options, [mine, javas])
  const [left, right] = [mine, javas].map((rows) => rows.filter((row) => !known.has(row)))
  return { name, options, where: where?.text, ...differences(left!, right!) }
}

const same = (name: string, options: Options, where?: Where): unknown => ({
  name,
  options,
  where: where?.text,
  ...NO_DIFFERENCES,
})

interface Where {
  readonly text: string
  readonly filter: JavaFilter
}

const FILTERS: readonly (Where | undefined)[] = [
  undefined,
  { text: 'id >= 12', filter: { column: 'id', op: 'gte', value: 12 } },
  { text: "p = 'x'", filter: { column: 'p', op: 'eq', value: 'x' } },
  { text: 'a > 4', filter: { column: 'a', op: 'gt', value: 4 } },
]

/**
 * Rows of a difference in which the two may differ, as Java's own reads of both states tell. Java leaves out rows that have
 * changed where the newer one of a key has the lower sequence, which is so where a compaction has forgotten a deletion in
 * between. And it gives some, and leaves out others, of the rows that a compaction merged and nothing has changed.
 */
async function knownDifferences(
  theirs: JavaWarehouse,
  name: string,
  options: Options,
  [mine, javas]: readonly [readonly string[], readonly string[]],
): Promise<ReadonlySet<string>> {
  const times = options['incremental-between-timestamp']
  const ends = (options['incremental-between'] ?? times)?.split(',') ?? []
  const option = times === undefined ? 'scan.version' : 'scan.timestamp-millis'
  const extra = mine.filter((row) => row !== 'refused' && !javas.includes(row))
  const missing = javas.filter((row) => row !== 'refused' && !mine.includes(row))
  if (ends.length === 0 || extra.length + missing.length === 0) return new Set()
  const table = name.replace('$audit_log', '')
  const [before, after] = await Promise.all(
    ends.map((end) => outcome(theirs.read(table, { options: { [option]: end } }))),
  )
  return new Set([
    ...extra.filter((row) => isIn(after, row) && !isIn(before, row)),
    ...missing.filter((row) => isIn(after, row) && isIn(before, row)),
  ])
}

/** Whether the row, which may be of an audit log, is one of the state. */
function isIn(state: readonly string[] | undefined, row: string): boolean {
  return state!.includes(row.replace(/^\{"rowkind":"\+[IU]",/, '{'))
}

describe('what is read at any point, and between any two', () => {
  test.each(Object.entries(SHAPES))(`%s of seed ${seed}`, async (name, shape) => {
    const random = seeded(seed * 1000 + Object.keys(SHAPES).indexOf(name))
    const table = `travel.${name}`
    const history = await makeTable(table, shape, random)
    const branch = `${table}$branch_dev`
    expect(await compared(branch, {})).toEqual(same(branch, {}))
    for (let trial = 0; trial < TRIALS; trial++) {
      const options = randomOptions(random, history)
      const filter = pick(random, FILTERS)
      expect(await compared(table, options, filter)).toEqual(same(table, options, filter))
      // With the kinds of the rows. System tables take no branch as an option.
      const log = `${table}$audit_log`
      const ofLog = options['branch'] === undefined ? options : {}
      expect(await compared(log, ofLog)).toEqual(same(log, ofLog))
    }
  })
})

describe('the first snapshot that has reached a watermark', () => {
  test.each(['plain', 'append_buckets'])(`of %s of seed ${seed}`, async (shapeName) => {
    const shape = SHAPES[shapeName]!
    const random = seeded(seed)
    const name = `watermarks.${shapeName}`
    const { keys: primaryKeys, options } = shape
    await warehouse.create(name, { fields: FIELDS, partitionKeys: [], primaryKeys, options })
    const table = await catalog.table(name)
    for (let commit = 0; commit < 12; commit++) {
      await using writer = await table.withOptions({ 'write-only': true }).writer()
      const row = JSON.parse(randomRow(random, { ...shape, kinds: [] })) as Record<string, unknown>
      await writer.write([{ ...row, id: commit }])
      const watermark = BigInt(between(random, 0, 30))
      await writer.commit(commit < 3 || random() < 0.3 ? {} : { watermark })
      // Snapshots of compactions have the watermark of the one before.
      if (random() < 0.4) await warehouse.compact(name)
    }
    for (let watermark = -1; watermark < 32; watermark++)
      for (const at of [
        { 'scan.watermark': String(watermark) },
        { 'scan.version': `watermark-${watermark}` },
      ])
        expect(await compared(name, at)).toEqual(same(name, at))
  })
})

/**
 * Golden tables whose files this library does not read, or whose arrays are sets; and one of which Java reads no difference,
 * since its rows lie in several files.
 */
const UNLIKE = new Set(['format_orc', 'nested_update', 'aggregation_retract', 'blob_append'])

describe('the golden tables at every snapshot, and between any two', () => {
  test.each(goldenTables.filter((name) => !UNLIKE.has(name)))('%s', async (table) => {
    const golden = java.warehouse(GOLDEN_WAREHOUSE)
    await using tables = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
    const name = `golden.${table}`
    const ids = (await (await tables.table(name)).snapshots()).map(({ id }) => id)
    const at = ids.map((id) => ({ 'scan.snapshot-id': String(id) }))
    const changes = ids.slice(1).flatMap((end) =>
      (isFull ? ['delta', 'changelog', 'diff'] : ['auto', 'diff']).map((mode) => ({
        'incremental-between': `${pick(
          seeded(seed + end),
          ids.filter((id) => id < end),
        )},${end}`,
        'incremental-between-scan-mode': mode,
      })),
    )
    for (const options of [...at, ...changes])
      expect(await compared(name, options, undefined, [tables, golden])).toEqual(
        same(name, options),
      )
  })
})

/** Sets an option of the table and nothing else. */
async function alter(name: string, options: Options): Promise<void> {
  const { store } = await catalog.table(name)
  const schema = await store.schemas.readLatest()
  const changed = { ...schema, id: schema.id + 1, options: { ...schema.options, ...options } }
  expect(await store.schemas.create(changed)).toBe(true)
}

describe('partitions that one branch lacks are read from another', () => {
  test.each([
    ['partitioned', 'scan.fallback-branch'],
    ['partitioned', 'scan.primary-branch'],
    ['append_partitions', 'scan.fallback-branch'],
    ['append', 'scan.fallback-branch'],
  ])(`%s with %s of seed ${seed}`, async (shapeName, option) => {
    const shape = SHAPES[shapeName]!
    const random = seeded(seed)
    const table = `branches.${shapeName}_${option.slice(5, 12)}`
    const { keys: primaryKeys, partitions: partitionKeys = [], options } = shape
    await warehouse.create(table, { fields: FIELDS, partitionKeys, primaryKeys, options })
    await warehouse.branch(table, 'dev')
    await alter(table, { [option]: 'dev' })
    for (const [branch, partitions] of [
      ['$branch_dev', ['x', 'y']],
      ['', ['x', 'z']],
      ['', ['u']],
      ['$branch_dev', ['y', 'u']],
    ] as const) {
      const rows = partitions.flatMap((p) =>
        Array.from({ length: 8 }, () => {
          const row = JSON.parse(randomRow(random, shape)) as Record<string, unknown>
          return JSON.stringify({ ...row, p })
        }),
      )
      await warehouse.write(`${table}${branch}`, rows)
      for (const filter of FILTERS)
        expect(await compared(table, {}, filter)).toEqual(same(table, {}, filter))
    }
    expect(await readRows((await catalog.table(table)).read())).not.toEqual([])
    for (const { id, timeMillis } of await (await catalog.table(table)).snapshots())
      for (const at of [
        { 'scan.snapshot-id': String(id) },
        { 'scan.timestamp-millis': String(timeMillis) },
      ])
        expect(await compared(table, at)).toEqual(same(table, at))
  })
})
