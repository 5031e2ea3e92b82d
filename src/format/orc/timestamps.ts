/**
 * Timestamps of ORC files: seconds since 2015-01-01 on the writer's clock, and nanoseconds in a second stream.
 *
 * Seconds are rounded towards zero when they are written, and a value before 1970 gets its second back when it is read, as
 * in Java's `TimestampTreeReader`; values in the last second before 1970 do not, and read a second late in Java too. What
 * the writer's clock showed is the value of a TIMESTAMP.
 */
import { type FixedColumn, timestampUnit } from '../../types/column.ts'
import { corrupt } from '../../util/errors.ts'
import { STREAM, type StripeStreams } from './streams.ts'
import { KIND, type TypeNode } from './type-tree.ts'
import { type ZoneOffset, zoneOffset } from './zone.ts'

const BASE_MS = Date.UTC(2015, 0, 1)
const NANOS_MAX = 999_999_999
const LONG_MAX = 2n ** 63n - 1n

/** Fills values in the unit of the column's precision; CORRUPT for one that its integers do not hold. */
export function timestampFill(
  node: TypeNode,
  precision: number,
  streams: StripeStreams,
  isLegacyLtz: boolean,
): (values: FixedColumn['values'], count: number) => void {
  const isInstant = node.kind === KIND.TIMESTAMP_INSTANT
  const zone = isInstant && !isLegacyLtz ? IN_UTC : zoneOffset(streams.writerTimezone)
  const base = isInstant ? BASE_MS / 1000 : baseSeconds(zone)
  const seconds = streams.openInts(node, STREAM.DATA, true)
  const nanos = streams.openInts(node, STREAM.SECONDARY, false)
  const unit = timestampUnit(precision)
  const below = 10 ** (9 - unit)
  return (values, count) => {
    const out = values as BigInt64Array
    // The pairs that are read are 64-bit integers where they stand.
    const secondWords = new Int32Array(2 * count)
    const nanoWords = new Int32Array(2 * count)
    seconds.readLongs(secondWords, count)
    nanos.readLongs(nanoWords, count)
    for (let i = 0; i < count; i++) {
      const nano = nanosOf(nanoWords[2 * i]!, nanoWords[2 * i + 1]!)
      const second = secondWords[2 * i + 1]! * 2 ** 32 + (secondWords[2 * i]! >>> 0) + base
      let millis = second * 1000 + Math.floor(nano / 1e6)
      if (millis < 0 && nano > 999_999) millis -= 1000
      if (!Number.isSafeInteger(millis)) throw tooFar(node)
      millis += zone(millis)
      const fraction = Math.floor((nano % 1e6) / below)
      out[i] = joinParts(node, millis, fraction, unit)
    }
  }
}

const IN_UTC: ZoneOffset = () => 0

function joinParts(node: TypeNode, millis: number, fraction: number, unit: 3 | 6 | 9): bigint {
  if (unit === 3) return BigInt(millis)
  const factor = unit === 6 ? 1000 : 1_000_000
  const value = millis * factor + fraction
  if (Number.isSafeInteger(value)) return BigInt(value)
  const wide = BigInt(millis) * BigInt(factor) + BigInt(fraction)
  if (wide > LONG_MAX || wide < -LONG_MAX) throw tooFar(node)
  return wide
}

const tooFar = (node: TypeNode): Error =>
  corrupt(`column ${node.name} has a timestamp that its precision cannot hold`)

/** The seconds of 2015-01-01T00:00 on a clock of the zone. */
function baseSeconds(zone: ZoneOffset): number {
  const instant = BASE_MS - zone(BASE_MS)
  return (BASE_MS - zone(instant)) / 1000
}

/** The lowest three bits tell how many zeros were dropped at the end, less one; none was for 0. */
function nanosOf(low: number, high: number): number {
  const zeros = low & 7
  const digits = high * 2 ** 29 + (low >>> 3)
  const nanos = zeros === 0 ? digits : digits * 10 ** (zeros + 1)
  if (nanos < 0 || nanos > NANOS_MAX) throw corrupt(`a timestamp has ${nanos} nanoseconds`)
  return nanos
}
