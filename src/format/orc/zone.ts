/** Offsets of the time zones that ORC files name, as Java's `TimeZone` knows them. */
import { unsupported } from '../../util/errors.ts'

/** Milliseconds that a zone is ahead of UTC at an instant. */
export type ZoneOffset = (instantMillis: number) => number

/** UNSUPPORTED for a zone that is not known here. */
export function zoneOffset(name: string): ZoneOffset {
  const known = zones.get(name)
  if (known !== undefined) return known
  const offset = fixedOffset(name) ?? namedOffset(name)
  if (zones.size < ZONES_MAX) zones.set(name, offset)
  return offset
}

const ZONES_MAX = 64
const zones = new Map<string, ZoneOffset>()

const UTC = /^(?:UTC|GMT|Z|Etc\/UTC)$/
const CUSTOM = /^GMT([+-])(\d{1,2})(?::?(\d{2}))?$/

function fixedOffset(name: string): ZoneOffset | null {
  if (UTC.test(name)) return () => 0
  const custom = CUSTOM.exec(name)
  if (custom === null) return null
  const minutes = 60 * Number(custom[2]) + Number(custom[3] ?? 0)
  const millis = (custom[1] === '-' ? -60_000 : 60_000) * minutes
  return () => millis
}

/** Offsets are looked up at the ends of stretches of time and remembered; where they differ, at the instant itself. */
const STRETCH_MS = 15 * 60_000
const STRETCHES_MAX = 4096

function namedOffset(name: string): ZoneOffset {
  const exact = exactOffset(name)
  const stretches = new Map<number, number | null>()
  return (instant) => {
    const stretch = Math.floor(instant / STRETCH_MS)
    let offset = stretches.get(stretch)
    if (offset === undefined) {
      const start = exact(stretch * STRETCH_MS)
      offset = start === exact((stretch + 1) * STRETCH_MS - 1) ? start : null
      if (stretches.size === STRETCHES_MAX) stretches.clear()
      stretches.set(stretch, offset)
    }
    return offset ?? exact(instant)
  }
}

function exactOffset(name: string): ZoneOffset {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'iso8601',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw unsupported(`the file was written in the time zone "${name}", which is not known`)
  }
  return (instant) => {
    // Whole seconds: the parts have no fraction. Instants that a Date cannot hold have the offset of the last one that it can.
    const seconds = Math.floor(Math.min(Math.max(instant, -DATE_MS_MAX), DATE_MS_MAX) / 1000)
    const parts = new Map(
      format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]),
    )
    const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
    const year = parts.get('era')?.startsWith('B') ? 1 - part('year') : part('year')
    const local = new Date(0)
    local.setUTCFullYear(year, part('month') - 1, part('day'))
    local.setUTCHours(part('hour'), part('minute'), part('second'))
    return local.getTime() - seconds * 1000
  }
}

/** A day less than what a Date holds. */
const DATE_MS_MAX = 8.64e15 - 86_400_000
