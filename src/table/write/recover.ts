/**
 * Finishes or drops the commits that a process has prepared and may not have made before it died.
 *
 * Follows `TableCommitImpl.filterAndCommitMultiple`: those that are in the table are left out, and of the others all files
 * must still be there.
 */
import { findCommit } from '../../snapshot/commit-history.ts'
import type { CommitMessage } from '../../snapshot/commit-message.ts'
import { abort, type CommitTable } from '../../snapshot/commit.ts'
import type { OverwriteScope } from '../../snapshot/overwrite.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../snapshot/snapshot.ts'
import { throwIfAborted } from '../../util/async.ts'
import { invalid } from '../../util/errors.ts'
import { commitRows } from './commit-rows.ts'

/** A commit as it was prepared. */
export interface PreparedCommit {
  readonly identifier: bigint
  readonly messages: readonly CommitMessage[]
  readonly watermark?: bigint | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
}

export interface RecoverOptions {
  readonly commitUser: string
  /** What each of the commits replaces. */
  readonly overwrite?: OverwriteScope | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Recovered {
  /** The snapshots that were made now. */
  readonly snapshots: readonly Snapshot[]
  /** The identifiers of the commits that had happened before. */
  readonly alreadyCommitted: readonly bigint[]
}

/**
 * Makes those of the commits that have not happened, the lowest identifier first. CONFLICT where files of one are gone, or
 * where other commits changed what one builds on; a compaction for which that is so is left out.
 */
export async function recover(
  table: CommitTable,
  prepared: readonly PreparedCommit[],
  options: RecoverOptions,
): Promise<Recovered> {
  const snapshots: Snapshot[] = []
  const alreadyCommitted: bigint[] = []
  for (const each of inOrder(prepared)) {
    throwIfAborted(options.signal)
    const { messages, ...commit } = each
    const result = await commitRows(table, messages, { ...options, ...commit, isRecovered: true })
    if (result.alreadyCommitted) alreadyCommitted.push(each.identifier)
    else snapshots.push(...result.snapshots)
  }
  return { snapshots, alreadyCommitted }
}

/**
 * Deletes the files of those of the commits that have not happened; the identifiers of the others. Where the snapshots
 * that could tell have expired, nothing is deleted: that is left to orphan cleaning.
 */
export async function dropUncommitted(
  table: CommitTable,
  prepared: readonly PreparedCommit[],
  options: Pick<RecoverOptions, 'commitUser' | 'signal'>,
): Promise<{ readonly kept: readonly bigint[] }> {
  const kept: bigint[] = []
  for (const each of inOrder(prepared)) {
    throwIfAborted(options.signal)
    if (await mayBeInTable(table, each.identifier, options)) kept.push(each.identifier)
    else await abort(table, each.messages)
  }
  return { kept }
}

function inOrder(prepared: readonly PreparedCommit[]): PreparedCommit[] {
  const sorted = prepared.toSorted((a, b) => Number(a.identifier - b.identifier))
  for (const [i, { identifier }] of sorted.entries()) {
    if (identifier === BATCH_IDENTIFIER)
      throw invalid('a batch cannot be told from others of its user, and is not recovered')
    if (i > 0 && identifier === sorted[i - 1]!.identifier)
      throw invalid(`the commit ${identifier} is to be recovered twice`)
  }
  return sorted
}

async function mayBeInTable(
  { store }: CommitTable,
  identifier: bigint,
  { commitUser, signal }: Pick<RecoverOptions, 'commitUser' | 'signal'>,
): Promise<boolean> {
  const latest = await store.snapshots.readLatestListed({ signal })
  if (latest === null) return false
  const { id } = latest.snapshot
  const found = await findCommit(store.snapshots, id, commitUser, identifier, { signal })
  return found.passedBy !== null || found.snapshots.length > 0 || !found.isComplete
}
