/** Choosing, joining and filling columns: rows by index, chunk after chunk, all null. */
import { assert } from '../util/assert.ts'
import { copyBits, setBits } from '../util/bits.ts'
import {
  allocateFixed,
  type Batch,
  type BytesColumn,
  type Column,
  type FixedColumn,
  type FixedValues,
  layoutOf,
  type ListColumn,
} from './column.ts'
import type { DataField, DataType } from './data-type.ts'

/** Row indices; in an Int32Array -1 stands for a null row. */
export type RowIndices = Int32Array | Uint32Array

/** The given rows of a batch, in the given order; bytes and list elements are pointed to, not copied. */
export function takeBatch(batch: Batch, rows: RowIndices): Batch {
  return { length: rows.length, columns: batch.columns.map((column) => takeColumn(column, rows)) }
}

/** The given rows of a column, in the given order; see {@link takeBatch}. */
export function takeColumn(column: Column, rows: RowIndices): Column {
  const { length } = rows
  const validity = takeValidity(column, rows)
  switch (column.layout) {
    case 'boolean':
      return { layout: 'boolean', length, validity, bits: takeBits(column.bits, rows) }
    case 'fixed': {
      const stride = strideOf(column)
      return { layout: 'fixed', length, validity, values: takeFixed(column.values, stride, rows) }
    }
    case 'bytes': {
      const { starts, ends } = takeRanges(column, rows)
      return { layout: 'bytes', length, validity, data: column.data, starts, ends }
    }
    case 'list': {
      const { starts, ends } = takeRanges(column, rows)
      return { layout: 'list', length, validity, starts, ends, child: column.child }
    }
    default: {
      const children = column.children.map((child) => takeColumn(child, rows))
      return { layout: 'struct', length, validity, children }
    }
  }
}

/** DECIMAL columns alone have two elements a row; of a column without rows nothing can be taken but nulls. */
function strideOf({ values, length }: FixedColumn): 1 | 2 {
  return values instanceof BigInt64Array && length > 0 && values.length === 2 * length ? 2 : 1
}

function takeValidity(column: Column, rows: RowIndices): Uint8Array | null {
  const { validity } = column
  if (validity === null && !(rows instanceof Int32Array && rows.includes(-1))) return null
  const taken = new Uint8Array((rows.length + 7) >> 3)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row < 0 || (validity !== null && !(validity[row >> 3]! & (1 << (row & 7))))) continue
    taken[i >> 3]! |= 1 << (i & 7)
  }
  return taken
}

function takeBits(bits: Uint8Array, rows: RowIndices): Uint8Array {
  const taken = new Uint8Array((rows.length + 7) >> 3)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row >= 0 && bits[row >> 3]! & (1 << (row & 7))) taken[i >> 3]! |= 1 << (i & 7)
  }
  return taken
}

function takeFixed(values: FixedValues, stride: number, rows: RowIndices): FixedValues {
  const taken = sameKind(values, rows.length * stride)
  const width = values.BYTES_PER_ELEMENT * stride
  if (width === 1) takeElements(int8(values), int8(taken), rows)
  else if (width === 2) takeElements(int16(values), int16(taken), rows)
  else if (width === 4) takeElements(int32(values), int32(taken), rows)
  else takeWords(int32(values), int32(taken), width >> 2, rows)
  return taken
}

function takeElements<T extends Int8Array | Int16Array | Int32Array>(
  from: T,
  to: T,
  rows: RowIndices,
): void {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row >= 0) to[i] = from[row]!
  }
}

function takeWords(from: Int32Array, to: Int32Array, words: number, rows: RowIndices): void {
  for (let i = 0, o = 0; i < rows.length; i++, o += words) {
    const row = rows[i]!
    if (row < 0) continue
    for (let word = 0; word < words; word++) to[o + word] = from[row * words + word]!
  }
}

function takeRanges(
  column: BytesColumn | ListColumn,
  rows: RowIndices,
): { starts: Int32Array; ends: Int32Array } {
  const starts = new Int32Array(rows.length)
  const ends = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (row < 0) continue
    starts[i] = column.starts[row]!
    ends[i] = column.ends[row]!
  }
  return { starts, ends }
}

/** A column of `length` nulls. */
export function nullColumn(type: DataType, length: number): Column {
  const validity = new Uint8Array((length + 7) >> 3)
  const starts = new Int32Array(length)
  switch (layoutOf(type)) {
    case 'boolean':
      return { layout: 'boolean', length, validity, bits: validity }
    case 'fixed':
      return { layout: 'fixed', length, validity, values: allocateFixed(type, length) }
    case 'bytes':
      return { layout: 'bytes', length, validity, data: new Uint8Array(0), starts, ends: starts }
    case 'list': {
      const child = emptyChild(type)
      return { layout: 'list', length, validity, starts, ends: starts, child }
    }
    default: {
      const children = structFields(type).map((field) => nullColumn(field, length))
      return { layout: 'struct', length, validity, children }
    }
  }
}

