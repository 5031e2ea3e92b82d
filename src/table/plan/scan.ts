/**
 * Plans a read: which snapshot, which of its files can hold matching rows, and the splits they make.
 *
 * Follows the Java classes `SnapshotReaderImpl` and `DataTableBatchScan`.
 */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { dataLayout, POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import { bucketKey, FILE_KIND, type ManifestEntry } from '../../snapshot/manifest-entry.ts'
import {
  type FileFilter,
  manifestsOf,
  scanEntries,
  type ScanKind,
} from '../../snapshot/manifest-scan.ts'
import type { ManifestStore } from '../../snapshot/manifest-store.ts'
import type { TableLocation } from '../../snapshot/paths.ts'
import type { SchemaStore } from '../../snapshot/schema-store.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableMetrics } from '../../snapshot/table-metrics.ts'
import { instantOfLocal } from '../../types/local-time.ts'
import { tableOptions } from '../../types/options.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey, trimmedKeyFields } from '../../types/schema-keys.ts'
import { mapAll } from '../../util/async.ts'
import { corrupt } from '../../util/errors.ts'
import { evolvesData, groupByRowIds } from '../file/row-ranges.ts'
import type { RowIdTest } from '../file/row-tracking.ts'
import {
  deletionFilesByBucket,
  type DeletionFiles,
  hasDeletionVectors,
  hidesLevel0,
  isMergedAboveLevel0,
} from './deletion-files.ts'
import {
  filterSteps,
  manifestCounts,
  type PlanPruning,
  type PlanStep,
  stepOf,
} from './plan-steps.ts'
import { filterRowRanges } from './row-range-scan.ts'
import { filterBucket, scanFilter, type ScanFilter } from './scan-filter.ts'
import { packAppendFiles, packKeyedFiles, packRowRanges, packStream, type Split } from './split.ts'

export interface ScanRequest {
  /** The schema that rows are read with. */
  readonly schema: TableSchema
  /** Null for a table without snapshots, which has no rows. */
  readonly snapshot: Snapshot | null
  readonly where?: Predicate | undefined
  /** Rows that are enough, where nothing filters or merges them: files beyond are left out. */
  readonly limit?: number | undefined
  /** The live files, unless told: or only those that the snapshot added, or those of its changelog. */
  readonly kind?: ScanKind | undefined
  /** Whether rows are read as they were written, none merged, and the files of a bucket stay together. */
  readonly isStreaming?: boolean | undefined
  /** The snapshots whose changes are read, ascending; `snapshot` alone unless told. Not for `all`. */
  readonly changesOf?: readonly Snapshot[] | undefined
  /** The levels that are read; all unless told. */
  readonly level?: ((level: number) => boolean) | undefined
  /** Whether all files of a bucket are one split, whatever their size. */
  readonly wholeBuckets?: boolean | undefined
  /** Whether it is for a batch read, which shows some tables without level 0. */
  readonly isBatch?: boolean | undefined
  /** Only files that were made then or later, in milliseconds since 1970, are read. */
  readonly createdSinceMillis?: number | undefined
  /** Which tracked rows are wanted, by their ids. */
  readonly rowIds?: RowIdTest | undefined
  /** Whether the plan tells what each step of it left. */
  readonly explains?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Plan {
  readonly snapshotId: number | null
  readonly splits: readonly Split[]
  /** The snapshot's files that the filter's partitions and buckets let through, and those that are read. */
  readonly fileCounts: { readonly considered: number; readonly read: number }
  /** Only where the request asks for it. */
  readonly pruning?: PlanPruning | undefined
}

/** What a scan reads metadata from. */
export interface ScanStores {
  readonly manifests: ManifestStore
  readonly schemas: SchemaStore
  readonly location: TableLocation
  readonly metrics?: TableMetrics | undefined
}

/** Files of one bucket. */
interface BucketFiles {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly totalBuckets: number
  readonly files: readonly DataFileMeta[]
  readonly deletionFiles?: DeletionFiles | undefined
}

export async function planScan(stores: ScanStores, request: ScanRequest): Promise<Plan> {
  const startMs = performance.now()
  const scanned = new Set<string>()
  const plan = await planOf(stores, request, scanned)
  const { metrics } = stores
  if (metrics === undefined || plan.snapshotId === null) return plan
  const durationMs = performance.now() - startMs
  const { considered, read } = plan.fileCounts
  metrics.set('scan.lastScanDuration', durationMs)
  metrics.record('scan.scanDuration', durationMs)
  metrics.set('scan.lastScannedManifests', scanned.size)
  metrics.set('scan.lastScanSkippedTableFiles', considered - read)
  metrics.set('scan.lastScanResultedTableFiles', read)
  return plan
}

/** The plan; `scanned` gets the manifests that it is made of. */
async function planOf(
  stores: ScanStores,
  request: ScanRequest,
  scanned: Set<string>,
): Promise<Plan> {
  const { schema, snapshot, where, kind = 'all', isStreaming = false, signal } = request
  if (snapshot === null)
    return { snapshotId: null, splits: [], fileCounts: { considered: 0, read: 0 } }
  const { changesOf = [snapshot] } = request
  const filter = scanFilter(schema, where)
  const parallelism = tableOptions(schema.options).get('scan.manifest.parallelism')
  const isAboveLevel0 = request.isBatch === true && hidesLevel0(schema)
  const level = request.level ?? (isAboveLevel0 ? (each: number) => each > 0 : undefined)
  const files = {
    ...filter.files,
    level,
    bucket: bucketFilter(request, filter.files.bucket),
    rowIds: request.rowIds,
  }
  const scan = async (of: FileFilter): Promise<readonly ManifestEntry[]> => {
    const found = await mapAll(changesOf, parallelism ?? CHANGES_AT_ONCE, (changed) =>
      scanEntries(stores.manifests, changed, kind, of, { signal, parallelism, scanned }),
    )
    return wanted(found.flat(), request)
  }
  const entries = await scan(files)
  const schemaOf = await schemasOf(stores.schemas, entries, schema, signal)
  // What is not merged may be left out file by file, by what each holds: what a stream reads, or a merged table.
  const keyed = hasPrimaryKey(schema) && !isStreaming && !isAboveLevel0
  const vectors = kind === 'all' ? await readDeletionFiles(stores, request) : NO_VECTORS
  const filtered = (by: ScanFilter): BucketFiles[] =>
    groupByBucket(entries).map((bucket) => ({
      ...bucket,
      files: evolvesData(schema)
        ? filterRowRanges(bucket.files, by.rows, schemaOf)
        : filterBucket(bucket.files, by, schemaOf, keyed),
      deletionFiles: vectors.get(bucketKey(bucket)),
    }))
  const buckets = filtered(filter)
  const splits = limited(buckets.flatMap(splitter(request)), request)
  return {
    snapshotId: snapshot.id,
    splits,
    ...(request.explains === true && {
      pruning: {
        manifests: await manifestsRead(stores, request, files),
        steps: [
          ...(await filterSteps(files, scan)),
          ...statisticsSteps(filter, (by) => filtered(by).flatMap((bucket) => bucket.files)),
          ...limitSteps(splits, request),
        ],
      },
    }),
    fileCounts: {
      considered: entries.length,
      read: splits.reduce((sum, split) => sum + split.files.length, 0),
    },
  }
}

async function manifestsRead(
  { manifests }: ScanStores,
  { snapshot, kind = 'all', changesOf = snapshot === null ? [] : [snapshot], signal }: ScanRequest,
  filter: FileFilter,
): Promise<PlanPruning['manifests']> {
  const metas = await mapAll(changesOf, CHANGES_AT_ONCE, (changed) =>
    manifestsOf(manifests, changed, kind, { signal }),
  )
  return manifestCounts(metas.flat(), filter)
}

/** What the statistics of keys leave, those of values too, and file indexes. */
function statisticsSteps(
  filter: ScanFilter,
  filesLeft: (by: ScanFilter) => readonly DataFileMeta[],
): PlanStep[] {
  if (filter.rows === undefined) return []
  const ofKeys = filter.keys && stepOf('keys', filesLeft({ ...filter, rows: filter.keys }))
  const ofValues = stepOf('values', filesLeft({ ...filter, usesIndexes: false }))
  const ofIndexes = filter.usesIndexes ? [stepOf('indexes', filesLeft(filter))] : []
  return [...(ofKeys === undefined ? [] : [ofKeys]), ofValues, ...ofIndexes]
}

function limitSteps(splits: readonly Split[], { limit }: ScanRequest): PlanStep[] {
  if (limit === undefined) return []
  return [
    stepOf(
      'limit',
      splits.flatMap(({ files }) => files),
    ),
  ]
}

/**
 * What a batch reads of a table whose buckets are decided later are the rows whose bucket was decided, which a compaction
 * does. A stream reads the others, unless that compaction makes a changelog.
 */
function bucketFilter(
  { schema, isBatch }: ScanRequest,
  passes: FileFilter['bucket'],
): FileFilter['bucket'] {
  const options = tableOptions(schema.options)
  const isPostponed = options.get('bucket') === POSTPONE_BUCKET
  const isDecided = isBatch === true || options.get('changelog-producer') !== 'none'
  if (!isPostponed || !isDecided) return passes
  return (bucket, totalBuckets) => bucket >= 0 && (passes?.(bucket, totalBuckets) ?? true)
}

/** The entries that add files, made late enough. CORRUPT where a changelog deletes one. */
function wanted(
  entries: readonly ManifestEntry[],
  { kind = 'all', createdSinceMillis }: ScanRequest,
): readonly ManifestEntry[] {
  const adding = kind === 'all' ? entries : entries.filter((entry) => entry.kind === FILE_KIND.ADD)
  if (kind === 'changelog' && adding.length < entries.length)
    throw corrupt('a changelog deletes files')
  if (createdSinceMillis === undefined) return adding
  return adding.filter(({ file: { creationTime } }) => {
    const isKnown = creationTime !== null
    return isKnown && instantOfLocal(Number(creationTime)) >= createdSinceMillis
  })
}

/** Snapshots whose changes are looked for at the same time. */
const CHANGES_AT_ONCE = 8

/** Reads the schemas that the files were written with, as far as they differ from the one at hand. */
async function schemasOf(
  schemas: SchemaStore,
  entries: readonly ManifestEntry[],
  current: TableSchema,
  signal: AbortSignal | undefined,
): Promise<(file: DataFileMeta) => TableSchema> {
  const ids = new Set(entries.map(({ file }) => file.schemaId))
  ids.delete(current.id)
  const others = await mapAll([...ids], 8, (id) => schemas.read(id, { signal }))
  const byId = new Map([current, ...others].map((schema) => [schema.id, schema]))
  return (file) => byId.get(file.schemaId)!
}

const NO_VECTORS: ReadonlyMap<string, DeletionFiles> = new Map()

/** The deletion vectors of the snapshot's buckets. */
async function readDeletionFiles(
  { manifests, location }: ScanStores,
  { schema, snapshot, signal }: ScanRequest,
): Promise<ReadonlyMap<string, DeletionFiles>> {
  if (snapshot === null || !hasDeletionVectors(schema)) return NO_VECTORS
  const entries = await manifests.readIndexEntries(snapshot, { signal })
  return deletionFilesByBucket(dataLayout(location.root, schema), entries)
}

function groupByBucket(entries: readonly ManifestEntry[]): BucketFiles[] {
  const groups = new Map<string, BucketFiles & { readonly files: DataFileMeta[] }>()
  for (const entry of entries) {
    const { partition, bucket, totalBuckets, file } = entry
    const key = bucketKey(entry)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { partition, bucket, totalBuckets, files: [file] })
    else group.files.push(file)
  }
  return [...groups.values()]
}

function splitter({
  schema,
  isStreaming = false,
  wholeBuckets = false,
}: ScanRequest): (bucket: BucketFiles) => Split[] {
  const options = tableOptions(schema.options)
  const limits = {
    targetBytes: options.get('source.split.target-size'),
    openBytes: options.get('source.split.open-file-cost'),
  }
  const keyFields = trimmedKeyFields(schema)
  const keyed = hasPrimaryKey(schema)
  const isWhole = wholeBuckets || (isStreaming && (keyed || options.get('bucket') > 0))
  const isMerged = isMergedAboveLevel0(schema)
  const evolves = evolvesData(schema)
  return ({ partition, bucket, totalBuckets, files, deletionFiles }) => {
    const packs = isWhole
      ? packStream(files)
      : keyed
        ? packKeyedFiles(files, keyFields, limits, isMerged)
        : evolves
          ? packRowRanges(groupByRowIds(files), limits)
          : packAppendFiles(files, limits)
    return packs.map((pack) => ({
      partition,
      bucket,
      totalBuckets,
      isStreaming,
      ...pack,
      deletionFiles: deletionFiles && chosenOf(deletionFiles, pack.files),
    }))
  }
}

function chosenOf(deletionFiles: DeletionFiles, files: readonly DataFileMeta[]): DeletionFiles {
  const names = files.map(({ fileName }) => fileName).filter((name) => deletionFiles.has(name))
  return new Map(names.map((name) => [name, deletionFiles.get(name)!]))
}

/** Drops splits beyond the limit, where each row of a file is a row of the table or is known to be deleted. */
function limited(splits: readonly Split[], { limit, where }: ScanRequest): readonly Split[] {
  if (limit === undefined || where !== undefined) return splits
  if (!splits.every(({ rawConvertible }) => rawConvertible)) return splits
  let rows = 0
  const end = splits.findIndex((split) => {
    rows += split.files.reduce((sum, file) => sum + liveRowCount(file, split), 0)
    return rows >= limit
  })
  return end < 0 ? splits : splits.slice(0, end + 1)
}

/** The rows of the file that are left: none that is sure, where it is not told how many are deleted. */
function liveRowCount({ fileName, rowCount }: DataFileMeta, { deletionFiles }: Split): number {
  const deleted = deletionFiles?.get(fileName)
  return deleted === undefined ? rowCount : rowCount - (deleted.cardinality ?? rowCount)
}
