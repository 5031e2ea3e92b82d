/**
 * The changes between two states of a table: which snapshots the options name, and the files that a read takes them from.
 *
 * Follows `AbstractDataTableScan.createIncrementalStartingScanner`, `IncrementalDeltaStartingScanner` and
 * `IncrementalDiffStartingScanner`. The first state is not part of what is read, the second one is.
 */
import { snapshotAtTime } from '../../snapshot/snapshot-search.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { type TableOptionName, tableOptions, type TableOptionValues } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { mapAll } from '../../util/async.ts'
import { invalid, notFound } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { autoTagPeriod } from './auto-tag-names.ts'
import { optionTime } from './startup.ts'

/** Where the changes come from. */
export type Changes =
  /** What the snapshots added, or their changelogs, row by row as they were written. */
  | {
      readonly from: 'delta' | 'changelog'
      readonly snapshots: readonly Snapshot[]
      /** The state that they lead to. */
      readonly after: Snapshot
    }
  /** The difference of two merged states. */
  | { readonly from: 'diff'; readonly before: Snapshot; readonly after: Snapshot }

interface Io {
  readonly signal?: AbortSignal | undefined
}

/** What the options of the schema ask for; null when there is nothing in between. */
export async function changesBetween(
  store: TableStore,
  schema: TableSchema,
  io: Io,
): Promise<Changes | null> {
  const options = tableOptions(schema.options)
  const between = options.get('incremental-between')
  if (between !== undefined) {
    const ends = pairOf('incremental-between', between, 'two snapshots or two tags')
    const ofTags = await betweenTags(store, options, ends, io)
    return ofTags === undefined ? betweenIds(store, options, ends, io) : ofTags
  }
  const times = options.get('incremental-between-timestamp')
  if (times !== undefined) {
    const ends = pairOf('incremental-between-timestamp', times, 'two times')
    return betweenTimes(store, options, ends, io)
  }
  return toAutoTag(store, options, options.get('incremental-to-auto-tag')!, io)
}

type Pair<T> = readonly [start: T, end: T]

function pairOf(name: TableOptionName, text: string, wanted: string): Pair<string> {
  const parts = text.split(',').map((part) => part.trim())
  const [start, end] = parts
  if (parts.length !== 2 || !start || !end)
    throw invalid(`option ${name}: "${text.slice(0, 100)}" does not name ${wanted}`, {
      hint: `write ${wanted} with a comma in between; the first one is not part of what is read`,
    })
  return [start, end]
}

/** The merged difference, or where it is asked for the changes of the snapshots; undefined unless both are tags. */
async function betweenTags(
  store: TableStore,
  options: TableOptionValues,
  [startName, endName]: Pair<string>,
  io: Io,
): Promise<Changes | null | undefined> {
  const [start, end] = await Promise.all([
    store.tags.find(startName, io),
    store.tags.find(endName, io),
  ])
  if (start === null || end === null) return undefined
  if (options.get('incremental-between-tag-to-snapshot')) {
    if (options.get('incremental-between-scan-mode') === 'diff')
      throw invalid('a diff of the snapshots of tags is the diff of the tags', {
        hint: 'leave incremental-between-tag-to-snapshot out',
      })
    return changesOf(store, options, [start.snapshot.id, end.snapshot.id], io)
  }
  if (end.snapshot.id < start.snapshot.id)
    throw invalid(
      `the tag ${endName} of snapshot ${end.snapshot.id} is older than ${startName} of ${start.snapshot.id}`,
      { hint: `read from ${endName} to ${startName}` },
    )
  if (start.snapshot.id === end.snapshot.id) return null
  return diffOf(store, start.snapshot, end.snapshot, io)
}

async function betweenIds(
  store: TableStore,
  options: TableOptionValues,
  ends: Pair<string>,
  io: Io,
): Promise<Changes | null> {
  if (!ends.every((text) => /^\d{1,15}$/.test(text))) throw await neitherTagsNorIds(store, ends, io)
  const [start, end] = [Number(ends[0]), Number(ends[1])]
  if (end < start)
    throw invalid(`option incremental-between: snapshot ${end} is before ${start}`, {
      hint: `read from ${end} to ${start}`,
    })
  if (start === end || (await store.snapshots.range(io)) === null) return null
  if (options.get('incremental-between-scan-mode') !== 'diff')
    return changesOf(store, options, [start, end], io)
  const [before, after] = await Promise.all([
    store.snapshots.read(start, io),
    store.snapshots.read(end, io),
  ])
  return diffOf(store, before, after, io)
}

async function neitherTagsNorIds(
  store: TableStore,
  ends: Pair<string>,
  io: Io,
): Promise<ReturnType<typeof notFound>> {
  const names = await store.tags.list(io)
  const missing = ends.find((name) => !names.includes(name) && !/^\d+$/.test(name))
  if (missing === undefined)
    return invalid(`option incremental-between: ${ends.join(',')} is a tag and a snapshot`, {
      hint: 'give two tags, or two snapshots',
    })
  return notFound(`there is no tag ${JSON.stringify(missing)}${didYouMean(missing, names)}`, {
    path: store.location.root,
    hint: 'incremental-between takes two snapshots or two tags',
  })
}

