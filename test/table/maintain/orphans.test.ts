/** Which files of a table are deleted because nothing refers to them, and which never are. */
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import type { FileIO } from '../../../src/io/file-io.ts'
import { LocalFileIO } from '../../../src/io/local.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { openTableStore } from '../../../src/snapshot/table-store.ts'
import {
  type OrphanOptions,
  type OrphanResult,
  removeOrphans,
} from '../../../src/table/maintain/orphans.ts'
import { Table } from '../../../src/table/table.ts'
import { defineSchema, t } from '../../../src/types/schema.ts'
import { goldenStore } from '../../support/golden-tables.ts'
import { intercept, once } from '../../support/intercept.ts'
import { startTestS3 } from '../../support/s3-file-io.ts'

const HOUR_MS = 3_600_000
const START = Date.parse('2026-11-01T00:00:00Z')
const TEMPORARY = '5f0c8e56-7f0e-4a43-8b0c-1d1f2a3b4c5d.tmp'

const ORDERS = defineSchema({
  columns: { region: t.string().notNull(), id: t.bigint().notNull() },
  primaryKey: ['region', 'id'],
  partitionBy: ['region'],
  options: { bucket: 1 },
})

let count = 0

interface AgedTable {
  readonly io: MemoryFileIO
  readonly table: Table
  /** The time by which files are stamped. */
  readonly clock: { now(): number; sleep(): Promise<void> }
  /** Lets hours pass. */
  age(hours: number): void
  plant(relativePath: string): Promise<string>
  paths(): Promise<string[]>
  clean(options?: OrphanOptions, io?: FileIO): Promise<OrphanResult>
}

/** A table of two snapshots, written at the start. */
async function agedTable(): Promise<AgedTable> {
  let nowMs = START
  const clock = { now: () => nowMs, sleep: async () => {} }
  const io = new MemoryFileIO({ now: clock.now })
  const catalog = new Catalog(io, `memory://orphans-${++count}/wh`)
  const table = await catalog.createTable('shop.orders', ORDERS)
  for (const id of [1n, 2n]) await table.write([{ region: 'eu', id }])
  const { schema } = table
  return {
    io,
    table: table as unknown as Table,
    clock,
    age(hours) {
      nowMs += hours * HOUR_MS
    },
    async plant(relativePath) {
      const path = `${table.path}/${relativePath}`
      await io.write(path, new Uint8Array(10))
      return path
    },
    async paths() {
      const files = await Array.fromAsync(io.list(table.path, { recursive: true }))
      return files.map(({ path }) => path).toSorted()
    },
    async clean(options = {}, storage = io) {
      const { location } = table.store
      return await removeOrphans({ io: storage, location }, schema, options, clock)
    },
  }
}

const relative = (made: AgedTable, { files }: OrphanResult): string[] =>
  files.map(({ path }) => path.slice(made.table.path.length + 1))

