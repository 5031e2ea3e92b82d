/**
 * The buffers of one column: what every hot path works on, between a Parquet page and the user's Arrow batch.
 *
 * The layouts are Arrow's (validity bitmap with bit set = present, LSB first, starting at bit 0), with one widening:
 * variable-length columns keep `starts` and `ends` apart. For an Arrow offsets buffer these are two views of it
 * shifted by one element, so nothing is copied; for values that still lie in a decoded page or in a dictionary they
 * point into it, so that a merge can choose rows before it copies any byte.
 */
import { countBits } from '../util/bits.ts'
import type { DataType } from './data-type.ts'

export type Column = BooleanColumn | FixedColumn | BytesColumn | ListColumn | StructColumn

interface ColumnBase {
  readonly length: number
  /** Bit i set = row i present; null when every row is present. At least `ceil(length / 8)` bytes. */
  readonly validity: Uint8Array | null
}

/** BOOLEAN: bit-packed values, LSB first. */
export interface BooleanColumn extends ColumnBase {
  readonly layout: 'boolean'
  readonly bits: Uint8Array
}

export type FixedValues =
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array

/**
 * Fixed-width values; where `validity` is unset the value is unspecified.
 *
 * TINYINT Int8Array, SMALLINT Int16Array, INT DATE TIME Int32Array (epoch days; milliseconds of day), BIGINT
 * BigInt64Array, FLOAT Float32Array, DOUBLE Float64Array, TIMESTAMP and TIMESTAMP_LTZ BigInt64Array (epoch
 * milliseconds up to precision 3, microseconds up to 6, else nanoseconds), DECIMAL BigInt64Array with two elements a
 * row, low then high: the unscaled 128-bit integer, two's complement.
 */
export interface FixedColumn extends ColumnBase {
  readonly layout: 'fixed'
  readonly values: FixedValues
}

/** CHAR VARCHAR (UTF-8), BINARY VARBINARY BLOB: value i is `data[starts[i], ends[i])`. */
export interface BytesColumn extends ColumnBase {
  readonly layout: 'bytes'
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/**
 * ARRAY, VECTOR, and MAP and MULTISET (whose child is a struct of key and value): row i is the child's rows
 * `[starts[i], ends[i])`.
 */
export interface ListColumn extends ColumnBase {
  readonly layout: 'list'
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly child: Column
}

/** ROW, and VARIANT (a struct of two bytes columns, value and metadata). */
export interface StructColumn extends ColumnBase {
  readonly layout: 'struct'
  readonly children: readonly Column[]
}

/** Rows as columns: `columns[i]` has the type `fields[i]` and `length` rows. */
export interface Batch {
  readonly length: number
  readonly columns: readonly Column[]
}

export type Layout = Column['layout']

export function layoutOf(type: DataType): Layout {
  switch (type.kind) {
    case 'BOOLEAN':
      return 'boolean'
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return 'bytes'
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET':
    case 'VECTOR':
      return 'list'
    case 'ROW':
    case 'VARIANT':
      return 'struct'
    default:
      return 'fixed'
  }
}

/** Zeroed values for `length` rows of a fixed-layout type. */
export function allocateFixed(type: DataType, length: number): FixedValues {
  switch (type.kind) {
    case 'TINYINT':
      return new Int8Array(length)
    case 'SMALLINT':
      return new Int16Array(length)
    case 'INT':
    case 'DATE':
    case 'TIME':
      return new Int32Array(length)
    case 'FLOAT':
      return new Float32Array(length)
    case 'DOUBLE':
      return new Float64Array(length)
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return new BigInt64Array(length)
    case 'DECIMAL':
      return new BigInt64Array(2 * length)
    default:
      throw new Error(`${type.kind} has no fixed width`)
  }
}

/** The decimal digits after the second that a timestamp column's integers count: 3, 6 or 9. */
export function timestampUnit(precision: number): 3 | 6 | 9 {
  return precision <= 3 ? 3 : precision <= 6 ? 6 : 9
}

export function isPresent(column: Column, row: number): boolean {
  const { validity } = column
  return validity === null || (validity[row >> 3]! & (1 << (row & 7))) !== 0
}

/** The rows without a value. */
export function countNulls(column: Column): number {
  const { validity, length } = column
  return validity === null ? 0 : length - countBits(validity, 0, length)
}
