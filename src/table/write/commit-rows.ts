/** Commits what writers made, without the compactions that others were faster with. */
import { appendedChanges, compactedChanges, isEmpty } from '../../snapshot/commit-changes.ts'
import type { CommitMessage } from '../../snapshot/commit-message.ts'
import {
  abort,
  commit,
  type CommitOptions,
  type CommitResult,
  type CommitTable,
  PartialCommitError,
} from '../../snapshot/commit.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../snapshot/snapshot.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { LakeError } from '../../util/errors.ts'
import { maintain } from '../maintain/after-commit.ts'
import { publishIceberg } from '../maintain/iceberg.ts'

export interface WriterCommitResult extends CommitResult {
  /**
   * Whether compactions were left out because others have compacted or overwritten the same files: the rows are in the
   * table all the same, and writers go on from what the others made.
   */
  readonly isCompactionDropped: boolean
  /** What failed of the upkeep after the commit, which has happened all the same: expiry, tags, Iceberg metadata. */
  readonly upkeepErrors: readonly unknown[]
}

/**
 * Commits as `commit` does, but for a compaction that conflicts: it is dropped, with the files that it wrote. Java fails
 * there, and its jobs start again; a compaction holds nothing that is not in the files that it was to replace.
 */
export async function commitRows(
  table: CommitTable,
  messages: readonly CommitMessage[],
  options: CommitOptions,
): Promise<WriterCommitResult> {
  const result = await commitKept(table, messages, options)
  return { ...result, upkeepErrors: await keepUp(table, result.snapshots, options) }
}

/**
 * Commits files that were rewritten: all of it, or nothing; its snapshot, or null when there was nothing to commit. The upkeep
 * behind it goes by the options of `upkeepSchema`. What fails of that is left to the next commit.
 */
export async function commitRewritten(
  table: CommitTable,
  messages: readonly CommitMessage[],
  options: CommitOptions,
  upkeepSchema: TableSchema,
): Promise<Snapshot | null> {
  const { snapshots } = await commit(table, messages, options)
  await keepUp({ ...table, schema: upkeepSchema }, snapshots, options)
  return snapshots.at(-1) ?? null
}

async function keepUp(
  table: CommitTable,
  snapshots: readonly Snapshot[],
  { clock, signal, commitUser, identifier = BATCH_IDENTIFIER }: CommitOptions,
): Promise<readonly unknown[]> {
  const latest = snapshots.at(-1)
  if (latest === undefined) return []
  const maintained = { ...table, clock, signal, commitUser, identifier, latest }
  const failures = await maintain(maintained)
  return [...failures, ...(await publishIceberg(maintained))]
}

async function commitKept(
  table: CommitTable,
  messages: readonly CommitMessage[],
  options: CommitOptions,
): Promise<Omit<WriterCommitResult, 'upkeepErrors'>> {
  try {
    const result = await commit(table, messages, options)
    return { ...result, isCompactionDropped: false }
  } catch (error) {
    const snapshots = committedWithoutCompaction(error, messages, options)
    if (snapshots === null) throw error
    await abort(table, messages.map(compactionOf))
    return { snapshots, alreadyCommitted: false, isCompactionDropped: true }
  }
}

/** The snapshots of a commit that happened but for its compactions, which conflict with others'; null for other errors. */
function committedWithoutCompaction(
  error: unknown,
  messages: readonly CommitMessage[],
  { overwrite }: CommitOptions,
): readonly Snapshot[] | null {
  const isConflict = error instanceof LakeError && error.code === 'CONFLICT' && !error.retriable
  if (!isConflict || isEmpty(compactedChanges(messages))) return null
  if (error instanceof PartialCommitError) return error.committed
  return overwrite === undefined && isEmpty(appendedChanges(messages)) ? [] : null
}

/** The message without what was written: only the files of its compaction. */
function compactionOf(message: CommitMessage): CommitMessage {
  return {
    ...message,
    newFiles: [],
    deletedFiles: [],
    changelogFiles: [],
    newIndexFiles: [],
    deletedIndexFiles: [],
  }
}
