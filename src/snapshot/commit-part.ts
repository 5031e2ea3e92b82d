/**
 * Commits one snapshot, again and again until it is not overtaken.
 *
 * Only a lost race is tried again. The waits are drawn from a range that doubles up to a second: with longer waits, or
 * without chance in them, some writer starves.
 */
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey, trimmedKeyFields } from '../types/schema-keys.ts'
import { type Clock, throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { type Backoff, createBackoff } from '../util/retry.ts'
import { Attempts, type CommitFacts, metadataFormat } from './commit-attempt.ts'
import { type Changes, inChangedPartitions } from './commit-changes.ts'
import { changesOn } from './commit-resolve.ts'
import type { CommitTally } from './commit-tally.ts'
import { type Conflict, findConflict } from './conflict.ts'
import { bucketDirectory, type DataLayout } from './data-paths.ts'
import { scanEntries } from './manifest-scan.ts'
import { snapshotDirectory } from './paths.ts'
import { confirmSnapshot, createSnapshot } from './publish.ts'
import type { StoredSnapshot } from './snapshot-store.ts'
import { BATCH_IDENTIFIER, type Snapshot } from './snapshot.ts'
import { checkStrictly } from './strict-mode.ts'
import type { TableStore, UserCommits } from './table-store.ts'

/** What the parts of one commit share. */
export interface CommitContext {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly layout: DataLayout
  readonly commitUser: string
  readonly identifier: bigint
  readonly watermark: bigint | undefined
  readonly properties: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly tally: CommitTally
  /** What this process knows of the user's commits. */
  readonly user: UserCommits
  /** The latest schema as far as the commit knows. */
  schemaId: number
}

export interface CommittedPart {
  readonly snapshot: Snapshot
  /** Whether this call made the snapshot, and not an earlier life of the same user. */
  readonly isOwn: boolean
  /** What the next part builds on. */
  readonly latest: StoredSnapshot
}

/** Commits the change on top of `first`, or of what is the latest when another writer is faster. */
export async function commitPart(
  context: CommitContext,
  changes: Changes,
  first: StoredSnapshot | null,
): Promise<CommittedPart> {
  const { store, schema, signal } = context
  const attempts = new Attempts(store, metadataFormat(schema), signal)
  const backoff = commitBackoff(context)
  let base = first
  try {
    for (;;) {
      const stored = await attempt(context, changes, base, attempts)
      if (stored !== null) return { snapshot: stored.snapshot, isOwn: true, latest: stored }
      if (!(await backoff.next())) throw lostEveryRace(context, backoff.failedCount)
      const sinceId = base?.snapshot.id ?? 0
      base = await store.snapshots.readLatestListed({ signal })
      const made = base && (await madeMeanwhile(context, changes, sinceId, base.snapshot))
      if (base !== null && made !== null) return { snapshot: made, isOwn: false, latest: base }
      // A schema that another writer has used already is not new to be looked for.
      if (base !== null && base.snapshot.schemaId > context.schemaId)
        context.schemaId = await store.schemas.latestId({ signal })
    }
  } finally {
    await attempts.cleanUp()
  }
}

/**
 * The snapshot of the same commit of a stream among those that were faster: what a process sent before it died may arrive
 * after the next one has looked for it.
 */
async function madeMeanwhile(
  { store, commitUser, identifier, signal }: CommitContext,
  { kind }: Changes,
  sinceId: number,
  latest: Snapshot,
): Promise<Snapshot | null> {
  if (identifier === BATCH_IDENTIFIER) return null
  const isSame = (snapshot: Snapshot): boolean =>
    snapshot.commitUser === commitUser &&
    snapshot.commitIdentifier === identifier &&
    snapshot.commitKind === kind
  if (latest.id <= sinceId) return null
  if (isSame(latest)) return latest
  if (latest.id === sinceId + 1) return null
  for await (const snapshot of store.snapshots.walkBack(latest.id - 1, { signal })) {
    if (snapshot.id <= sinceId) return null
    if (isSame(snapshot)) return snapshot
  }
  return null
}

/** Null when another writer was faster. */
async function attempt(
  context: CommitContext,
  change: Changes,
  base: StoredSnapshot | null,
  attempts: Attempts,
): Promise<StoredSnapshot | null> {
  const { store, schema, layout, commitUser, signal } = context
  const { kind } = change
  context.tally.attemptCount++
  const baseId = base?.snapshot.id ?? 0
  await checkStrictly(store, schema, context.user, baseId, { commitUser, kind, signal })
  const changes = await changesOn(context, change, base?.snapshot ?? null)
  if (changes.isChecked && base !== null) {
    const conflict = await conflictWith(context, changes, base.snapshot)
    if (conflict !== null) {
      // A base that this process remembers may have been rolled back.
      const current = await store.snapshots.readBytes(base.snapshot.id, { signal })
      if (current === null || Buffer.compare(current, base.bytes) !== 0) return null
      throw conflictError(context, changes, base.snapshot, conflict)
    }
  }
  const prepared = await attempts.prepare(base?.snapshot ?? null, changes, factsOf(context))
  throwIfAborted(signal)
  const publication = { store, layout, changes, base, ...prepared }
  try {
    if (!(await createSnapshot(publication, signal))) {
      attempts.lost()
      return null
    }
    if (!(await confirmSnapshot(publication))) {
      attempts.undone()
      return null
    }
  } catch (error) {
    if (error instanceof LakeError && error.code === 'OUTCOME_UNKNOWN') attempts.won()
    throw error
  }
  attempts.won()
  context.tally.add(changes)
  store.snapshots.remember(prepared.stored)
  // What follows in the same commit builds on this one.
  if (context.user.safeId !== undefined) context.user.safeId = prepared.stored.snapshot.id
  return prepared.stored
}

function factsOf(context: CommitContext): CommitFacts {
  const { commitUser, identifier, watermark, properties, schemaId, clock } = context
  return { commitUser, identifier, watermark, properties, schemaId, timeMillis: clock.now() }
}

async function conflictWith(
  { store, schema, layout, signal }: CommitContext,
  changes: Changes,
  base: Snapshot,
): Promise<Conflict | null> {
  const filter = inChangedPartitions(changes, layout.partitionFields)
  const { bucketsAreCounted } = metadataFormat(schema)
  // Files of counted buckets and their vectors are told apart by the files alone.
  const needsIndexes = changes.indexFiles.length > 0 || !bucketsAreCounted
  return findConflict({
    kind: changes.kind,
    base: await scanEntries(store.manifests, base, 'all', filter, { signal }),
    change: changes.files,
    baseIndexes: needsIndexes ? await store.manifests.readIndexEntries(base, { signal }) : [],
    changeIndexes: changes.indexFiles,
    bucketsAreCounted,
    keyTypes: hasPrimaryKey(schema) ? trimmedKeyFields(schema).map(({ type }) => type) : null,
  })
}

function conflictError(
  { layout }: CommitContext,
  { kind }: Changes,
  base: Snapshot,
  { what, files }: Conflict,
): LakeError {
  const names = files.map(({ partition, bucket, file }) => {
    const directory = bucketDirectory(layout, partition, bucket)
    return `${directory.slice(layout.root.length + 1)}/${file.fileName}`
  })
  return new LakeError(
    'CONFLICT',
    `${kind} conflicts with snapshot ${base.id} of ${base.commitUser}: ${what}${names.length === 0 ? '' : ` (${names.join(', ')})`}`,
    {
      path: layout.root,
      hint: 'open a new writer, which starts from what is in the table; let one writer at a time compact or overwrite a partition',
    },
  )
}

/** Retries of a commit that loses, unless `commit.max-retries` is set: Java's 10 are too few for many writers. */
const RETRY_COUNT = 100
/** The longest wait, unless `commit.max-retry-wait` is set. */
const WAIT_MS_MAX = 1_000

/** The waits between the tries of a commit that loses, as the options of the table say. */
export function commitBackoff({
  schema,
  signal,
  clock,
  random,
}: Pick<CommitContext, 'schema' | 'signal' | 'clock' | 'random'>): Backoff {
  const options = tableOptions(schema.options)
  const retryCount = options.isSet('commit.max-retries')
    ? options.get('commit.max-retries')
    : RETRY_COUNT
  return createBackoff({
    delayMsBase: options.get('commit.min-retry-wait'),
    delayMsMax: options.isSet('commit.max-retry-wait')
      ? options.get('commit.max-retry-wait')
      : WAIT_MS_MAX,
    tryCountMax: retryCount + 1,
    deadlineMs: options.get('commit.timeout') ?? Infinity,
    signal,
    clock,
    random,
  })
}

export function lostEveryRace(
  { store }: Pick<CommitContext, 'store'>,
  tryCount: number,
): LakeError {
  return new LakeError('CONFLICT', `other writers were faster ${tryCount} times`, {
    path: snapshotDirectory(store.location),
    retriable: true,
    hint: 'commit again with the same user and identifier, or raise commit.max-retries and commit.timeout',
  })
}
