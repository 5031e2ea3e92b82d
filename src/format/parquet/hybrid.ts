/**
 * The RLE / bit-packing hybrid: dictionary indices, levels and RLE booleans.
 *
 * Specification: Encodings.md of parquet-format, "Run Length Encoding / Bit-Packing Hybrid".
 */
import { copyBits, setBits } from '../../util/bits.ts'
import { corrupt } from '../../util/errors.ts'

/** Reads a hybrid stream in pieces. */
export class HybridReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #position = 0
  #end = 0
  #bitWidth = 0
  /** Values left in the current run. */
  #left = 0
  #packed = false
  #repeated = 0
  /** The next bit of a packed run, from the start of `#bytes`. */
  #bit = 0

  reset(bytes: Uint8Array, from: number, to: number, bitWidth: number): void {
    if (bitWidth > 32) throw corrupt(`values of ${bitWidth} bits`)
    this.#bytes = bytes
    this.#position = from
    this.#end = to
    this.#bitWidth = bitWidth
    this.#left = 0
  }

  /** Reads `count` values to `out[at..]`. */
  read(out: Int32Array, at: number, count: number): void {
    let to = at
    const end = at + count
    while (to < end) {
      if (this.#left === 0) this.#nextRun()
      const n = Math.min(this.#left, end - to)
      if (this.#packed) this.#unpack(out, to, n)
      else out.fill(this.#repeated, to, to + n)
      this.#left -= n
      to += n
    }
  }

  skip(count: number): void {
    for (let rest = count; rest > 0;) {
      if (this.#left === 0) this.#nextRun()
      const n = Math.min(this.#left, rest)
      if (this.#packed) this.#bit += n * this.#bitWidth
      this.#left -= n
      rest -= n
    }
  }

  /** Reads `count` one-bit values into a bitmap whose bits there are still clear. */
  readBits(out: Uint8Array, at: number, count: number): void {
    let to = at
    const end = at + count
    while (to < end) {
      if (this.#left === 0) this.#nextRun()
      const n = Math.min(this.#left, end - to)
      if (this.#packed) {
        this.#checkPacked(n)
        copyBits(this.#bytes, this.#bit, out, to, n)
        this.#bit += n
      } else if (this.#repeated !== 0) setBits(out, to, n)
      this.#left -= n
      to += n
    }
  }

  #nextRun(): void {
    const header = this.#varint()
    if ((header & 1) === 0) {
      this.#left = header >>> 1
      this.#packed = false
      this.#repeated = this.#littleEndian((this.#bitWidth + 7) >> 3)
    } else {
      const groups = header >>> 1
      this.#left = groups * 8
      this.#packed = true
      this.#bit = this.#position * 8
      // The last group may be cut short by writers that drop its padding.
      this.#position = Math.min(this.#end, this.#position + groups * this.#bitWidth)
    }
    if (this.#left === 0) throw corrupt('an RLE run has no values')
  }

  #checkPacked(count: number): void {
    if (this.#bit + count * this.#bitWidth > this.#end * 8)
      throw corrupt('bit-packed values run past the end of a page')
  }

  #unpack(out: Int32Array, from: number, count: number): void {
    this.#checkPacked(count)
    const bytes = this.#bytes
    const width = this.#bitWidth
    if (width > 24) {
      for (let i = 0; i < count; i++) out[from + i] = this.#wide(this.#bit + i * width)
    } else if (width === 8) {
      let at = this.#bit >> 3
      for (let i = 0; i < count; i++) out[from + i] = bytes[at++]!
    } else {
      const mask = (1 << width) - 1
      let at = this.#bit >> 3
      let have = 8 - (this.#bit & 7)
      let buffer = width === 0 ? 0 : bytes[at++]! >> (this.#bit & 7)
      for (let i = 0; i < count; i++) {
        while (have < width) {
          buffer |= bytes[at++]! << have
          have += 8
        }
        out[from + i] = buffer & mask
        buffer >>>= width
        have -= width
      }
    }
    this.#bit += count * width
  }

  /** A value of more than 24 bits that starts at the bit. */
  #wide(bit: number): number {
    const first = bit >> 3
    let value = 0
    for (let i = 0; i < 5; i++) value += (this.#bytes[first + i] ?? 0) * 2 ** (8 * i)
    return (Math.floor(value / 2 ** (bit & 7)) % 2 ** this.#bitWidth) | 0
  }

  #littleEndian(length: number): number {
    if (this.#position + length > this.#end) throw corrupt('an RLE run runs past the end of a page')
    let value = 0
    for (let i = 0; i < length; i++) value |= this.#bytes[this.#position + i]! << (8 * i)
    this.#position += length
    return value
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#position >= this.#end) throw corrupt('RLE data ends early')
      const byte = this.#bytes[this.#position++]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw corrupt('an RLE run has too long a header')
  }
}

/** Reads levels in the deprecated BIT_PACKED encoding, most significant bit first, to `out`. */
export function readBitPackedLevels(
  bytes: Uint8Array,
  from: number,
  bitWidth: number,
  out: Int32Array,
  count: number,
): void {
  for (let i = 0, bit = from * 8; i < count; i++) {
    let value = 0
    for (let b = 0; b < bitWidth; b++, bit++)
      value = (value << 1) | ((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1)
    out[i] = value
  }
}

/** The bits that values up to `max` take. */
export function bitWidthOf(max: number): number {
  return max === 0 ? 0 : 32 - Math.clz32(max)
}

/** Appends hybrid runs to a byte buffer that the caller sizes by {@link hybridBound}. */
export function writeHybrid(
  values: Int32Array | Uint8Array,
  from: number,
  count: number,
  bitWidth: number,
  out: Uint8Array,
  at: number,
): number {
  let to = at
  let i = from
  const end = from + count
  while (i < end) {
    let run = runLength(values, i, end)
    if (run >= 8) {
      to = writeVarint(out, to, run * 2)
      const value = values[i]!
      for (let b = 0; b < bitWidth; b += 8) out[to++] = value >> b
      i += run
      continue
    }
    // Gather whole groups of eight until a run that is worth an RLE run of its own starts.
    const first = i
    while (i < end) {
      run = runLength(values, i, Math.min(end, i + 16))
      if (run >= 16 || (run >= 8 && i + run >= end)) break
      i += 8
    }
    const groups = (i - first) >> 3
    i = Math.min(i, end)
    to = writeVarint(out, to, groups * 2 + 1)
    to = pack(values, first, i, groups, bitWidth, out, to)
  }
  return to
}

/** The most bytes that {@link writeHybrid} appends. */
export function hybridBound(count: number, bitWidth: number): number {
  return ((count + 7) >> 3) * (bitWidth + 6) + 16
}

function runLength(values: Int32Array | Uint8Array, from: number, end: number): number {
  const value = values[from]
  let i = from + 1
  while (i < end && values[i] === value) i++
  return i - from
}

function writeVarint(out: Uint8Array, at: number, value: number): number {
  let to = at
  let rest = value
  while (rest > 127) {
    out[to++] = (rest & 127) | 128
    rest = Math.floor(rest / 128)
  }
  out[to++] = rest
  return to
}

/** Packs `[from, to)` and zeros after it into `groups` groups of eight. */
function pack(
  values: Int32Array | Uint8Array,
  from: number,
  to: number,
  groups: number,
  bitWidth: number,
  out: Uint8Array,
  at: number,
): number {
  let buffer = 0
  let have = 0
  let next = at
  for (let i = from; i < to; i++) {
    // Widths stay below 25, so that a value and seven pending bits fit in 32.
    buffer |= values[i]! << have
    have += bitWidth
    while (have >= 8) {
      out[next++] = buffer
      buffer >>>= 8
      have -= 8
    }
  }
  const end = at + groups * bitWidth
  if (next < end) out[next++] = buffer
  if (next < end) out.fill(0, next, end)
  return end
}
