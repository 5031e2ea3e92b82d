/**
 * Batches as one buffer and a list of what lies where in it, so that a thread can hand them to another by moving the buffer.
 *
 * Columns often share memory with others that are still in use (a dictionary, a page, the batch before), which a move
 * would take away from them: so everything is copied once, without what no row points to.
 */
import { compactBytes } from './bytes-compact.ts'
import type { Batch, BytesColumn, Column, FixedValues } from './column.ts'

/** A batch whose memory is `buffer`. */
export interface PackedBatch {
  readonly buffer: ArrayBuffer
  readonly length: number
  readonly columns: readonly PackedColumn[]
}

/** Where an array of a column lies in the buffer: its first byte, and its elements. */
interface Place {
  readonly offset: number
  readonly length: number
}

type ArrayKind = 'i8' | 'i16' | 'i32' | 'f32' | 'f64' | 'i64'

type PackedColumn = { readonly length: number; readonly validity: Place | null } & (
  | { readonly layout: 'boolean'; readonly bits: Place }
  | { readonly layout: 'fixed'; readonly kind: ArrayKind; readonly values: Place }
  | { readonly layout: 'bytes'; readonly offsets: Place; readonly data: Place }
  | {
      readonly layout: 'list'
      readonly starts: Place
      readonly ends: Place
      readonly child: PackedColumn
    }
  | { readonly layout: 'struct'; readonly children: readonly PackedColumn[] }
)

const ARRAYS = {
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
} as const

/** Copies the batch into one buffer. */
export function packBatch({ length, columns }: Batch): PackedBatch {
  const arrays = new Arrays()
  const packed = columns.map((column) => packColumn(column, arrays))
  return { buffer: arrays.toBuffer(), length, columns: packed }
}

/** The batch of a packed one, as views of its buffer. */
export function unpackBatch({ buffer, length, columns }: PackedBatch): Batch {
  return { length, columns: columns.map((column) => unpackColumn(column, buffer)) }
}

/** Arrays that will lie in one buffer, each at a multiple of eight bytes. */
class Arrays {
  readonly #parts: { readonly bytes: Uint8Array; readonly offset: number }[] = []
  #sizeBytes = 0

  add(array: Uint8Array | FixedValues): Place {
    const place = { offset: this.#sizeBytes, length: array.length }
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    this.#parts.push({ bytes, offset: place.offset })
    this.#sizeBytes += (array.byteLength + 7) & ~7
    return place
  }

  toBuffer(): ArrayBuffer {
    const buffer = new ArrayBuffer(this.#sizeBytes)
    const all = new Uint8Array(buffer)
    for (const { bytes, offset } of this.#parts) all.set(bytes, offset)
    return buffer
  }
}

function packColumn(column: Column, arrays: Arrays): PackedColumn {
  const { length } = column
  const bitmap = column.validity?.subarray(0, (length + 7) >> 3)
  const validity = bitmap === undefined ? null : arrays.add(bitmap)
  switch (column.layout) {
    case 'boolean': {
      const bits = arrays.add(column.bits.subarray(0, (length + 7) >> 3))
      return { layout: 'boolean', length, validity, bits }
    }
    case 'fixed': {
      const { values } = column
      return { layout: 'fixed', length, validity, kind: kindOf(values), values: arrays.add(values) }
    }
    case 'bytes':
      return { layout: 'bytes', length, validity, ...packBytes(column, arrays) }
    case 'list':
      return {
        layout: 'list',
        length,
        validity,
        starts: arrays.add(column.starts.subarray(0, length)),
        ends: arrays.add(column.ends.subarray(0, length)),
        child: packColumn(column.child, arrays),
      }
    case 'struct': {
      const children = column.children.map((child) => packColumn(child, arrays))
      return { layout: 'struct', length, validity, children }
    }
  }
}

function kindOf(values: FixedValues): ArrayKind {
  if (values instanceof Int8Array) return 'i8'
  if (values instanceof Int16Array) return 'i16'
  if (values instanceof Int32Array) return 'i32'
  if (values instanceof Float32Array) return 'f32'
  return values instanceof Float64Array ? 'f64' : 'i64'
}

/** Only the bytes that rows point to, with offsets from 0 on. */
function packBytes(column: BytesColumn, arrays: Arrays): { offsets: Place; data: Place } {
  const { offsets, data } = compactBytes(column)
  const from = offsets[0]!
  const to = offsets[column.length]!
  const shifted = from === 0 ? offsets : offsets.map((offset) => offset - from)
  return {
    offsets: arrays.add(shifted.subarray(0, column.length + 1)),
    data: arrays.add(data.subarray(from, to)),
  }
}

function unpackColumn(column: PackedColumn, buffer: ArrayBuffer): Column {
  const { length } = column
  const validity =
    column.validity === null
      ? null
      : new Uint8Array(buffer, column.validity.offset, column.validity.length)
  switch (column.layout) {
    case 'boolean': {
      const { bits } = column
      return { layout: 'boolean', length, validity, bits: bytesAt(buffer, bits) }
    }
    case 'fixed': {
      const { offset, length: count } = column.values
      const values = new ARRAYS[column.kind](buffer, offset, count)
      return { layout: 'fixed', length, validity, values }
    }
    case 'bytes': {
      const offsets = wordsAt(buffer, column.offsets)
      const starts = offsets.subarray(0, length)
      const ends = offsets.subarray(1, length + 1)
      return { layout: 'bytes', length, validity, starts, ends, data: bytesAt(buffer, column.data) }
    }
    case 'list':
      return {
        layout: 'list',
        length,
        validity,
        starts: wordsAt(buffer, column.starts),
        ends: wordsAt(buffer, column.ends),
        child: unpackColumn(column.child, buffer),
      }
    case 'struct': {
      const children = column.children.map((child) => unpackColumn(child, buffer))
      return { layout: 'struct', length, validity, children }
    }
  }
}

const bytesAt = (buffer: ArrayBuffer, { offset, length }: Place): Uint8Array =>
  new Uint8Array(buffer, offset, length)
const wordsAt = (buffer: ArrayBuffer, { offset, length }: Place): Int32Array =>
  new Int32Array(buffer, offset, length)
