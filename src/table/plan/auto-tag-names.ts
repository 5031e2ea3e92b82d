/** The names that tags get when they are made automatically, and the period each stands for. Follows `TagPeriodHandler`. */
import type { TableOptionValues } from '../../types/options.ts'

/** The start of the period that a tag of the name stands for, in milliseconds without a zone; undefined for other names. */
export type TagPeriod = (name: string) => number | undefined

const DASHED_DAY = /^(\d{4})-(\d\d)-(\d\d)$/
const PLAIN_DAY = /^(\d{4})(\d\d)(\d\d)$/
const DASHED_HOUR = /^(\d{4})-(\d\d)-(\d\d) (\d\d)$/
const HOURS: Readonly<Record<string, RegExp>> = {
  with_dashes: DASHED_HOUR,
  without_dashes: /^(\d{4})(\d\d)(\d\d) (\d\d)$/,
  without_dashes_and_spaces: /^(\d{4})(\d\d)(\d\d)(\d\d)$/,
}
const MINUTE = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/

/** How the options (`tag.creation-period`, `tag.period-formatter`, `tag.creation-period-duration`) name tags. */
export function autoTagPeriod(options: TableOptionValues): TagPeriod {
  if (options.isSet('tag.creation-period-duration')) return (name) => timeOf(MINUTE.exec(name))
  const formatter = options.get('tag.period-formatter')
  switch (options.get('tag.creation-period')) {
    case 'daily': {
      const day = formatter === 'with_dashes' ? DASHED_DAY : PLAIN_DAY
      // What follows a space is not looked at.
      return (name) => timeOf(day.exec(name.split(' ', 1)[0]!))
    }
    case 'hourly':
      return (name) => timeOf(HOURS[formatter]!.exec(name))
    default:
      return (name) => timeOf(DASHED_HOUR.exec(name))
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
