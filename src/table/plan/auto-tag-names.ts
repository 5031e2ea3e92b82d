/** The names that tags get when they are made automatically, and the period each stands for. Follows `TagPeriodHandler`. */
import type { TableOptionValues } from '../../types/options.ts'
import { invalid } from '../../util/errors.ts'

/** The start of the period that a tag of the name stands for, in milliseconds without a zone; undefined for other names. */
export type TagPeriod = (name: string) => number | undefined

const DASHED_DAY = /^(\d{4})-(\d\d)-(\d\d)$/
const PLAIN_DAY = /^(\d{4})(\d\d)(\d\d)$/
const DASHED_HOUR = /^(\d{4})-(\d\d)-(\d\d) (\d\d)$/
const HOURS = {
  with_dashes: { pattern: DASHED_HOUR, format: 'YYYY-MM-DD HH' },
  without_dashes: { pattern: /^(\d{4})(\d\d)(\d\d) (\d\d)$/, format: 'YYYYMMDD HH' },
  without_dashes_and_spaces: {
    pattern: /^(\d{4})(\d\d)(\d\d)(\d\d)$/,
    format: 'YYYYMMDDHH',
  },
} as const
const MINUTE = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/

/** How the options (`tag.creation-period`, `tag.period-formatter`, `tag.creation-period-duration`) name tags. */
export function autoTagPeriod(options: TableOptionValues): TagPeriod {
  const names = namesOf(options)
  return (name) => timeOf(names.pattern.exec(names.isDay ? name.split(' ', 1)[0]! : name))
}

/** The period that the options name tags by, and the name of the one that starts at a time without a zone. */
export interface TagPeriods {
  readonly periodMs: number
  readonly nameOf: (startMs: number) => string
}

export function tagPeriods(options: TableOptionValues): TagPeriods {
  const { periodMs, format } = namesOf(options)
  return {
    periodMs,
    nameOf(startMs) {
      const text = Number.isNaN(new Date(startMs).getTime()) ? '' : new Date(startMs).toISOString()
      // Years beyond four digits have a sign.
      if (!/^\d/.test(text))
        throw invalid(`the time ${startMs} ms is too far from now for the name of a tag`)
      return format.replaceAll(/YYYY|MM|DD|HH|mm/g, (part) => {
        const at = PLACES[part]!
        return text.slice(at, at + part.length)
      })
    },
  }
}

/** Where the parts of a time stand in `2026-11-21T08:30:00.000Z`. */
const PLACES: Readonly<Record<string, number>> = { YYYY: 0, MM: 5, DD: 8, HH: 11, mm: 14 }

interface Names {
  readonly periodMs: number
  readonly pattern: RegExp
  /** The names of the parts where they stand. */
  readonly format: string
  /** What follows a space is not looked at. */
  readonly isDay?: boolean
}

const HOUR_MS = 3_600_000

function namesOf(options: TableOptionValues): Names {
  const periodMs = options.get('tag.creation-period-duration')
  if (periodMs !== undefined) return { periodMs, pattern: MINUTE, format: 'YYYYMMDDHHmm' }
  const formatter = options.get('tag.period-formatter')
  switch (options.get('tag.creation-period')) {
    case 'daily':
      return formatter === 'with_dashes'
        ? { periodMs: 24 * HOUR_MS, pattern: DASHED_DAY, format: 'YYYY-MM-DD', isDay: true }
        : { periodMs: 24 * HOUR_MS, pattern: PLAIN_DAY, format: 'YYYYMMDD', isDay: true }
    case 'hourly':
      return { periodMs: HOUR_MS, ...HOURS[formatter] }
    default:
      return { periodMs: 2 * HOUR_MS, ...HOURS.with_dashes }
  }
}

function timeOf(match: RegExpExecArray | null): number | undefined {
  if (match === null) return undefined
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map((part) => Number(match[part] ?? 0))
  if (hour! > 23 || minute! > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year!, month! - 1, day)
  const isDay = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day
  return isDay ? date.setUTCHours(hour!, minute) : undefined
}
