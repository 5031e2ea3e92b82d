/**
 * Commits what writers wrote: an APPEND snapshot of new files, then a COMPACT snapshot of what compactions replaced.
 *
 * 1. List the snapshots; look whether the commit has happened before.
 * 2. For each of the two: check for conflicts, write manifests and lists, create the next snapshot exclusively, confirm
 *    that it is part of the history. When another writer was faster, do it again on what that writer made.
 * 3. Move the LATEST hint.
 *
 * Follows `FileStoreCommitImpl`. Data files are never deleted here; metadata files are, once it is known that nothing
 * refers to them.
 */
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { type Clock, systemClock, throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import {
  appendedChanges,
  type Changes,
  compactedChanges,
  isEmpty,
  withoutChangelog,
} from './commit-changes.ts'
import { findBatch, findCommit, liveAmong, missingFiles, withoutStray } from './commit-history.ts'
import type { CommitMessage } from './commit-message.ts'
import { type CommitContext, commitPart } from './commit-part.ts'
import { CommitTally } from './commit-tally.ts'
import { dataLayout, indexFilePath, pathsOfFile } from './data-paths.ts'
import { FILE_KIND } from './manifest-entry.ts'
import { overwriteOf, type OverwriteScope } from './overwrite.ts'
import type { StoredSnapshot } from './snapshot-store.ts'
import { BATCH_IDENTIFIER, type Snapshot } from './snapshot.ts'
import type { TableStore, UserCommits } from './table-store.ts'

/** A table to commit to: what is stored of it, and the schema that its writers used. */
export interface CommitTable {
  readonly store: TableStore
  readonly schema: TableSchema
}

export interface CommitOptions {
  /** Who commits: the same text for each commit of a stream, a new one for each batch. */
  readonly commitUser: string
  /** Grows with each commit of a stream; {@link BATCH_IDENTIFIER}, the default, for a batch. */
  readonly identifier?: bigint | undefined
  readonly watermark?: bigint | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** What the commit replaces; without it, nothing. Its changelog is not committed then. */
  readonly overwrite?: OverwriteScope | undefined
  /** Whether new files are looked for in the table, and other conflicts, also where they are only appended. */
  readonly checksAppend?: boolean | undefined
  /**
   * Whether the messages come from before a failure: that they happened before is looked for, their files must still be
   * there, and their new files not yet in the table.
   */
  readonly isRecovered?: boolean | undefined
  /** The stored file of statistics that the commit is about: an ANALYZE, without messages. */
  readonly statistics?: string | undefined
  /**
   * Whether a commit without changes makes no snapshot. Unless told: what `snapshot.ignore-empty-commit` says, else
   * true for a batch and false for a stream.
   */
  readonly ignoreEmptyCommit?: boolean | undefined
  /**
   * Whether to look first if the commit has happened before. Unless told: for the first commit of a stream in this
   * process, and whenever this process does not know.
   */
  readonly mayBeCommitted?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
  /** A number in [0, 1), as `Math.random`: spreads the waits of writers that race. */
  readonly random?: (() => number) | undefined
}

export interface CommitResult {
  /** The snapshots of the commit: none for an empty one, up to two. Those of an earlier commit may have expired. */
  readonly snapshots: readonly Snapshot[]
  /** Whether all of it had happened before. */
  readonly alreadyCommitted: boolean
}

/** A commit of which a part has happened: the rows are in the table, their compaction is not. */
export class PartialCommitError extends LakeError {
  readonly committed: readonly Snapshot[]

  constructor(error: LakeError, committed: readonly Snapshot[]) {
    super(error.code, `${error.message}; the rows of the commit are in the table`, {
      path: error.path,
      hint:
        error.code === 'CONFLICT' && !error.retriable
          ? 'do not commit the rows again: open a new writer, which starts from what is in the table'
          : 'commit again with the same user and identifier: the rows will not be added twice',
      retriable: error.retriable,
      cause: error,
    })
    this.name = 'PartialCommitError'
    this.committed = committed
  }
}

/** Whether a commit that ended with the error may be in the table, or a part of it: its files are to be kept then. */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof LakeError)) return true
  return error.code === 'OUTCOME_UNKNOWN' || error instanceof PartialCommitError
}

/**
 * Commits the messages of one or several writers. After an error it is safe to call again with the same user,
 * identifier and messages: what has happened does not happen twice.
 *
 * - CONFLICT: other commits changed what this one builds on, and it did not happen. Retriable if it only lost races.
 * - OUTCOME_UNKNOWN: the storage could not be reached to find out whether it happened. Keep the files.
 * - ABORTED: the signal fired before the snapshot was created.
 * - {@link PartialCommitError}, with any code: the first of the two snapshots did happen.
 */
