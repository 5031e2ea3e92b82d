/** What a commit makes of a table: snapshots, counts, files, and nothing when it is asked twice. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import { abort, commit, PartialCommitError } from '../../src/snapshot/commit.ts'
import { hintPath } from '../../src/snapshot/paths.ts'
import { BATCH_IDENTIFIER, snapshotText } from '../../src/snapshot/snapshot.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { schemaFileText } from '../../src/types/schema-file.ts'
import type { Clock } from '../../src/util/async.ts'
import { LakeError } from '../../src/util/errors.ts'
import {
  allFiles,
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
  reachableFiles,
  testSchema,
  writeDataFiles,
} from '../support/commit-tables.ts'
import { intercept, once } from '../support/intercept.ts'

const freshRoot = (): string => `memory://${randomUUID()}/db.db/t`
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function clockAt(now: number): Clock {
  return { now: () => now, sleep: async () => {} }
}

async function freshTable(options: Record<string, string> = {}) {
  const io = new MemoryFileIO()
  const root = freshRoot()
  return { io, root, table: await createTestTable(io, root, options) }
}

test('all commits that another process repeats happen once', async () => {
  const { table, io, root } = await freshTable()
  const commits = [1n, 2n, 3n].map((identifier) => ({
    by: { commitUser: 'u', identifier },
    messages: [message({ newFiles: [fileMeta()] })],
  }))
  for (const { messages, by } of commits.slice(0, 2)) await commit(table, messages, by)
  const again = openTestTable(io, root)
  const results = []
  for (const { messages, by } of commits) results.push(await commit(again, messages, by))
  expect(results.map(({ alreadyCommitted }) => alreadyCommitted)).toEqual([true, true, false])
  expect(await table.store.snapshots.ids()).toEqual([1, 2, 3])
})

test('the first commit of a table is snapshot 1, and the next ones count on', async () => {
  const { table, io } = await freshTable()
  const first = fileMeta({ rowCount: 3 })
  const second = fileMeta({ rowCount: 4 })
  const one = await commit(table, [message({ newFiles: [first] })], { commitUser: 'u' })
  const two = await commit(table, [message({ newFiles: [second] })], { commitUser: 'v' })
  expect(one.alreadyCommitted).toBe(false)
  expect(one.snapshots).toHaveLength(1)
  expect(one.snapshots[0]).toMatchObject({
    version: 3,
    id: 1,
    schemaId: 0,
    commitUser: 'u',
    commitIdentifier: BATCH_IDENTIFIER,
    commitKind: 'APPEND',
    totalRecordCount: 3,
    deltaRecordCount: 3,
    nextRowId: 0n,
  })
  expect(two.snapshots[0]).toMatchObject({ id: 2, totalRecordCount: 7, deltaRecordCount: 4 })
  expect(await liveFiles(table)).toEqual([first.fileName, second.fileName].toSorted())
  expect(text(await io.read(hintPath(table.store.location, 'LATEST')))).toBe('2')
})

test('a commit of rows and a compaction makes an APPEND and a COMPACT snapshot of one identifier', async () => {
  const { table } = await freshTable()
  const [a, b] = [fileMeta({ keys: [1n, 5n] }), fileMeta({ keys: [3n, 9n] })]
  const merged = fileMeta({ level: 5, keys: [1n, 9n], rowCount: 15 })
  const changelog = fileMeta({ rowCount: 2 })
  await commit(table, [message({ newFiles: [a] })], { commitUser: 'u', identifier: 1n })
  const { snapshots } = await commit(
    table,
    [
      message({
        newFiles: [b],
        compactBefore: [a, b],
        compactAfter: [merged],
        compactChangelog: [changelog],
      }),
    ],
    { commitUser: 'u', identifier: 2n, watermark: 77n, properties: { k: 'v' } },
  )
  expect(snapshots.map(({ id, commitKind }) => [id, commitKind])).toEqual([
    [2, 'APPEND'],
    [3, 'COMPACT'],
  ])
  const [append, compact] = snapshots
  expect(append).toMatchObject({ deltaRecordCount: 10, totalRecordCount: 20, watermark: 77n })
  expect(append).not.toHaveProperty('changelogManifestList')
  expect(compact).toMatchObject({
    deltaRecordCount: -5,
    totalRecordCount: 15,
    changelogRecordCount: 2,
    commitIdentifier: 2n,
    properties: { k: 'v' },
  })
  expect(await liveFiles(table)).toEqual([merged.fileName])
})

test('a commit that deletes files is an OVERWRITE', async () => {
  const { table } = await freshTable()
  const [old, replacement] = [fileMeta(), fileMeta()]
  await commit(table, [message({ newFiles: [old] })], { commitUser: 'u' })
  const change = message({ newFiles: [replacement], deletedFiles: [old] })
  const { snapshots } = await commit(table, [change], { commitUser: 'v' })
  expect(snapshots[0]).toMatchObject({ commitKind: 'OVERWRITE', deltaRecordCount: 0 })
  expect(await liveFiles(table)).toEqual([replacement.fileName])
})

test.each([
  ['a batch', {}, BATCH_IDENTIFIER, undefined, 0],
  ['a stream', {}, 5n, undefined, 1],
  ['a stream that is told to ignore it', {}, 5n, true, 0],
  ['a batch that is told not to', {}, BATCH_IDENTIFIER, false, 1],
  [
    'a stream of a table that ignores it',
    { 'snapshot.ignore-empty-commit': 'true' },
    5n,
    undefined,
    0,
  ],
  [
    'a batch of a table that does not',
    { 'snapshot.ignore-empty-commit': 'false' },
    BATCH_IDENTIFIER,
    undefined,
    1,
  ],
  [
    'a table that forces snapshots',
    { 'commit.force-create-snapshot': 'true' },
    BATCH_IDENTIFIER,
    undefined,
    1,
  ],
] as const)(
  'an empty commit of %s: options %o, identifier %s, told %s, makes %i snapshots',
  async (_, options, identifier, ignoreEmptyCommit, count) => {
    const { table } = await freshTable(options)
    const { snapshots } = await commit(table, [], {
      commitUser: 'u',
      identifier,
      ignoreEmptyCommit,
    })
    const made = snapshots.map(({ deltaRecordCount, commitKind }) => [commitKind, deltaRecordCount])
    expect(made).toEqual(Array.from({ length: count }, () => ['APPEND', 0]))
  },
)

test('a commit with only a compaction makes no APPEND snapshot in a batch', async () => {
  const { table } = await freshTable()
  const file = fileMeta()
  await commit(table, [message({ newFiles: [file] })], { commitUser: 'u' })
  const upgrade = message({ compactBefore: [file], compactAfter: [{ ...file, level: 5 }] })
  const { snapshots } = await commit(table, [upgrade], { commitUser: 'v' })
  expect(snapshots.map(({ commitKind }) => commitKind)).toEqual(['COMPACT'])
  expect(await liveFiles(table)).toEqual([file.fileName])
})

test('the same commit of a stream happens once, in the same process and in another', async () => {
  const { table, io, root } = await freshTable()
  const file = fileMeta()
  const messages = [
    message({ newFiles: [file], compactBefore: [file], compactAfter: [{ ...file, level: 5 }] }),
  ]
  const options = { commitUser: 'u', identifier: 7n }
  await writeDataFiles(table, messages)
  const first = await commit(table, messages, options)
  for (const other of [table, openTestTable(io, root)]) {
    const again = await commit(other, messages, options)
    expect(again.alreadyCommitted).toBe(true)
    expect(again.snapshots.map(snapshotText)).toEqual(first.snapshots.map(snapshotText))
  }
  await commit(table, [message({ newFiles: [fileMeta()] })], { ...options, identifier: 8n })
  const old = await commit(openTestTable(io, root), messages, options)
  expect(old.alreadyCommitted).toBe(true)
  expect(await table.store.snapshots.ids()).toEqual([1, 2, 3])
})

test('what is missing of a commit of two snapshots is made up for', async () => {
  const { table, io, root } = await freshTable()
  const file = fileMeta()
  const upgraded = { ...file, level: 5 }
  const options = { commitUser: 'u', identifier: 7n }
  await commit(table, [message({ newFiles: [file] })], options)
  const whole = message({ newFiles: [file], compactBefore: [file], compactAfter: [upgraded] })
  const again = await commit(openTestTable(io, root), [whole], options)
  expect(again.alreadyCommitted).toBe(false)
  expect(again.snapshots.map(({ commitKind }) => commitKind)).toEqual(['APPEND', 'COMPACT'])
  expect(await liveFiles(table)).toEqual([file.fileName])
})

test('a commit whose snapshots have expired is known by its files', async () => {
  const { table, io, root } = await freshTable()
  const messages = [message({ newFiles: [fileMeta()] })]
  const options = { commitUser: 'u', identifier: 1n }
  await writeDataFiles(table, messages)
  await commit(table, messages, options)
  for (let i = 0; i < 3; i++)
    await commit(table, [message({ newFiles: [fileMeta()] })], { commitUser: `other ${i}` })
  await table.store.snapshots.delete(1)
  const again = await commit(openTestTable(io, root), messages, options)
  expect(again).toEqual({ snapshots: [], alreadyCommitted: true })

  const never = [message({ newFiles: [fileMeta()] })]
  const gone = commit(openTestTable(io, root), never, { commitUser: 'w', identifier: 1n })
  await expect(gone).rejects.toMatchObject({ code: 'CONFLICT' })
  await writeDataFiles(table, never)
  const made = await commit(openTestTable(io, root), never, { commitUser: 'w', identifier: 1n })
  expect(made.alreadyCommitted).toBe(false)
})

test('a create that says that another was first, of a snapshot that is our own, is a success', async () => {
  const { root, io, table } = await freshTable()
  const lying = new Proxy(io, {
    get(target, name) {
      if (name === 'create')
        return (path: string, bytes: Uint8Array) => target.create(path, bytes).then(() => false)
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const messages = [message({ newFiles: [fileMeta({ name: 'mine' })] })]
  const { snapshots } = await commit(openTestTable(lying, root), messages, { commitUser: 'u' })
  expect(snapshots.map(({ id }) => id)).toEqual([1])
  expect(await liveFiles(table)).toEqual(['mine'])
})

test.each([
  ['is made again', false, 1],
  ['has lost when another has its id', true, 2],
])('a create that never arrived, which nobody could tell, %s', async (_, isOvertaken, id) => {
  const { root, io, table } = await freshTable()
  const losing = intercept(io, {
    create: {
      before: once('snapshot-1', async () => {
        if (isOvertaken)
          await commit(table, [message({ newFiles: [fileMeta({ name: 'rival' })] })], {
            commitUser: 'rival',
          })
        throw new LakeError('OUTCOME_UNKNOWN', 'no answer')
      }),
    },
  })
  const messages = [message({ newFiles: [fileMeta({ name: 'mine' })] })]
  const { snapshots } = await commit(openTestTable(losing, root), messages, { commitUser: 'u' })
  expect(snapshots.map((snapshot) => snapshot.id)).toEqual([id])
  expect(await liveFiles(table)).toEqual(isOvertaken ? ['mine', 'rival'] : ['mine'])
})

test('what a dead process sent may arrive after the next has looked for it, and happens once', async () => {
  const { root, io, table } = await freshTable()
  const by = { commitUser: 'u', identifier: 7n }
  const rival = async (): Promise<void> => {
    const other = [message({ newFiles: [fileMeta({ name: 'rival' })] })]
    await commit(table, other, { commitUser: 'rival' })
  }
  const late = intercept(io, {
    create: {
      before: once('snapshot-1', async () => {
        const first = [message({ newFiles: [fileMeta({ name: 'first life' })] })]
        await commit(openTestTable(io, root), first, by)
        await rival()
      }),
    },
  })
  const messages = [message({ newFiles: [fileMeta({ name: 'second life' })] })]
  const result = await commit(openTestTable(late, root), messages, by)
  expect(result.alreadyCommitted).toBe(true)
  expect(result.snapshots.map(({ id }) => id)).toEqual([1])
  expect(await liveFiles(table)).toEqual(['first life', 'rival'])
})

test('batches of one user all happen', async () => {
  const { table, io, root } = await freshTable()
  for (const store of [table, table, openTestTable(io, root)])
    await commit(store, [message({ newFiles: [fileMeta()] })], { commitUser: 'u' })
  expect(await liveFiles(table)).toHaveLength(3)
})

test('the watermark never goes back, nor does the time of snapshots', async () => {
  const { table } = await freshTable()
  const options = [
    { commitUser: 'a', watermark: 50n, clock: clockAt(5_000) },
    { commitUser: 'b', watermark: 20n, clock: clockAt(1_000) },
    { commitUser: 'c', clock: clockAt(6_000) },
    { commitUser: 'd', watermark: 60n, clock: clockAt(7_000) },
  ]
  const snapshots = []
  for (const each of options) {
    const messages = [message({ newFiles: [fileMeta()] })]
    snapshots.push(...(await commit(table, messages, each)).snapshots)
  }
  expect(snapshots.map(({ watermark }) => watermark)).toEqual([50n, 50n, 50n, 60n])
  expect(snapshots.map(({ timeMillis }) => timeMillis)).toEqual([5_000, 5_000, 6_000, 7_000])
})

test('a snapshot has the latest schema at its commit, and hands on statistics of that schema only', async () => {
  const { table, io, root } = await freshTable()
  const { snapshots } = await commit(table, [message({ newFiles: [fileMeta()] })], {
    commitUser: 'u',
  })
  const withStatistics = { ...snapshots[0]!, id: 2, statistics: 'stat-1-0' }
  await io.write(`${root}/statistics/stat-1-0`, utf8('{"snapshotId":1,"schemaId":0}'))
  await io.write(`${root}/snapshot/snapshot-2`, utf8(snapshotText(withStatistics)))
  const third = await commit(table, [message({ newFiles: [fileMeta()] })], { commitUser: 'v' })
  expect(third.snapshots[0]).toMatchObject({ id: 3, schemaId: 0, statistics: 'stat-1-0' })
  await io.write(`${root}/schema/schema-1`, utf8(schemaFileText({ ...testSchema(), id: 1 })))
  const fourth = await commit(table, [message({ newFiles: [fileMeta()] })], { commitUser: 'w' })
  expect(fourth.snapshots[0]).toMatchObject({ id: 4, schemaId: 1 })
  expect(fourth.snapshots[0]).not.toHaveProperty('statistics')
})

test('every file of a table without failures is reachable', async () => {
  const { table, io, root } = await freshTable({ 'manifest.merge-min-count': '3' })
  for (let i = 0; i < 8; i++) {
    const messages: CommitMessage[] = [message({ dt: `d${i % 3}`, newFiles: [fileMeta()] })]
    await writeDataFiles(table, messages)
    await commit(table, messages, { commitUser: 'u', identifier: BigInt(i) })
  }
  const reachable = await reachableFiles(openTestTable(io, root))
  const files = await allFiles(io, root)
  const others = files.filter((path) => !reachable.has(path)).map((path) => path.slice(root.length))
  expect(others.toSorted()).toEqual([
    '/schema/schema-0',
    '/snapshot/LATEST',
    ...Array.from({ length: 8 }, (_, i) => `/snapshot/snapshot-${i + 1}`),
  ])
  expect(await liveFiles(openTestTable(io, root))).toHaveLength(8)
})

test('a compaction of files that are gone is a conflict, and the rows before it stay committed', async () => {
  const { table, io, root } = await freshTable()
  const [a, b, c] = [fileMeta(), fileMeta(), fileMeta()]
  await commit(table, [message({ newFiles: [a, b] })], { commitUser: 'u' })
  const first = message({ compactBefore: [a, b], compactAfter: [fileMeta({ level: 5 })] })
  const second = message({ ...first, newFiles: [c], compactAfter: [fileMeta({ level: 5 })] })
  await commit(table, [first], { commitUser: 'v' })
  const before = await allFiles(io, root)
  const error = await commit(openTestTable(io, root), [second], { commitUser: 'w' }).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PartialCommitError)
  expect(error).toMatchObject({ code: 'CONFLICT', retriable: false })
  expect((error as PartialCommitError).committed.map(({ commitKind }) => commitKind)).toEqual([
    'APPEND',
  ])
  expect(await liveFiles(openTestTable(io, root))).toContain(c.fileName)
  // The snapshot, two lists and a manifest; nothing of the compaction.
  expect((await allFiles(io, root)).length - before.length).toBe(4)
})

test('abort deletes what was written, and keeps a file that only changed its level', async () => {
  const { table, io, root } = await freshTable()
  const moved = fileMeta()
  await writeDataFiles(table, [message({ newFiles: [moved] })])
  await commit(table, [message({ newFiles: [moved] })], { commitUser: 'u' })
  const written = { ...fileMeta(), extraFiles: ['x.index'] }
  const messages = [
    message({
      newFiles: [written],
      compactBefore: [moved],
      compactAfter: [{ ...moved, level: 5 }, fileMeta({ level: 5 })],
      changelogFiles: [fileMeta()],
    }),
  ]
  const before = await allFiles(io, root)
  await writeDataFiles(table, messages)
  await io.write(`${root}/dt=a/bucket-0/x.index`, utf8('index'))
  await abort(table, messages)
  expect((await allFiles(io, root)).toSorted()).toEqual(before.toSorted())
})

test('a signal that fired stops a commit before it starts', async () => {
  const { table, io, root } = await freshTable()
  const before = await allFiles(io, root)
  const committing = commit(table, [message({ newFiles: [fileMeta()] })], {
    commitUser: 'u',
    signal: AbortSignal.abort(),
  })
  await expect(committing).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await allFiles(io, root)).toEqual(before)
})
