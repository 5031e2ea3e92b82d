/**
 * Deletes what the Iceberg metadata names no more, once the new metadata is there: manifest lists and manifests of snapshots that
 * are not shown any longer, the delete files that only those name, and metadata files of old versions.
 *
 * A manifest is in the lists of snapshots that follow each other, so it is enough to look at the nearest snapshots that stay.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { nameOf } from '../io/path.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { isNotFound } from '../util/errors.ts'
import { type CurrentIceberg, icebergVersions, lastName, metadataPath } from './current.ts'
import { CONTENT, ENTRY_STATUS, type IcebergManifest } from './entry.ts'
import type { ManifestForm } from './manifest-rows.ts'
import { pathAt } from './manifest-rows.ts'
import type { MetadataFiles } from './metadata-files.ts'
import type { IcebergMetadata, IcebergSnapshot } from './metadata.ts'
import type { IcebergSettings } from './settings.ts'

export interface CleanWork {
  readonly io: FileIO
  readonly store: TableStore
  readonly settings: IcebergSettings
  readonly files: MetadataFiles
  readonly form: ManifestForm
  readonly signal?: AbortSignal | undefined
}

/** Deletes what `before` names and `now` does not. */
export async function cleanSuperseded(
  work: CleanWork,
  before: readonly CurrentIceberg[],
  now: CurrentIceberg,
): Promise<void> {
  const { io, files, settings, signal } = work
  const paths = new Set<string>()
  for (const { metadata } of before)
    for (const path of await unnamed(work, metadata, now.metadata)) paths.add(path)
  for (const path of oldVersions(settings, before, now)) paths.add(path)
  const own = [...paths].filter((path) => files.isOwn(path))
  if (own.length > 0) await io.deleteAll(own, { signal })
}

/**
 * Deletes what was written for metadata that nobody follows, known by the id that its names have. The rest of what it names is of
 * the version that it was made from, and may be in use.
 */
export async function cleanFork(
  work: CleanWork,
  fork: CurrentIceberg,
  now: CurrentIceberg,
): Promise<void> {
  const { io, files, signal } = work
  const named = new Set(now.metadata.snapshots.map((entry) => entry['manifest-list']))
  const kept = [now.path, ...now.metadata['metadata-log'].map((entry) => entry['metadata-file'])]
  const paths = new Set(kept.includes(fork.path) ? [] : [fork.path])
  for (const snapshot of fork.metadata.snapshots) {
    const list = snapshot['manifest-list']
    const id = UUID.exec(list)?.[0]
    if (named.has(list) || id === undefined) continue
    paths.add(list)
    // Others may have gone on from it, and then let the snapshot expire.
    const others = await neighbours(work, snapshot, now.metadata)
    const otherPaths = new Set(others.map(({ path }) => path))
    const unused = (await manifestsOf(work, snapshot)).filter(
      ({ path }) => lastName(path).startsWith(id) && !otherPaths.has(path),
    )
    for (const { path } of unused) paths.add(path)
    for (const path of await deleteFiles(work, unused, others))
      if (lastName(path).startsWith(id)) paths.add(path)
  }
  const own = [...paths].filter((path) => files.isOwn(path))
  if (own.length > 0) await io.deleteAll(own, { signal })
}

/** At the end of the name of a list. */
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.avro$)/

/**
 * Deletes the versions above the table's latest snapshot, which a rollback left, lowest first: Iceberg's own library looks for
 * the next version. The snapshots are listed after the versions, so that none is taken for one that a commit has just made.
 */
export async function dropLaterVersions({
  io,
  store,
  settings,
  signal,
}: Pick<CleanWork, 'io' | 'store' | 'settings' | 'signal'>): Promise<void> {
  const options: IoOptions = { signal }
  const versions = await icebergVersions(io, settings.metadataDirectory, options)
  const latest = (await store.snapshots.range(options))?.latest ?? Infinity
  for (const version of versions)
    if (version > latest)
      await io.delete(metadataPath(settings.metadataDirectory, version), options)
}

/** Metadata files that the log has named and names no more. */
function oldVersions(
  { deletesOldVersions }: IcebergSettings,
  before: readonly CurrentIceberg[],
  now: CurrentIceberg,
): string[] {
  if (!deletesOldVersions) return []
  const named = new Set(now.metadata['metadata-log'].map((entry) => entry['metadata-file']))
  named.add(now.path)
  return before
    .flatMap(({ path, metadata }) => [
      path,
      ...metadata['metadata-log'].map((entry) => entry['metadata-file']),
    ])
    .filter((path) => !named.has(path))
}

