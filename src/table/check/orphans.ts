/**
 * Counts files that nothing refers to: what crashes leave, and what running writers have not committed yet.
 *
 * Tags, branches and long-lived changelogs keep files in use too; their snapshots are read for this alone.
 */
import type { FileIO } from '../../io/file-io.ts'
import { joinPath, nameOf } from '../../io/path.ts'
import { type DataLayout, pathsOfFile } from '../../snapshot/data-paths.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import { entryAt } from '../../snapshot/manifest-rows.ts'
import { scanManifests } from '../../snapshot/manifest-scan.ts'
import type { ManifestStore } from '../../snapshot/manifest-store.ts'
import {
  branchesDirectory,
  branchDirectory,
  changelogDirectory,
  indexDirectory,
  manifestPath,
  snapshotDirectory,
  statisticsPath,
  storedPath,
  tagDirectory,
  type TableLocation,
} from '../../snapshot/paths.ts'
import { parseSnapshot, type Snapshot } from '../../snapshot/snapshot.ts'
import { throwIfAborted } from '../../util/async.ts'
import { LakeError } from '../../util/errors.ts'
import type { CheckContext } from './context.ts'

/** Directories of a table whose files are no concern of snapshots. */
const FOREIGN = ['consumer', 'metadata', 'service']

/** How many files below the table's directory are not among `used`. */
export async function countOrphans(
  context: CheckContext,
  layout: DataLayout,
  used: Set<string>,
): Promise<number> {
  const { store, signal, onProgress } = context
  const { io, location } = store
  for await (const path of kept(context, layout)) used.add(path)
  const foreign = FOREIGN.map((name) => `${joinPath(location.root, name)}/`)
  let listed = 0
  let orphans = 0
  for await (const { path } of io.list(location.root, { recursive: true, signal })) {
    if (++listed % 1000 === 0) onProgress({ phase: 'orphans', done: listed, total: listed })
    if (used.has(path) || foreign.some((directory) => path.startsWith(directory))) continue
    if (!isMetadata(path)) orphans++
  }
  return orphans
}

/** Files that are found by listing and not by name: whatever has such a name is in use. */
const METADATA = /\/(?:snapshot-\d+|schema-\d+|tag-[^/]+|changelog-\d+|EARLIEST|LATEST)$/

function isMetadata(path: string): boolean {
  return METADATA.test(path)
}

/** What tags, changelogs and branches refer to. */
async function* kept(context: CheckContext, layout: DataLayout): AsyncGenerator<string> {
  const { store, signal } = context
  const { io, location } = store
  const branches = await io.listDirectories(branchesDirectory(location.root), { signal })
  const locations: TableLocation[] = [
    location,
    ...branches
      .filter((name) => name.startsWith('branch-'))
      .map((name) => ({ root: location.root, branch: name.slice('branch-'.length) })),
  ]
  for (const each of locations) {
    const directories = [tagDirectory(each), changelogDirectory(each)]
    if (each !== location) directories.push(snapshotDirectory(each))
    for (const directory of directories)
      for await (const snapshot of snapshotsIn(io, directory, context)) {
        const { baseManifestList, deltaManifestList, changelogManifestList } = snapshot
        const lists = changelogManifestList === undefined ? [] : [changelogManifestList]
        if (directory === changelogDirectory(each)) lists.push(baseManifestList, deltaManifestList)
        else yield* rowsOf(context, layout, snapshot)
        yield* changesOf(context, layout, lists)
      }
  }
}

async function* snapshotsIn(
  io: FileIO,
  directory: string,
  { findings, signal }: CheckContext,
): AsyncGenerator<Snapshot> {
  for await (const { path } of io.list(directory, { signal })) {
    if (!METADATA.test(path) || /EARLIEST|LATEST/.test(nameOf(path))) continue
    const snapshot = await findings.attempt(path, async () =>
      parseSnapshot(new TextDecoder().decode(await io.read(path, { signal })), path),
    )
    if (snapshot !== undefined) yield snapshot
  }
}

/** The paths of everything that is needed to read the rows of the snapshot. */
async function* rowsOf(
  { store, findings, signal }: CheckContext,
  layout: DataLayout,
  snapshot: Snapshot,
): AsyncGenerator<string> {
  throwIfAborted(signal)
  const { root } = store.location
  const { manifests } = store
  const { indexManifest, statistics } = snapshot
  const names = [snapshot.baseManifestList, snapshot.deltaManifestList]
  if (indexManifest !== undefined) names.push(indexManifest)
  for (const name of names) yield manifestPath(root, name)
  if (statistics !== undefined) yield statisticsPath(root, statistics)
  const found = await findings.attempt(branchDirectory(store.location), async () => {
    const paths: string[] = []
    const metas = await manifests.readDataManifests(snapshot, { signal })
    for (const { fileName } of metas) paths.push(manifestPath(root, fileName))
    paths.push(...(await filesOf(manifests, layout, metas, 'live', signal)))
    for (const { indexFile } of await manifests.readIndexEntries(snapshot, { signal }))
      paths.push(storedPath(indexDirectory(root), indexFile.fileName, 'index file'))
    return paths
  })
  yield* found ?? []
}

/**
 * The lists and what they refer to, as far as it is there: changes expire with their snapshot also where a tag or a branch
 * keeps its rows, and a changelog that outlives its snapshot has lost all that its changes do not need.
 */
async function* changesOf(
  { store, findings, signal }: CheckContext,
  layout: DataLayout,
  lists: readonly string[],
): AsyncGenerator<string> {
  throwIfAborted(signal)
  const { root } = store.location
  const { manifests } = store
  for (const name of lists) {
    yield manifestPath(root, name)
    const found = await findings.attempt(branchDirectory(store.location), async () => {
      try {
        const metas = await manifests.readList(name, undefined, { signal })
        const paths = metas.map(({ fileName }) => manifestPath(root, fileName))
        return [...paths, ...(await filesOf(manifests, layout, metas, 'as-is', signal))]
      } catch (error) {
        if (error instanceof LakeError && error.code === 'NOT_FOUND') return []
        throw error
      }
    })
    yield* found ?? []
  }
}

async function filesOf(
  manifests: ManifestStore,
  layout: DataLayout,
  metas: readonly ManifestFileMeta[],
  mode: 'live' | 'as-is',
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const chosen = await scanManifests(manifests, metas, mode, {}, { signal })
  return chosen.flatMap(({ rows, indices }) =>
    Array.from(indices, (row) => pathsOfFile(layout, entryAt(rows, row))).flat(),
  )
}
