import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { BucketDeletions, readBucketDeletions } from '../../src/indexes/bucket-deletions.ts'
import { writeVectorFile } from '../../src/indexes/deletion-vector-file.ts'
import { readDeletionVectors, type VectorForm } from '../../src/indexes/deletion-vector.ts'
import type { IndexFilePlace } from '../../src/indexes/index-file.ts'
import { PartitionDeletions } from '../../src/indexes/partition-deletions.ts'
import { bitmapOf, bitmapValues, type RoaringBitmap } from '../../src/indexes/roaring.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { dataLayout, indexFilePath } from '../../src/snapshot/data-paths.ts'
import {
  DELETION_VECTORS_INDEX,
  type IndexFileMeta,
  NO_VECTORS,
} from '../../src/snapshot/index-manifest.ts'
import { metadataNames } from '../../src/snapshot/paths.ts'
import { goldenSchema, goldenStore } from '../support/golden-tables.ts'
import { between, seeded } from '../support/random.ts'
import { vectorFile } from '../support/vector-files.ts'

const EMPTY_ROW = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

async function place(io = new MemoryFileIO()): Promise<IndexFilePlace & { io: MemoryFileIO }> {
  const names = metadataNames('of-the-test')
  const layout = dataLayout('memory://table', await goldenSchema('dv'))
  const partition = EMPTY_ROW
  return { io, layout, partition, bucket: 0, nextName: () => names.index() }
}

function bytesOf(at: IndexFilePlace, indexFile: IndexFileMeta): Promise<Uint8Array> {
  return at.io.read(indexFilePath(at.layout, { ...at, indexFile }))
}

async function rowsOf(
  at: IndexFilePlace,
  indexFiles: readonly IndexFileMeta[],
): Promise<Record<string, number[]>> {
  const rows: Record<string, number[]> = {}
  for (const indexFile of indexFiles) {
    const path = indexFilePath(at.layout, { ...at, indexFile })
    const vectors = await readDeletionVectors(at.io, path, indexFile, () => Infinity)
    for (const [name, vector] of vectors) rows[name] = [...bitmapValues(vector)]
  }
  return rows
}

const vectors = (rows: Record<string, number[]>): Map<string, RoaringBitmap> =>
  new Map(Object.entries(rows).map(([name, each]) => [name, bitmapOf(each)]))

test.each<{ table: string; form: VectorForm }>([
  { table: 'dv', form: 32 },
  { table: 'dv_bitmap64', form: 64 },
  { table: 'iceberg_v3_dv', form: 64 },
])('index files that Java wrote of $table are written byte for byte again', async (golden) => {
  const store = goldenStore(golden.table)
  const layout = dataLayout(store.location.root, await goldenSchema(golden.table))
  let files = 0
  for (const id of await store.snapshots.ids()) {
    const snapshot = await store.snapshots.read(id)
    for (const entry of await store.manifests.readIndexEntries(snapshot)) {
      const { indexFile } = entry
      if (indexFile.indexType !== DELETION_VECTORS_INDEX) continue
      const path = indexFilePath(layout, entry)
      const read = await readDeletionVectors(store.io, path, indexFile, () => Infinity)
      const rows = [...read].map(
        ([name, vector]) => [name, bitmapOf(bitmapValues(vector))] as const,
      )
      const at = await place()
      const written = await writeVectorFile(at, new Map(rows), golden.form)
      expect(await bytesOf(at, written)).toEqual(new Uint8Array(readFileSync(path)))
      expect(written).toEqual({ ...indexFile, fileName: written.fileName })
      files++
    }
  }
  expect(files).toBeGreaterThan(0)
})

