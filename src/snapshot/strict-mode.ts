/**
 * The check that `commit.strict-mode.last-safe-snapshot` asks for.
 *
 * Others must not have compacted or overwritten the table since a snapshot that the committer holds for safe. Follows
 * `StrictModeChecker`.
 */
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { LakeError } from '../util/errors.ts'
import { scanRows } from './manifest-scan.ts'
import type { CommitKind, Snapshot } from './snapshot.ts'
import type { TableStore, UserCommits } from './table-store.ts'

export interface StrictCommit {
  readonly commitUser: string
  readonly kind: CommitKind
  readonly signal?: AbortSignal | undefined
}

/**
 * Throws CONFLICT when a snapshot up to `baseId`, and after the last safe one, forbids the commit; then `baseId` is safe
 * for the user. Nothing is looked at without the option, or when it is -1 and the user has not committed yet.
 */
export async function checkStrictly(
  store: TableStore,
  schema: TableSchema,
  user: UserCommits,
  baseId: number,
  { commitUser, kind, signal }: StrictCommit,
): Promise<void> {
  const option = tableOptions(schema.options).get('commit.strict-mode.last-safe-snapshot')
  if (option === undefined) return
  const safeId = user.safeId ?? Number(option)
  if (safeId >= 0 && safeId < baseId)
    await requireNone(store, safeId, baseId, { commitUser, kind, signal })
  user.safeId = baseId
}

async function requireNone(
  store: TableStore,
  safeId: number,
  baseId: number,
  { commitUser, kind, signal }: StrictCommit,
): Promise<void> {
  for await (const snapshot of store.snapshots.walkBack(baseId, { signal })) {
    if (snapshot.id <= safeId) break
    if (snapshot.commitUser === commitUser) continue
    if (!(await isForbidden(store, snapshot, kind, signal))) continue
    throw new LakeError(
      'CONFLICT',
      `snapshot ${snapshot.id} is an ${snapshot.commitKind} of ${snapshot.commitUser}, and commit.strict-mode.last-safe-snapshot is set`,
      {
        path: store.location.root,
        hint: `look at what that snapshot changed, then set commit.strict-mode.last-safe-snapshot to ${snapshot.id} or higher`,
      },
    )
  }
}

async function isForbidden(
  store: TableStore,
  snapshot: Snapshot,
  kind: CommitKind,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (snapshot.commitKind === 'COMPACT' || snapshot.commitKind === 'OVERWRITE') return true
  if (snapshot.commitKind !== 'APPEND' || kind !== 'OVERWRITE') return false
  // An overwrite would take away what was appended to buckets that it replaces.
  const filter = { bucket: (bucket: number): boolean => bucket >= 0 }
  const rows = await scanRows(store.manifests, snapshot, 'delta', filter, { signal })
  return rows.length > 0
}
