/** Aggregate functions sum and product, with the overflow and rounding of Java's arithmetic. */
import type { DataField, DataType } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { invalid } from '../../util/errors.ts'
import { type MergeOfColumn, unlessNull, wrongType } from './value-merge.ts'

/** Adds; taking back subtracts, from nothing as well. */
export const sum: MergeOfColumn = (field) => {
  const { add, subtract, negate } = arithmetic('sum', field)
  const addOrOther = unlessNull((acc, input) => add(acc, input))
  return {
    agg: addOrOther,
    retract: (acc, input) => {
      if (input === null) return acc
      return acc === null ? negate(input) : subtract(acc, input)
    },
  }
}

/** Multiplies; taking back divides. */
export const product: MergeOfColumn = (field) => {
  const { multiply, divide } = arithmetic('product', field)
  return {
    agg: unlessNull((acc, input) => multiply(acc, input)),
    retract: (acc, input) => (acc === null || input === null ? acc : divide(acc, input)),
  }
}

type Operation = (
  a: NonNullable<InternalValue>,
  b: NonNullable<InternalValue>,
) => number | bigint | null

interface Arithmetic {
  readonly add: Operation
  readonly subtract: Operation
  readonly multiply: Operation
  readonly divide: Operation
  readonly negate: (value: NonNullable<InternalValue>) => number | bigint | null
}

function arithmetic(name: string, field: DataField): Arithmetic {
  const { type } = field
  switch (type.kind) {
    case 'TINYINT':
      return ofNumbers((value) => (value << 24) >> 24, field)
    case 'SMALLINT':
      return ofNumbers((value) => (value << 16) >> 16, field)
    case 'INT':
      return { ...ofNumbers((value) => value | 0, field), multiply: multiplyInts }
    case 'BIGINT':
      return ofBigInts(field)
    case 'FLOAT':
      return ofNumbers(Math.fround)
    case 'DOUBLE':
      return ofNumbers((value) => value)
    case 'DECIMAL':
      return ofDecimals(type, field)
    default:
      throw wrongType(name, field, 'numbers')
  }
}

/** `field` is given when a division by zero is an error. */
function ofNumbers(wrap: (value: number) => number, field?: DataField): Arithmetic {
  return {
    add: (a, b) => wrap((a as number) + (b as number)),
    subtract: (a, b) => wrap((a as number) - (b as number)),
    multiply: (a, b) => wrap((a as number) * (b as number)),
    divide: (a, b) => {
      if (field !== undefined && b === 0) throw divisionByZero(field)
      return wrap((a as number) / (b as number))
    },
    negate: (value) => wrap(-(value as number)),
  }
}

const multiplyInts: Operation = (a, b) => Math.imul(a as number, b as number)

function ofBigInts(field: DataField): Arithmetic {
  return {
    add: (a, b) => wrapLong((a as bigint) + (b as bigint)),
    subtract: (a, b) => wrapLong((a as bigint) - (b as bigint)),
    multiply: (a, b) => wrapLong((a as bigint) * (b as bigint)),
    divide: (a, b) => {
      if (b === 0n) throw divisionByZero(field)
      return wrapLong((a as bigint) / (b as bigint))
    },
    negate: (value) => wrapLong(-(value as bigint)),
  }
}

function wrapLong(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}

/**
 * Unscaled values of one precision and scale. What does not fit the precision becomes null, but sums of up to 18 digits
 * are only checked against 64 bits: `DecimalUtils.add` adds such decimals as longs, so DECIMAL(3, 0) can sum to 1998.
 */
function ofDecimals(type: Extract<DataType, { kind: 'DECIMAL' }>, field: DataField): Arithmetic {
  const limit = 10n ** BigInt(type.precision)
  const unit = 10n ** BigInt(type.scale)
  const fitting = (value: bigint): bigint | null => (value < limit && value > -limit ? value : null)
  const ofLongs = (value: bigint): bigint | null =>
    BigInt.asIntN(64, value) === value ? value : fitting(value)
  const summed = type.precision <= COMPACT_PRECISION ? ofLongs : fitting
  return {
    add: (a, b) => summed((a as bigint) + (b as bigint)),
    subtract: (a, b) => summed((a as bigint) - (b as bigint)),
    multiply: (a, b) => fitting(roundedQuotient((a as bigint) * (b as bigint), unit)),
    divide: (a, b) => {
      if (b === 0n) throw divisionByZero(field)
      if (!hasLastDigit(a as bigint, b as bigint)) throw endlessQuotient(field)
      return fitting(roundedQuotient((a as bigint) * unit, b as bigint))
    },
    negate: (value) => fitting(-(value as bigint)),
  }
}

/** Up to this precision Java keeps decimals as longs. */
const COMPACT_PRECISION = 18

/** The quotient, rounded to the nearest integer, halves away from zero. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n
  const [a, b] = [magnitude(dividend), magnitude(divisor)]
  const quotient = (2n * a + b) / (2n * b)
  return isNegative ? -quotient : quotient
}

/** Whether a quotient has a last decimal digit: its denominator in lowest terms has no factors but 2 and 5. */
function hasLastDigit(dividend: bigint, divisor: bigint): boolean {
  let rest = magnitude(divisor)
  for (let [a, b] = [magnitude(dividend), rest]; ; [a, b] = [b, a % b])
    if (b === 0n) {
      rest /= a
      break
    }
  for (const factor of [2n, 5n]) while (rest % factor === 0n) rest /= factor
  return rest === 1n
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

function divisionByZero(field: DataField) {
  return invalid(`a 0 cannot be taken back from the product of column "${field.name}"`, {
    hint: `fields.${field.name}.ignore-retract = true leaves out what rows take back`,
  })
}

function endlessQuotient(field: DataField) {
  return invalid(
    `taking back a value from the product of column "${field.name}" gives a number without a last digit`,
    { hint: `fields.${field.name}.ignore-retract = true leaves out what rows take back` },
  )
}
