/** Manifests: what is written, when a new one is begun, and what is refused. */
import { expect, test } from 'vitest'

import { decodeAvro } from '../../src/format/avro/reader.ts'
import { encodeAvro } from '../../src/format/avro/writer.ts'
import {
  decodeIndexManifest,
  encodeIndexManifest,
  type IndexManifestEntry,
} from '../../src/snapshot/index-manifest.ts'
import type { ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import { decodeManifest, ManifestWriter } from '../../src/snapshot/manifest-file.ts'
import {
  decodeManifestList,
  encodeManifestList,
  type ManifestFileMeta,
} from '../../src/snapshot/manifest-list.ts'
import { entryAt, identityAt, identityOf, rowsOfEntries } from '../../src/snapshot/manifest-rows.ts'
import {
  INDEX_MANIFEST_FIELDS,
  MANIFEST_FIELDS,
  MANIFEST_LIST_FIELDS,
} from '../../src/snapshot/manifest-types.ts'
import type { Batch, Column, FixedColumn, FixedValues } from '../../src/types/column.ts'
import { LakeError } from '../../src/util/errors.ts'
import { partitionOf } from '../support/commit-tables.ts'
import { entry, FORMAT, metaOf, testManifests } from '../support/manifests.ts'

const INDEX_ENTRY = {
  kind: 0,
  partition: partitionOf('a'),
  bucket: 0,
  indexFile: {
    indexType: 'DELETION_VECTORS',
    fileName: 'index-1-0',
    fileSize: 35,
    rowCount: 1,
    deletionVectors: [{ dataFileName: 'f', offset: 1, length: 26, cardinality: 3 }],
    externalPath: null,
    globalIndex: null,
  },
}

async function writeAll(
  entries: readonly ManifestEntry[],
  targetSizeBytes = FORMAT.targetSizeBytes,
): Promise<{ meta: ManifestFileMeta; bytes: Uint8Array }[]> {
  const stored: { meta: ManifestFileMeta; bytes: Uint8Array }[] = []
  const writer = new ManifestWriter({
    ...FORMAT,
    targetSizeBytes,
    nextName: () => `manifest-x-${stored.length}`,
    store: async (meta, bytes) => {
      stored.push({ meta, bytes })
    },
  })
  await writer.write(rowsOfEntries(entries))
  expect(await writer.finish()).toEqual(stored.map(({ meta }) => meta))
  return stored
}

test('an entry keeps everything, present or not', async () => {
  const whole = entry({ kind: 'DELETE', level: 3, bucket: 1 })
  const entries = [
    whole,
    {
      ...whole,
      file: {
        ...whole.file,
        extraFiles: ['a.index', 'b.index'],
        creationTime: null,
        deleteRowCount: null,
        embeddedFileIndex: Uint8Array.of(1, 2, 3),
        fileSource: null,
        valueStats: { ...whole.file.valueStats, nullCounts: [null, 5, 0] },
        keyStats: { ...whole.file.keyStats, nullCounts: null },
        valueStatsCols: null,
        externalPath: 's3://other/größe.parquet',
        firstRowId: 77n,
        writeCols: ['v', 'größe'],
        minSequenceNumber: -(2n ** 63n),
        maxSequenceNumber: 2n ** 63n - 1n,
      },
    },
  ]
  const [written] = await writeAll(entries)
  const rows = decodeManifest('again', written!.bytes, written!.meta)
  expect(entries.map((_, row) => entryAt(rows, row))).toEqual(entries)
  expect(entries.map((_, row) => identityAt(rows, row))).toEqual(entries.map(identityOf))
})

test('files are told apart by partition, bucket, level, name and what belongs to them', () => {
  const base = entry({ name: 'f' })
  const others: ManifestEntry[] = [
    { ...base, partition: partitionOf('b') },
    { ...base, bucket: 1 },
    { ...base, file: { ...base.file, level: 5 } },
    { ...base, file: { ...base.file, fileName: 'g' } },
    { ...base, file: { ...base.file, extraFiles: ['f.index'] } },
    { ...base, file: { ...base.file, embeddedFileIndex: Uint8Array.of(1) } },
    { ...base, file: { ...base.file, externalPath: 's3://b/f' } },
  ]
  expect(new Set([base, ...others].map(identityOf)).size).toBe(8)
  expect(identityOf({ ...base, kind: 1, totalBuckets: 9 })).toBe(identityOf(base))
})

test('a full manifest is followed by another, and no entry is lost between them', async () => {
  const entries = Array.from({ length: 5_500 }, (_, i) => entry({ dt: `d${i % 7}`, bucket: i % 2 }))
  const written = await writeAll(entries, 50_000)
  expect(written.length).toBeGreaterThan(1)
  const again = written.flatMap(({ meta, bytes }) => {
    const rows = decodeManifest(meta.fileName, bytes, meta)
    return Array.from({ length: rows.length }, (_, row) => entryAt(rows, row).file.fileName)
  })
  expect(again).toEqual(entries.map(({ file }) => file.fileName))
})

test('no entries, no manifest', async () => {
  expect(await writeAll([])).toEqual([])
})

test('a list says of a manifest what its entries span', async () => {
  const [written] = await writeAll([
    entry({ dt: 'm', bucket: 1, level: 2 }),
    entry({ dt: 'b', bucket: 0, level: 5, kind: 'DELETE' }),
    entry({ dt: 'z', bucket: 1, level: 0 }),
  ])
  expect(written!.meta).toEqual(
    metaOf({
      fileName: 'manifest-x-0',
      fileSize: written!.bytes.length,
      numAddedFiles: 2,
      numDeletedFiles: 1,
      minBucket: 0,
      maxBucket: 1,
      minLevel: 0,
      maxLevel: 5,
      dts: ['b', 'z'],
    }),
  )
})

/** The batch with one value of a column of numbers replaced; `path` leads to the column through structs. */
function withValue(
  batch: Batch,
  path: readonly number[],
  row: number,
  value: number | bigint,
): Batch {
  const [index, ...rest] = path
  const columns = batch.columns.map((column, i): Column => {
    if (i !== index) return column
    if (rest.length > 0 && column.layout === 'struct') {
      const inner = { length: batch.length, columns: column.children }
      return { ...column, children: withValue(inner, rest, row, value).columns }
    }
    const fixed = column as FixedColumn
    const values = fixed.values.slice() as FixedValues
    values[row] = value as never
    return { ...fixed, values }
  })
  return { length: batch.length, columns }
}

test.each<[string, readonly number[], number | bigint, string]>([
  ['a version before', [0], 1, 'UNSUPPORTED'],
  ['a newer version', [0], 3, 'UNSUPPORTED'],
  ['an unknown kind', [1], 2, 'CORRUPT'],
  ['a negative kind', [1], -1, 'CORRUPT'],
  ['a bucket below the postponed one', [3], -3, 'CORRUPT'],
  ['a negative level', [5, 10], -1, 'CORRUPT'],
  ['a negative size', [5, 1], -1n, 'CORRUPT'],
  ['more rows than a number holds', [5, 2], 2n ** 60n, 'CORRUPT'],
  ['a negative schema', [5, 9], -5n, 'CORRUPT'],
])('an entry with %s is refused', (_, path, value, code) => {
  const { batch } = rowsOfEntries([entry(), entry()])
  const bytes = encodeAvro(MANIFEST_FIELDS, [withValue(batch, path, 1, value)])
  const read = (): unknown => {
    const rows = decodeManifest('manifest-1-0', bytes)
    return entryAt(rows, 1)
  }
  expect(read).toThrow(expect.objectContaining({ code }))
})

test('a list that counts other entries than the manifest has is refused', async () => {
  const [written] = await writeAll([entry(), entry()])
  const meta = { ...written!.meta, numAddedFiles: 3 }
  expect(() => decodeManifest('manifest-1-0', written!.bytes, meta)).toThrow(
    expect.objectContaining({ code: 'CORRUPT', path: 'manifest-1-0' }),
  )
})

test('a manifest or list of another size than is said of it is refused', async () => {
  const manifests = testManifests(0)
  const { io, root, store } = manifests
  const meta = await manifests.write([entry()])
  const path = `${root}/manifest/${meta.fileName}`
  const bytes = await io.read(path)
  await io.write(path, Buffer.concat([bytes, Uint8Array.of(0)]))
  await expect(store.readManifest(meta)).rejects.toMatchObject({ code: 'CORRUPT', path })
})

test.each(['../../x', '/etc/passwd', 's3://b/x', '..', '', 'a/b', 'a\\b', 'a\0'])(
  'a list that names a manifest %j is refused before anything is read',
  async (fileName) => {
    const { io, root, store } = testManifests()
    const before = io.stats().requestCounts
    const meta = metaOf({ fileName })
    await expect(store.readManifest(meta)).rejects.toMatchObject({
      code: 'CORRUPT',
      path: `${root}/manifest`,
    })
    await expect(store.readList(fileName, undefined)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(io.stats().requestCounts).toEqual(before)
  },
)

test('files that are cut anywhere, or have any byte changed, are an error or the same rows', async () => {
  const [manifest] = await writeAll([entry(), entry({ dt: 'b', kind: 'DELETE' })])
  const cases: [Uint8Array, (bytes: Uint8Array) => unknown][] = [
    [manifest!.bytes, (bytes) => entryAt(decodeManifest('f', bytes), 0)],
    [encodeManifestList([metaOf(), metaOf()], 'null'), (bytes) => decodeManifestList('f', bytes)],
    [encodeIndexManifest([INDEX_ENTRY], 'null'), (bytes) => decodeIndexManifest('f', bytes)],
  ]
  for (const [bytes, decode] of cases) {
    for (let length = 0; length < bytes.length; length++)
      expect(failureOf(() => decode(bytes.subarray(0, length)))).toMatch(/CORRUPT|UNSUPPORTED|none/)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 1 << (at % 8)
      expect(failureOf(() => decode(changed))).toMatch(/CORRUPT|UNSUPPORTED|none/)
    }
  }
})

/** The code of the error; `none` without one, `foreign` for one that is not the library's. */
function failureOf(body: () => unknown): string {
  try {
    body()
    return 'none'
  } catch (error) {
    return error instanceof LakeError ? error.code : `foreign ${String(error)}`
  }
}

test.each([
  [
    'manifest list',
    MANIFEST_LIST_FIELDS,
    encodeManifestList([metaOf()], 'null'),
    decodeManifestList,
  ],
  [
    'index manifest',
    INDEX_MANIFEST_FIELDS,
    encodeIndexManifest([INDEX_ENTRY], 'null'),
    decodeIndexManifest,
  ],
] as const)('a %s of another version is refused', (_, fields, bytes, decode) => {
  const batch = decodeAvro('f', bytes, fields)
  const newer = encodeAvro(fields, [withValue(batch, [0], 0, 9)])
  expect(() => decode('f', newer)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})

test('an index manifest with a deletion, or a negative offset, is refused', () => {
  const { indexFile } = INDEX_ENTRY
  const negative = { ...indexFile.deletionVectors[0]!, offset: -1 }
  const cases: IndexManifestEntry[] = [
    { ...INDEX_ENTRY, kind: 1 },
    { ...INDEX_ENTRY, indexFile: { ...indexFile, deletionVectors: [negative] } },
  ]
  for (const each of cases)
    expect(() => decodeIndexManifest('f', encodeIndexManifest([each], 'null'))).toThrow(
      expect.objectContaining({ code: 'CORRUPT', path: 'f' }),
    )
})

test('what was read or written is not read again', async () => {
  const manifests = testManifests()
  const { io, store } = manifests
  const meta = await manifests.write([entry()])
  const before = io.stats().requestCounts
  await store.readManifest(meta)
  expect(io.stats().requestCounts).toEqual(before)
})

test('texts of names are UTF-8', () => {
  const rows = rowsOfEntries([entry({ name: 'größe-名-😀.parquet' })])
  const bytes = encodeAvro(MANIFEST_FIELDS, [rows.batch])
  const again = entryAt(decodeManifest('f', bytes), 0)
  expect(again.file.fileName).toBe('größe-名-😀.parquet')
})
