/** Writers that change the same files at the same time: one of them wins, and nothing that it did is lost. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { readBucketDeletions } from '../../../src/indexes/bucket-deletions.ts'
import { vectorFileOptions } from '../../../src/indexes/deletion-vector-file.ts'
import type { IndexFilePlace } from '../../../src/indexes/index-file.ts'
import { PartitionDeletions } from '../../../src/indexes/partition-deletions.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { EMPTY_INCREMENT } from '../../../src/snapshot/commit-message.ts'
import { abort, commit } from '../../../src/snapshot/commit.ts'
import { dataLayout } from '../../../src/snapshot/data-paths.ts'
import { restoreBuckets } from '../../../src/snapshot/restore.ts'
import { tableOptions } from '../../../src/types/options.ts'
import { encodePartition } from '../../../src/types/partition.ts'
import { partitionFields } from '../../../src/types/schema-keys.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const row = (id: number, v = 'v'): Row => ({ dt: 'a', id: BigInt(id), v })
const rows = (count: number): Row[] => Array.from({ length: count }, (_, i) => row(i))

const io = new MemoryFileIO()

async function freshTable(definition: Readonly<Record<string, unknown>>): Promise<string> {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, { partitionKeys: [], ...definition })
  return root
}

/** Marks one row of the first file as deleted, on what is in the table when it starts; CONFLICT where that has changed. */
async function deleteRow(root: string, position: number): Promise<void> {
  const { store, schema } = await openRowTable(io, root)
  const options = tableOptions(schema.options)
  const totalBuckets = options.get('bucket')
  const bucketed = { partitionFields: partitionFields(schema), totalBuckets }
  const partition = encodePartition([], [])
  const bucket = await (await restoreBuckets(store, bucketed)).bucket(partition, 0)
  const layout = dataLayout(store.location.root, schema)
  const place: IndexFilePlace = {
    io,
    layout,
    partition,
    bucket: 0,
    nextName: () => store.manifests.names.index(),
  }
  const rowCounts = new Map(bucket.files.map(({ fileName, rowCount }) => [fileName, rowCount]))
  const { indexFiles } = bucket
  const indexes = {
    ...place,
    indexFiles,
    rowCountOf: (name: string) => rowCounts.get(name) ?? null,
  }
  const vectors = vectorFileOptions(options)
  const deletions =
    totalBuckets > 0
      ? await readBucketDeletions(io, layout, indexes, vectors.form)
      : new PartitionDeletions(io, layout, indexes, vectors)
  deletions.delete(bucket.files[0]!.fileName, Uint32Array.of(position))
  const change = await deletions.prepare(place)
  const message = { partition, bucket: 0, totalBuckets, ...EMPTY_INCREMENT, ...change }
  const commitUser = randomUUID()
  try {
    await commit({ store, schema }, [message], { commitUser })
  } catch (error) {
    await abort({ store, schema }, [message])
    throw error
  }
}

async function untilDone(act: () => Promise<void>): Promise<number> {
  for (let tries = 1; ; tries++)
    try {
      await act()
      return tries
    } catch (error) {
      if (!(error instanceof LakeError) || error.code !== 'CONFLICT' || tries > 50) throw error
    }
}

test.each([
  ['without counted buckets', { bucket: -1 }],
  ['of counted buckets', { bucket: 1, 'bucket-key': 'id' }],
])('deletions of rows of one file %s that race all happen', async (_, options) => {
  const root = await freshTable({ options: { ...options, 'deletion-vectors.enabled': true } })
  await (await openRowTable(io, root)).write(rows(10))
  const tries = await Promise.all(
    [1, 3, 5, 7, 8].map(async (position) => untilDone(() => deleteRow(root, position))),
  )
  // They started from the same snapshot, so all but one met a conflict.
  expect(tries.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(tries.length)
  const table = await openRowTable(io, root)
  expect(await rowsOf(table)).toEqual([0, 2, 4, 6, 9].map((id) => `a ${id} v`))
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect([damage, counts.orphanFiles]).toEqual([[], 0])
})

const KEYED = { primaryKeys: ['id'], options: { bucket: 1 } }

test('of two compactors of one bucket one wins, and no row is lost', async () => {
  const root = await freshTable(KEYED)
  for (let i = 0; i < 4; i++) await (await openRowTable(io, root)).write(rows(3 + i))
  const tables = await Promise.all([openRowTable(io, root), openRowTable(io, root)])
  await Promise.all(
    tables.map(async (table) => untilDone(async () => void (await table.compact({ full: true })))),
  )
  const table = await openRowTable(io, root)
  expect(await rowsOf(table)).toHaveLength(6)
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})

test('a compaction of rows that were overwritten meanwhile is left out', async () => {
  const root = await freshTable(KEYED)
  for (let i = 0; i < 3; i++) await (await openRowTable(io, root)).write(rows(5))
  const compacting = await openRowTable(io, root)
  await using writer = await compacting.writer()
  await writer.compact({ partition: encodePartition([], []), bucket: 0, full: true })
  const messages = await writer.prepareCommit({ waitForCompaction: true })
  expect(messages[0]!.compactBefore.length).toBeGreaterThan(1)
  await (await openRowTable(io, root)).overwrite([row(100, 'new')])
  const result = await compacting.commit(messages, { user: 'late' })
  expect(result).toMatchObject({ snapshots: [], isCompactionDropped: true })
  expect(await rowsOf(await openRowTable(io, root))).toEqual(['a 100 new'])
})

test('rows that were prepared before an overwrite of all are added to what it left', async () => {
  const root = await freshTable(KEYED)
  const table = await openRowTable(io, root)
  await table.write(rows(3))
  await using writer = await (await openRowTable(io, root)).writer()
  await writer.write([row(1, 'late')])
  const messages = await writer.prepareCommit()
  await table.truncate()
  await table.commit(messages, { user: 'late' })
  expect(await rowsOf(table)).toEqual(['a 1 late'])
})
