/** Compacts the buckets of a primary-key table beside the writers of its rows. */
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import { type FileFilter, scanEntries } from '../../snapshot/manifest-scan.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { CompactOptions, CompactResult } from '../compact.ts'
import { TableWriter } from '../write/writer.ts'
import type { PartitionChoice } from './partitions.ts'

/** A bucket of a partition. */
export interface Bucket {
  readonly partition: Uint8Array
  readonly bucket: number
}

/** So many buckets are one commit: enough to make few snapshots, few enough to lose little to a conflict. */
const BUCKETS_A_COMMIT = 32

export async function compactKeyedTable(
  store: TableStore,
  schema: TableSchema,
  partition: PartitionChoice | undefined,
  { full = false, onProgress, signal }: CompactOptions,
): Promise<CompactResult> {
  const latest = await store.snapshots.readLatest({ signal })
  const buckets = latest === null ? [] : await bucketsOf(store, latest, 'all', partition, signal)
  const snapshots: Snapshot[] = []
  let droppedBuckets = 0
  const total = buckets.length
  const compact = async (group: readonly Bucket[]): Promise<boolean> => {
    const result = await compactTogether(store, schema, group, full, signal)
    snapshots.push(...result.snapshots)
    return !result.isCompactionDropped
  }
  onProgress?.({ what: 'buckets', done: 0, total })
  let done = 0
  for (const group of groupsOf(buckets)) {
    // Where one bucket of the group was in the way of others, the rest of the group is not to suffer from it.
    if (!(await compact(group)))
      for (const bucket of group) if (!(await compact([bucket]))) droppedBuckets++
    done += group.length
    onProgress?.({ what: 'buckets', done, total })
  }
  return { snapshots, droppedBuckets }
}

async function compactTogether(
  store: TableStore,
  schema: TableSchema,
  buckets: readonly Bucket[],
  full: boolean,
  signal: AbortSignal | undefined,
): Promise<Awaited<ReturnType<TableWriter['commit']>>> {
  await using writer = new TableWriter(store, compactingSchema(schema), { signal })
  for (const bucket of buckets) await writer.compact({ ...bucket, full })
  return await writer.commit({ identifier: BATCH_IDENTIFIER, ignoreEmptyCommit: true })
}

/** The buckets, in groups of one commit each. */
export function groupsOf(buckets: readonly Bucket[]): (readonly Bucket[])[] {
  const count = Math.ceil(buckets.length / BUCKETS_A_COMMIT)
  return Array.from({ length: count }, (_, i) =>
    buckets.slice(i * BUCKETS_A_COMMIT, (i + 1) * BUCKETS_A_COMMIT),
  )
}

/** The schema for a writer that compacts also where the writers of rows leave that to others. */
export function compactingSchema(schema: TableSchema): TableSchema {
  return { ...schema, options: { ...schema.options, 'write-only': 'false' } }
}

/** The buckets of all files that are live in the snapshot, or of those that it added. */
export async function bucketsOf(
  store: TableStore,
  snapshot: Snapshot,
  which: 'all' | 'delta',
  partition: PartitionChoice | undefined,
  signal: AbortSignal | undefined,
): Promise<Bucket[]> {
  const filter: FileFilter = { partition, bucket: (bucket) => bucket >= 0 }
  const entries = await scanEntries(store.manifests, snapshot, which, filter, { signal })
  const buckets = new Map<string, Bucket>()
  for (const entry of entries) {
    const key = bucketKey(entry)
    if (!buckets.has(key))
      buckets.set(key, { partition: entry.partition.slice(), bucket: entry.bucket })
  }
  return [...buckets.values()]
}
