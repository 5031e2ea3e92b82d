/**
 * The compactions of one bucket while a writer writes to it: one at a time, behind the writer's back.
 *
 * Follows the Java class `MergeTreeCompactManager`.
 */
import type { IndexFilePlace } from '../indexes/index-file.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { type Clock, type Slots, systemClock } from '../util/async.ts'
import { isOfLaterSchema } from './append-rewrite.ts'
import { BackgroundCompaction } from './background-compaction.ts'
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
import { windowRowsOf } from './window-rows.ts'

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

export class BucketCompactor implements Compactor {
  readonly #context: CompactorContext
  readonly #options: PickOptions
  readonly #rules: PlanRules
  readonly #stopTrigger: number
  readonly #needsLookup: boolean
  readonly #background: BackgroundCompaction
  #levels: Levels
  #state: PickState = FIRST_PICK

  /** Starts from the files that the bucket has. CORRUPT when those of a level above 0 share keys. */
  constructor(context: CompactorContext, files: readonly DataFileMeta[]) {
    const { target, layout, deletions, expiry } = context
    const { options, schema, targetBytes } = target
    this.#context = context
    this.#background = new BackgroundCompaction(context)
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
    return this.#background.isRunning
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
    return !this.isRunning && !(this.#needsLookup && this.#levels.level0.length > 0)
  }

  /** Takes note of files that were added to the bucket. */
  add(files: readonly DataFileMeta[]): void {
    this.#levels = updateLevels(this.#levels, [], files)
  }

  /**
   * Whether files were written with a later schema than those of this writer: a compaction, and be it that it looks rows up
   * there, would lose columns that it does not know. It is left to writers that do.
   */
  get #hasLaterFiles(): boolean {
    const { schema } = this.#context.target
    return this.files.some((file) => isOfLaterSchema(file, schema))
  }

  /** Starts a compaction if one is due and none is under way. */
  trigger(): void {
    if (this.isRunning || this.#hasLaterFiles) return
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
    if (this.#hasLaterFiles) return
    const unit = fullUnit(this.#levels, this.#rules)
    if (unit !== null) this.#start(unit)
  }

  #start(unit: CompactionUnit): void {
    this.#background.start(() => this.#compact(unit))
  }

  async #compact(unit: CompactionUnit): Promise<CompactionChange> {
    const { layout, deletions, indexPlace } = this.#context
    const { outputLevel } = unit
    const levels = this.#levels
    const make = this.#context.rewriter ?? compactionRewriter
    const rewriter = make({
      ...this.#context,
      windowRows: windowRowsOf(unit.files, runsOf(unit.files)),
      levels: () => this.#levels,
      signal: this.#background.signal,
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

  /** See {@link BackgroundCompaction.take}. */
  async take(waits: boolean): Promise<CompactionChange | null> {
    return await this.#background.take(waits, ({ before, after }) => {
      this.#levels = updateLevels(this.#levels, before, after)
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

function joined(results: readonly CompactionResult[]): CompactionResult {
  return {
    before: results.flatMap(({ before }) => before),
    after: results.flatMap(({ after }) => after),
    changelog: results.flatMap(({ changelog }) => changelog),
    paths: results.flatMap(({ paths }) => paths),
  }
}

/** Runs that a merge of the files has at most: each file of level 0 is one, and each level above. */
function runsOf(files: readonly DataFileMeta[]): number {
  return new Set(files.map(({ level, fileName }) => (level === 0 ? fileName : level))).size
}