export async function commit(
  table: CommitTable,
  messages: readonly CommitMessage[],
  options: CommitOptions,
): Promise<CommitResult> {
  const { store, schema } = table
  const identifier = options.identifier ?? BATCH_IDENTIFIER
  const parts = partsOf(schema, messages, identifier, options)
  if (parts.length === 0) return { snapshots: [], alreadyCommitted: false }
  throwIfAborted(options.signal)
  const startMs = performance.now()
  const [latest, schemaId] = await Promise.all([
    readLatest(store, options.signal),
    store.schemas.latestId({ signal: options.signal }),
  ])
  const context: CommitContext = {
    store,
    schema,
    layout: dataLayout(store.location.root, schema),
    commitUser: options.commitUser,
    identifier,
    watermark: options.watermark,
    properties: options.properties ?? {},
    signal: options.signal,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    tally: new CommitTally(),
    user: userOf(store, options),
    schemaId,
  }
  const isRecovered = options.isRecovered === true
  const mayBeCommitted =
    isRecovered || (options.mayBeCommitted ?? isUnsure(context.user, identifier))
  try {
    return await commitParts(context, parts, latest, { mayBeCommitted, isRecovered })
  } catch (error) {
    store.metrics.add('commit.numCommitsFailed')
    throw error
  } finally {
    context.tally.tell(store.metrics, performance.now() - startMs)
  }
}

/**
 * Deletes the files that the messages say were written, when it is known that they were not committed. Files that a
 * compaction only moved to another level were there before and stay.
 */
export async function abort(table: CommitTable, messages: readonly CommitMessage[]): Promise<void> {
  const { store, schema } = table
  const layout = dataLayout(store.location.root, schema)
  const paths = messages.flatMap((message) => {
    const { partition, bucket, newFiles, changelogFiles, compactChangelog } = message
    const before = new Set(message.compactBefore.map((file) => file.fileName))
    const made = message.compactAfter.filter((file) => !before.has(file.fileName))
    const dataPaths = [...newFiles, ...changelogFiles, ...compactChangelog, ...made].flatMap(
      (file) => pathsOfFile(layout, { partition, bucket, file }),
    )
    const indexFiles = [...message.newIndexFiles, ...message.compactNewIndexFiles]
    const indexPaths = indexFiles.map((indexFile) =>
      indexFilePath(layout, { partition, bucket, indexFile }),
    )
    return [...dataPaths, ...indexPaths]
  })
  if (paths.length > 0) await store.io.deleteAll([...new Set(paths)])
}

function partsOf(
  schema: TableSchema,
  messages: readonly CommitMessage[],
  identifier: bigint,
  { ignoreEmptyCommit, overwrite, statistics, ...given }: CommitOptions,
): Changes[] {
  const { checksAppend = false, isRecovered = false } = given
  const options = tableOptions(schema.options)
  const changes = appendedChanges(messages)
  const checks = checksAppend || isRecovered || options.get('commit.discard-duplicate-files')
  if (statistics !== undefined) return [{ ...changes, kind: 'ANALYZE', statistics }]
  const appended = { ...changes, isChecked: changes.isChecked || checks }
  const compacted = compactedChanges(messages)
  if (overwrite !== undefined) {
    const quiet = withoutChangelog(compacted)
    const replacing = overwriteOf(schema, appended, overwrite, !isEmpty(quiet))
    return [replacing, isEmpty(quiet) ? null : quiet].filter((part) => part !== null)
  }
  const ignoresEmpty =
    !options.get('commit.force-create-snapshot') &&
    (ignoreEmptyCommit ??
      options.get('snapshot.ignore-empty-commit') ??
      identifier === BATCH_IDENTIFIER)
  const parts = isEmpty(appended) && ignoresEmpty ? [] : [appended]
  return isEmpty(compacted) ? parts : [...parts, compacted]
}

async function readLatest(
  { snapshots }: TableStore,
  signal: AbortSignal | undefined,
): Promise<StoredSnapshot | null> {
  const range = await snapshots.range({ signal })
  if (range === null) return null
  // What this process made need not be read: that it is still there is confirmed after the commit.
  return (
    snapshots.recall(range.latest) ??
    (await snapshots.find(range.latest, { signal })) ??
    (await snapshots.readLatestListed({ signal }))
  )
}

function userOf({ users }: TableStore, { commitUser }: { commitUser: string }): UserCommits {
  let known = users.get(commitUser)
  if (known === undefined) {
    known = { committed: undefined, unfinished: new Map() }
    users.set(commitUser, known)
  }
  return known
}

