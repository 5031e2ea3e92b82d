/** Writers that were stalled while the table went on, expired or was rolled back: rows never go back. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import { commit, type CommitResult, type CommitTable } from '../../src/snapshot/commit.ts'
import { dataFilePath, dataLayout } from '../../src/snapshot/data-paths.ts'
import { hintBytes } from '../../src/snapshot/hints.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { hintPath, manifestPath, snapshotPath } from '../../src/snapshot/paths.ts'
import {
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
  writeDataFiles,
} from '../support/commit-tables.ts'
import { CrashError, FaultyFileIO } from '../support/faults.ts'
import { intercept, once } from '../support/intercept.ts'

const io = new MemoryFileIO()

interface World {
  readonly root: string
  /** Commits a file of the name as another process. */
  add(name: string, options?: Record<string, string>): Promise<void>
  /** Commits the file `mine` on a storage, as the job whose fate is tested. */
  commitMine(storage: FileIO): Promise<CommitResult>
  /** Deletes the snapshots below `end`, as expiry does. */
  expire(end: number): Promise<void>
  /** Makes the snapshot the latest again: newer ones go, the newest first. */
  rollBack(to: number): Promise<void>
  table(): CommitTable
}

/** A table with the files 1, 2, ... `count`, one commit each. */
async function worldOf(count: number): Promise<World> {
  const root = `memory://${randomUUID()}/t`
  await createTestTable(io, root)
  const table = (): CommitTable => openTestTable(io, root)
  const world: World = {
    root,
    table,
    async add(name, options = {}) {
      const messages = added(name)
      await writeDataFiles(table(), messages)
      await commit(openTestTable(io, root, options), messages, { commitUser: `user of ${name}` })
    },
    async commitMine(storage) {
      const messages = added('mine')
      const mine = openTestTable(storage, root)
      await writeDataFiles(table(), messages)
      return commit(mine, messages, { commitUser: 'me', identifier: 1n, mayBeCommitted: false })
    },
    async expire(end) {
      const { snapshots, location } = table().store
      for (const id of await snapshots.ids()) if (id < end) await snapshots.delete(id)
      await io.write(hintPath(location, 'EARLIEST'), hintBytes(end))
    },
    async rollBack(to) {
      const { snapshots, location } = table().store
      await io.write(hintPath(location, 'LATEST'), hintBytes(to))
      for (const id of (await snapshots.ids()).toReversed()) if (id > to) await snapshots.delete(id)
    },
  }
  for (let i = 1; i <= count; i++) await world.add(String(i))
  return world
}

function added(name: string): CommitMessage[] {
  return [message({ newFiles: [fileMeta({ name })] })]
}

const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i))

/** The live files as a reader and as a writer see them, and the rows that the latest snapshot counts. */
async function stateOf(world: World): Promise<unknown> {
  const table = world.table()
  const listed = await table.store.snapshots.readLatestListed()
  return {
    files: await liveFiles(table),
    listed: await liveFiles(table, listed?.snapshot),
    rows: listed?.snapshot.totalRecordCount,
  }
}

function withFiles(files: readonly string[]): unknown {
  const sorted = files.toSorted()
  return { files: sorted, listed: sorted, rows: 10 * files.length }
}

/** The table goes on to 15 snapshots, of which the first 8 expire. */
async function goOn(world: World): Promise<void> {
  for (const name of names(4, 15)) await world.add(name)
  await world.expire(9)
}

test('a writer that stalled before its create does not roll the table back', async () => {
  const world = await worldOf(3)
  const stalled = intercept(io, { create: { before: once('snapshot-4', () => goOn(world)) } })
  const { snapshots } = await world.commitMine(stalled)
  expect(snapshots[0]?.id).toBe(16)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 15), 'mine']))
  expect(await world.table().store.snapshots.range()).toEqual({ earliest: 9, latest: 16 })
  expect(await world.table().store.snapshots.exists(4)).toBe(false)
})

test('whoever read the snapshot that it put there for a moment can read its manifests on', async () => {
  const world = await worldOf(3)
  let seen: string | undefined
  const stalled = intercept(io, {
    create: {
      before: once('snapshot-4', () => goOn(world)),
      after: once('snapshot-4', async () => {
        const { snapshots } = world.table().store
        seen = (await snapshots.read(4)).baseManifestList
      }),
    },
  })
  await world.commitMine(stalled)
  expect(await io.stat(manifestPath(world.root, seen!))).not.toBeNull()
})

test('it does not when there are no hints either', async () => {
  const world = await worldOf(3)
  const stall = once('snapshot-4', async () => {
    await goOn(world)
    const { location } = world.table().store
    await io.deleteAll([hintPath(location, 'EARLIEST'), hintPath(location, 'LATEST')])
  })
  await world.commitMine(intercept(io, { create: { before: stall } }))
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 15), 'mine']))
})

