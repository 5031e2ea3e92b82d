/** Decimals of ORC files: unbounded varints in zigzag form, each with a scale of its own in a second stream. */
import type { FixedColumn } from '../../types/column.ts'
import { corrupt } from '../../util/errors.ts'
import type { ChunkedBytes } from './chunks.ts'
import { STREAM, type StripeStreams } from './streams.ts'
import type { TypeNode } from './type-tree.ts'

/** Seven bytes hold 49 bits, which a number holds exactly. */
const FAST_BYTES = 7
/** 128 bits and a sign. */
const VARINT_BYTES_MAX = 19

/**
 * Fills values with the unscaled integers of the column's own scale. Java drops zeros at the end of a value when it
 * writes, so a stored scale may be lower; CORRUPT when it is higher, or the value has more digits than the precision.
 */
export function decimalFill(
  node: TypeNode,
  precision: number,
  scale: number,
  streams: StripeStreams,
): (values: FixedColumn['values'], count: number) => void {
  const source = streams.open(node, STREAM.DATA)
  const scaleRuns = streams.openInts(node, STREAM.SECONDARY, true)
  const limit = 10n ** BigInt(precision)
  return (values, count) => {
    const out = values as BigInt64Array
    const words = new Int32Array(out.buffer, out.byteOffset, out.byteLength >> 2)
    const scales = new Int16Array(count)
    scaleRuns.readInts(scales, count, scale - MOST_DIGITS, scale)
    for (let i = 0; i < count; i++) {
      const shift = scale - scales[i]!
      const raw = readVarint(source)
      const scaled = typeof raw === 'number' ? unzigzag(raw) * 10 ** shift : Number.NaN
      if (
        Number.isSafeInteger(scaled) &&
        (precision > FAST_DIGITS || Math.abs(scaled) < 10 ** precision)
      ) {
        const high = Math.floor(scaled / 2 ** 32)
        words[4 * i] = scaled | 0
        words[4 * i + 1] = high
        words[4 * i + 2] = words[4 * i + 3] = scaled < 0 ? -1 : 0
        continue
      }
      const value = unzigzagWide(BigInt(raw)) * 10n ** BigInt(shift)
      if (value >= limit || value <= -limit)
        throw corrupt(`column ${node.name} has a decimal of more than ${precision} digits`)
      out[2 * i] = value
      out[2 * i + 1] = value >> 64n
    }
  }
}

const MOST_DIGITS = 38
/** Integers of as many digits are safe. */
const FAST_DIGITS = 15

function readVarint(source: ChunkedBytes): number | bigint {
  let value = 0
  for (let i = 0, weight = 1; i < FAST_BYTES; i++, weight *= 128) {
    const byte = source.byte()
    value += (byte & 0x7f) * weight
    if (byte < 0x80) return value
  }
  let wide = BigInt(value)
  for (let i = FAST_BYTES; i < VARINT_BYTES_MAX; i++) {
    const byte = source.byte()
    wide |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte < 0x80) return wide
  }
  throw corrupt(`a decimal has more than ${VARINT_BYTES_MAX} bytes`)
}

const unzigzag = (raw: number): number => (raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2)
const unzigzagWide = (raw: bigint): bigint => (raw >> 1n) ^ -(raw & 1n)
