/** Expiry of snapshots: what goes, what stays, and that what stays can be read. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { ChangelogStore } from '../../../src/snapshot/changelog-store.ts'
import { commit } from '../../../src/snapshot/commit.ts'
import { ConsumerStore } from '../../../src/snapshot/consumer-store.ts'
import { deleteTagFiles } from '../../../src/snapshot/delete-tag-files.ts'
import { hintPath, manifestPath, snapshotPath, tagPath } from '../../../src/snapshot/paths.ts'
import { snapshotText } from '../../../src/snapshot/snapshot.ts'
import { openBranch } from '../../../src/snapshot/table-store.ts'
import { expireTable } from '../../../src/table/maintain/expire.ts'
import { Table } from '../../../src/table/table.ts'
import { utf8 } from '../../../src/types/internal-value.ts'
import { createTestTable, fileMeta, message } from '../../support/commit-tables.ts'
import { intercept, once } from '../../support/intercept.ts'
import { createRowTable, openRowTable, rowsOf } from '../../support/row-tables.ts'

const ALL = { retainMin: 1, retainMax: 1 } as const

/** A keyed table of one bucket whose every commit compacts, after so many commits. */
async function tableOf(
  commits: number,
  options: Readonly<Record<string, string>> = {},
): Promise<Table> {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: '1', ...options },
  })
  const table = await openRowTable(io, root)
  await writeMore(table, commits)
  return table
}

async function writeMore(table: Table, commits: number): Promise<void> {
  for (let i = 0; i < commits; i++) {
    await table.write([
      { dt: 'a', id: 1n, v: `v${i}` },
      { dt: 'b', id: BigInt(i), v: 'x' },
    ])
    await table.compact({ full: true })
  }
}

async function filesOf(table: Table): Promise<string[]> {
  const statuses = await Array.fromAsync(table.io.list(table.path, { recursive: true }))
  return statuses.map(({ path }) => path.slice(table.path.length + 1)).toSorted()
}

function requestsOf({ io }: Table): number {
  return Object.values(io.stats().requestCounts).reduce((sum, count) => sum + count, 0)
}

async function idsOf(table: Table): Promise<number[]> {
  return (await table.snapshots()).map(({ id }) => id)
}

test('an expiry leaves the files of the snapshots that stay, and no others', async () => {
  const table = await tableOf(2)
  const rows = await rowsOf(table)
  const result = await table.expire(ALL)
  expect(result).toMatchObject({ snapshotCount: 3, earliestSnapshotId: 4, dryRun: false })
  expect(await idsOf(table)).toEqual([4])
  expect(await rowsOf(table)).toEqual(rows)
  const report = await table.check({ allSnapshots: true })
  expect(report).toMatchObject({ damage: [], counts: { orphanFiles: 0 } })
})

test('a dry run deletes nothing and tells what would go', async () => {
  const table = await tableOf(2)
  const before = await filesOf(table)
  const told = await table.expire({ ...ALL, dryRun: true })
  expect(await filesOf(table)).toEqual(before)
  const { fileCount, sizeBytes } = await table.expire(ALL)
  expect({ fileCount, sizeBytes }).toEqual({
    fileCount: told.fileCount,
    sizeBytes: told.sizeBytes,
  })
})

test('tags keep their files, and what only one had goes with it', async () => {
  const table = await tableOf(3)
  const { store } = table
  for (const id of [2, 4]) {
    const snapshot = await store.snapshots.read(id)
    await table.io.write(tagPath(store.location, `t${id}`), utf8(snapshotText(snapshot)))
  }
  const before = await rowsOf(table.withOptions({ 'scan.tag-name': 't2' }))
  await table.expire(ALL)
  expect(await rowsOf(table.withOptions({ 'scan.tag-name': 't2' }))).toEqual(before)
  for (const id of [4, 2]) {
    const { snapshot } = await store.tags.read(`t${id}`)
    await table.io.delete(tagPath(store.location, `t${id}`))
    expect((await deleteTagFiles(table, snapshot)).fileCount).toBeGreaterThan(0)
  }
  expect(await table.check({ allSnapshots: true })).toMatchObject({
    damage: [],
    counts: { orphanFiles: 0 },
  })
})

