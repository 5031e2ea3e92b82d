/**
 * Measures what publishing Iceberg metadata adds to commits on a table of many files: the same commits to two copies of a table, one
 * of which has Iceberg metadata, in turns, so that a busy moment of the machine meets both.
 *
 *     node bench/iceberg.ts [--files 5000] [--commits 40] [--rows 10000] [--works append,upsert,positions,vectors] [--java] [--dir DIR]
 *
 * `append` adds files to a table without a primary key; `upsert` compacts at each commit, so that Iceberg is never behind;
 * `positions` and `vectors` have deletion vectors, which version 2 shows as files of positions and version 3 as Puffin files. One
 * JSON line a work: medians of the milliseconds that writing and committing take without and with the metadata, what that is more,
 * in percent, the same of the processor's time, which a busy machine changes less, and requests to the storage. With `--java` Java Paimon does the same to copies of the tables.
 */
import { cp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { createCatalog, defineSchema, t, type Table } from '../src/index.ts'
import { randomInts } from './data.ts'
import { runIcebergCommits } from './peers/run.ts'
import { median } from './report.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    commits: { type: 'string', default: '40' },
    rows: { type: 'string', default: '10000' },
    works: { type: 'string', default: 'append,upsert,positions,vectors' },
    java: { type: 'boolean', default: false },
    dir: { type: 'string', default: '.bench/iceberg' },
  },
})
const fileCount = Number(values.files)
const commitCount = Number(values.commits)
const rowCount = Number(values.rows)
const directory = resolve(values.dir)

/** Commits of the kind before those that are measured. */
const WARM_UPS = 5
/** Partitions that one commit writes to, and that one of the commits before writes to. */
const COMMIT_PARTITIONS = 4
const PREPARED_PARTITIONS = 250

interface Work {
  readonly isKeyed: boolean
  readonly options: Readonly<Record<string, string>>
  readonly iceberg: Readonly<Record<string, string>>
}

const STORED = { 'metadata.iceberg.storage': 'table-location' }
const VECTORS = { 'deletion-vectors.enabled': 'true', 'deletion-vectors.bitmap64': 'true' }

const WORKS: Readonly<Record<string, Work>> = {
  append: { isKeyed: false, options: { bucket: '-1' }, iceberg: STORED },
  upsert: {
    isKeyed: true,
    options: { bucket: '1', 'full-compaction.delta-commits': '1' },
    iceberg: STORED,
  },
  positions: { isKeyed: true, options: { bucket: '1', ...VECTORS }, iceberg: STORED },
  vectors: {
    isKeyed: true,
    options: { bucket: '1', ...VECTORS },
    iceberg: { ...STORED, 'metadata.iceberg.format-version': '3' },
  },
}

const columns = {
  dt: t.int().notNull(),
  k: t.bigint().notNull(),
  a: t.string(),
  b: t.string(),
  c: t.double(),
  d: t.decimal(12, 2),
}

interface Row {
  readonly dt: number
  readonly k: bigint
  readonly a: string
  readonly b: string
  readonly c: number
  readonly d: string
}

/** Rows of some partitions, a few of which replace each other in tables that have keys. */
function rowsOf(seed: number, count: number, partitions: readonly number[]): Row[] {
  const next = randomInts(seed * 7919 + 17)
  return Array.from({ length: count }, (_, i) => ({
    dt: partitions[i % partitions.length]!,
    k: BigInt(next() % (4 * count)),
    a: `a ${next().toString(36)}`,
    b: `b ${seed} ${i}`,
    c: next() / 3,
    d: `${next() % 1_000_000}.25`,
  }))
}

const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + i)

/** A table of so many files, of a file a partition where it has keys. */
async function prepare(warehouse: string, { isKeyed, options }: Work): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.createTable(
    'bench.plain',
    defineSchema({
      columns,
      partitionBy: ['dt'],
      ...(isKeyed && { primaryKey: ['dt', 'k'] }),
      options,
    }),
  )
  await using writer = await table.writer({ commitUser: 'prepare' })
  for (let from = 0; from < fileCount; from += PREPARED_PARTITIONS) {
    const partitions = numbers(isKeyed ? from : 0, PREPARED_PARTITIONS)
    await writer.write(rowsOf(from, 20 * PREPARED_PARTITIONS, partitions) as never)
    const identifier = BigInt(from + 1)
    await writer.commit({ identifier, waitForCompaction: true })
  }
}

