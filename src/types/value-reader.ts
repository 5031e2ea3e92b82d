/** Reads cells of columns as JavaScript values: rows as JSON and rows as the library's users see them. */
import { entryTypes } from './column-take.ts'
import {
  type BooleanColumn,
  type BytesColumn,
  type Column,
  type FixedColumn,
  isPresent,
  type ListColumn,
  type StructColumn,
} from './column.ts'
import type { DataField, DataType } from './data-type.ts'
import { dateText, timestampText, timeText } from './date-text.ts'
import { decimalText } from './decimal-text.ts'
import { textOf } from './internal-value.ts'
import { variantText } from './variant-json.ts'

/** The forms of the values that JavaScript has more than one form for. */
export interface ReadDialect {
  readonly bigint: (value: bigint) => unknown
  readonly float: (value: number) => unknown
  readonly double: (value: number) => unknown
  /** The bytes are a view of the column's data. */
  readonly bytes: (bytes: Uint8Array) => unknown
  /** The entries of a MAP or MULTISET in the column's order; the array is the callee's to keep. */
  readonly entries: (entries: [unknown, unknown][], key: DataType) => unknown
}

export type ValueReader = (row: number) => unknown

/** A function that reads the row's members into an object, in the order of the fields. */
export function compileRowReader(
  columns: readonly Column[],
  fields: readonly DataField[],
  dialect: ReadDialect,
): (row: number) => Record<string, unknown> {
  const readers = fields.map((field, i) => compileReader(columns[i]!, field.type, dialect))
  const names = fields.map((field) => field.name)
  if (names.includes('__proto__')) return definingReader(readers, names)
  return (row) => {
    const object: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) object[names[i]!] = readers[i]!(row)
    return object
  }
}

/** Assigning to a member of this name would change what the object inherits from. */
function definingReader(
  readers: readonly ValueReader[],
  names: readonly string[],
): (row: number) => Record<string, unknown> {
  return (row) => Object.fromEntries(names.map((name, i) => [name, readers[i]!(row)]))
}

function compileReader(column: Column, type: DataType, dialect: ReadDialect): ValueReader {
  const read = compilePresent(column, type, dialect)
  if (column.validity === null) return read
  return (row) => (isPresent(column, row) ? read(row) : null)
}

function compilePresent(column: Column, type: DataType, dialect: ReadDialect): ValueReader {
  switch (column.layout) {
    case 'boolean':
      return booleans(column)
    case 'fixed':
      return fixed(column, type, dialect)
    case 'bytes':
      return bytes(column, type, dialect)
    case 'list':
      return lists(column, type, dialect)
    default:
      return structs(column, type, dialect)
  }
}

function booleans({ bits }: BooleanColumn): ValueReader {
  return (row) => (bits[row >> 3]! & (1 << (row & 7))) !== 0
}

function fixed(column: FixedColumn, type: DataType, dialect: ReadDialect): ValueReader {
  const numbers = column.values as Int32Array | Float64Array
  const longs = column.values as BigInt64Array
  switch (type.kind) {
    case 'BIGINT':
      return (row) => dialect.bigint(longs[row]!)
    case 'FLOAT':
      return (row) => dialect.float(numbers[row]!)
    case 'DOUBLE':
      return (row) => dialect.double(numbers[row]!)
    case 'DATE':
      return (row) => dateText(numbers[row]!)
    case 'TIME':
      return (row) => timeText(numbers[row]!)
    case 'TIMESTAMP':
      return (row) => timestampText(longs[row]!, type.precision)
    case 'TIMESTAMP_LTZ':
      return (row) => `${timestampText(longs[row]!, type.precision)}Z`
    case 'DECIMAL':
      return (row) =>
        decimalText((longs[2 * row + 1]! << 64n) | BigInt.asUintN(64, longs[2 * row]!), type.scale)
    default:
      return (row) => numbers[row]!
  }
}

function bytes(
  { data, starts, ends }: BytesColumn,
  type: DataType,
  dialect: ReadDialect,
): ValueReader {
  if (type.kind === 'CHAR' || type.kind === 'VARCHAR')
    return (row) => textOf(data.subarray(starts[row], ends[row]))
  return (row) => dialect.bytes(data.subarray(starts[row], ends[row]))
}

function lists(column: ListColumn, type: DataType, dialect: ReadDialect): ValueReader {
  const { starts, ends, child } = column
  if (type.kind === 'ARRAY' || type.kind === 'VECTOR') {
    const read = compileReader(child, type.element, dialect)
    return (row) => {
      const items: unknown[] = []
      for (let i = starts[row]!; i < ends[row]!; i++) items.push(read(i))
      return items
    }
  }
  const [keyType, valueType] = entryTypes(type)
  const [keys, values] = (child as StructColumn).children
  const key = compileReader(keys!, keyType, dialect)
  const value = compileReader(values!, valueType, dialect)
  return (row) => {
    const entries: [unknown, unknown][] = []
    for (let i = starts[row]!; i < ends[row]!; i++) entries.push([key(i), value(i)])
    return dialect.entries(entries, keyType)
  }
}

function structs(column: StructColumn, type: DataType, dialect: ReadDialect): ValueReader {
  const { children } = column
  if (type.kind === 'ROW') return compileRowReader(children, type.fields, dialect)
  const [value, metadata] = children as readonly BytesColumn[]
  return (row) =>
    variantText(
      value!.data.subarray(value!.starts[row], value!.ends[row]),
      metadata!.data.subarray(metadata!.starts[row], metadata!.ends[row]),
    )
}
