/**
 * Whether a commit has happened before, as far as the table still tells. Follows `FileStoreCommitImpl.filterCommitted`
 * and `TableCommitImpl.checkFilesExistence`.
 *
 * A commit is known by its user, its identifier and its kind. Snapshots expire, so a commit may have happened although
 * no snapshot says so; then its files are in the table, or were and are gone.
 */
import type { IoOptions } from '../io/file-io.ts'
import { mapOrdered } from '../util/async.ts'
import { type Changes, inChangedPartitions } from './commit-changes.ts'
import { type DataLayout, indexFilePath, pathsOfFile } from './data-paths.ts'
import { FILE_KIND } from './manifest-entry.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { identityAt, identityOf } from './manifest-rows.ts'
import { scanEntries, scanManifests } from './manifest-scan.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import { BATCH_IDENTIFIER, type Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

/** What the snapshots say of a user's commits. */
export interface CommitHistory {
  /** The snapshots of the identifier, the older one first: a commit makes up to two. */
  readonly snapshots: readonly Snapshot[]
  /** The highest identifier that the user has committed, where it is higher than this one; null where it is not. */
  readonly passedBy: bigint | null
  /** Whether what was not found did not happen: all snapshots that could say so are still there. */
  readonly isComplete: boolean
}

/** Looks for the commit of a stream from the snapshot `latestId` backwards. */
export async function findCommit(
  snapshots: SnapshotStore,
  latestId: number,
  commitUser: string,
  identifier: bigint,
  options?: IoOptions,
): Promise<CommitHistory> {
  const found: Snapshot[] = []
  let oldestId = latestId + 1
  for await (const snapshot of snapshots.walkBack(latestId, options)) {
    oldestId = snapshot.id
    if (snapshot.commitUser !== commitUser) continue
    // Identifiers only grow, so the first snapshot of the user that has another one tells all.
    if (snapshot.commitIdentifier > identifier)
      return { snapshots: found, passedBy: snapshot.commitIdentifier, isComplete: true }
    if (snapshot.commitIdentifier < identifier)
      return { snapshots: found, passedBy: null, isComplete: true }
    found.unshift(snapshot)
  }
  return { snapshots: found, passedBy: null, isComplete: oldestId === 1 }
}

/** The identifier of the newest commit of the user's stream, as far as snapshots tell; 0 without any. */
export async function newestIdentifier(
  snapshots: SnapshotStore,
  commitUser: string,
  options?: IoOptions,
): Promise<bigint> {
  const range = await snapshots.range(options)
  if (range === null) return 0n
  for await (const snapshot of snapshots.walkBack(range.latest, options))
    if (snapshot.commitUser === commitUser && snapshot.commitIdentifier !== BATCH_IDENTIFIER)
      return snapshot.commitIdentifier
  return 0n
}

/**
 * Looks for the parts of a batch among the snapshots after `sinceId`. All batches of a user have the same identifier,
 * so the files have to be the same too.
 */
export async function findBatch(
  store: TableStore,
  latestId: number,
  sinceId: number,
  commitUser: string,
  parts: readonly Changes[],
  options?: IoOptions,
): Promise<Snapshot[]> {
  const found: Snapshot[] = []
  for await (const snapshot of store.snapshots.walkBack(latestId, options)) {
    if (snapshot.id <= sinceId) break
    if (snapshot.commitUser !== commitUser || snapshot.commitIdentifier !== BATCH_IDENTIFIER)
      continue
    const part = parts.find(({ kind }) => kind === snapshot.commitKind)
    if (part !== undefined && (await isChangeOf(store, snapshot, part, options)))
      found.unshift(snapshot)
  }
  return found
}

/** Whether the snapshot made the change. */
async function isChangeOf(
  store: TableStore,
  snapshot: Snapshot,
  { files, replaced }: Changes,
  options?: IoOptions,
): Promise<boolean> {
  const [first] = files
  // Of what only takes files away it is not known which they were.
  if (first === undefined && replaced !== undefined) {
    const changed = await scanEntries(store.manifests, snapshot, 'delta', {}, options)
    return changed.every(({ kind }) => kind === FILE_KIND.DELETE)
  }
  if (first === undefined) return snapshot.deltaRecordCount === 0
  const { fileName } = first.file
  const filter = { fileName: (name: string) => name === fileName }
  const entries = await scanEntries(store.manifests, snapshot, 'delta', filter, options)
  const identity = identityOf(first)
  return entries.some((entry) => entry.kind === first.kind && identityOf(entry) === identity)
}

