/**
 * Which snapshots and changelogs may expire: pure choices from plain data.
 *
 * Follows `ExpireSnapshotsImpl`, `ExpireChangelogImpl` and `ExpireConfig`.
 */
import type { TableOptionValues } from '../types/options.ts'
import { invalid } from '../util/errors.ts'
import type { SnapshotRange } from './snapshot-store.ts'

/** How many snapshots are kept, and for how long. */
export interface Retention {
  /** So many are kept whatever their age; at least 1. */
  readonly countMin: number
  /** More than so many are never kept, unless a consumer needs them. */
  readonly countMax: number
  /** Those that are younger are kept. */
  readonly ageMs: number
}

/** What is kept of a table's history. */
export interface ExpiryRules {
  readonly snapshots: Retention
  readonly changelogs: Retention
  /** Most snapshots, and most changelogs, that expire at once. */
  readonly limit: number
  /** Whether changes are kept for longer than the snapshots that made them, in any of the three ways. */
  readonly isDecoupled: boolean
  /** Whether consumers keep changelogs only, which has a meaning where these are decoupled. */
  readonly consumersKeepChangelogsOnly: boolean
  /** Whether changelog files are written, so that a stream does not need the data files of old snapshots. */
  readonly hasChangelogFiles: boolean
}

/** What a caller asks for instead of what the options of the table say. */
export interface RetentionOverrides {
  readonly countMin?: number | undefined
  readonly countMax?: number | undefined
  readonly ageMs?: number | undefined
}

/** The rules of a table. INVALID where at least more is to be kept than at most, or nothing at all. */
export function expiryRules(
  options: TableOptionValues,
  snapshotOverrides: RetentionOverrides = {},
  changelogOverrides: RetentionOverrides = {},
  limit: number = options.get('snapshot.expire.limit'),
): ExpiryRules {
  const snapshots: Retention = {
    countMin: snapshotOverrides.countMin ?? options.get('snapshot.num-retained.min'),
    countMax: snapshotOverrides.countMax ?? options.get('snapshot.num-retained.max'),
    ageMs: snapshotOverrides.ageMs ?? options.get('snapshot.time-retained'),
  }
  const { countMin, countMax, ageMs } = changelogOverrides
  const changelogs: Retention = {
    countMin: countMin ?? options.get('changelog.num-retained.min') ?? snapshots.countMin,
    countMax: countMax ?? options.get('changelog.num-retained.max') ?? snapshots.countMax,
    ageMs: ageMs ?? options.get('changelog.time-retained') ?? snapshots.ageMs,
  }
  checkRetention(snapshots, 'snapshots')
  checkRetention(changelogs, 'changelogs')
  if (limit < 1) throw invalid(`the limit of an expiry is ${limit}, and has to be at least 1`)
  const isDecoupled =
    changelogs.countMax > snapshots.countMax ||
    changelogs.countMin > snapshots.countMin ||
    changelogs.ageMs > snapshots.ageMs
  return {
    snapshots,
    changelogs,
    limit,
    isDecoupled,
    consumersKeepChangelogsOnly: isDecoupled && options.get('consumer.changelog-only'),
    hasChangelogFiles: options.get('changelog-producer') !== 'none',
  }
}

function checkRetention({ countMin, countMax }: Retention, what: string): void {
  if (countMin < 1)
    throw invalid(`at least ${countMin} ${what} are to be kept, and it has to be at least 1`)
  if (countMin > countMax)
    throw invalid(`at least ${countMin} ${what} are to be kept, and at most ${countMax}`, {
      hint: 'keep at most as many as at least, or more',
    })
}

/** Snapshots that may go: all from the earliest up to the first that is young, and never the one at `end`. */
export interface ExpiryRange {
  readonly earliest: number
  /** Those before it go whatever their age; from it on the first that is young ends the expiry. */
  readonly agedFrom: number
  /** The first that stays, unless a young one comes before. */
  readonly end: number
}

/** The snapshots that may expire; null where none may. `consumersNext` is the lowest that a consumer still reads. */
export function snapshotExpiry(
  { earliest, latest }: SnapshotRange,
  rules: ExpiryRules,
  consumersNext: number | null,
): ExpiryRange | null {
  const { countMin, countMax } = rules.snapshots
  const kept = rules.consumersKeepChangelogsOnly ? null : consumersNext
  const end = Math.min(latest - countMin + 1, kept ?? Infinity, earliest + rules.limit)
  if (end <= earliest) return null
  return { earliest, agedFrom: Math.max(latest - countMax + 1, earliest), end }
}

/** The changelogs that may expire: the latest never does. Their numbers count from the latest snapshot. */
export function changelogExpiry(
  changelogs: SnapshotRange,
  latestSnapshotId: number,
  rules: ExpiryRules,
  consumersNext: number | null,
): ExpiryRange | null {
  const { earliest, latest } = changelogs
  const { countMin, countMax } = rules.changelogs
  const end = Math.min(
    latestSnapshotId - countMin + 1,
    consumersNext ?? Infinity,
    earliest + rules.limit,
    latest,
  )
  if (end <= earliest) return null
  return { earliest, agedFrom: Math.max(latestSnapshotId - countMax + 1, earliest), end }
}

/** Whether the snapshot is kept for its age, and with it all after it. */
export function isYoung(timeMillis: number, { ageMs }: Retention, nowMs: number): boolean {
  return nowMs - ageMs <= timeMillis
}

/**
 * Tags whose data files are to be spared when the deletions of snapshot `snapshotId` are carried out: the nearest tag before
 * it has all of them that any earlier tag has. `tagIds` ascend.
 */
export function nearestTagBefore(tagIds: readonly number[], snapshotId: number): number | null {
  return tagIds.findLast((id) => id < snapshotId) ?? null
}

/** The tags whose metadata overlaps with that of the snapshots `[begin, end)`. `tagIds` ascend. */
export function overlappingTags(tagIds: readonly number[], begin: number, end: number): number[] {
  const first = nearestTagBefore(tagIds, begin + 1) ?? begin
  return tagIds.filter((id) => id >= first && id < end)
}
