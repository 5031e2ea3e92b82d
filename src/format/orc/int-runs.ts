/**
 * ORC's runs of integers in both versions, as pairs of 32-bit words.
 *
 * Version 1 has runs of a base and a delta, and literals as varints. Version 2 has four kinds of runs of at most 512
 * values: a value repeated, values packed in bits, values packed above a base with patches for large ones, and a base
 * with deltas. Signed values are in zigzag form but in patched runs. Source: the ORC specification, "Run Length Encoding".
 */
import { corrupt } from '../../util/errors.ts'
import { unpackBits } from './bit-packing.ts'
import type { ChunkedBytes } from './chunks.ts'

/** How integers are laid out: whether they are in zigzag form, and by which version. */
export interface IntForm {
  readonly isSigned: boolean
  readonly version: 1 | 2
}

const RUN_MAX = 512

export class IntRuns {
  readonly #source: ChunkedBytes
  readonly #form: IntForm
  /** The run that is being given: its values from `#at` to `#end`. */
  readonly #low = new Int32Array(RUN_MAX)
  readonly #high = new Int32Array(RUN_MAX)
  #at = 0
  #end = 0
  /** The varint that was read last. */
  #varLow = 0
  #varHigh = 0

  constructor(source: ChunkedBytes, form: IntForm) {
    this.#source = source
    this.#form = form
  }

