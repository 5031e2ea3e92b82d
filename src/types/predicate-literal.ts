/** Literals of predicates as the values that columns hold, and the order of those values. */
import { invalid, type LakeError } from '../util/errors.ts'
import { show } from '../util/show.ts'
import { timestampUnit } from './column.ts'
import type { DataType } from './data-type.ts'
import { datePartsOf, parseTime, parseTimestamp, type TimestampParts } from './date-text.ts'
import { parseDecimal, powerOfTen, rescaleDown } from './decimal-text.ts'
import { typeText } from './type-text.ts'

/**
 * A value as a column of a comparable type holds it, in the forms of `InternalValue`: a number for TINYINT, SMALLINT,
 * INT, DATE, TIME, FLOAT and DOUBLE; a bigint for BIGINT, TIMESTAMP and TIMESTAMP_LTZ (in the column's unit) and
 * DECIMAL (unscaled); bytes for strings and binaries.
 */
export type ScalarValue = number | bigint | boolean | Uint8Array

/**
 * Where a literal lies among the values of a type: on one of them, just above one of them (3.5 on an INT column lies
 * above 3), or outside of them all.
 */
export type Location =
  | { readonly at: 'value' | 'above'; readonly value: ScalarValue }
  | { readonly at: 'first' | 'last' }

const FIRST: Location = { at: 'first' }
const LAST: Location = { at: 'last' }
const on = (value: ScalarValue): Location => ({ at: 'value', value })

const INT_LIMITS: Partial<Record<DataType['kind'], bigint>> = {
  TINYINT: 2n ** 7n,
  SMALLINT: 2n ** 15n,
  INT: 2n ** 31n,
  BIGINT: 2n ** 63n,
}

/**
 * Finds the place of a literal among the values of `type`: `before` and `after` all of them is an answer as well, so a
 * comparison with 300 on a TINYINT column is sound. Throws INVALID, naming `column`, when the literal is of another
 * type.
 */
export function locate(type: DataType, literal: unknown, column: string): Location {
  switch (type.kind) {
    case 'BOOLEAN':
      if (typeof literal === 'boolean') return on(literal)
      throw mismatch(column, type, literal, 'a boolean')
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return locateInteger(type, literal, column)
    case 'FLOAT':
    case 'DOUBLE':
      return locateFloat(type, literal, column)
    case 'DECIMAL':
      return locateDecimal(type.scale, type, literal, column)
    case 'CHAR':
    case 'VARCHAR':
      if (typeof literal === 'string') return on(ENCODER.encode(literal))
      throw mismatch(column, type, literal, 'a string')
    case 'BINARY':
    case 'VARBINARY':
      if (literal instanceof Uint8Array) return on(literal)
      throw mismatch(column, type, literal, 'a Uint8Array')
    case 'DATE':
      return locateDate(type, literal, column)
    case 'TIME':
      return locateTime(type, literal, column)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return locateTimestamp(type, type.precision, literal, column)
    default:
      throw invalid(`column ${column} is ${typeText(type)}, which cannot be compared`, {
        hint: 'such a column can only be asked whether it is null',
      })
  }
}

const ENCODER = new TextEncoder()

function mismatch(column: string, type: DataType, literal: unknown, expected: string): LakeError {
  return invalid(
    `column ${column} is ${typeText(type)} and cannot be compared with ${show(literal)}`,
    {
      hint: `give ${expected}`,
    },
  )
}

function locateInteger(type: DataType, literal: unknown, column: string): Location {
  const limit = INT_LIMITS[type.kind]!
  const wide = type.kind === 'BIGINT'
  if (typeof literal !== 'bigint' && (typeof literal !== 'number' || Number.isNaN(literal)))
    throw mismatch(column, type, literal, wide ? 'a bigint' : 'a number')
  if (literal === Infinity || literal === -Infinity) return literal > 0 ? LAST : FIRST
  const floor = typeof literal === 'bigint' ? literal : BigInt(Math.floor(literal))
  if (floor >= limit) return LAST
  if (floor < -limit) return FIRST
  const value = wide ? floor : Number(floor)
  return { at: typeof literal === 'bigint' || Number.isInteger(literal) ? 'value' : 'above', value }
}

const FLOAT_TEXTS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

/** A number on a FLOAT column means the float nearest to it, as in Java, so that 0.1 finds what 0.1 wrote. */
function locateFloat(type: DataType, literal: unknown, column: string): Location {
  const given = FLOAT_TEXTS.get(literal) ?? literal
  if (typeof given === 'bigint') return locateBigFloat(given, type.kind === 'FLOAT')
  if (typeof given !== 'number') throw mismatch(column, type, literal, 'a number')
  if (type.kind === 'DOUBLE') return on(given)
  const value = Math.fround(given)
  if (Number.isFinite(value) || !Number.isFinite(given)) return on(value)
  return { at: 'above', value: given > 0 ? MAX_FLOAT : -Infinity }
}

const MAX_FLOAT = 2 ** 128 - 2 ** 104

function locateBigFloat(literal: bigint, single: boolean): Location {
  const value = single ? Math.fround(Number(literal)) : Number(literal)
  if (value === Infinity) return { at: 'above', value: single ? MAX_FLOAT : Number.MAX_VALUE }
  if (value === -Infinity) return { at: 'above', value }
  const exact = BigInt(value)
  if (exact === literal) return on(value)
  return { at: 'above', value: exact < literal ? value : nextDown(value) }
}

