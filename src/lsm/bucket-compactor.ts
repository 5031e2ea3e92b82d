/**
 * The compactions of one bucket while a writer writes to it: one at a time, behind the writer's back.
 *
 * Follows the Java classes `MergeTreeCompactManager` and `CompactFutureManager`.
 */
import { dropIndexFiles, type IndexFilePlace } from '../indexes/index-file.ts'
import { nameOf } from '../io/path.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { type Clock, type Slots, systemClock } from '../util/async.ts'
import type { Compactor } from './bucket-compactions.ts'
import {
  type ChainedCompactions,
  type CompactionChange,
  NO_COMPACTION,
} from './compaction-chain.ts'
import {
  FIRST_PICK,
  needsLookup,
  pickOptions,
  type PickOptions,
  pickRuns,
  type PickState,
} from './compaction-pick.ts'
import {
  type CompactionUnit,
  dropsDeletes,
  fullUnit,
  planCompaction,
  type PlanRules,
  unitOf,
} from './compaction-plan.ts'
import {
  type CompactionResult,
  compactionRewriter,
  type CompactionRewriter,
  type RewriteContext,
} from './compaction-rewrite.ts'
import { allFiles, levelRuns, type Levels, levelsOf, runCount, updateLevels } from './levels.ts'

/** What the compactions of a bucket need, beside its files. */
export interface CompactorContext extends Omit<RewriteContext, 'levels' | 'windowRows' | 'signal'> {
  /** Where deletion vectors of the bucket go. */
  readonly indexPlace: IndexFilePlace
  /** What all buckets of the writer may do at once. */
  readonly slots: Slots
  readonly clock?: Clock | undefined
  /** What does the work; the one that fits the table unless told. */
  readonly rewriter?: ((context: RewriteContext) => CompactionRewriter) | undefined
}

interface RunningCompaction {
  readonly outcome: Promise<CompactionChange>
  isSettled: boolean
}

export class BucketCompactor implements Compactor {
  readonly #context: CompactorContext
  readonly #options: PickOptions
  readonly #rules: PlanRules
  readonly #stopTrigger: number
  readonly #needsLookup: boolean
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  #levels: Levels
  #state: PickState = FIRST_PICK
  #running: RunningCompaction | null = null