  /** Fills `out[0, count)`; CORRUPT for a value that lies outside `[min, max]`, which 32 bits hold. */
  readInts(out: Int32Array | Int16Array, count: number, min: number, max: number): void {
    const [low, high] = [this.#low, this.#high]
    for (let at = 0; at < count;) {
      if (this.#at === this.#end) this.#open()
      const end = this.#at + Math.min(this.#end - this.#at, count - at)
      for (let i = this.#at; i < end; i++) {
        const value = low[i]!
        if (high[i] !== value >> 31 || value < min || value > max)
          throw corrupt(`an integer lies outside ${min} to ${max}`)
        out[at++] = value
      }
      this.#at = end
    }
  }

  /** Fills `out[0, 2 * count)` with pairs of low and high words. */
  readLongs(out: Int32Array, count: number): void {
    const [low, high] = [this.#low, this.#high]
    for (let at = 0; at < count;) {
      if (this.#at === this.#end) this.#open()
      const end = this.#at + Math.min(this.#end - this.#at, count - at)
      for (let i = this.#at; i < end; i++, at++) {
        out[2 * at] = low[i]!
        out[2 * at + 1] = high[i]!
      }
      this.#at = end
    }
  }

  #open(): void {
    this.#at = 0
    this.#end = this.#form.version === 1 ? this.#openFirst() : this.#openSecond()
  }

  /** A run of version 1; the number of its values. */
  #openFirst(): number {
    const control = this.#source.byte()
    const isRun = control < 128
    const count = isRun ? control + 3 : 256 - control
    if (isRun) {
      const delta = (this.#source.byte() << 24) >> 24
      this.#varint(this.#form.isSigned)
      this.#progress(count, delta, delta >> 31)
      return count
    }
    for (let i = 0; i < count; i++) {
      this.#varint(this.#form.isSigned)
      this.#low[i] = this.#varLow
      this.#high[i] = this.#varHigh
    }
    return count
  }

  /** A run of version 2; the number of its values. */
  #openSecond(): number {
    const first = this.#source.byte()
    if (first < 64) return this.#openRepeat(first)
    const width = WIDTHS[(first >> 1) & 31]!
    const count = (((first & 1) << 8) | this.#source.byte()) + 1
    if (first >= 192) this.#openDelta(first & 62 ? width : 0, count)
    else if (first >= 128) this.#openPatched(width, count)
    else {
      this.#unpack(width, count, 0)
      if (this.#form.isSigned) this.#unzigzag(count)
    }
    return count
  }

  #openRepeat(first: number): number {
    const count = (first & 7) + 3
    this.#unpack(8 * ((first >> 3) + 1), 1, 0)
    if (this.#form.isSigned) this.#unzigzag(1)
    this.#low.fill(this.#low[0]!, 1, count)
    this.#high.fill(this.#high[0]!, 1, count)
    return count
  }

  #openDelta(width: number, count: number): void {
    this.#varint(this.#form.isSigned)
    const [baseLow, baseHigh] = [this.#varLow, this.#varHigh]
    this.#varint(true)
    const [deltaLow, deltaHigh] = [this.#varLow, this.#varHigh]
    this.#varLow = baseLow
    this.#varHigh = baseHigh
    if (width === 0 || count < 3) {
      this.#progress(count, deltaLow, deltaHigh)
      return
    }
    this.#progress(2, deltaLow, deltaHigh)
    this.#unpack(width, count - 2, 2)
    this.#accumulate(count, deltaHigh < 0)
  }

  /** Values that start at the varint read last and grow by a delta. */
  #progress(count: number, deltaLow: number, deltaHigh: number): void {
    let [low, high] = [this.#varLow, this.#varHigh]
    for (let i = 0; i < count; i++) {
      this.#low[i] = low
      this.#high[i] = high
      const sum = (low + deltaLow) | 0
      high = (high + deltaHigh + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0
      low = sum
    }
  }

  /** Adds up deltas that lie from index 2 on, or subtracts them. */
  #accumulate(count: number, isFalling: boolean): void {
    const [lows, highs] = [this.#low, this.#high]
    let [low, high] = [lows[1]!, highs[1]!]
    for (let i = 2; i < count; i++) {
      if (isFalling) {
        const borrow = low >>> 0 < lows[i]! >>> 0 ? 1 : 0
        low = (low - lows[i]!) | 0
        high = (high - highs[i]! - borrow) | 0
      } else {
        const sum = (low + lows[i]!) | 0
        high = (high + highs[i]! + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0
        low = sum
      }
      lows[i] = low
      highs[i] = high
    }
  }

  #openPatched(width: number, count: number): void {
    const third = this.#source.byte()
    const fourth = this.#source.byte()
    const baseBytes = (third >> 5) + 1
    const patchWidth = WIDTHS[third & 31]!
    const gapWidth = (fourth >> 5) + 1
    const patchCount = fourth & 31
    if (patchWidth + gapWidth > 64) throw corrupt(`a patch is ${patchWidth + gapWidth} bits wide`)
    const base = signedMagnitude(this.#source.take(baseBytes))
    this.#unpack(width, count, 0)
    const patches = this.#source.take((patchCount * closestWidth(patchWidth + gapWidth) + 7) >> 3)
    this.#patch(patches, patchCount, width, patchWidth, gapWidth, count)
    for (let i = 0; i < count; i++) {
      const sum = base + wordsValue(this.#low[i]!, this.#high[i]!)
      this.#low[i] = Number(BigInt.asIntN(32, sum))
      this.#high[i] = Number(BigInt.asIntN(32, sum >> 32n))
    }
  }

  /** Puts bits above those of the values that were too large for the width. */
  #patch(
    bytes: Uint8Array,
    patchCount: number,
    width: number,
    patchWidth: number,
    gapWidth: number,
    count: number,
  ): void {
    const low = new Int32Array(patchCount)
    const high = new Int32Array(patchCount)
    unpackBits(bytes, closestWidth(patchWidth + gapWidth), patchCount, low, high, 0)
    let at = 0
    for (let i = 0; i < patchCount; i++) {
      const entry = BigInt.asUintN(64, wordsValue(low[i]!, high[i]!))
      at += Number(entry >> BigInt(patchWidth))
      if (at >= count) throw corrupt(`a patch is for value ${at} of ${count}`)
      const above = BigInt.asUintN(patchWidth, entry) << BigInt(width)
      this.#low[at]! |= Number(BigInt.asIntN(32, above))
      this.#high[at]! |= Number(BigInt.asIntN(32, above >> 32n))
    }
  }

  #unpack(width: number, count: number, from: number): void {
    const bytes = this.#source.take((width * count + 7) >> 3)
    unpackBits(bytes, width, count, this.#low, this.#high, from)
  }

  #unzigzag(count: number): void {
    const [lows, highs] = [this.#low, this.#high]
    for (let i = 0; i < count; i++) {
      const [low, high] = [lows[i]!, highs[i]!]
      const sign = -(low & 1)
      lows[i] = ((low >>> 1) | (high << 31)) ^ sign
      highs[i] = (high >>> 1) ^ sign
    }
  }

  #varint(isSigned: boolean): void {
    let [low, high] = [0, 0]
    let shift = 0
    for (;;) {
      const byte = this.#source.byte()
      const bits = byte & 0x7f
      if (shift < 32) low |= bits << shift
      if (shift > 25) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32)
      if (byte < 0x80) break
      shift += 7
      if (shift > 63) throw corrupt('a varint has more than ten bytes')
    }
    const sign = isSigned ? -(low & 1) : 0
    this.#varLow = isSigned ? ((low >>> 1) | (high << 31)) ^ sign : low
    this.#varHigh = isSigned ? (high >>> 1) ^ sign : high
  }
}

/** Bits a value by the five bits that tell it. */
const WIDTHS = Uint8Array.from({ length: 32 }, (_, code) =>
  code < 24 ? code + 1 : code < 28 ? 26 + 2 * (code - 24) : 40 + 8 * (code - 28),
)

/** The least width of those that can be told which holds as many bits. */
function closestWidth(bits: number): number {
  return WIDTHS.find((width) => width >= bits)!
}

/** A big-endian integer whose highest bit is its sign. */
function signedMagnitude(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  const sign = 1n << BigInt(8 * bytes.length - 1)
  return value & sign ? -(value ^ sign) : value
}

function wordsValue(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}