test('a stalled writer that dies right after its create leaves a stray snapshot that nobody follows', async () => {
  const world = await worldOf(3)
  // Which operation reads the base after the create, an undisturbed commit tells.
  const operations = new FaultyFileIO(io)
  const sample = await worldOf(3)
  await sample.commitMine(operations)
  const confirming = operations.operations.findLast(({ path }) => path.endsWith('snapshot-3'))!
  const crashing = new FaultyFileIO(
    intercept(io, { create: { before: once('snapshot-4', () => goOn(world)) } }),
    ({ number }) => (number === confirming.number ? 'crash' : undefined),
  )
  await expect(world.commitMine(crashing)).rejects.toThrow(CrashError)
  const { snapshots } = world.table().store
  expect(await snapshots.exists(4)).toBe(true)
  expect(await stateOf(world)).toEqual(withFiles(names(1, 15)))
  expect(await snapshots.range()).toEqual({ earliest: 9, latest: 15 })
  await world.add('16')
  expect(await stateOf(world)).toEqual(withFiles(names(1, 16)))
  const messages = added('mine')
  const again = await commit(world.table(), messages, { commitUser: 'me', identifier: 1n })
  expect(again.alreadyCommitted).toBe(false)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 16), 'mine']))
})

test.each(['in a new process', 'in the same process'])(
  'a stray snapshot right before those of the table is not taken for a commit that happened, %s',
  async (where) => {
    const world = await worldOf(3)
    let isStalled = false
    const stall = once('snapshot-4', async () => {
      for (const name of names(4, 9)) await world.add(name)
      await world.expire(5)
      isStalled = true
    })
    let isLost = false
    const losing = intercept(io, {
      create: { before: stall },
      // From the create on nothing can be found out.
      read: { before: (path) => void (isLost ||= isStalled && path.endsWith('snapshot-3')) },
    })
    const failing = new FaultyFileIO(losing, () => (isLost ? 'fail' : undefined))
    const mine = openTestTable(failing, world.root)
    const messages = added('mine')
    await writeDataFiles(world.table(), messages)
    const me = { commitUser: 'me', identifier: 1n }
    await expect(commit(mine, messages, me)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(await world.table().store.snapshots.range()).toEqual({ earliest: 4, latest: 9 })
    expect(await stateOf(world)).toEqual(withFiles(names(1, 9)))
    isLost = isStalled = false
    const again = await commit(where === 'in the same process' ? mine : world.table(), messages, me)
    expect(again.alreadyCommitted).toBe(false)
    expect(await stateOf(world)).toEqual(withFiles([...names(1, 9), 'mine']))
  },
)

test('a writer that stalled on an empty table does not begin it anew', async () => {
  const world = await worldOf(0)
  const begin = once('snapshot-1', async () => {
    for (const name of names(1, 5)) await world.add(name)
    await world.expire(4)
  })
  const { snapshots } = await world.commitMine(intercept(io, { create: { before: begin } }))
  expect(snapshots[0]?.id).toBe(6)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 5), 'mine']))
})

test('the first snapshot of a table is confirmed when nothing else is there', async () => {
  const world = await worldOf(0)
  expect((await world.commitMine(io)).snapshots[0]?.id).toBe(1)
})

test('a base that expired after the create, since only one snapshot is kept, is no reason to undo', async () => {
  const world = await worldOf(3)
  const expire = intercept(io, { create: { after: once('snapshot-4', () => world.expire(4)) } })
  const { snapshots } = await world.commitMine(expire)
  expect(snapshots[0]?.id).toBe(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), 'mine']))
})

test('a commit that others built on before its base expired has happened', async () => {
  const world = await worldOf(3)
  const goOnAfter = once('snapshot-4', async () => {
    for (const name of names(5, 8)) await world.add(name)
    await world.expire(6)
  })
  const { snapshots } = await world.commitMine(intercept(io, { create: { after: goOnAfter } }))
  expect(snapshots[0]?.id).toBe(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), ...names(5, 8), 'mine']))
})

test('it has happened although its manifest was merged into another', async () => {
  const world = await worldOf(3)
  const merge = once('snapshot-4', async () => {
    await world.add('5', { 'manifest.merge-min-count': '2' })
    await world.add('6', { 'manifest.merge-min-count': '2' })
    await world.expire(6)
  })
  const { snapshots } = await world.commitMine(intercept(io, { create: { after: merge } }))
  expect(snapshots[0]?.id).toBe(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), '5', '6', 'mine']))
})