interface Commits {
  readonly ms: number[]
  readonly cpuMs: number[]
  requests: number
}

/** One commit to the table, as a job of a stream makes it. */
async function commitTo(
  table: Table,
  writer: Awaited<ReturnType<Table['writer']>>,
  number: number,
  into: Commits,
): Promise<void> {
  const partitions = numbers((number * COMMIT_PARTITIONS) % fileCount, COMMIT_PARTITIONS)
  const rows = rowsOf(1_000_000 + number, rowCount, partitions)
  const before = requestsOf(table)
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  const start = performance.now()
  await writer.write(rows as never)
  const result = await writer.commit({ identifier: BigInt(number + 1), waitForCompaction: true })
  const end = performance.now()
  const [failure] = result.upkeepErrors
  if (failure !== undefined) throw failure
  if (number < WARM_UPS) return
  into.ms.push(end - start)
  const { user, system } = process.cpuUsage(cpu)
  into.cpuMs.push((user + system) / 1000)
  into.requests += requestsOf(table) - before
}

function requestsOf({ io }: Table): number {
  return Object.values(io.stats().requestCounts).reduce((sum, count) => sum + count, 0)
}

async function measure(name: string, work: Work): Promise<void> {
  const warehouse = join(directory, name)
  const table = (copy: string): string => join(warehouse, 'bench.db', copy)
  await rm(warehouse, { recursive: true, force: true })
  await prepare(warehouse, work)
  await cp(table('plain'), table('shown'), { recursive: true })
  for (const copy of ['plain', 'shown'])
    if (values.java) await cp(table(copy), table(`java_${copy}`), { recursive: true })
  const firstMs = await showFiles(warehouse, work)
  const counts = { plain: commits(), shown: commits() }
  await commitInTurns(warehouse, counts)
  const percent = (part: 'ms' | 'cpuMs'): number =>
    round((100 * median(counts.shown[part])) / median(counts.plain[part]) - 100)
  report({
    work: name,
    peer: 'millrace',
    files: fileCount,
    rows: rowCount,
    without_ms: round(median(counts.plain.ms)),
    with_ms: round(median(counts.shown.ms)),
    more_percent: percent('ms'),
    cpu_without_ms: round(median(counts.plain.cpuMs)),
    cpu_with_ms: round(median(counts.shown.cpuMs)),
    more_cpu_percent: percent('cpuMs'),
    requests_more: round((counts.shown.requests - counts.plain.requests) / commitCount),
    requests: round(counts.plain.requests / commitCount),
    first_ms: round(firstMs),
  })
  if (!values.java) return
  const numbersOf = [WARM_UPS, commitCount, rowCount, COMMIT_PARTITIONS, fileCount]
  runIcebergCommits(warehouse, name, work.iceberg, numbersOf)
}

const commits = (): Commits => ({ ms: [], cpuMs: [], requests: 0 })

/** Turns the metadata of the copy on; how long it takes to show all of its files. */
async function showFiles(warehouse: string, { iceberg }: Work): Promise<number> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.table('bench.shown')
  const start = performance.now()
  await table.alter(
    Object.entries(iceberg).map(([name, value]) => ({ action: 'setOption', name, value })),
  )
  return performance.now() - start
}

async function commitInTurns(
  warehouse: string,
  counts: { readonly plain: Commits; readonly shown: Commits },
): Promise<void> {
  await using first = await createCatalog({ warehouse })
  await using second = await createCatalog({ warehouse })
  const [plain, shown] = [await first.table('bench.plain'), await second.table('bench.shown')]
  await using plainWriter = await plain.writer({ commitUser: 'bench' })
  await using shownWriter = await shown.writer({ commitUser: 'bench' })
  for (let number = 0; number < WARM_UPS + commitCount; number++) {
    const isPlainFirst = number % 2 === 0
    if (isPlainFirst) await commitTo(plain, plainWriter, number, counts.plain)
    await commitTo(shown, shownWriter, number, counts.shown)
    if (!isPlainFirst) await commitTo(plain, plainWriter, number, counts.plain)
  }
}

const round = (value: number): number => Math.round(value * 10) / 10

function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

for (const name of values.works.split(',')) {
  const work = WORKS[name]
  if (work === undefined) throw new Error(`there is no work ${name}`)
  await measure(name, work)
}
await rm(directory, { recursive: true, force: true })
