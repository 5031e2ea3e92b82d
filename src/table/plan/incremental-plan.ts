/** Plans a read of changes: the files of the snapshots in between, or those in which two states of a bucket differ. */
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { projectTo } from '../../types/predicate-analysis.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import type { Changes } from './incremental.ts'
import { joinPruning, stepOf } from './plan-steps.ts'
import { type Plan, planScan, type ScanStores } from './scan.ts'
import type { Split, SplitFiles } from './split.ts'

export interface ChangesRequest {
  /** The schema that rows are read with. */
  readonly schema: TableSchema
  readonly where?: Predicate | undefined
  /** Rows that are enough. */
  readonly limit?: number | undefined
  /** The levels that are read; those that any batch shows unless told. */
  readonly level?: ((level: number) => boolean) | undefined
  /** Whether the plan tells what each step of it left. */
  readonly explains?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

const NOTHING: Plan = { snapshotId: null, splits: [], fileCounts: { considered: 0, read: 0 } }

/** Null stands for no changes. */
export async function planChanges(
  stores: ScanStores,
  changes: Changes | null,
  request: ChangesRequest,
): Promise<Plan> {
  if (changes === null) return NOTHING
  if (changes.from === 'diff') return planDiff(stores, changes.before, changes.after, request)
  const { from: kind, snapshots: changesOf, after: snapshot } = changes
  const scan = { kind, snapshot, changesOf, isStreaming: true, isBatch: true } as const
  return planScan(stores, { ...request, ...scan })
}

async function planDiff(
  stores: ScanStores,
  before: Snapshot,
  after: Snapshot,
  { schema, where: given, level, explains, signal }: ChangesRequest,
): Promise<Plan> {
  const keyed = hasPrimaryKey(schema)
  // A key whose value left or entered the filter is told by both states, so only keys can leave files out.
  const where = keyed && given !== undefined ? projectTo(given, schema.primaryKeys) : given
  const scan = {
    schema,
    where,
    wholeBuckets: true,
    isBatch: true,
    level,
    explains,
    signal,
  } as const
  const [old, now] = await Promise.all([
    planScan(stores, { ...scan, snapshot: before }),
    planScan(stores, { ...scan, snapshot: after }),
  ])
  const splits = diffSplits(old.splits, now.splits, keyed)
  const files = splits.flatMap((split) => [...split.files, ...split.before!.files])
  return {
    snapshotId: after.id,
    splits,
    pruning: joinPruning([old, now], () => stepOf('common', files)),
    fileCounts: {
      considered: old.fileCounts.considered + now.fileCounts.considered,
      read: files.length,
    },
  }
}

/**
 * A split for each bucket, without the files that both states have: as in Java, these are not merged with the others. Of
 * tables without a primary key the files that were added are read as they are.
 */
function diffSplits(before: readonly Split[], after: readonly Split[], keyed: boolean): Split[] {
  const olds = new Map(before.map((split) => [bucketKey(split), split]))
  const splits: Split[] = []
  for (const split of after) {
    const key = bucketKey(split)
    const old = olds.get(key)
    olds.delete(key)
    splits.push(diffSplit(split, old?.files ?? [], split.files, old, keyed))
  }
  for (const old of olds.values()) splits.push(diffSplit(old, old.files, [], old, keyed))
  return splits.filter(({ files, before: left }) => files.length > 0 || left!.files.length > 0)
}

function diffSplit(
  split: Split,
  before: Split['files'],
  after: Split['files'],
  old: SplitFiles | undefined,
  keyed: boolean,
): Split {
  const [olds, news] = [before, after].map((files) => new Set(files.map(fileIdentity)))
  return {
    ...split,
    files: after.filter((file) => !olds!.has(fileIdentity(file))),
    rawConvertible: !keyed,
    before: {
      files: before.filter((file) => !news!.has(fileIdentity(file))),
      deletionFiles: old?.deletionFiles,
    },
  }
}

/** A file that moved to another level counts as another one. */
function fileIdentity({ level, fileName }: Split['files'][number]): string {
  return `${level}/${fileName}`
}