describe('orphans', () => {
  const ORPHANS = [
    '.keep.' + TEMPORARY,
    'branch/branch-dev/snapshot/.snapshot-1.' + TEMPORARY,
    'changelog/other',
    'index/index-1',
    'manifest/manifest-x',
    'region=eu/bucket-0/data-x.parquet',
    'region=eu/bucket-0/data-x.parquet.index',
    'schema/.schema-1.' + TEMPORARY,
    'snapshot/.snapshot-3.' + TEMPORARY,
    'statistics/stat-x',
    'tag/.tag-a.' + TEMPORARY,
  ]
  const OTHERS = [
    'bucket-0/data-x.parquet',
    'consumer/consumer-a',
    'metadata/v1.metadata.json',
    'metadata/.v2.' + TEMPORARY,
    'notes.txt',
    'region=eu/_SUCCESS',
    'region=eu/bucket-0/deeper/data-x.parquet',
    'region=eu/backup/data-x.parquet',
    'snapshot/snapshot-3.bak',
    'tag/tag-success-file/a_SUCCESS',
  ]

  test('are what lies among files of the table, is older than a day, and is referred to by nothing', async () => {
    const made = await agedTable()
    await made.io.write(
      `${made.table.path}/branch/branch-dev/schema/schema-0`,
      await made.io.read(`${made.table.path}/schema/schema-0`),
    )
    const kept = await made.paths()
    for (const path of ORPHANS) await made.plant(path)
    for (const path of OTHERS) kept.push(await made.plant(path))
    made.age(23)
    expect(await made.clean()).toMatchObject({ files: [], uploads: [], incomplete: [] })
    made.age(2)
    const young = await made.plant('manifest/manifest-young')
    const dry = await made.clean({ dryRun: true })
    expect(relative(made, dry)).toEqual(ORPHANS)
    expect(await made.paths()).toHaveLength(kept.length + ORPHANS.length + 1)
    const done = await made.clean()
    expect(relative(made, done)).toEqual(ORPHANS)
    expect(done).toMatchObject({ fileCount: ORPHANS.length, sizeBytes: 10 * ORPHANS.length })
    expect(await made.paths()).toEqual([...kept, young].toSorted())
    expect((await made.clean()).fileCount).toBe(0)
  })

  test('are not what tags and branches refer to, in golden tables neither', async () => {
    const tomorrow = { now: () => Date.now() + 48 * HOUR_MS, sleep: async () => {} }
    for (const name of ['tags_branches', 'mor', 'changelog_lookup']) {
      const store = goldenStore(name)
      const schema = await store.schemas.readLatest()
      const { files } = await removeOrphans(store, schema, { dryRun: true }, tomorrow)
      expect(files).toEqual([])
    }
  })

  test('are not files that waited for days and are committed while orphans are looked for', async () => {
    const made = await agedTable()
    const writer = await made.table.writer()
    await writer.write([{ region: 'us', id: 3n }])
    const messages = await writer.prepareCommit()
    made.age(72)
    // By then the snapshots have been listed for the first time.
    const commit = once('/snapshot/snapshot-2', async () => {
      await made.table.commit(messages, { user: 'slow' })
    })
    const io = intercept(made.io, { read: { before: commit } })
    const orphan = await made.plant('manifest/manifest-x')
    made.age(48)
    const { files } = await made.clean({}, io)
    expect(files.map(({ path }) => path)).toEqual([orphan])
    expect((await made.table.check()).damage).toEqual([])
    expect(await Array.fromAsync(made.table.read().rows())).toHaveLength(3)
    await writer.close()
  })

  test('are never files of those who write, compact and expire while orphans are removed', async () => {
    const made = await agedTable()
    const { io, table, clock } = made
    // The hours pass so quickly that all that was not written just now is old.
    const hurrying = new Proxy(io, {
      get(target, name) {
        const value = Reflect.get(target, name, target) as unknown
        if (typeof value !== 'function') return value
        made.age(1)
        return value.bind(target) as unknown
      },
    })
    const hurried = new Table(openTableStore(hurrying, table.path), table.name, table.schema)
    for (let i = 0; i < 3; i++) await made.plant(`manifest/manifest-${i}`)
    made.age(2_000)
    const writer = { isDone: false }
    const write = async (): Promise<void> => {
      for (let id = 10; id < 20; id++) {
        await hurried.write([{ region: 'eu', id: BigInt(id) }])
        if (id % 3 === 0) await hurried.compact({ full: true })
        if (id % 4 === 0) await hurried.expire({ retainMin: 1, retainMax: 2, clock })
      }
    }
    let removed = 0
    const clean = async (): Promise<void> => {
      while (!writer.isDone) {
        // The writer is not kept waiting.
        await setImmediate()
        // No commit takes as long as a thousand requests.
        const olderThan = new Date(clock.now() - 1_000 * HOUR_MS)
        removed += (await made.clean({ olderThan }, hurrying)).fileCount
      }
    }
    const writing = write().finally(() => {
      writer.isDone = true
    })
    await Promise.all([writing, clean()])
    expect(removed).toBeGreaterThan(2)
    const { damage } = await table.check({ allSnapshots: true })
    expect(damage).toEqual([])
    expect(await Array.fromAsync(table.read().rows())).toHaveLength(12)
  })

  test('are looked for by nobody who asks for files of this moment', async () => {
    const made = await agedTable()
    const olderThan = new Date(made.clock.now())
    await expect(made.clean({ olderThan })).rejects.toMatchObject({ code: 'INVALID' })
  })
})

/** What is told, after a look that nothing is gone. */
async function refusal(made: AgedTable): Promise<string> {
  await made.plant('manifest/manifest-x')
  made.age(48)
  const before = await made.paths()
  const error: unknown = await made.clean().then(String, (failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'CORRUPT' })
  expect(await made.paths()).toEqual(before)
  return (error as Error).message
}

