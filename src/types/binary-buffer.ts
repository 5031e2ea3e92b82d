/**
 * The bytes of one BinaryRow or BinaryArray while it is written: a fixed part of slots, then a variable part that grows.
 *
 * Follows `AbstractBinaryWriter`: variable data is padded with zeros to 8 bytes, and a slot that points to it holds its
 * length in the low and its offset in the high four bytes. All numbers are little-endian, as are the typed arrays of
 * every platform that Node runs on here.
 */

/** The longest data that is stored inside its slot. */
export const INLINE_MAX = 7

export class BinaryBuffer {
  bytes: Uint8Array
  /** The same memory as `bytes`, as words. */
  words: Int32Array
  /** The end of what was written, in bytes. */
  length = 0

  constructor(sizeBytes = 256) {
    const buffer = new ArrayBuffer((sizeBytes + 7) & ~7)
    this.bytes = new Uint8Array(buffer)
    this.words = new Int32Array(buffer)
  }

  /** Starts over with a fixed part of zeros, whose size is a multiple of 8. */
  reset(fixedBytes: number): void {
    this.length = 0
    this.#reserve(fixedBytes)
    this.#clear(0, fixedBytes >> 2)
    this.length = fixedBytes
  }

  /** Puts a 64-bit value into the slot. `slot` is a byte offset, a multiple of 4. */
  setLong(slot: number, low: number, high: number): void {
    this.words[slot >> 2] = low
    this.words[(slot >> 2) + 1] = high
  }

  /** Stores `source[from, to)`: in the slot when it is short, else in the variable part. */
  setBytes(slot: number, source: Uint8Array, from: number, to: number): void {
    const size = to - from
    if (size > INLINE_MAX) {
      this.appendBytes(slot, source, from, to)
      return
    }
    let low = 0
    let high = (0x80 | size) << 24
    for (let i = 0; i < size; i++) {
      const byte = source[from + i]!
      if (i < 4) low |= byte << (i * 8)
      else high |= byte << ((i - 4) * 8)
    }
    this.setLong(slot, low, high)
  }

  /** Stores `source[from, to)` in the variable part, however short it is. */
  appendBytes(slot: number, source: Uint8Array, from: number, to: number): void {
    const size = to - from
    const at = this.append((size + 7) & ~7)
    if (size > 32) this.bytes.set(source.subarray(from, to), at)
    else for (let i = from, o = at; i < to; i++, o++) this.bytes[o] = source[i]!
    this.setLong(slot, size, at)
  }

  /**
   * A timestamp finer than milliseconds: the milliseconds in the variable part, the nanoseconds of the millisecond in
   * the low half of the slot. The value is `high * 2^32 + low` (low unsigned), and `perMilli` of its unit are one
   * millisecond: 1,000 or 1,000,000.
   */
  setWideTimestamp(slot: number, low: number, high: number, perMilli: number): void {
    // Long division by halves: every intermediate result is below 2^53, so no bigint is needed.
    const highMillis = Math.floor(high / perMilli)
    const rest = (high - highMillis * perMilli) * 2 ** 32 + (low >>> 0)
    const lowMillis = Math.floor(rest / perMilli)
    const nanoOfMilli = (rest - lowMillis * perMilli) * (1_000_000 / perMilli)
    this.#setWideTimestamp(slot, lowMillis | 0, highMillis | 0, nanoOfMilli)
  }

  /** {@link setWideTimestamp} for any bigint. */
  setWideTimestampValue(slot: number, value: bigint, perMilli: bigint): void {
    const ofMilli = ((value % perMilli) + perMilli) % perMilli
    const millis = (value - ofMilli) / perMilli
    const nanoOfMilli = Number(ofMilli * (1_000_000n / perMilli))
    const low = Number(BigInt.asIntN(32, millis))
    this.#setWideTimestamp(slot, low, Number(BigInt.asIntN(32, millis >> 32n)), nanoOfMilli)
  }

  #setWideTimestamp(slot: number, lowMillis: number, highMillis: number, nanos: number): void {
    const at = this.append(8)
    this.setLong(at, lowMillis, highMillis)
    this.setLong(slot, nanos, at)
  }

  /** A decimal of more than 18 digits: 16 reserved bytes that hold the shortest big-endian two's complement. */
  setWideDecimal(slot: number, source: Uint8Array, from: number): void {
    const sign = source[from + 15]! & 0x80 ? 0xff : 0
    let size = 16
    while (size > 1 && source[from + size - 1] === sign && sameSign(source[from + size - 2]!, sign))
      size--
    const at = this.append(16)
    for (let i = 0; i < size; i++) this.bytes[at + i] = source[from + size - 1 - i]!
    this.setLong(slot, size, at)
  }

  /** {@link setWideDecimal} for a bigint of up to 128 bits. */
  setWideDecimalValue(slot: number, unscaled: bigint): void {
    const halves = BigInt64Array.of(BigInt.asIntN(64, unscaled), BigInt.asIntN(64, unscaled >> 64n))
    this.setWideDecimal(slot, new Uint8Array(halves.buffer), 0)
  }

  /** What a null leaves behind where Java keeps room for a later value: zeroed room, and a slot with only its offset. */
  reserveNull(slot: number, sizeBytes: number): void {
    const at = this.append(sizeBytes)
    this.setLong(slot, 0, at)
  }

  /** Adds zeroed room, a multiple of 8 bytes, to the variable part and returns where it starts. */
  append(sizeBytes: number): number {
    const at = this.length
    this.#reserve(sizeBytes)
    this.#clear(at >> 2, (at + sizeBytes) >> 2)
    this.length = at + sizeBytes
    return at
  }

  /** A call of `fill` costs more than it saves on the few words of a usual row. */
  #clear(from: number, to: number): void {
    if (to - from > 32) this.words.fill(0, from, to)
    else for (let i = from; i < to; i++) this.words[i] = 0
  }

  #reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes
    if (needed <= this.bytes.length) return
    const grown = new BinaryBuffer(Math.max(needed, 2 * this.bytes.length))
    grown.bytes.set(this.bytes.subarray(0, this.length))
    this.bytes = grown.bytes
    this.words = grown.words
  }
}

function sameSign(byte: number, sign: number): boolean {
  return (byte & 0x80) === (sign & 0x80)
}
