/** Tables whose buckets grow with their keys: a key stays where it is, and new keys fill one bucket after another. */
import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { readHashIndex } from '../../../src/indexes/hash-index.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { dataLayout, indexFilePath } from '../../../src/snapshot/data-paths.ts'
import { latin1Of } from '../../../src/snapshot/metadata-columns.ts'
import type { Table } from '../../../src/table/table.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const io = new MemoryFileIO()

const rowsFrom = (from: number, count: number, v: string, dt = 'a'): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: BigInt(from + i), v }))

async function dynamicTable(options: Readonly<Record<string, unknown>>) {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: -1, ...options },
  })
  return { root, table: await openRowTable(io, root) }
}

/** How many keys each bucket's index has, and the hashes of all with their partitions. */
async function indexOf(table: Table) {
  const snapshot = (await table.latestSnapshot())!
  const layout = dataLayout(table.path, table.schema)
  const counts: Record<number, number> = {}
  const hashes: string[] = []
  for (const entry of await table.store.manifests.readIndexEntries(snapshot)) {
    const own = await readHashIndex(io, layout, entry)
    counts[entry.bucket] = (counts[entry.bucket] ?? 0) + own.length
    for (const hash of own) hashes.push(`${latin1Of(entry.partition)} ${hash}`)
  }
  return { counts, hashes }
}

async function expectSound(table: Table, rowCount: number): Promise<void> {
  expect(await rowsOf(table)).toHaveLength(rowCount)
  const { hashes } = await indexOf(table)
  expect(new Set(hashes).size).toBe(hashes.length)
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
}

describe('keys', () => {
  test('fill a bucket before the next, and stay in theirs', async () => {
    const { root, table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 10 })
    await table.write(rowsFrom(0, 25, 'first'))
    expect((await indexOf(table)).counts).toEqual({ 0: 10, 1: 10, 2: 5 })
    const again = await openRowTable(io, root)
    await again.write([...rowsFrom(0, 25, 'second'), ...rowsFrom(100, 8, 'new')])
    expect((await indexOf(table)).counts).toEqual({ 0: 10, 1: 10, 2: 10, 3: 3 })
    await again.delete(rowsFrom(0, 5, ''))
    await expectSound(table, 28)
  })

  test('beyond the most buckets go to full ones', async () => {
    const { table } = await dynamicTable({
      'dynamic-bucket.target-row-num': 5,
      'dynamic-bucket.max-buckets': 3,
    })
    await table.write(rowsFrom(0, 60, 'v'))
    const { counts } = await indexOf(table)
    expect(Object.keys(counts)).toEqual(['0', '1', '2'])
    expect(Object.values(counts).reduce((a, b) => a + b)).toBe(60)
    await table.write(rowsFrom(0, 60, 'w'))
    await expectSound(table, 60)
  })

  test('are spread over the initial buckets at once', async () => {
    const { table } = await dynamicTable({ 'dynamic-bucket.initial-buckets': 4 })
    await table.write(rowsFrom(0, 200, 'v'))
    expect(Object.keys((await indexOf(table)).counts)).toEqual(['0', '1', '2', '3'])
    await table.write(rowsFrom(0, 200, 'w'))
    await expectSound(table, 200)
  })
})

test('a commit that adds no key leaves the index as it is', async () => {
  const { table } = await dynamicTable({})
  const first = await table.write(rowsFrom(0, 5, 'v'))
  const second = await table.write(rowsFrom(0, 5, 'w'))
  expect(second!.indexManifest).toBe(first!.indexManifest)
})

