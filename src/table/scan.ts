/**
 * Plans a read: which snapshot, which of its files can hold matching rows, and the splits they make.
 *
 * Follows the Java classes `SnapshotReaderImpl` and `DataTableBatchScan`.
 */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { FILE_KIND, type ManifestEntry } from '../snapshot/manifest-entry.ts'
import { scanEntries, type ScanKind } from '../snapshot/manifest-scan.ts'
import type { ManifestStore } from '../snapshot/manifest-store.ts'
import { latin1Of } from '../snapshot/metadata-columns.ts'
import type { SchemaStore } from '../snapshot/schema-store.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { instantOfLocal } from '../types/local-time.ts'
import { tableOptions } from '../types/options.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey, trimmedKeyFields } from '../types/schema-keys.ts'
import { mapAll } from '../util/async.ts'
import { corrupt } from '../util/errors.ts'
import { filterBucket, scanFilter } from './scan-filter.ts'
import { packAppendFiles, packKeyedFiles, packStream, type Split } from './split.ts'

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
  /** Only files that were made then or later, in milliseconds since 1970, are read. */
  readonly createdSinceMillis?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Plan {
  readonly snapshotId: number | null
  readonly splits: readonly Split[]
  /** The snapshot's files that the filter's partitions and buckets let through, and those that are read. */
  readonly fileCounts: { readonly considered: number; readonly read: number }
}

/** What a scan reads metadata from. */
export interface ScanStores {
  readonly manifests: ManifestStore
  readonly schemas: SchemaStore
}

/** Files of one bucket. */
interface BucketFiles {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly totalBuckets: number
  readonly files: DataFileMeta[]
}

export async function planScan(stores: ScanStores, request: ScanRequest): Promise<Plan> {
  const { schema, snapshot, where, kind = 'all', isStreaming = false, level, signal } = request
  if (snapshot === null)
    return { snapshotId: null, splits: [], fileCounts: { considered: 0, read: 0 } }
  const { changesOf = [snapshot] } = request
  const filter = scanFilter(schema, where)
  const parallelism = tableOptions(schema.options).get('scan.manifest.parallelism')
  const files = { ...filter.files, level }
  const options = { signal, parallelism }
  const scanned = await mapAll(changesOf, parallelism ?? CHANGES_AT_ONCE, (changed) =>
    scanEntries(stores.manifests, changed, kind, files, options),
  )
  const entries = wanted(scanned.flat(), request)
  const schemaOf = await schemasOf(stores.schemas, entries, schema, signal)
  // What a stream reads is not merged, so each file may be left out by what it holds.
  const keyed = hasPrimaryKey(schema) && !isStreaming
  const buckets = groupByBucket(entries).map((bucket) => ({
    ...bucket,
    files: filterBucket(bucket.files, filter, schemaOf, keyed),
  }))
  const splits = limited(buckets.flatMap(splitter(schema, isStreaming)), request)
  return {
    snapshotId: snapshot.id,
    splits,
    fileCounts: {
      considered: entries.length,
      read: splits.reduce((sum, split) => sum + split.files.length, 0),
    },
  }
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

function groupByBucket(entries: readonly ManifestEntry[]): BucketFiles[] {
  const groups = new Map<string, BucketFiles>()
  for (const { partition, bucket, totalBuckets, file } of entries) {
    const key = `${bucket}/${latin1Of(partition)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { partition, bucket, totalBuckets, files: [file] })
    else group.files.push(file)
  }
  return [...groups.values()]
}

function splitter(
  schema: TableSchema,
  isStreaming: boolean,
): (bucket: Omit<BucketFiles, 'files'> & { files: readonly DataFileMeta[] }) => Split[] {
  const options = tableOptions(schema.options)
  const limits = {
    targetBytes: options.get('source.split.target-size'),
    openBytes: options.get('source.split.open-file-cost'),
  }
  const keyFields = trimmedKeyFields(schema)
  const keyed = hasPrimaryKey(schema)
  const isWhole = isStreaming && (keyed || options.get('bucket') > 0)
  return ({ partition, bucket, totalBuckets, files }) => {
    const packs = isWhole
      ? packStream(files)
      : keyed
        ? packKeyedFiles(files, keyFields, limits)
        : packAppendFiles(files, limits)
    return packs.map((pack) => ({ partition, bucket, totalBuckets, isStreaming, ...pack }))
  }
}

/** Drops splits beyond the limit, where each row of a file is a row of the table. */
function limited(splits: readonly Split[], { limit, where }: ScanRequest): readonly Split[] {
  if (limit === undefined || where !== undefined) return splits
  if (!splits.every(({ rawConvertible }) => rawConvertible)) return splits
  let rows = 0
  const end = splits.findIndex((split) => {
    rows += split.files.reduce((sum, { rowCount }) => sum + rowCount, 0)
    return rows >= limit
  })
  return end < 0 ? splits : splits.slice(0, end + 1)
}
