/** Writes the rows of one bucket: into memory first, then as new files on level 0. */
import type { BatchRows } from '../format/column-rows.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { batchBytes } from '../types/batch-bytes.ts'
import { serializeBinaryRow } from '../types/binary-row.ts'
import type { Batch } from '../types/column.ts'
import { commonMeta, type FileTarget, openFile } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import { RollingWriter } from './rolling-writer.ts'
import { writeRun } from './run-writer.ts'

/** A writer of one bucket, whatever the kind of table. */
export interface BucketWriter {
  /** What the bucket holds in memory. */
  readonly sizeBytes: number
  /** Takes rows with the table's columns, and their kinds. */
  write(batch: Batch, kinds: Int8Array): Promise<void>
  /** Writes what is in memory to files. */
  flush(): Promise<void>
  /** Ends the files that are being written; all new files since the last call. */
  takeFiles(): Promise<readonly DataFileMeta[]>
  /** Deletes what was written since the last `takeFiles`. */
  abort(): Promise<void>
}

/**
 * Primary-key tables: rows are sorted and merged in memory, and each flush is a run of its own.
 *
 * Follows the Java class `MergeTreeWriter`.
 */
export class MergeTreeWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #directory: string
  readonly #memtable: Memtable
  #nextSequence: bigint
  #files: DataFileMeta[] = []
  #paths: string[] = []

  /** `nextSequence` is one above the highest sequence number of the bucket's live files. */
  constructor(target: FileTarget, directory: string, nextSequence: bigint) {
    this.#target = target
    this.#directory = directory
    this.#memtable = new Memtable(keyValueLayout(target.schema))
    this.#nextSequence = nextSequence
  }

  get sizeBytes(): number {
    return this.#memtable.sizeBytes
  }

  async write(batch: Batch, kinds: Int8Array): Promise<void> {
    if (this.#memtable.isFull) await this.flush()
    this.#memtable.append(batch, kinds, this.#nextSequence)
    this.#nextSequence += BigInt(batch.length)
  }

  async flush(): Promise<void> {
    if (this.#memtable.rowCount === 0) return
    const sorted = this.#memtable.sorted()
    if (sorted.length > 0) {
      const { files, paths } = await writeRun(this.#target, this.#directory, sorted, 0)
      this.#files.push(...files)
      this.#paths.push(...paths)
    }
    this.#memtable.clear()
  }

  async takeFiles(): Promise<readonly DataFileMeta[]> {
    await this.flush()
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

/** Rows are handed to the open file once they come to this much. */
const APPEND_BYTES = 8 << 20

/**
 * Append tables: rows go to the open file in the order they came; nothing is merged.
 *
 * Follows the Java class `AppendOnlyWriter`.
 */
export class AppendWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #directory: string
  #nextSequence: bigint
  #pending: Batch[] = []
  #pendingBytes = 0
  #writer: RollingWriter | null = null

  constructor(target: FileTarget, directory: string, nextSequence: bigint) {
    this.#target = target
    this.#directory = directory
    this.#nextSequence = nextSequence
  }

  get sizeBytes(): number {
    return this.#pendingBytes + (this.#writer?.openBytes ?? 0)
  }

  async write(batch: Batch): Promise<void> {
    this.#pending.push(batch)
    this.#pendingBytes += batchBytes(batch)
    if (this.#pendingBytes >= APPEND_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#pending.length === 0) return
    this.#writer ??= new RollingWriter(
      () => openFile(this.#target, this.#directory),
      this.#target.targetBytes,
    )
    await this.#writer.write(joined(this.#pending))
    this.#pending = []
    this.#pendingBytes = 0
  }

  async takeFiles(): Promise<readonly DataFileMeta[]> {
    await this.flush()
    const written = (await this.#writer?.finish()) ?? []
    this.#writer = null
    return written.map((file) => {
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
    })
  }

  async abort(): Promise<void> {
    this.#pending = []
    this.#pendingBytes = 0
    const paths = (await this.#writer?.abort()) ?? []
    this.#writer = null
    await this.#target.io.deleteAll(paths)
  }
}

/** The key of files without keys. */
const EMPTY_ROW = serializeBinaryRow([], [])

/** The rows of several batches, one behind the other. */
function joined(batches: readonly Batch[]): BatchRows {
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  if (batches.length === 1) {
    const columns = batches[0]!.columns.map((column) => [column])
    return {
      length,
      column: (index) => ({ columns: columns[index]!, sourceOf: null, rows: null, length }),
    }
  }
  const sourceOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  let at = 0
  for (const [source, batch] of batches.entries()) {
    sourceOf.fill(source, at, at + batch.length)
    for (let i = 0; i < batch.length; i++) rows[at++] = i
  }
  const columns = batches[0]!.columns.map((_, i) => batches.map((batch) => batch.columns[i]!))
  return {
    length,
    column: (index) => ({ columns: columns[index]!, sourceOf, rows, length }),
  }
}