describe('two writers', () => {
  test('that take turns find the keys of the other', async () => {
    const { root, table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 10 })
    const other = await openRowTable(io, root)
    await using a = await table.writer()
    await using b = await other.writer()
    for (let turn = 0; turn < 4; turn++) {
      const writer = turn % 2 === 0 ? a : b
      await writer.write([
        ...rowsFrom(turn * 7, 14, `turn ${turn}`),
        ...rowsFrom(turn, 5, 'x', 'b'),
      ])
      await writer.commit()
    }
    expect(await rowsOf(table)).toHaveLength(35 + 8)
    await expectSound(table, 35 + 8)
  })

  test('of which one was overtaken with its own keys is refused', async () => {
    const { root, table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 1 })
    const other = await openRowTable(io, root)
    await using writer = await table.writer()
    await writer.write(rowsFrom(0, 4, 'mine'))
    await other.write(rowsFrom(0, 4, 'theirs').toReversed())
    await expect(writer.commit()).rejects.toMatchObject({ code: 'CONFLICT' })
    await expectSound(table, 4)
  })

  test('of which one was overtaken with other keys keep both', async () => {
    const { root, table } = await dynamicTable({})
    const other = await openRowTable(io, root)
    await using writer = await table.writer()
    await writer.write(rowsFrom(0, 4, 'mine'))
    await other.write(rowsFrom(10, 4, 'theirs'))
    await writer.commit()
    await expectSound(table, 8)
    expect((await indexOf(table)).hashes).toHaveLength(8)
  })
})

test('keys of a commit that never happened are in the index of the next', async () => {
  const { table } = await dynamicTable({})
  await using writer = await table.writer()
  await writer.write(rowsFrom(0, 4, 'dropped'))
  await table.abort(await writer.prepareCommit())
  await writer.write(rowsFrom(2, 4, 'kept'))
  await writer.commit()
  await expectSound(table, 4)
  const { hashes } = await indexOf(table)
  expect(hashes).toHaveLength(6)
})

describe('what takes rows away', () => {
  test('an overwrite starts the index of its partitions anew', async () => {
    const { root, table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 10 })
    await using writer = await table.writer()
    await writer.write([...rowsFrom(0, 25, 'old'), ...rowsFrom(0, 3, 'old', 'b')])
    await writer.commit()
    await (await openRowTable(io, root)).overwrite(rowsFrom(20, 10, 'new'))
    expect((await indexOf(table)).counts).toEqual({ 0: 13 })
    await writer.write(rowsFrom(15, 10, 'later'))
    await writer.commit()
    expect((await indexOf(table)).counts).toEqual({ 0: 13, 1: 5 })
    expect(await rowsOf(table)).toHaveLength(15 + 3)
    await expectSound(table, 15 + 3)
  })

  test('a dropped partition has no index', async () => {
    const { table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 10 })
    await table.write([...rowsFrom(0, 15, 'v'), ...rowsFrom(0, 3, 'v', 'b')])
    await table.dropPartitions([{ dt: 'a' }])
    expect((await indexOf(table)).counts).toEqual({ 0: 3 })
    await table.write(rowsFrom(10, 5, 'w'))
    expect(await rowsOf(table)).toHaveLength(8)
    await expectSound(table, 8)
  })
})

test('compaction leaves keys in their buckets', async () => {
  const { table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 10 })
  for (let turn = 0; turn < 3; turn++) await table.write(rowsFrom(5 * turn, 15, `turn ${turn}`))
  const before = await indexOf(table)
  const { snapshots } = await table.compact({ full: true })
  expect(snapshots).not.toHaveLength(0)
  expect((await indexOf(table)).counts).toEqual(before.counts)
  await table.write(rowsFrom(0, 25, 'last'))
  expect(await rowsOf(table)).toHaveLength(25)
  await expectSound(table, 25)
})

test('check finds keys that are in the index of two buckets, and files that were cut', async () => {
  const { table } = await dynamicTable({ 'dynamic-bucket.target-row-num': 10 })
  await table.write(rowsFrom(0, 20, 'v'))
  const snapshot = (await table.latestSnapshot())!
  const layout = dataLayout(table.path, table.schema)
  const [first, second] = await table.store.manifests.readIndexEntries(snapshot)
  const paths = [first!, second!].map((entry) => indexFilePath(layout, entry))
  await io.write(paths[1]!, await io.read(paths[0]!))
  const twice = { path: paths[1], what: 'has 10 keys that other buckets of the partition have too' }
  expect((await table.check()).damage).toEqual([twice])
  await io.write(paths[1]!, new Uint8Array(39))
  expect((await table.check()).damage).toMatchObject([{ path: paths[1] }])
  const again = await openRowTable(io, table.path)
  await expect(again.write(rowsFrom(0, 1, 'w'))).rejects.toMatchObject({ code: 'CORRUPT' })
})
