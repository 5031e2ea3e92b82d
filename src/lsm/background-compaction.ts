/**
 * The compaction that a bucket has under way, and what becomes of the files of those that have ended.
 *
 * Follows the Java class `CompactFutureManager`.
 */
import { dropIndexFiles, type IndexFilePlace } from '../indexes/index-file.ts'
import { nameOf } from '../io/path.ts'
import type { Slots } from '../util/async.ts'
import type { ChainedCompactions, CompactionChange } from './compaction-chain.ts'
import { measuredCompaction } from './compaction-metrics.ts'
import type { FileTarget } from './file-target.ts'

export interface BackgroundContext {
  readonly target: FileTarget
  readonly indexPlace: IndexFilePlace
  /** What all buckets of the writer may do at once. */
  readonly slots: Slots
}

interface RunningCompaction {
  readonly outcome: Promise<CompactionChange>
  isSettled: boolean
}

export class BackgroundCompaction {
  readonly #context: BackgroundContext
  readonly #abort = new AbortController()
  /** Fires when the compaction is cancelled, and when the signal of the target does. */
  readonly signal: AbortSignal
  #running: RunningCompaction | null = null

  constructor(context: BackgroundContext) {
    const own = this.#abort.signal
    const { signal } = context.target
    this.#context = context
    this.signal = signal === undefined ? own : AbortSignal.any([own, signal])
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  /** Starts a compaction as soon as there is a slot; none may be under way. */
  start(compact: () => Promise<CompactionChange>): void {
    const { slots, target } = this.#context
    const running: RunningCompaction = {
      outcome: slots.run(measuredCompaction(target.metrics, compact), this.signal),
      isSettled: false,
    }
    // A failure is thrown to whoever takes the result; until then it is not an unhandled rejection.
    target.metrics?.add('compaction.compactionQueuedCount')
    const settle = (): void => {
      running.isSettled = true
      target.metrics?.add('compaction.compactionQueuedCount', -1)
    }
    running.outcome.then(settle, settle)
    this.#running = running
  }

  /**
   * What a compaction did that has ended, handed to `apply` first; with `waits` the one under way is waited for. Null where
   * there is none. A failure is thrown once, and nothing of the compaction is left.
   */
  async take(
    waits: boolean,
    apply: (change: CompactionChange) => void,
  ): Promise<CompactionChange | null> {
    const running = this.#running
    if (running === null || !(waits || running.isSettled)) return null
    try {
      const change = await running.outcome
      apply(change)
      return change
    } finally {
      this.#running = null
    }
  }

  /** Ends the compaction under way, and drops what it did; nothing can be started any more. */
  async cancel(): Promise<void> {
    this.#abort.abort()
    const running = this.#running
    this.#running = null
    const change = await running?.outcome.catch(() => null)
    if (change) await this.drop(change)
  }

  /** Deletes what a compaction wrote that will not be committed. */
  async drop({ paths, newIndexFiles }: CompactionChange): Promise<void> {
    const { target, indexPlace } = this.#context
    await target.io.deleteAll(paths)
    await dropIndexFiles(indexPlace, newIndexFiles)
  }

  /** Deletes files that a later compaction replaced before they were committed. */
  async dropObsolete({ change, obsolete, obsoleteIndexFiles }: ChainedCompactions): Promise<void> {
    const { target, indexPlace } = this.#context
    const names = new Set(obsolete.flatMap(({ fileName, extraFiles }) => [fileName, ...extraFiles]))
    await target.io.deleteAll(change.paths.filter((path) => names.has(nameOf(path))))
    await dropIndexFiles(indexPlace, obsoleteIndexFiles)
  }
}
