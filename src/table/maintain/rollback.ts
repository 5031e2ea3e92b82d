/**
 * Takes a table back to an older snapshot: the newer ones go, and their tags. The files of the rows stay, and are nobody's.
 *
 * 1. The snapshot of a tag is put back where it has expired, so that the table is never without one.
 * 2. LATEST names it; newer snapshots are deleted, the newest first: whoever dies leaves a shorter history, and no gap.
 * 3. Newer changelogs go, and newer tags; EARLIEST follows.
 *
 * Follows `RollbackHelper`, which puts the snapshot back at the end.
 */
import { ChangelogStore } from '../../snapshot/changelog-store.ts'
import { ConsumerStore } from '../../snapshot/consumer-store.ts'
import { FileDeletion, type Freed } from '../../snapshot/file-deletion.ts'
import { hintBytes, readHint } from '../../snapshot/hints.ts'
import { type NumberedFile, numberedFiles } from '../../snapshot/metadata-files.ts'
import {
  CHANGELOG_PREFIX,
  changelogDirectory,
  hintPath,
  SNAPSHOT_PREFIX,
  snapshotDirectory,
  tagPath,
} from '../../snapshot/paths.ts'
import { storedSnapshot } from '../../snapshot/snapshot-store.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { throwIfAborted } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import { snapshotAt, type SnapshotAt } from './snapshot-at.ts'

export interface RollbackOptions {
  /** Tells what would be deleted, and does nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of the snapshots that are deleted. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** What was deleted, or in a dry run would be: files of metadata alone. */
export interface RollbackResult extends Freed {
  /** The one that is the latest now. */
  readonly snapshot: Snapshot
  /** The ids of the snapshots that went, ascending. */
  readonly snapshots: readonly number[]
  /** The names of the tags that went. */
  readonly tags: readonly string[]
  /** Consumers that have read further: they miss the next snapshots, which get ids that they have passed. */
  readonly consumersAhead: readonly string[]
}

/** What is to go. */
interface Newer {
  readonly snapshots: readonly NumberedFile[]
  readonly changelogs: readonly NumberedFile[]
  readonly tags: readonly string[]
}

/**
 * Makes the snapshot the latest. NOT_FOUND where it is not there; CONFLICT where writers commit as fast as their snapshots are
 * deleted. Writers that are open have to be opened anew. What died half-way is done again by the same call.
 */
export async function rollback(
  store: TableStore,
  to: SnapshotAt,
  options: RollbackOptions = {},
): Promise<RollbackResult> {
  const { dryRun = false, signal } = options
  const { io } = store
  const snapshot = await snapshotAt(store, to, signal)
  const range = await store.snapshots.range({ signal })
  const isThere = await store.snapshots.exists(snapshot.id, { signal })
  if (!isThere && range !== null && snapshot.id > range.latest)
    throw invalid(`snapshot ${snapshot.id} is later than ${range.latest}, the latest`, {
      path: store.location.root,
      hint: 'read it by its tag: a table goes back, and not forth',
    })
  const newer = await newerThan(store, snapshot.id, signal)
  const deletion = new FileDeletion(io, { dryRun, signal })
  const consumersAhead = await consumersBehind(store, snapshot.id + 1, signal)
  if (!dryRun) {
    if (!isThere) await store.snapshots.create(storedSnapshot(snapshot), { signal })
    await io.write(hintPath(store.location, 'LATEST'), hintBytes(snapshot.id), { signal })
  }
  const gone = await deleteNewestFirst(store, snapshot.id, newer.snapshots, deletion, options)
  await deleteChangelogs(store, snapshot.id, newer.changelogs, deletion)
  for (const name of newer.tags) {
    const status = await io.stat(tagPath(store.location, name), { signal })
    if (status !== null) await deletion.delete([status])
  }
  if (!dryRun) await finish(store, snapshot.id, isThere)
  const ids = gone.map(({ number }) => number).toSorted((a, b) => a - b)
  return { snapshot, snapshots: ids, tags: newer.tags, consumersAhead, ...deletion.freed }
}

async function newerThan(
  store: TableStore,
  snapshotId: number,
  signal: AbortSignal | undefined,
): Promise<Newer> {
  const { io, location } = store
  const snapshots = await newerSnapshots(store, snapshotId, signal)
  const least = snapshotId + 1
  const changelogs = await numberedFiles(
    io,
    changelogDirectory(location),
    { prefix: CHANGELOG_PREFIX, least },
    { signal },
  )
  const tags: string[] = []
  for await (const { name, snapshot } of store.tags.readAll(undefined, { signal }))
    if (snapshot.id > snapshotId) tags.push(name)
  return { snapshots, changelogs, tags }
}

async function newerSnapshots(
  { io, location }: TableStore,
  snapshotId: number,
  signal: AbortSignal | undefined,
): Promise<NumberedFile[]> {
  const wanted = { prefix: SNAPSHOT_PREFIX, least: snapshotId + 1 }
  return await numberedFiles(io, snapshotDirectory(location), wanted, { signal })
}

/** How often writers may have committed meanwhile. */
const ROUNDS_MAX = 10

async function deleteNewestFirst(
  store: TableStore,
  snapshotId: number,
  first: readonly NumberedFile[],
  deletion: FileDeletion,
  { signal, onProgress }: RollbackOptions,
): Promise<readonly NumberedFile[]> {
  const gone: NumberedFile[] = []
  let left = first
  for (let round = 0; left.length > 0; round++) {
    if (round === ROUNDS_MAX)
      throw new LakeError('CONFLICT', 'others commit to the table each time', {
        path: store.location.root,
        hint: 'stop its writers, and roll back again',
        retriable: true,
      })
    for (const [i, file] of left.toReversed().entries()) {
      throwIfAborted(signal)
      onProgress?.(i, left.length)
      await deletion.delete([file])
    }
    gone.push(...left)
    left = deletion.dryRun ? [] : await newerSnapshots(store, snapshotId, signal)
  }
  return gone
}

/** Without any changelog left Java writes that the latest is none, since it does not know which was before. */
async function deleteChangelogs(
  store: TableStore,
  snapshotId: number,
  newer: readonly NumberedFile[],
  deletion: FileDeletion,
): Promise<void> {
  if (newer.length === 0) return
  if (!deletion.dryRun) {
    const changelogs = new ChangelogStore(store.io, store.location)
    const latest = (await changelogs.ids()).findLast((id) => id <= snapshotId) ?? -1
    await changelogs.writeHint('LATEST', latest)
  }
  for (const file of newer.toReversed()) await deletion.delete([file])
}

async function finish(store: TableStore, snapshotId: number, wasThere: boolean): Promise<void> {
  const { io, location } = store
  const earliest = await readHint(io, hintPath(location, 'EARLIEST'))
  // A rollback that died here has put the snapshot back already.
  if (!wasThere || (earliest !== undefined && earliest > snapshotId))
    await io.write(hintPath(location, 'EARLIEST'), hintBytes(snapshotId))
  // What this process knows of commits may not hold any more.
  store.users.clear()
  const told = await readHint(io, hintPath(location, 'LATEST'))
  if (told !== snapshotId) await store.snapshots.advanceLatest(snapshotId)
}

/** The consumers that read a later snapshot next. */
async function consumersBehind(
  { io, location }: TableStore,
  nextId: number,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const consumers = new ConsumerStore(io, location)
  const ahead: string[] = []
  for (const name of await consumers.list({ signal }))
    if (((await consumers.find(name, { signal })) ?? 0) > nextId) ahead.push(name)
  return ahead
}