/** Whether this process cannot tell that the commit has not happened before. */
function isUnsure({ committed, unfinished }: UserCommits, identifier: bigint): boolean {
  if (unfinished.has(identifier)) return true
  if (identifier === BATCH_IDENTIFIER) return false
  return committed === undefined || identifier <= committed
}

async function commitParts(
  context: CommitContext,
  parts: readonly Changes[],
  latest: StoredSnapshot | null,
  { mayBeCommitted, isRecovered }: { mayBeCommitted: boolean; isRecovered: boolean },
): Promise<CommitResult> {
  const { store, identifier, user } = context
  const before =
    latest === null || !mayBeCommitted
      ? { snapshots: [], left: parts }
      : await committedBefore(context, parts, latest)
  if (isRecovered) for (const changes of before.left) await requireFiles(context, changes)
  if (!user.unfinished.has(identifier)) user.unfinished.set(identifier, latest?.snapshot.id ?? 0)
  const snapshots: Snapshot[] = [...before.snapshots]
  let base = latest
  let ownCount = 0
  try {
    for (const changes of before.left) {
      const part = await commitPart(context, changes, base)
      base = part.latest
      snapshots.push(part.snapshot)
      if (part.isOwn) ownCount++
    }
  } catch (error) {
    if (snapshots.length === 0 || !(error instanceof LakeError)) throw error
    throw new PartialCommitError(error, snapshots)
  }
  user.unfinished.delete(identifier)
  const isHighest = user.committed === undefined || user.committed < identifier
  if (identifier !== BATCH_IDENTIFIER) user.committed = isHighest ? identifier : user.committed
  // The users of batches do not come back.
  else if (user.unfinished.size === 0 && user.committed === undefined)
    store.users.delete(context.commitUser)
  const last = snapshots.at(-1)
  if (last !== undefined) await store.snapshots.advanceLatest(last.id)
  return { snapshots, alreadyCommitted: ownCount === 0 }
}

interface CommittedBefore {
  readonly snapshots: readonly Snapshot[]
  /** What is left to do. */
  readonly left: readonly Changes[]
}

/** What of the commit has happened before. */
async function committedBefore(
  context: CommitContext,
  parts: readonly Changes[],
  latest: StoredSnapshot,
): Promise<CommittedBefore> {
  const { store, layout, commitUser, identifier, user, signal } = context
  const latestId = latest.snapshot.id
  if (identifier === BATCH_IDENTIFIER) {
    const sinceId = user.unfinished.get(identifier) ?? 0
    const found = await findBatch(store, latestId, sinceId, commitUser, parts, { signal })
    const snapshots = await withoutStray(store, layout, found, { signal })
    return { snapshots, left: notAmong(parts, snapshots) }
  }
  const history = await findCommit(store.snapshots, latestId, commitUser, identifier, { signal })
  const snapshots = await withoutStray(store, layout, history.snapshots, { signal })
  if (history.passedBy !== null) {
    // The commits up to that one have happened too.
    user.committed = history.passedBy
    return { snapshots, left: [] }
  }
  const left = notAmong(parts, snapshots)
  const isComplete = history.isComplete && snapshots.length === history.snapshots.length
  return isComplete || snapshots.length > 0
    ? { snapshots, left }
    : { snapshots, left: await notInTable(context, left, latest.snapshot) }
}

function notAmong(parts: readonly Changes[], snapshots: readonly Snapshot[]): Changes[] {
  return parts.filter(({ kind }) => snapshots.every((snapshot) => snapshot.commitKind !== kind))
}

/** The parts that have not happened, where no snapshot can tell any more: the files that they add do. */
async function notInTable(
  context: CommitContext,
  parts: readonly Changes[],
  latest: Snapshot,
): Promise<Changes[]> {
  const { store, layout, signal } = context
  const metas = await store.manifests.readDataManifests(latest, { signal })
  const left: Changes[] = []
  for (const changes of parts) {
    const live = await liveAmong(store, metas, changes, FILE_KIND.ADD, layout, { signal })
    if (live.size > 0) continue
    await requireFiles(context, changes)
    left.push(changes)
  }
  return left
}

/** CONFLICT when a file that the change adds is not there any more. */
async function requireFiles(
  { store, layout, signal }: CommitContext,
  changes: Changes,
): Promise<void> {
  const [missing] = await missingFiles(store, layout, changes, { signal })
  if (missing !== undefined)
    throw new LakeError('CONFLICT', 'a file to be committed is gone', {
      path: missing,
      hint: 'the commit is older than the snapshots of the table: it happened and was replaced, or its files were cleaned up',
    })
}
