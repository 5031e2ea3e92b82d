/** One line of a manifest: a file that was added to or deleted from a bucket. */
import type { DataFileMeta } from './data-file-meta.ts'
import { latin1Of } from './metadata-columns.ts'

export const FILE_KIND = { ADD: 0, DELETE: 1 } as const

/** Follows `org.apache.paimon.manifest.ManifestEntry`. */
export interface ManifestEntry {
  readonly kind: number
  /** A serialised BinaryRow of the partition columns, its arity first. */
  readonly partition: Uint8Array
  readonly bucket: number
  readonly totalBuckets: number
  readonly file: DataFileMeta
}

/** What tells the buckets of a table apart. */
export function bucketKey({
  partition,
  bucket,
}: Pick<ManifestEntry, 'partition' | 'bucket'>): string {
  return `${bucket}/${latin1Of(partition)}`
}
