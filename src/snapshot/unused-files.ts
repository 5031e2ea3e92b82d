/**
 * The files that a snapshot lets go, or names, as its manifests tell. Follows `FileDeletionBase`.
 *
 * A manifest or a list that is not there was deleted by an expiry that died: what it named had gone before it. So it is
 * read as empty, and only what is damaged is an error.
 */
import { decoding, isNotFound } from '../util/errors.ts'
import { FILE_SOURCE } from './data-file-meta.ts'
import {
  bucketDirectory,
  dataFilePath,
  type DataLayout,
  indexFilePath,
  pathsOfFile,
} from './data-paths.ts'
import type { UnusedFile } from './file-deletion.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { entryAt, fileNameAt, type ManifestRows } from './manifest-rows.ts'
import { scanRows } from './manifest-scan.ts'
import { manifestPath, statisticsPath } from './paths.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

/** Where the files are, and how they are read. */
export interface UnusedFilesContext {
  readonly store: Pick<TableStore, 'manifests' | 'location'>
  readonly layout: DataLayout
  /** Directories outside of the table that are its own: of `data-file.external-paths`. */
  readonly externalRoots: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** A data file with those that belong to it. */
export interface UnusedDataFile {
  readonly name: string
  readonly files: readonly UnusedFile[]
  /** The bucket's directory. */
  readonly directory: string
  /** Whether rows came with it, and it is not the work of a compaction; true where its manifest does not say. */
  readonly isAppended: boolean
}

/** The manifest list with its size, as the snapshot names it. */
export interface NamedList {
  readonly name: string
  readonly sizeBytes: number | undefined
}

export function baseList({ baseManifestList: name, baseManifestListSize }: Snapshot): NamedList {
  return { name, sizeBytes: baseManifestListSize }
}

export function deltaList({ deltaManifestList: name, deltaManifestListSize }: Snapshot): NamedList {
  return { name, sizeBytes: deltaManifestListSize }
}

/** Null for a snapshot without changelog files. */
export function changelogList(snapshot: Snapshot): NamedList | null {
  const { changelogManifestList: name, changelogManifestListSize: sizeBytes } = snapshot
  return name === undefined ? null : { name, sizeBytes }
}

/** The manifests of the list; null when it is not there. */
export async function readListIfThere(
  { store, signal }: UnusedFilesContext,
  { name, sizeBytes }: NamedList,
): Promise<readonly ManifestFileMeta[] | null> {
  return await unlessGone(store.manifests.readList(name, sizeBytes, { signal }))
}

/**
 * The data files that the snapshot deleted: no later one has them. A file that it added again, on another level, stays.
 * None where one of its manifests is gone, since that could have added it.
 */
export async function deletedDataFiles(
  context: UnusedFilesContext,
  snapshot: Snapshot,
): Promise<UnusedDataFile[]> {
  const metas = (await readListIfThere(context, deltaList(snapshot))) ?? []
  if (metas.every(({ numDeletedFiles }) => numDeletedFiles === 0)) return []
  const deleted = new Map<string, UnusedDataFile>()
  for (const meta of metas) {
    const rows = await readManifestIfThere(context, meta)
    if (rows === null) return []
    for (let row = 0; row < rows.length; row++) {
      const entry = entryAt(rows, row)
      const path = named(rows, () => dataFilePath(context.layout, entry))
      if (entry.kind === FILE_KIND.ADD) deleted.delete(path)
      else deleted.set(path, unusedDataFile(context, rows, entry))
    }
  }
  return [...deleted.values()]
}

/** The files that the manifests of the list added: those of a changelog. */
export async function addedFiles(
  context: UnusedFilesContext,
  list: NamedList,
): Promise<UnusedDataFile[]> {
  const added: UnusedDataFile[] = []
  for (const meta of (await readListIfThere(context, list)) ?? []) {
    const rows = await readManifestIfThere(context, meta)
    for (let row = 0; row < (rows?.length ?? 0); row++)
      if (rows!.kinds[row] === FILE_KIND.ADD)
        added.push(unusedDataFile(context, rows!, entryAt(rows!, row)))
  }
  return added
}

/** The names of the live data files of a snapshot that is kept; all its manifests have to be there. */
export async function liveFileNames(
  { store, signal }: UnusedFilesContext,
  snapshot: Snapshot,
): Promise<Set<string>> {
  const chosen = await scanRows(store.manifests, snapshot, 'all', {}, { signal })
  const names = new Set<string>()
  for (const { rows, indices } of chosen)
    for (const row of indices) names.add(fileNameAt(rows, row))
  return names
}

/** All live data files of a snapshot; null where its manifests are not all there. */
export async function liveDataFiles(
  context: UnusedFilesContext,
  snapshot: Snapshot,
): Promise<UnusedDataFile[] | null> {
  const { store, signal } = context
  const chosen = await unlessGone(scanRows(store.manifests, snapshot, 'all', {}, { signal }))
  return (
    chosen?.flatMap(({ rows, indices }) =>
      Array.from(indices, (row) => unusedDataFile(context, rows, entryAt(rows, row))),
    ) ?? null
  )
}

/**
 * The names of a kept snapshot's metadata: its lists, manifests, index manifest, index files and statistics. Its changelog is
 * not among them, which lives by rules of its own. All of it has to be there, unless `isChangelog`: of a changelog some has
 * gone with its snapshot.
 */
export async function metadataNames(
  context: UnusedFilesContext,
  snapshot: Snapshot,
  isChangelog = false,
): Promise<Set<string>> {
  const { manifests } = context.store
  const { signal } = context
  const { indexManifest, statistics } = snapshot
  const names = new Set<string>()
  for (const list of [baseList(snapshot), deltaList(snapshot)]) {
    const reading = manifests.readList(list.name, list.sizeBytes, { signal })
    const metas = await (isChangelog ? unlessGone(reading) : reading)
    if (metas !== null) names.add(list.name)
    for (const { fileName } of metas ?? []) names.add(fileName)
  }
  const reading = manifests.readIndexEntries(snapshot, { signal })
  const entries = await (isChangelog ? unlessGone(reading) : reading)
  if (indexManifest !== undefined && entries !== null) names.add(indexManifest)
  for (const { indexFile } of entries ?? []) names.add(indexFile.fileName)
  if (statistics !== undefined) names.add(statistics)
  return names
}

/**
 * The index files, the index manifest and the statistics of the snapshot that are not in `kept`, which learns them. The
 * index manifest comes last, alone: while it is there it tells of the index files.
 */
export async function unusedIndexFiles(
  context: UnusedFilesContext,
  snapshot: Snapshot,
  kept: Set<string>,
): Promise<{ readonly first: UnusedFile[]; readonly last: UnusedFile[] }> {
  const { store, layout, signal } = context
  const { indexManifest, statistics } = snapshot
  const { root } = store.location
  const first: UnusedFile[] = []
  const last: UnusedFile[] = []
  // Index files of one that is kept are kept too.
  if (indexManifest !== undefined && !kept.has(indexManifest)) {
    kept.add(indexManifest)
    const entries = await unlessGone(store.manifests.readIndexEntries(snapshot, { signal }))
    for (const entry of entries ?? []) {
      const { fileName, fileSize } = entry.indexFile
      if (kept.has(fileName)) continue
      kept.add(fileName)
      const path = indexFilePath(layout, entry)
      if (isOwn(context, path, entry.indexFile.externalPath))
        first.push({ path, sizeBytes: fileSize })
    }
    if (entries !== null) last.push({ path: manifestPath(root, indexManifest), sizeBytes: 0 })
  }
  if (statistics !== undefined && !kept.has(statistics)) {
    kept.add(statistics)
    first.push({ path: statisticsPath(root, statistics), sizeBytes: 0 })
  }
  return { first, last }
}

/**
 * The manifests of the list that are not in `kept`, which learns them, and then the list itself, alone: while it is there it
 * tells of the manifests.
 */
export async function unusedManifests(
  context: UnusedFilesContext,
  list: NamedList,
  kept: Set<string>,
): Promise<{ readonly first: UnusedFile[]; readonly last: UnusedFile[] }> {
  const { root } = context.store.location
  const metas = await readListIfThere(context, list)
  const first: UnusedFile[] = []
  for (const { fileName, fileSize } of metas ?? []) {
    if (kept.has(fileName)) continue
    kept.add(fileName)
    first.push({ path: manifestPath(root, fileName), sizeBytes: fileSize })
  }
  if (metas === null || kept.has(list.name)) return { first, last: [] }
  kept.add(list.name)
  return { first, last: [{ path: manifestPath(root, list.name), sizeBytes: list.sizeBytes ?? 0 }] }
}

function unusedDataFile(
  context: UnusedFilesContext,
  rows: ManifestRows,
  entry: ManifestEntry,
): UnusedDataFile {
  const { layout } = context
  const { fileName, fileSize, fileSource, externalPath } = entry.file
  return named(rows, () => {
    const paths = pathsOfFile(layout, entry).filter((path) => isOwn(context, path, externalPath))
    return {
      name: fileName,
      files: paths.map((path, i) => ({ path, sizeBytes: i === 0 ? fileSize : 0 })),
      directory: bucketDirectory(layout, entry.partition, entry.bucket),
      isAppended: (fileSource ?? FILE_SOURCE.APPEND) === FILE_SOURCE.APPEND,
    }
  })
}

/** What lies outside of the table is deleted only where an option of the table says that its files are there. */
function isOwn(
  { externalRoots }: UnusedFilesContext,
  path: string,
  externalPath: string | null,
): boolean {
  return externalPath === null || externalRoots.some((root) => path.startsWith(`${root}/`))
}

async function readManifestIfThere(
  { store, signal }: UnusedFilesContext,
  meta: ManifestFileMeta,
): Promise<ManifestRows | null> {
  return await unlessGone(store.manifests.readManifest(meta, { signal }))
}

async function unlessGone<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/** Errors of `body` name the manifest, unless it was written by this process. */
function named<T>({ path }: ManifestRows, body: () => T): T {
  return path === undefined ? body() : decoding(path, body)
}