async function betweenTimes(
  store: TableStore,
  options: TableOptionValues,
  texts: Pair<string>,
  io: Io,
): Promise<Changes | null> {
  const [startMillis, endMillis] = texts.map((text) =>
    /^-?\d+$/.test(text) ? Number(text) : optionTime('incremental-between-timestamp', text),
  ) as [number, number]
  const range = await store.snapshots.range(io)
  if (range === null) return null
  if (endMillis < startMillis)
    throw invalid('option incremental-between-timestamp: the second time is before the first')
  const { snapshots } = store
  const [earliest, latest] = await Promise.all([
    snapshots.read(range.earliest, io),
    snapshots.read(range.latest, io),
  ])
  const isOutside = startMillis > latest.timeMillis || endMillis < earliest.timeMillis
  if (startMillis === endMillis || isOutside) return null
  const start = await snapshotAtTime(snapshots, startMillis, io)
  const end = (await snapshotAtTime(snapshots, endMillis, io)) ?? latest
  if (options.get('incremental-between-scan-mode') === 'diff')
    return diffOf(store, start ?? earliest, end, io)
  // Where the table begins later, its first snapshot is one of the changes.
  return changesOf(store, options, [start?.id ?? earliest.id - 1, end.id], io)
}

/** The difference between an automatic tag and the one before it; null where either is missing. */
async function toAutoTag(
  store: TableStore,
  options: TableOptionValues,
  endName: string,
  io: Io,
): Promise<Changes | null> {
  const periodStart = autoTagPeriod(options)
  const endPeriod = periodStart(endName)
  if (endPeriod === undefined)
    throw invalid(`the tag ${JSON.stringify(endName.slice(0, 100))} is not made automatically`, {
      hint: 'the names of such tags follow from tag.creation-period and tag.period-formatter',
    })
  const names = await store.tags.list(io)
  if (!names.includes(endName)) return null
  let previous: { readonly name: string; readonly period: number } | null = null
  for (const name of names) {
    const period = periodStart(name)
    if (period === undefined || period >= endPeriod) continue
    if (previous === null || period > previous.period) previous = { name, period }
  }
  if (previous === null) return null
  const [start, end] = await Promise.all([
    store.tags.read(previous.name, io),
    store.tags.read(endName, io),
  ])
  return diffOf(store, start.snapshot, end.snapshot, io)
}

/** What the snapshots after `start`, up to and with `end`, wrote. */
async function changesOf(
  store: TableStore,
  options: TableOptionValues,
  [start, end]: Pair<number>,
  io: Io,
): Promise<Changes | null> {
  const range = await store.snapshots.range(io)
  if (range === null) return null
  if (start < range.earliest - 1 || end > range.latest)
    throw notFound(`the changes from snapshot ${start} to ${end} are not all there`, {
      path: store.location.root,
      hint: `the table has the snapshots ${range.earliest} to ${range.latest}: start from ${range.earliest - 1} or later`,
    })
  if (start >= end) return null
  const from = changeSource(options)
  const ids = Array.from({ length: end - start }, (_, i) => start + 1 + i)
  const all = await mapAll(ids, SNAPSHOTS_AT_ONCE, (id) => store.snapshots.read(id, io))
  // A compaction changes no rows, and what an overwrite changed is in no delta and no changelog.
  const isRead = ({ commitKind }: Snapshot): boolean =>
    from === 'delta' ? commitKind === 'APPEND' : commitKind !== 'OVERWRITE'
  return { from, snapshots: all.filter(isRead), after: all.at(-1)! }
}

const SNAPSHOTS_AT_ONCE = 16

function changeSource(options: TableOptionValues): 'delta' | 'changelog' {
  const mode = options.get('incremental-between-scan-mode')
  if (mode === 'delta' || mode === 'changelog') return mode
  return options.get('changelog-producer') === 'none' ? 'delta' : 'changelog'
}

/** INVALID where the states have their rows spread over different numbers of buckets. */
async function diffOf(
  store: TableStore,
  before: Snapshot,
  after: Snapshot,
  { signal }: Io,
): Promise<Changes> {
  if (before.schemaId !== after.schemaId) {
    const [then, now] = await Promise.all([
      store.schemas.read(before.schemaId, { signal }),
      store.schemas.read(after.schemaId, { signal }),
    ])
    const counts = [then, now].map(({ options }) => tableOptions(options).get('bucket'))
    if (counts[0] !== counts[1])
      throw invalid(
        `snapshot ${before.id} has ${counts[0]} buckets and snapshot ${after.id} has ${counts[1]}`,
        { hint: 'their difference cannot be read: read the changes of the snapshots in between' },
      )
  }
  return { from: 'diff', before, after }
}
