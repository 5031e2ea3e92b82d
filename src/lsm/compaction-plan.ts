/**
 * What is done to the files of a compaction: which are merged with which, and which only change their level.
 *
 * Follows the Java classes `CompactUnit`, `MergeTreeCompactTask`, `FileRewriteCompactTask` and
 * `CompactStrategy.pickFullCompaction`.
 */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { DataField } from '../types/data-type.ts'
import type { RunPick } from './compaction-pick.ts'
import { fileSections, type SortedRun } from './intervals.ts'
import { highestLevel, type LevelRun, levelRuns, type Levels } from './levels.ts'

/** Files that are compacted together. */
export interface CompactionUnit {
  readonly outputLevel: number
  readonly files: readonly DataFileMeta[]
  /** Whether each file is rewritten by itself, however large it is. */
  readonly rewritesEach: boolean
}

/** Sections of overlapping runs that are merged one after another, or a file that is moved up as it is. */
export type CompactionStep =
  | { readonly kind: 'rewrite'; readonly sections: readonly (readonly SortedRun<DataFileMeta>[])[] }
  | { readonly kind: 'upgrade'; readonly file: DataFileMeta }

/** What may be asked of a file beyond its level and size. */
export interface PlanRules {
  /** Smaller files are merged with their neighbours instead of moved. */
  readonly smallFileBytes: number
  /** `compaction.force-rewrite-all-files` */
  readonly rewritesAll: boolean
  /** Whether the file has rows past `record-level.expire-time`. */
  readonly hasExpired: (file: DataFileMeta) => boolean
  /** Whether rows of the file are marked as deleted. */
  readonly hasDeletionVector: (file: DataFileMeta) => boolean
}

/** The files of the runs that were chosen; null when they are where they are to be already. */
export function unitOf(runs: readonly LevelRun[], pick: RunPick): CompactionUnit | null {
  const files = runs.slice(0, pick.runCount).flatMap((run) => run.files)
  const isDone = files.length === 1 && files[0]!.level === pick.outputLevel
  if (files.length === 0 || isDone) return null
  return { outputLevel: pick.outputLevel, files, rewritesEach: false }
}

/** All files, to be merged into the top level; of files that are there alone, those that are to be rewritten. */
export function fullUnit(levels: Levels, rules: PlanRules): CompactionUnit | null {
  const outputLevel = levels.levelCount - 1
  const runs = levelRuns(levels)
  if (runs.length === 0) return null
  const files = runs.flatMap((run) => run.files)
  if (runs.length > 1 || runs[0]!.level !== outputLevel)
    return { outputLevel, files, rewritesEach: false }
  const { rewritesAll, hasExpired, hasDeletionVector } = rules
  const stale = files.filter((file) => rewritesAll || hasExpired(file) || hasDeletionVector(file))
  return stale.length === 0 ? null : { outputLevel, files: stale, rewritesEach: true }
}

/** Whether rows that delete can be left out: nothing older lies below them, or is marked as deleted where it does. */
export function dropsDeletes(
  { outputLevel }: CompactionUnit,
  levels: Levels,
  hasDeletionVectors: boolean,
): boolean {
  return outputLevel !== 0 && (hasDeletionVectors || outputLevel >= highestLevel(levels))
}

/** What is done, step by step in the order of keys. */
export function planCompaction(
  { outputLevel, files, rewritesEach }: CompactionUnit,
  keyFields: readonly DataField[],
  maxLevel: number,
  rules: PlanRules,
): CompactionStep[] {
  if (rewritesEach) return files.map((file) => rewriteOf([[[file]]]))
  const steps: CompactionStep[] = []
  let gathered: SortedRun<DataFileMeta>[][] = []
  const move = (file: DataFileMeta): void => {
    const isStale =
      (outputLevel === maxLevel && file.deleteRowCount !== 0) ||
      rules.rewritesAll ||
      rules.hasExpired(file)
    if (isStale) steps.push(rewriteOf([[[file]]]))
    else if (file.level !== outputLevel) steps.push({ kind: 'upgrade', file })
  }
  const merge = (): void => {
    const [first, ...rest] = gathered
    gathered = []
    if (first === undefined) return
    // A lone file has no neighbour to be merged with, however small it is.
    if (rest.length === 0 && first.length === 1) for (const file of first[0]!) move(file)
    else steps.push(rewriteOf([first, ...rest]))
  }
  for (const section of fileSections(files, keyFields)) {
    if (section.length > 1) {
      gathered.push(section)
      continue
    }
    for (const file of section[0]!)
      if (file.fileSize < rules.smallFileBytes) gathered.push([[file]])
      else {
        merge()
        move(file)
      }
  }
  merge()
  return steps
}

function rewriteOf(sections: readonly SortedRun<DataFileMeta>[][]): CompactionStep {
  return { kind: 'rewrite', sections }
}
