/** How many buckets the partitions of a table have. Follows the Java class `PostponeUtils`. */
import { invalid } from '../util/errors.ts'
import { partitionAt } from './manifest-rows.ts'
import { type FileFilter, scanRows, type ScanOptions } from './manifest-scan.ts'
import { latin1Of } from './metadata-columns.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

export interface PartitionBuckets {
  /** A serialised BinaryRow of the partition columns. */
  readonly partition: Uint8Array
  readonly totalBuckets: number
}

/**
 * The partitions that have files in counted buckets, by their bytes as text (`latin1Of`). INVALID where a partition has two
 * counts, which no writer leaves.
 */
export async function bucketCounts(
  { manifests, location }: TableStore,
  snapshot: Snapshot,
  filter: Pick<FileFilter, 'manifest' | 'partition'> = {},
  options: ScanOptions = {},
): Promise<Map<string, PartitionBuckets>> {
  const counted = { ...filter, bucket: (bucket: number, total: number) => bucket >= 0 && total > 0 }
  const counts = new Map<string, PartitionBuckets>()
  for (const { rows, indices } of await scanRows(manifests, snapshot, 'all', counted, options))
    for (const row of indices) {
      const partition = partitionAt(rows, row)
      const totalBuckets = rows.totalBuckets[row]!
      const key = latin1Of(partition)
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { partition: partition.slice(), totalBuckets })
      else if (known.totalBuckets !== totalBuckets)
        throw invalid(
          `a partition has files of ${known.totalBuckets} and of ${totalBuckets} buckets`,
          { path: location.root, hint: 'rescale or overwrite the partition' },
        )
    }
  return counts
}
