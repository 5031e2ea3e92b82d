/**
 * One Iceberg snapshot from a Paimon snapshot: by what it changed where the snapshot before is known, else from all of its files.
 *
 * Follows `IcebergCommitCallback`. Which files are shown is in `settings.ts`; rows get ids as the Iceberg specification,
 * "Row Lineage", wants it, those of tables that number their rows themselves the same.
 */
import { bucketDirectory, dataFilePath, type DataLayout } from '../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry } from '../snapshot/index-manifest.ts'
import { FILE_KIND, type ManifestEntry } from '../snapshot/manifest-entry.ts'
import { scanEntries } from '../snapshot/manifest-scan.ts'
import { storedPath } from '../snapshot/paths.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { unsupported } from '../util/errors.ts'
import { requireReadAs } from './carried.ts'
import { type ChangedManifests, changeManifests } from './change-manifests.ts'
import type { VectorTarget } from './changed-vectors.ts'
import { clientPath, dataFileOf } from './data-file.ts'
import { type ShownFile as DataFileOfVector, updateDeletes } from './deletes.ts'
import { CONTENT, ENTRY_STATUS, type IcebergFile, type IcebergManifest } from './entry.ts'
import { fileAt, type ManifestForm } from './manifest-rows.ts'
import { keyOf, type MetadataFiles } from './metadata-files.ts'
import type { IcebergSettings } from './settings.ts'

/** What all snapshots of one emission are derived with. */
export interface DeriveWork {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly settings: IcebergSettings
  readonly layout: DataLayout
  readonly form: ManifestForm
  readonly files: MetadataFiles
  readonly signal?: AbortSignal | undefined
}

/** A snapshot as Iceberg shows it. */
export interface DerivedSnapshot {
  readonly manifests: readonly IcebergManifest[]
  /** Whether these are the very manifests of the snapshot before. */
  readonly isUnchanged: boolean
  readonly nextRowId: bigint
  readonly addedFiles: number
  readonly addedRows: number
  readonly removedFiles: number
  readonly removedRows: number
  readonly hasDeleteChanges: boolean
}

/** The snapshot before, as Iceberg shows it and as Paimon has it. */
export interface BeforeSnapshot {
  readonly manifests: readonly IcebergManifest[]
  /** Null where it has expired. */
  readonly snapshot: Snapshot | null
}

/** Ids of rows from here on are none that a table with row tracking gives; clients whose numbers are doubles can hold them. */
const OTHER_ROW_IDS = 1n << 50n

/** A data file with its path. */
interface ShownFile {
  readonly path: string
  readonly entry: ManifestEntry
}

/** The Iceberg snapshot; `before` is null where it is to be derived from all files. */
export async function deriveSnapshot(
  work: DeriveWork,
  snapshot: Snapshot,
  before: BeforeSnapshot | null,
  firstRowId: bigint,
): Promise<DerivedSnapshot> {
  const { store, settings, signal } = work
  const isShown = (level: number): boolean => level >= settings.levelMin
  const kind = before === null ? 'all' : 'delta'
  const entries = await scanEntries(store.manifests, snapshot, kind, { level: isShown }, { signal })
  const { added, removed } = changesOf(work, entries)
  const dataFiles = await toDataFiles(work, added, snapshot, firstRowId)
  const manifestWork = {
    ...work,
    snapshotId: snapshot.id,
    firstRowId: rowIdOf(settings, firstRowId),
  }
  const data = await changeManifests(manifestWork, CONTENT.DATA, contentOf(before, CONTENT.DATA), {
    added: dataFiles.files,
    removed,
  })
  const deletes = await changeDeletes(work, snapshot, before, data, { added, removed })
  const addedRows = dataFiles.files.reduce((sum, { recordCount }) => sum + recordCount, 0)
  return {
    manifests: [...data.manifests, ...deletes.manifests],
    isUnchanged:
      before !== null && added.size === 0 && data.removedCount === 0 && !deletes.isChanged,
    nextRowId: dataFiles.nextRowId,
    addedFiles: added.size,
    addedRows,
    removedFiles: data.removedCount,
    removedRows: data.removedRows,
    hasDeleteChanges: deletes.isChanged,
  }
}

