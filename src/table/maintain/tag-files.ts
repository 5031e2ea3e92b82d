/**
 * Makes and takes away the files of tags, with what hangs on them: the file that tells of a new tag, and the data that only a
 * tag kept. Follows `TagManager` and `SuccessFileTagCallback`.
 */
import { deleteTagFiles } from '../../snapshot/delete-tag-files.ts'
import { FileDeletion, type Freed } from '../../snapshot/file-deletion.ts'
import { readIfThere } from '../../snapshot/metadata-files.ts'
import { tagPath, tagSuccessPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { type Tag, tagText, type TagTimes } from '../../snapshot/tag.ts'
import { localOfInstant } from '../../types/local-time.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { Clock } from '../../util/async.ts'
import { LakeError } from '../../util/errors.ts'
import { parseJson, printJson } from '../../util/json.ts'

/** A table or a branch whose tags change. */
export interface TaggedTable {
  readonly store: TableStore
  /** With the options of the object that changes them. */
  readonly schema: TableSchema
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/** A tag of a snapshot; kept for good unless told for how long. */
export interface NewTag {
  readonly name: string
  readonly snapshot: Snapshot
  readonly retainedMs?: number | undefined
}

/**
 * Makes the tag: true when this call did it, false where there is one of its name. CONFLICT, and there is no such tag, where
 * its snapshot expired meanwhile.
 */
export async function makeTag(table: TaggedTable, tag: NewTag): Promise<boolean> {
  const { store, schema, signal } = table
  const { name, snapshot } = tag
  const wasThere = await store.snapshots.exists(snapshot.id, { signal })
  if (!(await store.tags.create(name, textOf(table, tag), { signal }))) return false
  // From here on an expiry that has not begun keeps the files of the snapshot; one that was under way may have them deleted.
  if (wasThere && !(await store.snapshots.exists(snapshot.id))) {
    await store.tags.delete(name)
    throw new LakeError('CONFLICT', `snapshot ${snapshot.id} expired while it was tagged`, {
      path: tagPath(store.location, name),
      hint: 'tag a later snapshot, or have more of them kept: snapshot.num-retained.min, snapshot.time-retained',
    })
  }
  if (tableOptions(schema.options).get('tag.create-success-file')) await tellOfTag(table, name)
  return true
}

/** The text of the tag's file, with the time of now where it is kept for a while. */
function textOf({ clock }: Pick<TaggedTable, 'clock'>, tag: NewTag): string {
  const { snapshot, retainedMs } = tag
  if (retainedMs === undefined) return tagText(snapshot)
  const times: TagTimes = {
    tagCreateTimeNanos: BigInt(localOfInstant(clock.now())) * MILLI_NANOS,
    tagTimeRetainedNanos: BigInt(Math.round(retainedMs * Number(MILLI_NANOS))),
  }
  return tagText(snapshot, times)
}

const MILLI_NANOS = 1_000_000n

/** Writes that there is the tag, and since when, for those who wait for it. */
async function tellOfTag({ store, clock }: TaggedTable, name: string): Promise<void> {
  const { io, location } = store
  const path = tagSuccessPath(location, name)
  const now = clock.now()
  const bytes = await readIfThere(io, path)
  const told = bytes && parseJson(new TextDecoder().decode(bytes), path)
  const creationTime = (told as { creationTime?: number } | null)?.creationTime ?? now
  const text = printJson({ creationTime, modificationTime: now })
  await io.write(path, new TextEncoder().encode(text))
}

export interface TagDeletionOptions {
  /** Tells what would be deleted, and does nothing. */
  readonly dryRun?: boolean | undefined
  /** Told of the tags that are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Deletes tags; what was freed. Data goes with the last tag of a snapshot that has expired, as far as no other tag, snapshot or
 * branch needs it.
 */
export async function deleteTags(
  table: TaggedTable,
  tags: readonly Tag[],
  { dryRun = false, onProgress }: TagDeletionOptions = {},
): Promise<Freed> {
  const { store, schema, signal } = table
  const { io, location } = store
  const isTold = tableOptions(schema.options).get('tag.create-success-file')
  const deletion = new FileDeletion(io, { dryRun, signal })
  const ignored = new Set<string>()
  let [fileCount, sizeBytes] = [0, 0]
  for (const [i, { name, snapshot }] of tags.entries()) {
    onProgress?.(i, tags.length)
    const paths = [tagPath(location, name), ...(isTold ? [tagSuccessPath(location, name)] : [])]
    for (const path of paths) {
      const status = await io.stat(path, { signal })
      if (status !== null) await deletion.delete([status])
    }
    // A dry run has to look away from those that would be gone by now.
    if (dryRun) ignored.add(name)
    const freed = await deleteTagFiles(table, snapshot, { dryRun, signal, ignored })
    fileCount += freed.fileCount
    sizeBytes += freed.sizeBytes
  }
  const files = deletion.freed
  return { fileCount: fileCount + files.fileCount, sizeBytes: sizeBytes + files.sizeBytes }
}

/** Gives a tag another snapshot, and deletes what only the tag that it was kept. */
export async function replaceTag(table: TaggedTable, tag: NewTag): Promise<void> {
  const { store, signal } = table
  const before = await store.tags.replace(tag.name, textOf(table, tag), { signal })
  if (before.snapshot.id !== tag.snapshot.id)
    await deleteTagFiles(table, before.snapshot, { signal })
}
