/**
 * Places on a z-order curve: the bits of several columns by turns, the highest first, so that rows that lie close to each
 * other in all of them lie close in the order.
 *
 * Follows the Java class `ZIndexer`, in which a null is all zeros. Unlike there the decimal numbers of a column lie in
 * their own order.
 */
import { allocateBytes } from '../io/allocate.ts'
import { type Column, isPresent } from '../types/column.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import { unsupported } from '../util/errors.ts'
import { type SortKeys, wordAt } from './sort-keys.ts'

/** What a column of numbers, dates or times adds. */
const FIXED_BYTES = 8

/** The bytes of every place. */
export function zPlaceWidth(fields: readonly DataField[], textBytes: number): number {
  return fields.reduce((sum, { type }) => sum + (isText(type) ? textBytes : FIXED_BYTES), 0)
}

/** The places of rows, given the columns; `textBytes` is what a column of texts or bytes adds. */
export function zPlaces(
  fields: readonly DataField[],
  columns: readonly Column[],
  length: number,
  textBytes: number,
): SortKeys {
  const widths = fields.map(({ type }) => (isText(type) ? textBytes : FIXED_BYTES))
  const parts = fields.map((field, i) => orderedBytes(field, columns[i]!, length, widths[i]!))
  const width = widths.reduce((sum, each) => sum + each, 0)
  const bytes = allocateBytes(width * length)
  bytes.fill(0)
  const turns = bitTurns(widths)
  for (let row = 0; row < length; row++) interleave(parts, widths, turns, row, bytes, row * width)
  const offsets = Int32Array.from({ length: length + 1 }, (_, row) => row * width)
  const words = (skip: number): Uint32Array =>
    Uint32Array.from({ length }, (_, row) => wordAt(bytes, row * width + skip, (row + 1) * width))
  return { length, high: words(0), low: words(4), tail: { bytes, offsets } }
}

function isText({ kind }: DataType): boolean {
  return kind === 'CHAR' || kind === 'VARCHAR' || kind === 'BINARY' || kind === 'VARBINARY'
}

/** The bits in the order in which they take their turns: of which column, and which of its bits. */
interface BitTurns {
  readonly columns: Uint16Array
  readonly bits: Uint32Array
}

function bitTurns(widths: readonly number[]): BitTurns {
  const columns: number[] = []
  const bits: number[] = []
  for (let bit = 0; bit < 8 * Math.max(...widths); bit++)
    for (const [column, width] of widths.entries()) {
      if (bit >= 8 * width) continue
      columns.push(column)
      bits.push(bit)
    }
  return { columns: Uint16Array.from(columns), bits: Uint32Array.from(bits) }
}

function interleave(
  parts: readonly Uint8Array[],
  widths: readonly number[],
  { columns, bits }: BitTurns,
  row: number,
  out: Uint8Array,
  at: number,
): void {
  for (let turn = 0; turn < bits.length; turn++) {
    const column = columns[turn]!
    const bit = bits[turn]!
    const byte = parts[column]![row * widths[column]! + (bit >> 3)]!
    if ((byte >> (7 - (bit & 7))) & 1) out[at + (turn >> 3)]! |= 128 >> (turn & 7)
  }
}

/** So many bytes for each value, whose order as unsigned bytes is the order of the values, as far as they reach. */
function orderedBytes(
  { name, type }: DataField,
  column: Column,
  length: number,
  width: number,
): Uint8Array {
  const out = new Uint8Array(width * length)
  const view = new DataView(out.buffer)
  const put = valueWriter(name, type, column, out, view)
  for (let row = 0; row < length; row++) if (isPresent(column, row)) put(row, row * width, width)
  return out
}

type PutValue = (row: number, at: number, width: number) => void

function valueWriter(
  name: string,
  type: DataType,
  column: Column,
  out: Uint8Array,
  view: DataView,
): PutValue {
  if (column.layout === 'bytes' && isText(type)) {
    const { data, starts, ends } = column
    return (row, at, width) => {
      const start = starts[row]!
      out.set(data.subarray(start, Math.min(ends[row]!, start + width)), at)
    }
  }
  if (column.layout === 'boolean')
    return (row, at) => {
      out[at] = 1 + 128 * ((column.bits[row >> 3]! >> (row & 7)) & 1)
    }
  if (column.layout !== 'fixed')
    throw unsupported(`rows cannot be ordered by the column ${name} of the type ${type.kind}`)
  const { values } = column
  if (type.kind === 'DECIMAL') {
    // Halves of 64 bits, the low one first; a long one keeps the order of its highest digits.
    const longs = values as BigInt64Array
    return type.precision <= 18
      ? (row, at) => putLong(view, at, longs[2 * row]!)
      : (row, at) => putDouble(view, at, decimalNumber(longs, row))
  }
  if (values instanceof Float32Array || values instanceof Float64Array)
    return (row, at) => putDouble(view, at, values[row]!)
  if (values instanceof BigInt64Array) return (row, at) => putLong(view, at, values[row]!)
  return (row, at) => putLong(view, at, BigInt(values[row]!))
}

function putLong(view: DataView, at: number, value: bigint): void {
  view.setBigInt64(at, value)
  view.setUint8(at, view.getUint8(at) ^ 128)
}

function putDouble(view: DataView, at: number, value: number): void {
  view.setFloat64(at, value)
  if (view.getUint8(at) & 128) view.setBigUint64(at, ~view.getBigUint64(at))
  else view.setUint8(at, view.getUint8(at) ^ 128)
}

function decimalNumber(halves: BigInt64Array, row: number): number {
  return Number(halves[2 * row + 1]!) * 2 ** 64 + Number(BigInt.asUintN(64, halves[2 * row]!))
}
