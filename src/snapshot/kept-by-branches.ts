/**
 * What the other branches of a table need of the files that one of them lets go.
 *
 * A branch begins with a snapshot of another, and their files are the same ones: what a branch deletes may be live in another,
 * and Java's expiry, which knows tags only, deletes it once the tag between them is gone. Files have names that are never
 * used twice, and are used without a break from the snapshot that made them to the one that deletes them. So of each other
 * branch it takes the earliest snapshot and the tags before it as a whole, and of those after it what they added,
 * as far as there can be common ones: up to the last id that the expiry deletes for.
 */
import { mapOrdered } from '../util/async.ts'
import { isNotFound } from '../util/errors.ts'
import { branchNames } from './branches.ts'
import { ChangelogStore } from './changelog-store.ts'
import { taggedSnapshots } from './kept-by-tags.ts'
import { MAIN_BRANCH } from './paths.ts'
import type { Snapshot } from './snapshot.ts'
import { openBranch, type TableStore } from './table-store.ts'
import {
  addedFiles,
  changelogList,
  deltaList,
  liveFileNames,
  metadataNames,
  readListIfThere,
  type UnusedFilesContext,
} from './unused-files.ts'

const READS_AT_ONCE = 8

/** The other branches, sorted; none for most tables. */
export async function otherBranches(
  { io, location }: TableStore,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const names = [MAIN_BRANCH, ...(await branchNames(io, location.root, { signal }))]
  return names.filter((name) => name !== location.branch)
}

/** The names of all files, data and metadata, that the branches may share with what is deleted for ids up to `lastId`. */
export async function namesOfBranches(
  context: UnusedFilesContext & { readonly store: TableStore },
  branches: readonly string[],
  lastId: number,
): Promise<Set<string>> {
  const names = new Set<string>()
  for (const branch of branches) {
    const store = openBranch(context.store, branch)
    await gatherBranch({ ...context, store }, lastId, names)
  }
  return names
}

async function gatherBranch(
  context: UnusedFilesContext & { readonly store: TableStore },
  lastId: number,
  names: Set<string>,
): Promise<void> {
  const { store, signal } = context
  const range = await store.snapshots.range({ signal })
  const earliestId = range?.earliest ?? Infinity
  for (const tag of await taggedSnapshots(store, { signal }))
    if (tag.id <= earliestId) await isThere(gatherState(context, tag, names))
  await gatherChangelogs(context, names)
  if (range === null) return
  const ids = Array.from(
    { length: Math.max(1, Math.min(range.latest, lastId) - range.earliest + 1) },
    (_, i) => range.earliest + i,
  )
  let hasState = false
  for await (const stored of mapOrdered(ids, READS_AT_ONCE, (id) =>
    store.snapshots.find(id, { signal }),
  )) {
    if (stored === null) continue
    const gather = hasState ? gatherChange : gatherState
    // One that expires meanwhile leaves its state to the next.
    hasState = await isThere(gather(context, stored.snapshot, names))
  }
}

/** Whether all was there that was to be gathered. */
async function isThere(gathering: Promise<void>): Promise<boolean> {
  try {
    await gathering
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function gatherState(
  context: UnusedFilesContext,
  snapshot: Snapshot,
  names: Set<string>,
): Promise<void> {
  for (const name of await liveFileNames(context, snapshot)) names.add(name)
  for (const name of await metadataNames(context, snapshot)) names.add(name)
  await gatherChangelog(context, snapshot, names)
}

async function gatherChange(
  context: UnusedFilesContext,
  snapshot: Snapshot,
  names: Set<string>,
): Promise<void> {
  for (const { name } of await addedFiles(context, deltaList(snapshot))) names.add(name)
  for (const name of await metadataNames(context, snapshot)) names.add(name)
  await gatherChangelog(context, snapshot, names)
}

async function gatherChangelog(
  context: UnusedFilesContext,
  snapshot: Snapshot,
  names: Set<string>,
): Promise<void> {
  const list = changelogList(snapshot)
  if (list === null) return
  names.add(list.name)
  for (const { fileName } of (await readListIfThere(context, list)) ?? []) names.add(fileName)
  for (const { name } of await addedFiles(context, list)) names.add(name)
}

/** Changelogs that outlive their snapshots. */
async function gatherChangelogs(
  context: UnusedFilesContext & { readonly store: TableStore },
  names: Set<string>,
): Promise<void> {
  const { store, signal } = context
  const changelogs = new ChangelogStore(store.io, store.location)
  for (const id of await changelogs.ids({ signal })) {
    const changelog = await changelogs.find(id, { signal })
    if (changelog === null) continue
    for (const { name } of await addedFiles(context, deltaList(changelog))) names.add(name)
    for (const name of await metadataNames(context, changelog, true)) names.add(name)
    await gatherChangelog(context, changelog, names)
  }
}