test.each<VectorForm>([32, 64])('deleted rows add up in vectors of %i bits', async (form) => {
  const random = seeded(form)
  const at = await place()
  const deletions = new BucketDeletions(vectors({ a: [5] }), form)
  const model = new Map([['a', new Set([5])]])
  for (let i = 0; i < 30; i++) {
    const name = 'abc'[between(random, 0, 3)]!
    const first = between(random, 0, 300_000)
    const step = between(random, 1, 40)
    const rows = Array.from({ length: between(random, 1, 1000) }, (_, n) => first + n * step)
    deletions.delete(name, Uint32Array.from(rows))
    model.set(name, new Set([...(model.get(name) ?? []), ...rows]))
  }
  const expected = Object.fromEntries(
    [...model].map(([name, rows]) => [name, [...rows].toSorted((a, b) => a - b)]),
  )
  const { newIndexFiles, deletedIndexFiles } = await deletions.prepare(at)
  expect(await rowsOf(at, newIndexFiles)).toEqual(expected)
  // That there was none before is told too.
  expect(deletedIndexFiles).toEqual([NO_VECTORS])
  const witness = vectorFile(new Map(Object.entries(expected)), form)
  expect(newIndexFiles[0]!.deletionVectors!.map(({ cardinality }) => cardinality)).toEqual(
    witness.ranges.map(({ cardinality }) => cardinality),
  )
  const restored = await readBucketDeletions(
    at.io,
    at.layout,
    { ...at, indexFiles: newIndexFiles, rowCountOf: () => 1_000_000 },
    form,
  )
  expect([...bitmapValues(restored.of('b')!)]).toEqual(expected['b'])
})

test('a bucket writes a file only when a vector changed, and an empty one when the last is gone', async () => {
  const at = await place()
  const deletions = new BucketDeletions(vectors({ a: [1, 2] }), 32)
  deletions.delete('a', Uint32Array.of(1, 2))
  deletions.removeFile('unknown')
  expect(deletions.isChanged).toBe(false)
  expect(await deletions.prepare(at)).toEqual({ newIndexFiles: [], deletedIndexFiles: [] })
  deletions.removeFile('a')
  expect(deletions.isChanged).toBe(true)
  const { newIndexFiles } = await deletions.prepare(at)
  expect(newIndexFiles).toMatchObject([{ fileSize: 1, rowCount: 0, deletionVectors: [] }])
  expect(await bytesOf(at, newIndexFiles[0]!)).toEqual(Uint8Array.of(1))
  expect(deletions.isChanged).toBe(false)
})

test('a partition writes only the files anew that have the vector of a changed data file', async () => {
  const at = await place()
  const first = await writeVectorFile(at, vectors({ a: [1], b: [2], c: [3] }), 32)
  const second = await writeVectorFile(at, vectors({ d: [4] }), 32)
  const third = await writeVectorFile(at, vectors({ e: [5] }), 32)
  const indexes = { ...at, indexFiles: [first, second, third], rowCountOf: () => 10 }
  const options = { form: 32, targetSizeBytes: 60 } as const
  const deletions = new PartitionDeletions(at.io, at.layout, indexes, options)
  expect(deletions.isChanged).toBe(false)
  deletions.delete('a', Uint32Array.of(0, 1))
  deletions.delete('f', Uint32Array.of(6))
  deletions.removeFile('c')
  deletions.removeFile('e')
  expect([...bitmapValues((await deletions.of('a'))!)]).toEqual([0, 1])
  expect(await deletions.of('e')).toBeUndefined()
  const { newIndexFiles, deletedIndexFiles } = await deletions.prepare(at)
  expect(deletedIndexFiles).toEqual([first, third])
  expect(await rowsOf(at, newIndexFiles)).toEqual({ a: [0, 1], b: [2], f: [6] })
  expect(newIndexFiles.map(({ rowCount }) => rowCount)).toEqual([2, 1])
})

test('a vector that deletes rows beyond its data file is CORRUPT by the name of the index file', async () => {
  const at = await place()
  const file = await writeVectorFile(at, vectors({ a: [9] }), 64)
  const indexes = { ...at, indexFiles: [file], rowCountOf: () => 9 }
  await expect(readBucketDeletions(at.io, at.layout, indexes, 64)).rejects.toMatchObject({
    code: 'CORRUPT',
    path: indexFilePath(at.layout, { ...at, indexFile: file }),
  })
})
