/**
 * Range tests over column buffers: each sets bit i of `out`, which comes clear, where row i lies in the range. Bits of
 * null rows and past the last row come out either way.
 */
import type { BytesColumn } from './column.ts'

/** BOOLEAN: the range is any of false and true. */
export function rangeBits(
  bits: Uint8Array,
  takesFalse: boolean,
  takesTrue: boolean,
  out: Uint8Array,
): void {
  for (let i = 0; i < out.length; i++) {
    const byte = bits[i]!
    out[i] = (takesTrue ? byte : 0) | (takesFalse ? ~byte : 0)
  }
}

export function rangeInts(
  values: Int8Array | Int16Array | Int32Array,
  length: number,
  low: number,
  high: number,
  out: Uint8Array,
): void {
  // A batch mixes column widths; one copy of the loop for each keeps the engine's access to the array direct.
  if (values instanceof Int32Array) rangeInt32(values, length, low, high, out)
  else if (values instanceof Int16Array) rangeInt16(values, length, low, high, out)
  else rangeInt8(values, length, low, high, out)
}

function rangeInt32(
  values: Int32Array,
  length: number,
  low: number,
  high: number,
  out: Uint8Array,
) {
  if (low > 2147483647 || high < -2147483648) return
  const from = Math.max(low, -2147483648) | 0
  const to = Math.min(high, 2147483647) | 0
  const whole = length & ~7
  for (let row = 0; row < whole; row += 8) {
    let byte = 0
    for (let bit = 0; bit < 8; bit++) {
      const value = values[row + bit]!
      if (value >= from && value <= to) byte |= 1 << bit
    }
    out[row >> 3] = byte
  }
  for (let row = whole; row < length; row++) {
    if (values[row]! >= from && values[row]! <= to) out[row >> 3]! |= 1 << (row & 7)
  }
}

function rangeInt16(
  values: Int16Array,
  length: number,
  low: number,
  high: number,
  out: Uint8Array,
) {
  for (let row = 0; row < length; row++) {
    if (values[row]! >= low && values[row]! <= high) out[row >> 3]! |= 1 << (row & 7)
  }
}

function rangeInt8(values: Int8Array, length: number, low: number, high: number, out: Uint8Array) {
  for (let row = 0; row < length; row++) {
    if (values[row]! >= low && values[row]! <= high) out[row >> 3]! |= 1 << (row & 7)
  }
}

/** Floats in the order of Java's Double.compare: -0 before 0, NaN last and equal to itself. */
export function rangeFloats(
  values: Float32Array | Float64Array,
  length: number,
  low: number | undefined,
  high: number | undefined,
  out: Uint8Array,
): void {
  const takesNaN = high === undefined || Number.isNaN(high)
  // Only NaN itself lies from NaN on, and every number lies up to it.
  const from = low === undefined ? -Infinity : Number.isNaN(low) ? undefined : low
  const to = takesNaN ? Infinity : high
  const noMinusZero = Object.is(from, 0)
  const noZero = Object.is(to, -0)
  for (let row = 0; row < length; row++) {
    const value = values[row]!
    const inside = Number.isNaN(value)
      ? takesNaN
      : from !== undefined &&
        value >= from &&
        value <= to &&
        (value !== 0 || !((noMinusZero && 1 / value < 0) || (noZero && 1 / value > 0)))
    if (inside) out[row >> 3]! |= 1 << (row & 7)
  }
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** BIGINT and timestamps, compared by their 32-bit halves, so that no bigint is made per row. */
export function rangeLongs(
  values: BigInt64Array,
  length: number,
  low: bigint | undefined,
  high: bigint | undefined,
  out: Uint8Array,
): void {
  const from = low === undefined || low < INT64_MIN ? INT64_MIN : low
  const to = high === undefined || high > INT64_MAX ? INT64_MAX : high
  if (from > to) return
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * length)
  const fromHigh = Number(from >> 32n)
  const toHigh = Number(to >> 32n)
  // The lower halves are unsigned; flipping the sign bit makes their order that of signed integers.
  const fromLow = Number(BigInt.asIntN(32, from)) ^ SIGN
  const toLow = Number(BigInt.asIntN(32, to)) ^ SIGN
  for (let row = 0; row < length; row++) {
    const upper = words[2 * row + 1]!
    if (upper < fromHigh || upper > toHigh) continue
    const lower = words[2 * row]! ^ SIGN
    if (upper === fromHigh && lower < fromLow) continue
    if (upper === toHigh && lower > toLow) continue
    out[row >> 3]! |= 1 << (row & 7)
  }
}

const SIGN = 1 << 31

/** DECIMAL: two elements a row, compared as 128-bit integers of four words. */
export function rangeDecimals(
  values: BigInt64Array,
  length: number,
  low: bigint | undefined,
  high: bigint | undefined,
  out: Uint8Array,
): void {
  const words = new Int32Array(values.buffer, values.byteOffset, 4 * length)
  const from = low === undefined ? null : wordsOf(low)
  const to = high === undefined ? null : wordsOf(high)
  for (let row = 0; row < length; row++) {
    if (from !== null && compareWords(words, row, from) < 0) continue
    if (to !== null && compareWords(words, row, to) > 0) continue
    out[row >> 3]! |= 1 << (row & 7)
  }
}

