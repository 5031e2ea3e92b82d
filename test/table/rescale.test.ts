/** Tables and partitions that get another number of buckets. */
import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { rescaleTable, type RescaleOptions } from '../../src/table/rescale.ts'
import type { Table } from '../../src/table/table.ts'
import { intercept, once } from '../support/intercept.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../support/row-tables.ts'

const io = new MemoryFileIO()

const rowsFrom = (from: number, count: number, v: string, dt = 'a'): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: BigInt(from + i), v }))

async function tableWith(
  options: Readonly<Record<string, unknown>>,
  definition: Readonly<Record<string, unknown>> = { primaryKeys: ['dt', 'id'] },
) {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, { ...definition, options })
  return { root, table: await openRowTable(io, root) }
}

const rescale = async (table: Table, options: RescaleOptions) =>
  await rescaleTable(table.store, table.schema, options)

/** The buckets of the live files of each partition. */
async function bucketsOf(table: Table): Promise<string[]> {
  const snapshot = (await table.latestSnapshot())!
  const entries = await scanEntries(table.store.manifests, snapshot, 'all')
  const places = entries.map(({ partition, bucket, totalBuckets }) => {
    const dt = String.fromCodePoint(partition.at(-8)!)
    return `${dt}: ${bucket} of ${totalBuckets}`
  })
  return [...new Set(places)].toSorted()
}

test('a table gets another number of buckets, with its schema, and is written on', async () => {
  const { root, table } = await tableWith({ bucket: 2 })
  await table.write([...rowsFrom(0, 20, 'old'), ...rowsFrom(0, 9, 'old', 'b')])
  await table.delete(rowsFrom(0, 3, ''))
  await table.write(rowsFrom(5, 20, 'new'))
  const before = await rowsOf(table)
  const result = await rescale(table, { buckets: 3 })
  expect(result.partitions).toEqual([
    { partition: 'dt=a', bucketsBefore: 2 },
    { partition: 'dt=b', bucketsBefore: 2 },
  ])
  expect(result.snapshot!.commitKind).toBe('OVERWRITE')
  expect(result.schema).toMatchObject({ id: 1, options: { bucket: '3' } })
  const again = await openRowTable(io, root)
  expect(await rowsOf(again)).toEqual(before)
  expect(await bucketsOf(again)).toEqual(
    ['a', 'b'].flatMap((dt) => [0, 1, 2].map((bucket) => `${dt}: ${bucket} of 3`)),
  )
  await again.write(rowsFrom(0, 1, 'later'))
  expect(await rowsOf(again)).toContain('a 0 later')
  await expect(table.write(rowsFrom(0, 1, 'x'))).rejects.toMatchObject({ code: 'INVALID' })
  expect((await again.check({ allSnapshots: true })).damage).toEqual([])
  expect(await rescale(again, { buckets: 3 })).toEqual({
    partitions: [],
    snapshot: null,
    schema: null,
  })
})

test('partitions may have numbers of their own, and writers that have another one are refused', async () => {
  const { table } = await tableWith({ bucket: 2 })
  await table.write([...rowsFrom(0, 20, 'v'), ...rowsFrom(0, 20, 'v', 'b')])
  const { schema } = await rescale(table, { buckets: 4, partition: { dt: 'b' } })
  expect(schema).toBeNull()
  const buckets = await bucketsOf(table)
  expect(buckets).toEqual([
    ...[0, 1].map((bucket) => `a: ${bucket} of 2`),
    ...[0, 1, 2, 3].map((bucket) => `b: ${bucket} of 4`),
  ])
  await table.write(rowsFrom(0, 1, 'w'))
  await expect(table.write(rowsFrom(0, 1, 'w', 'b'))).rejects.toMatchObject({ code: 'INVALID' })
  expect(await rowsOf(table)).toHaveLength(40)
  expect((await table.check()).damage).toEqual([])
})

