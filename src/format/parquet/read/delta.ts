/**
 * The delta encodings, decoded whole: they are rare in Paimon's files, so they are kept plain.
 *
 * Specification: Encodings.md of parquet-format, "Delta Encoding" and the two byte-array encodings built on it.
 */
import { corrupt } from '../../../util/errors.ts'

/** Byte strings one after another: string i is `data[starts[i], ends[i])`. */
export interface ByteStrings {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** Values of a block; writers use 128, the specification asks for a multiple of that. */
const BLOCK_MAX = 1 << 16

interface DeltaStream {
  readonly values: BigInt64Array
  /** Where the bytes after the stream begin. */
  readonly end: number
}

/** DELTA_BINARY_PACKED integers; 64-bit arithmetic that wraps, so 32-bit values are the low halves. */
export function readDeltaIntegers(
  bytes: Uint8Array,
  from: number,
  to: number,
  countMax: number,
): DeltaStream {
  const cursor = new BitCursor(bytes, from, to)
  const blockSize = cursor.varint()
  const miniblocks = cursor.varint()
  const total = cursor.varint()
  const perMiniblock = blockSize / miniblocks
  if (!Number.isInteger(perMiniblock) || perMiniblock % 8 !== 0 || perMiniblock === 0)
    throw corrupt('a delta stream has a bad block size')
  // Each block takes its least delta and a width a miniblock, however few bits its deltas take.
  const blocksMax = Math.ceil((to - from) / (1 + miniblocks))
  if (total > countMax || blockSize > BLOCK_MAX || total > 1 + blocksMax * blockSize)
    throw corrupt(`a delta stream of ${to - from} bytes claims ${total} values`)
  const values = new BigInt64Array(total)
  let last = cursor.zigzag()
  if (total > 0) values[0] = last
  for (let at = 1; at < total;) {
    const least = cursor.zigzag()
    const widths = cursor.take(miniblocks)
    for (let m = 0; m < miniblocks && at < total; m++) {
      const width = widths[m]!
      if (width > 64) throw corrupt(`a delta of ${width} bits`)
      const n = Math.min(perMiniblock, total - at)
      for (let i = 0; i < n; i++) {
        last = BigInt.asIntN(64, last + least + cursor.bits(width))
        values[at++] = last
      }
      cursor.skipBits((perMiniblock - n) * width)
    }
  }
  return { values, end: cursor.position }
}

/** DELTA_LENGTH_BYTE_ARRAY: the lengths, then the bytes. */
export function readDeltaLengths(
  bytes: Uint8Array,
  from: number,
  to: number,
  countMax: number,
): ByteStrings {
  const { values: lengths, end } = readDeltaIntegers(bytes, from, to, countMax)
  const starts = new Int32Array(lengths.length)
  const ends = new Int32Array(lengths.length)
  let at = end
  for (let i = 0; i < lengths.length; i++) {
    const length = Number(lengths[i])
    if (length < 0 || length > to - at) throw corrupt('a string runs past the end of a page')
    starts[i] = at
    at += length
    ends[i] = at
  }
  return { data: bytes, starts, ends }
}

/** DELTA_BYTE_ARRAY: shared prefix lengths, then the suffixes. `bytesMax` bounds what they expand to. */
export function readDeltaStrings(
  bytes: Uint8Array,
  from: number,
  to: number,
  countMax: number,
  bytesMax: number,
): ByteStrings {
  const { values: prefixes, end } = readDeltaIntegers(bytes, from, to, countMax)
  const suffixes = readDeltaLengths(bytes, end, to, countMax)
  const count = prefixes.length
  if (suffixes.starts.length !== count) throw corrupt('prefixes and suffixes differ in number')
  const starts = new Int32Array(count)
  const ends = new Int32Array(count)
  let size = 0
  for (let i = 0; i < count; i++) {
    const prefix = Number(prefixes[i])
    if (prefix < 0 || (i === 0 ? prefix > 0 : prefix > ends[i - 1]! - starts[i - 1]!))
      throw corrupt('a shared prefix is longer than the string before it')
    starts[i] = size
    size += prefix + suffixes.ends[i]! - suffixes.starts[i]!
    if (size > bytesMax) throw corrupt(`delta strings expand to more than ${bytesMax} bytes`)
    ends[i] = size
  }
  const data = new Uint8Array(size)
  for (let i = 0; i < count; i++) {
    const prefix = Number(prefixes[i])
    if (prefix > 0) data.copyWithin(starts[i]!, starts[i - 1]!, starts[i - 1]! + prefix)
    data.set(bytes.subarray(suffixes.starts[i], suffixes.ends[i]), starts[i]! + prefix)
  }
  return { data, starts, ends }
}

class BitCursor {
  readonly #bytes: Uint8Array
  readonly #end: number
  position: number
  /** Bits already taken of the byte at `position`. */
  #used = 0

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes
    this.position = from
    this.#end = to
  }

  bits(width: number): bigint {
    let value = 0n
    let have = 0
    while (have < width) {
      if (this.position >= this.#end) throw corrupt('a delta stream ends early')
      const n = Math.min(8 - this.#used, width - have)
      const part = (this.#bytes[this.position]! >> this.#used) & ((1 << n) - 1)
      value |= BigInt(part) << BigInt(have)
      have += n
      this.#used += n
      if (this.#used === 8) {
        this.#used = 0
        this.position++
      }
    }
    return value
  }

  /** Skips the padding of the last miniblock, which a writer may have left out. */
  skipBits(count: number): void {
    const bit = this.#used + count
    this.position = Math.min(this.#end, this.position + (bit >> 3))
    this.#used = bit & 7
  }

  take(length: number): Uint8Array {
    if (length > this.#end - this.position) throw corrupt('a delta stream ends early')
    this.position += length
    return this.#bytes.subarray(this.position - length, this.position)
  }

  varint(): number {
    const value = this.#varint()
    if (value > 0x7fffffffn) throw corrupt('a delta stream has too large a header')
    return Number(value)
  }

  zigzag(): bigint {
    const value = this.#varint()
    return (value >> 1n) ^ -(value & 1n)
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.position >= this.#end) throw corrupt('a delta stream ends early')
      const byte = this.#bytes[this.position++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw corrupt('a delta stream has too long a varint')
  }
}