describe('nothing is deleted', () => {
  test('where a branch has no schema, as Java has it', async () => {
    const made = await agedTable()
    await made.plant('branch/branch-dev/snapshot/snapshot-1')
    expect(await refusal(made)).toContain('/branch/branch-dev')
  })

  test('where the latest snapshot lacks a manifest, and where it is cut', async () => {
    const made = await agedTable()
    const { deltaManifestList } = (await made.table.latestSnapshot())!
    const path = `${made.table.path}/manifest/${deltaManifestList}`
    const bytes = await made.io.read(path)
    await made.io.delete(path)
    expect(await refusal(made)).toContain('/snapshot/snapshot-2')
    await made.io.write(path, bytes.subarray(0, 100))
    expect(await refusal(made)).toContain(deltaManifestList)
  })

  test('where the snapshots are lost and not the hint', async () => {
    const made = await agedTable()
    await made.io.delete(`${made.table.path}/snapshot/snapshot-1`)
    await made.io.delete(`${made.table.path}/snapshot/snapshot-2`)
    expect(await refusal(made)).toContain('/snapshot/LATEST')
  })

  test('but an older snapshot may lack what an expiry has begun to delete', async () => {
    const made = await agedTable()
    const first = await made.table.store.snapshots.read(1)
    await made.io.delete(`${made.table.path}/manifest/${first.baseManifestList}`)
    made.age(48)
    const { incomplete, fileCount } = await made.clean()
    expect({ incomplete, fileCount }).toEqual({
      incomplete: [`${made.table.path}/snapshot/snapshot-1`],
      fileCount: 0,
    })
  })
})

test('on a disk a directory that is a link is left alone, and emptied ones go', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-orphans-'))
  try {
    const io = new LocalFileIO()
    const catalog = new Catalog(io, join(root, 'wh'))
    const table = await catalog.createTable('shop.orders', ORDERS)
    await table.write([{ region: 'eu', id: 1n }])
    await mkdir(join(root, 'outside'))
    await writeFile(join(root, 'outside', 'data-x.parquet'), 'x')
    await symlink(join(root, 'outside'), join(table.path, 'region=eu', 'bucket-7'))
    const path = join(table.path, 'region=us', 'bucket-0', 'data-x.parquet')
    await io.write(path, new Uint8Array(10))
    for (const each of [path, join(root, 'outside', 'data-x.parquet')])
      await utimes(each, new Date(START), new Date(START))
    const { files, directories } = await table.removeOrphans()
    expect(files).toEqual([{ path, sizeBytes: 10 }])
    expect(directories).toEqual([
      join(table.path, 'region=us'),
      join(table.path, 'region=us', 'bucket-0'),
    ])
    expect(await io.stat(join(root, 'outside', 'data-x.parquet'))).not.toBeNull()
  } finally {
    await rm(root, { recursive: true })
  }
})

test('on S3 uploads go too that were begun and never ended', async () => {
  await using s3 = await startTestS3({}, { partSizeBytes: 5 << 20 })
  const root = 's3://lake/wh/shop.db/orders'
  const catalog = new Catalog(s3.io, 's3://lake/wh')
  const table = await catalog.createTable('shop.orders', ORDERS)
  for (const path of [`${root}/region=eu/bucket-0/data 1+.parquet`, `${root}/other/file`]) {
    const writer = await s3.io.openWriter(path)
    await writer.write(new Uint8Array((5 << 20) + 1))
  }
  const later = { now: () => Date.now() + 48 * HOUR_MS, sleep: async () => {} }
  const store = openTableStore(s3.io, root)
  const clean = async (options: OrphanOptions, clock = later): Promise<OrphanResult> =>
    await removeOrphans(store, table.schema, options, clock)
  expect((await clean({}, { ...later, now: Date.now })).uploads).toEqual([])
  const uploads = [`${root}/region=eu/bucket-0/data 1+.parquet`]
  expect((await clean({ dryRun: true })).uploads).toEqual(uploads)
  expect((await clean({})).uploads).toEqual(uploads)
  expect(s3.server.unfinishedUploads('lake')).toEqual(['wh/shop.db/orders/other/file'])
})
