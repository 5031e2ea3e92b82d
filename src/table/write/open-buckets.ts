/**
 * The buckets that a writer has rows or files of: one budget of memory for all, and sequence numbers that continue from
 * what is in the table.
 *
 * Follows `AbstractFileStoreWrite`.
 */
import { AppendWriter } from '../../lsm/append-writer.ts'
import type { BucketWriter, PrepareOptions } from '../../lsm/bucket-writer.ts'
import { identityOf } from '../../lsm/compaction-chain.ts'
import { tellBuckets } from '../../lsm/compaction-metrics.ts'
import { type FileTarget, fileTarget } from '../../lsm/file-target.ts'
import { MergeTreeWriter } from '../../lsm/merge-tree-writer.ts'
import { postponeTarget, PostponeWriter } from '../../lsm/postpone-writer.ts'
import { type CommitMessage, isEmptyIncrement } from '../../snapshot/commit-message.ts'
import {
  bucketDirectory,
  type DataLayout,
  dataLayout,
  POSTPONE_BUCKET,
} from '../../snapshot/data-paths.ts'
import { bucketKey, FILE_KIND } from '../../snapshot/manifest-entry.ts'
import { scanEntries } from '../../snapshot/manifest-scan.ts'
import { BucketRestore, restoreBuckets } from '../../snapshot/restore.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { mapAll } from '../../util/async.ts'
import { type CompactorSource, compactorSource } from './compactors.ts'
import { fullCompactionCommits } from './full-compactions.ts'
import { partitionTimeCheck } from './partition-times.ts'
import type { BucketRows } from './row-groups.ts'

/** The files of so many buckets are written side by side. */
const BUCKETS_AT_ONCE = 4
/** Buckets below this share of the budget are small. */
const SPREAD_SHARE = 16

interface OpenBucket {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly writer: BucketWriter
  /** The number of buckets that its partition has; -1 where they are not counted. */
  readonly totalBuckets: number
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
  /** Files that were committed since, where it is not known of some whether they were. */
  readonly #added = new Set<string>()
  /** The buckets that messages were made of since the table was read. */
  readonly #changed = new Set<string>()
  /** The buckets written to since they were compacted whole, where that is done at commits. */
  readonly #written = new Map<string, Pick<OpenBucket, 'partition' | 'bucket'>>()
  readonly #tracksWritten: boolean
  readonly #isOverwrite: boolean
  readonly #checkTime: (partition: Uint8Array) => void
  readonly #compactors: CompactorSource
  /** How rows are written whose bucket is decided later; null where all are decided now. */
  readonly #postponed: FileTarget | null = null

