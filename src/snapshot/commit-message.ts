/** What one writer did to one bucket: the unit that `prepareCommit` hands to `commit`, here or in another process. */
import type { DataFileMeta } from './data-file-meta.ts'
import type { IndexFileMeta } from './index-manifest.ts'

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
  /** Index files that come and go with the new files: hashes of dynamic buckets, deletion vectors of a delete. */
  readonly newIndexFiles: readonly IndexFileMeta[]
  readonly deletedIndexFiles: readonly IndexFileMeta[]
  readonly compactBefore: readonly DataFileMeta[]
  readonly compactAfter: readonly DataFileMeta[]
  readonly compactChangelog: readonly DataFileMeta[]
  /** Index files that come and go with the compaction. */
  readonly compactNewIndexFiles: readonly IndexFileMeta[]
  readonly compactDeletedIndexFiles: readonly IndexFileMeta[]
}

/** What was done to a bucket, without saying to which. */
export type BucketIncrement = Omit<CommitMessage, 'partition' | 'bucket' | 'totalBuckets'>

/** Nothing done. */
export const EMPTY_INCREMENT: BucketIncrement = {
  newFiles: [],
  deletedFiles: [],
  changelogFiles: [],
  newIndexFiles: [],
  deletedIndexFiles: [],
  compactBefore: [],
  compactAfter: [],
  compactChangelog: [],
  compactNewIndexFiles: [],
  compactDeletedIndexFiles: [],
}

/** Whether nothing was done. */
export function isEmptyIncrement(increment: BucketIncrement): boolean {
  return Object.keys(EMPTY_INCREMENT).every(
    (part) => increment[part as keyof BucketIncrement].length === 0,
  )
}
