/**
 * The tags of a table or a branch: snapshots that are kept under a name. Follows `TagManager`, `TagTimeExpire` and the
 * methods of `AbstractFileStoreTable`.
 */
import type { Freed } from '../../snapshot/file-deletion.ts'
import { tagPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { Tag } from '../../snapshot/tag.ts'
import { instantOfLocal, localOfInstant } from '../../types/local-time.ts'
import { tableOptions } from '../../types/options.ts'
import type { DurationText } from '../../types/options/codec.ts'
import { invalid, LakeError, notFound } from '../../util/errors.ts'
import { show } from '../../util/show.ts'
import { autoTagPeriod } from '../plan/auto-tag-names.ts'
import { durationMs } from './duration.ts'
import { publishIceberg } from './iceberg.ts'
import { snapshotAt, type SnapshotAt } from './snapshot-at.ts'
import {
  deleteTags,
  makeTag,
  replaceTag,
  type TagDeletionOptions,
  type TaggedTable,
} from './tag-files.ts'

export interface TagOptions {
  /** What is tagged; the latest snapshot when left out. */
  readonly at?: SnapshotAt | undefined
  /** How long the tag is kept: a number of milliseconds, or a text such as `7 d`. */
  readonly timeRetained?: DurationText | number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TagsDeleted extends Freed {
  /** The names of the tags that are deleted, or in a dry run would be. */
  readonly tags: readonly string[]
}

interface Io {
  readonly signal?: AbortSignal
}

/** The tags of a {@link Table}, or of the branch that it is opened as. Names are one level of a path, and not blank. */
export interface TableTags {
  /** All tags, by their names. */
  list(options?: Io): Promise<Tag[]>
  /** The tag of the name; NOT_FOUND, with the nearest name, where there is none. */
  get(name: string, options?: Io): Promise<Tag>
  /**
   * Makes a tag, which keeps its snapshot readable however many snapshots expire; for `tag.default-time-retained` unless told
   * how long. EXISTS where there is a tag of the name, unless `ifNotExists`; NOT_FOUND for a snapshot that is not there.
   */
  create(name: string, options?: TagOptions & { readonly ifNotExists?: boolean }): Promise<Tag>
  /** Gives a tag another snapshot and time; for good unless told how long. NOT_FOUND where there is no such tag. */
  replace(name: string, options?: TagOptions): Promise<Tag>
  /** NOT_FOUND where there is no tag `from`, EXISTS where there is one `to`. */
  rename(from: string, to: string, options?: Io): Promise<void>
  /**
   * Deletes tags, and what only they kept of snapshots that have expired. NOT_FOUND, and nothing is deleted, where one is not
   * there.
   */
  delete(names: string | readonly string[], options?: TagDeletionOptions & Io): Promise<TagsDeleted>
  /**
   * Deletes tags whose time is over, and, if told, those that were made before a time, whatever they were made for.
   */
  expire(
    options?: TagDeletionOptions & Io & { readonly olderThan?: Date | undefined },
  ): Promise<TagsDeleted>
}

/** The tags of a table as the object's user handles them. */
export function tagsOf(table: Omit<TaggedTable, 'signal'>): TableTags {
  const { tags } = table.store
  return {
    list: async (options) => await Array.fromAsync(tags.readAll(undefined, options)),
    get: async (name, options) => await tags.read(name, options),
    async create(name, options = {}) {
      const tag = await createTag({ ...table, ...options }, name, options)
      await publishIceberg({ ...table, ...options })
      return tag
    },
    async replace(name, options = {}) {
      const tag = await newTag({ ...table, ...options }, name, options)
      await replaceTag({ ...table, ...options }, tag)
      await publishIceberg({ ...table, ...options })
      return await tags.read(name, options)
    },
    async rename(from, to, options) {
      await renameTag({ ...table, ...options }, from, to)
      await publishIceberg({ ...table, ...options })
    },
    async delete(names, options = {}) {
      const wanted = typeof names === 'string' ? [names] : [...new Set(names)]
      const found: Tag[] = []
      for (const name of wanted) found.push(await tags.read(checkedName(name), options))
      return await deleteFound({ ...table, ...options }, found, options)
    },
    async expire(options = {}) {
      const { olderThan, signal } = options
      const before = olderThan?.getTime()
      if (Number.isNaN(before)) throw invalid('olderThan is no time')
      const due = await dueTags({ ...table, signal }, before)
      return await deleteFound({ ...table, signal }, due, options)
    },
  }
}

async function deleteFound(
  table: TaggedTable,
  found: readonly Tag[],
  options: TagDeletionOptions,
): Promise<TagsDeleted> {
  const freed = await deleteTags(table, found, options)
  if (found.length > 0 && options.dryRun !== true) await publishIceberg(table)
  return { tags: found.map(({ name }) => name), ...freed }
}

async function createTag(
  table: TaggedTable,
  name: string,
  options: TagOptions & { readonly ifNotExists?: boolean },
): Promise<Tag> {
  const { store, schema, signal } = table
  const { timeRetained, ifNotExists = false } = options
  const byDefault = tableOptions(schema.options).get('tag.default-time-retained')
  const tag = await newTag(table, name, { ...options, timeRetained: timeRetained ?? byDefault })
  const there = await store.tags.find(name, { signal })
  if (there !== null && ifNotExists) return there
  if (there === null && (await makeTag(table, tag))) return await store.tags.read(name, { signal })
  if (ifNotExists) return await store.tags.read(name, { signal })
  throw tagExists(table, name, 'choose another name, or replace the tag')
}

function tagExists({ store }: TaggedTable, name: string, hint: string): LakeError {
  const path = tagPath(store.location, name)
  return new LakeError('EXISTS', `there is a tag ${show(name)} already`, { path, hint })
}

async function newTag(
  table: TaggedTable,
  name: string,
  { at, timeRetained }: TagOptions,
): Promise<{ name: string; snapshot: Snapshot; retainedMs: number | undefined }> {
  const { store, signal } = table
  const retainedMs = durationMs(timeRetained, 'timeRetained')
  // A name that no file can have is told before anything is asked.
  tagPath(store.location, checkedName(name))
  const snapshot =
    at === undefined
      ? await store.snapshots.readLatest({ signal })
      : await snapshotAt(store, at, signal)
  if (snapshot === null)
    throw notFound('there is nothing to tag: the table has no snapshots yet', {
      path: store.location.root,
    })
  await requireNoOtherAutoTag(table, name, snapshot)
  return { name, snapshot, retainedMs }
}

/** INVALID for a name that is blank. */
function checkedName(name: string): string {
  if (name.trim() === '') throw invalid('the name of a tag is blank')
  return name
}

/** A snapshot has one tag at most of those whose names stand for a period: the next one is counted from it. */
async function requireNoOtherAutoTag(
  { store, schema, signal }: TaggedTable,
  name: string,
  snapshot: Snapshot,
): Promise<void> {
  const options = tableOptions(schema.options)
  const mode = options.get('tag.automatic-creation')
  if (mode !== 'process-time' && mode !== 'watermark') return
  const periodOf = autoTagPeriod(options)
  if (periodOf(name) === undefined) return
  const isAuto = (other: string): boolean => other !== name && periodOf(other) !== undefined
  for await (const tag of store.tags.readAll(isAuto, { signal }))
    if (tag.snapshot.id === snapshot.id)
      throw invalid(
        `snapshot ${snapshot.id} has the automatic tag ${show(tag.name)}, and ${show(name)} would be another one`,
        {
          path: store.location.root,
          hint: 'choose a name that does not stand for a period of tag.creation-period',
        },
      )
}

/**
 * Storages have no rename that leaves what is there alone, so the new name is made first and the old one goes then. Whoever
 * dies in between leaves both, and the same call goes on.
 */
async function renameTag(table: TaggedTable, from: string, to: string): Promise<void> {
  const { store, signal } = table
  const { tags, location } = store
  tagPath(location, checkedName(to))
  const text = await tags.readText(checkedName(from), { signal })
  const isTaken = from === to || !(await tags.create(to, text, { signal }))
  if (isTaken && (from === to || (await tags.readText(to, { signal })) !== text))
    throw tagExists(table, to, 'choose another name')
  await tags.delete(from, { signal })
}

/** The tags whose time is over, and those that were made before `beforeMillis`. */
async function dueTags(
  { store, clock, signal }: TaggedTable,
  beforeMillis?: number,
): Promise<Tag[]> {
  const due: Tag[] = []
  for await (const tag of store.tags.readAll(undefined, { signal })) {
    const endMillis = localEndOf(tag)
    const isOver = endMillis !== undefined && localOfInstant(clock.now()) > endMillis
    const isOld = beforeMillis !== undefined && (await madeAt(store, tag, signal)) < beforeMillis
    if (isOver || isOld) due.push(tag)
  }
  return due
}

/** When the time of the tag is over, in milliseconds by local clocks; undefined for one that stays. */
export function localEndOf(tag: Tag): number | undefined {
  const { tagCreateTimeNanos: made, tagTimeRetainedNanos: retained } = tag
  return made === undefined || retained === undefined ? undefined : Number(made + retained) / 1e6
}

/** A tag that does not say when it was made has the time of its file. */
async function madeAt(
  { io, location }: TaggedTable['store'],
  { name, tagCreateTimeNanos: made, tagTimeRetainedNanos: retained }: Tag,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (made !== undefined && retained !== undefined)
    return instantOfLocal(Math.floor(Number(made / 1_000_000n)))
  const status = await io.stat(tagPath(location, name), { signal })
  return status?.modifiedMs ?? Infinity
}
