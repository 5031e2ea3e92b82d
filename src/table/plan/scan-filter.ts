/**
 * What a filter on rows says of partitions, buckets and files: pure functions that never rule out a matching row.
 *
 * Follows `DataTableBatchScan`, `BucketSelectConverter` and `KeyValueFileStoreScan`.
 */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import type { FileFilter } from '../../snapshot/manifest-scan.ts'
import { statsByName, writtenFields } from '../../snapshot/stats.ts'
import { bucketFunction } from '../../types/bucket-function.ts'
import { batchBuilder, finishBatch } from '../../types/column-builder.ts'
import type { DataField } from '../../types/data-type.ts'
import { KEY_FIELD_PREFIX } from '../../types/field-ids.ts'
import { appendValue, type InternalValue } from '../../types/internal-value.ts'
import { tableOptions } from '../../types/options.ts'
import { decodePartition } from '../../types/partition.ts'
import { equalityValues, projectTo } from '../../types/predicate-analysis.ts'
import { bindPredicate, type BoundPredicate } from '../../types/predicate-bind.ts'
import { type ColumnStats, mayMatch } from '../../types/predicate-stats.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import {
  bucketKeyFields,
  keyFields,
  partitionFields,
  trimmedKeyFields,
} from '../../types/schema-keys.ts'
import { embeddedMayMatch } from '../file/file-indexes.ts'
import { evolvedStats, storedPredicate } from '../file/file-schema.ts'

/** A filter on rows, taken apart by what it can rule out. */
export interface ScanFilter {
  /** On all columns of the table; undefined for no filter. */
  readonly rows: BoundPredicate | undefined
  /** What it demands of the trimmed primary key alone. */
  readonly keys: BoundPredicate | undefined
  /** Which manifests and entries can hold matching rows, by partition and bucket. */
  readonly files: FileFilter
  /** Whether merging makes values that no file holds, so that files of overlapping keys say nothing of them. */
  readonly composesValues: boolean
  /** `file-index.read.enabled` */
  readonly usesIndexes: boolean
}

export function scanFilter(schema: TableSchema, where: Predicate | undefined): ScanFilter {
  const options = tableOptions(schema.options)
  const engine = options.get('merge-engine')
  const composesValues = engine === 'partial-update' || engine === 'aggregation'
  const usesIndexes = options.get('file-index.read.enabled')
  if (where === undefined)
    return { rows: undefined, keys: undefined, files: {}, composesValues, usesIndexes }
  const rows = bindPredicate(where, schema.fields)
  const keyed = trimmedKeyFields(schema)
  return {
    rows,
    keys: demandOf(where, keyed),
    files: { ...partitionFilter(schema, where), bucket: bucketFilter(schema, where) },
    composesValues,
    usesIndexes,
  }
}

function demandOf(where: Predicate, fields: readonly DataField[]): BoundPredicate | undefined {
  const demand = projectTo(
    where,
    fields.map(({ name }) => name),
  )
  return demand && bindPredicate(demand, fields)
}

function partitionFilter(
  schema: TableSchema,
  where: Predicate,
): Pick<FileFilter, 'partition' | 'manifest'> {
  const fields = partitionFields(schema)
  const demand = demandOf(where, fields)
  if (demand === undefined) return {}
  return {
    partition: (bytes) => {
      const values = decodePartition(fields, bytes)
      return mayMatch(demand, 1, (column) => statsOfValue(values[column] ?? null))
    },
    manifest: (meta) => mayHoldPartition(meta, fields, demand),
  }
}

/** A single value as the statistics of a column that holds nothing else. */
function statsOfValue(value: InternalValue): ColumnStats {
  return { min: value, max: value, nullCount: value === null ? 1 : 0 }
}

function mayHoldPartition(
  { partitionStats, fileName, numAddedFiles, numDeletedFiles }: ManifestFileMeta,
  fields: readonly DataField[],
  demand: BoundPredicate,
): boolean {
  const stats = statsByName(partitionStats, fields, null, fileName)
  return mayMatch(demand, numAddedFiles + numDeletedFiles, (column) => stats(fields[column]!.name))
}

