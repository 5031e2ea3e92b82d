/**
 * Arrow record batches as columns: the same buffers wherever the layouts agree.
 *
 * What comes in may be a slice (bitmaps then start inside of a byte), dictionary-encoded, of a narrower or a view type,
 * or in another unit; and it may come from a file, so lengths and offsets are checked before they are used.
 */
import {
  type Data,
  DataType as ArrowDataType,
  type Field,
  type RecordBatch,
  Type,
} from 'apache-arrow'

import { setBits } from '../util/bits.ts'
import { invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import {
  bitsOf,
  mismatch,
  narrowOffsets,
  rangesOf,
  truncated,
  validityOf,
} from './arrow-buffers.ts'
import { importBytes } from './arrow-import-bytes.ts'
import { importFixed } from './arrow-import-fixed.ts'
import { concatColumns, entryTypes, nullColumn, takeColumn } from './column-take.ts'
import { type Batch, type Column, isPresent, type ListColumn } from './column.ts'
import { type DataField, type DataType, MAX_LENGTH } from './data-type.ts'
import { typeText } from './type-text.ts'

/**
 * The columns of the fields, found by name. A nullable field that the batch lacks becomes nulls; columns that are no
 * fields are refused, except for those in `ignored`. A chunked table is imported batch by batch, by its `batches`.
 *
 * Throws INVALID for a column of another type, a value out of range, or a null where there may be none.
 */
export function fromRecordBatch(
  recordBatch: RecordBatch,
  fields: readonly DataField[],
  options: { readonly ignored?: readonly string[] } = {},
): Batch {
  const length = recordBatch.numRows
  const found = childrenByName(recordBatch.schema.fields, recordBatch.data.children, '')
  refuseUnknown([...found.keys()], fields, options.ignored ?? [])
  const columns = fields.map((field) => {
    const column = importField(field, found.get(field.name), length, field.name)
    checkNulls(column, field.type, null, field.name)
    return column
  })
  return { length, columns }
}

function childrenByName(
  fields: readonly Field[],
  children: readonly Data[],
  path: string,
): Map<string, Data> {
  const found = new Map<string, Data>()
  for (const [i, { name }] of fields.entries()) {
    if (found.has(name)) throw invalid(`the Arrow data has two columns named "${path}${name}"`)
    const child = children[i]
    if (child !== undefined) found.set(name, child)
  }
  return found
}

function refuseUnknown(
  names: readonly string[],
  fields: readonly DataField[],
  ignored: readonly string[],
): void {
  const known = fields.map((field) => field.name)
  for (const name of names) {
    if (known.includes(name) || ignored.includes(name)) continue
    throw invalid(
      `the Arrow data has the column "${name}", which is none of these${didYouMean(name, known)}`,
      { hint: `columns: ${known.join(', ')}` },
    )
  }
}

function importField(
  { type }: DataField,
  data: Data | undefined,
  length: number,
  path: string,
): Column {
  if (data !== undefined) return importColumn(sized(data, length, path), type, path)
  if (type.nullable) return nullColumn(type, length)
  throw invalid(`the Arrow data lacks the column ${path}, which is ${typeText(type)}`)
}

/** Children of a struct may go on behind its last row. */
function sized(data: Data, length: number, path: string): Data {
  if (data.length === length) return data
  if (data.length < length) throw truncated(path)
  return data.slice(0, length)
}

function importColumn(data: Data, type: DataType, path: string): Column {
  if (ArrowDataType.isNull(data.type)) return nullColumn(type, data.length)
  if (ArrowDataType.isDictionary(data.type)) return importDictionary(data, type, path)
  const validity = validityOf(data, path)
  switch (type.kind) {
    case 'BOOLEAN':
      return importBooleans(data, validity, type, path)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return importBytes(data, validity, type, path)
    case 'ARRAY':
    case 'VECTOR':
      return importList(data, validity, type, type.element, path)
    case 'MAP':
    case 'MULTISET':
      return importMap(data, validity, type, path)
    case 'ROW':
      return importStruct(data, validity, type, type.fields, path)
    case 'VARIANT':
      return importStruct(data, validity, type, VARIANT_FIELDS, path)
    default:
      return importFixed(data, validity, type, path)
  }
}

const BYTES: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false }
const VARIANT_FIELDS: readonly DataField[] = [
  { id: 0, name: 'value', type: BYTES },
  { id: 1, name: 'metadata', type: BYTES },
]

function importBooleans(
  data: Data,
  validity: Uint8Array | null,
  type: DataType,
  path: string,
): Column {
  if (!ArrowDataType.isBool(data.type)) throw mismatch(data, type, path, 'Bool')
  const { length, offset } = data
  const bits = bitsOf(
    (data.values as Uint8Array | undefined) ?? new Uint8Array(0),
    offset,
    length,
    path,
  )
  return { layout: 'boolean', length, validity, bits }
}

/** Dictionaries are imported once and their rows taken by the indices. */
function importDictionary(data: Data, type: DataType, path: string): Column {
  const { length } = data
  const indices = data.values as ArrayLike<number | bigint>
  const chunks = data.dictionary?.data ?? []
  const columns = chunks.map((chunk) => importColumn(chunk, type, path))
  const size = columns.reduce((sum, column) => sum + column.length, 0)
  if (indices.length < length) throw truncated(path)
  const validity = validityOf(data, path)
  const rows = new Int32Array(length).fill(-1)
  for (let row = 0; row < length; row++) {
    if (validity !== null && !(validity[row >> 3]! & (1 << (row & 7)))) continue
    const index = Number(indices[row])
    if (!(index >= 0 && index < size))
      throw invalid(`column ${path}, row ${row + 1}: the dictionary has no entry ${index}`)
    rows[row] = index
  }
  return size === 0 ? nullColumn(type, length) : takeColumn(concatColumns(columns), rows)
}

