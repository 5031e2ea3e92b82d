/** What writers of one bucket have in common, whatever the kind of table: rows in, and what was done to the bucket out. */
import type { BucketIncrement } from '../snapshot/commit-message.ts'
import type { RestoredBucket } from '../snapshot/restore.ts'
import type { Batch } from '../types/column.ts'
import type { Levels } from './levels.ts'

/** What is to become of compactions when a commit is prepared. */
export interface PrepareOptions {
  /** Whether the compaction under way, and the one that this commit starts, are waited for. */
  readonly waits: boolean
  /** Whether all files of the bucket are compacted. */
  readonly isFull: boolean
  /** Leaves out what compactions did, and starts none: while it is not known what the last commit has done. */
  readonly holdsBack: boolean
}

/** What is done unless told: nothing is waited for. */
export const PREPARE: PrepareOptions = { waits: false, isFull: false, holdsBack: false }

/** A writer of one bucket, whatever the kind of table. */
export interface BucketWriter {
  /** What the bucket holds in memory. */
  readonly sizeBytes: number
  /** Whether rows have to be written to files before it takes more. */
  readonly isFull: boolean
  /** Whether rows, files or compactions wait for a commit. */
  readonly isDirty: boolean
  /** Whether nothing would be lost, and no compaction forgotten, if the bucket were opened anew when it is needed. */
  readonly isIdle: boolean
  /** The files of the bucket where the writer compacts them; null before it has looked at them. */
  readonly levels?: Levels | null
  /** Takes rows with the table's columns, and their kinds. */
  write(batch: Batch, kinds: Int8Array): Promise<void>
  /**
   * Takes note of what is in the table: rows that are not written yet are numbered behind its rows, and compactions go on
   * from its files. It has to be known before the first row is written to a file. `added` are the files that snapshots
   * added since the last time, as `identityOf` names them, where `hasHanded` asks for them.
   */
  restore(bucket: RestoredBucket, added?: ReadonlySet<string>): Promise<void>
  /** Whether it is not known if what `prepare` gave is in the table. */
  readonly hasHanded: boolean
  /** Whether it goes on from nothing that it knows of the table, and cannot compact before it is restored. */
  readonly needsRestore: boolean
  /**
   * Puts what is in memory on the disk of this machine, for which nothing of the table has to be known. False where that
   * is not to be: what is in memory has to become files then.
   */
  spill(): Promise<boolean>
  /** Writes what is in memory to files. */
  relieve(): Promise<void>
  /** Writes what is in memory to files, and starts a compaction: of all files, or of those that are due. */
  compact(isFull: boolean): Promise<void>
  /** Ends the files that are being written; what was done to the bucket since the last call. */
  prepare(options?: PrepareOptions): Promise<BucketIncrement>
  /** Takes note that what `prepare` gave is in the table. */
  committed(increment: BucketIncrement): void
  /**
   * Drops the compactions that are in no commit, because one before them cannot be committed. What the bucket holds has
   * to be restored before more is written.
   */
  dropCompactions(): Promise<void>
  /** Deletes what was written since the last `prepare`. */
  abort(): Promise<void>
}
