/**
 * Reads times by a pattern such as `yyyyMMdd HH`: what `java.time.format.DateTimeFormatter` takes, as far as it is digits.
 *
 * Letters mean what they mean there, with its rules of smart resolving: a day beyond the end of its month is the last one,
 * and a time of day may leave its minutes out. Letters whose text depends on a language or on a zone are refused.
 */
import { invalid, type LakeError, unsupported } from '../util/errors.ts'
import { show } from '../util/show.ts'
import { daysOf } from './date-text.ts'

/** Milliseconds of a time without a zone, as if it were UTC; undefined for a text that is no such time. */
export type TimeReader = (text: string) => number | undefined

/** INVALID for what is no pattern; UNSUPPORTED, naming the letter, for patterns that are more than digits. */
export function timeReader(pattern: string): TimeReader {
  const { source, runs } = compile(pattern)
  const form = new RegExp(`^${source}$`, 'u')
  return (text) => {
    const match = form.exec(text)
    if (match === null) return undefined
    const parts = partsOf(runs, match)
    return parts === undefined ? undefined : timeOf(parts)
  }
}

type Part =
  | 'year'
  | 'month'
  | 'day'
  | 'yearDay'
  | 'hour'
  | 'clockHour'
  | 'hour12'
  | 'clockHour12'
  | 'pm'
  | 'minute'
  | 'second'
  | 'nano'

interface Letter {
  readonly part: Part
  /** What a run of so many of the letter matches; undefined where Java has no such form, or one that is text. */
  readonly form: (count: number) => string | undefined
  /** The number that the digits are where the pattern has so many letters. */
  readonly value: (digits: string, count: number) => number
  readonly min: number
  readonly max: number
}

const shortNumber = (count: number): string | undefined =>
  count === 1 ? String.raw`\d{1,19}` : count === 2 ? String.raw`\d{2}` : undefined

function number(part: Part, min: number, max: number): Letter {
  return { part, form: shortNumber, value: (digits) => Number(digits), min, max }
}

const YEAR: Letter = {
  part: 'year',
  form: (count) => {
    if (count === 2) return String.raw`\d{2}`
    // With four letters or more a longer year would need a sign.
    return count < 4 ? `\\d{${count},19}` : `\\d{${count}}`
  },
  value: (digits, count) => (count === 2 ? 2000 : 0) + Number(digits),
  min: 1,
  max: 999_999_999,
}

const LETTERS: Readonly<Record<string, Letter>> = {
  y: YEAR,
  u: {
    ...YEAR,
    form: (count) => `${count === 2 ? '' : '-?'}${YEAR.form(count)}`,
    min: -999_999_999,
  },
  M: number('month', 1, 12),
  L: number('month', 1, 12),
  d: number('day', 1, 31),
  D: {
    ...number('yearDay', 1, 366),
    form: (count) =>
      [undefined, String.raw`\d{1,19}`, String.raw`\d{2,3}`, String.raw`\d{3}`][count],
  },
  H: number('hour', 0, Infinity),
  k: number('clockHour', 0, 24),
  K: number('hour12', 0, Infinity),
  h: number('clockHour12', 0, 12),
  a: {
    part: 'pm',
    form: (count) => (count === 1 ? 'AM|PM' : undefined),
    value: (word) => (word === 'PM' ? 1 : 0),
    min: 0,
    max: 1,
  },
  m: number('minute', 0, Infinity),
  s: number('second', 0, Infinity),
  S: {
    part: 'nano',
    form: (count) => (count <= 9 ? `\\d{${count}}` : undefined),
    value: (digits) => Number(digits.padEnd(9, '0')),
    min: 0,
    max: 999_999_999,
  },
}

/** Runs of a letter, quoted texts, and single characters. */
const TOKENS = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^]/gu

/** A run of a letter. */
interface Run {
  readonly letter: Letter
  readonly count: number
}

