/**
 * Tag files (`tag/tag-NAME`): a snapshot that is kept under a name, also when it has expired itself.
 *
 * Follows `org.apache.paimon.tag.Tag`: the JSON of the snapshot, and, for a tag that expires, when it was made and how
 * long it is kept. Jackson writes the first as an array of numbers and the second as seconds.
 */
import { parseTimestamp, timestampValue } from '../types/date-text.ts'
import { corrupt, decoding } from '../util/errors.ts'
import { type Json, parseJson, printJson } from '../util/json.ts'
import { parseSnapshot, type Snapshot, snapshotText } from './snapshot.ts'

export interface Tag {
  readonly name: string
  readonly snapshot: Snapshot
  /** Nanoseconds since 1970-01-01T00:00 by the clock of the process that made the tag, which has no zone. */
  readonly tagCreateTimeNanos: bigint | undefined
  readonly tagTimeRetainedNanos: bigint | undefined
}

/** CORRUPT, naming `path`, for anything that is no tag. */
export function parseTag(text: string, name: string, path: string): Tag {
  const snapshot = parseSnapshot(text, path)
  return decoding(path, () => {
    const { tagCreateTime, tagTimeRetained } = parseJson(text, path) as Record<string, Json>
    return {
      name,
      snapshot,
      tagCreateTimeNanos: localTimeNanos(tagCreateTime),
      tagTimeRetainedNanos: durationNanos(tagTimeRetained),
    }
  })
}

/** When a tag was made, and how long it is kept. */
export interface TagTimes {
  readonly tagCreateTimeNanos: bigint
  readonly tagTimeRetainedNanos: bigint
}

/** The text of a tag's file: without times, which are of a tag that expires alone, it is the snapshot's. */
export function tagText(snapshot: Snapshot, times?: TagTimes): string {
  const text = snapshotText(snapshot)
  if (times === undefined) return text
  const createTime = printJson(partsOf(times.tagCreateTimeNanos))
  const timeRetained = secondsText(times.tagTimeRetainedNanos)
  const added = `"tagCreateTime" : ${createTime},\n  "tagTimeRetained" : ${timeRetained}`
  return `${text.slice(0, -'\n}'.length)},\n  ${added}\n}`
}

/** The time as Jackson writes it: year, month, day, hour and minute, then what is not zero of seconds and nanoseconds. */
function partsOf(nanos: bigint): number[] {
  const fraction = Number(((nanos % SECOND_NANOS) + SECOND_NANOS) % SECOND_NANOS)
  const date = new Date(Number((nanos - BigInt(fraction)) / 1_000_000n))
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
  const parts = [year, month, day, date.getUTCHours(), date.getUTCMinutes()]
  const second = date.getUTCSeconds()
  if (second > 0 || fraction > 0) parts.push(second)
  if (fraction > 0) parts.push(fraction)
  return parts
}

/** Seconds with nine digits behind the point. */
function secondsText(nanos: bigint): string {
  if (nanos === 0n) return '0.0'
  return `${nanos / SECOND_NANOS}.${String(nanos % SECOND_NANOS).padStart(NANO_DIGITS, '0')}`
}

const SECOND_NANOS = 1_000_000_000n
const NANO_DIGITS = 9
const NANOS = 1_000_000_000

/** `[2026, 11, 21, 7, 55, 10, 705000000]`, where zeros at the end are left out, or an ISO text. */
function localTimeNanos(json: Json | undefined): bigint | undefined {
  if (json === undefined || json === null) return undefined
  const text = typeof json === 'string' ? json : textOfParts(json)
  const parsed = text === undefined ? undefined : parseTimestamp(text)
  const isLocal = parsed !== undefined && parsed.zone === undefined
  const nanos = isLocal ? timestampValue(parsed, NANO_DIGITS) : undefined
  if (nanos === undefined) throw corrupt('has a tagCreateTime that is no time')
  return nanos
}

function textOfParts(json: Json): string | undefined {
  const isParts = Array.isArray(json) && json.length >= 5 && json.length <= 7
  if (!isParts || !json.every((part) => typeof part === 'number')) return undefined
  const [year, month, day, hour, minute, second = 0, nanos = 0] = json
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
  const time = [hour, minute, second].map((part) => padded(part, 2)).join(':')
  return `${date}T${time}.${padded(nanos, NANO_DIGITS)}`
}

function padded(part: number | undefined, digits: number): string {
  return String(part).padStart(digits, '0')
}

/** Seconds with a fraction. */
function durationNanos(json: Json | undefined): bigint | undefined {
  if (json === undefined || json === null) return undefined
  if (typeof json !== 'number' || Math.abs(json) > Number.MAX_SAFE_INTEGER)
    throw corrupt('has a tagTimeRetained that is no number of seconds')
  const seconds = Math.trunc(json)
  return BigInt(seconds) * BigInt(NANOS) + BigInt(Math.round((json - seconds) * NANOS))
}