function locateDecimal(scale: number, type: DataType, literal: unknown, column: string): Location {
  if (typeof literal !== 'string' && typeof literal !== 'number' && typeof literal !== 'bigint')
    throw mismatch(column, type, literal, "a string such as '9.99'")
  if (literal === Infinity || literal === -Infinity) return literal > 0 ? LAST : FIRST
  const parsed = parseDecimal(String(literal))
  if (parsed === undefined) throw mismatch(column, type, literal, "a string such as '9.99'")
  const value = rescaleDown(parsed, scale)
  if (value >= MAX_INT128) return LAST
  if (value < -MAX_INT128) return FIRST
  const exact =
    scale >= parsed.scale || value * powerOfTen(parsed.scale - scale) === parsed.unscaled
  return { at: exact ? 'value' : 'above', value }
}

const MAX_INT128 = 2n ** 127n

const MAX_DATE = 2 ** 31

/** An instant within a day lies just above the day. */
function locateDate(type: DataType, literal: unknown, column: string): Location {
  const instant = instantOf(literal, type)
  if (instant === undefined) throw mismatch(column, type, literal, "a date such as '2026-11-01'")
  const { days, secondOfDay, nanos } = instant
  if (days >= MAX_DATE) return LAST
  if (days < -MAX_DATE) return FIRST
  return { at: secondOfDay === 0 && nanos === 0 ? 'value' : 'above', value: days }
}

function locateTime(type: DataType, literal: unknown, column: string): Location {
  const parsed = typeof literal === 'string' ? parseTime(literal) : undefined
  if (parsed === undefined) throw mismatch(column, type, literal, "a time such as '12:30:00.000'")
  const value = parsed.seconds * 1000 + Math.floor(parsed.nanos / 1_000_000)
  return { at: parsed.nanos % 1_000_000 === 0 ? 'value' : 'above', value }
}

function locateTimestamp(
  type: DataType,
  precision: number,
  literal: unknown,
  column: string,
): Location {
  const instant = instantOf(literal, type)
  if (instant === undefined)
    throw mismatch(column, type, literal, "a Date, or a text such as '2026-11-01T12:30:00.123'")
  const unit = timestampUnit(precision)
  const step = 10 ** (9 - unit)
  const seconds = BigInt(instant.days) * 86_400n + BigInt(instant.secondOfDay)
  const value = seconds * 10n ** BigInt(unit) + BigInt(Math.floor(instant.nanos / step))
  if (value >= 2n ** 63n) return LAST
  if (value < -(2n ** 63n)) return FIRST
  return { at: instant.nanos % step === 0 ? 'value' : 'above', value }
}

function instantOf(literal: unknown, type: DataType): Readonly<TimestampParts> | undefined {
  if (literal instanceof Date) return datePartsOf(literal)
  const parsed = typeof literal === 'string' ? parseTimestamp(literal) : undefined
  // A local time has no zone to convert from; a final Z is what JSON writers add to UTC and changes nothing.
  const foreign = parsed?.zone !== undefined && parsed.zone !== 'Z'
  return type.kind !== 'TIMESTAMP_LTZ' && foreign ? undefined : parsed
}

/** Compares two values of the same type: numbers as Java's Double.compare, bytes as unsigned, false before true. */
export function compareValues(a: ScalarValue, b: ScalarValue): number {
  if (typeof a === 'number') return compareNumbers(a, b as number)
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  return a < b ? -1 : a > b ? 1 : 0
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return a !== 0 || Object.is(a, b) ? 0 : Object.is(a, -0) ? -1 : 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** The least value of the type above the given one, or undefined when there is none. */
export function successor(type: DataType, value: ScalarValue): ScalarValue | undefined {
  if (typeof value === 'boolean') return value ? undefined : true
  if (value instanceof Uint8Array) {
    const longer = new Uint8Array(value.length + 1)
    longer.set(value)
    return longer
  }
  if (typeof value === 'bigint') return value + 1n
  return type.kind === 'FLOAT' || type.kind === 'DOUBLE' ? nextUp(value) : value + 1
}

/** The greatest value of the type below the given one, or undefined when there is none; not for bytes. */
export function predecessor(
  type: DataType,
  value: Exclude<ScalarValue, Uint8Array>,
): ScalarValue | undefined {
  if (typeof value === 'boolean') return value ? false : undefined
  if (typeof value === 'bigint') return value - 1n
  if (type.kind !== 'FLOAT' && type.kind !== 'DOUBLE') return value - 1
  return value === -Infinity ? undefined : nextDown(value)
}

const bits = new BigInt64Array(1)
const double = new Float64Array(bits.buffer)

function nextUp(value: number): number | undefined {
  if (Number.isNaN(value)) return undefined
  if (value === Infinity) return Number.NaN
  if (Object.is(value, -0)) return 0
  double[0] = value
  bits[0]! += value < 0 ? -1n : 1n
  return double[0]
}

function nextDown(value: number): number {
  if (Number.isNaN(value)) return Infinity
  if (Object.is(value, 0)) return -0
  double[0] = value
  bits[0]! += value < 0 || Object.is(value, -0) ? 1n : -1n
  return double[0]
}
