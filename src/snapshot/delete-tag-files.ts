/** Deletes the files that a tag alone held, once it is gone. Follows `TagManager.doClean` and `TagDeletion`. */
import type { TableSchema } from '../types/schema-file.ts'
import { DataFileBatch, keptMetadata, openExpiryRun } from './expiry-run.ts'
import type { FileDeletionOptions, Freed } from './file-deletion.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'
import {
  baseList,
  deltaList,
  liveDataFiles,
  liveFileNames,
  unusedIndexFiles,
  unusedManifests,
} from './unused-files.ts'

export interface TagFilesOptions extends FileDeletionOptions {
  /** Names of tags that are still there and do not count: in a dry run, those that are to be deleted. */
  readonly ignored?: ReadonlySet<string> | undefined
}

/**
 * Deletes what only the tag of `tagged` needed: nothing while its snapshot, or another tag of it, is there; else the data
 * files and manifests that neither the tag before it nor the one after it, or the earliest snapshot, has. Call it when the
 * tag's file is gone. Another branch keeps what it needs.
 */
export async function deleteTagFiles(
  table: { readonly store: TableStore; readonly schema: TableSchema },
  tagged: Snapshot,
  options: TagFilesOptions = {},
): Promise<Freed> {
  const { store } = table
  const { signal, ignored } = options
  const run = openExpiryRun(table, options)
  const { deletion } = run
  if (await store.snapshots.exists(tagged.id, { signal })) return deletion.freed
  const kept = await run.guard.look(0, tagged.id, ignored)
  if (kept.tags.some(({ id }) => id === tagged.id)) return deletion.freed
  const neighbours = await neighboursOf(store, tagged.id, kept.tags, signal)
  const files = await liveDataFiles(run, tagged)
  const spared = new Set(kept.elsewhere)
  for (const neighbour of neighbours)
    for (const name of await liveFileNames(run, neighbour)) spared.add(name)
  const batch = new DataFileBatch(run)
  await batch.add((files ?? []).filter(({ name }) => !spared.has(name)))
  await batch.finish()
  const names = await keptMetadata(run, neighbours, kept)
  const parts = [
    await unusedManifests(run, baseList(tagged), names),
    await unusedManifests(run, deltaList(tagged), names),
    await unusedIndexFiles(run, tagged, names),
  ]
  await deletion.delete(parts.flatMap(({ first }) => first))
  await deletion.delete(parts.flatMap(({ last }) => last))
  return deletion.freed
}

/**
 * The tag before it, and the tag after it or the earliest snapshot, whichever is nearer; of a table that was rolled back
 * behind the tag the latest snapshot.
 */
async function neighboursOf(
  store: TableStore,
  taggedId: number,
  tags: readonly Snapshot[],
  signal: AbortSignal | undefined,
): Promise<Snapshot[]> {
  const left = tags.findLast(({ id }) => id < taggedId)
  const rightTag = tags.find(({ id }) => id > taggedId)
  const range = await store.snapshots.range({ signal })
  const near = [left, rightTag].filter((each) => each !== undefined)
  if (range === null || (rightTag !== undefined && rightTag.id <= range.earliest)) return near
  const nearest = range.latest < taggedId ? range.latest : range.earliest
  return [...near, await store.snapshots.read(nearest, { signal })]
}
