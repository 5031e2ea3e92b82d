/**
 * Builds a table of many snapshots and files, has processes of its own list the snapshots, look for orphans (there are none)
 * and expire all but ten snapshots, and prints what each took as a JSON line: requests, seconds, and peak memory.
 *
 *     node scripts/expire-scale.ts [--snapshots 10000] [--files 200000] [--tags 0] [--storage disk|memory|s3] [--heap-mb 128]
 *
 * Each commit adds small files to one of four buckets, and a compaction replaces all of the bucket by one: metadata is made
 * by the same code as any, data files are four bytes. Only on disk are the processes separate; S3 is a server in this process.
 * The exit code is 1 when files are left that nothing refers to, or missing.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { createCatalog } from '../src/index.ts'
import type { FileIO } from '../src/io/file-io.ts'
import { dropMemoryStore, MemoryFileIO } from '../src/io/memory.ts'
import { commit } from '../src/snapshot/commit.ts'
import type { DataFileMeta } from '../src/snapshot/data-file-meta.ts'
import { dataFilePath, dataLayout } from '../src/snapshot/data-paths.ts'
import { openTableStore } from '../src/snapshot/table-store.ts'
import { Table } from '../src/table/table.ts'
import { createTestTable, fileMeta, message } from '../test/support/commit-tables.ts'
import { PATIENT, startTestS3 } from '../test/support/s3-file-io.ts'

const { values } = parseArgs({
  options: {
    snapshots: { type: 'string', default: '10000' },
    files: { type: 'string', default: '200000' },
    tags: { type: 'string', default: '0' },
    storage: { type: 'string', default: 'disk' },
    /** The limit of the heap of the processes that are measured. */
    'heap-mb': { type: 'string', default: '128' },
    /** Given to the processes that are measured. */
    warehouse: { type: 'string' },
    task: { type: 'string' },
  },
})
const KEPT = 10
const STORE = 'expire-scale'
const TASKS = ['list', 'orphans', 'expire'] as const

/** Stores a file of the table, by its path in it. */
type Put = (path: string, bytes: Uint8Array) => Promise<void> | void

/** Makes the metadata in memory, and puts all files where they are measured; how many data files there are. */
async function build(put: Put): Promise<number> {
  const io = new MemoryFileIO()
  const root = `memory://${STORE}/t`
  const table = await createTestTable(io, root, { 'snapshot.num-retained.min': '1000000' })
  const layout = dataLayout(root, table.schema)
  const commits = Number(values.snapshots) / 2
  const perCommit = Math.max(2, Math.round(Number(values.files) / commits))
  const live = new Map<number, readonly DataFileMeta[]>()
  for (let i = 0; i < commits; i++) {
    const at = i % 4
    const newFiles = Array.from({ length: perCommit - 1 }, () => fileMeta())
    const compactAfter = [fileMeta({ level: 5 })]
    const compactBefore = [...(live.get(at) ?? []), ...newFiles]
    const change = { newFiles, compactBefore, compactAfter }
    const sent = message({ dt: at < 2 ? 'a' : 'b', bucket: at % 2, ...change })
    for (const file of [...newFiles, ...compactAfter])
      await put(dataFilePath(layout, { ...sent, file }).slice(root.length + 1), DATA)
    await commit(table, [sent], { commitUser: 'scale', identifier: BigInt(i) })
    live.set(at, compactAfter)
  }
  for await (const { path } of io.list(root, { recursive: true }))
    await put(path.slice(root.length + 1), await io.read(path))
  dropMemoryStore(STORE)
  return commits * perCommit
}

const DATA = new TextEncoder().encode('data')

/** Writes without waiting for the disk. */
function diskPut(directory: string): Put {
  const made = new Set<string>()
  return (path, bytes) => {
    const file = join(directory, path)
    const parent = dirname(file)
    if (!made.has(parent)) mkdirSync(parent, { recursive: true })
    made.add(parent)
    writeFileSync(file, bytes)
  }
}

/** Does the task, and prints what it took. */
async function measure(table: Table, task: (typeof TASKS)[number]): Promise<void> {
  const before = total(table.io.stats().requestCounts)
  const start = performance.now()
  const result = await { list, orphans, expire }[task](table)
  const seconds = (performance.now() - start) / 1_000
  const { requestCounts } = table.io.stats()
  const requests = total(requestCounts) - before
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1_024)
  tell({ task, ...result, requests, requestCounts, seconds, peakMb })
}

async function list(table: Table): Promise<object> {
  return { snapshots: (await table.snapshots()).length }
}

/** Looks for them among all files, however young. */
async function orphans(table: Table): Promise<object> {
  const { fileCount } = await table.removeOrphans({ olderThan: new Date(Date.now() - 1) })
  return { orphans: fileCount }
}

async function expire(table: Table): Promise<object> {
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

/** On disk, each task by a process of its own. */
async function runOnDisk(): Promise<void> {
  const warehouse = await mkdtemp(join(tmpdir(), 'millrace-expire-scale-'))
  try {
    await tellBuild(diskPut(join(warehouse, 'db.db', 't')))
    for (const task of TASKS) {
      const heap = `--max-old-space-size=${values['heap-mb']}`
      const args = [heap, import.meta.filename, '--warehouse', warehouse, '--task', task]
      const child = promisify(execFile)(process.execPath, [...args, '--tags', values.tags])
      process.stdout.write((await child).stdout)
    }
    await using catalog = await createCatalog({ warehouse })
    await tellCheck(await catalog.table('db.t'))
  } finally {
    await rm(warehouse, { recursive: true })
  }
}

/** In memory, or on a server in this process: what counts is the requests. */
async function runIn(io: FileIO, root: string): Promise<void> {
  await tellBuild((path, bytes) => io.write(`${root}/${path}`, bytes))
  const open = async (): Promise<Table> => {
    const store = openTableStore(io, root)
    return new Table(store, 'db.t', await store.schemas.readLatest())
  }
  for (const task of TASKS) await measure(await open(), task)
  await tellCheck(await open())
}

async function tellBuild(put: Put): Promise<void> {
  const start = performance.now()
  const files = await build(put)
  const seconds = (performance.now() - start) / 1_000
  tell({ task: 'build', snapshots: Number(values.snapshots), files, seconds })
}

async function tellCheck(table: Table): Promise<void> {
  const { damage, counts } = await table.check({ deep: false })
  const { snapshots, orphanFiles } = counts
  // Data files are none that a reader could open.
  const missing = damage.filter(({ what }) => what.includes('no such file')).length
  tell({ task: 'check', snapshots, orphanFiles, missing })
  if (orphanFiles !== 0 || missing !== 0) process.exitCode = 1
}

if (values.warehouse !== undefined && values.task !== undefined) {
  await using catalog = await createCatalog({ warehouse: values.warehouse })
  const task = TASKS.find((each) => each === values.task)!
  await measure(await catalog.table('db.t'), task)
} else if (values.storage === 'disk') await runOnDisk()
else if (values.storage === 'memory') await runIn(new MemoryFileIO(), `memory://${STORE}-copy/t`)
else {
  await using s3 = await startTestS3({}, PATIENT)
  await runIn(s3.io, 's3://lake/t')
}
