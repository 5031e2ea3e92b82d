/** Single values of table cells, for the places that deal with a few of them: keys, partitions, statistics. */
import type {
  BooleanBuilder,
  BytesBuilder,
  ColumnBuilder,
  FixedBuilder,
  ListBuilder,
  StructBuilder,
} from './column-builder.ts'
import {
  type BooleanColumn,
  type BytesColumn,
  type Column,
  type FixedColumn,
  isPresent,
  type ListColumn,
  type StructColumn,
} from './column.ts'
import { type DataType, MAX_LENGTH } from './data-type.ts'

/**
 * A value as a plain JavaScript value:
 *
 * - BOOLEAN boolean; TINYINT, SMALLINT, INT, FLOAT, DOUBLE number; BIGINT bigint
 * - DATE number (days since 1970-01-01); TIME number (milliseconds of the day)
 * - TIMESTAMP, TIMESTAMP_LTZ bigint, in the unit of its column (`timestampUnit`): milliseconds up to precision 3,
 *   microseconds up to 6, else nanoseconds since 1970-01-01T00:00
 * - DECIMAL bigint (the unscaled value)
 * - CHAR, VARCHAR Uint8Array (UTF-8, which is also how strings are ordered); BINARY, VARBINARY, BLOB Uint8Array
 * - ARRAY, VECTOR array of values; ROW array of the fields' values; VARIANT array of its value and metadata bytes
 * - MAP array of [key, value] arrays; MULTISET array of [element, count] arrays
 */
export type InternalValue = boolean | number | bigint | Uint8Array | null | readonly InternalValue[]

/** The UTF-8 bytes that stand for a string. */
export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text)
}

/** The string that UTF-8 bytes stand for; bytes that are no UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return DECODER.decode(bytes)
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })

/** The value of one cell. */
export function cellValue(column: Column, type: DataType, row: number): InternalValue {
  if (!isPresent(column, row)) return null
  switch (column.layout) {
    case 'boolean':
      return booleanAt(column, row)
    case 'fixed':
      return fixedAt(column, type, row)
    case 'bytes':
      return bytesAt(column, row)
    case 'list':
      return listAt(column, type, row)
    default:
      return structAt(column, type, row)
  }
}

function booleanAt(column: BooleanColumn, row: number): boolean {
  return (column.bits[row >> 3]! & (1 << (row & 7))) !== 0
}

function fixedAt(column: FixedColumn, type: DataType, row: number): InternalValue {
  const { values } = column
  if (type.kind !== 'DECIMAL') return values[row]!
  const low = values[2 * row] as bigint
  const high = values[2 * row + 1] as bigint
  return (high << 64n) | BigInt.asUintN(64, low)
}

function bytesAt(column: BytesColumn, row: number): Uint8Array {
  return column.data.slice(column.starts[row], column.ends[row])
}

function listAt(column: ListColumn, type: DataType, row: number): InternalValue {
  const element = elementType(type)
  const values: InternalValue[] = []
  for (let i = column.starts[row]!; i < column.ends[row]!; i++)
    values.push(cellValue(column.child, element, i))
  return values
}

function structAt(column: StructColumn, type: DataType, row: number): InternalValue {
  const types = fieldTypes(type)
  return column.children.map((child, i) => cellValue(child, types[i]!, row))
}

/** Appends the value to a builder of the type's columns. */
export function appendValue(builder: ColumnBuilder, type: DataType, value: InternalValue): void {
  if (value === null) {
    builder.appendNull()
    return
  }
  switch (type.kind) {
    case 'BOOLEAN':
      ;(builder as BooleanBuilder).append(value as boolean)
      return
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      ;(builder as FixedBuilder).appendBigInt(value as bigint)
      return
    case 'DECIMAL':
      ;(builder as FixedBuilder).appendDecimal(value as bigint)
      return
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      ;(builder as BytesBuilder).append(value as Uint8Array)
      return
    case 'ARRAY':
    case 'VECTOR':
    case 'MAP':
    case 'MULTISET':
      appendList(builder as ListBuilder, type, value as readonly InternalValue[])
      return
    case 'ROW':
    case 'VARIANT':
      appendStruct(builder as StructBuilder, type, value as readonly InternalValue[])
      return
    default:
      ;(builder as FixedBuilder).appendNumber(value as number)
  }
}

function appendList(builder: ListBuilder, type: DataType, values: readonly InternalValue[]): void {
  const element = elementType(type)
  for (const value of values) appendValue(builder.child, element, value)
  builder.endRow()
}

function appendStruct(
  builder: StructBuilder,
  type: DataType,
  values: readonly InternalValue[],
): void {
  const types = fieldTypes(type)
  for (const [i, child] of builder.children.entries()) appendValue(child, types[i]!, values[i]!)
  builder.endRow()
}

/** The type of the children of a list-layout type: for MAP and MULTISET a ROW of key and value. */
function elementType(type: DataType): DataType {
  switch (type.kind) {
    case 'ARRAY':
    case 'VECTOR':
      return type.element
    case 'MAP':
      return entryType(type.key, type.value)
    case 'MULTISET':
      return entryType(type.element, { kind: 'INT', nullable: false })
    default:
      throw new Error(`${type.kind} has no elements`)
  }
}

function entryType(key: DataType, value: DataType): DataType {
  const fields = [
    { id: 0, name: 'key', type: key },
    { id: 1, name: 'value', type: value },
  ]
  return { kind: 'ROW', fields, nullable: false }
}

function fieldTypes(type: DataType): readonly DataType[] {
  if (type.kind === 'ROW') return type.fields.map((field) => field.type)
  if (type.kind === 'VARIANT') return [BYTES, BYTES]
  throw new Error(`${type.kind} has no fields`)
}

const BYTES: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false }
