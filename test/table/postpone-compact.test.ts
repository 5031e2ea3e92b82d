/** The compaction that decides the buckets of postponed rows. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { compactPostponed } from '../../src/table/postpone-compact.ts'
import type { Table } from '../../src/table/table.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../support/row-tables.ts'

const io = new MemoryFileIO()

const rowsFrom = (from: number, count: number, v: string, dt = 'a'): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: BigInt(from + i), v }))

async function postponedTable(options: Readonly<Record<string, unknown>> = {}): Promise<Table> {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: -2, ...options },
  })
  return await openRowTable(io, root)
}

async function stream(table: Table, ...commits: Row[][]): Promise<void> {
  await using writer = await table.writer()
  for (const rows of commits) {
    await writer.write(rows)
    await writer.commit()
  }
}

const compact = async (table: Table) => await compactPostponed(table.store, table.schema)

async function countsOf(table: Table): Promise<string[]> {
  const snapshot = (await table.latestSnapshot())!
  const entries = await scanEntries(table.store.manifests, snapshot, 'all')
  return [
    ...new Set(entries.map(({ bucket, totalBuckets }) => `${bucket} of ${totalBuckets}`)),
  ].toSorted()
}

test('rows come to their buckets in the order that they were written', async () => {
  const table = await postponedTable({ 'postpone.default-bucket-num': 2 })
  const deletion = { ...rowsFrom(3, 1, 'x')[0], _kind: '-D' }
  await stream(table, rowsFrom(0, 6, 'first'), [...rowsFrom(4, 4, 'second'), deletion])
  const snapshot = await compact(table)
  expect(snapshot!.commitKind).toBe('COMPACT')
  expect(await rowsOf(table)).toEqual([
    ...[0, 1, 2].map((id) => `a ${id} first`),
    ...[4, 5, 6, 7].map((id) => `a ${id} second`),
  ])
  expect(await countsOf(table)).toEqual(['0 of 2', '1 of 2'])
  expect(await compact(table)).toBeNull()
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect(damage).toEqual([])
  expect(counts.orphanFiles).toBe(0)
})

test('a partition keeps its number of buckets, and a later compaction goes on from its files', async () => {
  const table = await postponedTable({ 'postpone.default-bucket-num': 3 })
  await table.write(rowsFrom(0, 20, 'batch'))
  const other = table.withOptions({ 'postpone.default-bucket-num': 1 })
  for (let turn = 0; turn < 3; turn++) {
    await stream(table, rowsFrom(10 + turn, 20, `turn ${turn}`), rowsFrom(0, 5, 'b', 'b'))
    await compact(other)
  }
  const rows = await rowsOf(table)
  expect(rows).toHaveLength(32 + 5)
  expect(rows.filter((row) => row.endsWith('turn 2'))).toHaveLength(20)
  expect(await countsOf(table)).toEqual(['0 of 1', '0 of 3', '1 of 3', '2 of 3'])
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})

test('a changelog of lookups tells the changes once, in the snapshot of the compaction', async () => {
  const table = await postponedTable({ 'changelog-producer': 'lookup' })
  await stream(table, rowsFrom(0, 2, 'old'))
  await compact(table)
  await stream(table, rowsFrom(1, 2, 'new'))
  await compact(table)
  const changes = await Array.fromAsync(table.changes({ from: 'earliest', follow: false }))
  const told = changes.map(({ kind, row }) => `${kind} ${String(row['id'])} ${String(row['v'])}`)
  expect(told.toSorted()).toEqual(['+I 0 old', '+I 1 old', '+I 2 new', '+U 1 new', '-U 1 old'])
})

test('of two compactions of the same rows one is refused', async () => {
  const table = await postponedTable()
  await stream(table, rowsFrom(0, 3, 'v'))
  const outcomes = await Promise.allSettled([compact(table), compact(table)])
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  expect(refused).toMatchObject([{ reason: { code: 'CONFLICT' } }])
  expect(await rowsOf(table)).toHaveLength(3)
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect(damage).toEqual([])
  expect(counts.orphanFiles).toBe(0)
})

test('what batches wrote is compacted too, and shown where reads pass over level 0', async () => {
  const table = await postponedTable({
    'deletion-vectors.enabled': true,
    'postpone.default-bucket-num': 2,
  })
  await table.write([...rowsFrom(0, 10, 'one'), ...rowsFrom(0, 2, 'one', 'b')])
  await table.write(rowsFrom(5, 10, 'two'))
  expect(await rowsOf(table)).toEqual([])
  const { snapshots } = await table.compact()
  expect(snapshots.map(({ commitKind }) => commitKind)).toEqual(['COMPACT'])
  expect(await rowsOf(table)).toHaveLength(15 + 2)
  await stream(table, rowsFrom(10, 10, 'three'))
  await table.compact({ partition: { dt: 'b' } })
  expect(await rowsOf(table)).toHaveLength(15 + 2)
  await table.compact({ partition: { dt: 'a' } })
  const rows = await rowsOf(table)
  expect(rows.filter((row) => row.endsWith('three'))).toHaveLength(10)
  expect(rows).toHaveLength(20 + 2)
  expect(await countsOf(table)).toEqual(['0 of 2', '1 of 2'])
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})
