/** Columns as Arrow record batches: the same buffers wherever the layouts agree. */
import { Data, type DataType as ArrowType, RecordBatch, type Schema, Struct } from 'apache-arrow'

import { arrowSchema } from './arrow-schema.ts'
import { compactBytes, followingOffsets, sharedOffsets } from './bytes-compact.ts'
import { entryTypes, nullColumn, takeColumn } from './column-take.ts'
import {
  type Batch,
  type BytesColumn,
  type Column,
  countNulls,
  type FixedColumn,
  type ListColumn,
  type StructColumn,
} from './column.ts'
import { type DataField, type DataType, MAX_LENGTH } from './data-type.ts'

/**
 * The batch as an Arrow record batch, which shares its buffers. Only values that do not lie one behind the other are
 * copied. `schema` is that of {@link arrowSchema}, made once for many batches.
 */
export function toRecordBatch(
  batch: Batch,
  fields: readonly DataField[],
  schema: Schema = arrowSchema(fields),
): RecordBatch {
  const children = fields.map((field, i) =>
    dataOf(batch.columns[i]!, field.type, schema.fields[i]!.type as ArrowType),
  )
  const rows = new Data(new Struct(schema.fields), 0, batch.length, 0, undefined, children)
  return new RecordBatch(schema, rows)
}

/** Arrow's buffers in the order of its `BufferType`: offsets, values, validity. */
type Buffers = readonly [offsets: unknown, values: unknown]

function newData(
  type: ArrowType,
  column: Column,
  [offsets, values]: Buffers,
  children: Data[] = [],
): Data {
  const { validity, length } = column
  const buffers = [offsets, values, validity ?? new Uint8Array(0)] as never
  return new Data(type, 0, length, countNulls(column), buffers, children)
}

function dataOf(column: Column, type: DataType, arrow: ArrowType): Data {
  switch (column.layout) {
    case 'boolean':
      return newData(arrow, column, [undefined, column.bits])
    case 'fixed':
      return newData(arrow, column, [undefined, valuesOf(column, type)])
    case 'bytes':
      return bytesData(column, arrow)
    case 'list':
      return type.kind === 'VECTOR'
        ? vectorData(column, type.element, type.length, arrow)
        : listData(column, elementType(type), arrow)
    default:
      return newData(arrow, column, [undefined, undefined], structChildren(column, type, arrow))
  }
}

function valuesOf({ values, length }: FixedColumn, type: DataType): unknown {
  if (type.kind !== 'DECIMAL') return values.length === length ? values : values.subarray(0, length)
  return new Uint32Array(values.buffer, values.byteOffset, 4 * length)
}

function bytesData(column: BytesColumn, arrow: ArrowType): Data {
  const { offsets, data } = compactBytes(column)
  return newData(arrow, column, [offsets, data])
}

function listData(column: ListColumn, element: DataType, arrow: ArrowType): Data {
  const child = arrow.children[0]!.type as ArrowType
  const shared = sharedOffsets(column)
  if (shared !== undefined)
    return newData(arrow, column, [shared, undefined], [dataOf(column.child, element, child)])
  const { offsets, base } = followingOffsets(column)
  const elements = base === undefined ? rangesOf(column, offsets) : sliceOf(column, offsets, base)
  return newData(arrow, column, [offsets, undefined], [dataOf(elements, element, child)])
}

/** The child's rows in the order of the lists. */
function rangesOf({ starts, child }: ListColumn, offsets: Int32Array): Column {
  const rows = new Int32Array(offsets.at(-1)!)
  for (let row = 0; row + 1 < offsets.length; row++) {
    const at = offsets[row]!
    for (let i = at; i < offsets[row + 1]!; i++) rows[i] = starts[row]! + i - at
  }
  return takeColumn(child, rows)
}

function sliceOf({ child }: ListColumn, offsets: Int32Array, base: number): Column {
  const count = offsets.at(-1)!
  if (base === 0 && count === child.length) return child
  return takeColumn(
    child,
    Int32Array.from({ length: count }, (_, i) => base + i),
  )
}

/** Arrow's fixed-size lists have elements for null rows too. */
function vectorData(column: ListColumn, element: DataType, size: number, arrow: ArrowType): Data {
  const { starts, length, child, validity } = column
  const type = arrow.children[0]!.type as ArrowType
  let elements = child
  const follows = starts.every((start, row) => start === row * size)
  if (validity !== null || !follows || child.length !== length * size) {
    const rows = new Int32Array(length * size).fill(-1)
    for (let row = 0; row < length; row++) {
      if (validity !== null && !(validity[row >> 3]! & (1 << (row & 7)))) continue
      for (let i = 0; i < size; i++) rows[row * size + i] = starts[row]! + i
    }
    elements = child.length === 0 ? nullColumn(element, rows.length) : takeColumn(child, rows)
  }
  return newData(arrow, column, [undefined, undefined], [dataOf(elements, element, type)])
}

function structChildren(column: StructColumn, type: DataType, arrow: ArrowType): Data[] {
  const types = type.kind === 'ROW' ? type.fields.map((field) => field.type) : [BYTES, BYTES]
  return column.children.map((child, i) =>
    dataOf(child, types[i]!, arrow.children[i]!.type as ArrowType),
  )
}

const BYTES: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false }

/** The type of a list column's rows: for MAP and MULTISET a ROW of key and value. */
function elementType(type: DataType): DataType {
  if (type.kind === 'ARRAY') return type.element
  const fields = entryTypes(type).map((each, id) => ({ id, name: String(id), type: each }))
  return { kind: 'ROW', fields, nullable: false }
}