test('branches keep the files that they share, whichever of them expires', async () => {
  const table = await tableOf(1)
  await table.tags.create('base')
  await table.branches.create('dev', { tag: 'base' })
  const dev = new Table(openBranch(table.store, 'dev'), 'db.t$branch_dev', table.schema)
  await dev.tags.delete(['base'])
  await table.tags.delete(['base'])
  const rows = await rowsOf(dev)
  await writeMore(table, 1)
  await table.expire(ALL)
  expect(await rowsOf(dev)).toEqual(rows)
  const main = await rowsOf(table)
  await writeMore(dev, 1)
  const devRows = await rowsOf(dev)
  await dev.expire(ALL)
  expect([await rowsOf(table), await rowsOf(dev)]).toEqual([main, devRows])
  expect([(await table.check()).damage, (await dev.check()).damage]).toEqual([[], []])
})

test('tags and consumers that come while it looks keep what is theirs', async () => {
  const table = await tableOf(3)
  const { location, snapshots } = table.store
  const come = once('snapshot-5', async () => {
    const tagged = snapshotText(await snapshots.read(1))
    await table.io.write(tagPath(location, 't'), utf8(tagged))
    await new ConsumerStore(table.io, location).write('job', 4)
  })
  const before = await rowsOf(table.withOptions({ 'scan.snapshot-id': '1' }))
  const looking = await openRowTable(intercept(table.io, { read: { before: come } }), table.path)
  expect(await looking.expire(ALL)).toMatchObject({ snapshotCount: 3, earliestSnapshotId: 4 })
  expect(await rowsOf(table.withOptions({ 'scan.tag-name': 't' }))).toEqual(before)
})

test('what a stalled writer put below the earliest snapshot goes, once the hint tells that it is none', async () => {
  const table = await tableOf(2)
  const { io, store } = table
  const stray = await store.snapshots.readBytes(1)
  await table.expire({ retainMin: 2, retainMax: 2 })
  await io.write(snapshotPath(store.location, 1), stray!)
  const files = await filesOf(table)
  const hint = hintPath(store.location, 'EARLIEST')
  const told = await io.read(hint)
  await io.delete(hint)
  await table.expire()
  expect(await filesOf(table)).toEqual(files)
  await io.write(hint, told)
  await table.expire()
  expect(await filesOf(table)).toEqual(files.filter((path) => path !== 'snapshot/snapshot-1'))
})

test('a file outside of the table goes only where the table says that its files are there', async () => {
  const io = new MemoryFileIO()
  const places = ['mine', 'yours'].map((name) => `memory://${randomUUID()}/${name}`)
  const options = { 'data-file.external-paths': places[0]! }
  const table = await createTestTable(io, `memory://${randomUUID()}/t`, options)
  const files = places.map((place) => {
    const file = fileMeta()
    return { ...file, externalPath: `${place}/${file.fileName}` }
  })
  for (const { externalPath } of files) await io.write(externalPath, utf8('data'))
  await commit(table, [message({ newFiles: files })], { commitUser: 'a' })
  await commit(table, [message({ compactBefore: files })], { commitUser: 'b' })
  await expireTable(table.store, table.schema, ALL)
  const left = await Promise.all(files.map(async (file) => await io.stat(file.externalPath)))
  expect(left.map((status) => status !== null)).toEqual([false, true])
})

test('snapshots that a consumer has yet to read stay', async () => {
  const table = await tableOf(2)
  await new ConsumerStore(table.io, table.store.location).write('job', 3)
  expect(await table.expire(ALL)).toMatchObject({ snapshotCount: 2, earliestSnapshotId: 3 })
})

test('commits expire what is due, and ask nothing where nothing can be', async () => {
  const retention = { 'snapshot.num-retained.min': '2', 'snapshot.num-retained.max': '5' }
  const table = await tableOf(0, { ...retention, 'num-sorted-run.compaction-trigger': '50' })
  await using writer = await table.writer({ commitUser: 'job' })
  const requests: number[] = []
  for (let id = 1; id <= 9; id++) {
    await writer.write([{ dt: 'a', id: BigInt(id), v: 'x' }])
    const before = requestsOf(table)
    const { upkeepErrors } = await writer.commit({ identifier: BigInt(id) })
    expect(upkeepErrors).toEqual([])
    requests.push(requestsOf(table) - before)
  }
  expect(await idsOf(table)).toHaveLength(5)
  // The third commit looks for the first time, since two are kept anyhow.
  expect(requests[3]).toBe(requests[1])
  expect(requests[4]).toBe(requests[1])
})

