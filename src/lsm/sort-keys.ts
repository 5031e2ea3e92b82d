/**
 * Keys as integers: the order of rows by some columns, as the order of unsigned bytes.
 *
 * Each row's key is laid out as bytes whose unsigned order is the key's own. The first eight bytes are kept as two
 * 32-bit words, which decide nearly every comparison; where they cannot hold the whole key, the bytes follow. The order
 * of each type is that of Java's generated comparators: signed numbers, `Float.compare`, unsigned bytes.
 */
import { allocateBytes } from '../io/allocate.ts'
import { type Column, isPresent } from '../types/column.ts'
import type { DataType } from '../types/data-type.ts'
import { assert } from '../util/assert.ts'

export interface SortColumn {
  readonly type: DataType
  /** The greatest value first. Nulls are the least in either direction. */
  readonly descending?: boolean
  /** Whether nulls may occur; each value is then preceded by a byte that says whether it is there. */
  readonly nullable?: boolean
}

export interface SortKeys {
  readonly length: number
  /** Bytes 0 to 3 of each key, big-endian. */
  readonly high: Uint32Array
  /** Bytes 4 to 7; null where keys have at most four bytes. */
  readonly low: Uint32Array | null
  /** The whole keys, where eight bytes do not hold them; shorter keys count as filled up with zeros. */
  readonly tail: KeyBytes | null
}

/** Key i is `bytes[offsets[i], offsets[i + 1])`. No key is a prefix of another one. */
export interface KeyBytes {
  readonly bytes: Uint8Array
  readonly offsets: Int32Array
}

/** The keys of the rows of a batch; `columns[i]` is of `order[i]`. */
export function sortKeys(
  order: readonly SortColumn[],
  columns: readonly Column[],
  length: number,
): SortKeys {
  const single = order.length === 1 && !order[0]!.nullable ? order[0]! : null
  if (single !== null && !single.descending) {
    const quick = quickKeys(single.type, columns[0]!, length)
    if (quick !== null) return quick
  }
  const tail = layOut(order, columns, length)
  const fixedBytes = fixedWidth(order)
  const high = firstWords(tail, length, 0)
  if (fixedBytes !== null && fixedBytes <= 4) return { length, high, low: null, tail: null }
  const low = firstWords(tail, length, 4)
  return { length, high, low, tail: fixedBytes !== null && fixedBytes <= 8 ? null : tail }
}

/** The keys of a column of integers without a byte laid out. */
function quickKeys(type: DataType, column: Column, length: number): SortKeys | null {
  if (column.layout !== 'fixed') return null
  const { values } = column
  if (values instanceof Int8Array || values instanceof Int16Array || values instanceof Int32Array) {
    const high = new Uint32Array(length)
    for (let i = 0; i < length; i++) high[i] = values[i]! ^ 0x80000000
    return { length, high, low: null, tail: null }
  }
  if (!(values instanceof BigInt64Array) || type.kind === 'DECIMAL') return null
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * length)
  const high = new Uint32Array(length)
  const low = new Uint32Array(length)
  for (let i = 0; i < length; i++) {
    high[i] = words[2 * i + 1]! ^ 0x80000000
    low[i] = words[2 * i]!
  }
  return { length, high, low, tail: null }
}

/** The bytes of every key of the order; null where keys differ in length. */
export function fixedWidth(order: readonly SortColumn[]): number | null {
  let width = 0
  for (const { type, nullable } of order) {
    const bytes = valueWidth(type)
    if (bytes === null) return null
    width += bytes + (nullable ? 1 : 0)
  }
  return width
}

function valueWidth(type: DataType): number | null {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'TINYINT':
      return 1
    case 'SMALLINT':
      return 2
    case 'INT':
    case 'DATE':
    case 'TIME':
    case 'FLOAT':
      return 4
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'DOUBLE':
      return 8
    case 'DECIMAL':
      return type.precision <= 18 ? 8 : 16
    default:
      return null
  }
}

function firstWords({ bytes, offsets }: KeyBytes, length: number, skip: number): Uint32Array {
  const words = new Uint32Array(length)
  for (let i = 0; i < length; i++) words[i] = wordAt(bytes, offsets[i]! + skip, offsets[i + 1]!)
  return words
}

/** Four bytes as a big-endian number; bytes from `end` on count as zero. */
export function wordAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end)
    return (
      ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
    )
  let word = 0
  for (let i = 0; i < 4; i++) word = (word << 8) | (at + i < end ? bytes[at + i]! : 0)
  return word >>> 0
}

/** Writes the keys one behind the other, column by column within each. */
function layOut(
  order: readonly SortColumn[],
  columns: readonly Column[],
  length: number,
): KeyBytes {
  const offsets = new Int32Array(length + 1)
  // First the sizes, then each column's bytes at its place in every key.
  const sizes = new Int32Array(length)
  for (const [c, column] of columns.entries()) addSizes(order[c]!, column, sizes)
  for (let i = 0; i < length; i++) {
    offsets[i + 1] = offsets[i]! + sizes[i]!
    if (offsets[i + 1]! < offsets[i]!) throw new Error('the keys of one batch exceed 2 GiB')
  }
  const bytes = allocateBytes(offsets[length]!)
  const at = offsets.slice(0, length)
  for (const [c, column] of columns.entries()) writeColumn(order[c]!, column, bytes, at)
  return { bytes, offsets }
}

