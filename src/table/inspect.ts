/**
 * Looks at a table: its snapshots and tags, each bucket's LSM tree, its partitions, growth and schemas.
 *
 * What is gathered is bounded, whatever the size of the table, save the names of files: of snapshots, buckets, files and
 * partitions the newest or largest are shown, and the result tells how much is left out. No data file is opened.
 */
import { branchNames } from '../snapshot/branches.ts'
import { ConsumerStore } from '../snapshot/consumer-store.ts'
import { dataLayout } from '../snapshot/data-paths.ts'
import { scanRows } from '../snapshot/manifest-scan.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { openBranch, type TableStore } from '../snapshot/table-store.ts'
import type { Tag } from '../snapshot/tag.ts'
import type { RawOptions } from '../types/options.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { mapAll } from '../util/async.ts'
import { invalid, isNotFound } from '../util/errors.ts'
import { show } from '../util/show.ts'
import { partitionChoice } from './compact/partitions.ts'
import { changeOf } from './inspect/growth.ts'
import { type Gathered, inspectionOf } from './inspect/inspection-of.ts'
import type {
  FileChange,
  InspectedBranch,
  InspectedConsumer,
  Inspection,
} from './inspect/inspection.ts'
import { deletionFilesByBucket, hasDeletionVectors } from './plan/deletion-files.ts'
import { readState } from './plan/time-travel.ts'
import type { PartitionMatch } from './write/overwrite.ts'

export interface InspectOptions {
  /** Partitions whose buckets and files are shown; all unless told. */
  readonly partition?: PartitionMatch
  /** The same as a condition on partition keys, or its text. */
  readonly where?: Predicate | string
  /** Snapshots that are shown at most, the newest; 300 unless told. Each asks the storage about three times. */
  readonly snapshotsMax?: number
  /** Buckets whose trees are shown at most; 100 unless told. */
  readonly bucketsMax?: number
  /** Files of these trees that are shown at most; 3,000 unless told. */
  readonly filesMax?: number
  /** Partitions that are shown at most, the largest; 500 unless told. */
  readonly partitionsMax?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (progress: InspectProgress) => void
}

export interface InspectProgress {
  readonly phase: 'snapshots' | 'changes'
  readonly done: number
  readonly total: number
}

/** Tags, schemas, branches and consumers that are looked at, at most of each. */
const NAMES_MAX = 500
const PARALLELISM = 8
/** Changes with more entries are not added up. */
const CHANGE_ENTRIES_MAX = 50_000

/** INVALID for bounds that are no whole numbers, and for partitions that there cannot be. */
export async function inspectTable(
  table: { readonly name: string; readonly store: TableStore; readonly schema: TableSchema },
  dynamicOptions: RawOptions,
  options: InspectOptions,
): Promise<Inspection> {
  const bounds = boundsOf(options)
  const { store, schema: latest } = table
  const { signal, partition, where } = options
  const io = { signal }
  const { snapshot, schema } = await readState(store, latest, dynamicOptions, signal)
  const isShown = partitionChoice(schema, { partition, where })
  const ids = await store.snapshots.ids(io)
  const progress = options.onProgress ?? (() => {})
  const shownIds = ids.slice(-bounds.snapshots)
  const [snapshots, tags, schemas, branches, consumers] = await Promise.all([
    gather(shownIds, 'snapshots', progress, async (id) => await store.snapshots.find(id, io)),
    readTags(store, signal),
    readSchemas(store, signal),
    readBranches(store, signal),
    readConsumers(store, signal),
  ])
  const kept = snapshots.flatMap((stored) => (stored === null ? [] : [stored.snapshot]))
  const changes = await gather(kept, 'changes', progress, (each) => readChange(store, each, signal))
  const gathered: Gathered = {
    table,
    snapshot,
    schema,
    files: snapshot === null ? [] : await scanRows(store.manifests, snapshot, 'all', {}, io),
    vectors: await readVectors(store, snapshot, schema, signal),
    snapshotIds: ids,
    snapshots: kept,
    changes: new Map(kept.map(({ id }, i) => [id, changes[i] ?? null])),
    tags,
    schemas,
    branches,
    consumers,
    isShown: isShown ?? (() => true),
  }
  return inspectionOf(gathered, bounds)
}

