/** Which snapshot is the latest, whatever the hints say. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { commit } from '../../src/snapshot/commit.ts'
import { hintPath, snapshotPath } from '../../src/snapshot/paths.ts'
import { rangeOf } from '../../src/snapshot/snapshot-store.ts'
import { snapshotText } from '../../src/snapshot/snapshot.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import {
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
} from '../support/commit-tables.ts'
import { FaultyFileIO } from '../support/faults.ts'
import { intercept, once } from '../support/intercept.ts'

const io = new MemoryFileIO()
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

async function tableOf(count: number, storage: FileIO = io) {
  const root = `memory://${randomUUID()}/t`
  const table = await createTestTable(storage, root)
  for (let i = 1; i <= count; i++)
    await commit(table, [message({ newFiles: [fileMeta()] })], { commitUser: `u${i}` })
  return { root, table, location: table.store.location, snapshots: table.store.snapshots }
}

interface Hints {
  readonly LATEST: string | null
  readonly EARLIEST: string | null
}

test.each<[name: string, hints: Hints]>([
  ['right', { LATEST: '9', EARLIEST: '4' }],
  ['absent', { LATEST: null, EARLIEST: null }],
  ['of Java’s write-only tables', { LATEST: '9', EARLIEST: null }],
  ['old', { LATEST: '6', EARLIEST: '4' }],
  ['of the stray snapshot of a stalled writer', { LATEST: '2', EARLIEST: '4' }],
  ['of that snapshot, without the earliest', { LATEST: '2', EARLIEST: null }],
  ['of that snapshot, after an expiry that was cut short', { LATEST: '2', EARLIEST: '1' }],
  ['too high', { LATEST: '999', EARLIEST: '4' }],
  ['of an expired snapshot', { LATEST: '1', EARLIEST: '1' }],
  ['garbage', { LATEST: 'garbage', EARLIEST: '\0\0' }],
  ['empty', { LATEST: '', EARLIEST: '' }],
  ['negative and fractional', { LATEST: '-1', EARLIEST: '4.5' }],
  ['beyond 2^53', { LATEST: '9223372036854775807', EARLIEST: '4' }],
  ['a million digits', { LATEST: '9'.repeat(1e6), EARLIEST: '4' }],
  ['an earliest that is too high', { LATEST: '9', EARLIEST: '50' }],
])('a reader finds the latest snapshot by hints that are %s', async (_, hints) => {
  const { location, snapshots } = await tableOf(9)
  // 1 and 3 have expired; 2 was put back by a stalled writer.
  for (const id of [1, 3]) await snapshots.delete(id)
  for (const [name, hint] of Object.entries(hints)) {
    const path = hintPath(location, name as keyof Hints)
    if (hint === null) await io.delete(path)
    else await io.write(path, utf8(hint))
  }
  expect((await snapshots.readLatest())?.id).toBe(9)
  expect((await snapshots.readLatestListed())?.snapshot.id).toBe(9)
  expect(await snapshots.range()).toEqual({ earliest: 4, latest: 9 })
})

test('two strays side by side are not followed where EARLIEST says that they have expired', async () => {
  const { location, snapshots } = await tableOf(9)
  await snapshots.delete(3)
  await io.write(hintPath(location, 'LATEST'), utf8('2'))
  await io.write(hintPath(location, 'EARLIEST'), utf8('4'))
  expect((await snapshots.readLatest())?.id).toBe(9)
})

test('the first snapshot, put back by a stalled writer, is not taken for the latest', async () => {
  const { location, snapshots } = await tableOf(5)
  for (const id of [2, 3]) await snapshots.delete(id)
  for (const name of ['LATEST', 'EARLIEST'] as const)
    await io.write(hintPath(location, name), utf8('1'))
  expect((await snapshots.readLatest())?.id).toBe(5)
})

test('a table without snapshots has no latest one, whatever the hints say', async () => {
  const { location, snapshots } = await tableOf(0)
  expect(await snapshots.readLatest()).toBeNull()
  await io.write(hintPath(location, 'LATEST'), utf8('5'))
  expect(await snapshots.readLatest()).toBeNull()
  expect(await snapshots.readLatestListed()).toBeNull()
})

test('the LATEST hint goes forward only', async () => {
  const { location, snapshots } = await tableOf(5)
  const latest = hintPath(location, 'LATEST')
  expect(await snapshots.advanceLatest(3)).toBe(true)
  expect(text(await io.read(latest))).toBe('5')
})

test.each(['999', 'garbage', '', '2'])('a commit repairs the LATEST hint %j', async (hint) => {
  const { table, location } = await tableOf(3)
  const latest = hintPath(location, 'LATEST')
  await io.write(latest, utf8(hint))
  await commit(table, [message({ newFiles: [fileMeta()] })], { commitUser: 'u' })
  expect(text(await io.read(latest))).toBe('4')
})

test('hints that cannot be read or written fail no commit and no read', async () => {
  const { root } = await tableOf(2)
  const failing = new FaultyFileIO(io, ({ path }) => (path.endsWith('LATEST') ? 'fail' : undefined))
  const table = openTestTable(failing, root)
  const { snapshots } = await commit(table, [message({ newFiles: [fileMeta()] })], {
    commitUser: 'u',
  })
  expect(snapshots[0]?.id).toBe(3)
  expect((await table.store.snapshots.readLatest())?.id).toBe(3)
})

test('writers that move the hint at the same moment leave the highest', async () => {
  const { root, location, snapshots } = await tableOf(5)
  const latest = hintPath(location, 'LATEST')
  await io.write(latest, utf8('1'))
  const other = once('LATEST', async () => {
    await snapshots.advanceLatest(5)
  })
  const slow = openTestTable(intercept(io, { replace: { before: other } }), root)
  await slow.store.snapshots.advanceLatest(4)
  expect(text(await io.read(latest))).toBe('5')
})

test('a snapshot that is not there is an error that names those that are', async () => {
  const { snapshots } = await tableOf(6)
  for (const id of [1, 2]) await snapshots.delete(id)
  await expect(snapshots.read(2)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('no snapshot 2'),
    hint: 'the table has the snapshots 3 to 6',
  })
  const empty = await tableOf(0)
  await expect(empty.snapshots.read(1)).rejects.toMatchObject({
    hint: 'the table has no snapshots yet',
  })
})

test('files beside the snapshots that are none are not taken for one', async () => {
  const { root, snapshots } = await tableOf(2)
  const names = ['.snapshot-9.abc.tmp', 'snapshot-9.tmp', 'snapshot-', 'snapshot-0', 'snapshot-x9']
  for (const name of [...names, `snapshot-${'9'.repeat(17)}`])
    await io.write(`${root}/snapshot/${name}`, utf8('{}'))
  expect(await snapshots.ids()).toEqual([1, 2])
})

test('a snapshot that says another id is damaged', async () => {
  const { location, snapshots } = await tableOf(2)
  const path = snapshotPath(location, 2)
  await io.write(path, utf8(snapshotText(await snapshots.read(1))))
  await expect(snapshots.read(2)).rejects.toMatchObject({ code: 'CORRUPT', path })
  await expect(snapshots.readLatest()).rejects.toMatchObject({ code: 'CORRUPT' })
})

test.each([
  [
    'a newer version',
    (json: string) => json.replace('"version" : 3', '"version" : 4'),
    'UNSUPPORTED',
  ],
  ['an unknown kind', (json: string) => json.replace('APPEND', 'REPLACE'), 'UNSUPPORTED'],
  ['half of it', (json: string) => json.slice(0, 200), 'CORRUPT'],
  ['nothing', () => '', 'CORRUPT'],
] as const)('a commit on a latest snapshot with %s stops', async (_, change, code) => {
  const { root, table, location, snapshots } = await tableOf(2)
  const path = snapshotPath(location, 2)
  await io.write(path, utf8(change(text(await io.read(path)))))
  const committing = commit(openTestTable(io, root), [message({ newFiles: [fileMeta()] })], {
    commitUser: 'u',
  })
  await expect(committing).rejects.toMatchObject({ code, path })
  expect(await snapshots.ids()).toEqual([1, 2])
  await expect(liveFiles(table)).rejects.toMatchObject({ code })
})

test('a latest snapshot that goes away between listing and reading is looked for again', async () => {
  const { root, snapshots } = await tableOf(3)
  const rollback = once('snapshot-3', async () => {
    await snapshots.delete(3)
  })
  const reader = openTestTable(intercept(io, { read: { before: rollback } }), root)
  expect((await reader.store.snapshots.readLatestListed())?.snapshot.id).toBe(2)
})

test('a walk back ends with the first snapshot that is not there', async () => {
  const { snapshots } = await tableOf(20)
  await snapshots.delete(4)
  const ids = (await Array.fromAsync(snapshots.walkBack(20))).map((snapshot) => snapshot.id)
  expect(ids).toEqual([20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5])
})

test.each([
  [[], null],
  [[1], { earliest: 1, latest: 1 }],
  [[1, 2, 3], { earliest: 1, latest: 3 }],
  [[4, 9, 10, 11], { earliest: 9, latest: 11 }],
  [[1, 2, 9], { earliest: 9, latest: 9 }],
])('of the ids %j the history is %j', (ids, range) => {
  expect(rangeOf(ids)).toEqual(range)
})