function compile(pattern: string): { source: string; runs: readonly Run[] } {
  const runs: Run[] = []
  let source = ''
  let depth = 0
  for (const [token, name, quoted] of pattern.matchAll(TOKENS)) {
    if (name !== undefined) {
      source += `(${formOf(pattern, name, token.length)})`
      runs.push({ letter: LETTERS[name]!, count: token.length })
    } else if (quoted !== undefined) {
      source += escaped(quoted === '' ? "'" : quoted.replaceAll("''", "'"))
    } else if (token === '[') {
      depth++
      source += '(?:'
    } else if (token === ']') {
      if (--depth < 0) throw noPattern(pattern, 'has a ] without a [')
      source += ')?'
    } else if ("{}#'".includes(token)) {
      throw noPattern(pattern, `has a ${token} that is not quoted`)
    } else {
      source += escaped(token)
    }
  }
  return { source: source + ')?'.repeat(depth), runs }
}

function formOf(pattern: string, name: string, count: number): string {
  const form = LETTERS[name]?.form(count)
  if (form !== undefined) return form
  throw unsupported(
    `the letters ${name.repeat(Math.min(count, 20))} in the pattern of times ${show(pattern)} are not supported`,
    {
      hint: `supported are ${Object.keys(LETTERS).join(', ')} as digits, such as yyyyMMdd HH:mm:ss`,
    },
  )
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}

function noPattern(pattern: string, what: string): LakeError {
  return invalid(`the pattern of times ${show(pattern)} ${what}`, {
    hint: 'write for example yyyyMMdd or yyyy-MM-dd HH:mm:ss',
  })
}

type Parts = Partial<Record<Part, number>>

/** Undefined where a number is out of its range, or is there twice and differs. */
function partsOf(runs: readonly Run[], match: RegExpExecArray): Parts | undefined {
  const parts: Parts = {}
  for (const [at, { letter, count }] of runs.entries()) {
    const { part, value, min, max } = letter
    const digits = match[at + 1]
    if (digits === undefined) continue
    const given = value(digits, count)
    if (given < min || given > max || (parts[part] ?? given) !== given) return undefined
    parts[part] = given
  }
  return parts
}

/** Undefined for what is no day, or no time of day. Where the time of day is not whole, only the day counts. */
function timeOf(parts: Parts): number | undefined {
  const days = dayOf(parts)
  const ofDay = timeOfDay(parts)
  return days === undefined || ofDay === undefined ? undefined : days * DAY_MS + ofDay
}

function dayOf({ year, month, day, yearDay }: Parts): number | undefined {
  if (year === undefined) return undefined
  if (month !== undefined && day !== undefined) {
    const next = month === 12 ? daysOf(year + 1, 1, 1) : daysOf(year, month + 1, 1)
    return Math.min(daysOf(year, month, 1)! + day - 1, next! - 1)
  }
  if (yearDay === undefined) return undefined
  const days = daysOf(year, 1, 1)! + yearDay - 1
  return days < daysOf(year + 1, 1, 1)! ? days : undefined
}

/** Milliseconds; 0 where the parts do not make one; undefined for one that no clock shows. */
function timeOfDay(parts: Parts): number | undefined {
  const { minute, second, nano } = parts
  const hour = hourOf(parts)
  if (hour === undefined) return isShown(parts) ? 0 : undefined
  // Parts that do not go together are not looked at.
  if (minute === undefined && (second !== undefined || nano !== undefined)) return 0
  if (second === undefined && nano !== undefined) return 0
  const [minutes, seconds, nanos] = [minute ?? 0, second ?? 0, nano ?? 0]
  // The end of a day is the start of the next one.
  if (hour === 24 && minutes + seconds + nanos === 0) return DAY_MS
  if (!(hour < 24 && minutes < 60 && seconds < 60)) return undefined
  return ((hour * 60 + minutes) * 60 + seconds) * 1000 + nanos / 1e6
}

/** Whether a clock shows the parts that there are. */
function isShown({ minute = 0, second = 0, hour12 = 0 }: Parts): boolean {
  return minute < 60 && second < 60 && hour12 < 12
}

/** NaN for one that a clock of twelve hours does not show. Clocks that begin at 1 have 24 or 12 in the place of 0. */
function hourOf({ hour, clockHour, hour12, clockHour12, pm }: Parts): number | undefined {
  if (hour !== undefined) return hour
  if (clockHour !== undefined) return clockHour % 24
  const ofClock = hour12 ?? (clockHour12 === undefined ? undefined : clockHour12 % 12)
  if (ofClock === undefined || pm === undefined) return undefined
  return ofClock < 12 ? pm * 12 + ofClock : Number.NaN
}

const DAY_MS = 86_400_000