  /** Starts from the files that the bucket has. CORRUPT when those of a level above 0 share keys. */
  constructor(context: CompactorContext, files: readonly DataFileMeta[]) {
    const { target, layout, deletions, expiry } = context
    const { options, schema, targetBytes } = target
    this.#context = context
    const own = this.#abort.signal
    this.#signal = target.signal === undefined ? own : AbortSignal.any([own, target.signal])
    this.#options = pickOptions(schema)
    const { trigger } = this.#options
    const stopTrigger = options.get('num-sorted-run.stop-trigger') ?? trigger + 3
    this.#stopTrigger = Math.max(trigger, stopTrigger)
    this.#needsLookup = needsLookup(options)
    this.#rules = {
      smallFileBytes: Math.floor(targetBytes / 10) * 7,
      rewritesAll: options.get('compaction.force-rewrite-all-files'),
      hasExpired: (file) => expiry?.hasExpired(file) ?? false,
      hasDeletionVector: ({ fileName }) => deletions?.of(fileName) !== undefined,
    }
    this.#levels = levelsOf(layout.keys, files, options.get('num-levels') ?? trigger + 1)
  }

  /** The files of the bucket, those that are not committed yet among them. */
  get levels(): Levels {
    return this.#levels
  }

  get files(): readonly DataFileMeta[] {
    return allFiles(this.#levels)
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  /** Whether level 0 has so many files that writing has to wait for the compaction under way. */
  get blocksFlush(): boolean {
    return runCount(this.#levels) > this.#stopTrigger
  }

  /** The same for a commit. */
  get blocksCommit(): boolean {
    return runCount(this.#levels) > this.#stopTrigger + 1
  }

  /** Whether there is nothing left to be done: where rows are looked up, nothing may wait on level 0. */
  get isComplete(): boolean {
    return this.#running === null && !(this.#needsLookup && this.#levels.level0.length > 0)
  }

  /** Takes note of files that were added to the bucket. */
  add(files: readonly DataFileMeta[]): void {
    this.#levels = updateLevels(this.#levels, [], files)
  }

  /** Starts a compaction if one is due and none is under way. */
  trigger(): void {
    if (this.#running !== null) return
    const clock = this.#context.clock ?? systemClock
    const nowMs = clock.now()
    const runs = levelRuns(this.#levels)
    const moment = { nowMs, hour: new Date(nowMs).getHours() }
    const { levelCount } = this.#levels
    const { pick, state } = pickRuns(levelCount, runs, this.#options, this.#state, moment)
    this.#state = state
    const unit = pick && unitOf(runs, pick)
    if (unit !== null) this.#start(unit)
  }

  /** Starts a compaction of all files; none may be under way. */
  triggerFull(): void {
    const unit = fullUnit(this.#levels, this.#rules)
    if (unit !== null) this.#start(unit)
  }

  #start(unit: CompactionUnit): void {
    const { slots } = this.#context
    const running: RunningCompaction = {
      outcome: slots.run(() => this.#compact(unit), this.#signal),
      isSettled: false,
    }
    // A failure is thrown to whoever takes the result; until then it is not an unhandled rejection.
    const settle = (): void => {
      running.isSettled = true
    }
    running.outcome.then(settle, settle)
    this.#running = running
  }

  async #compact(unit: CompactionUnit): Promise<CompactionChange> {
    const { layout, deletions, indexPlace } = this.#context
    const { outputLevel } = unit
    const levels = this.#levels
    const make = this.#context.rewriter ?? compactionRewriter
    const rewriter = make({
      ...this.#context,
      windowRows: windowRowsOf(unit.files),
      levels: () => this.#levels,
      signal: this.#signal,
    })
    const dropDelete = dropsDeletes(unit, levels, deletions !== null)
    const results: CompactionResult[] = []
    try {
      for (const step of planCompaction(unit, layout.keys, levels.levelCount - 1, this.#rules))
        results.push(
          step.kind === 'rewrite'
            ? await rewriter.rewrite(outputLevel, dropDelete, step.sections)
            : await rewriter.upgrade(outputLevel, dropDelete, step.file),
        )
      const index = (await deletions?.prepare(indexPlace)) ?? NO_COMPACTION
      const { newIndexFiles, deletedIndexFiles } = index
      return { ...joined(results), newIndexFiles, deletedIndexFiles }
    } catch (error) {
      await this.drop({ ...NO_COMPACTION, ...joined(results) })
      throw error
    }
  }

  /**
   * What a compaction did that has ended; with `waits` the one under way is waited for. Null where there is none. A
   * failure is thrown once, and nothing of the compaction is left.
   */
  async take(waits: boolean): Promise<CompactionChange | null> {
    const running = this.#running
    if (running === null || !(waits || running.isSettled)) return null
    try {
      const change = await running.outcome
      this.#levels = updateLevels(this.#levels, change.before, change.after)
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
  async drop(change: CompactionChange): Promise<void> {
    const { target, indexPlace } = this.#context
    await target.io.deleteAll(change.paths)
    await dropIndexFiles(indexPlace, change.newIndexFiles)
  }

  /** Deletes files that a later compaction replaced before they were committed. */
  async dropObsolete({ change, obsolete, obsoleteIndexFiles }: ChainedCompactions): Promise<void> {
    const { target, indexPlace } = this.#context
    const names = new Set(obsolete.flatMap(({ fileName, extraFiles }) => [fileName, ...extraFiles]))
    await target.io.deleteAll(change.paths.filter((path) => names.has(nameOf(path))))
    await dropIndexFiles(indexPlace, obsoleteIndexFiles)
  }
}

function joined(results: readonly CompactionResult[]): CompactionResult {
  return {
    before: results.flatMap(({ before }) => before),
    after: results.flatMap(({ after }) => after),
    changelog: results.flatMap(({ changelog }) => changelog),
    paths: results.flatMap(({ paths }) => paths),
  }
}

/** What the windows of all runs of a merge may take, rows as they are in memory. */
const WINDOW_BYTES = 64 << 20
/** A window is as long as a page that Java writes, so that strings mostly lie in one page. */
const WINDOW_ROWS_MAX = 20_000
const WINDOW_ROWS_MIN = 1024
/** Compressed files are taken to grow by this when they are read. */
const GROWTH = 3

/** How many rows of each run are merged at a time. */
function windowRowsOf(files: readonly DataFileMeta[]): number {
  const bytes = files.reduce((sum, { fileSize }) => sum + fileSize, 0)
  const rows = files.reduce((sum, { rowCount }) => sum + rowCount, 0)
  const rowBytes = Math.max(1, (GROWTH * bytes) / Math.max(1, rows))
  const runs = new Set(files.map(({ level, fileName }) => (level === 0 ? fileName : level))).size
  const fitting = Math.floor(WINDOW_BYTES / runs / rowBytes)
  return Math.max(WINDOW_ROWS_MIN, Math.min(WINDOW_ROWS_MAX, fitting))
}