function boundsOf(options: InspectOptions): Parameters<typeof inspectionOf>[1] {
  const bound = (
    name: 'snapshotsMax' | 'bucketsMax' | 'filesMax' | 'partitionsMax',
    of: number,
  ) => {
    const given = options[name] ?? of
    if (Number.isInteger(given) && given >= 1) return given
    throw invalid(`${name} ${show(given)} is no number of things to show`, {
      hint: 'give a whole number, 1 or more',
    })
  }
  return {
    snapshots: bound('snapshotsMax', 300),
    buckets: bound('bucketsMax', 100),
    files: bound('filesMax', 3_000),
    partitions: bound('partitionsMax', 500),
    names: NAMES_MAX,
  }
}

/** What `read` makes of each, a few at a time. */
async function gather<Item, Result>(
  items: readonly Item[],
  phase: InspectProgress['phase'],
  onProgress: (progress: InspectProgress) => void,
  read: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  let done = 0
  return await mapAll(items, PARALLELISM, async (item) => {
    const result = await read(item)
    onProgress({ phase, done: ++done, total: items.length })
    return result
  })
}

/** What the snapshot changed; null where its manifests have expired meanwhile, or are too large to be added up. */
async function readChange(
  { manifests }: TableStore,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<FileChange | null> {
  try {
    const metas = await manifests.readDeltaManifests(snapshot, { signal })
    const entries = metas.reduce((sum, meta) => sum + meta.numAddedFiles + meta.numDeletedFiles, 0)
    if (entries > CHANGE_ENTRIES_MAX) return null
    return changeOf(await scanRows(manifests, snapshot, 'delta', {}, { signal }))
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

/** By the name of a data file how many rows its deletion vector takes out. */
async function readVectors(
  store: TableStore,
  snapshot: Snapshot | null,
  schema: TableSchema,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number | null>> {
  const vectors = new Map<string, number | null>()
  if (snapshot === null || !hasDeletionVectors(schema)) return vectors
  const entries = await store.manifests.readIndexEntries(snapshot, { signal })
  const layout = dataLayout(store.location.root, schema)
  for (const files of deletionFilesByBucket(layout, entries).values())
    for (const [name, { cardinality }] of files) vectors.set(name, cardinality)
  return vectors
}

async function readTags(
  store: TableStore,
  signal: AbortSignal | undefined,
): Promise<Gathered['tags']> {
  const names = await store.tags.list({ signal })
  const found = await mapAll(names.slice(0, NAMES_MAX), PARALLELISM, (name) =>
    store.tags.find(name, { signal }),
  )
  // One that went away meanwhile has been deleted.
  return { count: names.length, shown: found.filter((tag): tag is Tag => tag !== null) }
}

/** The newest schemas, and one more that the first of them is compared with. */
async function readSchemas(
  { schemas }: TableStore,
  signal: AbortSignal | undefined,
): Promise<Gathered['schemas']> {
  const ids = await schemas.ids({ signal })
  const read = (id: number): Promise<TableSchema> => schemas.read(id, { signal })
  return { count: ids.length, read: await mapAll(ids.slice(-NAMES_MAX - 1), PARALLELISM, read) }
}

async function readBranches(
  store: TableStore,
  signal: AbortSignal | undefined,
): Promise<{ count: number; shown: InspectedBranch[] }> {
  const names = await branchNames(store.io, store.location.root, { signal })
  const shown = await mapAll(names.slice(0, NAMES_MAX), PARALLELISM, async (name) => {
    const latest = await openBranch(store, name).snapshots.readLatest({ signal })
    return { name, snapshotId: latest?.id ?? null, timeMillis: latest?.timeMillis ?? null }
  })
  return { count: names.length, shown }
}

async function readConsumers(
  { io, location }: TableStore,
  signal: AbortSignal | undefined,
): Promise<{ count: number; shown: InspectedConsumer[] }> {
  const consumers = new ConsumerStore(io, location)
  const names = await consumers.list({ signal })
  const found = await mapAll(names.slice(0, NAMES_MAX), PARALLELISM, async (name) => ({
    name,
    nextSnapshotId: await consumers.find(name, { signal }),
  }))
  const shown = found.flatMap(({ name, nextSnapshotId }) =>
    nextSnapshotId === null ? [] : [{ name, nextSnapshotId }],
  )
  return { count: names.length, shown }
}
