/** Rules that a commit keeps when the table or the committer asks for them: row ids, strictness, duplicates, recovery. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { commit, type CommitTable } from '../../src/snapshot/commit.ts'
import { FILE_SOURCE } from '../../src/snapshot/data-file-meta.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { trackRows } from '../../src/snapshot/row-tracking.ts'
import type { LakeError } from '../../src/util/errors.ts'
import {
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
  writeDataFiles,
} from '../support/commit-tables.ts'
import { goldenStore } from '../support/golden-tables.ts'

async function freshTable(options: Record<string, string> = {}): Promise<CommitTable> {
  return createTestTable(new MemoryFileIO(), `memory://${randomUUID()}/db.db/t`, options)
}

const newFile = (name: string, rowCount: number) => ({
  ...fileMeta({ name, rowCount }),
  minSequenceNumber: 0n,
  maxSequenceNumber: BigInt(rowCount) - 1n,
})

test('rows get ids in the order of the files, and the snapshot as their sequence number', async () => {
  const table = await freshTable({ 'row-tracking.enabled': 'true' })
  const first = message({ newFiles: [newFile('x', 3), newFile('y', 4)] })
  await commit(table, [first], { commitUser: 'u' })
  const compacted = { ...fileMeta({ name: 'z' }), fileSource: FILE_SOURCE.COMPACT, firstRowId: 0n }
  const second = message({ newFiles: [newFile('w', 5)], compactAfter: [compacted] })
  const { snapshots } = await commit(table, [second], { commitUser: 'u' })
  expect(snapshots.map(({ nextRowId }) => nextRowId)).toEqual([12n, 12n])
  const entries = await scanEntries(table.store.manifests, snapshots[1]!, 'all')
  const told = entries.map(
    ({ file }) => `${file.fileName} ${file.firstRowId} ${file.maxSequenceNumber}`,
  )
  expect(told.toSorted()).toEqual(['w 7 2', 'x 0 1', 'y 3 1', 'z 0 9'])
})

test('two writers that race give no row id twice', async () => {
  const table = await freshTable({ 'row-tracking.enabled': 'true' })
  const { root } = table.store.location
  await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const own = openTestTable(table.store.io, root, table.schema.options)
      const messages = [message({ newFiles: [newFile(`f${i}`, i + 1)] })]
      await commit(own, messages, { commitUser: `u${i}` })
    }),
  )
  const latest = (await table.store.snapshots.readLatest())!
  const files = (await scanEntries(table.store.manifests, latest, 'all')).map(({ file }) => file)
  const ids = files.flatMap(({ firstRowId, rowCount }) =>
    Array.from({ length: rowCount }, (_, i) => Number(firstRowId) + i),
  )
  expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => i))
  expect(latest.nextRowId).toBe(21n)
})

test('files of some columns have the row ids of the file that they complete', () => {
  const blob = (column: string, name: string, rowCount: number) => ({
    ...newFile(name, rowCount),
    writeCols: [column],
  })
  const files = [
    newFile('d1.parquet', 10),
    blob('p', 'p1.blob', 6),
    blob('p', 'p2.blob', 4),
    blob('q', 'q1.blob', 10),
    newFile('d2.parquet', 5),
    blob('p', 'p3.blob', 5),
  ]
  const entries = files.map((file) => ({
    kind: 0,
    partition: new Uint8Array(),
    bucket: 0,
    totalBuckets: -1,
    file,
  }))
  const tracked = trackRows(entries, 7, 100n)
  expect(tracked.entries.map(({ file }) => file.firstRowId)).toEqual([
    100n,
    100n,
    106n,
    100n,
    110n,
    110n,
  ])
  expect(tracked.nextRowId).toBe(115n)
  expect(() => trackRows(entries.slice(1, 2), 7, 0n)).toThrow(/follows no file/)
})

test('the entries that Java numbered are numbered alike', async () => {
  const store = goldenStore('row_tracking')
  let nextRowId = 0n
  for (const id of await store.snapshots.ids()) {
    const snapshot = await store.snapshots.read(id)
    const entries = await scanEntries(store.manifests, snapshot, 'delta')
    const bare = entries.map((entry) => {
      const { file } = entry
      const isNew = file.fileSource === FILE_SOURCE.APPEND && entry.kind === 0
      if (!isNew) return entry
      return {
        ...entry,
        file: { ...file, firstRowId: null, minSequenceNumber: 0n, maxSequenceNumber: 1n },
      }
    })
    const tracked = trackRows(bare, id, nextRowId)
    expect(tracked.entries).toEqual(entries)
    expect(tracked.nextRowId).toBe(snapshot.nextRowId)
    nextRowId = tracked.nextRowId
  }
  expect(nextRowId).toBeGreaterThan(0n)
})

const STRICT = 'commit.strict-mode.last-safe-snapshot'

test.each([
  { safe: '0', kind: 'APPEND', isRefused: true },
  { safe: '2', kind: 'APPEND', isRefused: false },
  { safe: '-1', kind: 'APPEND', isRefused: false },
  { safe: '2', kind: 'OVERWRITE', isRefused: true },
  { safe: '3', kind: 'OVERWRITE', isRefused: false },
])('a strict $kind after snapshot $safe is refused: $isRefused', async (given) => {
  const table = await freshTable()
  const before = fileMeta()
  await commit(table, [message({ newFiles: [before] })], { commitUser: 'writer' })
  const after = { ...before, level: 3 }
  const compacting = message({ compactBefore: [before], compactAfter: [after] })
  await commit(table, [compacting], { commitUser: 'compactor' })
  await commit(table, [message({ newFiles: [fileMeta()] })], { commitUser: 'other' })
  const { io, location } = table.store
  const strict = openTestTable(io, location.root, { [STRICT]: given.safe })
  const own = message(
    given.kind === 'APPEND' ? { newFiles: [fileMeta()] } : { deletedFiles: [after] },
  )
  const committing = commit(strict, [own], { commitUser: 'writer' })
  const outcome = await committing.then(
    ({ snapshots }) => snapshots.map(({ commitKind }) => commitKind).join(),
    (error: unknown) => (error as LakeError).code,
  )
  expect(outcome).toBe(given.isRefused ? 'CONFLICT' : given.kind)
})

test('files that are in the table already are left out where the table says so', async () => {
  const table = await freshTable({ 'commit.discard-duplicate-files': 'true' })
  const file = fileMeta({ name: 'x' })
  await commit(table, [message({ newFiles: [file] })], { commitUser: 'u', identifier: 1n })
  const again = message({ newFiles: [file, fileMeta({ name: 'y' })] })
  const { snapshots } = await commit(table, [again], { commitUser: 'v' })
  expect(snapshots).toMatchObject([{ deltaRecordCount: 10, totalRecordCount: 20 }])
  expect(await liveFiles(table)).toEqual(['x', 'y'])
})

test('an append that is checked does not add a file twice', async () => {
  const table = await freshTable()
  const messages = [message({ newFiles: [fileMeta({ name: 'x' })] })]
  await commit(table, messages, { commitUser: 'u' })
  await expect(
    commit(table, messages, { commitUser: 'v', checksAppend: true }),
  ).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('what a dead process prepared is committed once, and only while its files are there', async () => {
  const table = await freshTable()
  const messages = [message({ newFiles: [fileMeta({ name: 'x' })] })]
  const by = { commitUser: 'job', identifier: 3n, isRecovered: true }
  await expect(commit(table, messages, by)).rejects.toMatchObject({ code: 'CONFLICT' })
  await writeDataFiles(table, messages)
  expect(await commit(table, messages, by)).toMatchObject({ alreadyCommitted: false })
  const { io, location } = table.store
  const later = openTestTable(io, location.root)
  expect(await commit(later, messages, by)).toMatchObject({ alreadyCommitted: true })
  await commit(later, [], { commitUser: 'job', identifier: 4n })
  expect(await commit(later, messages, by)).toMatchObject({ alreadyCommitted: true, snapshots: [] })
  expect(await liveFiles(table)).toEqual(['x'])
})
