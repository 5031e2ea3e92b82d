/**
 * Chooses which of a bucket's sorted runs are compacted next, and to which level. Nothing is read here, and nothing is kept:
 * what a choice depends on beside the runs goes in and comes out.
 *
 * Follows the Java classes `UniversalCompaction`, `EarlyFullCompaction`, `ForceUpLevel0Compaction`, `OffPeakHours` and
 * `CompactStrategy`.
 */
import { type TableOptionValues, tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'

/** What a choice looks at of a run. */
export interface RunSize {
  readonly level: number
  readonly sizeBytes: number
}

export interface PickOptions {
  /** `num-sorted-run.compaction-trigger` */
  readonly trigger: number
  /** `compaction.max-size-amplification-percent` */
  readonly sizeAmplificationPercent: number
  /** `compaction.size-ratio`, in percent. */
  readonly sizeRatio: number
  /** Hours of the day, from `startHour` up to but without `endHour`, in which `ratio` is added; null without any. */
  readonly offPeak: {
    readonly startHour: number
    readonly endHour: number
    readonly ratio: number
  } | null
  /** `compaction.optimization-interval` */
  readonly fullIntervalMs: number | null
  /** `compaction.total-size-threshold` */
  readonly totalBytesMin: number | null
  /** `compaction.incremental-size-threshold` */
  readonly incrementalBytesMax: number | null
  /**
   * What happens to level 0 when nothing else is to be done: it stays, or goes up at each trigger (`radical`), or at each
   * so many of them (`gentle`).
   */
  readonly level0: 'stays' | 'radical' | { readonly gentleInterval: number }
}

/** What is remembered from one trigger of a bucket to the next. */
export interface PickState {
  /** When all runs were chosen last; null before the first time. */
  readonly lastFullMs: number | null
  /** Triggers that let level 0 wait, in gentle mode. */
  readonly waitCount: number
}

export const FIRST_PICK: PickState = { lastFullMs: null, waitCount: 0 }

/** The time of a trigger. */
export interface PickMoment {
  readonly nowMs: number
  /** The hour of the local day. */
  readonly hour: number
}

/** The newest `runCount` runs, to be merged into a level. */
export interface RunPick {
  readonly runCount: number
  readonly outputLevel: number
}

export interface PickResult {
  readonly pick: RunPick | null
  readonly state: PickState
}

/** How the compactions of the table are chosen. */
export function pickOptions(schema: TableSchema): PickOptions {
  const options = tableOptions(schema.options)
  const startHour = options.get('compaction.offpeak.start.hour')
  const endHour = options.get('compaction.offpeak.end.hour')
  const hasOffPeak = startHour !== -1 && endHour !== -1 && startHour !== endHour
  return {
    trigger: options.get('num-sorted-run.compaction-trigger'),
    sizeAmplificationPercent: options.get('compaction.max-size-amplification-percent'),
    sizeRatio: options.get('compaction.size-ratio'),
    offPeak: hasOffPeak
      ? { startHour, endHour, ratio: options.get('compaction.offpeak-ratio') }
      : null,
    fullIntervalMs: options.get('compaction.optimization-interval') ?? null,
    totalBytesMin: options.get('compaction.total-size-threshold') ?? null,
    incrementalBytesMax: options.get('compaction.incremental-size-threshold') ?? null,
    level0: level0Rule(options),
  }
}

function level0Rule(options: TableOptionValues): PickOptions['level0'] {
  if (!needsLookup(options)) return options.get('compaction.force-up-level-0') ? 'radical' : 'stays'
  if (options.get('lookup-compact').toLowerCase() === 'radical') return 'radical'
  const trigger = options.get('num-sorted-run.compaction-trigger')
  const interval = options.get('lookup-compact.max-interval') ?? 2 * trigger
  return { gentleInterval: Math.max(trigger, interval) }
}

/** Whether compactions look up older rows of the keys that they merge. Follows `LookupStrategy`. */
export function needsLookup(options: TableOptionValues): boolean {
  return (
    options.get('merge-engine') === 'first-row' ||
    options.get('changelog-producer') === 'lookup' ||
    options.get('deletion-vectors.enabled') ||
    options.get('force-lookup')
  )
}

/** Chooses among the runs, the newest first; null when none are to be compacted now. */
export function pickRuns(
  levelCount: number,
  runs: readonly RunSize[],
  options: PickOptions,
  state: PickState,
  moment: PickMoment,
): PickResult {
  const found = pickUniversal(levelCount, runs, options, state, moment)
  const { level0 } = options
  if (found.pick !== null || level0 === 'stays') return found
  if (level0 === 'radical') return pickLevel0(levelCount, runs, options, found.state, moment)
  const waitCount = found.state.waitCount + 1
  if (waitCount !== level0.gentleInterval)
    return { pick: null, state: { ...found.state, waitCount } }
  return pickLevel0(levelCount, runs, options, { ...found.state, waitCount: 0 }, moment)
}

function pickUniversal(
  levelCount: number,
  runs: readonly RunSize[],
  options: PickOptions,
  state: PickState,
  moment: PickMoment,
): PickResult {
  const full: PickResult = {
    pick: { runCount: runs.length, outputLevel: levelCount - 1 },
    state: { ...state, lastFullMs: moment.nowMs },
  }
  if (isEarly(levelCount - 1, runs, options, state, moment)) return full
  const { trigger } = options
  if (runs.length >= trigger) {
    if (isAmplified(runs, options)) return full
    const count = extendByRatio(runs, 1, options, moment)
    if (count > 1) return pickPrefix(levelCount, runs, count, state, moment)
  }
  if (runs.length > trigger) {
    const count = extendByRatio(runs, runs.length - trigger + 1, options, moment)
    if (count > 1) return pickPrefix(levelCount, runs, count, state, moment)
  }
  return { pick: null, state }
}

/** Whether all runs are compacted although neither their number nor their sizes ask for it. */
function isEarly(
  maxLevel: number,
  runs: readonly RunSize[],
  { fullIntervalMs, totalBytesMin, incrementalBytesMax }: PickOptions,
  { lastFullMs }: PickState,
  { nowMs }: PickMoment,
): boolean {
  if (runs.length === 1) return false
  if (fullIntervalMs !== null && (lastFullMs === null || nowMs - lastFullMs > fullIntervalMs))
    return true
  if (totalBytesMin !== null && sizeOf(runs) < totalBytesMin) return true
  const incremental = runs.filter(({ level }) => level !== maxLevel)
  return incrementalBytesMax !== null && sizeOf(incremental) > incrementalBytesMax
}

/** Whether the newer runs take up too much beside the oldest. */
function isAmplified(runs: readonly RunSize[], { sizeAmplificationPercent }: PickOptions): boolean {
  const oldest = runs.at(-1)
  if (oldest === undefined) return false
  return sizeOf(runs.slice(0, -1)) * 100 > sizeAmplificationPercent * oldest.sizeBytes
}

/** How many runs are taken when at least `count` are: more, as long as the next is not larger than those before it. */
function extendByRatio(
  runs: readonly RunSize[],
  count: number,
  { sizeRatio, offPeak }: PickOptions,
  { hour }: PickMoment,
): number {
  const percent =
    100 + sizeRatio + (offPeak !== null && isWithin(hour, offPeak) ? offPeak.ratio : 0)
  let size = sizeOf(runs.slice(0, count))
  let extended = count
  while (extended < runs.length) {
    const next = runs[extended]!.sizeBytes
    if ((size * percent) / 100 < next) break
    size += next
    extended++
  }
  return extended
}

/** Whether the hour is in a time of the day that may go on past midnight. */
function isWithin(
  hour: number,
  { startHour, endHour }: { readonly startHour: number; readonly endHour: number },
): boolean {
  return startHour <= endHour
    ? startHour <= hour && hour < endHour
    : hour < endHour || startHour <= hour
}

/** All of level 0, and what fits by size. */
function pickLevel0(
  levelCount: number,
  runs: readonly RunSize[],
  options: PickOptions,
  state: PickState,
  moment: PickMoment,
): PickResult {
  const above = runs.findIndex(({ level }) => level > 0)
  const count = above === -1 ? runs.length : above
  if (count === 0) return { pick: null, state }
  return pickPrefix(levelCount, runs, extendByRatio(runs, count, options, moment), state, moment)
}

/** The first runs, and the level that they can be merged into: one below that of the next run. */
function pickPrefix(
  levelCount: number,
  runs: readonly RunSize[],
  count: number,
  state: PickState,
  { nowMs }: PickMoment,
): PickResult {
  let runCount = count
  let outputLevel = count === runs.length ? levelCount - 1 : Math.max(0, runs[count]!.level - 1)
  // Level 0 is no output: what is in the way of a higher one is merged too.
  if (outputLevel === 0) {
    const above = runs.findIndex(({ level }, i) => i >= count && level !== 0)
    runCount = above === -1 ? runs.length : above + 1
    if (above !== -1) outputLevel = runs[above]!.level
  }
  if (runCount < runs.length) return { pick: { runCount, outputLevel }, state }
  const full = { runCount, outputLevel: levelCount - 1 }
  return { pick: full, state: { ...state, lastFullMs: nowMs } }
}

function sizeOf(runs: readonly RunSize[]): number {
  return runs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
