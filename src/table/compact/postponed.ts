/** Compacts a table that decides buckets later: the rows that wait, and then the buckets that rows were put into. */
import { bucketCounts } from '../../snapshot/bucket-counts.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { CompactOptions, CompactResult } from '../compact.ts'
import { compactPostponed } from '../postpone-compact.ts'
import { compactKeyedTable } from './keyed.ts'
import type { PartitionChoice } from './partitions.ts'

/**
 * Flink leaves the second part out, so that what batches wrote is compacted only when more rows come; such files are not
 * shown at all where reads pass over level 0.
 */
export async function compactPostponedTable(
  store: TableStore,
  schema: TableSchema,
  partition: PartitionChoice | undefined,
  options: CompactOptions,
): Promise<CompactResult> {
  const { signal, onProgress } = options
  const decided = await compactPostponed(store, schema, {
    partition,
    signal,
    onProgress: (done, total) => onProgress?.({ what: 'files', done, total }),
  })
  const snapshots: Snapshot[] = decided === null ? [] : [decided]
  let droppedBuckets = 0
  const latest = await store.snapshots.readLatest({ signal })
  if (latest === null) return { snapshots, droppedBuckets }
  const counts = await bucketCounts(store, latest, { partition }, { signal })
  const byCount = Map.groupBy(counts.values(), ({ totalBuckets }) => totalBuckets)
  for (const [count, partitions] of byCount) {
    const counted = { ...schema, options: { ...schema.options, bucket: String(count) } }
    const own = new Set(partitions.map((each) => latin1Of(each.partition)))
    const isOwn = (bytes: Uint8Array): boolean => own.has(latin1Of(bytes))
    const result = await compactKeyedTable(store, counted, isOwn, options)
    snapshots.push(...result.snapshots)
    droppedBuckets += result.droppedBuckets
  }
  return { snapshots, droppedBuckets }
}
