/**
 * What Java takes a text for when it casts a string: numbers, booleans, dates, times and timestamps.
 *
 * Follows `BinaryStringUtils` and `DateTimeUtils` with their oddities: `1.9` is the integer 1, `10` the tenth day of 1970,
 * `2023-02-31 24:00:00` the first of March. Each function returns undefined where Java throws.
 */
import { daysOf } from '../date-text.ts'
import { parseDecimal, rescale } from '../decimal-text.ts'

const BOOLEANS = new Map([
  ...['t', 'true', 'y', 'yes', '1'].map((text) => [text, true] as const),
  ...['f', 'false', 'n', 'no', '0'].map((text) => [text, false] as const),
])

export function booleanOf(text: string): boolean | undefined {
  return BOOLEANS.get(text.toLowerCase())
}

const INTEGER = /^([+-]?)(?=[\d.])(\d*)(?:\.\d*)?$/

/** Digits behind a point are checked and dropped. */
export function integerOf(text: string, bits: 8 | 16 | 32 | 64): bigint | undefined {
  const match = INTEGER.exec(text)
  if (match === null) return undefined
  const digits = match[2]!.replace(/^0+/, '')
  if (digits.length > 19) return undefined
  const size = BigInt(digits)
  const value = match[1] === '-' ? -size : size
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

const FLOAT = /^[+-]?(?:NaN|Infinity|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/

/** `Double.parseDouble` and `Float.parseFloat`, without their hexadecimal form. */
export function floatOf(text: string, single: boolean): number | undefined {
  const trimmed = trimJava(text)
  if (!FLOAT.test(trimmed)) return undefined
  const plain = /[NI]/.test(trimmed) ? trimmed : trimmed.replace(/[fFdD]$/, '')
  const value = Number(plain)
  return single ? nearestFloat(value, plain) : value
}

const view = new DataView(new ArrayBuffer(4))

/** The float nearest to the text: not always the one nearest to the double nearest to it, where that lies between two. */
function nearestFloat(value: number, text: string): number {
  const float = Math.fround(value)
  if (float === value || !Number.isFinite(value)) return float
  // Behind the greatest float lies what would be the next one, were there more exponents.
  const near = Number.isFinite(float) ? float : Math.sign(float) * 2 ** 128
  const other = neighbour(near, value > near)
  // The double is no tie of two floats; or it is, and the text's digits beyond it decide.
  if (value - near !== other - value) return float
  const exact = parseDecimal(text)
  if (exact === undefined) return float
  const scale = Math.max(exact.scale, 1100)
  const [of, tie] = [rescale(exact, scale), rescale(parseDecimal(exactText(value))!, scale)]
  if (of === tie) return float
  return of > tie === other > near ? Math.fround(other) : float
}

/** The next float above or below one, or below 2^128. */
function neighbour(near: number, above: boolean): number {
  const size = Math.abs(near)
  if (size === 0) return above ? 2 ** -149 : -(2 ** -149)
  if (size === 2 ** 128) return Math.sign(near) * MAX_FLOAT
  view.setFloat32(0, near)
  view.setInt32(0, view.getInt32(0) + (above === near > 0 ? 1 : -1))
  const next = view.getFloat32(0)
  return Number.isFinite(next) ? next : Math.sign(next) * 2 ** 128
}

const MAX_FLOAT = 2 ** 128 - 2 ** 104

/** All digits of a double. */
function exactText(value: number): string {
  let scale = 0
  let whole = value
  while (!Number.isInteger(whole)) {
    whole *= 2
    scale++
  }
  // whole / 2^scale = whole * 5^scale / 10^scale
  return `${BigInt(whole) * 5n ** BigInt(scale)}e-${scale}`
}

/** `String.trim`, which takes control characters for blanks and no blanks of Unicode. */
export function trimJava(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && text.charCodeAt(from) <= 0x20) from++
  while (to > from && text.charCodeAt(to - 1) <= 0x20) to--
  return text.slice(from, to)
}

/** Java's `StringUtils.isNumeric`: digits, behind a minus perhaps. */
function isNumeric(text: string): boolean {
  return /^-?\d+$/.test(text)
}

/** A day number, or `y[-M[-d]]` with anything behind a blank. */
export function dateOf(text: string): number | undefined {
  if (isNumeric(text)) return smallInteger(text)
  const blank = text.indexOf(' ')
  const [yearText = '', monthText = '1', ...dayTexts] = (
    blank > 0 ? text.slice(0, blank) : text
  ).split('-')
  const year = numberOf(yearText)
  const month = numberOf(monthText)
  const day = dayTexts.length === 0 ? 1 : numberOf(dayTexts.join('-'))
  const isDate = year <= 9999 && !Number.isNaN(month) && !Number.isNaN(day)
  return isDate ? daysOf(year, month, day) : undefined
}

function smallInteger(text: string): number | undefined {
  const value = integerOf(text, 32)
  return value === undefined ? undefined : Number(value)
}

/** The digits between blanks as a number, or NaN; Java's int is exceeded by none that is used. */
function numberOf(text: string): number {
  const digits = trimJava(text)
  const value = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  return value <= 0x7fff_ffff ? value : Number.NaN
}

/**
 * Milliseconds: a number of them, or `H[:m[:s[.fraction]]]` and an offset of hours and minutes that is added. No part is
 * held against its range, so that the result may lie outside of a day.
 */
export function timeOf(text: string): number | undefined {
  if (isNumeric(text)) return smallInteger(text)
  let sign = text.indexOf('-')
  const factor = sign < 0 ? 1 : -1
  if (sign < 0) sign = text.indexOf('+')
  const clock = sign < 0 ? text : text.slice(0, sign)
  const offset = sign < 0 ? [] : splitAtColons(text.slice(sign + 1), 1).map(numberOf)
  const [hoursText = '', minutesText = '0', rest] = splitAtColons(clock, 2)
  // Java looks for the clock's two colons in the whole text.
  if (offset.length > 1 && rest === undefined) return undefined
  const [seconds, millis] = rest === undefined ? [0, 0] : secondsAndMillis(rest)
  const [hours, minutes] = [numberOf(hoursText), numberOf(minutesText)]
  if ([hours, minutes, seconds, ...offset].some((part) => Number.isNaN(part))) return undefined
  const [offsetHours = 0, offsetMinutes = 0] = offset
  // In the integer arithmetic of Java, which wraps.
  return (
    (Math.imul(hours + factor * offsetHours, 3_600_000) +
      Math.imul(minutes + factor * offsetMinutes, 60_000) +
      Math.imul(seconds, 1000) +
      millis) |
    0
  )
}

/** At the first `count` colons. */
function splitAtColons(text: string, count: number): string[] {
  const colon = count === 0 ? -1 : text.indexOf(':')
  if (colon < 0) return [text]
  return [text.slice(0, colon), ...splitAtColons(text.slice(colon + 1), count - 1)]
}

function secondsAndMillis(text: string): [seconds: number, millis: number] {
  const point = text.indexOf('.')
  if (point < 0) return [numberOf(text), 0]
  return [numberOf(text.slice(0, point)), fractionMillis(trimJava(text.slice(point + 1)))]
}

/** Three digits, rounded by a fourth; what is no digit counts as 0. */
function fractionMillis(fraction: string): number {
  let millis = 0
  for (const [i, weight] of [100, 10, 1].entries()) {
    const digit = fraction.charCodeAt(i) - 0x30
    if (digit >= 0 && digit <= 9) millis += weight * digit
  }
  // Any character from 5 on rounds up, be it a digit or not.
  return fraction.length > 3 && fraction.charCodeAt(3) >= 0x35 ? millis + 1 : millis
}

/** What a text says of a point in time. */
export interface MomentText {
  readonly days: number
  readonly secondOfDay: number
  readonly nanos: number
}

const MOMENT = /^(\d{4}|\+\d{5,19})-(\d+)-(\d+)(?: (\d+):(\d+):(\d+)(?:\.(\d{0,9}))?)?$/

/** The pattern `yyyy-[MM][M]-[dd][d][ [HH][H]:[mm][m]:[ss][s][.fraction]]` with the leniency of `ResolverStyle.SMART`. */
export function momentOf(text: string): MomentText | undefined {
  const match = MOMENT.exec(text)
  if (match === null) return undefined
  const year = Number(match[1])
  const [month, day] = [paired(match[2]), paired(match[3])]
  const [hours, minutes, seconds] = [paired(match[4]), paired(match[5]), paired(match[6])]
  const nanos = Number((match[7] ?? '').padEnd(9, '0'))
  if (!(year >= 1 && year <= 999_999_999 && month >= 1 && day >= 1 && day <= 31)) return undefined
  const isMidnight = hours === 24 && minutes === 0 && seconds === 0 && nanos === 0
  if (!(hours <= 23 || isMidnight) || !(minutes <= 59) || !(seconds <= 59)) return undefined
  // A day that a month lacks is taken for its last.
  let days: number | undefined
  for (let each = day; days === undefined && each > 27; each--) days = daysOf(year, month, each)
  days ??= daysOf(year, month, day)
  if (days === undefined) return undefined
  return { days, secondOfDay: hours * 3600 + minutes * 60 + seconds, nanos }
}

/** Digits that a pattern like `[MM][M]` takes: one, or two, or two and the same number once more. */
function paired(digits = '0'): number {
  if (digits.length <= 2) return Number(digits)
  const value = Number(digits.slice(0, 2))
  return digits.length <= 21 && Number(digits.slice(2)) === value ? value : Number.NaN
}
