/** Writes the rows of one bucket of an append table, in the order that they come. */
import { type BucketIncrement, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { RestoredBucket } from '../snapshot/restore.ts'
import type { Batch } from '../types/column.ts'
import { AppendBuffer } from './append-buffer.ts'
import { appendFileMeta } from './append-file.ts'
import { BucketCompactions, type MakeCompactor } from './bucket-compactions.ts'
import { type BucketWriter, PREPARE, type PrepareOptions } from './bucket-writer.ts'
import { type FilePlace, type FileTarget, openFile } from './file-target.ts'
import { pathsOf, RollingWriter, type WrittenFile } from './rolling-writer.ts'

/** Rows are handed to the open file once they come to this much. */
const APPEND_BYTES = 8 << 20

/**
 * Append tables: rows go to the open file in the order they came. Where buckets are counted, a compactor puts small files
 * together behind it.
 *
 * Follows the Java class `AppendOnlyWriter`.
 */
export class AppendWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #place: FilePlace
  readonly #compactions: BucketCompactions
  #nextSequence = 0n
  readonly #pending: AppendBuffer
  readonly #buffersAll: boolean
  #writer: RollingWriter | null = null
  #written: WrittenFile[] = []
  /** Files that are numbered, and where they lie. */
  #files: DataFileMeta[] = []
  #paths: string[] = []

  /** Without `makeCompactor` nothing is compacted. */
  constructor(target: FileTarget, directory: string, makeCompactor: MakeCompactor | null = null) {
    this.#target = target
    this.#place = { directory, level: 0, source: FILE_SOURCE.APPEND }
    this.#compactions = new BucketCompactions(makeCompactor)
    this.#pending = new AppendBuffer(target.spill)
    this.#buffersAll = target.options.get('write-buffer-for-append')
  }

  get sizeBytes(): number {
    return this.#pending.sizeBytes + (this.#writer?.openBytes ?? 0)
  }

  readonly isFull = false

  get isDirty(): boolean {
    return this.#hasRows || this.#compactions.isDirty
  }

  get #hasRows(): boolean {
    return (
      !this.#pending.isEmpty ||
      this.#writer !== null ||
      this.#written.length > 0 ||
      this.#files.length > 0
    )
  }

  async write(batch: Batch): Promise<void> {
    this.#pending.append(batch)
    const isDue = this.#pending.sizeBytes >= APPEND_BYTES && !this.#buffersAll
    if (isDue || this.#pending.isFull) await this.#flush()
  }

  get isIdle(): boolean {
    return !this.#hasRows && this.#compactions.isIdle
  }

  get hasHanded(): boolean {
    return this.#compactions.hasHanded
  }

  get needsRestore(): boolean {
    return this.#compactions.needsRestore
  }

  async restore(bucket: RestoredBucket, added?: ReadonlySet<string>): Promise<void> {
    const next = bucket.maxSequenceNumber + 1n
    if (next > this.#nextSequence) this.#nextSequence = next
    await this.#compactions.restore(bucket, this.#files, added)
  }

  async #flush(): Promise<void> {
    if (this.#pending.isEmpty) return
    this.#writer ??= new RollingWriter(() => openFile(this.#target, this.#place), this.#target)
    for await (const rows of this.#pending.take()) await this.#writer.write(rows)
  }

  /** Where a file is open, its memory is given back by ending it. */
  async spill(): Promise<boolean> {
    return this.#writer === null && (await this.#pending.spill())
  }

  async relieve(): Promise<void> {
    await this.#flush()
    this.#written.push(...((await this.#writer?.finish()) ?? []))
    this.#writer = null
  }

  async compact(isFull: boolean): Promise<void> {
    await this.#numberFiles()
    await this.#compactions.take(true)
    if (isFull) this.#compactions.compactor?.triggerFull()
    else this.#compactions.compactor?.trigger()
  }

  async prepare({ waits, isFull, holdsBack }: PrepareOptions = PREPARE): Promise<BucketIncrement> {
    await this.#numberFiles()
    if (!holdsBack) {
      if (isFull) await this.compact(true)
      await this.#compactions.take(isFull)
      this.#compactions.compactor?.trigger()
      await this.#compactions.take(waits || this.#target.options.get('commit.force-compact'))
    }
    const increment = { ...EMPTY_INCREMENT, newFiles: this.#files }
    this.#files = []
    this.#paths = []
    return this.#compactions.drain(increment, !holdsBack)
  }

  /** Ends the open file, and numbers the rows of what was written: behind those that are in the table by now. */
  async #numberFiles(): Promise<void> {
    await this.relieve()
    const files = this.#written.map((file) => this.#meta(file))
    this.#files.push(...files)
    this.#paths.push(...this.#written.flatMap(pathsOf))
    this.#written = []
    this.#compactions.compactor?.add(files)
  }

  #meta(file: WrittenFile): DataFileMeta {
    // A commit gives tracked rows its snapshot for a number, and knows them by files that count from 0.
    if (this.#target.options.get('row-tracking.enabled'))
      return appendFileMeta(this.#target, file, 0n, FILE_SOURCE.APPEND)
    const sequence = this.#nextSequence
    this.#nextSequence += BigInt(file.rowCount)
    return appendFileMeta(this.#target, file, sequence, FILE_SOURCE.APPEND)
  }

  committed(increment: BucketIncrement): void {
    this.#compactions.committed(increment)
  }

  async dropCompactions(): Promise<void> {
    await this.#compactions.drop()
  }

  async abort(): Promise<void> {
    await this.#pending.clear()
    const open = (await this.#writer?.abort()) ?? []
    const closed = [...this.#paths, ...this.#written.flatMap(pathsOf)]
    this.#writer = null
    this.#written = []
    this.#files = []
    this.#paths = []
    await this.#compactions.dropUncommitted()
    await this.#target.io.deleteAll([...closed, ...open])
  }
}
