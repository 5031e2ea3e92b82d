/**
 * What is known of the columns of a data file, for Iceberg: counts of nulls and bounds by field id.
 *
 * Follows `IcebergDataFileMeta.create` and `IcebergConversions`, save that what Paimon does not know is left out. A bound that
 * is too narrow makes clients leave rows out, so whatever is in doubt has none.
 */
import { isUtf8 } from 'node:buffer'

import { hasBounds } from '../format/column-bounds.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { statsByName, writtenFields } from '../snapshot/stats.ts'
import type { DataType } from '../types/data-type.ts'
import type { InternalValue } from '../types/internal-value.ts'
import type { TableSchema } from '../types/schema-file.ts'
import type { FileMetrics } from './entry.ts'

/**
 * The metrics of a file that was written with `fileSchema`: bounds are of the types that the columns had then, which clients
 * widen themselves. Null where nothing is known. CORRUPT for statistics that are none of these columns.
 */
export function fileMetrics(file: DataFileMeta, fileSchema: TableSchema): FileMetrics | null {
  const { valueStats, valueStatsCols, fileName } = file
  // Files without any statistics have rows of no fields, whatever their columns.
  if (valueStats.minValues.length <= 4 || fieldCount(valueStats.minValues) === 0) return null
  const fields = writtenFields(file, fileSchema)
  const stats = statsByName(valueStats, fields, valueStatsCols, fileName)
  const nullCounts = new Map<number, bigint>()
  const lowerBounds = new Map<number, Uint8Array>()
  const upperBounds = new Map<number, Uint8Array>()
  for (const { id, name, type } of fileSchema.fields) {
    const known = stats(name)
    if (known === undefined) continue
    if (known.nullCount !== null) nullCounts.set(id, BigInt(known.nullCount))
    const lower = bound(type, known.min, -0)
    const upper = bound(type, known.max, 0)
    if (lower !== null) lowerBounds.set(id, lower)
    if (upper !== null) upperBounds.set(id, upper)
  }
  if (nullCounts.size + lowerBounds.size + upperBounds.size === 0) return null
  return { nullCounts, lowerBounds, upperBounds }
}

function fieldCount(row: Uint8Array): number {
  return new DataView(row.buffer, row.byteOffset).getInt32(0)
}

/** The bound as Iceberg stores it; `zero` is the one that no other zero lies beyond. Null where there is no sure bound. */
function bound(type: DataType, value: InternalValue, zero: number): Uint8Array | null {
  if (value === null || Number.isNaN(value)) return null
  switch (type.kind) {
    case 'FLOAT':
    case 'DOUBLE':
      return singleValue(type, value === 0 ? zero : value)
    case 'CHAR':
    case 'VARCHAR':
      return isUtf8(value as Uint8Array) ? (value as Uint8Array) : null
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const isFit = type.precision <= 6 && microsOf(type.precision, value as bigint) !== null
      return isFit ? singleValue(type, value) : null
    }
    default:
      return hasSingleValue(type) ? singleValue(type, value) : null
  }
}

function hasSingleValue(type: DataType): boolean {
  return hasBounds(type) && type.kind !== 'TIME'
}

/**
 * A value, not null, in Iceberg's single-value serialization: numbers in little-endian, decimals as the fewest bytes in big-endian,
 * timestamps in microseconds. RangeError for a timestamp that has no microseconds within 64 bits.
 */
export function singleValue(type: DataType, value: InternalValue): Uint8Array {
  switch (type.kind) {
    case 'BOOLEAN':
      return Uint8Array.of(value === true ? 1 : 0)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'DATE':
      return fixed(4, (view) => view.setInt32(0, value as number, true))
    case 'BIGINT':
      return fixed(8, (view) => view.setBigInt64(0, value as bigint, true))
    case 'FLOAT':
      return fixed(4, (view) => view.setFloat32(0, value as number, true))
    case 'DOUBLE':
      return fixed(8, (view) => view.setFloat64(0, value as number, true))
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const micros = microsOf(type.precision, value as bigint)
      if (micros === null)
        throw new RangeError(`a ${type.kind} is out of the range of microseconds`)
      return fixed(8, (view) => view.setBigInt64(0, micros, true))
    }
    case 'DECIMAL':
      return minimalBytes(value as bigint)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return value as Uint8Array
    default:
      throw new Error(`Iceberg has no single values of ${type.kind}`)
  }
}

/** Null where they do not fit in 64 bits; of values in milliseconds up to precision 3, else in microseconds. */
function microsOf(precision: number, value: bigint): bigint | null {
  const micros = precision > 3 ? value : value * 1000n
  return BigInt.asIntN(64, micros) === micros ? micros : null
}

/** The fewest bytes of the two's complement, the highest first. */
function minimalBytes(value: bigint): Uint8Array {
  let size = 1
  while (BigInt.asIntN(8 * size, value) !== value) size++
  const bytes = new Uint8Array(size)
  for (let i = size - 1, rest = value; i >= 0; i--, rest >>= 8n)
    bytes[i] = Number(BigInt.asUintN(8, rest))
  return bytes
}

function fixed(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size)
  write(new DataView(bytes.buffer))
  return bytes
}
