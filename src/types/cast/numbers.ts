/**
 * Casts among integers, floats and booleans: Java's conversions of primitive numbers.
 *
 * Integers keep their low bits, floats lose their fraction and stop at the ends of INT and BIGINT, NaN is 0. Follows
 * `NumericPrimitiveCastRule`, `BooleanToNumericCastRule` and `NumericToBooleanCastRule`.
 */
import {
  allocateFixed,
  type BooleanColumn,
  type Column,
  type FixedColumn,
  type FixedValues,
} from '../column.ts'
import { type DataType, ofKind } from '../data-type.ts'
import { type Cast, type IntegerKind, type NumberKind, wordsOf } from './rule.ts'

/** Two kinds that differ. */
export function numberCast(from: NumberKind, to: NumberKind): Cast {
  const fill = fillOf(from, to)
  const type = ofKind(to)
  return (column) => {
    const { length, validity } = column
    const values = allocateFixed(type, length)
    fill(column as FixedColumn, values)
    return { layout: 'fixed', length, validity, values }
  }
}

type Fill = (from: FixedColumn, to: FixedValues) => void

function fillOf(from: NumberKind, to: NumberKind): Fill {
  const isFloat = from === 'FLOAT' || from === 'DOUBLE'
  if (from === 'BIGINT')
    return to === 'FLOAT' ? longsToFloats : to === 'DOUBLE' ? longsToDoubles : longsToInts
  if (to === 'BIGINT') return isFloat ? floatsToLongs : intsToLongs
  return isFloat && to !== 'FLOAT' && to !== 'DOUBLE' ? floatsToInts : copyNumbers
}

type Numbers = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array

/** What setting elements of the other array does is Java's conversion: low bits, or the nearest float. */
function copyNumbers({ values, length }: FixedColumn, to: FixedValues): void {
  ;(to as Numbers).set((values as Numbers).subarray(0, length))
}

function intsToLongs({ values, length }: FixedColumn, to: FixedValues): void {
  const ints = values as Int32Array
  const words = new Int32Array(to.buffer)
  for (let i = 0; i < length; i++) {
    const value = ints[i]!
    words[2 * i] = value
    words[2 * i + 1] = value >> 31
  }
}

function longsToInts(column: FixedColumn, to: FixedValues): void {
  const words = wordsOf(column)
  const ints = to as Int32Array
  for (let i = 0; i < column.length; i++) ints[i] = words[2 * i]!
}

/** The nearest double: the high word and the low one are exact, and their sum is rounded once. */
function longsToDoubles(column: FixedColumn, to: FixedValues): void {
  const words = wordsOf(column)
  const doubles = to as Float64Array
  for (let i = 0; i < column.length; i++)
    doubles[i] = words[2 * i + 1]! * TWO_32 + (words[2 * i]! >>> 0)
}

/** The nearest float, not the float nearest to the nearest double: low bits are folded into one that tells they are there. */
function longsToFloats(column: FixedColumn, to: FixedValues): void {
  const words = wordsOf(column)
  const floats = to as Float32Array
  for (let i = 0; i < column.length; i++) {
    const high = words[2 * i + 1]!
    let low = words[2 * i]! >>> 0
    const isExact = high < EXACT_HIGH && high >= -EXACT_HIGH
    if (!isExact && (low & FOLDED) !== 0) low = ((low & ~FOLDED) | (FOLDED + 1)) >>> 0
    floats[i] = high * TWO_32 + low
  }
}

const TWO_32 = 2 ** 32
/** High words below this, with any low word, are exact in a double. */
const EXACT_HIGH = 2 ** 21
/** The low bits that a double has no room for. */
const FOLDED = 0x7ff

function floatsToInts({ values, length }: FixedColumn, to: FixedValues): void {
  const floats = values as Float64Array
  const ints = to as Int32Array
  for (let i = 0; i < length; i++) {
    const value = floats[i]!
    ints[i] =
      value > 2_147_483_647 ? 2_147_483_647 : value < -2_147_483_648 ? -2_147_483_648 : value
  }
}

function floatsToLongs({ values, length }: FixedColumn, to: FixedValues): void {
  const floats = values as Float64Array
  const words = new Int32Array(to.buffer)
  for (let i = 0; i < length; i++) {
    const value = floats[i]!
    if (value >= TWO_63) {
      words[2 * i] = -1
      words[2 * i + 1] = 0x7fff_ffff
    } else if (value > -TWO_63) {
      const whole = Math.trunc(value)
      words[2 * i] = whole
      words[2 * i + 1] = Math.floor(whole / TWO_32)
    } else if (value <= -TWO_63) words[2 * i + 1] = -0x8000_0000
  }
}

const TWO_63 = 2 ** 63

/** 1 and 0. */
export function booleanToNumber(to: NumberKind): Cast {
  const type: DataType = ofKind(to)
  return (column) => {
    const { bits, length, validity } = column as BooleanColumn
    const values = allocateFixed(type, length)
    // A long is its low word here.
    const numbers = to === 'BIGINT' ? new Int32Array(values.buffer) : (values as Int32Array)
    const stride = to === 'BIGINT' ? 2 : 1
    for (let i = 0; i < length; i++) numbers[stride * i] = (bits[i >> 3]! >> (i & 7)) & 1
    return { layout: 'fixed', length, validity, values }
  }
}

/** Whether the integer is not 0. */
export function integerToBoolean(from: IntegerKind): Cast {
  return (column: Column) => {
    const { length, validity, values } = column as FixedColumn
    const bits = new Uint8Array((length + 7) >> 3)
    if (from === 'BIGINT') {
      const words = wordsOf(column as FixedColumn)
      for (let i = 0; i < length; i++)
        if ((words[2 * i]! | words[2 * i + 1]!) !== 0) bits[i >> 3]! |= 1 << (i & 7)
    } else {
      for (let i = 0; i < length; i++) if (values[i] !== 0) bits[i >> 3]! |= 1 << (i & 7)
    }
    return { layout: 'boolean', length, validity, bits }
  }
}