async function unnamed(
  work: CleanWork,
  before: IcebergMetadata,
  now: IcebergMetadata,
): Promise<string[]> {
  const lists = new Set(now.snapshots.map((entry) => entry['manifest-list']))
  const gone = before.snapshots.filter((entry) => !lists.has(entry['manifest-list']))
  const paths = new Set<string>()
  for (const snapshot of gone) {
    const own = await manifestsOf(work, snapshot)
    const kept = await neighbours(work, snapshot, now)
    const keptPaths = new Set(kept.map(({ path }) => path))
    const unused = own.filter(({ path }) => !keptPaths.has(path))
    for (const path of await deleteFiles(work, unused, kept)) paths.add(path)
    for (const { path } of unused) paths.add(path)
    paths.add(snapshot['manifest-list'])
  }
  return [...paths]
}

/** The manifests of the snapshots that stay, next to one that goes. */
async function neighbours(
  work: CleanWork,
  snapshot: IcebergSnapshot,
  { snapshots }: IcebergMetadata,
): Promise<IcebergManifest[]> {
  const id = snapshot['snapshot-id']
  const previous = snapshots.findLast((entry) => entry['snapshot-id'] <= id)
  const next = snapshots.find((entry) => entry['snapshot-id'] >= id)
  const manifests: IcebergManifest[] = []
  for (const entry of new Set([previous, next]))
    if (entry !== undefined) manifests.push(...(await manifestsOf(work, entry)))
  return manifests
}

/** The files of deleted rows that only manifests which go have. */
async function deleteFiles(
  work: CleanWork,
  unused: readonly IcebergManifest[],
  kept: readonly IcebergManifest[],
): Promise<string[]> {
  const going = unused.filter(({ content }) => content === CONTENT.DELETES)
  if (going.length === 0) return []
  const used = new Set<string>()
  for (const manifest of kept)
    if (manifest.content === CONTENT.DELETES)
      for (const path of await pathsIn(work, manifest, true)) used.add(path)
  const paths: string[] = []
  for (const manifest of going)
    for (const path of await pathsIn(work, manifest, false)) if (!used.has(path)) paths.push(path)
  return paths
}

/** The files of a manifest, all or those that it does not say are deleted; none of one that is gone, or damaged: what is not known stays. */
async function pathsIn(
  { files, form }: CleanWork,
  { path }: IcebergManifest,
  isLive: boolean,
): Promise<string[]> {
  try {
    const { rows } = await files.readManifest(path, form)
    const paths: string[] = []
    for (let row = 0; row < rows.length; row++)
      if (!isLive || rows.statuses[row] !== ENTRY_STATUS.DELETED) paths.push(pathAt(rows, row))
    return paths
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

async function manifestsOf(
  { files }: CleanWork,
  snapshot: IcebergSnapshot,
): Promise<readonly IcebergManifest[]> {
  try {
    return await files.readList(snapshot['manifest-list'])
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

/** The files of the metadata directory that nothing names, of those that are older than `olderThanMs`. */
export async function dropUnnamed(
  work: CleanWork,
  now: CurrentIceberg,
  olderThanMs: number,
): Promise<number> {
  const { io, settings, signal } = work
  const named = await namedBy(work, now)
  const paths: string[] = []
  for await (const status of io.list(settings.metadataDirectory, { signal }))
    if (
      OWN_NAME.test(nameOf(status.path)) &&
      !named.has(nameOf(status.path)) &&
      status.modifiedMs < olderThanMs
    )
      paths.push(status.path)
  if (paths.length > 0) await io.deleteAll(paths, { signal })
  return paths.length
}

/** What this library and Java call the files that they write there. */
const OWN_NAME =
  /^(?:v\d{1,15}\.metadata\.json|.*-m\d*\.avro|snap-.*\.avro|.*-deletes\.(?:puffin|parquet))$/

async function namedBy(work: CleanWork, now: CurrentIceberg): Promise<Set<string>> {
  const { metadata } = now
  const paths = [now.path, ...metadata['metadata-log'].map((entry) => entry['metadata-file'])]
  const manifests = new Map<string, IcebergManifest>()
  for (const snapshot of metadata.snapshots) {
    paths.push(snapshot['manifest-list'])
    for (const manifest of await manifestsOf(work, snapshot)) manifests.set(manifest.path, manifest)
  }
  for (const manifest of manifests.values()) {
    paths.push(manifest.path)
    if (manifest.content === CONTENT.DELETES) paths.push(...(await pathsIn(work, manifest, true)))
  }
  return new Set(paths.map(lastName))
}
