/**
 * Values as the text that Java prints and reads: the names of partition directories, default values, options.
 *
 * `javaText` is the `toString` of Paimon's internal objects, `castText` its cast to STRING, and `parseValueText` its
 * `TypeUtils.castFromString`. A TIMESTAMP_LTZ is read and printed in UTC, where Java takes the zone of the process.
 */
import { invalid, unsupported, type LakeError } from '../util/errors.ts'
import { timestampUnit } from './column.ts'
import type { DataType } from './data-type.ts'
import { dateText, parseDate } from './date-text.ts'
import { decimalText, fitsPrecision, parseDecimal, powerOfTen, rescale } from './decimal-text.ts'
import { shortestFloat } from './float-text.ts'
import { type InternalValue, textOf, utf8 } from './internal-value.ts'
import { typeText } from './type-text.ts'

type Value = Exclude<InternalValue, null>

/**
 * The text of `toString`: a DATE is its day number, a TIME its milliseconds, a timestamp `2020-01-01T10:00`. Throws
 * UNSUPPORTED for types whose text says nothing of the value in Java: bytes and nested types.
 */
export function javaText(type: DataType, value: Value): string {
  switch (type.kind) {
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return isoTimestamp(type.precision, value as bigint)
    case 'DATE':
    case 'TIME':
      return String(value)
    case 'BINARY':
    case 'VARBINARY':
      throw noText(type)
    default:
      return castText(type, value)
  }
}

/** The text of a cast to STRING: `2020-01-01`, `10:00:00.5`, `2020-01-01 10:00:00.000`. */
export function castText(type: DataType, value: Value): string {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return String(value)
    case 'FLOAT':
    case 'DOUBLE':
      return floatText(value as number, type.kind === 'FLOAT')
    case 'DECIMAL':
      return decimalText(value as bigint, type.scale)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return textOf(value as Uint8Array)
    case 'DATE':
      return castDate(value as number)
    case 'TIME':
      return clockText(value as number, type.precision)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return castTimestamp(type.precision, value as bigint)
    default:
      throw noText(type)
  }
}

function noText(type: DataType): LakeError {
  return unsupported(`a value of type ${typeText(type)} has no text`)
}

/**
 * `Float.toString` and `Double.toString` of JDK 19 and newer: as few digits as name the number, at least two, with an
 * exponent below 10^-3 and from 10^7 on. Older JDKs print a digit too many for a few numbers of many digits.
 */
export function floatText(value: number, single: boolean): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const sign = value < 0 ? '-' : ''
  const [digits, exponent] = shortestDigits(Math.abs(value), single)
  if (exponent < -3 || exponent >= 7)
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/** The significant digits, and the power of ten of the first one. */
function shortestDigits(value: number, single: boolean): [digits: string, exponent: number] {
  let text = (single ? shortestFloat(value) : value).toExponential()
  if (!text.includes('.')) {
    // Two digits are allowed where one would do, and the closer of such texts is taken: 4.9E-324, not 5E-324.
    const closer = value.toExponential(1)
    const parsed = single ? Math.fround(Number(closer)) : Number(closer)
    if (parsed === value) text = closer
  }
  const [mantissa = '', exponent] = text.split('e')
  const digits = mantissa.replace('.', '').replace(/0+$/, '')
  return [digits, Number(exponent)]
}

/** `HH:mm:ss`, and from precision 1 on as many digits of the milliseconds as are needed, at least one. */
function clockText(time: number, precision: number): string {
  // A time below zero is one of the day before, and of hours there are two digits.
  const millis = (time < 0 ? (time % DAY_MS) + DAY_MS : time) % (100 * HOUR_MS)
  const seconds = Math.floor(millis / 1000)
  const clock = secondsText(seconds)
  if (precision === 0) return clock
  const fraction = String(millis - seconds * 1000).padStart(3, '0')
  const needed = fraction.replace(/0+$/, '') || '0'
  return `${clock}.${needed.length > precision ? fraction.slice(0, precision) : needed}`
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** `yyyy-MM-dd` with the last four digits of the year; before the year 0 each is that far below the character 0. */
function castDate(days: number): string {
  const text = dateText(days)
  if (text.length === 10) return text
  const year = Number(text.slice(0, -6))
  const digits = [1000, 100, 10, 1].map((unit) =>
    String.fromCodePoint(0x30 + (Math.trunc(year / unit) % 10)),
  )
  return digits.join('') + text.slice(-6)
}

function secondsText(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

/** `LocalDateTime.toString`: no seconds when they are zero, and 3, 6 or 9 digits after them. */
function isoTimestamp(precision: number, value: bigint): string {
  const { days, seconds, nanos } = splitTimestamp(precision, value)
  const clock = secondsText(seconds)
  if (nanos === '000000000')
    return `${dateText(days)}T${seconds % 60 === 0 ? clock.slice(0, 5) : clock}`
  const fraction = nanos.endsWith('000000')
    ? nanos.slice(0, 3)
    : nanos.endsWith('000')
      ? nanos.slice(0, 6)
      : nanos
  return `${dateText(days)}T${clock}.${fraction}`
}

/** At least as many digits after the seconds as the precision, more when they are not zero. */
function castTimestamp(precision: number, value: bigint): string {
  const { days, seconds, nanos } = splitTimestamp(precision, value)
  const fraction = nanos.slice(0, precision) + nanos.slice(precision).replace(/0+$/, '')
  const clock = `${castDate(days)} ${secondsText(seconds)}`
  return fraction === '' ? clock : `${clock}.${fraction}`
}

interface TimestampParts {
  readonly days: number
  /** Of the day. */
  readonly seconds: number
  /** Nine digits. */
  readonly nanos: string
}

function splitTimestamp(precision: number, value: bigint): TimestampParts {
  const perSecond = powerOfTen(timestampUnit(precision))
  const fraction = ((value % perSecond) + perSecond) % perSecond
  const total = Number((value - fraction) / perSecond)
  const days = Math.floor(total / 86_400)
  const digits = fraction.toString().padStart(timestampUnit(precision), '0')
  return { days, seconds: total - days * 86_400, nanos: digits.padEnd(9, '0') }
}

/**
 * The value that a text means, as Java casts it. Throws INVALID for a text that is none of the type, and for a decimal
 * with too many digits (which Java makes a null).
 */
export function parseValueText(type: DataType, text: string): Value {
  const value = parse(type, text)
  if (value !== undefined) return value
  const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text
  throw invalid(`"${shown}" is no ${typeText(type)}`)
}

function parse(type: DataType, text: string): Value | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return BOOLEANS.get(text.toLowerCase())
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT': {
      const value = parseInteger(text, INTEGER_BITS[type.kind])
      return type.kind === 'BIGINT' || value === undefined ? value : Number(value)
    }
    case 'FLOAT':
    case 'DOUBLE':
      return parseFloatText(text, type.kind === 'FLOAT')
    case 'DECIMAL': {
      const exact = parseDecimal(text)
      const unscaled = exact && rescale(exact, type.scale)
      return unscaled !== undefined && fitsPrecision(unscaled, type.precision)
        ? unscaled
        : undefined
    }
    case 'CHAR':
    case 'VARCHAR':
      return Array.from(text).length <= type.length ? utf8(text) : undefined
    case 'BINARY':
      return utf8(text)
    case 'VARBINARY': {
      const bytes = utf8(text)
      return bytes.length <= type.length ? bytes : undefined
    }
    case 'DATE':
      return parseDateText(text)
    case 'TIME':
      return parseClock(text)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return parseTimestampText(type.kind, type.precision, text)
    default:
      throw noText(type)
  }
}

