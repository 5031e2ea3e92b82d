/** Steps that write the values of columns in Avro's binary encoding, by the schema that `row-schema.ts` made. */
import type {
  BooleanColumn,
  BytesColumn,
  Column,
  FixedColumn,
  ListColumn,
  StructColumn,
} from '../../types/column.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import { decimalBytes } from '../../types/decimal-text.ts'
import { assert } from '../../util/assert.ts'
import { invalid } from '../../util/errors.ts'
import type { AvroSink } from './sink.ts'

/** Writes the value of a row. */
export type RowStep = (row: number) => void

/** Decimals are bytes of any length in Paimon's files, and `fixed` in Iceberg's. */
export type DecimalForm = 'bytes' | 'fixed'

/**
 * A step that writes a row of the columns, which are those of the fields, as a record. It throws INVALID where a value is
 * null and its type NOT NULL.
 */
export function recordWriteStep(
  fields: readonly DataField[],
  columns: readonly Column[],
  sink: AvroSink,
  decimals: DecimalForm = 'bytes',
  where = '',
): RowStep {
  assert(fields.length === columns.length, 'there is a column for every field')
  const steps = fields.map((field, i) => {
    const path = where === '' ? field.name : `${where}.${field.name}`
    return valueStep(field.type, columns[i]!, sink, decimals, path)
  })
  return (row) => {
    for (let i = 0; i < steps.length; i++) steps[i]!(row)
  }
}

function valueStep(
  type: DataType,
  column: Column,
  sink: AvroSink,
  decimals: DecimalForm,
  where: string,
): RowStep {
  const write = plainStep(type, column, sink, decimals, where)
  const { validity } = column
  if (!type.nullable) {
    if (validity === null) return write
    return (row) => {
      if ((validity[row >> 3]! & (1 << (row & 7))) === 0)
        throw invalid(`the field ${where} is NOT NULL, and row ${row} has no value for it`)
      write(row)
    }
  }
  if (validity === null)
    return (row) => {
      sink.writeByte(VALUE_BRANCH)
      write(row)
    }
  return (row) => {
    if ((validity[row >> 3]! & (1 << (row & 7))) === 0) {
      sink.writeByte(NULL_BRANCH)
      return
    }
    sink.writeByte(VALUE_BRANCH)
    write(row)
  }
}

/** The branches 0 and 1 of the union of null and a type, as varints. */
const NULL_BRANCH = 0
const VALUE_BRANCH = 2

function plainStep(
  type: DataType,
  column: Column,
  sink: AvroSink,
  decimals: DecimalForm,
  where: string,
): RowStep {
  switch (column.layout) {
    case 'boolean':
      return booleanStep(column, sink)
    case 'fixed':
      return fixedStep(type, column, sink, decimals)
    case 'bytes':
      return bytesStep(column, sink)
    case 'list':
      return listStep(type, column, sink, decimals, where)
    default:
      assert(type.kind === 'ROW', 'a struct is a row')
      return recordWriteStep(type.fields, column.children, sink, decimals, where)
  }
}

function booleanStep({ bits }: BooleanColumn, sink: AvroSink): RowStep {
  return (row) => sink.writeByte((bits[row >> 3]! >> (row & 7)) & 1)
}

function bytesStep({ data, starts, ends }: BytesColumn, sink: AvroSink): RowStep {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  return (row) => sink.writeBytes(view, starts[row]!, ends[row]!)
}

/** Numbers of 64 bits are written from their halves, floats from their bits. */
function fixedStep(
  type: DataType,
  { values }: FixedColumn,
  sink: AvroSink,
  decimals: DecimalForm,
): RowStep {
  const { buffer, byteOffset, byteLength } = values
  if (type.kind === 'DECIMAL') {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength)
    if (decimals === 'bytes') return (row) => writeDecimal(bytes, row * 16, sink)
    const sizeBytes = decimalBytes(type.precision)
    return (row) => writeFixedDecimal(bytes, row * 16, sizeBytes, sink)
  }
  if (values instanceof Int8Array || values instanceof Int16Array)
    return (row) => sink.writeInt(values[row]!)
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2)
  switch (type.kind) {
    case 'FLOAT':
      return (row) => {
        sink.reserve(4)
        sink.view.setInt32(sink.at, words[row]!, true)
        sink.at += 4
      }
    case 'DOUBLE':
      return (row) => {
        sink.reserve(8)
        sink.view.setInt32(sink.at, words[2 * row]!, true)
        sink.view.setInt32(sink.at + 4, words[2 * row + 1]!, true)
        sink.at += 8
      }
    case 'INT':
    case 'DATE':
    case 'TIME':
      return (row) => sink.writeInt(words[row]!)
    default:
      return (row) => sink.writeLong(words[2 * row]!, words[2 * row + 1]!)
  }
}

/** Writes 16 little-endian bytes as the shortest big-endian two's complement, as `BigInteger.toByteArray` gives it. */
function writeDecimal(bytes: Uint8Array, from: number, sink: AvroSink): void {
  let last = from + 15
  const sign = bytes[last]! >= 128 ? 255 : 0
  while (last > from && bytes[last] === sign && bytes[last - 1]! >= 128 === sign > 0) last--
  sink.writeLength(last - from + 1)
  for (let i = last; i >= from; i--) sink.bytes[sink.at++] = bytes[i]!
}

function writeFixedDecimal(bytes: Uint8Array, from: number, size: number, sink: AvroSink): void {
  sink.reserve(size)
  for (let i = from + size - 1; i >= from; i--) sink.bytes[sink.at++] = bytes[i]!
}

/** One run of items, as Java's encoder writes them, and the empty run that ends them. */
function listStep(
  type: DataType,
  { starts, ends, child }: ListColumn,
  sink: AvroSink,
  decimals: DecimalForm,
  where: string,
): RowStep {
  const item = itemStep(type, child, sink, decimals, where)
  return (row) => {
    const from = starts[row]!
    const end = ends[row]!
    if (end > from) sink.writeItemCount(end - from)
    for (let i = from; i < end; i++) item(i)
    sink.writeByte(0)
  }
}

function itemStep(
  type: DataType,
  child: Column,
  sink: AvroSink,
  decimals: DecimalForm,
  where: string,
): RowStep {
  if (type.kind === 'ARRAY' || type.kind === 'VECTOR')
    return valueStep(type.element, child, sink, decimals, `${where}.element`)
  assert(type.kind === 'MAP' || type.kind === 'MULTISET', 'a list is an array, a vector or a map')
  const key = type.kind === 'MAP' ? type.key : type.element
  const value: DataType = type.kind === 'MAP' ? type.value : { kind: 'INT', nullable: true }
  const [keys, values] = (child as StructColumn).children
  const isString = key.kind === 'CHAR' || key.kind === 'VARCHAR'
  const keyType = isString ? { ...key, nullable: false } : key
  const writeKey = valueStep(keyType, keys!, sink, decimals, `${where}.key`)
  const writeValue = valueStep(value, values!, sink, decimals, `${where}.value`)
  return (row) => {
    writeKey(row)
    writeValue(row)
  }
}