test('it has happened although its file was compacted away, and that expired too', async () => {
  const world = await worldOf(3)
  const compact = once('snapshot-4', async () => {
    const table = openTestTable(io, world.root, { 'manifest.merge-min-count': '2' })
    const latest = await table.store.snapshots.readLatest()
    const entries = await scanEntries(table.store.manifests, latest!, 'all')
    const mine = entries.find((entry) => entry.file.fileName === 'mine')!
    const compacted = fileMeta({ name: 'compacted', level: 5, rowCount: 10 })
    const change = message({ compactBefore: [mine.file], compactAfter: [compacted] })
    await writeDataFiles(table, [change])
    await commit(table, [change], { commitUser: 'compactor' })
    for (const name of ['6', '7']) await world.add(name, { 'manifest.merge-min-count': '2' })
    await world.expire(7)
    await io.delete(dataFilePath(dataLayout(world.root, table.schema), mine))
  })
  const { snapshots } = await world.commitMine(intercept(io, { create: { after: compact } }))
  expect(snapshots[0]?.id).toBe(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), '6', '7', 'compacted']))
})

test('it has happened although it looked stray, when another builds on it before it is taken away', async () => {
  const world = await worldOf(3)
  const { snapshots, location } = world.table().store
  const rollBackPart = once('snapshot-4', async () => {
    // A rollback that listed the snapshots before this one was there.
    await snapshots.delete(3)
    await io.write(hintPath(location, 'LATEST'), hintBytes(2))
  })
  const buildOn = once('snapshot-4', () => world.add('5'))
  const mine = await world.commitMine(
    intercept(io, { create: { after: rollBackPart }, read: { after: buildOn } }),
  )
  expect(mine.snapshots[0]?.id).toBe(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), '5', 'mine']))
})

test('a writer lists, and builds on no strays, however much they and a hint look like a history', async () => {
  const world = await worldOf(5)
  const { location } = world.table().store
  const paths = [3, 4].map((id) => snapshotPath(location, id))
  const strays = await Promise.all(
    paths.map(async (path) => ({ path, bytes: await io.read(path) })),
  )
  for (const name of names(6, 15)) await world.add(name)
  await world.expire(9)
  for (const { path, bytes } of strays) await io.write(path, bytes)
  await io.write(hintPath(location, 'LATEST'), hintBytes(4))
  await io.delete(hintPath(location, 'EARLIEST'))
  expect((await world.commitMine(io)).snapshots[0]?.id).toBe(16)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 15), 'mine']))
})

test('a rollback during a commit is not undone by it', async () => {
  const world = await worldOf(5)
  const rollBack = intercept(io, {
    create: { before: once('snapshot-6', () => world.rollBack(3)) },
  })
  const { snapshots } = await world.commitMine(rollBack)
  expect(snapshots[0]?.id).toBe(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), 'mine']))
})

test('a rollback after which others commit under the same ids is not undone either', async () => {
  const world = await worldOf(5)
  const rollBack = once('snapshot-6', async () => {
    await world.rollBack(3)
    for (const name of ['4b', '5b']) await world.add(name)
  })
  const { snapshots } = await world.commitMine(intercept(io, { create: { before: rollBack } }))
  expect(snapshots[0]?.id).toBe(6)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), '4b', '5b', 'mine']))
})

test('what a process remembers of its last commit does not survive a rollback by another', async () => {
  const world = await worldOf(3)
  const table = world.table()
  for (const name of ['4', '5']) await commit(table, added(name), { commitUser: 'me' })
  await world.rollBack(3)
  for (const name of ['4b', '5b']) await world.add(name)
  await commit(table, added('6'), { commitUser: 'me' })
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), '4b', '5b', '6']))
})

test('a conflict is judged by the files of now, not by those that a process remembers', async () => {
  const world = await worldOf(3)
  const table = world.table()
  const old = fileMeta({ name: 'old' })
  await commit(table, [message({ newFiles: [old] })], { commitUser: 'me' })
  const compacted = fileMeta({ name: 'compacted', level: 5, rowCount: 10 })
  const change = message({ compactBefore: [old], compactAfter: [compacted] })
  await commit(table, [change], { commitUser: 'me' })
  // The compaction is rolled back and its id taken, so it can be made again.
  await world.rollBack(4)
  await world.add('5b')
  await commit(table, [change], { commitUser: 'me' })
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), '5b', 'compacted']))
})

test('a writer that lost the race and whose rival was rolled back commits once', async () => {
  const world = await worldOf(3)
  const rival = once('snapshot-4', async () => {
    await world.add('rival')
  })
  const { snapshots } = await world.commitMine(intercept(io, { create: { before: rival } }))
  expect(snapshots[0]?.id).toBe(5)
  await world.rollBack(4)
  expect(await stateOf(world)).toEqual(withFiles([...names(1, 3), 'rival']))
})
