/** Parts the rows of a batch by their partitions and buckets, without an object per row. */
import { compareKeys, type SortKeys, sortKeys } from '../../lsm/sort-keys.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import { cellValue } from '../../types/internal-value.ts'
import { encodePartition } from '../../types/partition.ts'
import { rowHashes } from '../../types/row-writer.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields } from '../../types/schema-keys.ts'

/** Rows of one partition and bucket, in the order that they came in. */
export interface BucketRows {
  /** A serialised BinaryRow of the partition columns. */
  readonly partition: Uint8Array
  readonly bucket: number
  /** The number of buckets of the partition, where it is not the table's. */
  readonly totalBuckets?: number | undefined
  readonly batch: Batch
  readonly kinds: Int8Array
}

/** The partitions of a batch. */
export interface Partitions {
  /** The partition of each row, as an index into `keys`; null when there is only one. */
  readonly of: Uint32Array | null
  /** Serialised BinaryRows of the partition columns. */
  readonly keys: readonly Uint8Array[]
}

/** Finds the partitions of the rows; each is in `keys` once. */
export function partitionsOf(schema: TableSchema, batch: Batch): Partitions {
  const fields = partitionFields(schema)
  if (fields.length === 0) return { of: null, keys: [encodePartition([], [])] }
  const columns = fields.map(
    ({ id }) => batch.columns[schema.fields.findIndex((field) => field.id === id)]!,
  )
  const types = fields.map(({ type }) => type)
  const order = sortKeys(
    types.map((type) => ({ type, nullable: true })),
    columns,
    batch.length,
  )
  const hashes = rowHashes(types, columns, batch.length)
  const of = new Uint32Array(batch.length)
  const examples: number[] = []
  const byHash = new Map<number, number[]>()
  for (let row = 0; row < batch.length; row++) {
    // Rows of one partition often come together.
    if (row > 0 && hashes[row] === hashes[row - 1] && isSame(order, row, row - 1)) {
      of[row] = of[row - 1]!
      continue
    }
    const candidates = byHash.get(hashes[row]!) ?? []
    let partition = candidates.find((known) => isSame(order, row, examples[known]!))
    if (partition === undefined) {
      partition = examples.length
      examples.push(row)
      byHash.set(hashes[row]!, [...candidates, partition])
    }
    of[row] = partition
  }
  const keys = examples.map((row) =>
    encodePartition(
      fields,
      fields.map(({ type }, i) => cellValue(columns[i]!, type, row)),
    ),
  )
  return { of: keys.length === 1 ? null : of, keys }
}

function isSame(keys: SortKeys, a: number, b: number): boolean {
  return compareKeys(keys, a, keys, b) === 0
}

/**
 * Parts the rows: `buckets` has the bucket of each, below `bucketCount`; null says 0 for all. One pass counts
 * the groups, one fills them.
 */
export function parted(
  batch: Batch,
  kinds: Int8Array,
  partitions: Partitions,
  buckets: Int32Array | null,
  bucketCount: number,
): BucketRows[] {
  if (batch.length === 0) return []
  if (partitions.of === null && buckets === null)
    return [{ partition: partitions.keys[0]!, bucket: 0, batch, kinds }]
  const groupOf = (row: number): number =>
    (partitions.of === null ? 0 : partitions.of[row]!) * bucketCount +
    (buckets === null ? 0 : buckets[row]!)
  const groupCount = partitions.keys.length * bucketCount
  const rowsOf =
    groupCount > COUNTED_GROUPS_MAX
      ? sparseGroups(batch.length, groupOf)
      : countedGroups(batch.length, groupCount, groupOf)
  return [...rowsOf].map(([group, rows]) => ({
    partition: partitions.keys[Math.floor(group / bucketCount)]!,
    bucket: group % bucketCount,
    ...(rowsOf.size === 1 ? { batch, kinds } : takenRows(batch, kinds, rows)),
  }))
}

/** The rows of one group. */
function takenRows(
  batch: Batch,
  kinds: Int8Array,
  rows: Uint32Array,
): Pick<BucketRows, 'batch' | 'kinds'> {
  const taken = new Int8Array(rows.length)
  for (let i = 0; i < rows.length; i++) taken[i] = kinds[rows[i]!]!
  return { batch: takeBatch(batch, rows), kinds: taken }
}

/** Of more groups most are empty: counting them would cost more than the rows. */
const COUNTED_GROUPS_MAX = 1 << 20

function countedGroups(
  length: number,
  groupCount: number,
  groupOf: (row: number) => number,
): Map<number, Uint32Array> {
  const counts = new Uint32Array(groupCount)
  for (let row = 0; row < length; row++) counts[groupOf(row)]!++
  const rowsOf = new Map<number, Uint32Array>()
  for (const [group, count] of counts.entries())
    if (count > 0) rowsOf.set(group, new Uint32Array(count))
  counts.fill(0)
  for (let row = 0; row < length; row++) {
    const group = groupOf(row)
    rowsOf.get(group)![counts[group]!++] = row
  }
  return rowsOf
}

function sparseGroups(length: number, groupOf: (row: number) => number): Map<number, Uint32Array> {
  const rowsOf = Map.groupBy(new Uint32Array(length).keys(), groupOf)
  return new Map([...rowsOf].map(([group, rows]) => [group, Uint32Array.from(rows)]))
}
