/** Manifests made of a few entries, in memory. */
import { randomUUID } from 'node:crypto'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { FILE_KIND, type ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import type { ManifestFileMeta } from '../../src/snapshot/manifest-list.ts'
import { rowsOfEntries } from '../../src/snapshot/manifest-rows.ts'
import { type ManifestFormat, ManifestStore } from '../../src/snapshot/manifest-store.ts'
import { encodeStats } from '../../src/snapshot/stats.ts'
import { Uploads } from '../../src/snapshot/uploads.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { partitionFields } from '../../src/types/schema-keys.ts'
import { fileMeta, type FileOptions, partitionOf, testSchema } from './commit-tables.ts'

export interface EntryOptions extends FileOptions {
  readonly kind?: 'ADD' | 'DELETE'
  readonly dt?: string
  readonly bucket?: number
  readonly totalBuckets?: number
}

export function entry(options: EntryOptions = {}): ManifestEntry {
  const { kind = 'ADD', dt = 'a', bucket = 0, totalBuckets = 2, ...file } = options
  return {
    kind: FILE_KIND[kind],
    partition: partitionOf(dt),
    bucket,
    totalBuckets,
    file: fileMeta(file),
  }
}

export const FORMAT: ManifestFormat = {
  partitionFields: partitionFields(testSchema()),
  codec: 'zstandard',
  targetSizeBytes: 8 * 2 ** 20,
}

export interface TestManifests {
  readonly io: MemoryFileIO
  readonly root: string
  readonly store: ManifestStore
  /** Writes one manifest of the entries. */
  write(entries: readonly ManifestEntry[]): Promise<ManifestFileMeta>
}

export function testManifests(cacheSizeBytes?: number): TestManifests {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  const store = new ManifestStore(io, root, { cacheSizeBytes })
  return {
    io,
    root,
    store,
    async write(entries) {
      const uploads = new Uploads(io)
      const [meta] = await store.writeManifests(rowsOfEntries(entries), FORMAT, uploads)
      await uploads.finish()
      return meta!
    },
  }
}

/** What a list says of a manifest that exists in a table of cases only. */
export function metaOf(
  change: Partial<ManifestFileMeta> & { dts?: [string, string] } = {},
): ManifestFileMeta {
  const { dts = ['a', 'a'], ...rest } = change
  const [type] = FORMAT.partitionFields.map((field) => field.type)
  return {
    fileName: `manifest-${randomUUID()}-0`,
    fileSize: 1_000,
    numAddedFiles: 1,
    numDeletedFiles: 0,
    partitionStats: encodeStats([type!], [{ min: utf8(dts[0]), max: utf8(dts[1]), nullCount: 0 }]),
    schemaId: 0,
    minBucket: 0,
    maxBucket: 0,
    minLevel: 0,
    maxLevel: 0,
    minRowId: null,
    maxRowId: null,
    ...rest,
  }
}