function emptyChild(type: DataType): Column {
  if (type.kind === 'MAP' || type.kind === 'MULTISET') {
    const children = entryTypes(type).map((each) => nullColumn(each, 0))
    return { layout: 'struct', length: 0, validity: null, children }
  }
  assert(type.kind === 'ARRAY' || type.kind === 'VECTOR', `${type.kind} has no elements`)
  return { ...nullColumn(type.element, 0), validity: null }
}

/** The types of the key and the value of a MAP or MULTISET. */
export function entryTypes(type: DataType): [DataType, DataType] {
  if (type.kind === 'MAP') return [type.key, type.value]
  assert(type.kind === 'MULTISET', `${type.kind} has no entries`)
  return [type.element, { kind: 'INT', nullable: false }]
}

/** The types of a struct column's children. */
function structFields(type: DataType): readonly DataType[] {
  if (type.kind === 'ROW') return type.fields.map((field: DataField) => field.type)
  assert(type.kind === 'VARIANT', `${type.kind} is no struct`)
  const bytes = { kind: 'VARBINARY', length: 2 ** 31 - 1, nullable: false } as const
  return [bytes, bytes]
}

/** One column of the rows of all, in order; all have the same type, and there is at least one. */
export function concatColumns(columns: readonly Column[]): Column {
  const [first] = columns
  assert(first !== undefined, 'no columns to join')
  if (columns.length === 1) return first
  const length = columns.reduce((sum, column) => sum + column.length, 0)
  const validity = concatValidity(columns, length)
  switch (first.layout) {
    case 'boolean': {
      const parts = ofLayout(columns, first.layout)
      const bits = new Uint8Array((length + 7) >> 3)
      let at = 0
      for (const part of parts) {
        copyBits(part.bits, 0, bits, at, part.length)
        at += part.length
      }
      return { layout: 'boolean', length, validity, bits }
    }
    case 'fixed':
      return { layout: 'fixed', length, validity, values: concatFixed(columns) }
    case 'bytes': {
      const parts = ofLayout(columns, first.layout)
      const data = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0))
      let at = 0
      for (const part of parts) {
        data.set(part.data, at)
        at += part.data.length
      }
      const ranges = concatRanges(parts, (part) => part.data.length)
      return { layout: 'bytes', length, validity, data, ...ranges }
    }
    case 'list': {
      const parts = ofLayout(columns, first.layout)
      const child = concatColumns(parts.map((part) => part.child))
      const ranges = concatRanges(parts, (part) => part.child.length)
      return { layout: 'list', length, validity, ...ranges, child }
    }
    default: {
      const parts = ofLayout(columns, first.layout)
      const children = first.children.map((_, i) =>
        concatColumns(parts.map((part) => part.children[i]!)),
      )
      return { layout: 'struct', length, validity, children }
    }
  }
}

function ofLayout<L extends Column['layout']>(
  columns: readonly Column[],
  layout: L,
): Extract<Column, { layout: L }>[] {
  assert(
    columns.every((column) => column.layout === layout),
    'joined columns differ in layout',
  )
  return columns as Extract<Column, { layout: L }>[]
}

function concatValidity(columns: readonly Column[], length: number): Uint8Array | null {
  if (columns.every((column) => column.validity === null)) return null
  const bits = new Uint8Array((length + 7) >> 3)
  let at = 0
  for (const { validity, length: rows } of columns) {
    if (validity === null) setBits(bits, at, rows)
    else copyBits(validity, 0, bits, at, rows)
    at += rows
  }
  return bits
}

function concatFixed(columns: readonly Column[]): FixedValues {
  const parts = ofLayout(columns, 'fixed').map((column) => column.values)
  const total = parts.reduce((sum, part) => sum + part.length, 0)
  const joined = sameKind(parts[0]!, total)
  const bytes = int8(joined)
  let at = 0
  for (const part of parts) {
    bytes.set(int8(part), at)
    at += part.byteLength
  }
  return joined
}

function concatRanges<C extends BytesColumn | ListColumn>(
  parts: readonly C[],
  sizeOf: (part: C) => number,
): { starts: Int32Array; ends: Int32Array } {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  let row = 0
  let base = 0
  for (const part of parts) {
    for (let i = 0; i < part.length; i++, row++) {
      starts[row] = base + part.starts[i]!
      ends[row] = base + part.ends[i]!
    }
    base += sizeOf(part)
  }
  return { starts, ends }
}

function sameKind(values: FixedValues, length: number): FixedValues {
  return new (values.constructor as new (length: number) => FixedValues)(length)
}

const int8 = (values: FixedValues): Int8Array =>
  new Int8Array(values.buffer, values.byteOffset, values.byteLength)
const int16 = (values: FixedValues): Int16Array =>
  new Int16Array(values.buffer, values.byteOffset, values.byteLength >> 1)
const int32 = (values: FixedValues): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
