/** Compaction of tables without keys and buckets: the same rows in fewer files. */
import { beforeEach, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { DataFileMeta } from '../../../src/snapshot/data-file-meta.ts'
import { compactAppendTable } from '../../../src/table/append/compact.ts'
import type { Table } from '../../../src/table/table.ts'
import { intercept, once } from '../../support/intercept.ts'
import { createRowTable, openRowTable, rowsOf } from '../../support/row-tables.ts'
import { addVectors } from '../../support/vector-files.ts'

let count = 0
let io: MemoryFileIO
let root: string

beforeEach(() => {
  io = new MemoryFileIO()
  root = `memory://append-compact-${++count}/t`
})

/** A table of so many commits of three rows each, in the partitions a and b by turns. */
async function tableOf(
  commits: number,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Table> {
  await createRowTable(io, root, { options: { bucket: -1, ...options } })
  const table = await openRowTable(io, root)
  for (let c = 0; c < commits; c++) {
    const dt = c % 2 === 0 ? 'a' : 'b'
    await table.write([0, 1, 2].map((i) => ({ dt, id: BigInt(10 * c + i), v: `v${i}` })) as never)
  }
  return await openRowTable(io, root)
}

async function filesOf(table: Table): Promise<readonly DataFileMeta[]> {
  return (await table.read().plan()).splits.flatMap(({ files }) => files)
}

async function idsOf(table: Table, where?: string): Promise<number[]> {
  const rows = await table.read(where === undefined ? {} : { where }).toArray()
  return rows.map(({ id }) => Number(id))
}

test('five small files of a partition become one with the rows in their order', async () => {
  const table = await tableOf(10)
  const before = await idsOf(table, "dt = 'a'")
  const snapshot = await compactAppendTable(table.store, table.schema)
  expect(snapshot).toMatchObject({ commitKind: 'COMPACT', deltaRecordCount: 0 })
  const files = await filesOf(table)
  expect(files.map(({ rowCount, fileSource }) => [rowCount, fileSource])).toEqual([
    [15, 1],
    [15, 1],
  ])
  expect(await idsOf(table, "dt = 'a'")).toEqual(before)
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})

test('fewer files are left alone unless the compaction is a full one, and other partitions always', async () => {
  const table = await tableOf(8)
  expect(await compactAppendTable(table.store, table.schema)).toBeNull()
  const partitions = (await table.read().plan()).splits.map(({ partition }) => partition)
  const partition = (bytes: Uint8Array): boolean => Buffer.from(bytes).equals(partitions[0]!)
  await compactAppendTable(table.store, table.schema, { full: true, partition })
  expect((await filesOf(table)).map(({ rowCount }) => rowCount).toSorted((a, b) => b - a)).toEqual([
    12, 3, 3, 3, 3,
  ])
})

test('plans of a few files at a time come to the same', async () => {
  const table = await tableOf(20, {
    'compaction.file-num-limit': 10,
    'compaction.min.file-num': 5,
  })
  const rows = await rowsOf(table)
  await compactAppendTable(table.store, table.schema)
  expect((await filesOf(table)).length).toBe(2)
  expect(await rowsOf(table)).toEqual(rows)
  expect((await table.latestSnapshot())!.id).toBe(22)
})

test.each([32, 64] as const)(
  'rows deleted by vectors of %i bits are gone with them',
  async (form) => {
    await tableOf(4)
    const deleted: string[] = []
    await addVectors(
      io,
      root,
      (name) => {
        deleted.push(name)
        return deleted.length < 4 ? [1] : []
      },
      { form },
    )
    const table = await openRowTable(io, root)
    const rows = await rowsOf(table)
    expect(rows.length).toBe(9)
    const snapshot = (await compactAppendTable(table.store, table.schema))!
    expect(await rowsOf(table)).toEqual(rows)
    const entries = await table.store.manifests.readIndexEntries(snapshot)
    expect(entries.flatMap(({ indexFile }) => indexFile.deletionVectors ?? [])).toEqual([])
    expect((await table.check({ allSnapshots: true })).damage).toEqual([])
  },
)

test('a compaction whose files are gone meanwhile is a conflict and leaves nothing behind', async () => {
  const table = await tableOf(10)
  const other = await openRowTable(io, root)
  const overtaken = intercept(io, {
    create: {
      before: once('snapshot-11', async () => {
        await compactAppendTable(other.store, other.schema)
      }),
    },
  })
  const slow = await openRowTable(overtaken, root)
  await expect(compactAppendTable(slow.store, slow.schema)).rejects.toMatchObject({
    code: 'CONFLICT',
  })
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect([damage, counts.orphanFiles]).toEqual([[], 0])
  expect((await rowsOf(table)).length).toBe(30)
})
