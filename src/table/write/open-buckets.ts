/**
 * The buckets that a writer has rows or files of: one budget of memory for all, and sequence numbers that continue from
 * what is in the table.
 *
 * Follows `AbstractFileStoreWrite`.
 */
import { AppendWriter } from '../../lsm/append-writer.ts'
import type { BucketWriter } from '../../lsm/bucket-writer.ts'
import { type FileTarget, fileTarget } from '../../lsm/file-target.ts'
import { MergeTreeWriter } from '../../lsm/merge-tree-writer.ts'
import { type CommitMessage, isEmptyIncrement } from '../../snapshot/commit-message.ts'
import { bucketDirectory, type DataLayout, dataLayout } from '../../snapshot/data-paths.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { type BucketRestore, restoreBuckets } from '../../snapshot/restore.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { mapAll } from '../../util/async.ts'
import type { BucketRows } from './row-groups.ts'

/** The files of so many buckets are written side by side. */
const BUCKETS_AT_ONCE = 4

interface OpenBucket {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly writer: BucketWriter
  /** Whether its rows are numbered from what was in the table when it was looked at last. */
  isRestored: boolean
}

export class OpenBuckets {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #target: FileTarget
  readonly #layout: DataLayout
  readonly #bucketCount: number
  readonly #signal: AbortSignal | undefined
  readonly #buckets = new Map<string, OpenBucket>()
  /** What all buckets may hold in memory. */
  readonly budgetBytes: number
  /** The table as it was looked at last, and its latest snapshot then or after this writer's own commits. */
  #restore: BucketRestore | null = null
  #restoredId = 0

  constructor(store: TableStore, schema: TableSchema, signal: AbortSignal | undefined) {
    const options = tableOptions(schema.options)
    this.#store = store
    this.#schema = schema
    this.#signal = signal
    this.#target = fileTarget(store.io, schema, signal)
    this.#layout = dataLayout(store.location.root, schema)
    this.#bucketCount = options.get('bucket')
    this.budgetBytes = options.get('write-buffer-size')
  }

  async write({ partition, bucket, batch, kinds }: BucketRows): Promise<void> {
    await this.#open(partition, bucket).writer.write(batch, kinds)
  }

  #open(partition: Uint8Array, bucket: number): OpenBucket {
    const key = `${bucket}/${latin1Of(partition)}`
    let open = this.#buckets.get(key)
    if (open === undefined) {
      const directory = bucketDirectory(this.#layout, partition, bucket)
      const writer = hasPrimaryKey(this.#schema)
        ? new MergeTreeWriter(this.#target, directory)
        : new AppendWriter(this.#target, directory)
      open = { partition, bucket, writer, isRestored: false }
      this.#buckets.set(key, open)
    }
    return open
  }

  /** Writes buckets out, the largest first, until the rest fits into the budget. */
  async keepBudget(): Promise<void> {
    let used = 0
    for (const { writer } of this.#buckets.values()) used += writer.sizeBytes
    while (used > this.budgetBytes) {
      const [largest] = [...this.#buckets.values()].toSorted(
        (a, b) => b.writer.sizeBytes - a.writer.sizeBytes,
      )
      const before = largest!.writer.sizeBytes
      await this.#lookAgain()
      await this.#restoreBuckets([largest!])
      await largest!.writer.relieve()
      used -= before - largest!.writer.sizeBytes
      if (before === 0) return
    }
  }

  /** Finds out whether others have committed since; if so, rows are numbered after theirs. */
  async #lookAgain(): Promise<void> {
    if (this.#restore === null) return
    const range = await this.#store.snapshots.range({ signal: this.#signal })
    if ((range?.latest ?? 0) === this.#restoredId) return
    this.#restore = null
    for (const open of this.#buckets.values()) open.isRestored = false
  }

  /** Makes sequence numbers continue from what is in the table. */
  async #restoreBuckets(buckets: readonly OpenBucket[]): Promise<void> {
    // Rows without buckets are not ordered among files, and have no numbers to continue.
    if (this.#bucketCount === -1 && !hasPrimaryKey(this.#schema)) return
    const wanted = buckets.filter(({ isRestored }) => !isRestored)
    if (wanted.length === 0) return
    if (this.#restore === null) {
      this.#restore = await restoreBuckets(this.#store, {
        partitionFields: this.#layout.partitionFields,
        totalBuckets: this.#bucketCount,
        signal: this.#signal,
      })
      this.#restoredId = this.#restore.snapshot?.id ?? 0
    }
    const restore = this.#restore
    await mapAll(wanted, BUCKETS_AT_ONCE, async (open) => {
      const { maxSequenceNumber } = await restore.bucket(open.partition, open.bucket)
      open.writer.raiseSequence(maxSequenceNumber + 1n)
      open.isRestored = true
    })
  }

  /**
   * Ends the files of all buckets, and hands a message to `take` as soon as a bucket is done: its files are in the
   * caller's hands then, also when another bucket fails.
   */
  async prepare(take: (message: CommitMessage) => void): Promise<void> {
    const dirty = [...this.#buckets.values()].filter(({ writer }) => writer.isDirty)
    await this.#lookAgain()
    await this.#restoreBuckets(dirty)
    await mapAll(dirty, BUCKETS_AT_ONCE, async ({ partition, bucket, writer }) => {
      const increment = await writer.prepare()
      if (isEmptyIncrement(increment)) return
      take({ partition, bucket, totalBuckets: this.#bucketCount, ...increment })
    })
  }

  /** Takes note of what this writer has committed. */
  committed(snapshots: readonly Snapshot[]): void {
    // Snapshots that follow the one looked at are all this writer's own.
    for (const { id } of snapshots) if (id === this.#restoredId + 1) this.#restoredId = id
  }

  /** Drops all rows, and the files that are in no message. */
  async abort(): Promise<void> {
    await mapAll([...this.#buckets.values()], BUCKETS_AT_ONCE, ({ writer }) => writer.abort())
    this.#buckets.clear()
  }
}
