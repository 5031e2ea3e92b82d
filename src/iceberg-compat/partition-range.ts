/** Which manifests can hold a file of some partitions, by the bounds that their list tells. */
import type { DataField } from '../types/data-type.ts'
import { decodePartition } from '../types/partition.ts'
import type { IcebergManifest } from './entry.ts'
import { singleValue } from './metrics.ts'

/** For each partition, the values of its fields as bounds are written; null for a null. */
export type PartitionValues = readonly (readonly (Uint8Array | null)[])[]

export function partitionValuesOf(
  fields: readonly DataField[],
  partitions: Iterable<Uint8Array>,
): PartitionValues {
  if (fields.length === 0) return []
  const distinct = new Map<string, Uint8Array>()
  for (const partition of partitions)
    distinct.set(
      Buffer.from(partition.buffer, partition.byteOffset, partition.length).toString('latin1'),
      partition,
    )
  return [...distinct.values()].map((partition) =>
    decodePartition(fields, partition).map((value, i) =>
      value === null ? null : singleValue(fields[i]!.type, value),
    ),
  )
}

/** Whether the manifest can hold files of one of the partitions; it is taken to where its bounds tell nothing. */
export function mayHold(
  fields: readonly DataField[],
  { partitions: summaries }: IcebergManifest,
  partitions: PartitionValues,
): boolean {
  if (fields.length === 0 || summaries.length !== fields.length) return true
  return partitions.some((values) =>
    values.every((value, i) => {
      const { containsNull, lowerBound, upperBound } = summaries[i]!
      if (value === null) return containsNull
      if (lowerBound === null || upperBound === null) return true
      const kind = orderOf(fields[i]!)
      return (
        compareSingle(kind, value, lowerBound) >= 0 && compareSingle(kind, value, upperBound) <= 0
      )
    }),
  )
}

/** How the bytes of single values of a type are ordered. */
type Order = 'bytes' | 'little-endian' | 'big-endian' | 'float' | 'double'

function orderOf({ type }: DataField): Order {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return 'bytes'
    case 'DECIMAL':
      return 'big-endian'
    case 'FLOAT':
      return 'float'
    case 'DOUBLE':
      return 'double'
    default:
      return 'little-endian'
  }
}

/** Negative, 0 or positive; NaN, which is in no order, for values that cannot be compared counts as inside of bounds. */
function compareSingle(order: Order, a: Uint8Array, b: Uint8Array): number {
  if (order === 'bytes') return Buffer.compare(a, b)
  const [x, y] = [numberOf(order, a), numberOf(order, b)]
  return x < y ? -1 : x > y ? 1 : 0
}

function numberOf(order: Exclude<Order, 'bytes'>, bytes: Uint8Array): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (order === 'float') return bytes.length === 4 ? view.getFloat32(0, true) : Number.NaN
  if (order === 'double') return bytes.length === 8 ? view.getFloat64(0, true) : Number.NaN
  const ordered = order === 'big-endian' ? bytes : bytes.toReversed()
  if (ordered.length === 0) return 0n
  let value = 0n
  for (const byte of ordered) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * ordered.length, value)
}
