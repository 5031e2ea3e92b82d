/** Compaction behind the writers of append tables with buckets. */
import { beforeEach, describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { DataFileMeta } from '../../../src/snapshot/data-file-meta.ts'
import type { Table } from '../../../src/table/table.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'
import { setOptions } from '../../support/vector-files.ts'

let count = 0
let io: MemoryFileIO
let root: string

beforeEach(() => {
  io = new MemoryFileIO()
  root = `memory://bucket-compact-${++count}/t`
})

async function tableOf(options: Readonly<Record<string, unknown>> = {}): Promise<Table> {
  await createRowTable(io, root, {
    partitionKeys: [],
    options: { bucket: 1, 'bucket-key': 'id', ...options },
  })
  return await openRowTable(io, root)
}

const rowsFrom = (from: number): never =>
  [0, 1, 2].map((i) => ({ dt: 'a', id: BigInt(from + i), v: `v${from + i}` })) as never

async function filesOf(table: Table): Promise<readonly DataFileMeta[]> {
  return (await table.read().plan()).splits.flatMap(({ files }) => files)
}

async function idsOf(table: Table): Promise<number[]> {
  return (await table.read().toArray()).map(({ id }) => Number(id))
}

const upTo = (end: number): number[] => [...Array(end).keys()]

test('the fifth small file of a bucket makes all of them one, in a commit of its own', async () => {
  const table = await tableOf()
  for (let c = 0; c < 5; c++) await table.write(rowsFrom(3 * c))
  expect((await table.snapshots()).map(({ commitKind }) => commitKind)).toEqual([
    ...Array<string>(5).fill('APPEND'),
    'COMPACT',
  ])
  const [file, ...others] = await filesOf(table)
  expect(others).toEqual([])
  expect(file).toMatchObject({
    rowCount: 15,
    minSequenceNumber: 0n,
    maxSequenceNumber: 14n,
    fileSource: 1,
  })
  expect(await idsOf(table)).toEqual(upTo(15))
})

test('a writer of many commits compacts again and again, and leaves nothing behind', async () => {
  const table = await tableOf()
  await using writer = await table.writer()
  for (let c = 0; c < 30; c++) {
    await writer.write(rowsFrom(3 * c))
    await writer.commit()
  }
  await writer.close()
  expect(await idsOf(table)).toEqual(upTo(90))
  expect((await filesOf(table)).length).toBeLessThanOrEqual(10)
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect([damage, counts.orphanFiles]).toEqual([[], 0])
})

test('with write-only nothing is compacted', async () => {
  const table = await tableOf({ 'write-only': true })
  for (let c = 0; c < 6; c++) await table.write(rowsFrom(3 * c))
  expect((await filesOf(table)).length).toBe(6)
})

describe.each(['32', '64'])('with deletion vectors of %s bits', (bits) => {
  test('a compaction leaves out the rows that are deleted, and their vectors', async () => {
    await tableOf()
    const vectors = {
      'deletion-vectors.enabled': 'true',
      'deletion-vectors.bitmap64': String(bits === '64'),
    }
    await setOptions(io, root, vectors)
    const table = await openRowTable(io, root)
    for (let c = 0; c < 4; c++) await table.write(rowsFrom(3 * c))
    await table.deleteWhere('id in (1, 5, 6)')
    await table.write(rowsFrom(12))
    const files = await filesOf(table)
    expect(files.map(({ rowCount }) => rowCount)).toEqual([12])
    expect(await idsOf(table)).toEqual(upTo(15).filter((id) => ![1, 5, 6].includes(id)))
    const { manifests } = table.store
    const entries = await manifests.readIndexEntries((await table.latestSnapshot())!)
    expect(entries.flatMap(({ indexFile }) => indexFile.deletionVectors ?? [])).toEqual([])
    expect((await table.check({ allSnapshots: true })).damage).toEqual([])
  })

  test('rows deleted while a writer is open are not brought back by its compaction', async () => {
    await tableOf()
    await setOptions(io, root, { 'deletion-vectors.enabled': 'true' })
    const table = await openRowTable(io, root)
    await using writer = await table.writer()
    for (let c = 0; c < 12; c++) {
      await writer.write(rowsFrom(3 * c))
      await writer.commit()
      await (await openRowTable(io, root)).deleteWhere(`id = ${3 * c + 1}`)
    }
    await writer.close()
    expect(await idsOf(table)).toEqual(upTo(36).filter((id) => id % 3 !== 1))
    expect((await table.check({ allSnapshots: true })).damage).toEqual([])
  })
})
