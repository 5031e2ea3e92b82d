/** Times as people write them, in the time zone of the process unless they name another one. */
import { parseTimestamp, timestampValue } from './date-text.ts'

/** One digit is enough for every part but the year, and the time of day may be missing, as in Java's `DateTimeUtils`. */
const LOCAL_TIME =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?$/

/** Milliseconds since 1970-01-01T00:00Z of a text such as `2026-11-21 08:30:00.5`; undefined for what is no time. */
export function localTimeMillis(text: string): number | undefined {
  const parsed = parseTimestamp(text)
  if (parsed?.zone !== undefined) {
    const value = timestampValue(parsed, 3)
    return value === undefined ? undefined : Number(value)
  }
  const match = LOCAL_TIME.exec(text)
  if (match === null) return undefined
  const part = (at: number): number => Number(match[at] ?? 0)
  const [year, month, day] = [part(1), part(2), part(3)]
  const [hour, minute, second] = [part(4), part(5), part(6)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const millis = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const date = new Date(0)
  date.setFullYear(year, month - 1, day)
  // A day that the month does not have moves into the next one.
  if (date.getMonth() !== month - 1 || date.getDate() !== day) return undefined
  date.setHours(hour, minute, second, millis)
  return date.getTime()
}

/** The instant of a time without a zone, given as if it were UTC, such as the creation time of a data file. */
export function instantOfLocal(localMillis: number): number {
  const local = new Date(localMillis)
  const date = new Date(0)
  date.setFullYear(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate())
  return date.setHours(
    local.getUTCHours(),
    local.getUTCMinutes(),
    local.getUTCSeconds(),
    local.getUTCMilliseconds(),
  )
}

/** `2026-11-21T08:30:00.500Z`: how messages show a time. */
export function instantText(timeMillis: number): string {
  const date = new Date(timeMillis)
  return Number.isNaN(date.getTime()) ? `${timeMillis} ms` : date.toISOString()
}

/** The other way round: the time that clocks of the process's zone show at the instant, as if it were UTC. */
export function localOfInstant(timeMillis: number): number {
  const date = new Date(timeMillis)
  const local = new Date(0)
  local.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate())
  return local.setUTCHours(
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
    date.getMilliseconds(),
  )
}
