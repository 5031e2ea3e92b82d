/** Writes the rows of one bucket: into memory first, then as new files on level 0. */
import { allRows, type BatchRows, batchRows } from '../format/column-rows.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { batchBytes } from '../types/batch-bytes.ts'
import { serializeBinaryRow } from '../types/binary-row.ts'
import type { Batch } from '../types/column.ts'
import { commonMeta, type FileTarget, openFile } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import { RollingWriter, type WrittenFile } from './rolling-writer.ts'
import { writeRun } from './run-writer.ts'

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
  /** Ends the files that are being written; all new files since the last call. */
  takeFiles(): Promise<readonly DataFileMeta[]>
  /** Deletes what was written since the last `takeFiles`. */
  abort(): Promise<void>
}

/**
 * Primary-key tables: rows are sorted and merged in memory, and each flush is a run of its own.
 *
 * Follows the Java class `MergeTreeWriter`. Rows are numbered when they are flushed, so that they come after what other
 * writers have committed by then.
 */
export class MergeTreeWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #directory: string
  readonly #memtable: Memtable
  #nextSequence = 0n
  #files: DataFileMeta[] = []
  #paths: string[] = []

  constructor(target: FileTarget, directory: string) {
    this.#target = target
    this.#directory = directory
    this.#memtable = new Memtable(keyValueLayout(target.schema))
  }

  get sizeBytes(): number {
    return this.#memtable.sizeBytes
  }

  get isDirty(): boolean {
    return this.#memtable.rowCount > 0 || this.#files.length > 0
  }

  async write(batch: Batch, kinds: Int8Array): Promise<void> {
    if (this.#memtable.isFull) await this.relieve()
    this.#memtable.append(batch, kinds)
  }

  raiseSequence(sequence: bigint): void {
    if (sequence > this.#nextSequence) this.#nextSequence = sequence
  }

  async relieve(): Promise<void> {
    const { rowCount } = this.#memtable
    if (rowCount === 0) return
    const sorted = this.#memtable.sorted(this.#nextSequence)
    this.#nextSequence += BigInt(rowCount)
    if (sorted.length > 0) {
      const { files, paths } = await writeRun(this.#target, this.#directory, sorted, 0)
      this.#files.push(...files)
      this.#paths.push(...paths)
    }
    this.#memtable.clear()
  }

  async takeFiles(): Promise<readonly DataFileMeta[]> {
    await this.relieve()
    const files = this.#files
    this.#files = []
    this.#paths = []
    return files
  }

  async abort(): Promise<void> {
    this.#memtable.clear()
    const paths = this.#paths
    this.#files = []
    this.#paths = []
    await this.#target.io.deleteAll(paths)
  }
}

/** Rows are handed to the open file once they come to this much, or to this many batches. */
const APPEND_BYTES = 8 << 20
const BATCHES_MAX = 65_000

/**
 * Append tables: rows go to the open file in the order they came; nothing is merged.
 *
 * Follows the Java class `AppendOnlyWriter`.
 */
export class AppendWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #directory: string
  #nextSequence = 0n
  #pending: Batch[] = []
  #pendingBytes = 0
  #writer: RollingWriter | null = null
  #written: WrittenFile[] = []

  constructor(target: FileTarget, directory: string) {
    this.#target = target
    this.#directory = directory
  }

  get sizeBytes(): number {
    return this.#pendingBytes + (this.#writer?.openBytes ?? 0)
  }

  get isDirty(): boolean {
    return this.#pending.length > 0 || this.#writer !== null || this.#written.length > 0
  }

  async write(batch: Batch): Promise<void> {
    this.#pending.push(batch)
    this.#pendingBytes += batchBytes(batch)
    if (this.#pendingBytes >= APPEND_BYTES || this.#pending.length >= BATCHES_MAX)
      await this.#flush()
  }

  raiseSequence(sequence: bigint): void {
    if (sequence > this.#nextSequence) this.#nextSequence = sequence
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return
    this.#writer ??= new RollingWriter(
      () => openFile(this.#target, this.#directory),
      this.#target.targetBytes,
    )
    await this.#writer.write(joined(this.#pending))
    this.#pending = []
    this.#pendingBytes = 0
  }

  async relieve(): Promise<void> {
    await this.#flush()
    this.#written.push(...((await this.#writer?.finish()) ?? []))
    this.#writer = null
  }

  async takeFiles(): Promise<readonly DataFileMeta[]> {
    await this.relieve()
    const files = this.#written.map((file) => this.#meta(file))
    this.#written = []
    return files
  }

  #meta(file: WrittenFile): DataFileMeta {
    const minSequenceNumber = this.#nextSequence
    this.#nextSequence += BigInt(file.rowCount)
    return {
      ...commonMeta(this.#target, file),
      minSequenceNumber,
      maxSequenceNumber: this.#nextSequence - 1n,
      minKey: EMPTY_ROW,
      maxKey: EMPTY_ROW,
      keyStats: { minValues: EMPTY_ROW, maxValues: EMPTY_ROW, nullCounts: [] },
      level: 0,
      deleteRowCount: 0,
    }
  }

  async abort(): Promise<void> {
    this.#pending = []
    this.#pendingBytes = 0
    const open = (await this.#writer?.abort()) ?? []
    const closed = this.#written.map(({ path }) => path)
    this.#writer = null
    this.#written = []
    await this.#target.io.deleteAll([...closed, ...open])
  }
}

/** The key of files without keys. */
const EMPTY_ROW = serializeBinaryRow([], [])

/** The rows of several batches, one behind the other. */
function joined(batches: readonly Batch[]): BatchRows {
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  if (batches.length === 1) {
    return allRows(batches[0]!)
  }
  const sourceOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  let at = 0
  for (const [source, batch] of batches.entries()) {
    sourceOf.fill(source, at, at + batch.length)
    for (let i = 0; i < batch.length; i++) rows[at++] = i
  }
  const columns = batches[0]!.columns.map((_, i) => batches.map((batch) => batch.columns[i]!))
  const sizeBytes = batches.reduce((sum, batch) => sum + batchBytes(batch), 0)
  return batchRows(
    length,
    (index) => ({ columns: columns[index]!, sourceOf, rows, length }),
    sizeBytes / Math.max(1, length),
  )
}
