/** Plans what a stream reads of one snapshot: its whole state, or what it changed. */
import { POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import { bucketKey, FILE_KIND, type ManifestEntry } from '../../snapshot/manifest-entry.ts'
import { scanEntries } from '../../snapshot/manifest-scan.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { scanFilter } from '../plan/scan-filter.ts'
import { planScan } from '../plan/scan.ts'
import type { Split } from '../plan/split.ts'
import { firstLevels, type FollowStep } from './follow.ts'

export interface PlannedSplit {
  readonly split: Split
  /** Whether its rows are those that an overwrite took away, so that each of them is deleted. */
  readonly isReversed: boolean
}

/** What a plan is made of, and for. */
export interface ChangeScan {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly where: Predicate | undefined
  /** Tells what else decides which rows are given. */
  readonly viewMark?: string | undefined
  readonly signal: AbortSignal | undefined
}

/** The whole state of the snapshot, as a stream starts with it: of files from a time on only, where one is given. */
export async function planState(
  { store, schema, where, signal }: ChangeScan,
  snapshot: Snapshot,
  createdSinceMillis: number | undefined,
): Promise<PlannedSplit[]> {
  const level = firstLevels(schema)
  const request = { schema, snapshot, where, level, createdSinceMillis, signal }
  const { splits } = await planScan(store, request)
  return splits.map((split) => {
    // Rows whose bucket is not decided yet are not merged.
    const isStreaming = split.bucket === POSTPONE_BUCKET
    return { split: isStreaming ? { ...split, isStreaming } : split, isReversed: false }
  })
}

/** What the snapshot changed, in the order in which it is to be read; the same whenever it is asked. */
export async function planChanges(
  scan: ChangeScan,
  snapshot: Snapshot,
  step: Extract<FollowStep, 'added' | 'changelog' | 'replaced'>,
): Promise<PlannedSplit[]> {
  if (step === 'replaced') return await planReplaced(scan, snapshot)
  const { store, schema, where, signal } = scan
  const kind = step === 'added' ? 'delta' : 'changelog'
  const request = { schema, snapshot, where, kind, isStreaming: true, signal } as const
  const { splits } = await planScan(store, request)
  return splits.map((split) => ({ split, isReversed: false }))
}

/**
 * The rows that an overwrite took away, merged, and then those that it put in their place, bucket by bucket. Follows
 * `SnapshotReaderImpl.readChanges`; as there, deletion vectors are left out of account.
 */
async function planReplaced(
  { store, schema, where, signal }: ChangeScan,
  snapshot: Snapshot,
): Promise<PlannedSplit[]> {
  const { files } = scanFilter(schema, where)
  const entries = await scanEntries(store.manifests, snapshot, 'delta', files, { signal })
  const buckets = new Map<string, ManifestEntry[]>()
  for (const entry of entries) {
    const key = bucketKey(entry)
    const bucket = buckets.get(key)
    if (bucket === undefined) buckets.set(key, [entry])
    else bucket.push(entry)
  }
  return [...buckets.values()].flatMap((bucket) =>
    [FILE_KIND.DELETE, FILE_KIND.ADD].flatMap((kind) => {
      const ofKind = bucket.filter((entry) => entry.kind === kind)
      if (ofKind.length === 0) return []
      return [{ split: mergedSplit(ofKind), isReversed: kind === FILE_KIND.DELETE }]
    }),
  )
}

function mergedSplit(entries: readonly ManifestEntry[]): Split {
  const { partition, bucket, totalBuckets } = entries[0]!
  const files = entries.map(({ file }) => file)
  return { partition, bucket, totalBuckets, files, rawConvertible: false, isStreaming: false }
}
