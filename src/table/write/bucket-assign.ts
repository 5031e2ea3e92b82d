/** Which partition and bucket each row of a batch belongs to. */
import { compareKeys, type SortKeys, sortKeys } from '../../lsm/sort-keys.ts'
import { bucketFunction } from '../../types/bucket-function.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import { cellValue } from '../../types/internal-value.ts'
import { tableOptions } from '../../types/options.ts'
import { encodePartition } from '../../types/partition.ts'
import { rowHashes } from '../../types/row-writer.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { bucketKeyFields, partitionFields } from '../../types/schema-keys.ts'
import { assert } from '../../util/assert.ts'

/** Rows of one partition and bucket, in the order that they came in. */
export interface BucketRows {
  /** A serialised BinaryRow of the partition columns. */
  readonly partition: Uint8Array
  readonly bucket: number
  readonly batch: Batch
  readonly kinds: Int8Array
}

/** Parts batches of a table by partition and bucket. */
export type BucketAssigner = (batch: Batch, kinds: Int8Array) => BucketRows[]

/** The assigner of a table with fixed buckets, or of an append table without any (`bucket` = -1). */
export function bucketAssigner(schema: TableSchema): BucketAssigner {
  const options = tableOptions(schema.options)
  const bucketCount = options.get('bucket')
  assert(bucketCount > 0 || bucketCount === -1, `buckets of kind ${bucketCount} are not assigned`)
  const keys = bucketCount > 0 ? bucketKeyFields(schema) : []
  const positions = keys.map(({ id }) => schema.fields.findIndex((field) => field.id === id))
  const bucketOf =
    bucketCount > 0 ? bucketFunction(options.get('bucket-function.type'), keys) : null
  return (batch, kinds) => {
    const buckets =
      bucketOf === null || bucketCount === 1
        ? null
        : bucketOf(
            positions.map((at) => batch.columns[at]!),
            batch.length,
            bucketCount,
          )
    const partitions = partitionsOf(schema, batch)
    return parted(batch, kinds, partitions, buckets, Math.max(1, bucketCount))
  }
}

interface Partitions {
  /** The partition of each row, as an index into `keys`; null when there is only one. */
  readonly of: Uint32Array | null
  readonly keys: readonly Uint8Array[]
}

function partitionsOf(schema: TableSchema, batch: Batch): Partitions {
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

/** Distributes the rows by counting: one pass counts the groups, one fills them. */
function parted(
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
  const counts = new Uint32Array(partitions.keys.length * bucketCount)
  for (let row = 0; row < batch.length; row++) counts[groupOf(row)]!++
  const rowsOf = new Map<number, Uint32Array>()
  for (const [group, count] of counts.entries())
    if (count > 0) rowsOf.set(group, new Uint32Array(count))
  counts.fill(0)
  for (let row = 0; row < batch.length; row++) {
    const group = groupOf(row)
    rowsOf.get(group)![counts[group]!++] = row
  }
  return [...rowsOf].map(([group, rows]) => ({
    partition: partitions.keys[Math.floor(group / bucketCount)]!,
    bucket: group % bucketCount,
    batch: takeBatch(batch, rows),
    kinds: Int8Array.from(rows, (row) => kinds[row]!),
  }))
}
