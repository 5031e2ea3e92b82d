/**
 * Sums of columns, key by key, in the arithmetic of Java's types: integers wrap around, floats are rounded at each step.
 *
 * Follows the Java class `FieldSumAgg`. Sums of 64 bits and more are made of 32-bit words, so that no bigint is made for
 * a value.
 */
import type { FixedColumn, FixedValues } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import type { FlatRows } from './flat-columns.ts'
import { ADD, type Operations, RETRACT, SET, SET_RETRACT, SKIP } from './operations.ts'
import { plainSums } from './plain-folds.ts'

/**
 * The sum of each key over the values of its rows, whose values and validity are flat. Null where a decimal may not fit
 * any more: what becomes of it then is not worked out here.
 */
export function sumRows(
  type: DataType,
  rows: FlatRows,
  operations: Operations,
  values: FixedValues,
  validity: Uint8Array | null,
): FixedColumn | null {
  const { keyCount } = rows
  const present = new Uint8Array((keyCount + 7) >> 3)
  const plain = operations === null ? plainSums(type, rows, values, validity, present) : null
  const sums = plain ?? sumSteps(type, { ...rows, operations, values, validity, present })
  if (sums === null) return null
  const hasAll = operations === null && validity === null
  return { layout: 'fixed', length: keyCount, validity: hasAll ? null : present, values: sums }
}

const COMPACT_PRECISION = 18
const WORD = 2 ** 32

interface Summands extends FlatRows {
  readonly operations: Operations
  readonly values: FixedValues
  readonly validity: Uint8Array | null
  /** Gets a bit for each key that has a sum. */
  readonly present: Uint8Array
}

function sumSteps(type: DataType, summands: Summands): FixedValues | null {
  switch (type.kind) {
    case 'BIGINT':
      return sumWords(summands, 2, 2, 0)
    case 'DECIMAL':
      // Java adds decimals of up to 18 digits as longs.
      return type.precision <= COMPACT_PRECISION
        ? sumWords(summands, 4, 2, 2 ** 63)
        : sumWords(summands, 4, 4, 10 ** type.precision)
    default:
      return sumNumbers(summands)
  }
}

/** A row without a value takes the place of what was summed so far. */
const UNSET = -1

/** What a row does: its operation; SET instead of an addition to nothing; SKIP, mostly, where it has no value. */
function stepOf({ operations, validity, flat }: Summands, i: number, isThere: boolean): number {
  const step = operations === null ? ADD : operations[i]!
  const place = flat[i]!
  if (validity !== null && (validity[place >> 3]! & (1 << (place & 7))) === 0)
    return step === SET || step === SET_RETRACT ? UNSET : SKIP
  return isThere || step === RETRACT || step === SET_RETRACT || step === SKIP ? step : SET
}

/** Sums of up to 32 bits, and of doubles. */
function sumNumbers(summands: Summands): FixedValues {
  const { keyCount, starts, flat, present } = summands
  const values = summands.values as Int32Array
  const sums = sameKind(values, keyCount)
  for (let key = 0; key < keyCount; key++) {
    let isThere = false
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const step = stepOf(summands, i, isThere)
      if (step === SKIP) continue
      const value = values[flat[i]!]!
      if (step === SET) sums[key] = value
      else if (step === SET_RETRACT) sums[key] = value - value
      else if (step === RETRACT) sums[key] = isThere ? sums[key]! - value : -value
      else if (step !== UNSET) sums[key]! += value
      isThere = step !== UNSET
    }
    if (isThere) present[key >> 3]! |= 1 << (key & 7)
  }
  return sums
}

/**
 * Sums of `count` words, of values that take `stride` words each; null where one does not stay clear of a bound that is
 * not 0.
 */
function sumWords(
  summands: Summands,
  stride: 2 | 4,
  count: 2 | 4,
  bound: number,
): FixedValues | null {
  const { keyCount, starts, flat, present } = summands
  const words = wordsOf(summands.values)
  const sums = new BigInt64Array((keyCount * stride) / 2)
  const out = wordsOf(sums)
  const sum = new Int32Array(4)
  for (let key = 0; key < keyCount; key++) {
    let isThere = false
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const step = stepOf(summands, i, isThere)
      if (step === SKIP) continue
      if (!isThere || step === SET || step === SET_RETRACT) sum.fill(0)
      if (step !== SET_RETRACT && step !== UNSET) {
        const size = addWords(sum, words, stride * flat[i]!, count, step === RETRACT)
        if (bound > 0 && !(Math.abs(size) < 0.999 * bound)) return null
      }
      isThere = step !== UNSET
    }
    if (!isThere) continue
    if (count < stride) sum[2] = sum[3] = sum[1]! >> 31
    for (let word = 0; word < stride; word++) out[key * stride + word] = sum[word]!
    present[key >> 3]! |= 1 << (key & 7)
  }
  return sums
}

/** Adds a number, or subtracts it; about what the sum would be if it had room. */
function addWords(
  sum: Int32Array,
  words: Int32Array,
  at: number,
  count: number,
  negates: boolean,
): number {
  let carry = negates ? 1 : 0
  let size = 0
  let unit = 1
  for (let word = 0; word < count; word++, unit *= WORD) {
    const value = negates ? ~words[at + word]! : words[at + word]!
    const isTop = word === count - 1
    const total = isTop ? sum[word]! + value + carry : (sum[word]! >>> 0) + (value >>> 0) + carry
    carry = total >= WORD ? 1 : 0
    sum[word] = total | 0
    size += (isTop ? total : total - carry * WORD) * unit
  }
  return size
}

function wordsOf({ buffer, byteOffset, byteLength }: FixedValues): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength >> 2)
}

function sameKind<T extends FixedValues>(values: T, length: number): T {
  return new (values.constructor as new (length: number) => T)(length)
}
