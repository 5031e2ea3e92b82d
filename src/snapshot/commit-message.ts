/** What one writer did to one bucket: the unit that `prepareCommit` hands to `commit`, here or in another process. */
import type { DataFileMeta } from './data-file-meta.ts'

/**
 * Follows `org.apache.paimon.table.sink.CommitMessageImpl`. New files and their changelog become the APPEND snapshot,
 * what a compaction replaced and made becomes the COMPACT snapshot behind it.
 */
export interface CommitMessage {
  /** A serialised BinaryRow of the partition columns, its arity first. */
  readonly partition: Uint8Array
  readonly bucket: number
  /** The table's bucket count as the writer saw it; -1 where buckets are not counted. */
  readonly totalBuckets: number
  readonly newFiles: readonly DataFileMeta[]
  readonly deletedFiles: readonly DataFileMeta[]
  readonly changelogFiles: readonly DataFileMeta[]
  readonly compactBefore: readonly DataFileMeta[]
  readonly compactAfter: readonly DataFileMeta[]
  readonly compactChangelog: readonly DataFileMeta[]
}
