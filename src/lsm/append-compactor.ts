/**
 * The compactions of one bucket of an append table while a writer writes to it: small files that follow each other become
 * one, and rows that deletion vectors delete are left out.
 *
 * Follows the Java class `BucketedAppendCompactManager`.
 */
import type { DataFile } from '../format/data-file.ts'
import type { BucketDeletions } from '../indexes/bucket-deletions.ts'
import type { IndexFilePlace } from '../indexes/index-file.ts'
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { Slots } from '../util/async.ts'
import { type AppendPickLimits, appendPickLimits, pickFull, pickNeighbours } from './append-pick.ts'
import { isOfLaterSchema, rewriteAppendFiles } from './append-rewrite.ts'
import { BackgroundCompaction } from './background-compaction.ts'
import type { Compactor } from './bucket-compactions.ts'
import {
  type ChainedCompactions,
  type CompactionChange,
  NO_COMPACTION,
} from './compaction-chain.ts'
import type { FileTarget } from './file-target.ts'

export interface AppendCompactorContext {
  readonly target: FileTarget
  /** The directory of the bucket. */
  readonly directory: string
  /** Opens a file with the columns of the table as it is now, without rows that vectors delete. */
  readonly open: (file: DataFileMeta, signal: AbortSignal) => Promise<DataFile>
  /** Null where rows cannot be deleted. */
  readonly deletions: BucketDeletions | null
  readonly indexPlace: IndexFilePlace
  /** What all buckets of the writer may do at once. */
  readonly slots: Slots
}

export class AppendCompactor implements Compactor {
  readonly #context: AppendCompactorContext
  readonly #limits: AppendPickLimits
  readonly #background: BackgroundCompaction
  /** All files of the bucket, by their names. */
  readonly #files: Map<string, DataFileMeta>
  /** Those that may still be compacted, in the order of their rows. */
  #queue: readonly DataFileMeta[]

  /** Starts from the files that the bucket has. */
  constructor(context: AppendCompactorContext, files: readonly DataFileMeta[]) {
    const { options } = context.target
    this.#context = context
    this.#limits = appendPickLimits(options)
    this.#background = new BackgroundCompaction(context)
    this.#files = new Map(files.map((file) => [file.fileName, file]))
    this.#queue = this.#inOrder(files)
  }

  get files(): readonly DataFileMeta[] {
    return [...this.#files.values()]
  }

  get isComplete(): boolean {
    return !this.#background.isRunning
  }

  add(files: readonly DataFileMeta[]): void {
    for (const file of files) this.#files.set(file.fileName, file)
    this.#queue = this.#inOrder([...this.#queue, ...files])
  }

  /** Files behind one of a later schema wait for a writer that knows it: they would get past its rows. */
  #inOrder(files: readonly DataFileMeta[]): readonly DataFileMeta[] {
    const { schema } = this.#context.target
    const sorted = files.toSorted(bySequence)
    const later = sorted.findIndex((file) => isOfLaterSchema(file, schema))
    return later < 0 ? sorted : sorted.slice(0, later)
  }

  trigger(): void {
    if (this.#background.isRunning) return
    const { picked, left } = pickNeighbours(this.#queue, this.#limits)
    this.#queue = left
    if (picked.length > 0) this.#start(picked)
  }

  triggerFull(): void {
    const { deletions, target } = this.#context
    const isMarked =
      deletions && (({ fileName }: DataFileMeta) => deletions.of(fileName) !== undefined)
    const rewritesAll = target.options.get('compaction.force-rewrite-all-files')
    const picked = pickFull(this.#queue, this.#limits, { isMarked, rewritesAll })
    if (picked.length === 0) return
    this.#queue = []
    this.#start(picked)
  }

  #start(files: readonly DataFileMeta[]): void {
    this.#background.start(() => this.#compact(files))
  }

  async #compact(before: readonly DataFileMeta[]): Promise<CompactionChange> {
    const { target, directory, open, deletions, indexPlace } = this.#context
    const place = { directory, source: FILE_SOURCE.COMPACT }
    const aborting = { ...target, signal: this.#background.signal }
    const { files: after, paths } = await rewriteAppendFiles(aborting, place, before, (file) =>
      open(file, this.#background.signal),
    )
    const change = { ...NO_COMPACTION, before, after, paths }
    if (deletions === null) return change
    try {
      for (const { fileName } of before) deletions.removeFile(fileName)
      return { ...change, ...(await deletions.prepare(indexPlace)) }
    } catch (error) {
      await this.drop(change)
      throw error
    }
  }

  async take(waits: boolean): Promise<CompactionChange | null> {
    return await this.#background.take(waits, ({ before, after }) => {
      for (const { fileName } of before) this.#files.delete(fileName)
      for (const file of after) this.#files.set(file.fileName, file)
      const last = after.at(-1)
      // What is still small goes on with the files behind it.
      if (last !== undefined && last.fileSize < this.#limits.smallBytes)
        this.#queue = this.#inOrder([...this.#queue, last])
    })
  }

  async cancel(): Promise<void> {
    await this.#background.cancel()
  }

  async drop(change: CompactionChange): Promise<void> {
    await this.#background.drop(change)
  }

  async dropObsolete(chained: ChainedCompactions): Promise<void> {
    await this.#background.dropObsolete(chained)
  }
}

function bySequence(a: DataFileMeta, b: DataFileMeta): number {
  const [left, right] = [a.minSequenceNumber, b.minSequenceNumber]
  return left < right ? -1 : left > right ? 1 : 0
}