/** A change, and the manifests in which a snapshot records it. */
export interface RecordedChange {
  readonly changes: Changes
  readonly deltaManifestNames: ReadonlySet<string>
}

/** Whether a later snapshot builds on the one that made the change. */
export async function buildsOn(
  store: TableStore,
  layout: DataLayout,
  later: Snapshot,
  { changes, deltaManifestNames }: RecordedChange,
  options?: IoOptions,
): Promise<boolean> {
  const base = await store.manifests.readBaseManifests(later, options)
  const delta = await store.manifests.readDeltaManifests(later, options)
  if ([...base, ...delta].some((meta) => deltaManifestNames.has(meta.fileName))) return true
  // Its manifests may have been merged: then its files tell, as they were before the later snapshot changed them.
  if (changes.files.some((entry) => entry.kind === FILE_KIND.ADD))
    return (await liveAmong(store, base, changes, FILE_KIND.ADD, layout, options)).size > 0
  if (changes.files.length === 0) return false
  return (await liveAmong(store, base, changes, FILE_KIND.DELETE, layout, options)).size === 0
}

/**
 * Those of the snapshots that are part of the table. One that a stalled writer put where others have expired is not, and
 * may lie right before those that have not: then the next one does not build on it.
 */
export async function withoutStray(
  store: TableStore,
  layout: DataLayout,
  snapshots: readonly Snapshot[],
  options?: IoOptions,
): Promise<Snapshot[]> {
  const kept: Snapshot[] = []
  for (const snapshot of snapshots) {
    const next = await store.snapshots.find(snapshot.id + 1, options)
    if (next === null || (await hasFollower(store, layout, snapshot, next.snapshot, options)))
      kept.push(snapshot)
  }
  return kept
}

async function hasFollower(
  store: TableStore,
  layout: DataLayout,
  snapshot: Snapshot,
  next: Snapshot,
  options?: IoOptions,
): Promise<boolean> {
  const delta = await store.manifests.readDeltaManifests(snapshot, options)
  // Without changes there is nothing that could be missing.
  if (delta.length === 0) return true
  const changes: Changes = {
    kind: snapshot.commitKind,
    isChecked: false,
    files: await scanEntries(store.manifests, snapshot, 'delta', {}, options),
    changelog: [],
    indexFiles: [],
  }
  const deltaManifestNames = new Set(delta.map(({ fileName }) => fileName))
  return buildsOn(store, layout, next, { changes, deltaManifestNames }, options)
}

/** Which of the files that the change adds (or deletes) are live in the manifests, by identity. */
export async function liveAmong(
  store: TableStore,
  metas: readonly ManifestFileMeta[],
  changes: Changes,
  kind: number,
  layout: DataLayout,
  options?: IoOptions,
): Promise<Set<string>> {
  const entries = changes.files.filter((entry) => entry.kind === kind)
  const names = new Set(entries.map(({ file }) => file.fileName))
  const identities = new Set(entries.map(identityOf))
  const filter = {
    ...inChangedPartitions(changes, layout.partitionFields),
    fileName: (name: string) => names.has(name),
  }
  const live = new Set<string>()
  const chosen = await scanManifests(store.manifests, metas, 'live', filter, options)
  for (const { rows, indices } of chosen) {
    for (const row of indices) {
      const identity = identityAt(rows, row)
      if (identities.has(identity)) live.add(identity)
    }
  }
  return live
}

/** How many files are looked for at the same time. */
const LOOKS = 16

/** The paths of files that the change adds and that are not in the storage. */
export async function missingFiles(
  store: TableStore,
  layout: DataLayout,
  { files, changelog, indexFiles }: Changes,
  options?: IoOptions,
): Promise<string[]> {
  const added = [...files, ...changelog].filter((entry) => entry.kind === FILE_KIND.ADD)
  const indexes = indexFiles.filter((entry) => entry.kind === FILE_KIND.ADD)
  const paths = [
    ...added.flatMap((entry) => pathsOfFile(layout, entry)),
    ...indexes.map((entry) => indexFilePath(layout, entry)),
  ]
  const look = async (path: string): Promise<string | null> =>
    (await store.io.stat(path, options)) === null ? path : null
  const missing: string[] = []
  for await (const path of mapOrdered(paths, LOOKS, look)) if (path !== null) missing.push(path)
  return missing
}
