/**
 * Checks what keeps files beside the snapshots of a branch: its tags, its long-lived changelogs, its consumers, and all that
 * the other branches of the table have. Tells the files that these need.
 */
import { branchNames } from '../../snapshot/branches.ts'
import { ChangelogStore } from '../../snapshot/changelog-store.ts'
import { type DataLayout, indexFilePath, pathsOfFile } from '../../snapshot/data-paths.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import { entryAt } from '../../snapshot/manifest-rows.ts'
import { scanManifests } from '../../snapshot/manifest-scan.ts'
import {
  branchDirectory,
  changelogDirectory,
  changelogPath,
  MAIN_BRANCH,
  manifestPath,
  schemaPath,
  snapshotPath,
  statisticsPath,
  tagPath,
} from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { openTableStore } from '../../snapshot/table-store.ts'
import { throwIfAborted } from '../../util/async.ts'
import { isNotFound } from '../../util/errors.ts'
import { checkConsumers } from './consumers.ts'
import type { CheckContext } from './context.ts'
import { checkHints } from './hints.ts'
import { checkSchemas } from './schemas.ts'
import { checkSnapshots } from './snapshots.ts'

export interface KeptFile {
  readonly path: string
  /** The snapshot or tag that cannot be read without the file; null where it may have expired. */
  readonly neededBy: string | null
}

/** A snapshot and the file that holds it. */
interface Head {
  readonly path: string
  readonly snapshot: Snapshot
}

/** The files that are kept by others than the snapshots of the context's own branch, `ownIds`. */
export async function* keptFiles(
  context: CheckContext,
  layout: DataLayout,
  ownIds: readonly number[],
): AsyncGenerator<KeptFile> {
  const { io, location } = context.store
  const branches = [MAIN_BRANCH, ...(await branchNames(io, location.root, context))]
  for (const branch of branches) {
    throwIfAborted(context.signal)
    const isOwn = branch === location.branch
    const of = isOwn ? context : await openedBranch(context, branch)
    if (of === null) continue
    const heads = await tagsOf(of)
    let ids = ownIds
    if (!isOwn) {
      const checked = await checkSnapshots(of)
      ids = checked.ids
      for (const snapshot of checked.snapshots)
        heads.push({ path: snapshotPath(of.store.location, snapshot.id), snapshot })
    }
    for (const head of heads) {
      yield* rowsOf(of, layout, head)
      yield* changesOf(of, layout, head, changelogListOf(head.snapshot))
    }
    const changelogs = await changelogsOf(of)
    for (const head of changelogs) {
      const { baseManifestList, deltaManifestList } = head.snapshot
      const lists = [...changelogListOf(head.snapshot), baseManifestList, deltaManifestList]
      yield* changesOf(of, layout, head, lists)
    }
    await checkConsumers(of, ids, changelogs[0]?.snapshot.id)
  }
}

/** The branch, with its schemas checked; null where it has none. */
async function openedBranch(context: CheckContext, branch: string): Promise<CheckContext | null> {
  const { store, findings, signal } = context
  const { root } = store.location
  // What is read of manifests is shared: they are the table's, and not a branch's.
  const opened = {
    ...openTableStore(store.io, root, { branch }),
    manifests: store.manifests,
    indexFiles: store.indexFiles,
  }
  const schemas = await checkSchemas(opened, findings, signal)
  const schema = schemas.get(Math.max(...schemas.keys()))
  if (schema !== undefined) return { ...context, store: opened, schemas, schema }
  findings.damaged(branchDirectory(opened.location), 'is a branch without a schema')
  return null
}

async function tagsOf({ store, findings, schemas, signal }: CheckContext): Promise<Head[]> {
  const heads: Head[] = []
  for (const name of await store.tags.list({ signal })) {
    const path = tagPath(store.location, name)
    const tag = await findings.attempt(path, () => store.tags.find(name, { signal }))
    // It may be deleted meanwhile.
    if (tag === undefined || tag === null) continue
    const { schemaId } = tag.snapshot
    if (!schemas.has(schemaId))
      findings.damaged(
        path,
        `is of schema ${schemaId}, and ${schemaPath(store.location, schemaId)} cannot be read`,
      )
    heads.push({ path, snapshot: tag.snapshot })
  }
  return heads
}

/** The long-lived changelogs, ascending. */
async function changelogsOf(context: CheckContext): Promise<Head[]> {
  const { store, findings, signal } = context
  const { io, location } = store
  const changelogs = new ChangelogStore(io, location)
  const ids = await changelogs.ids({ signal })
  await checkHints(context, changelogDirectory(location), 'changelog', ids)
  const heads: Head[] = []
  for (const [i, id] of ids.entries()) {
    for (let missing = id + 1; i + 1 < ids.length && missing < ids[i + 1]!; missing++)
      findings.damaged(
        changelogPath(location, missing),
        'is missing: there are changelogs before and after it',
        undefined,
        changelogPath(location, id),
      )
    const path = changelogPath(location, id)
    const snapshot = await findings.attempt(path, () => changelogs.find(id, { signal }))
    if (snapshot !== undefined && snapshot !== null) heads.push({ path, snapshot })
  }
  return heads
}

function changelogListOf({ changelogManifestList: name }: Snapshot): string[] {
  return name === undefined ? [] : [name]
}

/** Everything that is needed to read the rows of the snapshot. */
async function* rowsOf(
  { store, findings, signal }: CheckContext,
  layout: DataLayout,
  { path: neededBy, snapshot }: Head,
): AsyncGenerator<KeptFile> {
  const { root } = store.location
  const { manifests } = store
  const { indexManifest, statistics } = snapshot
  const found = await findings.attempt(
    neededBy,
    async () => {
      const names = [snapshot.baseManifestList, snapshot.deltaManifestList]
      if (indexManifest !== undefined) names.push(indexManifest)
      const metas = await manifests.readDataManifests(snapshot, { signal })
      for (const { fileName } of metas) names.push(fileName)
      const paths = names.map((name) => manifestPath(root, name))
      if (statistics !== undefined) paths.push(statisticsPath(root, statistics))
      paths.push(...(await filesOf(store, layout, metas, 'live', signal)))
      for (const entry of await manifests.readIndexEntries(snapshot, { signal }))
        paths.push(indexFilePath(layout, entry))
      return paths
    },
    undefined,
    neededBy,
  )
  for (const path of found ?? []) yield { path, neededBy }
}

/**
 * The lists and what they refer to, as far as it is there: changes expire with their snapshot also where a tag or a branch
 * keeps its rows, and a changelog that outlives its snapshot has lost all that its changes do not need.
 */
async function* changesOf(
  { store, findings, signal }: CheckContext,
  layout: DataLayout,
  head: Head,
  lists: readonly string[],
): AsyncGenerator<KeptFile> {
  const { root } = store.location
  for (const name of lists) {
    const found = await findings.attempt(head.path, async () => {
      const path = manifestPath(root, name)
      try {
        const metas = await store.manifests.readList(name, undefined, { signal })
        const paths = metas.map(({ fileName }) => manifestPath(root, fileName))
        return [path, ...paths, ...(await filesOf(store, layout, metas, 'as-is', signal))]
      } catch (error) {
        if (isNotFound(error)) return [path]
        throw error
      }
    })
    for (const path of found ?? []) yield { path, neededBy: null }
  }
}

async function filesOf(
  { manifests }: CheckContext['store'],
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