  /** With `isOverwrite` nothing that is in the table is gone on from. */
  constructor(
    store: TableStore,
    schema: TableSchema,
    signal: AbortSignal | undefined,
    isOverwrite = false,
    commitUser = '',
  ) {
    const options = tableOptions(schema.options)
    this.#store = store
    this.#schema = schema
    this.#signal = signal
    this.#target = fileTarget(store.io, schema, signal, store.metrics)
    this.#layout = dataLayout(store.location.root, schema)
    this.#isOverwrite = isOverwrite
    this.#checkTime = partitionTimeCheck(schema)
    this.#bucketCount = options.get('bucket')
    this.budgetBytes = options.get('write-buffer-size')
    this.#compactors = compactorSource(store, this.#target)
    if (this.#bucketCount === POSTPONE_BUCKET)
      this.#postponed = postponeTarget(store.io, schema, { commitUser, signal })
    this.#tracksWritten = fullCompactionCommits(options) !== null
  }

  async write({ partition, bucket, totalBuckets, batch, kinds }: BucketRows): Promise<void> {
    const open = this.#open(partition, bucket, totalBuckets)
    if (this.#tracksWritten) this.#written.set(bucketKey(open), open)
    if (open.writer.isFull) await this.#relieve(open)
    await open.writer.write(batch, kinds)
  }

  #open(partition: Uint8Array, bucket: number, totalBuckets = this.#bucketCount): OpenBucket {
    const key = bucketKey({ partition, bucket })
    let open = this.#buckets.get(key)
    if (open === undefined) {
      this.#checkTime(partition)
      const writer = this.#writerOf(partition, bucket)
      open = { partition, bucket, writer, totalBuckets, isRestored: false }
      this.#buckets.set(key, open)
    }
    return open
  }

  #writerOf(partition: Uint8Array, bucket: number): BucketWriter {
    const directory = bucketDirectory(this.#layout, partition, bucket)
    if (bucket === POSTPONE_BUCKET) return new PostponeWriter(this.#postponed!, directory)
    return hasPrimaryKey(this.#schema)
      ? new MergeTreeWriter(this.#target, directory, this.#compactors.keyed(partition, bucket))
      : new AppendWriter(this.#target, directory, this.#compactors.append(partition, bucket))
  }

  /** Makes buckets give their memory back, the largest first, until the rest fits into the budget. */
  async keepBudget(): Promise<void> {
    let used = this.#tellMemory()
    const { metrics } = this.#store
    if (used <= this.budgetBytes) return
    const bySize = [...this.#buckets.values()].toSorted(
      (a, b) => b.writer.sizeBytes - a.writer.sizeBytes,
    )
    // Where all buckets are small, half of them go at once: to choose one by one would cost more than its rows.
    const isSpread = bySize[0]!.writer.sizeBytes < this.budgetBytes / SPREAD_SHARE
    const goal = isSpread ? this.budgetBytes / 2 : this.budgetBytes
    for (const open of bySize) {
      const before = open.writer.sizeBytes
      if (used <= goal || before === 0) return
      metrics.add('writeBuffer.bufferPreemptCount')
      if (!(await open.writer.spill())) await this.#relieve(open)
      used -= before - open.writer.sizeBytes
    }
  }

  /** What the buckets have in memory. */
  #tellMemory(): number {
    const { metrics } = this.#store
    let used = 0
    for (const { writer } of this.#buckets.values()) used += writer.sizeBytes
    metrics.set('writeBuffer.numWriters', this.#buckets.size)
    metrics.set('writeBuffer.usedWriteBufferSizeByte', used)
    metrics.set('writeBuffer.totalWriteBufferSizeByte', this.budgetBytes)
    return used
  }

  /** Writes the rows of a bucket to files, numbered from what is in the table. */
  async #relieve(open: OpenBucket): Promise<void> {
    await this.#lookAgain()
    await this.#restoreBuckets([open])
    await open.writer.relieve()
  }

  /** Finds out whether others have committed since; if so, rows are numbered after theirs. */
  async #lookAgain(): Promise<void> {
    if (this.#restore === null || this.#isOverwrite) return
    const range = await this.#store.snapshots.range({ signal: this.#signal })
    if ((range?.latest ?? 0) === this.#restoredId) return
    this.#restore = null
    for (const open of this.#buckets.values()) open.isRestored = false
  }

  /** Makes buckets go on from what is in the table. */
  async #restoreBuckets(buckets: readonly OpenBucket[]): Promise<void> {
    // Rows without buckets are not ordered among files, and have no numbers to continue.
    if (this.#bucketCount === -1 && !hasPrimaryKey(this.#schema)) return
    const wanted = buckets.filter((open) => !open.isRestored || open.writer.needsRestore)
    if (wanted.length === 0) return
    // What this writer committed to a bucket since is not in what was read of the table before.
    if (wanted.some((open) => this.#changed.has(bucketKey(open)))) this.#restore = null
    if (this.#restore === null) await this.#readTable()
    const restore = this.#restore!
    await mapAll(wanted, BUCKETS_AT_ONCE, async (open) => {
      await open.writer.restore(await restore.bucket(open.partition, open.bucket), this.#added)
      open.isRestored = true
    })
    if (this.#buckets.values().every(({ isRestored }) => isRestored)) this.#added.clear()
  }

  async #readTable(): Promise<void> {
    const options = {
      partitionFields: this.#layout.partitionFields,
      totalBuckets: this.#bucketCount,
      signal: this.#signal,
    }
    this.#restore = this.#isOverwrite
      ? new BucketRestore(this.#store, null, options)
      : await restoreBuckets(this.#store, options)
    this.#changed.clear()
    const { snapshot } = this.#restore
    const id = snapshot?.id ?? 0
    if (id === this.#restoredId) return
    for (const open of this.#buckets.values()) open.isRestored = false
    if (this.#buckets.values().some(({ writer }) => writer.hasHanded)) await this.#readAdded(id)
    this.#restoredId = id
  }

  /** Finds out which files were committed since the table was read, also those that are replaced already. */
  async #readAdded(latestId: number): Promise<void> {
    const { snapshots, manifests } = this.#store
    const options = { signal: this.#signal }
    for (let id = this.#restoredId + 1; id <= latestId; id++) {
      const stored = await snapshots.find(id, options)
      // What an expired snapshot added is either in the table or replaced by somebody else.
      if (stored === null) continue
      for (const { kind, file } of await scanEntries(
        manifests,
        stored.snapshot,
        'delta',
        {},
        options,
      ))
        if (kind === FILE_KIND.ADD) this.#added.add(identityOf(file))
    }
  }

  /** Starts a compaction of a bucket, of all its files or of those that are due; the next `prepare` tells what it did. */
  async compact(partition: Uint8Array, bucket: number, isFull: boolean): Promise<void> {
    const open = this.#open(partition, bucket)
    await this.#lookAgain()
    await this.#restoreBuckets([open])
    await open.writer.compact(isFull)
    if (this.#tracksWritten) this.#written.set(bucketKey(open), open)
  }

  /**
   * Ends the files of all buckets, and hands a message to `take` as soon as a bucket is done: its files are in the
   * caller's hands then, also when another bucket fails. With `isFull` all buckets written to since the last time are
   * compacted whole.
   */
  async prepare(take: (message: CommitMessage) => void, options: PrepareOptions): Promise<void> {
    if (options.isFull)
      for (const { partition, bucket } of this.#written.values()) this.#open(partition, bucket)
    const dirty = [...this.#buckets.values()].filter(
      (open) => open.writer.isDirty || (options.isFull && this.#written.has(bucketKey(open))),
    )
    await this.#lookAgain()
    await this.#restoreBuckets(dirty)
    await mapAll(dirty, BUCKETS_AT_ONCE, async (open) => {
      const { partition, bucket, writer } = open
      const key = bucketKey(open)
      const isFull = options.isFull && this.#written.has(key)
      const increment = await writer.prepare({ ...options, isFull })
      if (isFull) this.#written.delete(key)
      if (!isEmptyIncrement(increment)) {
        this.#changed.add(key)
        take({ partition, bucket, totalBuckets: open.totalBuckets, ...increment })
      } else if (writer.isIdle) await this.#close(open)
    })
    this.#tellMemory()
    const levels = [...this.#buckets.values()].map(({ writer }) => writer.levels ?? null)
    tellBuckets(
      this.#store.metrics,
      levels.filter((each) => each !== null),
    )
  }

  /** Forgets a bucket that nothing was done to since the last commit, so that their number is not that of all partitions. */
  async #close(open: OpenBucket): Promise<void> {
    this.#buckets.delete(bucketKey(open))
    await open.writer.abort()
  }

  /** Takes note of what this writer has committed. */
  committed(snapshots: readonly Snapshot[], messages: readonly CommitMessage[]): void {
    // Snapshots that follow the one looked at are all this writer's own.
    for (const { id } of snapshots) if (id === this.#restoredId + 1) this.#restoredId = id
    for (const message of messages) this.#buckets.get(bucketKey(message))?.writer.committed(message)
  }

  /** Drops the compactions of the buckets: those in the messages cannot be committed, nor can what builds on them. */
  async dropCompactions(messages: readonly CommitMessage[]): Promise<void> {
    for (const message of messages) {
      const open = this.#buckets.get(bucketKey(message))
      if (open === undefined) continue
      if (this.#tracksWritten) this.#written.set(bucketKey(open), open)
      await open.writer.dropCompactions()
    }
  }

  /** Drops all rows, and the files that are in no message. */
  async abort(): Promise<void> {
    await mapAll([...this.#buckets.values()], BUCKETS_AT_ONCE, ({ writer }) => writer.abort())
    this.#buckets.clear()
  }
}
