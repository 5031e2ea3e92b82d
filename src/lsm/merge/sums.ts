/**
 * Sums of columns, key by key, in the arithmetic of Java's types: integers wrap around, floats are rounded at each step.
 *
 * Follows the Java class `FieldSumAgg`. Sums of 64 bits and more are made of 32-bit words, so that no bigint is made for
 * a value.
 */
import type { FixedColumn, FixedValues } from '../../types/column.ts'
import { isPresent } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import type { KeyedRows } from './keyed-rows.ts'
import { ADD, type Operations, RETRACT, SET, SET_RETRACT, SKIP } from './operations.ts'

/**
 * The sum of each key over the values of all rows, which lie in `values` in their order. Null where a decimal may not fit
 * any more: what becomes of it then is not worked out here.
 */
export function sumRows(
  type: DataType,
  keyed: KeyedRows,
  operations: Operations,
  values: FixedColumn,
): FixedColumn | null {
  const { keyCount } = keyed
  const present = new Uint8Array((keyCount + 7) >> 3)
  const sums =
    values.values instanceof BigInt64Array
      ? sumWords(type, keyed, operations, values, present)
      : sumNumbers(keyed, operations, values, present)
  if (sums === null) return null
  return { layout: 'fixed', length: keyCount, validity: present, values: sums }
}

type NumberValues = Exclude<FixedValues, BigInt64Array>

/** Sums of up to 32 bits, and of doubles. `present` gets a bit for each key that has a sum. */
function sumNumbers(
  { keyCount, starts, length }: KeyedRows,
  operations: Operations,
  column: FixedColumn,
  present: Uint8Array,
): FixedValues {
  const values = column.values as NumberValues
  const sums = new (values.constructor as new (length: number) => NumberValues)(keyCount)
  const isFloat = values instanceof Float32Array
  const isWhole = !isFloat && !(values instanceof Float64Array)
  const hasNulls = column.validity !== null
  const steps = operations ?? new Uint8Array(length).fill(ADD)
  for (let key = 0; key < keyCount; key++) {
    let sum = 0
    let isThere = false
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const step = steps[i]!
      if (step === SKIP) continue
      if (hasNulls && !isPresent(column, i)) {
        if (step === SET || step === SET_RETRACT) isThere = false
        continue
      }
      const value = values[i]!
      if (step === SET) sum = value
      else if (step === SET_RETRACT) sum = value - value
      else if (step === RETRACT) sum = isThere ? sum - value : -value
      else sum = isThere ? sum + value : value
      if (isFloat) sum = Math.fround(sum)
      else if (isWhole) sum |= 0
      isThere = true
    }
    if (!isThere) continue
    sums[key] = sum
    present[key >> 3]! |= 1 << (key & 7)
  }
  return sums
}

const COMPACT_PRECISION = 18
const WORD = 2 ** 32

/** Sums of 64-bit integers and of decimals. */
function sumWords(
  type: DataType,
  { keyCount, starts, length }: KeyedRows,
  operations: Operations,
  column: FixedColumn,
  present: Uint8Array,
): BigInt64Array | null {
  const { precision } = type.kind === 'DECIMAL' ? type : { precision: 0 }
  const stride = type.kind === 'DECIMAL' ? 4 : 2
  // Java adds decimals of up to 18 digits as longs.
  const count = precision > COMPACT_PRECISION ? 4 : 2
  const bound = count === 4 ? 0.999 * 10 ** precision : Infinity
  const words = wordsOf(column.values)
  const sums = new BigInt64Array((keyCount * stride) / 2)
  const out = wordsOf(sums)
  const hasNulls = column.validity !== null
  const steps = operations ?? new Uint8Array(length).fill(ADD)
  const sum = new Int32Array(4)
  for (let key = 0; key < keyCount; key++) {
    let isThere = false
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const step = steps[i]!
      if (step === SKIP) continue
      if (hasNulls && !isPresent(column, i)) {
        if (step === SET || step === SET_RETRACT) isThere = false
        continue
      }
      if (!isThere || step === SET || step === SET_RETRACT) sum.fill(0)
      const negates = step === RETRACT
      if (step !== SET_RETRACT) {
        const fits = addWords(sum, words, i * stride, count, negates)
        if (precision > 0 && (!fits || !(Math.abs(approximate(sum, count)) < bound))) return null
      }
      isThere = true
    }
    if (!isThere) continue
    if (count < stride) sum[2] = sum[3] = sum[1]! >> 31
    for (let word = 0; word < stride; word++) out[key * stride + word] = sum[word]!
    present[key >> 3]! |= 1 << (key & 7)
  }
  return sums
}

function wordsOf({ buffer, byteOffset, byteLength }: FixedValues): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength >> 2)
}

/** Adds a number of `count` words, or subtracts it; false when the sum does not fit so many. */
function addWords(
  sum: Int32Array,
  words: Int32Array,
  at: number,
  count: number,
  negates: boolean,
): boolean {
  let carry = negates ? 1 : 0
  const last = count - 1
  for (let word = 0; word < last; word++) {
    const value = negates ? ~words[at + word]! : words[at + word]!
    const total = (sum[word]! >>> 0) + (value >>> 0) + carry
    carry = total >= WORD ? 1 : 0
    sum[word] = total | 0
  }
  const value = negates ? ~words[at + last]! : words[at + last]!
  const total = sum[last]! + value + carry
  sum[last] = total | 0
  return total === sum[last]
}

function approximate(sum: Int32Array, count: number): number {
  let value = sum[count - 1]!
  for (let word = count - 2; word >= 0; word--) value = value * WORD + (sum[word]! >>> 0)
  return value
}
