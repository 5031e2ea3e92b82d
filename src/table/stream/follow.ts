/**
 * What a stream does with each snapshot that it comes to: pure functions of what the snapshot says.
 *
 * Follows `DataTableStreamScan`, `DeltaFollowUpScanner` and `ChangelogFollowUpScanner`.
 */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { tableOptions, topLevel } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'

/** What decides beside the snapshot. */
export interface FollowRules {
  readonly producer: 'none' | 'input' | 'lookup' | 'full-compaction'
  /** `streaming-read-overwrite` with a primary key, else `streaming-read-append-overwrite`. */
  readonly readsOverwrites: boolean
  readonly hasKey: boolean
  /** `scan.bounded.watermark`: the stream ends before the first snapshot whose watermark is later. */
  readonly boundedWatermark: bigint | undefined
  /** `streaming.read.snapshot.delay` */
  readonly delayMs: number
}

export function followRules(schema: TableSchema): FollowRules {
  const options = tableOptions(schema.options)
  const hasKey = hasPrimaryKey(schema)
  return {
    producer: hasKey ? options.get('changelog-producer') : 'none',
    readsOverwrites: options.get(
      hasKey ? 'streaming-read-overwrite' : 'streaming-read-append-overwrite',
    ),
    hasKey,
    boundedWatermark: options.get('scan.bounded.watermark'),
    delayMs: options.get('streaming.read.snapshot.delay') ?? 0,
  }
}

/**
 * What is read of a snapshot: the files that it added, its changelog, the rows that an overwrite replaced and those that it
 * put in their place (`replaced`), or nothing; or the stream ends before it (`end`), or waits for it to be older.
 */
export type FollowStep = 'added' | 'changelog' | 'replaced' | 'skip' | 'end' | 'wait'

export function followStep(snapshot: Snapshot, rules: FollowRules, nowMs: number): FollowStep {
  if (isBeyond(snapshot, rules)) return 'end'
  if (waitMsFor(snapshot, rules, nowMs) > 0) return 'wait'
  if (snapshot.commitKind === 'OVERWRITE' && rules.readsOverwrites)
    return rules.hasKey ? 'replaced' : 'added'
  if (rules.producer === 'none') return snapshot.commitKind === 'APPEND' ? 'added' : 'skip'
  return snapshot.changelogManifestList === undefined ? 'skip' : 'changelog'
}

/** Whether the stream ends before the snapshot. */
export function isBeyond({ watermark }: Snapshot, { boundedWatermark }: FollowRules): boolean {
  return watermark !== undefined && boundedWatermark !== undefined && watermark > boundedWatermark
}

/** How long the snapshot has to wait until it is as old as the stream's delay asks. */
export function waitMsFor(snapshot: Snapshot, { delayMs }: FollowRules, nowMs: number): number {
  return delayMs === 0 ? 0 : Math.max(0, snapshot.timeMillis + delayMs - nowMs)
}

/**
 * Which levels the first, whole state is read from: where a compaction makes the changelog, what it has not reached yet
 * is going to come as changes.
 */
export function firstLevels(schema: TableSchema): (level: number) => boolean {
  const options = tableOptions(schema.options)
  if (!hasPrimaryKey(schema)) return () => true
  switch (options.get('changelog-producer')) {
    case 'lookup':
      return (level) => level > 0
    case 'full-compaction': {
      const last = topLevel(options)
      return (level) => level === last
    }
    default:
      return () => true
  }
}

/** Whether changelogs are kept longer than the snapshots that they are of. `CoreOptions.changelogLifecycleDecoupled` */
export function keepsChangelogs(schema: TableSchema): boolean {
  const options = tableOptions(schema.options)
  const isLonger = (name: 'num-retained.max' | 'num-retained.min' | 'time-retained'): boolean =>
    (options.get(`changelog.${name}`) ?? 0) > options.get(`snapshot.${name}`)
  return isLonger('num-retained.max') || isLonger('time-retained') || isLonger('num-retained.min')
}

/** How long to wait before looking again, after having found nothing so many times: soon at first, then less and less. */
export function pollWaitMs(missCount: number, intervalMs: number): number {
  const first = Math.max(POLL_MS_MIN, intervalMs / FIRST_POLL_PART)
  return Math.min(intervalMs, first * 2 ** Math.min(missCount, 30))
}

const POLL_MS_MIN = 10
const FIRST_POLL_PART = 32
