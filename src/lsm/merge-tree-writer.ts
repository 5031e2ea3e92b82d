/** Writes the rows of one bucket of a primary-key table: into memory first, then as sorted runs on level 0. */
import { type BucketIncrement, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { RestoredBucket } from '../snapshot/restore.ts'
import type { Batch } from '../types/column.ts'
import { BucketCompactions, type MakeCompactor } from './bucket-compactions.ts'
import type { BucketCompactor } from './bucket-compactor.ts'
import { type BucketWriter, PREPARE, type PrepareOptions } from './bucket-writer.ts'
import type { FileTarget } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import type { Levels } from './levels.ts'
import { WriteBuffer } from './write-buffer.ts'

/**
 * Rows are sorted and merged in memory, and each flush is a run of its own; a compactor merges runs behind it. Follows the
 * Java class `MergeTreeWriter`. Rows are numbered when they are flushed, so that they come after what other writers have
 * committed by then.
 */
export class MergeTreeWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #buffer: WriteBuffer
  readonly #compactions: BucketCompactions<BucketCompactor>
  #nextSequence = 0n
  #files: DataFileMeta[] = []
  #changelogFiles: DataFileMeta[] = []
  #paths: string[] = []

  /** Without `makeCompactor` nothing is compacted. */
  constructor(
    target: FileTarget,
    directory: string,
    makeCompactor: MakeCompactor<BucketCompactor> | null = null,
  ) {
    this.#target = target
    this.#buffer = new WriteBuffer(target, directory, keyValueLayout(target.schema))
    this.#compactions = new BucketCompactions(makeCompactor)
  }

  get sizeBytes(): number {
    return this.#buffer.sizeBytes
  }

  get isFull(): boolean {
    return this.#buffer.isFull
  }

  get isDirty(): boolean {
    return this.#hasRows || this.#compactions.isDirty
  }

  get isIdle(): boolean {
    return !this.#hasRows && this.#compactions.isIdle
  }

  get #hasRows(): boolean {
    return this.#buffer.rowCount > 0 || this.#paths.length > 0
  }

  get hasHanded(): boolean {
    return this.#compactions.hasHanded
  }

  get needsRestore(): boolean {
    return this.#compactions.needsRestore
  }

  get levels(): Levels | null {
    return this.#compactions.compactor?.levels ?? null
  }

  async write(batch: Batch, kinds: Int8Array): Promise<void> {
    if (this.#buffer.isFull) await this.relieve()
    this.#buffer.append(batch, kinds)
  }

  async restore(bucket: RestoredBucket, added?: ReadonlySet<string>): Promise<void> {
    const next = bucket.maxSequenceNumber + 1n
    if (next > this.#nextSequence) this.#nextSequence = next
    await this.#compactions.restore(bucket, this.#files, added)
  }

  async spill(): Promise<boolean> {
    return await this.#buffer.spill()
  }

  async relieve(): Promise<void> {
    await this.#flush(false)
  }

  async #flush(waits: boolean): Promise<void> {
    const { rowCount } = this.#buffer
    const blocks = rowCount > 0 && this.#compactions.compactor?.blocksFlush === true
    await this.#flushRows()
    await this.#compactions.take(waits || blocks)
    this.#compactions.compactor?.trigger()
  }

  async #flushRows(): Promise<void> {
    const { rowCount } = this.#buffer
    const { files, changelogFiles, paths } = await this.#buffer.flush(this.#nextSequence)
    this.#nextSequence += BigInt(rowCount)
    this.#files.push(...files)
    this.#changelogFiles.push(...changelogFiles)
    this.#paths.push(...paths)
    this.#compactions.compactor?.add(files)
  }

  async compact(isFull: boolean): Promise<void> {
    await this.#flushRows()
    await this.#compactions.take(true)
    if (isFull) this.#compactions.compactor?.triggerFull()
    else this.#compactions.compactor?.trigger()
  }

  async prepare({ waits, isFull, holdsBack }: PrepareOptions = PREPARE): Promise<BucketIncrement> {
    if (holdsBack) await this.#flushRows()
    else {
      if (isFull) await this.compact(true)
      await this.#flush(waits)
      await this.#compactions.take(waits || this.#mustWait())
    }
    const increment = {
      ...EMPTY_INCREMENT,
      newFiles: this.#files,
      changelogFiles: this.#changelogFiles,
    }
    this.#files = []
    this.#changelogFiles = []
    this.#paths = []
    return this.#compactions.drain(increment, !holdsBack)
  }

  #mustWait(): boolean {
    return (
      this.#compactions.compactor?.blocksCommit === true ||
      this.#target.options.get('commit.force-compact')
    )
  }

  committed(increment: BucketIncrement): void {
    this.#compactions.committed(increment)
  }

  async dropCompactions(): Promise<void> {
    await this.#compactions.drop()
  }

  async abort(): Promise<void> {
    const paths = this.#paths
    this.#files = []
    this.#changelogFiles = []
    this.#paths = []
    await this.#buffer.clear()
    await this.#compactions.dropUncommitted()
    await this.#target.io.deleteAll(paths)
  }
}
