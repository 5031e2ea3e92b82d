/**
 * Merges all manifests that are small or tell of deleted files, in a COMPACT snapshot that changes no file of the table.
 *
 * Commits merge manifests too, but only once there are many; this is for tables whose readers should not wait for that.
 * Follows `FileStoreCommitImpl.compactManifest`.
 */
import { randomUUID } from 'node:crypto'

import type { TableSchema } from '../types/schema-file.ts'
import { type Clock, systemClock, throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { type MetadataFormat, metadataFormat } from './commit-attempt.ts'
import type { Changes } from './commit-changes.ts'
import { commitBackoff, lostEveryRace } from './commit-part.ts'
import { dataLayout } from './data-paths.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { mergeManifests } from './manifest-merge.ts'
import { confirmSnapshot, createSnapshot } from './publish.ts'
import { type StoredSnapshot, storedSnapshot } from './snapshot-store.ts'
import { BATCH_IDENTIFIER, type Snapshot, SNAPSHOT_VERSION } from './snapshot.ts'
import type { TableStore } from './table-store.ts'
import { Uploads } from './uploads.ts'

export interface CompactManifestsOptions {
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

/** Manifests of a snapshot. */
export interface ManifestSums {
  readonly fileCount: number
  readonly sizeBytes: number
}

export interface CompactManifestsResult {
  /** The snapshot with the merged manifests; null where there was nothing to merge. */
  readonly snapshot: Snapshot | null
  readonly before: ManifestSums
  readonly after: ManifestSums
}

/** CONFLICT where others were faster each time; OUTCOME_UNKNOWN where the storage cannot tell whether it happened. */
export async function compactManifests(
  store: TableStore,
  schema: TableSchema,
  { signal, clock = systemClock }: CompactManifestsOptions = {},
): Promise<CompactManifestsResult> {
  const random = Math.random
  const commitUser = randomUUID()
  const backoff = commitBackoff({ schema, signal, clock, random })
  const format = metadataFormat(schema)
  for (;;) {
    throwIfAborted(signal)
    const base = await store.snapshots.readLatestListed({ signal })
    if (base === null) return { snapshot: null, before: sumsOf([]), after: sumsOf([]) }
    const table = { store, schema, format, commitUser, timeMillis: clock.now(), signal }
    const result = await compactOnce(table, base)
    if (result !== null) return result
    if (!(await backoff.next())) throw lostEveryRace({ store }, backoff.failedCount)
  }
}

interface CompactedTable {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly format: MetadataFormat
  readonly commitUser: string
  readonly timeMillis: number
  readonly signal: AbortSignal | undefined
}

/** Null when another writer was faster. */
async function compactOnce(
  table: CompactedTable,
  base: StoredSnapshot,
): Promise<CompactManifestsResult | null> {
  const { store, format, signal } = table
  const uploads = new Uploads(store.io, { signal })
  let isGarbage = true
  try {
    const before = await store.manifests.readDataManifests(base.snapshot, { signal })
    const merge = { ...format.merge, fullSizeBytes: 1, mergeCountMin: 1 }
    const after = await mergeManifests(before, merge, {
      read: (meta) => store.manifests.readManifest(meta, { signal }),
      newWriter: () => store.manifests.manifestWriter(format, uploads),
      partitionFields: format.partitionFields,
    })
    const sums = { before: sumsOf(before), after: sumsOf(after) }
    if (haveSameNames(before, after)) return { snapshot: null, ...sums }
    const stored = await writeSnapshot(table, base.snapshot, after, uploads)
    throwIfAborted(signal)
    const written = after.filter((meta) => !before.includes(meta)).map(({ fileName }) => fileName)
    const publication = {
      store,
      layout: dataLayout(store.location.root, table.schema),
      changes: NO_CHANGES,
      deltaManifestNames: new Set(written),
      base,
      stored,
    }
    if (!(await createOrKeep(publication, signal, () => (isGarbage = false)))) return null
    // Others may see the files from now on.
    isGarbage = false
    if (!(await confirmSnapshot(publication))) return null
    store.snapshots.remember(stored)
    await store.snapshots.advanceLatest(stored.snapshot.id)
    return { snapshot: stored.snapshot, ...sums }
  } finally {
    await uploads.finish().catch(() => {})
    if (isGarbage && uploads.paths.length > 0)
      await store.io.deleteAll([...uploads.paths]).catch(() => {})
  }
}

/** As {@link createSnapshot}; `keep` is called where the snapshot may be there. */
async function createOrKeep(
  publication: Parameters<typeof createSnapshot>[0],
  signal: AbortSignal | undefined,
  keep: () => void,
): Promise<boolean> {
  try {
    return await createSnapshot(publication, signal)
  } catch (error) {
    if (!(error instanceof LakeError) || error.code === 'OUTCOME_UNKNOWN') keep()
    throw error
  }
}

/** All that the snapshot before says stays, its schema and properties too. */
async function writeSnapshot(
  { store, format, commitUser, timeMillis }: CompactedTable,
  base: Snapshot,
  after: readonly ManifestFileMeta[],
  uploads: Uploads,
): Promise<StoredSnapshot> {
  const baseList = await store.manifests.writeList(after, format.codec, uploads)
  const deltaList = await store.manifests.writeList([], format.codec, uploads)
  await uploads.finish()
  const { schemaId, indexManifest, totalRecordCount, watermark, statistics, properties } = base
  return storedSnapshot({
    version: SNAPSHOT_VERSION,
    id: base.id + 1,
    schemaId,
    baseManifestList: baseList.name,
    baseManifestListSize: baseList.sizeBytes,
    deltaManifestList: deltaList.name,
    deltaManifestListSize: deltaList.sizeBytes,
    ...(indexManifest !== undefined && { indexManifest }),
    commitUser,
    commitIdentifier: BATCH_IDENTIFIER,
    commitKind: 'COMPACT',
    // Time travel searches by halving, so time must not go back where clocks differ.
    timeMillis: Math.max(timeMillis, base.timeMillis),
    totalRecordCount,
    deltaRecordCount: 0,
    ...(watermark !== undefined && { watermark }),
    ...(statistics !== undefined && { statistics }),
    ...(properties !== undefined && { properties }),
    nextRowId: base.nextRowId ?? 0n,
  })
}

const NO_CHANGES: Changes = {
  kind: 'COMPACT',
  isChecked: false,
  files: [],
  changelog: [],
  indexFiles: [],
}

function sumsOf(metas: readonly ManifestFileMeta[]): ManifestSums {
  return {
    fileCount: metas.length,
    sizeBytes: metas.reduce((sum, { fileSize }) => sum + fileSize, 0),
  }
}

function haveSameNames(
  before: readonly ManifestFileMeta[],
  after: readonly ManifestFileMeta[],
): boolean {
  const names = new Set(before.map(({ fileName }) => fileName))
  return before.length === after.length && after.every(({ fileName }) => names.has(fileName))
}
