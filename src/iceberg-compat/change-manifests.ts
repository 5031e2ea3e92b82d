/**
 * The manifests of one snapshot from those of the one before: files that went are marked in the manifests that have them, the
 * others stay as they are; new files get manifests of their own; many small manifests become one.
 *
 * Follows `IcebergCommitCallback.createWithDeleteManifestFileMetas` and `compactMetadataIfNeeded`, except that entries of
 * deleted files name the snapshot that deletes them, as the Iceberg specification says.
 */
import { ENTRY_STATUS, type IcebergFile, type IcebergManifest } from './entry.ts'
import {
  type IcebergRows,
  joinRows,
  type ManifestForm,
  pathAt,
  rowsOfEntries,
  takeRows,
} from './manifest-rows.ts'
import { writeIcebergManifests } from './manifest-writer.ts'
import type { KnownManifest, MetadataFiles } from './metadata-files.ts'
import { mayHold, partitionValuesOf } from './partition-range.ts'
import type { IcebergSettings } from './settings.ts'

/** The snapshot that manifests are made for. */
export interface ManifestWork {
  readonly files: MetadataFiles
  readonly form: ManifestForm
  readonly settings: IcebergSettings
  readonly snapshotId: number
  /** Of version 3: the first id that the snapshot gives to rows. */
  readonly firstRowId: bigint | null
}

export interface FileChanges {
  readonly added: readonly IcebergFile[]
  /** The partitions of the files that go, by their keys (`keyOf`). */
  readonly removed: ReadonlyMap<string, Uint8Array>
}

export interface ChangedManifests {
  readonly manifests: readonly IcebergManifest[]
  /** Files that were there and are gone. */
  readonly removedCount: number
  readonly removedRows: number
}

/** The manifests of the content with the changes. CORRUPT where a manifest is damaged. */
export async function changeManifests(
  work: ManifestWork,
  content: number,
  before: readonly IcebergManifest[],
  { added, removed }: FileChanges,
): Promise<ChangedManifests> {
  const manifests: IcebergManifest[] = []
  const gone = { count: 0, rows: 0 }
  const partitions = partitionValuesOf(work.form.partitionFields, removed.values())
  const rowsMax = rowsMaxOf(rowCountOf(before) + added.length)
  for (const manifest of before) {
    if (removed.size === 0 || !mayHold(work.form.partitionFields, manifest, partitions)) {
      manifests.push(manifest)
      continue
    }
    const known = await work.files.readManifest(manifest.path, work.form)
    const went = rowsToMark(known, removed)
    if (went.size === 0) manifests.push(manifest)
    else {
      gone.count += went.size
      manifests.push(
        ...(await write(work, content, markedRows(work, known.rows, went, gone), rowsMax)),
      )
    }
  }
  if (added.length > 0)
    manifests.push(...(await write(work, content, addedRows(work, added), rowsMax)))
  return {
    manifests: await mergeSmall(work, content, manifests, rowsMax),
    removedCount: gone.count,
    removedRows: gone.rows,
  }
}

function addedRows({ form, snapshotId }: ManifestWork, added: readonly IcebergFile[]): IcebergRows {
  return rowsOfEntries(
    form,
    added.map((file) => ({
      status: ENTRY_STATUS.ADDED,
      snapshotId,
      sequenceNumber: snapshotId,
      fileSequenceNumber: snapshotId,
      file,
    })),
  )
}

/** The live rows whose files are among the removed ones. */
function rowsToMark(
  { rows, rowOfKey }: KnownManifest,
  removed: ReadonlyMap<string, Uint8Array>,
): Set<number> {
  const marked = new Set<number>()
  for (const key of removed.keys()) {
    const row = rowOfKey.get(key)
    if (row !== undefined && rows.statuses[row] !== ENTRY_STATUS.DELETED) marked.add(row)
  }
  return marked
}

/** The live rows, with those that go marked as deleted by this snapshot. */
function markedRows(
  { snapshotId }: ManifestWork,
  rows: IcebergRows,
  went: ReadonlySet<number>,
  gone: { rows: number },
): IcebergRows {
  const live = liveRows(rows)
  for (const row of went) gone.rows += recordCountOf(rows, row)
  const statuses = live.map((row) => (went.has(row) ? ENTRY_STATUS.DELETED : ENTRY_STATUS.EXISTING))
  return takeRows(rows, live, statuses, snapshotId)
}

function recordCountOf(rows: IcebergRows, row: number): number {
  return Number(rows.recordCounts[row]!)
}

