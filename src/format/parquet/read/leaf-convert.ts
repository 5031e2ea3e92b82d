/** Kernels from Parquet's physical integers and bytes to the values that a Paimon type's column holds. */
import { corrupt, unsupported } from '../../../util/errors.ts'

export function narrowInts<T extends Int8Array | Int16Array>(words: Int32Array, out: T): T {
  for (let i = 0; i < words.length; i++) out[i] = words[i]!
  return out
}

export function widen32(words: Int32Array, unsigned: boolean): BigInt64Array {
  const out = new Int32Array(2 * words.length)
  for (let i = 0; i < words.length; i++) {
    out[2 * i] = words[i]!
    out[2 * i + 1] = unsigned ? 0 : words[i]! >> 31
  }
  return new BigInt64Array(out.buffer)
}

export function widenFloats(floats: Float32Array): Float64Array {
  return Float64Array.from(floats)
}

/** 32-bit integers as 128-bit ones. */
export function signExtend32(words: Int32Array): BigInt64Array {
  const out = new Int32Array(4 * words.length)
  for (let i = 0; i < words.length; i++) {
    out[4 * i] = words[i]!
    out.fill(words[i]! >> 31, 4 * i + 1, 4 * i + 4)
  }
  return new BigInt64Array(out.buffer)
}

/** 64-bit integers, given as their 32-bit words, as 128-bit ones. */
export function signExtend64(words: Int32Array, unsigned: boolean): BigInt64Array {
  const out = new Int32Array(2 * words.length)
  for (let i = 0; i < words.length; i += 2) {
    const high = words[i + 1]!
    out[2 * i] = words[i]!
    out[2 * i + 1] = high
    out[2 * i + 2] = out[2 * i + 3] = unsigned ? 0 : high >> 31
  }
  return new BigInt64Array(out.buffer)
}

export function timeToMillis(longs: BigInt64Array, length: number, perMilli: bigint): Int32Array {
  const out = new Int32Array(length)
  for (let i = 0; i < length; i++) out[i] = Number(longs[i]! / perMilli)
  return out
}

type Unit = 3 | 6 | 9

/** Counts of 10^-from seconds as counts of 10^-to seconds; coarser units round towards the past. */
export function rescaleTimestamps(
  longs: BigInt64Array,
  from: Unit,
  to: Unit,
  validity: Uint8Array | null,
): BigInt64Array {
  if (from === to) return longs
  const out = new BigInt64Array(longs.length)
  const factor = 10n ** BigInt(Math.abs(to - from))
  for (let i = 0; i < longs.length; i++) {
    const value = longs[i]!
    if (to > from) {
      out[i] = checkedLong(value * factor, validity, i)
    } else {
      const quotient = value / factor
      out[i] = value < 0n && quotient * factor !== value ? quotient - 1n : quotient
    }
  }
  return out
}

const EPOCH_JULIAN_DAY = 2440588
const NANOS_PER_DAY = 86_400_000_000_000n

/**
 * INT96 (nanoseconds of the day, Julian day) as counts of 10^-unit seconds. Java Paimon writes instants before 1970
 * with a negative time of day, so the sum is signed.
 */
export function int96Timestamps(
  words: Int32Array,
  length: number,
  unit: Unit,
  validity: Uint8Array | null,
): BigInt64Array {
  const out = new BigInt64Array(length)
  const divisor = 10n ** BigInt(9 - unit)
  for (let i = 0; i < length; i++) {
    const low = BigInt(words[3 * i]! >>> 0)
    const nanos = (BigInt(words[3 * i + 1]!) << 32n) | low
    const days = BigInt(words[3 * i + 2]! - EPOCH_JULIAN_DAY)
    const total = days * NANOS_PER_DAY + nanos
    const value = total >= 0n || total % divisor === 0n ? total / divisor : total / divisor - 1n
    out[i] = checkedLong(value, validity, i)
  }
  return out
}

/** The value if it fits in 64 bits; what a null slot holds is never looked at. */
function checkedLong(value: bigint, validity: Uint8Array | null, slot: number): bigint {
  if (BigInt.asIntN(64, value) === value) return value
  if (validity !== null && !(validity[slot >> 3]! & (1 << (slot & 7)))) return 0n
  throw unsupported('a timestamp lies outside the years 1677 to 2262, which nanoseconds can count')
}

/** IEEE half floats; `bytes` ends with the last one that is not null. */
export function float16Values(bytes: Uint8Array, length: number): Float32Array {
  const out = new Float32Array(length)
  for (let i = 0; i < length && 2 * i < bytes.length; i++) {
    const half = bytes[2 * i]! | (bytes[2 * i + 1]! << 8)
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >> 10) & 31
    const fraction = half & 1023
    if (exponent === 31) out[i] = fraction === 0 ? sign * Infinity : Number.NaN
    else if (exponent === 0) out[i] = sign * fraction * 2 ** -24
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  }
  return out
}

/**
 * Big-endian two's complement integers of `width` bytes as 128-bit little-endian ones; `bytes` ends with the last one
 * that is not null.
 */
export function unscaledFixed(bytes: Uint8Array, length: number, width: number): BigInt64Array {
  const out = new Uint8Array(16 * length)
  for (let i = 0; i < length && i * width < bytes.length; i++)
    reverseSigned(bytes, i * width, (i + 1) * width, out, 16 * i)
  return new BigInt64Array(out.buffer)
}

export function unscaledBytes(
  { data, starts, ends }: { data: Uint8Array; starts: Int32Array; ends: Int32Array },
  length: number,
): BigInt64Array {
  const out = new Uint8Array(16 * length)
  for (let i = 0; i < length; i++) reverseSigned(data, starts[i]!, ends[i]!, out, 16 * i)
  return new BigInt64Array(out.buffer)
}

function reverseSigned(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): void {
  if (to <= from) return
  const fill = bytes[from]! & 128 ? 255 : 0
  let first = from
  for (; to - first > 16; first++)
    if (bytes[first] !== fill) throw corrupt('a decimal has more than 128 bits')
  const length = to - first
  for (let b = 0; b < length; b++) out[at + b] = bytes[to - 1 - b]!
  out.fill(fill, at + length, at + 16)
}
