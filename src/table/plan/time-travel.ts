/**
 * Which state of the table a read is of: its snapshot, and the schema that its rows are read with.
 *
 * Follows `TimeTravelUtil`, `AbstractDataTableScan` and `AbstractFileStoreTable.tryTimeTravel`: travelling to a snapshot
 * takes that snapshot's schema, with the options of now. What `scan.mode` alone picks is read with the schema of now.
 */
import {
  newestSnapshotWhere,
  snapshotAtTime,
  snapshotAtWatermark,
  snapshotIdBeforeTime,
} from '../../snapshot/snapshot-search.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Tag } from '../../snapshot/tag.ts'
import { instantText } from '../../types/local-time.ts'
import { type RawOptions, tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { mapAll } from '../../util/async.ts'
import { invalid, isNotFound, notFound, unsupported } from '../../util/errors.ts'
import { type Startup, startupOf, type TravelTarget } from './startup.ts'

export interface ReadState {
  /** Null for a table without snapshots. */
  readonly snapshot: Snapshot | null
  readonly schema: TableSchema
  /** Of the snapshot's files only those that were made then or later are read, in milliseconds since 1970. */
  readonly createdSinceMillis?: number | undefined
}

interface Io {
  readonly signal?: AbortSignal | undefined
}

/**
 * The state that the options ask for; the latest without them. NOT_FOUND for one that is not there, or has expired;
 * UNSUPPORTED for options that ask for changes between states.
 */
export async function readState(
  store: TableStore,
  schema: TableSchema,
  dynamicOptions: RawOptions,
  signal?: AbortSignal,
): Promise<ReadState> {
  const current = { ...schema, options: { ...schema.options, ...dynamicOptions } }
  const options = tableOptions(current.options)
  const startup = startupOf(options)
  if (startup.mode === 'incremental')
    throw unsupported('a read of the changes between snapshots does not go with this table', {
      hint: 'read one state of it, such as that of scan.snapshot-id',
    })
  if (!('target' in startup)) return await stateOfMode(store, startup, current, { signal })
  const snapshot = await travelTo(store, startup.target, { signal })
  if (snapshot.schemaId === schema.id) return { snapshot, schema: current }
  const then = await store.schemas.read(snapshot.schemaId, { signal })
  return { snapshot, schema: { ...then, options: current.options } }
}

async function stateOfMode(
  store: TableStore,
  startup: Exclude<Startup, { readonly target: TravelTarget }>,
  schema: TableSchema,
  io: Io,
): Promise<ReadState> {
  const { snapshots } = store
  if (startup.mode === 'compacted-full') {
    const compacted = await newestSnapshotWhere(snapshots, compactedTest(schema), io)
    return { snapshot: compacted ?? (await snapshots.readLatest(io)), schema }
  }
  if (!('timeMillis' in startup)) return { snapshot: await snapshots.readLatest(io), schema }
  const { mode, timeMillis } = startup
  if (mode === 'from-creation-timestamp') {
    const before = await snapshotIdBeforeTime(snapshots, timeMillis, io)
    const next = before === null ? null : await snapshots.find(before + 1, io)
    if (next !== null) return { snapshot: next.snapshot, schema }
  }
  const snapshot = await snapshots.readLatest(io)
  return { snapshot, schema, createdSinceMillis: timeMillis }
}

/** Which snapshots `compacted-full` takes: of tables that are compacted in full on a schedule only those. */
export function compactedTest(schema: TableSchema): (snapshot: Snapshot) => boolean {
  const options = tableOptions(schema.options)
  const isScheduled =
    options.get('changelog-producer') === 'full-compaction' ||
    options.isSet('full-compaction.delta-commits')
  const deltaCommits = BigInt(options.get('full-compaction.delta-commits') ?? 1)
  return ({ commitKind, commitIdentifier }) =>
    commitKind === 'COMPACT' &&
    (!isScheduled ||
      commitIdentifier === BATCH_IDENTIFIER ||
      (deltaCommits !== 0n && commitIdentifier % deltaCommits === 0n))
}

/** The snapshot of the state. NOT_FOUND, naming what there is, where there is none. */
export async function travelTo(store: TableStore, target: TravelTarget, io: Io): Promise<Snapshot> {
  switch (target.by) {
    case 'snapshot':
      return await snapshotById(store, target.snapshotId, io)
    case 'tag':
      return (await store.tags.read(target.name, io)).snapshot
    case 'watermark':
      return await snapshotByWatermark(store, target.watermark, io)
    case 'time':
      return await snapshotByTime(store, target.timeMillis, io)
    default:
      return await snapshotByVersion(store, target.version, io)
  }
}

async function snapshotById(store: TableStore, snapshotId: number, io: Io): Promise<Snapshot> {
  try {
    return await store.snapshots.read(snapshotId, io)
  } catch (error) {
    if (!isNotFound(error)) throw error
    const tag = await nearestTag(store, ({ id }) => Math.abs(id - snapshotId), io)
    throw notFound(error.message, {
      path: error.path,
      hint: [error.hint, tagHint(tag)].filter((part) => part !== undefined).join('; '),
    })
  }
}

async function snapshotByTime(store: TableStore, timeMillis: number, io: Io): Promise<Snapshot> {
  const found = await snapshotAtTime(store.snapshots, timeMillis, io)
  if (found !== null) return found
  const range = await store.snapshots.range(io)
  const earliest = range && (await store.snapshots.find(range.earliest, io))?.snapshot
  const before = (snapshot: Snapshot): number | undefined =>
    snapshot.timeMillis <= timeMillis ? timeMillis - snapshot.timeMillis : undefined
  const tag = await nearestTag(store, before, io)
  throw notFound(`there is no snapshot of ${instantText(timeMillis)} or before`, {
    path: store.location.root,
    hint: [
      earliest
        ? `the earliest is snapshot ${earliest.id} of ${instantText(earliest.timeMillis)}`
        : 'the table has no snapshots yet',
      tagHint(tag),
    ]
      .filter((part) => part !== undefined)
      .join('; '),
  })
}

async function snapshotByWatermark(
  store: TableStore,
  watermark: bigint,
  io: Io,
): Promise<Snapshot> {
  const found = await snapshotAtWatermark(store.snapshots, watermark, io)
  if (found !== null) return found
  const latest = await store.snapshots.readLatest(io)
  throw notFound(`there is no snapshot whose watermark is ${watermark} or more`, {
    path: store.location.root,
    hint:
      latest === null
        ? 'the table has no snapshots yet'
        : latest.watermark === undefined
          ? `snapshot ${latest.id}, the latest, has no watermark`
          : `the watermark of snapshot ${latest.id}, the latest, is ${latest.watermark}`,
  })
}

const WATERMARK_PREFIX = 'watermark-'

/** A tag of that name comes first, whatever the name. */
async function snapshotByVersion(store: TableStore, version: string, io: Io): Promise<Snapshot> {
  if (version === '') throw invalid('option scan.version is empty')
  const tag = await store.tags.find(version, io)
  if (tag !== null) return tag.snapshot
  if (version.startsWith(WATERMARK_PREFIX)) {
    const text = version.slice(WATERMARK_PREFIX.length)
    if (/^-?\d{1,19}$/.test(text)) return await snapshotByWatermark(store, BigInt(text), io)
  } else if (/^\d{1,15}$/.test(version)) return await snapshotById(store, Number(version), io)
  // Names the nearest tag.
  return (await store.tags.read(version, io)).snapshot
}

/** How many tags a message may cost. */
const TAGS_READ_MAX = 64

/** The tag whose snapshot is the least away; null when there is none. */
async function nearestTag(
  store: TableStore,
  distance: (snapshot: Snapshot) => number | undefined,
  io: Io,
): Promise<Tag | null> {
  const names = (await store.tags.list(io)).slice(-TAGS_READ_MAX)
  const tags = await mapAll(names, 8, (name) => store.tags.find(name, io))
  let nearest: Tag | null = null
  let least = Infinity
  for (const tag of tags) {
    const away = tag === null ? undefined : distance(tag.snapshot)
    if (away === undefined || away >= least) continue
    least = away
    nearest = tag
  }
  return nearest
}

function tagHint(tag: Tag | null): string | undefined {
  if (tag === null) return undefined
  const { name, snapshot } = tag
  const time = instantText(snapshot.timeMillis)
  return `the tag ${JSON.stringify(name)} keeps snapshot ${snapshot.id} of ${time}`
}
