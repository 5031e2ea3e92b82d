/** Writes the rows of one bucket of a primary-key table: into memory first, then as sorted runs on level 0. */
import { type BucketIncrement, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { Batch } from '../types/column.ts'
import type { BucketWriter } from './bucket-writer.ts'
import type { FileTarget } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import { writeRun } from './run-writer.ts'

/**
 * Rows are sorted and merged in memory, and each flush is a run of its own. Follows the Java class `MergeTreeWriter`. Rows are numbered when they are flushed, so that they come after what other
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
      const place = { directory: this.#directory, level: 0, source: FILE_SOURCE.APPEND }
      const { files, paths } = await writeRun(this.#target, place, sorted)
      this.#files.push(...files)
      this.#paths.push(...paths)
    }
    this.#memtable.clear()
  }

  async prepare(): Promise<BucketIncrement> {
    await this.relieve()
    const newFiles = this.#files
    this.#files = []
    this.#paths = []
    return { ...EMPTY_INCREMENT, newFiles }
  }

  async abort(): Promise<void> {
    this.#memtable.clear()
    const paths = this.#paths
    this.#files = []
    this.#paths = []
    await this.#target.io.deleteAll(paths)
  }
}