/** Only the buckets that the values of an equality or an IN list on the whole bucket key fall into. */
function bucketFilter(schema: TableSchema, where: Predicate): FileFilter['bucket'] {
  const fields = bucketKeyFields(schema)
  const demand = fields.length === 0 ? undefined : demandOf(where, fields)
  const tuples =
    demand &&
    equalityValues(
      demand,
      fields.map((_, i) => i),
    )
  if (tuples === undefined) return undefined
  const name = tableOptions(schema.options).get('bucket-function.type')
  const builder = batchBuilder(fields)
  for (const tuple of tuples) {
    for (const [i, field] of fields.entries())
      appendValue(builder.children[i]!, field.type, tuple[i]!)
    builder.endRow()
  }
  const { columns, length } = finishBatch(builder)
  const wanted = new Map<number, ReadonlySet<number>>()
  return (bucket, totalBuckets) => {
    // Files of a table without counted buckets can hold any key.
    if (totalBuckets <= 0) return true
    let buckets = wanted.get(totalBuckets)
    if (buckets === undefined) {
      buckets = new Set(bucketFunction(name, fields)(columns, length, totalBuckets))
      wanted.set(totalBuckets, buckets)
    }
    return buckets.has(bucket)
  }
}

/** Whether a file's value statistics leave room for a matching row. */
function valuesMayMatch(
  rows: BoundPredicate,
  file: DataFileMeta,
  fileSchema: TableSchema,
  usesIndexes: boolean,
): boolean {
  const fields = writtenFields(file, fileSchema)
  const stats = statsByName(file.valueStats, fields, file.valueStatsCols, file.fileName)
  const statsMayMatch = mayMatch(rows, file.rowCount, (column) => {
    const field = rows.fields[column]!
    return widened(field, evolvedStats(field, fileSchema, file.rowCount, stats))
  })
  if (!statsMayMatch || !usesIndexes || file.embeddedFileIndex === null) return statsMayMatch
  return embeddedMayMatch(storedPredicate(rows, fileSchema), file)
}

/** Whether a file's key statistics leave room for a matching row. */
function keysMayMatch(keys: BoundPredicate, file: DataFileMeta, fileSchema: TableSchema): boolean {
  const fields = keyFields(fileSchema)
  const stats = statsByName(file.keyStats, fields, null, file.fileName)
  return mayMatch(keys, file.rowCount, (column) => {
    const field = keys.fields[column]!
    const stored = fileSchema.fields.find(({ id }) => id === field.id)
    return stored && widened(field, stats(KEY_FIELD_PREFIX + stored.name))
  })
}

/** Some writers leave NaN out of their bounds, and NaN is above every other value. */
export function widened(
  { type }: DataField,
  stats: ColumnStats | undefined,
): ColumnStats | undefined {
  const isFloat = type.kind === 'FLOAT' || type.kind === 'DOUBLE'
  if (!isFloat || stats === undefined || stats.max === null) return stats
  return { ...stats, max: Number.NaN }
}

/**
 * The files of a bucket that a filter leaves.
 *
 * A file of a primary-key table may be left out by its values only where no other file can hold an older or newer row of
 * its keys; else the whole bucket is left out, or nothing; nothing where rows are made of the values of several.
 */
export function filterBucket(
  files: readonly DataFileMeta[],
  filter: ScanFilter,
  schemaOf: (file: DataFileMeta) => TableSchema,
  keyed: boolean,
): readonly DataFileMeta[] {
  const { rows, keys, composesValues, usesIndexes } = filter
  if (rows === undefined) return files
  const byKey =
    keys === undefined ? files : files.filter((file) => keysMayMatch(keys, file, schemaOf(file)))
  const matches = (file: DataFileMeta): boolean =>
    valuesMayMatch(rows, file, schemaOf(file), usesIndexes)
  if (!keyed || isWithoutOverlap(byKey)) return byKey.filter(matches)
  return composesValues || byKey.some(matches) ? byKey : []
}

function isWithoutOverlap(files: readonly DataFileMeta[]): boolean {
  if (files.length <= 1) return true
  const [first] = files
  return first!.level > 0 && files.every(({ level }) => level === first!.level)
}
