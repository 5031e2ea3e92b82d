/** The Iceberg snapshots of a table: those that the metadata has already, and the others derived one after the other. */
import type { Snapshot } from '../snapshot/snapshot.ts'
import { throwIfAborted } from '../util/async.ts'
import { clientPath } from './data-file.ts'
import {
  type BeforeSnapshot,
  deriveSnapshot,
  type DerivedSnapshot,
  type DeriveWork,
} from './derive.ts'
import {
  candidatesForCommon,
  isOf,
  keptSnapshots,
  type PaimonHistory,
  shownIds,
} from './history.ts'
import { encodeIcebergManifestList } from './manifest-list.ts'
import { snapshotEntry } from './metadata-state.ts'
import type { IcebergMetadata, IcebergSnapshot } from './metadata.ts'

export interface DeriveAllOptions {
  /** What may be used again; null for nothing. */
  readonly metadata: IcebergMetadata | null
  /** Snapshots of other schemas are not shown. */
  readonly carriedIds: ReadonlySet<number>
  /** Where nothing is used again: how many of the newest snapshots are shown. */
  readonly firstMax: number
  readonly nextRowId: bigint
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export interface DerivedHistory {
  /** Ascending. */
  readonly snapshots: readonly IcebergSnapshot[]
  /** The ids of those that are new. */
  readonly newIds: readonly number[]
  readonly nextRowId: bigint
}

/** All snapshots that are to be shown; the files of the new ones are staged. */
export async function deriveAll(
  work: DeriveWork,
  history: PaimonHistory,
  options: DeriveAllOptions,
): Promise<DerivedHistory> {
  const { metadata } = options
  const commonId = await findCommon(work, history, metadata)
  const ids = shownIds(history, metadata, commonId, options.firstMax)
  const kept = keptSnapshots(metadata, work.settings, commonId, ids)
  const snapshots: IcebergSnapshot[] = []
  const newIds: number[] = []
  let { nextRowId } = options
  const missing = ids.length - kept.size
  for (const id of ids) {
    throwIfAborted(work.signal)
    const known = kept.get(id)
    if (known !== undefined) {
      snapshots.push(known)
      continue
    }
    const snapshot = await snapshotOf(work, history, id)
    if (snapshot === null || !options.carriedIds.has(snapshot.schemaId)) continue
    const before = await beforeOf(work, history, id, snapshots.at(-1))
    const derived = await deriveSnapshot(work, snapshot, before, nextRowId)
    snapshots.push(await stageSnapshot(work, snapshot, derived, snapshots.at(-1), nextRowId))
    nextRowId = derived.nextRowId
    newIds.push(id)
    options.onProgress?.(newIds.length, missing)
  }
  return { snapshots, newIds, nextRowId }
}

/** The id of the newest snapshot that metadata and table have in common; 0 where there is none, or none that can be told. */
async function findCommon(
  work: DeriveWork,
  history: PaimonHistory,
  metadata: IcebergMetadata | null,
): Promise<number> {
  if (metadata === null) return 0
  for (const entry of candidatesForCommon(metadata, work.settings, history.latest.id)) {
    const id = entry['snapshot-id']
    const snapshot = await snapshotOf(work, history, id)
    if (snapshot === null) return 0
    if (isOf(entry, snapshot)) return id
  }
  return 0
}

/** The snapshot, if the table has it still, or a tag keeps it. */
async function snapshotOf(
  { store, signal }: DeriveWork,
  { latest, earliestId, tags }: PaimonHistory,
  id: number,
): Promise<Snapshot | null> {
  if (id === latest.id) return latest
  for (const tagged of tags.values()) if (tagged.id === id) return tagged
  if (id < earliestId) return null
  return (await store.snapshots.find(id, { signal }))?.snapshot ?? null
}

/** The snapshot before, where Iceberg shows it. */
async function beforeOf(
  work: DeriveWork,
  history: PaimonHistory,
  id: number,
  last: IcebergSnapshot | undefined,
): Promise<BeforeSnapshot | null> {
  if (last?.['snapshot-id'] !== id - 1) return null
  const manifests = await work.files.readList(last['manifest-list'])
  // Only deletion vectors are compared with those of the snapshot before.
  const needsBefore = work.settings.deletes !== 'none'
  return { manifests, snapshot: needsBefore ? await snapshotOf(work, history, id - 1) : null }
}

/** Stages the manifest list and gives the entry. A snapshot that changed nothing has the list of the one before. */
async function stageSnapshot(
  { files, settings, schema }: DeriveWork,
  snapshot: Snapshot,
  derived: DerivedSnapshot,
  last: IcebergSnapshot | undefined,
  nextRowId: bigint,
): Promise<IcebergSnapshot> {
  const parentId = last?.['snapshot-id'] ?? null
  const firstRowId = settings.formatVersion === 3 ? nextRowId : null
  const isKeyed = schema.primaryKeys.length > 0
  const place = { parentId, firstRowId, isKeyed, settings }
  if (derived.isUnchanged && last !== undefined)
    return snapshotEntry(snapshot, derived, { ...place, manifestList: last['manifest-list'] })
  const path = files.newList(snapshot.id)
  const bytes = encodeIcebergManifestList(derived.manifests, {
    formatVersion: settings.formatVersion,
    codec: settings.codec,
    snapshotId: snapshot.id,
    parentId,
    sequenceNumber: snapshot.id,
    firstRowId,
  })
  files.stageList(path, bytes, derived.manifests)
  return snapshotEntry(snapshot, derived, { ...place, manifestList: clientPath(path) })
}
