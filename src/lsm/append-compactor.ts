/**
 * The compactions of one bucket of an append table while a writer writes to it: small files that follow each other become
 * one, and rows that deletion vectors delete are left out.
 *
 * Follows the Java class `BucketedAppendCompactManager`.
 */
import type { DataFile } from '../format/data-file.ts'
import type { BucketDeletions } from '../indexes/bucket-deletions.ts'
import { dropIndexFiles, type IndexFilePlace } from '../indexes/index-file.ts'
import { nameOf } from '../io/path.ts'
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { Slots } from '../util/async.ts'
import { type AppendPickLimits, appendPickLimits, pickFull, pickNeighbours } from './append-pick.ts'
import { isOfLaterSchema, rewriteAppendFiles } from './append-rewrite.ts'
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

interface RunningCompaction {
  readonly outcome: Promise<CompactionChange>
  isSettled: boolean
}

export class AppendCompactor implements Compactor {
  readonly #context: AppendCompactorContext
  readonly #limits: AppendPickLimits
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  /** All files of the bucket, by their names. */
  readonly #files: Map<string, DataFileMeta>
  /** Those that may still be compacted, in the order of their rows. */
  #queue: readonly DataFileMeta[]
  #running: RunningCompaction | null = null

  /** Starts from the files that the bucket has. */
  constructor(context: AppendCompactorContext, files: readonly DataFileMeta[]) {
    const { options, signal } = context.target
    this.#context = context
    this.#limits = appendPickLimits(options)
    const own = this.#abort.signal
    this.#signal = signal === undefined ? own : AbortSignal.any([own, signal])
    this.#files = new Map(files.map((file) => [file.fileName, file]))
    this.#queue = this.#inOrder(files)
  }

  get files(): readonly DataFileMeta[] {
    return [...this.#files.values()]
  }

  get isComplete(): boolean {
    return this.#running === null
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
    if (this.#running !== null) return
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
    const running: RunningCompaction = {
      outcome: this.#context.slots.run(() => this.#compact(files), this.#signal),
      isSettled: false,
    }
    // A failure is thrown to whoever takes the result; until then it is not an unhandled rejection.
    const settle = (): void => {
      running.isSettled = true
    }
    running.outcome.then(settle, settle)
    this.#running = running
  }

  async #compact(before: readonly DataFileMeta[]): Promise<CompactionChange> {
    const { target, directory, open, deletions, indexPlace } = this.#context
    const place = { directory, source: FILE_SOURCE.COMPACT }
    const aborting = { ...target, signal: this.#signal }
    const { files: after, paths } = await rewriteAppendFiles(aborting, place, before, (file) =>
      open(file, this.#signal),
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
    const running = this.#running
    if (running === null || !(waits || running.isSettled)) return null
    try {
      const change = await running.outcome
      for (const { fileName } of change.before) this.#files.delete(fileName)
      for (const file of change.after) this.#files.set(file.fileName, file)
      const last = change.after.at(-1)
      // What is still small goes on with the files behind it.
      if (last !== undefined && last.fileSize < this.#limits.smallBytes)
        this.#queue = this.#inOrder([...this.#queue, last])
      return change
    } finally {
      this.#running = null
    }
  }

  async cancel(): Promise<void> {
    this.#abort.abort()
    const running = this.#running
    this.#running = null
    const change = await running?.outcome.catch(() => null)
    if (change) await this.drop(change)
  }

  async drop({ paths, newIndexFiles }: CompactionChange): Promise<void> {
    const { target, indexPlace } = this.#context
    await target.io.deleteAll(paths)
    await dropIndexFiles(indexPlace, newIndexFiles)
  }

  async dropObsolete({ change, obsolete, obsoleteIndexFiles }: ChainedCompactions): Promise<void> {
    const { target, indexPlace } = this.#context
    const names = new Set(obsolete.flatMap(({ fileName, extraFiles }) => [fileName, ...extraFiles]))
    await target.io.deleteAll(change.paths.filter((path) => names.has(nameOf(path))))
    await dropIndexFiles(indexPlace, obsoleteIndexFiles)
  }
}

function bySequence(a: DataFileMeta, b: DataFileMeta): number {
  const [left, right] = [a.minSequenceNumber, b.minSequenceNumber]
  return left < right ? -1 : left > right ? 1 : 0
}