interface Lists {
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly elements: Data
}

function importList(
  data: Data,
  validity: Uint8Array | null,
  type: DataType,
  element: DataType,
  path: string,
): Column {
  const { starts, ends, elements } = listsOf(data, type, path)
  const child = importColumn(elements, element, `${path}[]`)
  const column: ListColumn = { layout: 'list', length: data.length, validity, starts, ends, child }
  if (type.kind === 'VECTOR') checkSizes(column, type.length, path)
  return column
}

function listsOf(data: Data, type: DataType, path: string): Lists {
  const { typeId } = data.type
  const [elements] = data.children
  if (typeId === Type.FixedSizeList) {
    const size = data.stride
    const starts = Int32Array.from({ length: data.length }, (_, row) => row * size)
    if (elements!.length < data.length * size) throw truncated(path)
    return { starts, ends: starts.map((start) => start + size), elements: elements! }
  }
  if (typeId === Type.LargeList) {
    const { starts, ends, base } = narrowOffsets(data, path)
    const count = ends.at(-1) ?? 0
    if (base + count > elements!.length) throw truncated(path)
    return { starts, ends, elements: elements!.slice(base, count) }
  }
  if (typeId !== Type.List) throw mismatch(data, type, path, 'List, LargeList and FixedSizeList')
  return { ...rangesOf(data, elements!.length, path), elements: elements! }
}

function checkSizes(column: ListColumn, size: number, path: string): void {
  for (let row = 0; row < column.length; row++) {
    const count = column.ends[row]! - column.starts[row]!
    if (count !== size && isPresent(column, row))
      throw invalid(`column ${path}, row ${row + 1}: expected ${size} elements, got ${count}`)
  }
}

function importMap(data: Data, validity: Uint8Array | null, type: DataType, path: string): Column {
  const [keyType, valueType] = entryTypes(type)
  const [entries] = data.children
  if (!ArrowDataType.isMap(data.type)) throw mismatch(data, type, path, 'Map')
  const { length } = entries!
  const [keys, values] = entries!.children
  if (keys === undefined || values === undefined) throw truncated(path)
  const children = [
    importColumn(sized(keys, length, path), keyType, `${path}.key`),
    importColumn(sized(values, length, path), valueType, `${path}.value`),
  ]
  return {
    layout: 'list',
    length: data.length,
    validity,
    ...rangesOf(data, length, path),
    child: { layout: 'struct', length, validity: null, children },
  }
}

function importStruct(
  data: Data,
  validity: Uint8Array | null,
  type: DataType,
  fields: readonly DataField[],
  path: string,
): Column {
  if (!ArrowDataType.isStruct(data.type)) throw mismatch(data, type, path, 'Struct')
  const { length } = data
  const found = childrenByName(data.type.children, data.children, `${path}.`)
  refuseUnknown([...found.keys()], fields, [])
  const children = fields.map((field) =>
    importField(field, found.get(field.name), length, `${path}.${field.name}`),
  )
  return { layout: 'struct', length, validity, children }
}

/**
 * Refuses a null where the type allows none. `live` has the rows that count: what lies under a null, or in no list,
 * is nobody's value.
 */
function checkNulls(column: Column, type: DataType, live: Uint8Array | null, path: string): void {
  if (!type.nullable && column.validity !== null) {
    for (let row = 0; row < column.length; row++) {
      if (isPresent(column, row) || (live !== null && !(live[row >> 3]! & (1 << (row & 7)))))
        continue
      throw invalid(`column ${path} is ${typeText(type)}, and row ${row + 1} has no value`)
    }
  }
  if (column.layout === 'struct') {
    const types = type.kind === 'ROW' ? type.fields.map((field) => field.type) : [BYTES, BYTES]
    const names =
      type.kind === 'ROW' ? type.fields.map((field) => field.name) : ['value', 'metadata']
    const present = both(column.validity, live)
    for (const [i, child] of column.children.entries())
      checkNulls(child, types[i]!, present, `${path}.${names[i]!}`)
  } else if (column.layout === 'list') checkElements(column, type, live, path)
}

function checkElements(
  column: ListColumn,
  type: DataType,
  live: Uint8Array | null,
  path: string,
): void {
  const { child } = column
  if (!mayLackValues(child)) return
  const present = both(column.validity, live)
  const inLists = new Uint8Array((child.length + 7) >> 3)
  for (let row = 0; row < column.length; row++) {
    if (present !== null && !(present[row >> 3]! & (1 << (row & 7)))) continue
    setBits(inLists, column.starts[row]!, column.ends[row]! - column.starts[row]!)
  }
  if (type.kind === 'ARRAY' || type.kind === 'VECTOR') {
    checkNulls(child, type.element, inLists, `${path}[]`)
    return
  }
  const [key, value] = entryTypes(type)
  if (child.layout !== 'struct') return
  checkNulls(child.children[0]!, { ...key, nullable: false }, inLists, `${path}.key`)
  checkNulls(child.children[1]!, value, inLists, `${path}.value`)
}

function mayLackValues(column: Column): boolean {
  if (column.validity !== null) return true
  if (column.layout === 'list') return mayLackValues(column.child)
  return column.layout === 'struct' && column.children.some(mayLackValues)
}

function both(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  if (a === null || b === null) return a ?? b
  return a.map((byte, i) => byte & b[i]!)
}