const contentOf = (before: BeforeSnapshot | null, content: number): readonly IcebergManifest[] =>
  before?.manifests.filter((manifest) => manifest.content === content) ?? []

const rowIdOf = ({ formatVersion }: IcebergSettings, id: bigint): bigint | null =>
  formatVersion === 3 ? id : null

interface DataChanges {
  readonly added: ReadonlyMap<string, ShownFile>
  readonly removed: ReadonlyMap<string, Uint8Array>
}

/** Files that came and went by their paths. One that only went to another level that is shown too did neither. */
function changesOf({ layout }: DeriveWork, entries: readonly ManifestEntry[]): DataChanges {
  const added = new Map<string, ShownFile>()
  const removed = new Map<string, Uint8Array>()
  for (const entry of entries) {
    const path = clientPath(dataFilePath(layout, entry))
    if (entry.kind === FILE_KIND.ADD) added.set(path, { path, entry })
    else removed.set(path, entry.partition)
  }
  for (const path of removed.keys()) if (added.delete(path)) removed.delete(path)
  return { added, removed }
}

async function toDataFiles(
  { store, schema, settings, layout, signal }: DeriveWork,
  added: ReadonlyMap<string, ShownFile>,
  snapshot: Snapshot,
  firstRowId: bigint,
): Promise<{ files: IcebergFile[]; nextRowId: bigint }> {
  const files: IcebergFile[] = []
  const readable = new Set<number>()
  // Rows of tables that number their rows themselves keep their numbers in the files that they are written anew to, where
  // Iceberg does not look: there they get others, beyond all that such a table gives.
  const isNumbered = tableOptions(schema.options).get('row-tracking.enabled')
  let nextRowId = firstRowId
  for (const { path, entry } of added.values()) {
    requireRaw(path, entry)
    const fileSchema = await store.schemas.read(entry.file.schemaId, { signal })
    if (!readable.has(fileSchema.id)) requireReadAs(fileSchema, schema)
    readable.add(fileSchema.id)
    const file = dataFileOf(entry, { layout, fileSchema })
    if (settings.formatVersion === 2) {
      files.push({ ...file, firstRowId: null })
      continue
    }
    if (file.firstRowId === null && isNumbered && nextRowId < OTHER_ROW_IDS)
      nextRowId = OTHER_ROW_IDS
    files.push({ ...file, firstRowId: file.firstRowId ?? nextRowId })
    if (file.firstRowId === null) nextRowId += BigInt(file.recordCount)
  }
  // Tables that number their rows themselves say what is next.
  const { nextRowId: own = 0n } = snapshot
  return { files, nextRowId: own > nextRowId ? own : nextRowId }
}

/** Files above level 0 hold no rows that are deletions; one that does would show them as rows. */
function requireRaw(path: string, { file }: ManifestEntry): void {
  if ((file.deleteRowCount ?? 0) > 0)
    throw unsupported('the data file holds deletions, which Iceberg clients would read as rows', {
      path,
      hint: 'compact the table in full',
    })
}

/** The manifests of delete files that belong to the data files. */
async function changeDeletes(
  work: DeriveWork,
  snapshot: Snapshot,
  before: BeforeSnapshot | null,
  data: ChangedManifests,
  { added, removed }: DataChanges,
): Promise<{ manifests: readonly IcebergManifest[]; isChanged: boolean }> {
  const { store, settings, layout, files, form, signal } = work
  const manifestsBefore = contentOf(before, CONTENT.DELETES)
  const unchanged = { manifests: manifestsBefore, isChanged: false }
  if (settings.deletes === 'none') return unchanged
  const previous = before?.snapshot ?? null
  const isSameIndex = previous !== null && previous.indexManifest === snapshot.indexManifest
  if (isSameIndex && added.size === 0 && removed.size === 0) return unchanged
  const live = await liveFiles(work, manifestsBefore)
  const indexEntries = await vectorsOf(store, snapshot, signal)
  if (live.length === 0 && indexEntries.length === 0) return unchanged
  const changes = await updateDeletes({
    io: store.io,
    layout,
    settings,
    indexEntries,
    previousEntries: previous === null ? null : await vectorsOf(store, previous, signal),
    filesOf: async (targets) => await shownFilesOf(work, data.manifests, added, targets),
    addedFileNames: new Set(Array.from(added.values(), ({ entry }) => entry.file.fileName)),
    removedPaths: new Set(removed.keys()),
    before: live,
    newPath: (suffix) => files.newFile(suffix),
    signal,
  })
  const isChanged = changes.added.length > 0 || changes.removed.length > 0
  if (!isChanged) return unchanged
  const manifestWork = { ...work, form, snapshotId: snapshot.id, firstRowId: null }
  const gone = changes.removed.map((file) => [keyOf(file), file.partition] as const)
  const { manifests } = await changeManifests(manifestWork, CONTENT.DELETES, manifestsBefore, {
    added: changes.added,
    removed: new Map(gone),
  })
  return { manifests, isChanged }
}

