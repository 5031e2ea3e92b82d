/**
 * What a writer has to know of the buckets that it writes to: their files, how far their sequence numbers have come, how
 * many buckets there are, and their index files.
 *
 * Follows `FileSystemWriteRestore`, which scans the manifests once for each bucket; here it is once for each partition,
 * and of manifests that can hold the partition.
 */
import type { DataField } from '../types/data-type.ts'
import { invalid } from '../util/errors.ts'
import type { DataFileMeta, SimpleStats } from './data-file-meta.ts'
import type { IndexFileMeta, IndexManifestEntry } from './index-manifest.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import { scanEntries } from './manifest-scan.ts'
import { latin1Of } from './metadata-columns.ts'
import { mayHoldPartitions } from './partition-stats.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

export interface RestoredBucket {
  readonly files: readonly DataFileMeta[]
  /** The highest sequence number of a row in the files; -1 without files. */
  readonly maxSequenceNumber: bigint
  /** Deletion vectors, and the hashes of a dynamic bucket. */
  readonly indexFiles: readonly IndexFileMeta[]
}

export interface RestoreOptions {
  readonly partitionFields: readonly DataField[]
  /** How many buckets the writer has; files of a partition that has another number are refused. -1: not counted. */
  readonly totalBuckets: number
  readonly signal?: AbortSignal | undefined
}

const EMPTY: RestoredBucket = { files: [], maxSequenceNumber: -1n, indexFiles: [] }

/** The buckets of one snapshot. Make it with {@link restoreBuckets}. */
export class BucketRestore {
  /** Null for a table without snapshots. */
  readonly snapshot: Snapshot | null
  readonly #store: TableStore
  readonly #options: RestoreOptions
  /** By the bytes of the partition. */
  readonly #partitions = new Map<string, Promise<ReadonlyMap<number, RestoredBucket>>>()

  constructor(store: TableStore, snapshot: Snapshot | null, options: RestoreOptions) {
    this.#store = store
    this.snapshot = snapshot
    this.#options = options
  }

  /** The files of the bucket. INVALID when the partition has another number of buckets than the writer. */
  async bucket(partition: Uint8Array, bucket: number): Promise<RestoredBucket> {
    const key = latin1Of(partition)
    let buckets = this.#partitions.get(key)
    if (buckets === undefined) {
      buckets = this.#readPartition(partition)
      this.#partitions.set(key, buckets)
      // A failure is not remembered.
      buckets.catch(() => this.#partitions.delete(key))
    }
    return (await buckets).get(bucket) ?? EMPTY
  }

  async #readPartition(partition: Uint8Array): Promise<Map<number, RestoredBucket>> {
    if (this.snapshot === null) return new Map()
    const { partitionFields, signal } = this.#options
    const wanted = Buffer.from(partition)
    const filter = {
      manifest: mayHoldPartitions(partitionFields, [partition]),
      partition: (bytes: Uint8Array) => wanted.equals(bytes),
    }
    const { manifests } = this.#store
    const [entries, indexEntries] = await Promise.all([
      scanEntries(manifests, this.snapshot, 'all', filter, { signal }),
      manifests.readIndexEntries(this.snapshot, { signal }),
    ])
    const own = indexEntries.filter((entry) => wanted.equals(entry.partition))
    return this.#byBucket(entries, own)
  }

  #byBucket(
    entries: readonly ManifestEntry[],
    indexEntries: readonly IndexManifestEntry[],
  ): Map<number, RestoredBucket> {
    const files = Map.groupBy(entries, (entry) => {
      this.#checkTotalBuckets(entry)
      return entry.bucket
    })
    const indexes = Map.groupBy(indexEntries, ({ bucket }) => bucket)
    return new Map(
      [...new Set([...files.keys(), ...indexes.keys()])].map((bucket) => {
        const metas = (files.get(bucket) ?? []).map(({ file }) => detached(file))
        const indexFiles = (indexes.get(bucket) ?? []).map(({ indexFile }) => indexFile)
        const maxSequenceNumber = metas.reduce(
          (max, file) => (file.maxSequenceNumber > max ? file.maxSequenceNumber : max),
          -1n,
        )
        return [bucket, { files: metas, maxSequenceNumber, indexFiles }]
      }),
    )
  }

  #checkTotalBuckets(entry: ManifestEntry): void {
    const { totalBuckets } = this.#options
    if (totalBuckets <= 0 || entry.totalBuckets <= 0 || entry.totalBuckets === totalBuckets) return
    throw invalid(
      `a partition has ${entry.totalBuckets} buckets, and the table is set to ${totalBuckets}`,
      {
        path: this.#store.location.root,
        hint: `set bucket = ${entry.totalBuckets}, or overwrite the partition to spread its rows anew`,
      },
    )
  }
}

/** The buckets of the latest snapshot, which a writer finds by listing. Manifests are read as buckets are asked for. */
export async function restoreBuckets(
  store: TableStore,
  options: RestoreOptions,
): Promise<BucketRestore> {
  const latest = await store.snapshots.readLatestListed({ signal: options.signal })
  if (latest !== null) store.snapshots.remember(latest)
  return new BucketRestore(store, latest?.snapshot ?? null, options)
}

/** The file with bytes of its own: those of a manifest's row are views that keep the whole manifest in memory. */
function detached(file: DataFileMeta): DataFileMeta {
  return {
    ...file,
    minKey: file.minKey.slice(),
    maxKey: file.maxKey.slice(),
    keyStats: detachedStats(file.keyStats),
    valueStats: detachedStats(file.valueStats),
    embeddedFileIndex: file.embeddedFileIndex?.slice() ?? null,
  }
}

function detachedStats({ minValues, maxValues, nullCounts }: SimpleStats): SimpleStats {
  return { minValues: minValues.slice(), maxValues: maxValues.slice(), nullCounts }
}