function addSizes({ type, nullable }: SortColumn, column: Column, sizes: Int32Array): void {
  const width = valueWidth(type)
  for (let i = 0; i < sizes.length; i++) {
    if (nullable) {
      sizes[i]!++
      if (!isPresent(column, i)) continue
    }
    if (width !== null) sizes[i]! += width
    else {
      assert(column.layout === 'bytes', `${type.kind} cannot be sorted by`)
      const { data, starts, ends } = column
      let size = ends[i]! - starts[i]! + 2
      for (let b = starts[i]!; b < ends[i]!; b++) if (data[b] === 0) size++
      sizes[i]! += size
    }
  }
}

/** Appends the column's part of each key at `at[i]`, and moves `at[i]` behind it. */
function writeColumn(order: SortColumn, column: Column, out: Uint8Array, at: Int32Array): void {
  const write = valueWriter(order.type, column, out)
  for (let i = 0; i < at.length; i++) {
    let to = at[i]!
    if (order.nullable) {
      const present = isPresent(column, i)
      out[to++] = present ? 1 : 0
      if (!present) {
        at[i] = to
        continue
      }
    }
    const end = write(to, i)
    if (order.descending) for (let b = to; b < end; b++) out[b]! ^= 0xff
    at[i] = end
  }
}

/** Writes a row's value and returns the position behind it. */
type ValueWriter = (at: number, row: number) => number

function valueWriter(type: DataType, column: Column, out: Uint8Array): ValueWriter {
  if (column.layout === 'boolean')
    return (at, row) => {
      out[at] = (column.bits[row >> 3]! >> (row & 7)) & 1
      return at + 1
    }
  if (column.layout === 'bytes') {
    const { data, starts, ends } = column
    return (at, row) => writeEscaped(data, starts[row]!, ends[row]!, out, at)
  }
  assert(column.layout === 'fixed', `${type.kind} cannot be sorted by`)
  const { values } = column
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  if (values instanceof Float32Array || values instanceof Float64Array)
    return floatWriter(values, out, view)
  if (values instanceof BigInt64Array) return longWriter(type, values, view)
  const width = valueWidth(type)
  return (at, row) => {
    if (width === 1) out[at] = values[row]! ^ 0x80
    else if (width === 2) view.setUint16(at, values[row]! ^ 0x8000)
    else view.setUint32(at, values[row]! ^ 0x80000000)
    return at + width!
  }
}

/** 64-bit integers, and decimals of one or both of their halves. */
function longWriter(type: DataType, values: BigInt64Array, view: DataView): ValueWriter {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  const stride = type.kind === 'DECIMAL' ? 4 : 2
  const top = type.kind === 'DECIMAL' && type.precision > 18 ? 3 : 1
  return (at, row) => {
    let to = at
    for (let word = top; word >= 0; word--, to += 4)
      view.setUint32(to, words[row * stride + word]! ^ (word === top ? 0x80000000 : 0))
    return to
  }
}

/** `Float.compare`: -0 below 0, NaN above everything. */
function floatWriter(
  values: Float32Array | Float64Array,
  out: Uint8Array,
  view: DataView,
): ValueWriter {
  const width = values.BYTES_PER_ELEMENT
  return (at, row) => {
    // Every NaN is written as the one without sign or payload.
    const value = Number.isNaN(values[row]!) ? Number.NaN : values[row]!
    if (width === 8) view.setFloat64(at, value)
    else view.setFloat32(at, value)
    if (out[at]! & 128) for (let b = at; b < at + width; b++) out[b]! ^= 0xff
    else out[at]! ^= 128
    return at + width
  }
}

/** A zero byte becomes 0 255, and 0 0 ends the value: a shorter value is less, and none is a prefix of another. */
function writeEscaped(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let to = at
  for (let i = start; i < end; i++) {
    const byte = data[i]!
    out[to++] = byte
    if (byte === 0) out[to++] = 255
  }
  out[to++] = 0
  out[to++] = 0
  return to
}

/** Compares key `i` of `a` with key `j` of `b`; both are of the same order. */
export function compareKeys(a: SortKeys, i: number, b: SortKeys, j: number): number {
  const high = a.high[i]! - b.high[j]!
  if (high !== 0 || a.low === null) return high
  const low = a.low[i]! - b.low![j]!
  return low !== 0 || a.tail === null ? low : compareTails(a.tail, i, b.tail!, j)
}

/** Compares what follows the first eight bytes, which are equal. */
export function compareTails(a: KeyBytes, i: number, b: KeyBytes, j: number): number {
  const aEnd = a.offsets[i + 1]!
  const bEnd = b.offsets[j + 1]!
  let p = a.offsets[i]! + 8
  let q = b.offsets[j]! + 8
  while (p < aEnd && q < bEnd) {
    const difference = a.bytes[p++]! - b.bytes[q++]!
    if (difference !== 0) return difference
  }
  return 0
}
