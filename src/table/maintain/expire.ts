/** Expires what a table no longer has to keep of its history: snapshots, and changelogs that outlive them. */
import { expireChangelogs } from '../../snapshot/expire-changelogs.ts'
import { expireSnapshots } from '../../snapshot/expire-snapshots.ts'
import { type ExpiryRules, expiryRules, type RetentionOverrides } from '../../snapshot/expire.ts'
import { openExpiryRun } from '../../snapshot/expiry-run.ts'
import type { Freed } from '../../snapshot/file-deletion.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { type Clock, systemClock, throwIfAborted } from '../../util/async.ts'
import { invalid } from '../../util/errors.ts'
import { publishBeforeExpiry } from './iceberg.ts'

/** What is to be kept, where it is not what the options of the table say. */
export interface RetentionOptions {
  /** So many are kept whatever their age, at least 1: `snapshot.num-retained.min`, or `changelog.num-retained.min`. */
  readonly retainMin?: number | undefined
  /** More than so many are not kept, whatever their age: `snapshot.num-retained.max`, or `changelog.num-retained.max`. */
  readonly retainMax?: number | undefined
  /** Those that are younger than this moment are kept; else by `snapshot.time-retained`, or `changelog.time-retained`. */
  readonly olderThan?: Date | undefined
}

export interface ExpireOptions extends RetentionOptions {
  /** What is kept of changes whose snapshots are gone; as for snapshots where neither this nor an option of the table says more. */
  readonly changelogs?: RetentionOptions | undefined
  /** Most snapshots, and most changelogs, that expire; all that are due unless told. */
  readonly limit?: number | undefined
  /** Whether nothing is deleted, and the result says what would be. */
  readonly dryRun?: boolean | undefined
  readonly onProgress?: ((progress: ExpireProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

export interface ExpireProgress {
  readonly what: 'snapshots'
  readonly done: number
  /** How many may expire at most; fewer do where one of them is too young. */
  readonly total: number
}

export interface ExpireResult extends Freed {
  readonly dryRun: boolean
  readonly snapshotCount: number
  readonly changelogCount: number
  /** The earliest snapshot that is left; null for a table without any. */
  readonly earliestSnapshotId: number | null
}

/**
 * Expires the snapshots and changelogs that are due. Never those that a consumer has yet to read, nor files that a tag or
 * another branch has. A call that fails or is stopped is made good by the next one.
 */
export async function expireTable(
  store: TableStore,
  schema: TableSchema,
  options: ExpireOptions = {},
): Promise<ExpireResult> {
  throwIfAborted(options.signal)
  const nowMs = (options.clock ?? systemClock).now()
  const { limit = Number.MAX_SAFE_INTEGER, changelogs = {} } = options
  const rules = expiryRules(
    tableOptions(schema.options),
    overridesOf(options, nowMs),
    overridesOf(changelogs, nowMs),
    limit,
  )
  if (options.dryRun !== true)
    await publishBeforeExpiry({ store, schema, signal: options.signal }, Infinity)
  const { result } = await expireByRules({ store, schema }, rules, nowMs, {
    ...options,
    isLong: true,
  })
  return result
}

/** What an expiry did, and the earliest snapshot that it left. */
export interface Expired {
  readonly result: ExpireResult
  readonly earliest: Snapshot | null
  /** The earliest of the changelogs that outlive their snapshots; null where there are none. */
  readonly earliestChangelog: Snapshot | null
}

/** {@link expireTable} by rules that are known. */
export async function expireByRules(
  table: { readonly store: TableStore; readonly schema: TableSchema },
  rules: ExpiryRules,
  nowMs: number,
  options: Pick<ExpireOptions, 'dryRun' | 'onProgress' | 'signal'> & {
    readonly isLong?: boolean
  } = {},
): Promise<Expired> {
  const { onProgress, dryRun = false, signal, isLong } = options
  const run = openExpiryRun(table, { dryRun, signal, isLong })
  const { count: snapshotCount, earliest } = await expireSnapshots(run, {
    rules,
    nowMs,
    onProgress: (done, total) => onProgress?.({ what: 'snapshots', done, total }),
  })
  const latest = rules.isDecoupled ? await table.store.snapshots.range({ signal }) : null
  const { count: changelogCount, earliest: earliestChangelog } =
    latest === null || earliest === null
      ? { count: 0, earliest: null }
      : await expireChangelogs(run, {
          rules,
          nowMs,
          latestSnapshotId: latest.latest,
          earliestSnapshot: earliest,
        })
  const earliestSnapshotId = earliest?.id ?? null
  const counts = { snapshotCount, changelogCount, earliestSnapshotId }
  return { result: { ...run.deletion.freed, dryRun, ...counts }, earliest, earliestChangelog }
}

function overridesOf(
  { retainMin, retainMax, olderThan }: RetentionOptions,
  nowMs: number,
): RetentionOverrides {
  for (const [name, count] of Object.entries({ retainMin, retainMax }))
    if (count !== undefined && !Number.isSafeInteger(count))
      throw invalid(`${name} is ${count}, and has to be a whole number`)
  const olderThanMs = olderThan?.getTime()
  if (Number.isNaN(olderThanMs)) throw invalid('olderThan is no time')
  return {
    countMin: retainMin,
    countMax: retainMax,
    ageMs: olderThanMs === undefined ? undefined : nowMs - olderThanMs,
  }
}
