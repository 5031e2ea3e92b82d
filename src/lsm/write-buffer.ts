/**
 * The rows of one bucket that are in no file of the table yet, and how they become files of level 0.
 *
 * Follows the Java classes `SortBufferWriteBuffer` and `MergeTreeWriter.flushWriteBuffer`.
 */
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { Batch } from '../types/column.ts'
import type { FileTarget } from './file-target.ts'
import type { KeyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import { RunWriter } from './run-writer.ts'

/** What a flush has written. */
export interface FlushedFiles {
  /** A run of level 0, whose rows are merged to one a key. */
  readonly files: readonly DataFileMeta[]
  /** The rows as they came, by key: written where `changelog-producer` is `input`. */
  readonly changelogFiles: readonly DataFileMeta[]
  /** Where all of them lie. */
  readonly paths: readonly string[]
}

const NOTHING: FlushedFiles = { files: [], changelogFiles: [], paths: [] }

export class WriteBuffer {
  readonly #target: FileTarget
  readonly #directory: string
  readonly #memtable: Memtable
  readonly #logsInput: boolean

  /** Files of flushes go to the directory. */
  constructor(target: FileTarget, directory: string, layout: KeyValueLayout) {
    this.#target = target
    this.#directory = directory
    this.#memtable = new Memtable(layout)
    this.#logsInput = target.options.get('changelog-producer') === 'input'
  }

  /** What is held in memory. */
  get sizeBytes(): number {
    return this.#memtable.sizeBytes
  }

  get rowCount(): number {
    return this.#memtable.rowCount
  }

  /** Whether nothing more can be appended before a flush, however small. */
  get isFull(): boolean {
    return this.#memtable.isFull
  }

  /** Appends rows with the table's columns, and their kinds. */
  append(batch: Batch, kinds: Int8Array): void {
    this.#memtable.append(batch, kinds)
  }

  /** Forgets all rows. */
  async clear(): Promise<void> {
    this.#memtable.clear()
  }

  /**
   * Writes all rows to files, numbered from `firstSequence` on in the order they came, and forgets them. On failure no
   * file is left behind. Throws INVALID for rows that the merge engine cannot merge.
   */
  async flush(firstSequence: bigint): Promise<FlushedFiles> {
    if (this.rowCount === 0) return NOTHING
    const place = { directory: this.#directory, level: 0, source: FILE_SOURCE.APPEND }
    const data = new RunWriter(this.#target, place)
    const changelog = this.#logsInput
      ? new RunWriter(this.#target, { ...place, isChangelog: true })
      : null
    try {
      const sorted = this.#memtable.sorted(firstSequence, changelog !== null)
      await changelog?.write(sorted.all())
      for (const piece of sorted.merged()) await data.write(piece)
      const logged = (await changelog?.finish()) ?? { files: [], paths: [] }
      const { files, paths } = await data.finish()
      await this.clear()
      return { files, changelogFiles: logged.files, paths: [...paths, ...logged.paths] }
    } catch (error) {
      await changelog?.abort()
      await data.abort()
      throw error
    }
  }
}