const BOOLEANS = new Map([
  ...['t', 'true', 'y', 'yes', '1'].map((text) => [text, true] as const),
  ...['f', 'false', 'n', 'no', '0'].map((text) => [text, false] as const),
])

const INTEGER_BITS = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 } as const

function parseInteger(text: string, bits: number): bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

const FLOAT = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/

function parseFloatText(text: string, single: boolean): number | undefined {
  const trimmed = text.trim()
  if (!FLOAT.test(trimmed)) return undefined
  const value = Number(/[NI]/.test(trimmed) ? trimmed : trimmed.replace(/[fFdD]$/, ''))
  if (!single || Number.isNaN(value)) return value
  const float = Math.fround(value)
  // A text of few digits means the float that rounds to it; 16777217 is no float's rounding, and refused as in Java.
  const digits = value.toExponential().replace(/e.*|\D/g, '').length
  return float === value || Number(float.toPrecision(digits)) === value ? float : undefined
}

/** A day number, or `y-M-d` with month and day optional and anything behind a blank ignored. */
function parseDateText(text: string): number | undefined {
  const days = parseInteger(text, 32)
  if (days !== undefined) return Number(days)
  const match = /^(\d{1,4})-(\d{1,2})(?:-(\d{1,2}))?(?: .*)?$/s.exec(text)
  return match === null ? undefined : daysOf(match[1]!, match[2]!, match[3])
}

function daysOf(year: string, month: string, day = '1'): number | undefined {
  return parseDate(`${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)
}

const CLOCK = String.raw`(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?`

/** Milliseconds of the day: a number of them, or `H:m[:s[.fraction]]`. */
function parseClock(text: string): number | undefined {
  const millis = parseInteger(text, 32)
  if (millis !== undefined) return millis >= 0n && millis < 86_400_000n ? Number(millis) : undefined
  const match = new RegExp(`^${CLOCK}$`).exec(text)
  const seconds = match === null ? undefined : secondsOf(match[1]!, match[2]!, match[3])
  return seconds === undefined
    ? undefined
    : seconds * 1000 + Number((match![4] ?? '').padEnd(3, '0').slice(0, 3))
}

function secondsOf(hours: string, minutes: string, seconds = '0'): number | undefined {
  const parts = [Number(hours), Number(minutes), Number(seconds)] as const
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return undefined
  return parts[0] * 3600 + parts[1] * 60 + parts[2]
}

const TIMESTAMP = new RegExp(String.raw`^(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]${CLOCK}(Z)?)?$`)

/** A number in the unit of the precision (0, 3, 6 or 9), or `y-M-d[ H:m[:s[.fraction]]]`; digits beyond are cut. */
function parseTimestampText(
  kind: 'TIMESTAMP' | 'TIMESTAMP_LTZ',
  precision: number,
  text: string,
): bigint | undefined {
  if (kind === 'TIMESTAMP' && precision % 3 === 0) {
    const epoch = parseInteger(text, 64)
    if (epoch !== undefined) return precision === 0 ? epoch * 1000n : epoch
  }
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hours = '0', minutes = '0', seconds, fraction = ''] =
    match
  const days = daysOf(year, month, day)
  const ofDay = secondsOf(hours, minutes, seconds)
  if (days === undefined || ofDay === undefined || (match[8] === 'Z' && kind === 'TIMESTAMP'))
    return undefined
  const unit = timestampUnit(precision)
  const kept = fraction.slice(0, precision).padEnd(unit, '0')
  return BigInt(days * 86_400 + ofDay) * powerOfTen(unit) + BigInt(kept || '0')
}
