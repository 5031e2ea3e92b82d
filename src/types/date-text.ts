/**
 * Dates, times and timestamps as ISO text, both ways, in the proleptic Gregorian calendar and without JS Date.
 *
 * Texts are those of `java.time.LocalDate` and `LocalDateTime`: years outside 0..9999 carry a sign (`+10000-01-01`,
 * `-0001-01-01`).
 */
import { timestampUnit } from './column.ts'

const DAY_MS = 86_400_000
const DAY_SECONDS = 86_400

/** The ISO text of a day counted from 1970-01-01. */
export function dateText(days: number): string {
  // The civil-from-days method: shift to years that start in March, so that the leap day is a year's last.
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${yearText(year)}-${pad(month, 2)}-${pad(day, 2)}`
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return pad(year, 4)
  return year < 0 ? `-${pad(-year, 4)}` : `+${year}`
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

/**
 * `HH:MM:SS.mmm`: Paimon keeps milliseconds of the day whatever precision a TIME declares. Below zero, as casts of
 * timestamps before 1970 are, it is a time of the day before.
 */
export function timeText(time: number): string {
  const milliseconds = time < 0 ? (time % DAY_MS) + DAY_MS : time
  return `${clockText(Math.floor(milliseconds / 1000))}.${pad(milliseconds % 1000, 3)}`
}

function clockText(secondOfDay: number): string {
  const minutes = Math.floor(secondOfDay / 60)
  return `${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}:${pad(secondOfDay % 60, 2)}`
}

/** A timestamp column's integer (see `column.ts`) as `2026-11-01T12:00:00.123456`, `precision` digits after the point. */
export function timestampText(value: bigint, precision: number): string {
  const split = splitTimestamp(
    Number(BigInt.asIntN(32, value >> 32n)),
    Number(BigInt.asIntN(32, value)),
    timestampUnit(precision),
  )
  const text = `${dateText(split.days)}T${clockText(split.secondOfDay)}`
  return precision === 0 ? text : `${text}.${pad(split.nanos, 9).slice(0, precision)}`
}

/** What {@link splitTimestamp} returns; one object, filled anew by each call. */
export interface TimestampParts {
  /** Days since 1970-01-01. */
  days: number
  secondOfDay: number
  nanos: number
}

const parts: TimestampParts = { days: 0, secondOfDay: 0, nanos: 0 }

/**
 * Splits the 64-bit integer of a timestamp column, given as its two 32-bit halves, so that no bigint is made. The
 * result is valid until the next call.
 */
export function splitTimestamp(high: number, low: number, unit: 3 | 6 | 9): TimestampParts {
  const perDay = unit === 3 ? DAY_MS : DAY_MS * 1000
  if (unit === 9) {
    divide(high, low, 1_000_000_000)
    const seconds = quotient
    parts.days = Math.floor(seconds / DAY_SECONDS)
    parts.secondOfDay = seconds - parts.days * DAY_SECONDS
    parts.nanos = remainder
    return parts
  }
  divide(high, low, perDay)
  parts.days = quotient
  const perSecond = unit === 3 ? 1000 : 1_000_000
  parts.secondOfDay = Math.floor(remainder / perSecond)
  parts.nanos = (remainder - parts.secondOfDay * perSecond) * (1_000_000_000 / perSecond)
  return parts
}

let quotient = 0
let remainder = 0

/** Floor division of a 64-bit integer in three steps of 16 bits, each exact in a double for divisors below 2^37. */
function divide(high: number, low: number, divisor: number): void {
  const upper = Math.floor(high / divisor)
  const second = (high - upper * divisor) * 65_536 + (low >>> 16)
  const middle = Math.floor(second / divisor)
  const third = (second - middle * divisor) * 65_536 + (low & 0xffff)
  const lower = Math.floor(third / divisor)
  quotient = (upper * 65_536 + middle) * 65_536 + lower
  remainder = third - lower * divisor
}

const DATE = String.raw`(\d{4}|-\d{4,10}|\+\d{5,10})-(\d\d)-(\d\d)`
const TIME = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?`
const DATE_ONLY = new RegExp(`^${DATE}$`)
const TIME_ONLY = new RegExp(`^${TIME}$`)
const DATE_TIME = new RegExp(`^${DATE}(?:[T ]${TIME}(Z|[+-]\\d\\d:\\d\\d)?)?$`)

/** Days since 1970-01-01, or undefined when the text is no ISO date. */
export function parseDate(text: string): number | undefined {
  if (text.length === 10 && text[4] === '-' && text[7] === '-') return plainDays(text)
  const match = DATE_ONLY.exec(text)
  return match === null ? undefined : daysOf(Number(match[1]), Number(match[2]), Number(match[3]))
}

/** The time of day as seconds and nanoseconds, or undefined when the text is no `HH:MM[:SS[.fraction]]`. */
export function parseTime(text: string): { seconds: number; nanos: number } | undefined {
  const match = TIME_ONLY.exec(text)
  if (match === null) return undefined
  const seconds = secondsOf(match[1]!, match[2]!, match[3])
  return seconds === undefined ? undefined : { seconds, nanos: nanosOf(match[4]) }
}

export interface ParsedTimestamp extends Readonly<TimestampParts> {
  /** `Z`, an offset such as `+02:00`, or undefined: what the text ended with. It has been taken off the other parts. */
  readonly zone: string | undefined
}

/** Parses `YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]][Z|±HH:MM]]`; undefined for any other text. */
export function parseTimestamp(text: string): ParsedTimestamp | undefined {
  if (PLAIN_LENGTHS.has(text.length) && text[4] === '-' && text[10] === 'T') {
    const plain = plainTimestamp(text)
    if (plain !== undefined) return plain
  }
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const days = daysOf(Number(match[1]), Number(match[2]), Number(match[3]))
  const ofDay = match[4] === undefined ? 0 : secondsOf(match[4], match[5]!, match[6])
  const zone = match[8]
  const offset = zone === undefined || zone === 'Z' ? 0 : offsetSeconds(zone)
  if (days === undefined || ofDay === undefined || offset === undefined) return undefined
  const shift = Math.floor((ofDay - offset) / DAY_SECONDS)
  const secondOfDay = ofDay - offset - shift * DAY_SECONDS
  return { days: days + shift, secondOfDay, nanos: nanosOf(match[7]), zone }
}

/** The instant of a Date, in UTC; undefined for an invalid one. */
export function datePartsOf(date: Date): TimestampParts | undefined {
  const time = date.getTime()
  if (Number.isNaN(time)) return undefined
  const days = Math.floor(time / DAY_MS)
  const ofDay = time - days * DAY_MS
  return { days, secondOfDay: Math.floor(ofDay / 1000), nanos: (ofDay % 1000) * 1_000_000 }
}

/**
 * The integer of a timestamp column: finer digits than `precision` are cut, towards the past, as SQL casts do.
 * Undefined when it does not fit into 64 bits.
 */
export function timestampValue(
  { days, secondOfDay, nanos }: Readonly<TimestampParts>,
  precision: number,
): bigint | undefined {
  const unit = timestampUnit(precision)
  const cut = nanos - (nanos % 10 ** (9 - precision))
  const seconds = BigInt(days) * 86_400n + BigInt(secondOfDay)
  const value = seconds * 10n ** BigInt(unit) + BigInt(Math.floor(cut / 10 ** (9 - unit)))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** The lengths of `YYYY-MM-DDTHH:MM:SS` without and with 3, 6 or 9 more digits, which take a way around the regex. */
const PLAIN_LENGTHS = new Set([19, 23, 26, 29])

/** Undefined where the text is not of the plain form, or no timestamp. */
function plainTimestamp(text: string): ParsedTimestamp | undefined {
  const { length } = text
  if (text[13] !== ':' || text[16] !== ':' || (length > 19 && text[19] !== '.')) return undefined
  const days = plainDays(text)
  const hours = digitsAt(text, 11, 2)
  const minutes = digitsAt(text, 14, 2)
  const seconds = digitsAt(text, 17, 2)
  const fraction = length > 19 ? digitsAt(text, 20, length - 20) : 0
  if (days === undefined || fraction < 0) return undefined
  if (hours < 0 || minutes < 0 || seconds < 0) return undefined
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const secondOfDay = hours * 3600 + minutes * 60 + seconds
  const nanos = length > 19 ? fraction * 10 ** (29 - length) : 0
  return { days, secondOfDay, nanos, zone: undefined }
}

/** The day of a text that starts with `YYYY-MM-DD`. */
function plainDays(text: string): number | undefined {
  const year = digitsAt(text, 0, 4)
  const month = text[7] === '-' ? digitsAt(text, 5, 2) : -1
  const day = digitsAt(text, 8, 2)
  return year < 0 || month < 0 || day < 0 ? undefined : daysOf(year, month, day)
}

/** The number that so many digits make, or -1 when they are not all digits. */
function digitsAt(text: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

/** Days since 1970-01-01, or undefined for no day of the calendar. */
export function daysOf(year: number, month: number, day: number): number | undefined {
  if (Object.is(year, -0) || month < 1 || month > 12) return undefined
  if (day < 1 || day > daysInMonth(year, month)) return undefined
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

function secondsOf(hours: string, minutes: string, seconds = '0'): number | undefined {
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

function nanosOf(fraction = ''): number {
  return fraction === '' ? 0 : Number(fraction.padEnd(9, '0'))
}

/** Java's offsets reach from -18:00 to +18:00. */
function offsetSeconds(zone: string): number | undefined {
  const seconds = secondsOf(zone.slice(1, 3), zone.slice(4, 6))
  if (seconds === undefined || seconds > 18 * 3600) return undefined
  return zone[0] === '-' ? -seconds : seconds
}
