/** What a manifest list says of the partitions in a manifest: for manifests that need not be opened. */
import { hasBounds } from '../format/column-bounds.ts'
import { deserializeBinaryField } from '../types/binary-row-decode.ts'
import type { DataField } from '../types/data-type.ts'
import { decodePartition } from '../types/partition.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'
import type { StatsLookup } from '../types/predicate-stats.ts'
import { corrupt, decoding } from '../util/errors.ts'
import type { ManifestFileMeta } from './manifest-list.ts'

/**
 * The statistics of the partition columns over all entries of a manifest, by their position among `fields`. The lookup
 * throws CORRUPT, naming the manifest, for bytes that are no statistics of these columns.
 */
export function partitionStatsOf(
  meta: ManifestFileMeta,
  fields: readonly DataField[],
): StatsLookup {
  const { minValues, maxValues, nullCounts } = meta.partitionStats
  const arity = fields.length
  return (column) => {
    const type = fields[column]?.type
    if (type === undefined || !hasBounds(type)) return undefined
    return decoding(meta.fileName, () => {
      if (nullCounts !== null && nullCounts.length !== arity)
        throw corrupt(`the statistics of ${arity} columns have ${nullCounts.length} null counts`)
      return {
        min: deserializeBinaryField(arity, column, type, minValues),
        max: deserializeBinaryField(arity, column, type, maxValues),
        nullCount: nullCounts?.[column] ?? null,
      }
    })
  }
}

/** Whether a manifest can have entries of one of the partitions, judged by its statistics. */
export function mayHoldPartitions(
  fields: readonly DataField[],
  partitions: readonly Uint8Array[],
): (meta: ManifestFileMeta) => boolean {
  if (fields.length === 0) return () => partitions.length > 0
  const rows = partitions.map((bytes) => decodePartition(fields, bytes))
  return (meta) => {
    const stats = partitionStatsOf(meta, fields)
    return rows.some((values) =>
      values.every((value, column) => mayHold(stats, column, value as ScalarValue | null)),
    )
  }
}

function mayHold(stats: StatsLookup, column: number, value: ScalarValue | null): boolean {
  const known = stats(column)
  if (known === undefined) return true
  const { min, max, nullCount } = known
  if (value === null) return nullCount !== 0
  // Without bounds all values are null.
  if (min === null || max === null) return false
  return (
    compareValues(min as ScalarValue, value) <= 0 && compareValues(value, max as ScalarValue) <= 0
  )
}
