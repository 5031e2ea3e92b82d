/** What tags and consumers keep from expiring, read anew each time that something is about to be deleted. */
import type { FileStatus, IoOptions } from '../io/file-io.ts'
import { nameOf } from '../io/path.ts'
import { mapAll } from '../util/async.ts'
import { ConsumerStore } from './consumer-store.ts'
import { TAG_PREFIX, tagDirectory } from './paths.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

const READS_AT_ONCE = 16
/** A tag that was read less than this after it was written may be replaced without a difference in its time. */
const SETTLED_MS = 60_000

interface KnownTag {
  readonly modifiedMs: number
  readonly sizeBytes: number
  readonly snapshot: Snapshot
}

/** Tags that were read before, by the name of the tag: those that have not changed since are not read again. */
const knownTags = new WeakMap<TableStore['tags'], Map<string, KnownTag>>()

/** The snapshots that have tags, by their ids, ascending. `ignored` are the names of tags that are about to go. */
export async function taggedSnapshots(
  store: TableStore,
  options: IoOptions & { readonly ignored?: ReadonlySet<string> | undefined } = {},
): Promise<Snapshot[]> {
  const { ignored, ...io } = options
  const tagged = [...(await snapshotsByTag(store, io))].filter(
    ([name]) => ignored?.has(name) !== true,
  )
  const byId = new Map(tagged.map(([, snapshot]) => [snapshot.id, snapshot]))
  return [...byId.values()].toSorted((a, b) => a.id - b.id)
}

/** The snapshot of each tag, by the tag's name. */
export async function snapshotsByTag(
  store: TableStore,
  io: IoOptions = {},
): Promise<Map<string, Snapshot>> {
  const known = knownTags.get(store.tags) ?? new Map<string, KnownTag>()
  knownTags.set(store.tags, known)
  const now = Date.now()
  const statuses: FileStatus[] = []
  const directory = tagDirectory(store.location)
  for await (const status of store.io.list(directory, { ...io, namePrefix: TAG_PREFIX }))
    statuses.push(status)
  const names = new Set(statuses.map(({ path }) => nameOf(path).slice(TAG_PREFIX.length)))
  for (const name of known.keys()) if (!names.has(name)) known.delete(name)
  const read = await mapAll(statuses, READS_AT_ONCE, async ({ path, modifiedMs, sizeBytes }) => {
    const name = nameOf(path).slice(TAG_PREFIX.length)
    if (name === '') return null
    const before = known.get(name)
    if (before?.modifiedMs === modifiedMs && before.sizeBytes === sizeBytes)
      return [name, before.snapshot] as const
    // One that went away meanwhile keeps nothing.
    const tag = await store.tags.find(name, io)
    if (tag !== null && modifiedMs < now - SETTLED_MS)
      known.set(name, { modifiedMs, sizeBytes, snapshot: tag.snapshot })
    return tag === null ? null : ([name, tag.snapshot] as const)
  })
  return new Map(read.filter((each) => each !== null))
}

/** The lowest snapshot that a consumer reads next; null without consumers. */
export async function lowestOfConsumers(
  { io, location }: TableStore,
  options?: IoOptions,
): Promise<number | null> {
  const consumers = new ConsumerStore(io, location)
  const names = await consumers.list(options)
  const next = await mapAll(names, READS_AT_ONCE, (name) => consumers.find(name, options))
  const known = next.filter((id) => id !== null)
  return known.length === 0 ? null : Math.min(...known)
}
