/**
 * Casts to and from DECIMAL: rounded half up, null where the digits do not fit.
 *
 * Follows `DecimalToDecimalCastRule`, `NumericPrimitiveToDecimalCastRule`, `DecimalToNumericPrimitiveCastRule` and
 * `BooleanToNumericCastRule`.
 */
import {
  allocateFixed,
  type BooleanColumn,
  type Column,
  type FixedColumn,
  type FixedValues,
} from '../column.ts'
import { ofKind } from '../data-type.ts'
import { decimalText, fitsPrecision, parseDecimal, powerOfTen, rescale } from '../decimal-text.ts'
import {
  type Cast,
  type DecimalType,
  notCast,
  type NumberKind,
  Presence,
  unchanged,
  wordsOf,
} from './rule.ts'

/** Up to so many digits an unscaled value, and what arithmetic makes of it on the way, is exact in a double. */
const EXACT_DIGITS = 15
const TWO_32 = 2 ** 32

export function decimalToDecimal(from: DecimalType, to: DecimalType): Cast {
  const widens = to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  if (widens && to.scale === from.scale) return unchanged
  if (from.precision <= EXACT_DIGITS && to.precision <= EXACT_DIGITS) return smallDecimals(from, to)
  return (column) => {
    const target = new DecimalTarget(column, to)
    const { values } = column as FixedColumn
    for (let i = 0; i < column.length; i++)
      if (target.has(i))
        target.setBig(i, rescale({ unscaled: unscaledAt(values, i), scale: from.scale }, to.scale))
    return target.finish()
  }
}

function smallDecimals(from: DecimalType, to: DecimalType): Cast {
  const shift = to.scale - from.scale
  const factor = 10 ** Math.abs(shift)
  return (column) => {
    const target = new DecimalTarget(column, to)
    const words = wordsOf(column as FixedColumn)
    for (let i = 0; i < column.length; i++) {
      if (!target.has(i)) continue
      const unscaled = smallAt(words, i)
      if (shift >= 0) target.setSmall(i, unscaled * factor)
      else {
        const size = Math.floor((Math.abs(unscaled) + factor / 2) / factor)
        target.setSmall(i, unscaled < 0 ? -size : size)
      }
    }
    return target.finish()
  }
}

export function integerToDecimal(to: DecimalType): Cast {
  const factor = 10 ** to.scale
  const big = powerOfTen(to.scale)
  return (column) => {
    const target = new DecimalTarget(column, to)
    const { values } = column as FixedColumn
    const words = values instanceof BigInt64Array ? wordsOf(column as FixedColumn) : null
    for (let i = 0; i < column.length; i++) {
      if (!target.has(i)) continue
      if (to.precision > EXACT_DIGITS) target.setBig(i, BigInt(values[i]!) * big)
      else {
        const value =
          words === null
            ? (values[i] as number)
            : words[2 * i + 1]! * TWO_32 + (words[2 * i]! >>> 0)
        target.setSmall(i, value * factor)
      }
    }
    return target.finish()
  }
}

/** By the number's shortest text, as Java does it; NaN and the infinities have no decimal. */
export function floatToDecimal(to: DecimalType): Cast {
  return (column) => {
    const target = new DecimalTarget(column, to)
    const { values } = column as FixedColumn
    for (let i = 0; i < column.length; i++) {
      if (!target.has(i)) continue
      const exact = parseDecimal(String(values[i]))
      if (exact === undefined) throw notCast(String(values[i]), to)
      target.setBig(i, rescale(exact, to.scale))
    }
    return target.finish()
  }
}

export function booleanToDecimal(to: DecimalType): Cast {
  const one = powerOfTen(to.scale)
  return (column) => {
    const target = new DecimalTarget(column, to)
    const { bits } = column as BooleanColumn
    for (let i = 0; i < column.length; i++)
      if (target.has(i)) target.setBig(i, (bits[i >> 3]! >> (i & 7)) & 1 ? one : 0n)
    return target.finish()
  }
}