const ONE = { 'snapshot.num-retained.min': '1', 'snapshot.num-retained.max': '1' }

test('a commit need not wait for expiry, and who closes the writer does', async () => {
  const table = await tableOf(0, { ...ONE, 'snapshot.expire.execution-mode': 'async' })
  const writer = await table.writer({ commitUser: 'job' })
  for (const id of [1n, 2n]) {
    await writer.write([{ dt: 'a', id, v: 'x' }])
    await writer.commit({ identifier: id })
  }
  await writer.close()
  expect(await idsOf(table)).toEqual([2])
})

test.for(['id', undefined])('compactors expire where writers leave it to them: %s', async (key) => {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  const keys = key === undefined ? [] : ['dt', key]
  const options = { ...ONE, bucket: key === undefined ? '-1' : '1', 'write-only': 'true' }
  await createRowTable(io, root, { primaryKeys: keys, options })
  const table = await openRowTable(io, root)
  for (const id of [1n, 2n, 3n]) await table.write([{ dt: 'a', id, v: 'x' }])
  expect(await idsOf(table)).toEqual([1, 2, 3])
  await table.compact({ full: true })
  expect(await idsOf(table)).toEqual([4])
})

test('an expiry that another one overtakes ends, and does no harm', async () => {
  const table = await tableOf(8)
  const ids = await idsOf(table)
  const overtaken = ids[3]!
  const overtake = once(`snapshot-${overtaken}`, async () => {
    await (await openRowTable(table.io, table.path)).expire(ALL)
  })
  const slow = await openRowTable(intercept(table.io, { read: { after: overtake } }), table.path)
  const { snapshotCount } = await slow.expire({
    retainMin: ids.length - 3,
    retainMax: ids.length - 3,
  })
  expect(snapshotCount).toBe(0)
  expect(await idsOf(table)).toEqual([ids.at(-1)])
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})

test('an expiry goes on where one that let more go has died', async () => {
  const table = await tableOf(8)
  const ids = await idsOf(table)
  const { baseManifestList } = await table.store.snapshots.read(ids[3]!)
  await table.io.delete(manifestPath(table.path, baseManifestList))
  const other = await openRowTable(table.io, table.path)
  const { snapshotCount } = await other.expire({
    retainMin: ids.length - 3,
    retainMax: ids.length - 3,
  })
  expect(snapshotCount).toBe(3)
  expect(await idsOf(table)).toEqual(ids.slice(3))
  await other.expire(ALL)
  expect((await other.check({ allSnapshots: true })).damage).toEqual([])
})

test('changelogs expire after the first commit of a process, also where no snapshot does', async () => {
  const kept = { 'snapshot.num-retained.min': '4', 'snapshot.num-retained.max': '4' }
  const changes = { 'changelog.num-retained.min': '1', 'changelog.num-retained.max': '6' }
  const table = await tableOf(8, { ...kept, ...changes, 'changelog-producer': 'input' })
  await table.expire({ retainMin: 2, retainMax: 2 })
  const changelogs = new ChangelogStore(table.store.io, table.store.location)
  const [earliest] = await changelogs.ids()
  const other = await openRowTable(table.io, table.path)
  await writeMore(other, 1)
  expect(await changelogs.ids()).not.toContain(earliest)
})

test('upkeep that fails fails no commit, and is counted', async () => {
  const table = await tableOf(1, ONE)
  const path = tagPath(table.store.location, 'damaged')
  await table.io.write(path, utf8('no tag'))
  await using writer = await table.writer()
  await writer.write([{ dt: 'a', id: 9n, v: 'x' }])
  const { snapshots, upkeepErrors } = await writer.commit()
  expect(snapshots).not.toEqual([])
  expect(upkeepErrors).toEqual([expect.objectContaining({ code: 'CORRUPT', path })])
  expect(table.metrics().commit.numUpkeepFailed).toBe(1)
})
