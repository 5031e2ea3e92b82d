/** Partitions that are past their time go away, by their values or by their files. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { expireDuePartitions } from '../../../src/table/maintain/due-partitions.ts'
import type { Table } from '../../../src/table/table.ts'
import type { Clock } from '../../../src/util/async.ts'
import { createRowTable, openRowTable, rowsOf } from '../../support/row-tables.ts'

const at = (time: string): Clock => ({
  now: () => new Date(`${time}T00:00:00`).getTime(),
  sleep: async () => {},
})

const inDays = (count: number): Clock => ({
  now: () => Date.now() + count * 86_400_000,
  sleep: async () => {},
})

async function tableOf(
  options: Readonly<Record<string, string>>,
  days: readonly string[] = ['2026-11-01', '2026-11-10', '2026-11-20', 'other'],
): Promise<Table> {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  const all = { bucket: '1', 'partition.expiration-time': '10 d', ...options }
  await createRowTable(io, root, { primaryKeys: ['dt', 'id'], options: all })
  const table = (await openRowTable(io, root)).withOptions({ 'write-only': true })
  await table.write(days.map((dt) => ({ dt, id: 1n, v: 'x' })))
  return await openRowTable(io, root)
}

const partitionsOf = async (table: Table): Promise<string[]> =>
  (await rowsOf(table)).map((row) => row.split(' ')[0]!)

test('partitions go by their values, and those without a time stay', async () => {
  const table = await tableOf({})
  const clock = at('2026-11-20')
  const wouldGo = await table.expirePartitions({ clock, dryRun: true })
  expect(wouldGo.snapshots).toEqual([])
  expect(await partitionsOf(table)).toHaveLength(4)

  const gone = await table.expirePartitions({ clock })
  // The tenth is ten days old, and not yet older.
  expect(gone.partitions).toEqual([
    { path: 'dt=2026-11-01', fileCount: 1, rowCount: 1, sizeBytes: expect.any(Number) },
  ])
  expect(gone).toMatchObject({ ...wouldGo, snapshots: [{ id: 2, commitKind: 'OVERWRITE' }] })
  expect(gone.untimed).toEqual(['dt=other'])
  expect(await partitionsOf(table)).toEqual(['2026-11-10', '2026-11-20', 'other'])
})

test('so many go at once, in commits of so many', async () => {
  const options = { 'partition.expiration-max-num': '2', 'partition.expiration-batch-size': '1' }
  const table = await tableOf(options, ['2026-11-03', '2026-11-01', '2026-11-02'])
  const { partitions, leftCount, snapshots } = await table.expirePartitions({
    clock: at('2026-12-01'),
  })
  expect(partitions.map(({ path }) => path)).toEqual(['dt=2026-11-01', 'dt=2026-11-02'])
  expect({ leftCount, commits: snapshots.length }).toEqual({ leftCount: 1, commits: 2 })
})

test('partitions go by their youngest file', async () => {
  const table = await tableOf({ 'partition.expiration-strategy': 'update-time' })
  expect((await table.expirePartitions({ clock: inDays(9) })).partitions).toEqual([])
  expect((await table.expirePartitions({ clock: inDays(11) })).partitions).toHaveLength(4)
  expect(await partitionsOf(table)).toEqual([])
})

test('commits look for them once in the interval', async () => {
  const table = await tableOf({ 'partition.expiration-check-interval': '1 h' })
  const { store, schema } = table
  const start = new Date('2026-11-10T10:00:00').getTime()
  const identifier = 7n
  const snapshotAt = async (minutes: number): Promise<number> => {
    const clock = { now: () => start + minutes * 60_000, sleep: async () => {} }
    await expireDuePartitions({ store, schema, clock, commitUser: 'job', identifier }, () => 0.5)
    return (await table.latestSnapshot())!.id
  }
  const seen: number[] = []
  for (const minutes of [0, 30, 31, 60 * 24 * 2, 60 * 24 * 2 + 59]) {
    seen.push(await snapshotAt(minutes))
  }
  // The first is at a random time within the interval; then one is due two days later, when nothing else has expired.
  expect(seen).toEqual([1, 1, 1, 2, 2])
  expect(await table.latestSnapshot()).toMatchObject({
    commitUser: 'job',
    commitIdentifier: identifier,
  })
})

test('writers drop them after their commits, and go on', async () => {
  const table = await tableOf({ 'partition.expiration-check-interval': '0 s' }, ['1970-01-01'])
  await using writer = await table.writer({ commitUser: 'job' })
  for (const id of [1n, 2n]) {
    await writer.write([{ dt: '9999-01-01', id, v: 'y' }])
    const { upkeepErrors } = await writer.commit({ identifier: id })
    expect(upkeepErrors).toEqual([])
  }
  expect(await partitionsOf(table)).toEqual(['9999-01-01', '9999-01-01'])
  const commits = (await table.snapshots()).map(({ commitKind }) => commitKind)
  expect(commits).toEqual(['APPEND', 'APPEND', 'OVERWRITE', 'APPEND'])
})

test.each([
  [{ 'partition.expiration-time': '' }, 'INVALID'],
  [{ 'partition.timestamp-formatter': 'dd MMM' }, 'UNSUPPORTED'],
])('%o is %s', async (options, code) => {
  const io = new MemoryFileIO()
  await createRowTable(io, 'memory://m/t', { partitionKeys: [], options: { bucket: -1 } })
  const flat = await openRowTable(io, 'memory://m/t')
  await expect(flat.expirePartitions({ expirationTime: '1 ms' })).rejects.toMatchObject({
    code: 'INVALID',
  })
  await expect(
    tableOf(options).then((table) => table.expirePartitions({ clock: at('2026-11-20') })),
  ).rejects.toMatchObject({ code })
})

test('rows of partitions that tell no time are refused where the table asks for one', async () => {
  const options = {
    'partition.timestamp-format.strict': 'true',
    'partition.timestamp-formatter': 'yyyy-MM-dd',
  }
  const table = await tableOf(options, ['2026-11-01'])
  await expect(table.write([{ dt: 'other', id: 1n, v: 'x' }])).rejects.toMatchObject({
    code: 'INVALID',
    message: 'the partition dt=other tells no time',
  })
  expect(await partitionsOf(table)).toEqual(['2026-11-01'])
})
