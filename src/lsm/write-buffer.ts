/**
 * The rows of one bucket that are in no file of the table yet, and how they become files of level 0.
 *
 * Rows are held in memory. Where that is needed for others, they are put on the disk of this machine as sorted runs, which
 * the flush merges with what is in memory then, so that its files are those that it would write if all had been in
 * memory. Follows the Java classes `SortBufferWriteBuffer` and `MergeTreeWriter.flushWriteBuffer`.
 */
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { Batch } from '../types/column.ts'
import type { FileTarget } from './file-target.ts'
import type { KeyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import type { RunFile } from './run-reader.ts'
import { type RunRows, RunWriter } from './run-writer.ts'
import { flushSteps, flushWindowRows } from './spill/merged-runs.ts'
import type { SpillSpace } from './spill/spill-space.ts'
import {
  memoryFile,
  releaseRun,
  type SpilledRun,
  spilledFile,
  spillRun,
} from './spill/spilled-run.ts'

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
  readonly #layout: KeyValueLayout
  readonly #memtable: Memtable
  readonly #logsInput: boolean
  /** Whether rows that a later row of their key takes the place of need not be kept. */
  readonly #mergesEarly: boolean
  readonly #runsMax: number
  #spilled: SpilledRun[] = []
  /** Rows that came before those in memory, and what they took. */
  #spilledCount = 0
  #spilledBytes = 0

  /** Files of flushes go to the directory. */
  constructor(target: FileTarget, directory: string, layout: KeyValueLayout) {
    this.#target = target
    this.#directory = directory
    this.#layout = layout
    this.#memtable = new Memtable(layout)
    this.#logsInput = target.options.get('changelog-producer') === 'input'
    this.#mergesEarly = layout.engine === 'deduplicate' && !layout.ignoreDelete && !this.#logsInput
    this.#runsMax = Math.max(2, target.options.get('local-sort.max-num-file-handles'))
  }

  /** What is held in memory. */
  get sizeBytes(): number {
    return this.#memtable.sizeBytes
  }

  get rowCount(): number {
    return this.#spilledCount + this.#memtable.rowCount
  }

  /** Whether nothing more can be appended before memory is given back, however small. */
  get isFull(): boolean {
    return this.#memtable.isFull
  }

  /** Appends rows with the table's columns, and their kinds. */
  append(batch: Batch, kinds: Int8Array): void {
    this.#memtable.append(batch, kinds)
  }

  /** Gives memory back without a flush; false where rows may not be spilled, or no more of them. */
  async spill(): Promise<boolean> {
    const { spill } = this.#target
    if (spill === null || spill.isFull) return false
    if (this.#memtable.rowCount === 0) return true
    if (this.#spilled.length + 1 >= this.#runsMax) await this.#joinRuns(spill)
    const sorted = this.#memtable.sorted(BigInt(this.#spilledCount), true)
    const pieces = this.#mergesEarly ? sorted.merged() : [sorted.all()]
    this.#spilled.push(await spillRun(spill, this.#layout, pieces))
    this.#spilledCount += this.#memtable.rowCount
    this.#spilledBytes += this.#memtable.sizeBytes
    this.#memtable.clear()
    return true
  }

  /** Makes one run of all, where there would be more than are merged at once. */
  async #joinRuns(spill: SpillSpace): Promise<void> {
    const runs = this.#spilled
    const joined = await spillRun(
      spill,
      this.#layout,
      this.#joined(runs.map((run) => spilledFile(spill, this.#layout, run, 0n))),
    )
    this.#spilled = [joined]
    for (const run of runs) await releaseRun(spill, run)
  }

  async *#joined(runs: readonly RunFile[]): AsyncGenerator<RunRows, void, undefined> {
    const { signal } = this.#target
    for await (const step of flushSteps(runs, this.#layout, this.#windowRows(), signal))
      yield this.#mergesEarly ? step.merged() : step.all()
  }

  /** Forgets all rows. */
  async clear(): Promise<void> {
    this.#memtable.clear()
    const spilled = this.#spilled
    this.#spilled = []
    this.#spilledCount = 0
    this.#spilledBytes = 0
    for (const run of spilled) await releaseRun(this.#target.spill!, run)
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
      if (this.#spilled.length === 0) {
        const sorted = this.#memtable.sorted(firstSequence, changelog !== null)
        await changelog?.write(sorted.all())
        for (const piece of sorted.merged()) await data.write(piece)
      } else
        for await (const step of this.#steps(firstSequence)) {
          await changelog?.write(step.all())
          await data.write(step.merged())
        }
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

  #steps(firstSequence: bigint) {
    const { spill, signal } = this.#target
    const layout = this.#layout
    const runs = this.#spilled.map((run) => spilledFile(spill!, layout, run, firstSequence))
    if (this.#memtable.rowCount > 0) {
      const sorted = this.#memtable.sorted(firstSequence + BigInt(this.#spilledCount), true)
      runs.push(memoryFile(layout, sorted.all()))
    }
    return flushSteps(runs, layout, this.#windowRows(), signal)
  }

  #windowRows(): number {
    const rowBytes = this.#spilledBytes / Math.max(1, this.#spilledCount)
    return flushWindowRows(this.#spilled.length + 1, rowBytes)
  }
}
