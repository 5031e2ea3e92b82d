/** What writers of one bucket have in common, whatever the kind of table: rows in, and what was done to the bucket out. */
import type { BucketIncrement } from '../snapshot/commit-message.ts'
import type { Batch } from '../types/column.ts'

/** A writer of one bucket, whatever the kind of table. */
export interface BucketWriter {
  /** What the bucket holds in memory. */
  readonly sizeBytes: number
  /** Whether rows or files wait for a commit. */
  readonly isDirty: boolean
  /** Takes rows with the table's columns, and their kinds. */
  write(batch: Batch, kinds: Int8Array): Promise<void>
  /**
   * Makes the rows not written yet be numbered from `sequence` on, if they are not above it already. It has to be known
   * before the first row is written to a file.
   */
  raiseSequence(sequence: bigint): void
  /** Writes what is in memory to files. */
  relieve(): Promise<void>
  /** Ends the files that are being written; what was done to the bucket since the last call. */
  prepare(): Promise<BucketIncrement>
  /** Deletes what was written since the last `prepare`. */
  abort(): Promise<void>
}
