/**
 * The rows of columns in Paimon's binary form, and their hashes, without an object per row: how buckets are computed.
 *
 * The bytes are those of `encodeBinaryRow`; the hash is the Java class `BinaryRow`'s hashCode.
 */
import { MURMUR_START, murmur32, murmurFinish, murmurMix } from '../util/hash.ts'
import { BinaryBuffer, INLINE_MAX } from './binary-buffer.ts'
import { encodeBinaryRow, fixedSize, nullBitsSize, nullReserve } from './binary-row.ts'
import {
  type BytesColumn,
  type Column,
  type FixedColumn,
  type FixedValues,
  timestampUnit,
} from './column.ts'
import type { DataType } from './data-type.ts'
import { cellValue } from './internal-value.ts'

/** The bytes of one row of the columns; `columns[i]` has the type `types[i]`. */
export function encodeBinaryRowAt(
  types: readonly DataType[],
  columns: readonly Column[],
  row: number,
): Uint8Array {
  const writer = new ColumnRowWriter(types, columns)
  writer.write(row)
  return writer.out.bytes.slice(0, writer.out.length)
}

/** Writes rows of the columns into one buffer, whose content holds until the next row. */
export function rowEncoder(
  types: readonly DataType[],
  columns: readonly Column[],
): (row: number) => BinaryBuffer {
  const writer = new ColumnRowWriter(types, columns)
  return (row) => {
    writer.write(row)
    return writer.out
  }
}

/**
 * The hash of each of the first `length` rows of the columns as BinaryRows, which buckets and the index files of
 * dynamic buckets are made of.
 */
export function rowHashes(
  types: readonly DataType[],
  columns: readonly Column[],
  length: number,
): Int32Array {
  const hashes = new Int32Array(length)
  if (!singleFieldHashes(types, columns, hashes)) {
    const writer = new ColumnRowWriter(types, columns)
    for (let row = 0; row < length; row++) {
      writer.write(row)
      hashes[row] = murmur32(writer.out.words, 0, writer.out.length >> 2)
    }
  }
  return hashes
}

/** Writes rows of columns into one buffer that is used again for each row. */
class ColumnRowWriter {
  readonly out = new BinaryBuffer()
  readonly #fixedBytes: number
  readonly #fields: readonly FieldWriter[]

  constructor(types: readonly DataType[], columns: readonly Column[]) {
    this.#fixedBytes = fixedSize(types.length)
    const nullBits = nullBitsSize(types.length)
    this.#fields = types.map((type, i) => ({
      validity: columns[i]!.validity,
      slot: nullBits + 8 * i,
      nullByte: (i + 8) >> 3,
      nullMask: 1 << ((i + 8) & 7),
      nullReserve: nullReserve(type),
      write: cellWriter(type, columns[i]!),
    }))
  }

  write(row: number): void {
    const { out } = this
    out.reset(this.#fixedBytes)
    for (const field of this.#fields) {
      const { validity } = field
      if (validity === null || validity[row >> 3]! & (1 << (row & 7)))
        field.write(out, field.slot, row)
      else {
        out.bytes[field.nullByte]! |= field.nullMask
        if (field.nullReserve > 0) out.reserveNull(field.slot, field.nullReserve)
      }
    }
  }
}

interface FieldWriter {
  readonly validity: Uint8Array | null
  readonly slot: number
  readonly nullByte: number
  readonly nullMask: number
  readonly nullReserve: number
  readonly write: CellWriter
}

/** Writes the cell of a row, which is not null, into a slot. */
type CellWriter = (out: BinaryBuffer, slot: number, row: number) => void

function cellWriter(type: DataType, column: Column): CellWriter {
  if (column.layout === 'bytes') {
    const { data, starts, ends } = column
    return (out, slot, row) => out.setBytes(slot, data, starts[row]!, ends[row]!)
  }
  if (column.layout === 'boolean') {
    const { bits } = column
    return (out, slot, row) => {
      out.bytes[slot] = (bits[row >> 3]! >> (row & 7)) & 1
    }
  }
  return column.layout === 'fixed' ? fixedWriter(type, column) : nestedWriter(type, column)
}

function fixedWriter(type: DataType, column: FixedColumn): CellWriter {
  if (type.kind === 'DECIMAL' && type.precision > 18) {
    const bytes = bytesOf(column.values)
    return (out, slot, row) => out.setWideDecimal(slot, bytes, 16 * row)
  }
  if (isTimestamp(type) && timestampUnit(type.precision) > 3) {
    const words = wordsOf(column.values)
    const perMilli = timestampUnit(type.precision) === 6 ? 1_000 : 1_000_000
    return (out, slot, row) =>
      out.setWideTimestamp(slot, words[2 * row]!, words[2 * row + 1]!, perMilli)
  }
  const { values } = column
  if (values instanceof Int8Array)
    return (out, slot, row) => out.setLong(slot, values[row]! & 0xff, 0)
  if (values instanceof Int16Array)
    return (out, slot, row) => out.setLong(slot, values[row]! & 0xffff, 0)
  const words = wordsOf(values)
  if (values.BYTES_PER_ELEMENT === 4) return (out, slot, row) => out.setLong(slot, words[row]!, 0)
  const stride = longStride(type)
  return (out, slot, row) => out.setLong(slot, words[stride * row]!, words[stride * row + 1]!)
}

