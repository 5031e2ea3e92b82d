/** Which files a scan finds, and which manifests it does not open. */
import { expect, test } from 'vitest'

import type { ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import type { ManifestFileMeta } from '../../src/snapshot/manifest-list.ts'
import { entryAt, fileNameAt } from '../../src/snapshot/manifest-rows.ts'
import {
  type FileFilter,
  mayHoldWanted,
  scanEntries,
  scanManifests,
} from '../../src/snapshot/manifest-scan.ts'
import { ManifestStore } from '../../src/snapshot/manifest-store.ts'
import { mayHoldPartitions, partitionStatsOf } from '../../src/snapshot/partition-stats.ts'
import { manifestPath } from '../../src/snapshot/paths.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { encodeStats } from '../../src/snapshot/stats.ts'
import { Uploads } from '../../src/snapshot/uploads.ts'
import { deserializeBinaryRow } from '../../src/types/binary-row-decode.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { textOf } from '../../src/types/internal-value.ts'
import { encodePartition } from '../../src/types/partition.ts'
import { partitionOf } from '../support/commit-tables.ts'
import { entry, FORMAT, metaOf, testManifests } from '../support/manifests.ts'

const dtOf = (partition: Uint8Array): string =>
  textOf(deserializeBinaryRow([FORMAT.partitionFields[0]!.type], partition)[0] as Uint8Array)

/** Three manifests of one table; `moved` has gone from level 0 to 5, `gone` is deleted. */
async function exampleTable() {
  const manifests = testManifests()
  const moved = entry({ name: 'moved', bucket: 1 })
  const gone = entry({ name: 'gone', dt: 'b' })
  const metas = [
    await manifests.write([entry({ name: 'one' }), moved, gone]),
    await manifests.write([
      { ...moved, kind: 1 },
      { ...moved, file: { ...moved.file, level: 5 } },
      { ...gone, kind: 1 },
    ]),
    await manifests.write([entry({ name: 'two', dt: 'c', bucket: 1, totalBuckets: 4 })]),
  ]
  return { manifests, metas }
}

async function namesOf(mode: 'live' | 'as-is', filter: FileFilter = {}): Promise<string[]> {
  const { manifests, metas } = await exampleTable()
  const chosen = await scanManifests(manifests.store, metas, mode, filter)
  return chosen.flatMap(({ rows, indices }) =>
    Array.from(indices, (row) => {
      const { kind, file } = entryAt(rows, row)
      return `${kind === 0 ? '' : '-'}${file.fileName}@${file.level}`
    }),
  )
}

test('a file that was deleted is not live, one that was moved is live at its new level', async () => {
  expect(await namesOf('live')).toEqual(['one@0', 'moved@5', 'two@0'])
})

test('entries as they are include deletions', async () => {
  expect(await namesOf('as-is')).toEqual([
    'one@0',
    'moved@0',
    'gone@0',
    '-moved@0',
    'moved@5',
    '-gone@0',
    'two@0',
  ])
})

test('a snapshot that deletes a file that was never added is refused, and its manifest named', async () => {
  const { manifests, metas } = await exampleTable()
  const { root, io, store } = manifests
  const uploads = new Uploads(io)
  const { name: baseManifestList } = await store.writeList([metas[1]!], 'null', uploads)
  const { name: deltaManifestList } = await store.writeList([metas[2]!], 'null', uploads)
  await uploads.finish()
  const snapshot = { baseManifestList, deltaManifestList } as Snapshot
  // A store of its own, which reads the manifests back.
  const scan = scanEntries(new ManifestStore(io, root), snapshot, 'all')
  await expect(scan).rejects.toMatchObject({
    code: 'CORRUPT',
    path: manifestPath(root, metas[1]!.fileName),
    message: expect.stringContaining('deletes the file "moved", which was never added') as string,
  })
})

test.each<[string, FileFilter, string[]]>([
  ['a partition', { partition: (bytes) => dtOf(bytes) === 'a' }, ['one@0', 'moved@5']],
  ['a bucket', { buckets: new Set([1]) }, ['moved@5', 'two@0']],
  ['a bucket of four', { bucket: (bucket, total) => total === 4 && bucket === 1 }, ['two@0']],
  ['a level', { level: (level) => level > 0 }, ['moved@5']],
  ['level 0', { level: (level) => level === 0 }, ['one@0', 'two@0']],
  ['a name', { fileName: (name) => name === 'two' }, ['two@0']],
  ['nothing', { fileName: () => false }, []],
])('a scan of %s finds what is live of it', async (_, filter, names) => {
  expect(await namesOf('live', filter)).toEqual(names)
})

test('a partition is asked for once in each manifest', async () => {
  const manifests = testManifests()
  const entries = Array.from({ length: 100 }, (_, i) => entry({ dt: `d${i % 3}` }))
  const asked: string[] = []
  const partition = (bytes: Uint8Array): boolean => asked.push(dtOf(bytes)) > 0
  await scanManifests(manifests.store, [await manifests.write(entries)], 'live', { partition })
  expect(asked).toEqual(['d0', 'd1', 'd2'])
})

const ranges = { minBucket: 2, maxBucket: 4, minLevel: 1, maxLevel: 3 }

test.each<[string, Partial<ManifestFileMeta>, FileFilter, boolean]>([
  ['a bucket inside', ranges, { buckets: new Set([0, 3]) }, true],
  ['buckets outside', ranges, { buckets: new Set([0, 5]) }, false],
  ['buckets, unknown', { minBucket: null, maxBucket: null }, { buckets: new Set([9]) }, true],
  ['a level inside', ranges, { level: (level) => level === 3 }, true],
  ['a level outside', ranges, { level: (level) => level === 0 }, false],
  ['a level, unknown', { minLevel: null }, { level: () => false }, true],
  ['levels that lie', { minLevel: 0, maxLevel: 2 ** 31 - 1 }, { level: () => false }, true],
  ['row ids inside', { minRowId: 5n, maxRowId: 9n }, { rowIds: (_, to) => to > 9n }, true],
  ['row ids outside', { minRowId: 5n, maxRowId: 9n }, { rowIds: (from) => from > 5n }, false],
  ['row ids, unknown', { minRowId: null, maxRowId: null }, { rowIds: () => false }, true],
  ['what it is told', ranges, { manifest: () => false }, false],
])('a manifest is opened for %s', (_, meta, filter, isOpened) => {
  expect(mayHoldWanted(metaOf(meta), filter)).toBe(isOpened)
})

test('manifests without a wanted file are not read', async () => {
  const { manifests, metas } = await exampleTable()
  const unread = { ...metas[0]!, fileName: 'not-there', minBucket: 7, maxBucket: 8 }
  const chosen = await scanManifests(manifests.store, [unread, metas[2]!], 'live', {
    buckets: new Set([1]),
  })
  expect(chosen).toHaveLength(1)
})

const TYPED: DataField[] = [
  { id: 0, name: 'n', type: { kind: 'INT', nullable: true } },
  { id: 1, name: 'b', type: { kind: 'VARBINARY', length: 10, nullable: true } },
]
const types = TYPED.map(({ type }) => type)
const row = (n: number | null, b: number | null): Uint8Array =>
  encodePartition(TYPED, [n, b === null ? null : Uint8Array.of(b)])

test.each([
  ['inside', row(5, 1), true],
  ['on the edge', row(9, 1), true],
  ['above', row(10, 1), false],
  ['null', row(null, 1), true],
])('a manifest may hold a partition %s', (_, partition, may) => {
  const partitionStats = encodeStats(types, [
    { min: 1, max: 9, nullCount: 1 },
    // Binary columns have no bounds.
    { min: null, max: null, nullCount: 0 },
  ])
  expect(mayHoldPartitions(TYPED, [partition])(metaOf({ partitionStats }))).toBe(may)
})

test('a manifest of nulls only holds nulls only, one without nulls holds none', () => {
  const nulls = metaOf({
    partitionStats: encodeStats(types, [
      { min: null, max: null, nullCount: 3 },
      { min: null, max: null, nullCount: 3 },
    ]),
  })
  expect(mayHoldPartitions(TYPED, [row(1, null)])(nulls)).toBe(false)
  expect(mayHoldPartitions(TYPED, [row(null, null)])(nulls)).toBe(true)
  const none = metaOf({
    partitionStats: encodeStats(types, [
      { min: 1, max: 9, nullCount: 0 },
      { min: null, max: null, nullCount: 0 },
    ]),
  })
  expect(mayHoldPartitions(TYPED, [row(null, 1)])(none)).toBe(false)
})

test('statistics of other columns than the partition has are damaged', () => {
  const meta = metaOf()
  const lookup = partitionStatsOf(meta, TYPED)
  expect(() => lookup(0)).toThrow(expect.objectContaining({ code: 'CORRUPT', path: meta.fileName }))
  expect(partitionStatsOf(meta, FORMAT.partitionFields)(0)).toMatchObject({ nullCount: 0 })
  expect(mayHoldPartitions(FORMAT.partitionFields, [partitionOf('a')])(meta)).toBe(true)
})

test('of ten thousand entries a scan finds those of one partition, at their rows', async () => {
  const manifests = testManifests()
  const entries: ManifestEntry[] = Array.from({ length: 10_000 }, (_, i) =>
    entry({ dt: `d${i % 100}`, bucket: i % 2 }),
  )
  const meta = await manifests.write(entries)
  const wanted = partitionOf('d7')
  const [chosen] = await scanManifests(manifests.store, [meta], 'live', {
    partition: (bytes) => Buffer.compare(bytes, wanted) === 0,
  })
  expect(chosen!.indices).toHaveLength(100)
  expect(chosen!.indices.every((index) => index % 100 === 7)).toBe(true)
})

function entryOfRows(name: string, firstRowId: bigint | null): ManifestEntry {
  const made = entry({ name, rowCount: 10 })
  return { ...made, file: { ...made.file, firstRowId } }
}

test('a scan of row ids finds the files that can have them, and those whose rows have none', async () => {
  const manifests = testManifests()
  const starts = { a: 0n, b: 10n, c: 20n, d: null }
  const meta = await manifests.write(
    Object.entries(starts).map(([name, first]) => entryOfRows(name, first)),
  )
  const chosen = await scanManifests(manifests.store, [meta], 'live', {
    rowIds: (from, to) => from < 20n && to > 10n,
  })
  const names = chosen.flatMap(({ rows, indices }) => [...indices].map((i) => fileNameAt(rows, i)))
  expect(names).toEqual(['b', 'd'])
})