function liveRows({ length, statuses }: IcebergRows): Int32Array {
  const live = new Int32Array(length)
  let count = 0
  for (let row = 0; row < length; row++)
    if (statuses[row] !== ENTRY_STATUS.DELETED) live[count++] = row
  return live.subarray(0, count)
}

/**
 * Writes the rows to as many manifests as they fill, sorted by path, so that the files of a partition are together: a commit to a
 * few partitions then makes few of the manifests anew.
 */
async function write(
  { files, form, snapshotId, firstRowId }: ManifestWork,
  content: number,
  rows: IcebergRows,
  rowsMax: number,
): Promise<IcebergManifest[]> {
  const manifests: IcebergManifest[] = []
  const order = rows.length > rowsMax ? byPath(rows) : null
  for (let from = 0; from < rows.length; from += rowsMax) {
    const part = order === null ? rows : partOf(rows, order.subarray(from, from + rowsMax))
    const stored: { path: string; bytes: Uint8Array }[] = []
    const written = await writeIcebergManifests(part, form, {
      content,
      snapshotId,
      sequenceNumber: snapshotId,
      firstRowId,
      nextPath: () => files.newPath('-m.avro'),
      store: async (path, bytes) => void stored.push({ path, bytes }),
    })
    // Rows that filled one manifest are those of the manifest.
    for (const { path, bytes } of stored)
      files.stageManifest(path, bytes, stored.length === 1 ? part : undefined)
    manifests.push(...written)
  }
  return manifests
}

function partOf(rows: IcebergRows, order: Int32Array): IcebergRows {
  return takeRows(
    rows,
    order,
    order.map((row) => rows.statuses[row]!),
  )
}

function byPath(rows: IcebergRows): Int32Array {
  const paths = Array.from({ length: rows.length }, (_, row) => pathAt(rows, row))
  return Int32Array.from(paths.keys()).toSorted((a, b) => (paths[a]! < paths[b]! ? -1 : 1))
}

/** A table is told by about so many manifests, so that one whose files go is a small part of what there is. */
const MANIFESTS_OF_TABLE = 16
/** Fewer rows than these take no time worth saving. */
const ROWS_MIN = 300

/** How many files a manifest has at most, where all manifests together have so many. */
function rowsMaxOf(rowCount: number): number {
  return Math.max(ROWS_MIN, Math.ceil(rowCount / MANIFESTS_OF_TABLE))
}

const rowCountOf = (manifests: readonly IcebergManifest[]): number =>
  manifests.reduce((sum, { addedFiles, existingFiles }) => sum + addedFiles + existingFiles, 0)

/** Merges the small manifests once they would fill a large one, or are too many. */
async function mergeSmall(
  work: ManifestWork,
  content: number,
  manifests: readonly IcebergManifest[],
  rowsMax: number,
): Promise<readonly IcebergManifest[]> {
  const { mergeMinCount, mergeMaxCount, manifestTargetBytes } = work.settings
  const isSmall = (manifest: IcebergManifest): boolean =>
    manifest.length < (manifestTargetBytes * 2) / 3 && rowCountOf([manifest]) < (rowsMax * 2) / 3
  const small = manifests.filter(isSmall)
  const bytes = small.reduce((sum, { length }) => sum + length, 0)
  if (small.length < Math.max(2, mergeMinCount)) return manifests
  const fills = bytes >= manifestTargetBytes || rowCountOf(small) >= rowsMax
  if (small.length < mergeMaxCount && !fills) return manifests
  const parts: IcebergRows[] = []
  for (const { path, addedSnapshotId } of small) {
    const { rows } = await work.files.readManifest(path, work.form)
    parts.push(keptRows(work, rows))
    // Those of the snapshots before are in their lists.
    if (addedSnapshotId === work.snapshotId) work.files.unstage(path)
  }
  const merged = await write(work, content, joinRows(work.form, parts), rowsMax)
  const smallPaths = new Set(small.map(({ path }) => path))
  return [...manifests.filter(({ path }) => !smallPaths.has(path)), ...merged]
}

/** The rows as they stand in a merged manifest: what this snapshot did stays as it is told, deletions before it are left out. */
function keptRows({ snapshotId }: ManifestWork, rows: IcebergRows): IcebergRows {
  const kept: number[] = []
  const statuses: number[] = []
  for (let row = 0; row < rows.length; row++) {
    const isNew = Number(rows.snapshotIds[row]!) === snapshotId
    const status = rows.statuses[row]!
    if (status === ENTRY_STATUS.DELETED && !isNew) continue
    kept.push(row)
    statuses.push(isNew ? status : ENTRY_STATUS.EXISTING)
  }
  return takeRows(rows, Int32Array.from(kept), Int32Array.from(statuses))
}