/** Nested values take the way of single values: no key has them. */
function nestedWriter(type: DataType, column: Column): CellWriter {
  return (out, slot, row) => {
    // A row of this one field has the nested bytes at the place that its only slot points to.
    const whole = encodeBinaryRow([type], [cellValue(column, type, row)])
    const view = new DataView(whole.buffer)
    const from = view.getInt32(12, true)
    out.appendBytes(slot, whole, from, from + view.getInt32(8, true))
  }
}

function isTimestamp(
  type: DataType,
): type is Extract<DataType, { kind: 'TIME' | 'TIMESTAMP' | 'TIMESTAMP_LTZ' }> {
  return type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
}

/** Words from one row's value to the next in a column of 64-bit slots: a DECIMAL row has a second, high half. */
function longStride(type: DataType): 2 | 4 {
  return type.kind === 'DECIMAL' ? 4 : 2
}

/** The memory of the values as words; floats keep their bits. */
function wordsOf(values: FixedValues): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

function bytesOf(values: FixedValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/**
 * Hashes rows of one field without writing their bytes; false for types that need them. Such a row is two words of
 * null bits, two words of its slot, then the data of a string that is longer than a slot.
 */
function singleFieldHashes(
  types: readonly DataType[],
  columns: readonly Column[],
  hashes: Int32Array,
): boolean {
  const [type] = types
  const [column] = columns
  if (types.length !== 1 || type === undefined || column === undefined) return false
  if (column.layout === 'bytes') hashBytesColumn(column, hashes)
  else if (column.layout !== 'fixed' || nullReserve(type) > 0) return false
  else if (column.values.BYTES_PER_ELEMENT === 4) hashWords(column, hashes)
  else if (column.values.BYTES_PER_ELEMENT === 8) hashLongs(column, longStride(type), hashes)
  else return false
  return true
}

/** The state after the null bits of a one-field row whose field is present, and the hash of one whose field is null. */
const PRESENT = murmurMix(murmurMix(MURMUR_START, 0), 0)
const NULL_ROW = murmur32(Int32Array.of(1 << 8, 0, 0, 0))

function hashWords(column: FixedColumn, hashes: Int32Array): void {
  const words = wordsOf(column.values)
  for (let row = 0; row < hashes.length; row++)
    hashes[row] = murmurFinish(murmurMix(murmurMix(PRESENT, words[row]!), 0), 16)
  overwriteNulls(column, hashes)
}

function hashLongs(column: FixedColumn, stride: number, hashes: Int32Array): void {
  const words = wordsOf(column.values)
  for (let row = 0, at = 0; row < hashes.length; row++, at += stride) {
    const low = murmurMix(PRESENT, words[at]!)
    hashes[row] = murmurFinish(murmurMix(low, words[at + 1]!), 16)
  }
  overwriteNulls(column, hashes)
}

function hashBytesColumn(column: BytesColumn, hashes: Int32Array): void {
  const { data, starts, ends } = column
  for (let row = 0; row < hashes.length; row++)
    hashes[row] = hashOfBytes(data, starts[row]!, ends[row]!)
  overwriteNulls(column, hashes)
}

function hashOfBytes(data: Uint8Array, from: number, to: number): number {
  const size = to - from
  if (size <= INLINE_MAX) {
    const low = murmurMix(PRESENT, partialWord(data, from, Math.min(to, from + 4)))
    const high = partialWord(data, from + 4, to) | ((0x80 | size) << 24)
    return murmurFinish(murmurMix(low, high), 16)
  }
  let hash = murmurMix(murmurMix(PRESENT, size), 16)
  let at = from
  for (; at + 4 <= to; at += 4) {
    const word = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    hash = murmurMix(hash, word)
  }
  const rest = size & 7
  if (rest !== 0 && rest !== 4) hash = murmurMix(hash, partialWord(data, at, to))
  if (rest !== 0 && rest <= 4) hash = murmurMix(hash, 0)
  return murmurFinish(hash, 16 + ((size + 7) & ~7))
}

/** Up to four bytes as a word; no bytes, or a start behind the end, are 0. */
function partialWord(data: Uint8Array, from: number, to: number): number {
  let word = 0
  for (let i = from, shift = 0; i < to; i++, shift += 8) word |= data[i]! << shift
  return word
}

function overwriteNulls({ validity }: Column, hashes: Int32Array): void {
  if (validity === null) return
  for (let row = 0; row < hashes.length; row++)
    if ((validity[row >> 3]! & (1 << (row & 7))) === 0) hashes[row] = NULL_ROW
}
