/**
 * Casts among dates, times, timestamps and seconds since 1970.
 *
 * Follows `TimestampToTimestampCastRule` and its neighbours, which divide TIMESTAMPs towards zero and LTZ timestamps
 * towards the past. Java's zone is that of the process; here it is UTC, in which a TIMESTAMP and an LTZ are the same number.
 */
import { allocateFixed, type Column, type FixedColumn, timestampUnit } from '../column.ts'
import { type DataType, ofKind } from '../data-type.ts'
import { powerOfTen } from '../decimal-text.ts'
import { type Cast, outOfRange, Presence, type TimestampType, unchanged } from './rule.ts'

const DAY_MS = 86_400_000n

export function timestampToTimestamp(from: TimestampType, to: TimestampType): Cast {
  const cuts = from.precision > to.precision
  if (!cuts && timestampUnit(from.precision) === timestampUnit(to.precision)) return unchanged
  const nanosPerUnit = powerOfTen(9 - timestampUnit(from.precision))
  const convert = unitCast(9, to)
  return toTimestamps(to, (value) => {
    const nanos = value * nanosPerUnit
    return convert(cuts ? truncate(nanos, to.precision) : nanos)
  })
}

/**
 * Java's `DateTimeUtils.truncate`, of nanoseconds: below a millisecond it cuts towards the past, above it towards zero,
 * and not at all where the nanoseconds of the second have no more digits than the precision.
 */
function truncate(nanos: bigint, precision: number): bigint {
  if (floorMod(nanos, 1_000_000_000n) < powerOfTen(precision)) return nanos
  const millis = floorDivide(nanos, 1_000_000n)
  if (precision <= 3) {
    const unit = powerOfTen(3 - precision)
    return (millis / unit) * unit * 1_000_000n
  }
  const below = nanos - millis * 1_000_000n
  return millis * 1_000_000n + below - (below % powerOfTen(9 - precision))
}

export function dateToTimestamp(to: TimestampType): Cast {
  const convert = unitCast(3, to)
  return toTimestamps(to, (days) => convert(days * DAY_MS))
}

export function timeToTimestamp(to: TimestampType): Cast {
  return toTimestamps(to, unitCast(3, to))
}

export function secondsToTimestamp(to: TimestampType): Cast {
  const convert = unitCast(3, to)
  return toTimestamps(to, (seconds) => convert(BigInt.asIntN(64, seconds * 1000n)))
}

export function timestampToDate(from: TimestampType): Cast {
  const divide = from.kind === 'TIMESTAMP' ? truncateDivide : floorDivide
  return fromMillis(from, ofKind('DATE'), (millis) => divide(millis, DAY_MS))
}

/** Milliseconds of the day; of a TIMESTAMP before 1970 they are negative, as in Java. */
export function timestampToTime(from: TimestampType): Cast {
  const type: DataType = { kind: 'TIME', precision: 0, nullable: true }
  return fromMillis(from, type, (millis) =>
    from.kind === 'TIMESTAMP' ? millis % DAY_MS : floorMod(millis, DAY_MS),
  )
}

/** Seconds since 1970, towards zero; an INT keeps the low bits. */
export function timestampToSeconds(from: TimestampType, kind: 'INT' | 'BIGINT'): Cast {
  return fromMillis(from, ofKind(kind), (millis) => millis / 1000n)
}

/** Casts each present value to a timestamp. */
function toTimestamps(to: TimestampType, convert: (value: bigint) => bigint): Cast {
  return (column: Column) => {
    const { length, validity, values } = column as FixedColumn
    const presence = new Presence(column)
    const target = new BigInt64Array(length)
    for (let i = 0; i < length; i++) {
      if (!presence.has(i)) continue
      const value = convert(BigInt(values[i]!))
      if (BigInt.asIntN(64, value) !== value) throw outOfRange(to)
      target[i] = value
    }
    return { layout: 'fixed', length, validity, values: target }
  }
}

/** Casts each timestamp, as milliseconds, to an integer of which the low bits are kept. */
function fromMillis(from: TimestampType, to: DataType, convert: (millis: bigint) => bigint): Cast {
  const perMilli = powerOfTen(timestampUnit(from.precision) - 3)
  return (column: Column) => {
    const { length, validity, values: source } = column as FixedColumn
    const values = allocateFixed(to, length)
    for (let i = 0; i < length; i++) {
      const value = convert(floorDivide(source[i] as bigint, perMilli))
      values[i] = values instanceof BigInt64Array ? value : Number(BigInt.asIntN(32, value))
    }
    return { layout: 'fixed', length, validity, values }
  }
}

/** From an integer that counts `digits` digits after the second to one of the column's unit, towards the past. */
function unitCast(digits: number, { precision }: TimestampType): (value: bigint) => bigint {
  const shift = timestampUnit(precision) - digits
  const factor = powerOfTen(Math.abs(shift))
  return shift >= 0 ? (value) => value * factor : (value) => floorDivide(value, factor)
}

function truncateDivide(value: bigint, divisor: bigint): bigint {
  return value / divisor
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const cut = value / divisor
  return cut * divisor > value ? cut - 1n : cut
}

function floorMod(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor
  return rest < 0n ? rest + divisor : rest
}
