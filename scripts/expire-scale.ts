/**
 * Builds a table of many snapshots and files, has processes of its own list the snapshots and expire all but ten, and prints
 * what each took as a JSON line: requests, seconds, and peak memory.
 *
 *     node scripts/expire-scale.ts [--snapshots 10000] [--files 200000] [--tags 0]
 *
 * Each commit adds small files to one of four buckets, and a compaction replaces all of the bucket by one: metadata is made
 * by the same code as any, data files are four bytes. The exit code is 1 when files are left that nothing refers to.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { createCatalog } from '../src/index.ts'
import { dropMemoryStore, MemoryFileIO } from '../src/io/memory.ts'
import { commit } from '../src/snapshot/commit.ts'
import type { DataFileMeta } from '../src/snapshot/data-file-meta.ts'
import { dataFilePath, dataLayout } from '../src/snapshot/data-paths.ts'
import { createTestTable, fileMeta, message } from '../test/support/commit-tables.ts'

const { values } = parseArgs({
  options: {
    snapshots: { type: 'string', default: '10000' },
    files: { type: 'string', default: '200000' },
    tags: { type: 'string', default: '0' },
    /** Given to the processes that are measured. */
    warehouse: { type: 'string' },
    task: { type: 'string' },
  },
})
const KEPT = 10
const STORE = 'expire-scale'

/** Makes the table in memory, and copies it to the warehouse. */
async function build(warehouse: string): Promise<{ files: number }> {
  const io = new MemoryFileIO()
  const root = `memory://${STORE}/t`
  const table = await createTestTable(io, root, { 'snapshot.num-retained.min': '1000000' })
  const layout = dataLayout(root, table.schema)
  const commits = Number(values.snapshots) / 2
  const perCommit = Math.max(2, Math.round(Number(values.files) / commits))
  const target = join(warehouse, 'db.db', 't')
  const live = new Map<number, readonly DataFileMeta[]>()
  for (let i = 0; i < commits; i++) {
    const at = i % 4
    const newFiles = Array.from({ length: perCommit - 1 }, () => fileMeta())
    const compactAfter = [fileMeta({ level: 5 })]
    const compactBefore = [...(live.get(at) ?? []), ...newFiles]
    const change = { newFiles, compactBefore, compactAfter }
    const sent = message({ dt: at < 2 ? 'a' : 'b', bucket: at % 2, ...change })
    for (const file of [...newFiles, ...compactAfter])
      writeSmall(target, dataFilePath(layout, { ...sent, file }).slice(root.length + 1), 'data')
    await commit(table, [sent], { commitUser: 'scale', identifier: BigInt(i) })
    live.set(at, compactAfter)
  }
  for await (const { path } of io.list(root, { recursive: true }))
    writeSmall(target, path.slice(root.length + 1), await io.read(path))
  dropMemoryStore(STORE)
  return { files: commits * perCommit }
}

const made = new Set<string>()

function writeSmall(target: string, path: string, bytes: Uint8Array | string): void {
  const file = join(target, path)
  const directory = dirname(file)
  if (!made.has(directory)) mkdirSync(directory, { recursive: true })
  made.add(directory)
  writeFileSync(file, bytes)
}

/** Does the task, and prints what it took. */
async function measure(warehouse: string, task: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.table('db.t')
  const before = total(table.io.stats().requestCounts)
  const start = performance.now()
  const result = task === 'list' ? await list(table) : await expire(table)
  const seconds = (performance.now() - start) / 1_000
  const { requestCounts } = table.io.stats()
  const requests = total(requestCounts) - before
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1_024)
  tell({ task, ...result, requests, requestCounts, seconds, peakMb })
}

type OpenTable = Awaited<ReturnType<Awaited<ReturnType<typeof createCatalog>>['table']>>

async function list(table: OpenTable): Promise<object> {
  return { snapshots: (await table.snapshots()).length }
}

async function expire(table: OpenTable): Promise<object> {
  const count = Number(values.tags)
  const latest = (await table.latestSnapshot())!.id
  for (let i = 0; i < count; i++)
    await table.tags.create(`t${i}`, { at: { snapshot: 1 + Math.floor((i * latest) / count) } })
  const { snapshotCount, fileCount } = await table.expire({
    retainMin: KEPT,
    retainMax: KEPT,
    olderThan: new Date(),
  })
  return { tags: count, snapshotCount, fileCount }
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

async function run(): Promise<void> {
  const warehouse = await mkdtemp(join(tmpdir(), 'millrace-expire-scale-'))
  try {
    const start = performance.now()
    const { files } = await build(warehouse)
    const seconds = (performance.now() - start) / 1_000
    tell({ task: 'build', snapshots: Number(values.snapshots), files, seconds })
    for (const task of ['list', 'expire']) {
      const args = [import.meta.filename, '--warehouse', warehouse, '--task', task]
      const child = promisify(execFile)(process.execPath, [...args, '--tags', values.tags])
      process.stdout.write((await child).stdout)
    }
    await using catalog = await createCatalog({ warehouse })
    const report = await (await catalog.table('db.t')).check({ deep: false })
    const left = await readdir(join(warehouse, 'db.db', 't'), { recursive: true })
    const { orphanFiles } = report.counts
    tell({ task: 'check', left: left.length, orphanFiles })
    if (orphanFiles !== 0) process.exitCode = 1
  } finally {
    await rm(warehouse, { recursive: true })
  }
}

if (values.warehouse !== undefined && values.task !== undefined)
  await measure(values.warehouse, values.task)
else await run()
