/** Tables that decide the bucket of a row later (`bucket` = -2): what streams and batches write, and what is read. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { scanEntries } from '../../../src/snapshot/manifest-scan.ts'
import type { Table } from '../../../src/table/table.ts'
import { intercept, once } from '../../support/intercept.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const io = new MemoryFileIO()

const rowsFrom = (from: number, count: number, v: string, dt = 'a'): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: BigInt(from + i), v }))

async function postponedTable(options: Readonly<Record<string, unknown>> = {}) {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: -2, ...options },
  })
  return { root, table: await openRowTable(io, root) }
}

async function filesOf(table: Table) {
  const snapshot = (await table.latestSnapshot())!
  return await scanEntries(table.store.manifests, snapshot, 'all')
}

/** The buckets of the live files, with the number of buckets of their partitions. */
async function placesOf(table: Table): Promise<string[]> {
  const files = await filesOf(table)
  return [
    ...new Set(files.map(({ bucket, totalBuckets }) => `${bucket} of ${totalBuckets}`)),
  ].toSorted()
}

async function stream(table: Table, rows: readonly Row[], commitUser = 'job'): Promise<void> {
  await using writer = await table.writer({ commitUser })
  await writer.write(rows)
  await writer.commit()
}

test('a stream puts rows down as they come, to be read once their buckets are decided', async () => {
  const { table } = await postponedTable()
  const deleted = { ...rowsFrom(3, 1, 'gone')[0], _kind: '-D' }
  await stream(table, [...rowsFrom(5, 2, 'x'), ...rowsFrom(1, 3, 'y'), deleted])
  const [entry, ...others] = await filesOf(table)
  expect(others).toEqual([])
  expect(entry).toMatchObject({ bucket: -2, totalBuckets: -2 })
  expect(entry!.file).toMatchObject({
    fileName: expect.stringMatching(/^data--u-job-s-\d+-w-[-0-9a-f]{36}-0\.avro$/),
    rowCount: 6,
    level: 0,
    deleteRowCount: 1,
    minSequenceNumber: -1n,
    maxSequenceNumber: -1n,
    valueStatsCols: [],
  })
  expect(await rowsOf(table)).toEqual([])
  const changes = await Array.fromAsync(table.changes({ from: 'earliest', follow: false }))
  expect(changes.map(({ row }) => row['id'])).toEqual([5n, 6n, 1n, 2n, 3n, 3n])
  expect((await table.check()).damage).toEqual([])
})

test('a batch decides the buckets at once, by the number that a partition has', async () => {
  const { root, table } = await postponedTable({ 'postpone.default-bucket-num': 3 })
  await table.write(rowsFrom(0, 30, 'v'))
  expect(await placesOf(table)).toEqual(['0 of 3', '1 of 3', '2 of 3'])
  const other = (await openRowTable(io, root)).withOptions({ 'postpone.default-bucket-num': 5 })
  await other.write([...rowsFrom(0, 40, 'w'), ...rowsFrom(0, 40, 'w', 'b')])
  await other.delete(rowsFrom(0, 10, ''))
  expect(await rowsOf(table)).toHaveLength(70)
  expect(await placesOf(table)).toEqual([
    '0 of 3',
    '0 of 5',
    '1 of 3',
    '1 of 5',
    '2 of 3',
    '2 of 5',
    '3 of 5',
    '4 of 5',
  ])
  expect((await table.check()).damage).toEqual([])
})

test('a batch postpones buckets too where it is told to', async () => {
  const { table } = await postponedTable({ 'postpone.batch-write-fixed-bucket': false })
  await table.write(rowsFrom(0, 5, 'v'))
  expect(await placesOf(table)).toEqual(['-2 of -2'])
})

test('rows whose columns Avro cannot hold are postponed in the format of the table', async () => {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, {
    fields: [
      { name: 'dt', type: 'STRING NOT NULL' },
      { name: 'id', type: 'TIMESTAMP(9) NOT NULL' },
    ],
    primaryKeys: ['dt', 'id'],
    options: { bucket: -2 },
  })
  const table = await openRowTable(io, root)
  await stream(table, [{ dt: 'a', id: '2020-01-01T00:00:00.000000001' }])
  const [{ file }] = (await filesOf(table)) as [Awaited<ReturnType<typeof filesOf>>[0]]
  expect(file.fileName).toMatch(/\.parquet$/)
})

test('of two batches that give a new partition different numbers of buckets one is refused', async () => {
  const { root, table } = await postponedTable()
  const other = (await openRowTable(io, root)).withOptions({ 'postpone.default-bucket-num': 2 })
  const meanwhile = once('/snapshot/snapshot-1', async () => {
    await other.write(rowsFrom(0, 5, 'other'))
  })
  const slow = await openRowTable(intercept(io, { create: { before: meanwhile } }), root)
  await expect(slow.write(rowsFrom(0, 5, 'v'))).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await placesOf(table)).toEqual(['0 of 2', '1 of 2'])
})

test.each([
  ['partial-update', {}],
  ['first-row', {}],
  ['aggregation', { 'fields.v.aggregate-function': 'max' }],
])('a deletion that %s cannot merge is refused when it is written', async (engine, options) => {
  const { table } = await postponedTable({ 'merge-engine': engine, ...options })
  const deletion = { ...rowsFrom(1, 1, 'v')[0], _kind: '-D' }
  await expect(stream(table, [deletion])).rejects.toMatchObject({ code: 'INVALID' })
  expect(await table.latestSnapshot()).toBeNull()
})