/** Integers drop the fraction and keep low bits; floats are the nearest, as far as Java's division finds it. */
export function decimalToNumber(from: DecimalType, to: NumberKind): Cast {
  if (to === 'FLOAT' || to === 'DOUBLE') return decimalToFloat(from, to)
  const type = ofKind(to)
  const divisor = powerOfTen(from.scale)
  const isSmall = from.precision <= EXACT_DIGITS && to !== 'BIGINT'
  const factor = 10 ** from.scale
  return (column) => {
    const { length, validity, values: source } = column as FixedColumn
    const words = wordsOf(column as FixedColumn)
    const values = allocateFixed(type, length)
    for (let i = 0; i < length; i++) {
      if (isSmall) values[i] = Math.trunc(smallAt(words, i) / factor)
      else {
        const whole = unscaledAt(source, i) / divisor
        values[i] = to === 'BIGINT' ? BigInt.asIntN(64, whole) : Number(BigInt.asIntN(32, whole))
      }
    }
    return { layout: 'fixed', length, validity, values }
  }
}

/** The precision up to which Java keeps a decimal in a long. */
const COMPACT_DIGITS = 18

function decimalToFloat(from: DecimalType, to: 'FLOAT' | 'DOUBLE'): Cast {
  const factor = 10 ** from.scale
  return (column) => {
    const { length, validity, values: source } = column as FixedColumn
    const words = wordsOf(column as FixedColumn)
    const values = allocateFixed(ofKind(to), length)
    for (let i = 0; i < length; i++)
      values[i] =
        from.precision <= COMPACT_DIGITS
          ? smallAt(words, i) / factor
          : Number(decimalText(unscaledAt(source, i), from.scale))
    return { layout: 'fixed', length, validity, values }
  }
}

/** An unscaled value of up to 18 digits, as the nearest double. */
function smallAt(words: Int32Array, row: number): number {
  return words[4 * row + 1]! * TWO_32 + (words[4 * row]! >>> 0)
}

function unscaledAt(values: FixedValues, row: number): bigint {
  const low = values[2 * row] as bigint
  const high = values[2 * row + 1] as bigint
  return (high << 64n) | BigInt.asUintN(64, low)
}

/** The rows of a DECIMAL column to be; what does not fit becomes null. */
class DecimalTarget {
  readonly #presence: Presence
  readonly #length: number
  readonly #values: BigInt64Array
  readonly #words: Int32Array
  readonly #precision: number
  readonly #limit: number

  constructor(source: Column, { precision }: DecimalType) {
    this.#presence = new Presence(source)
    this.#length = source.length
    this.#values = new BigInt64Array(2 * source.length)
    this.#words = new Int32Array(this.#values.buffer)
    this.#precision = precision
    this.#limit = 10 ** precision
  }

  has(row: number): boolean {
    return this.#presence.has(row)
  }

  /** For precisions of which every value is exact in a double; `unscaled` itself may be any number. */
  setSmall(row: number, unscaled: number): void {
    if (unscaled >= this.#limit || unscaled <= -this.#limit) {
      this.#presence.clear(row)
      return
    }
    const words = this.#words
    words[4 * row] = unscaled
    words[4 * row + 1] = Math.floor(unscaled / TWO_32)
    if (unscaled < 0) {
      words[4 * row + 2] = -1
      words[4 * row + 3] = -1
    }
  }

  setBig(row: number, unscaled: bigint): void {
    if (!fitsPrecision(unscaled, this.#precision)) {
      this.#presence.clear(row)
      return
    }
    this.#values[2 * row] = BigInt.asIntN(64, unscaled)
    this.#values[2 * row + 1] = unscaled >> 64n
  }

  finish(): FixedColumn {
    const validity = this.#presence.finish()
    return { layout: 'fixed', length: this.#length, validity, values: this.#values }
  }
}
