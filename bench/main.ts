/**
 * Measures reading and writing on the table that the peers are measured on, and, with `--peers`, them in the same run.
 *
 *     npm run bench -- --rows 500000 --repeats 3 [--parts write,read,compact,engines,dv,lookup,plan] [--lookup-rows 5000000] [--peers] [--dir DIR]
 *
 * One JSON line a measurement: {"peer", "work", "rows", "ms", "krows_per_s"}; with `--peers` a line a work at the end
 * with the ratio of medians to the best of the peers.
 */
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import type { RecordBatch } from 'apache-arrow'

import { type Catalog, createCatalog, type defineSchema, eq, type Table } from '../src/index.ts'
import { benchTable, randomBatch, rowObjects } from './data.ts'
import {
  compareWithPeers,
  runCompaction,
  runEngines,
  runPeers,
  runPlanning,
  runPointReads,
} from './peers/run.ts'
import {
  countPlanned,
  onePartition,
  partitionName,
  PLANNED_TABLE,
  preparePlanning,
} from './planning.ts'
import { type Measurement, report } from './report.ts'

const { values: args } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' },
    repeats: { type: 'string', default: '3' },
    parts: { type: 'string', default: 'write,read' },
    'lookup-rows': { type: 'string', default: '5000000' },
    dir: { type: 'string', default: '.bench' },
    peers: { type: 'boolean', default: false },
  },
})
const rowCount = Number(args.rows)
const repeats = Number(args.repeats)
const directory = resolve(args.dir)
const parts = new Set(args.parts.split(','))
const measurements: Measurement[] = []

async function measure(work: string, rows: number, body: (run: number) => Promise<unknown>) {
  for (let run = 0; run < repeats; run++) {
    globalThis.gc?.()
    const start = performance.now()
    await body(run)
    measurements.push(report('millrace', work, rows, performance.now() - start))
  }
}

async function countRows(table: Table, columns?: string[]): Promise<number> {
  let rows = 0
  for await (const batch of table.read(columns === undefined ? {} : { columns }))
    rows += batch.numRows
  return rows
}

async function benchWrites(catalog: Catalog): Promise<void> {
  const batch = randomBatch(rowCount, 2 ** 31 - 1, 1)
  await measure('pk-write write-only', rowCount, async (run) => {
    const table = await catalog.createTable(`bench.w${run}`, benchTable)
    await table.write(batch)
  })
  const objects = rowObjects(batch) as never[]
  await measure('pk-write write-only row objects', rowCount, async (run) => {
    const table = await catalog.createTable(`bench.o${run}`, benchTable)
    await table.write(objects)
  })
}

async function benchMergeReads(catalog: Catalog): Promise<void> {
  const table = (await catalog.createTable('bench.mor', benchTable)) as unknown as Table
  const perRun = Math.floor(rowCount / 5)
  for (let run = 0; run < 5; run++)
    await table.write(randomBatch(perRun, Math.floor(rowCount / 2), 10 + run))
  await measure('merge-read 5 runs', rowCount, () => countRows(table))
  await measure('merge-read 5 runs 4col', rowCount, () => countRows(table, ['k', 'f1', 'f2', 'f3']))
}

type BenchOptions = NonNullable<Parameters<typeof defineSchema>[0]['options']>

/** Writes that compact, each of a new table. */
async function benchCompaction(catalog: Catalog): Promise<void> {
  let count = 0
  const create = async (options: BenchOptions = {}) => {
    const definition = { ...benchTable, options: { bucket: 1, ...options } }
    return await catalog.createTable(`bench.c${count++}`, definition)
  }
  const lookup = { 'changelog-producer': 'lookup' } as const
  const batch = randomBatch(rowCount, 2 ** 31 - 1, 1)
  const tenths = parted(batch, 10)
  const upserts = Array.from({ length: 5 }, (_, run) =>
    randomBatch(Math.floor(rowCount / 5), Math.floor(rowCount / 2), 10 + run),
  )
  await measure('pk-write zstd', rowCount, async () => (await create()).write(batch))
  await measure('pk-write zstd 10 commits', rowCount, async () => writeEach(await create(), tenths))
  await measure('pk-write lookup-changelog', rowCount, async () =>
    (await create(lookup)).write(batch),
  )
  await measure('lookup-changelog upsert 5 batches', rowCount, async () =>
    writeEach(await create(lookup), upserts),
  )
  const vectors = { 'deletion-vectors.enabled': true }
  await measure('dv upsert 5 batches', rowCount, async () =>
    writeEach(await create(vectors), upserts),
  )
  const full = await Promise.all(
    Array.from({ length: repeats }, () => create({ 'write-only': true })),
  )
  for (const table of full) await writeEach(table, upserts)
  await measure('full-compact 5 runs', rowCount, (run) => full[run]!.compact({ full: true }))
}