async function vectorsOf(
  store: TableStore,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<readonly IndexManifestEntry[]> {
  const entries = await store.manifests.readIndexEntries(snapshot, { signal })
  return entries.filter(({ indexFile }) => indexFile.indexType === DELETION_VECTORS_INDEX)
}

async function liveFiles(
  { files, form }: DeriveWork,
  manifests: readonly IcebergManifest[],
): Promise<IcebergFile[]> {
  const live: IcebergFile[] = []
  for (const { path } of manifests) {
    const { rows } = await files.readManifest(path, form)
    for (let row = 0; row < rows.length; row++)
      if (rows.statuses[row] !== ENTRY_STATUS.DELETED) live.push(fileAt(form, rows, row))
  }
  return live
}

/** The data files that are shown, by the names that deletion vectors have; each manifest is looked at once at most. */
async function shownFilesOf(
  { files, form, layout }: DeriveWork,
  manifests: readonly IcebergManifest[],
  added: ReadonlyMap<string, ShownFile>,
  targets: readonly VectorTarget[],
): Promise<(DataFileOfVector | undefined)[]> {
  const paths = targets.map(({ partition, bucket, dataFileName }) => {
    const directory = bucketDirectory(layout, partition, bucket)
    return clientPath(storedPath(directory, dataFileName, 'data file'))
  })
  const found = new Map<string, DataFileOfVector>()
  const missing = new Set(paths)
  for (const path of paths) {
    const recordCount = added.get(path)?.entry.file.rowCount
    if (recordCount === undefined) continue
    found.set(path, { path, recordCount })
    missing.delete(path)
  }
  for (const { path: manifestPath } of manifests) {
    if (missing.size === 0) break
    const { rows, rowOfKey } = await files.readManifest(manifestPath, form)
    for (const path of missing) {
      const row = rowOfKey.get(path)
      if (row === undefined || rows.statuses[row] === ENTRY_STATUS.DELETED) continue
      found.set(path, { path, recordCount: Number(rows.recordCounts[row]!) })
      missing.delete(path)
    }
  }
  if (missing.size === 0) return paths.map((path) => found.get(path))
  // What is left lies elsewhere than its bucket, or is not shown.
  const external = await externalFiles(files, form, manifests, layout.root)
  return paths.map((path, i) => found.get(path) ?? external.get(targets[i]!.dataFileName))
}

async function externalFiles(
  files: MetadataFiles,
  form: ManifestForm,
  manifests: readonly IcebergManifest[],
  root: string,
): Promise<Map<string, DataFileOfVector>> {
  const found = new Map<string, DataFileOfVector>()
  const inside = `${clientPath(root)}/`
  for (const { path: manifestPath } of manifests) {
    const { rows, rowOfKey } = await files.readManifest(manifestPath, form)
    for (const [path, row] of rowOfKey) {
      if (path.startsWith(inside) || rows.statuses[row] === ENTRY_STATUS.DELETED) continue
      const name = path.slice(path.lastIndexOf('/') + 1)
      found.set(name, { path, recordCount: Number(rows.recordCounts[row]!) })
    }
  }
  return found
}