/** The four words of a 128-bit integer, low first, all but the top one with the sign bit flipped. */
function wordsOf(value: bigint): Int32Array {
  return Int32Array.from([0n, 32n, 64n, 96n], (shift) => {
    const word = Number(BigInt.asIntN(32, value >> shift))
    return shift === 96n ? word : word ^ SIGN
  })
}

function compareWords(words: Int32Array, row: number, wanted: Int32Array): number {
  const at = 4 * row
  const top = words[at + 3]!
  if (top !== wanted[3]) return top < wanted[3]! ? -1 : 1
  for (let i = 2; i >= 0; i--) {
    const word = words[at + i]! ^ SIGN
    if (word !== wanted[i]) return word < wanted[i]! ? -1 : 1
  }
  return 0
}

/** Strings and binaries, as unsigned bytes; undefined bounds are open ends. */
export function rangeBytes(
  column: BytesColumn,
  low: Uint8Array | undefined,
  high: Uint8Array | undefined,
  highOpen: boolean,
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  if (low !== undefined && low === high && !highOpen) {
    equalBytes(column, low, among, out)
    return
  }
  const { data, starts, ends, length } = column
  for (let row = 0; row < length; row++) {
    if (among !== null && (row & 7) === 0 && among[row >> 3] === 0) {
      row |= 7
      continue
    }
    const start = starts[row]!
    const end = ends[row]!
    if (low !== undefined && compareBytes(data, start, end, low) < 0) continue
    if (high !== undefined && compareBytes(data, start, end, high) >= (highOpen ? 0 : 1)) continue
    out[row >> 3]! |= 1 << (row & 7)
  }
}

function equalBytes(
  { data, starts, ends, length }: BytesColumn,
  wanted: Uint8Array,
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  const size = wanted.length
  for (let row = 0; row < length; row++) {
    const start = starts[row]!
    if (ends[row]! - start !== size) continue
    if (among !== null && among[row >> 3] === 0) continue
    // From the end, where keys with a common prefix differ.
    let i = size - 1
    while (i >= 0 && data[start + i] === wanted[i]) i--
    if (i < 0) out[row >> 3]! |= 1 << (row & 7)
  }
}

/** Negative, 0 or positive as `data[start, end)` sorts before, with or after the wanted bytes. */
function compareBytes(data: Uint8Array, start: number, end: number, wanted: Uint8Array): number {
  const size = end - start
  const common = Math.min(size, wanted.length)
  for (let i = 0; i < common; i++) {
    const order = data[start + i]! - wanted[i]!
    if (order !== 0) return order
  }
  return size - wanted.length
}

/** TINYINT to INT, DATE and TIME: rows whose value is among the sorted ones. */
export function amongInts(
  values: Int8Array | Int16Array | Int32Array,
  length: number,
  sorted: readonly number[],
  out: Uint8Array,
): void {
  const wanted = new Set(sorted)
  const low = sorted[0]!
  const high = sorted.at(-1)!
  for (let row = 0; row < length; row++) {
    const value = values[row]!
    if (value >= low && value <= high && wanted.has(value)) out[row >> 3]! |= 1 << (row & 7)
  }
}

/** BIGINT and timestamps: a binary search by 32-bit halves, as in {@link rangeLongs}. */
export function amongLongs(
  values: BigInt64Array,
  length: number,
  sorted: readonly bigint[],
  out: Uint8Array,
): void {
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * length)
  const uppers = Int32Array.from(sorted, (value) => Number(BigInt.asIntN(32, value >> 32n)))
  const lowers = Int32Array.from(sorted, (value) => Number(BigInt.asIntN(32, value)) ^ SIGN)
  for (let row = 0; row < length; row++) {
    const upper = words[2 * row + 1]!
    const lower = words[2 * row]! ^ SIGN
    let low = 0
    let high = sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = uppers[middle] === upper ? lowers[middle]! - lower : uppers[middle]! - upper
      if (order === 0) {
        out[row >> 3]! |= 1 << (row & 7)
        break
      }
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
  }
}

/** Strings and binaries: a binary search by unsigned bytes. */
export function amongBytes(
  { data, starts, ends, length }: BytesColumn,
  sorted: readonly Uint8Array[],
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  for (let row = 0; row < length; row++) {
    if (among !== null && (row & 7) === 0 && among[row >> 3] === 0) {
      row |= 7
      continue
    }
    let low = 0
    let high = sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = compareBytes(data, starts[row]!, ends[row]!, sorted[middle]!)
      if (order === 0) {
        out[row >> 3]! |= 1 << (row & 7)
        break
      }
      if (order > 0) low = middle + 1
      else high = middle - 1
    }
  }
}