async function writeEach(
  table: Pick<Table, 'write'>,
  batches: readonly RecordBatch[],
): Promise<void> {
  for (const batch of batches) await table.write(batch)
}

function parted(batch: RecordBatch, count: number): RecordBatch[] {
  const rows = batch.numRows / count
  return Array.from({ length: count }, (_, i) => batch.slice(i * rows, (i + 1) * rows))
}

async function benchCompactedReads(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  if (!(await catalog.databases()).includes('default')) {
    process.stderr.write('no compacted table: run with --peers once, so that Java makes one\n')
    return
  }
  const table = await catalog.table('default.mor')
  const live = await countRows(table, ['k'])
  await measure('read compacted', live, () => countRows(table))
  await measure('read compacted 4col', live, () => countRows(table, ['k', 'f1', 'f2', 'f3']))
  await measure('point filter k=', 1, () => table.read({ where: eq('k', 12345) }).toArray())
}

/** Reads of a table two of whose levels overlap, a third of one's rows being deleted here and there. */
async function benchVectorReads(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  const isThere = (await catalog.databases()).includes('default')
  if (!isThere || !(await catalog.tables('default')).includes('dv')) {
    process.stderr.write('no table with deletion vectors: run with --peers once\n')
    return
  }
  const table = await catalog.table('default.dv')
  const live = await countRows(table, ['k'])
  await measure('dv read', live, () => countRows(table))
}

/** Merging reads that compose rows, of the tables that Java made. */
async function benchEngines(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  if (!(await catalog.databases()).includes('engines')) {
    process.stderr.write(
      'no tables of merge engines: run with --peers once, so that Java makes them\n',
    )
    return
  }
  for (const name of ['aggregation', 'partial-update', 'sequence groups']) {
    const table = await catalog.table(`engines.${name.replaceAll(/[ -]/g, '_')}`)
    await measure(`merge-read ${name}`, rowCount, () => countRows(table))
  }
}

/** Reads of one row by its key, from the one bucket that Java compacted. */
async function benchPointReads(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  if (!(await catalog.tables('default')).includes('lookup')) {
    process.stderr.write('no large bucket: run with --peers once, so that Java makes one\n')
    return
  }
  const table = await catalog.table('default.lookup')
  await measure('point filter k= of one large bucket', 1, async () => {
    const rows = await table.read({ where: eq('k', 12345) }).toArray()
    if (rows.length !== 1) throw new Error(`${rows.length} rows of one key`)
  })
}

/** A table of 10,000 files in 500 snapshots, which stays for the next run. */
async function benchPlanning(warehouse: string): Promise<void> {
  await preparePlanning(warehouse)
  const plans = [
    { work: 'plan 10,000 files', files: 10_000, where: undefined },
    { work: 'plan one partition of 200', files: 50, where: onePartition() },
  ]
  const [database = '', table = ''] = PLANNED_TABLE.split('.')
  if (args.peers)
    measurements.push(
      ...(await runPlanning(warehouse, [database, table], partitionName(7), repeats)),
    )
  for (const { work, files, where } of plans)
    await measure(work, files, async () => {
      const count = await countPlanned(warehouse, where)
      if (count !== files) throw new Error(`${count} files where ${files} are expected`)
    })
}

const own = join(directory, 'millrace')
const java = join(directory, 'java')
if (args.peers && ['write', 'read', 'dv'].some((part) => parts.has(part))) {
  const works = parts.has('write') || parts.has('read') ? 'all' : 'compacted'
  measurements.push(...(await runPeers(directory, rowCount, repeats, works)))
}
if (args.peers && parts.has('lookup'))
  measurements.push(...(await runPointReads(directory, Number(args['lookup-rows']), repeats)))
if (args.peers && parts.has('compact'))
  measurements.push(...(await runCompaction(directory, rowCount, repeats)))
if (args.peers && parts.has('engines'))
  measurements.push(...(await runEngines(directory, rowCount, repeats)))
await rm(own, { recursive: true, force: true })
{
  await using catalog = await createCatalog({ warehouse: own })
  if (parts.has('write')) await benchWrites(catalog)
  if (parts.has('read')) await benchMergeReads(catalog)
  if (parts.has('compact')) await benchCompaction(catalog)
}
if (parts.has('read')) await benchCompactedReads(java)
if (parts.has('dv')) await benchVectorReads(java)
if (parts.has('engines')) await benchEngines(java)
if (parts.has('lookup')) await benchPointReads(java)
if (parts.has('plan')) await benchPlanning(join(directory, 'planning'))
if (args.peers) compareWithPeers(measurements)
