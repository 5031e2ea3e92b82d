/**
 * The time that the values of a partition tell: `dt=2026-11-21,hour=8` by the pattern `$dt $hour:00:00`.
 *
 * Follows `PartitionTimeExtractor`. Values are the texts of Paimon's internal objects, so that a DATE, which is a day number
 * there, tells a time only by a formatter that takes one.
 */
import type { DataField } from './data-type.ts'
import { daysOf } from './date-text.ts'
import type { InternalValue } from './internal-value.ts'
import type { TableOptionValues } from './options.ts'
import { timeReader, type TimeReader } from './time-pattern.ts'
import { javaText } from './value-text.ts'

/** Milliseconds of a time without a zone, as if it were UTC; undefined for a partition that tells none. */
export type PartitionTime = (values: readonly InternalValue[]) => number | undefined

/** How the options `partition.timestamp-pattern` and `partition.timestamp-formatter` say it. INVALID for no formatter. */
export function partitionTime(
  fields: readonly DataField[],
  options: Pick<TableOptionValues, 'get'>,
): PartitionTime {
  const pattern = options.get('partition.timestamp-pattern')
  const formatter = options.get('partition.timestamp-formatter')
  const read = formatter === undefined ? defaultTime : timeReader(formatter)
  return (values) => {
    const text = patternText(pattern, fields, values)
    return text === undefined ? undefined : read(text)
  }
}

/** Undefined where a value that is asked for is null, or one that has no text. */
function patternText(
  pattern: string | undefined,
  fields: readonly DataField[],
  values: readonly InternalValue[],
): string | undefined {
  const texts = fields.map(({ type }, i) => {
    const value = values[i] ?? null
    const hasText = value !== null && type.kind !== 'BINARY' && type.kind !== 'VARBINARY'
    return hasText ? javaText(type, value) : undefined
  })
  if (pattern === undefined) return texts[0]
  let filled = pattern
  for (const [i, { name }] of fields.entries()) {
    const text = texts[i]
    if (text === undefined) return undefined
    filled = filled.replaceAll(`$${name}`, () => text)
  }
  return filled
}

/** Of `LocalDate`. */
const YEAR_MAX = 999_999_999
const NUMBER = String.raw`(-?\d{1,2})`
const DEFAULT_FORM = new RegExp(
  String.raw`^(-?\d{1,10})-${NUMBER}-${NUMBER}(?: ${NUMBER}:${NUMBER}:${NUMBER}(?:\.(\d{1,9}))?)?$`,
)

/** `2026-11-21` and `2026-11-21 8:30:00.5`. Months, days and hours beyond their range count on, as Java's lenient style has it. */
const defaultTime: TimeReader = (text) => {
  const match = DEFAULT_FORM.exec(text)
  if (match === null) return undefined
  const parts = match.slice(1, 7).map((part) => Number(part ?? 0))
  if (parts.some((part) => Object.is(part, -0))) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  if (Math.abs(year) > YEAR_MAX) return undefined
  const months = year * 12 + month - 1
  const first = daysOf(Math.floor(months / 12), (((months % 12) + 12) % 12) + 1, 1)!
  const seconds = ((first + day - 1) * 24 + hour) * 3600 + minute * 60 + second
  return seconds * 1000 + Number(`0.${match[7] ?? 0}`) * 1000
}
