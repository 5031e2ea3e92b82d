/** Bounds in Parquet's statistics as values that predicates compare. */
import { timestampUnit } from '../../../types/column.ts'
import type { DataType } from '../../../types/data-type.ts'
import type { InternalValue } from '../../../types/internal-value.ts'
import type { ColumnStats } from '../../../types/predicate-stats.ts'
import { PHYSICAL, type Statistics } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'
import { fromConverted } from './infer.ts'

/** The statistics of a leaf as those of a column of the type; bounds that cannot be told are null. */
export function boundStats(
  leaf: LeafNode,
  type: DataType,
  statistics: Statistics | undefined,
): ColumnStats {
  const { min, max, nullCount = null } = statistics ?? {}
  if (min === undefined || max === undefined || isUnsigned(leaf))
    return { min: null, max: null, nullCount }
  const low = boundValue(leaf, type, min)
  const high = boundValue(leaf, type, max)
  if (low === null || high === null || Number.isNaN(low)) return { min: null, max: null, nullCount }
  if (type.kind !== 'FLOAT' && type.kind !== 'DOUBLE') return { min: low, max: high, nullCount }
  // Bounds of floats leave NaN out, which in a predicate's order is above all other values, and a writer may count -0
  // as 0, which it lies below.
  return { min: low === 0 ? -0 : low, max: Number.NaN, nullCount }
}

/** Whether the bounds are in an order in which the integers that read as negative come last. */
function isUnsigned(leaf: LeafNode): boolean {
  const logical = leaf.element.logical ?? fromConverted(leaf)
  return logical?.kind === 'INTEGER' && !logical.signed && logical.bits >= 32
}

/** A bound as a value of the column; null where it cannot be told. */
export function boundValue(leaf: LeafNode, type: DataType, bytes: Uint8Array): InternalValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  switch (type.kind) {
    case 'BOOLEAN':
      return leaf.physical === PHYSICAL.BOOLEAN && length === 1 ? bytes[0] === 1 : null
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'DATE':
    case 'TIME':
      return leaf.physical === PHYSICAL.INT32 && length === 4 ? view.getInt32(0, true) : null
    case 'FLOAT':
      return leaf.physical === PHYSICAL.FLOAT && length === 4 ? view.getFloat32(0, true) : null
    case 'DOUBLE':
      return leaf.physical === PHYSICAL.DOUBLE && length === 8 ? view.getFloat64(0, true) : null
    case 'BIGINT':
      return leaf.physical === PHYSICAL.INT64 && length === 8 ? view.getBigInt64(0, true) : null
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return leaf.physical === PHYSICAL.BYTE_ARRAY ? bytes : null
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestampBound(leaf, type.precision, view)
    case 'DECIMAL':
      return decimalBound(leaf, type.scale, bytes)
    default:
      return null
  }
}

/** Only where the file counts in the unit of the column. */
function timestampBound(leaf: LeafNode, precision: number, view: DataView): bigint | null {
  if (leaf.physical !== PHYSICAL.INT64 || view.byteLength !== 8) return null
  const logical = leaf.element.logical ?? fromConverted(leaf)
  const stored = logical?.kind === 'TIMESTAMP' ? logical.unit : null
  const wanted = { 3: 'MILLIS', 6: 'MICROS', 9: 'NANOS' }[timestampUnit(precision)]
  return stored === null || stored === wanted ? view.getBigInt64(0, true) : null
}

/** Unscaled; byte arrays of any length are left out, since their order was defined late. */
function decimalBound(leaf: LeafNode, scale: number, bytes: Uint8Array): bigint | null {
  const logical = leaf.element.logical ?? fromConverted(leaf)
  if (logical?.kind !== 'DECIMAL' || logical.scale !== scale) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  if (leaf.physical === PHYSICAL.INT32) return length === 4 ? BigInt(view.getInt32(0, true)) : null
  if (leaf.physical === PHYSICAL.INT64) return length === 8 ? view.getBigInt64(0, true) : null
  if (leaf.physical !== PHYSICAL.FIXED_LEN_BYTE_ARRAY || length === 0 || length > 16) return null
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(8 * length, value)
}
