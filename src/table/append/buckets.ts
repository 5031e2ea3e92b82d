/** The buckets of an append table in one snapshot: their files, and which of the rows in them are deleted. */
import { type BucketIndexes, readBucketDeletions } from '../../indexes/bucket-deletions.ts'
import { vectorFileOptions } from '../../indexes/deletion-vector-file.ts'
import type { IndexChange, IndexFilePlace } from '../../indexes/index-file.ts'
import { PartitionDeletions } from '../../indexes/partition-deletions.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { dataLayout } from '../../snapshot/data-paths.ts'
import type { IndexFileMeta } from '../../snapshot/index-manifest.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import { type FileFilter, scanEntries } from '../../snapshot/manifest-scan.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { corrupt } from '../../util/errors.ts'
import {
  deletionFilesByBucket,
  type DeletionFiles,
  hasDeletionVectors,
} from '../plan/deletion-files.ts'

export interface AppendBucket {
  /** A serialised BinaryRow of the partition columns. */
  readonly partition: Uint8Array
  readonly bucket: number
  readonly totalBuckets: number
  /** In the order of their rows. */
  readonly files: readonly DataFileMeta[]
  readonly indexFiles: readonly IndexFileMeta[]
  readonly deletionFiles: DeletionFiles
}

/** The buckets that have files, of the partitions wanted. */
export async function appendBuckets(
  { manifests, location }: TableStore,
  schema: TableSchema,
  snapshot: Snapshot,
  options: { readonly filter?: FileFilter | undefined; readonly signal?: AbortSignal | undefined },
): Promise<AppendBucket[]> {
  const { filter = {}, signal } = options
  const [entries, allIndexes] = await Promise.all([
    scanEntries(manifests, snapshot, 'all', filter, { signal }),
    hasDeletionVectors(schema) ? manifests.readIndexEntries(snapshot, { signal }) : [],
  ])
  const indexes = Map.groupBy(allIndexes, bucketKey)
  const vectors = deletionFilesByBucket(dataLayout(location.root, schema), allIndexes)
  return [...Map.groupBy(entries, bucketKey)].map(([key, of]) => {
    const { partition, bucket, totalBuckets } = of[0]!
    return {
      partition,
      bucket,
      totalBuckets,
      files: of.map(({ file }) => file).toSorted(bySequence),
      indexFiles: (indexes.get(key) ?? []).map(({ indexFile }) => indexFile),
      deletionFiles: vectors.get(key) ?? new Map(),
    }
  })
}

function bySequence(a: DataFileMeta, b: DataFileMeta): number {
  const [left, right] = [a.minSequenceNumber, b.minSequenceNumber]
  return left < right ? -1 : left > right ? 1 : 0
}

/** The deletion vectors of a bucket, counted or not, while rows are deleted and files go away. */
export interface AppendDeletions {
  delete(fileName: string, positions: Uint32Array): void
  removeFile(fileName: string): void
  prepare(place: IndexFilePlace): Promise<IndexChange>
}

export async function bucketDeletions(
  { io, location }: TableStore,
  schema: TableSchema,
  { partition, bucket, files, indexFiles }: AppendBucket,
  signal: AbortSignal | undefined,
): Promise<AppendDeletions> {
  const layout = dataLayout(location.root, schema)
  const rowCounts = new Map(files.map(({ fileName, rowCount }) => [fileName, rowCount]))
  const indexes: BucketIndexes = {
    partition,
    bucket,
    indexFiles,
    rowCountOf: (fileName) => {
      const rowCount = rowCounts.get(fileName)
      if (rowCount === undefined)
        throw corrupt(`has a deletion vector of ${fileName}, which is not in the bucket`)
      return rowCount
    },
  }
  const options = tableOptions(schema.options)
  const form = vectorFileOptions(options)
  return options.get('bucket') > 0
    ? await readBucketDeletions(io, layout, indexes, form.form, { signal })
    : new PartitionDeletions(io, layout, indexes, form)
}

/** Where the index files of the bucket go. */
export function indexPlace(
  { io, location, manifests }: TableStore,
  schema: TableSchema,
  { partition, bucket }: Pick<AppendBucket, 'partition' | 'bucket'>,
  signal: AbortSignal | undefined,
): IndexFilePlace {
  const layout = dataLayout(location.root, schema)
  return { io, layout, partition, bucket, nextName: () => manifests.names.index(), signal }
}
