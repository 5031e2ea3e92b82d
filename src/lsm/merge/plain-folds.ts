/**
 * Column functions where every row adds, which is nearly always so: row after row as they lie, in steps that hardly branch,
 * since which rows have values and how many a key has cannot be foretold.
 */
import { type Column, countNulls, type FixedValues } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import type { FlatRows } from './flat-columns.ts'

const COMPACT_PRECISION = 18

/**
 * The sums of integers, and of floats that are all there; null for what is not worked out here. Where a value may be
 * missing, `present` gets a bit for each key that has one.
 */
export function plainSums(
  type: DataType,
  rows: FlatRows,
  values: FixedValues,
  validity: Uint8Array | null,
  present: Uint8Array,
): FixedValues | null {
  switch (type.kind) {
    case 'BIGINT':
      return sumLongs(rows, values, validity, present, 2)
    case 'DECIMAL':
      // Java adds decimals of up to 18 digits as longs.
      return type.precision <= COMPACT_PRECISION
        ? sumLongs(rows, values, validity, present, 4)
        : null
    case 'FLOAT':
    case 'DOUBLE':
      return validity === null ? sumNumbers(rows, values as Float64Array) : null
    default:
      return validity === null
        ? sumNumbers(rows, values as Int32Array)
        : sumPresent(rows, values as Int32Array, validity, present)
  }
}

/** Sums of up to 32 bits, and of doubles; the array wraps and rounds to its own precision, as Java does at each step. */
function sumNumbers(
  { keyCount, inTurn }: FlatRows,
  values: Int32Array | Float64Array,
): FixedValues {
  const { keys, flats } = inTurn()
  const sums = new (values.constructor as new (length: number) => Int32Array)(keyCount)
  // What -0 is added to stays as it is, -0 too.
  sums.fill(-0)
  for (let i = 0; i < flats.length; i++) sums[keys[i]!]! += values[flats[i]!]!
  return sums
}

/** Sums of integers of up to 32 bits, some of which are missing. */
function sumPresent(
  { keyCount, inTurn }: FlatRows,
  values: Int32Array,
  validity: Uint8Array,
  present: Uint8Array,
): FixedValues {
  const { keys, flats } = inTurn()
  const sums = new (values.constructor as new (length: number) => Int32Array)(keyCount)
  for (let i = 0; i < flats.length; i++) {
    const place = flats[i]!
    const key = keys[i]!
    const isThere = (validity[place >> 3]! >> (place & 7)) & 1
    sums[key]! += values[place]! & -isThere
    present[key >> 3]! |= isThere << (key & 7)
  }
  return sums
}

/** Sums of 64 bits, of values that take `stride` words; null where one of decimals does not fit. */
function sumLongs(
  { keyCount, inTurn }: FlatRows,
  values: FixedValues,
  validity: Uint8Array | null,
  present: Uint8Array,
  stride: 2 | 4,
): FixedValues | null {
  const { keys, flats } = inTurn()
  const words = new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
  const sums = new BigInt64Array((keyCount * stride) / 2)
  const out = new Int32Array(sums.buffer)
  let overflow = 0
  for (let i = 0; i < flats.length; i++) {
    const place = flats[i]!
    const key = keys[i]!
    const isThere = validity === null ? 1 : (validity[place >> 3]! >> (place & 7)) & 1
    const at = place * stride
    const to = key * stride
    const low = out[to]!
    const high = out[to + 1]!
    const addedLow = words[at]! & -isThere
    const addedHigh = words[at + 1]! & -isThere
    const lowSum = (low + addedLow) | 0
    const carry = ((low & addedLow) | ((low | addedLow) & ~lowSum)) >>> 31
    const highSum = (high + addedHigh + carry) | 0
    // The sign bit is set where both summands have one sign and the sum has the other.
    overflow |= ~(high ^ addedHigh) & (high ^ highSum)
    out[to] = lowSum
    out[to + 1] = highSum
    present[key >> 3]! |= isThere << (key & 7)
  }
  if (stride === 2) return sums
  if (overflow < 0) return null
  for (let key = 0; key < keyCount; key++)
    out[4 * key + 2] = out[4 * key + 3] = out[4 * key + 1]! >> 31
  return sums
}

/** The greatest or least of numbers of up to 32 bits, and of doubles, that are all there. */
export function plainExtremes(
  rows: FlatRows,
  values: Exclude<FixedValues, BigInt64Array>,
  greatest: boolean,
): FixedValues {
  return values instanceof Float32Array || values instanceof Float64Array
    ? floatExtremes(rows, values, greatest)
    : integerExtremes(rows, values as Int32Array, greatest)
}

function integerExtremes(
  { keyCount, inTurn }: FlatRows,
  values: Int32Array,
  greatest: boolean,
): FixedValues {
  const { keys, flats } = inTurn()
  const best = new (values.constructor as new (length: number) => Int32Array)(keyCount)
  // What turns the order around without overflow: ~a > ~b where a < b.
  const flip = greatest ? 0 : -1
  best.fill(-(2 ** (8 * best.BYTES_PER_ELEMENT - 1)))
  for (let i = 0; i < flats.length; i++) {
    const key = keys[i]!
    const value = values[flats[i]!]! ^ flip
    const held = best[key]!
    best[key] = held ^ ((held ^ value) & -Number(value > held))
  }
  if (!greatest) for (let key = 0; key < keyCount; key++) best[key] = ~best[key]!
  return best
}

/** The greatest or least of floats that are all there, in the order of `Float.compare`. */
function floatExtremes(
  { keyCount, inTurn }: FlatRows,
  values: Float32Array | Float64Array,
  greatest: boolean,
): FixedValues {
  const { keys, flats } = inTurn()
  const best = new (values.constructor as new (length: number) => Float64Array)(keyCount)
  best.fill(greatest ? -Infinity : Number.NaN)
  for (let i = 0; i < flats.length; i++) {
    const key = keys[i]!
    const value = values[flats[i]!]!
    const held = best[key]!
    if (greatest ? isAbove(value, held) : isAbove(held, value)) best[key] = value
  }
  return best
}

/** The order of `Float.compare`: -0 below 0, NaN above all. */
export function isAbove(a: number, b: number): boolean {
  if (a > b) return true
  if (a < b) return false
  if (a === b) return a === 0 && Object.is(b, -0) && !Object.is(a, -0)
  return Number.isNaN(a) && !Number.isNaN(b)
}

/**
 * Of each key's rows the last one that has a value: what `numbers` has of it, in the order of the turn; -1 for none.
 * `validity` is flat, `columns` are the column of each source. The result is in `out`, which has room for all keys.
 */
export function lastPresent(
  { inTurn }: FlatRows,
  columns: readonly Column[],
  validity: Uint8Array,
  numbers: Int32Array,
  out: Int32Array,
): Int32Array {
  const { keys, flats, parts } = inTurn()
  out.fill(-1)
  for (const { source, from, to } of parts) {
    const column = source === null ? null : columns[source]!
    const nulls = column === null ? -1 : countNulls(column)
    if (nulls === column?.length) continue
    if (nulls === 0) for (let i = from; i < to; i++) out[keys[i]!] = numbers[i]!
    else
      for (let i = from; i < to; i++) {
        const place = flats[i]!
        const key = keys[i]!
        const isThere = (validity[place >> 3]! >> (place & 7)) & 1
        out[key]! ^= (out[key]! ^ numbers[i]!) & -isThere
      }
  }
  return out
}
