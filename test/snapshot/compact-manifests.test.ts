/** Manifests are merged in a snapshot that changes no file. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import type { Table } from '../../src/table/table.ts'
import { createRowTable, openRowTable, rowsOf } from '../support/row-tables.ts'

async function tableOfCommits(count: number): Promise<{ io: MemoryFileIO; table: Table }> {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, { options: { bucket: '-1', 'write-only': 'true' } })
  const table = await openRowTable(io, root)
  for (let i = 0; i < count; i++)
    await table.write([{ dt: i % 2 === 0 ? 'a' : 'b', id: BigInt(i), v: 'x' }])
  await table.dropPartitions([{ dt: 'b' }])
  return { io, table }
}

test('small manifests and those of deleted files become one, once', async () => {
  const { table } = await tableOfCommits(6)
  const base = (await table.latestSnapshot())!
  const { snapshot, before, after } = await table.compactManifests()
  expect([before.fileCount, after.fileCount]).toEqual([7, 1])
  expect(after.sizeBytes).toBeLessThan(before.sizeBytes)
  expect(snapshot).toMatchObject({
    id: base.id + 1,
    commitKind: 'COMPACT',
    deltaRecordCount: 0,
    totalRecordCount: base.totalRecordCount,
  })
  expect(await table.latestSnapshot()).toEqual(snapshot)
  expect(await rowsOf(table)).toEqual(['a 0 x', 'a 2 x', 'a 4 x'])

  expect(await table.compactManifests()).toMatchObject({ snapshot: null, before: after, after })
  expect((await table.check()).damage).toEqual([])
})

test('another writer that is faster is built upon, and nothing is left of the try', async () => {
  const { io, table } = await tableOfCommits(3)
  const other = await openRowTable(io, table.path)
  const files = async (): Promise<string[]> =>
    (await Array.fromAsync(io.list(`${table.path}/manifest`))).map(({ path }) => path)
  const create = io.create.bind(io)
  let isRaced = false
  let tried: string[] = []
  io.create = async (path, bytes, options) => {
    if (!isRaced && path.includes('/snapshot/')) {
      isRaced = true
      tried = await files()
      await other.write([{ dt: 'c', id: 1n, v: 'y' }])
    }
    return await create(path, bytes, options)
  }
  const { snapshot } = await table.compactManifests()
  expect(snapshot?.id).toBe(6)
  expect(await rowsOf(table)).toEqual(['a 0 x', 'a 2 x', 'c 1 y'])
  const left = new Set(await files())
  // A manifest and two lists were written in vain.
  expect(tried.filter((path) => !left.has(path))).toHaveLength(3)
})

test('a table without snapshots has none', async () => {
  const io = new MemoryFileIO()
  await createRowTable(io, 'memory://empty/t')
  const table = await openRowTable(io, 'memory://empty/t')
  expect(await table.compactManifests()).toMatchObject({ snapshot: null })
})