test.each([
  ['deletion vectors', { 'deletion-vectors.enabled': true }],
  ['first rows', { 'merge-engine': 'first-row' }],
  ['a changelog of lookups', { 'changelog-producer': 'lookup' }],
])('rows that no compaction has seen yet are kept, with %s', async (_, options) => {
  const { root, table } = await tableWith({ bucket: 1, ...options })
  await table.write(rowsFrom(0, 10, 'old'))
  const writeOnly = table.withOptions({ 'write-only': true })
  await writeOnly.write(rowsFrom(5, 10, 'new'))
  await rescale(table, { buckets: 2 })
  const again = await openRowTable(io, root)
  const rows = await rowsOf(again)
  expect(rows).toHaveLength(15)
  const isFirst = 'merge-engine' in options
  expect(rows.filter((row) => row.endsWith('old'))).toHaveLength(isFirst ? 10 : 5)
  expect((await again.check()).damage).toEqual([])
})

test('rows of a table without primary key keep their number', async () => {
  const { root, table } = await tableWith({ bucket: 2, 'bucket-key': 'id' }, {})
  await table.write([...rowsFrom(0, 20, 'v'), ...rowsFrom(0, 20, 'v')])
  await rescale(table, { buckets: 5 })
  const again = await openRowTable(io, root)
  expect(await rowsOf(again)).toHaveLength(40)
  expect(await bucketsOf(again)).toHaveLength(5)
})

test('a table that postpones buckets gets another number for a partition, and keeps what waits', async () => {
  const { table } = await tableWith({ bucket: -2 })
  await table.write(rowsFrom(0, 20, 'v'))
  await using writer = await table.writer()
  await writer.write(rowsFrom(50, 3, 'waiting'))
  await writer.commit()
  const { schema } = await rescale(table, { buckets: 3 })
  expect(schema).toBeNull()
  expect(await rowsOf(table)).toHaveLength(20)
  expect((await bucketsOf(table)).map((place) => place.slice(3))).toEqual([
    '-2 of -2',
    '0 of 3',
    '1 of 3',
    '2 of 3',
  ])
  await table.write(rowsFrom(0, 20, 'w'))
  expect(await bucketsOf(table)).toHaveLength(4)
})

test('a dry run tells the partitions and changes nothing', async () => {
  const { table } = await tableWith({ bucket: 2 })
  await table.write(rowsFrom(0, 5, 'v'))
  const told = await rescale(table, { buckets: 3, dryRun: true })
  expect(told.partitions).toEqual([{ partition: 'dt=a', bucketsBefore: 2 }])
  expect((await table.latestSnapshot())!.id).toBe(1)
  expect(await table.schemas()).toHaveLength(1)
})

describe('what is refused', () => {
  test('rows that come meanwhile fail the rescaling, and are not lost', async () => {
    const { root, table: other } = await tableWith({ bucket: 2 })
    await other.write(rowsFrom(0, 5, 'v'))
    const meanwhile = once('/snapshot/snapshot-2', async () => {
      await other.write(rowsFrom(100, 1, 'meanwhile'))
    })
    const slow = intercept(io, { create: { before: meanwhile } })
    const table = await openRowTable(slow, root)
    await expect(rescale(table, { buckets: 3 })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await rowsOf(other)).toHaveLength(6)
    const { damage, counts } = await other.check({ allSnapshots: true })
    expect(damage).toEqual([])
    expect(counts.orphanFiles).toBe(0)
  })

  test.each([
    ['a number that is none', { bucket: 2 }, { buckets: 0 }],
    ['a table with dynamic buckets', { bucket: -1 }, { buckets: 2 }],
    ['a partition that is not there', { bucket: 2 }, { buckets: 3, partition: { dt: 'z' } }],
    ['a partition key that is none', { bucket: 2 }, { buckets: 3, partition: { no: 'z' } }],
  ])('%s', async (_, options, request) => {
    const { table } = await tableWith(options)
    await table.write(rowsFrom(0, 5, 'v'))
    await expect(rescale(table, request as RescaleOptions)).rejects.toMatchObject({
      code: 'INVALID',
    })
  })
})
