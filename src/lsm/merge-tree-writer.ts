/** Writes the rows of one bucket of a primary-key table: into memory first, then as sorted runs on level 0. */
import { type BucketIncrement, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { Batch } from '../types/column.ts'
import type { BucketWriter } from './bucket-writer.ts'
import type { FileTarget } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import { WriteBuffer } from './write-buffer.ts'

/**
 * Rows are sorted and merged in memory, and each flush is a run of its own. Follows the Java class `MergeTreeWriter`. Rows are numbered when they are flushed, so that they come after what other
 * writers have committed by then.
 */
export class MergeTreeWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #buffer: WriteBuffer
  #nextSequence = 0n
  #files: DataFileMeta[] = []
  #changelogFiles: DataFileMeta[] = []
  #paths: string[] = []

  constructor(target: FileTarget, directory: string) {
    this.#target = target
    this.#buffer = new WriteBuffer(target, directory, keyValueLayout(target.schema))
  }

  get sizeBytes(): number {
    return this.#buffer.sizeBytes
  }

  get isDirty(): boolean {
    return this.#buffer.rowCount > 0 || this.#paths.length > 0
  }

  async write(batch: Batch, kinds: Int8Array): Promise<void> {
    if (this.#buffer.isFull) await this.relieve()
    this.#buffer.append(batch, kinds)
  }

  raiseSequence(sequence: bigint): void {
    if (sequence > this.#nextSequence) this.#nextSequence = sequence
  }

  async relieve(): Promise<void> {
    const { rowCount } = this.#buffer
    const { files, changelogFiles, paths } = await this.#buffer.flush(this.#nextSequence)
    this.#nextSequence += BigInt(rowCount)
    this.#files.push(...files)
    this.#changelogFiles.push(...changelogFiles)
    this.#paths.push(...paths)
  }

  async prepare(): Promise<BucketIncrement> {
    await this.relieve()
    const newFiles = this.#files
    const changelogFiles = this.#changelogFiles
    this.#files = []
    this.#changelogFiles = []
    this.#paths = []
    return { ...EMPTY_INCREMENT, newFiles, changelogFiles }
  }

  async abort(): Promise<void> {
    await this.#buffer.clear()
    const paths = this.#paths
    this.#files = []
    this.#changelogFiles = []
    this.#paths = []
    await this.#target.io.deleteAll(paths)
  }
}
