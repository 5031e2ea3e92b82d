/**
 * The least and the greatest value of pages and chunks, in Parquet's order of each type.
 *
 * Specification: `ColumnOrder` of parquet.thrift. Floats follow parquet-mr: a zero minimum is written as -0 and a zero
 * maximum as +0, and bounds are left out where a NaN occurs.
 */

import { compareValues } from '../../../types/predicate-literal.ts'

/** Bounds as the bytes that statistics hold. */
export interface BoundBytes {
  readonly min: Uint8Array
  readonly max: Uint8Array
}

/** Gathers bounds of a page's values, hands them over, and folds them into the chunk's. */
export interface Bounds {
  /** The bounds since the last call; null when there was no value, or one without an order. */
  takePage(): BoundBytes | null
  /** The bounds since the last call of all pages taken; null when a page had none but had values. */
  takeChunk(): BoundBytes | null
  /**
   * The bounds of the chunk that was taken last as Java keeps them for manifests: in the order of `Double.compare`, which
   * has -0 below 0 and NaN above all.
   */
  chunkRange(): BoundBytes | null
  /** The order of two bounds of this type. */
  compare(a: Uint8Array, b: Uint8Array): number
}

/** Compares unsigned bytes; a prefix is the lesser. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** Keeps the chunk's bounds as the pages' are taken. */
abstract class BoundsBase implements Bounds {
  #chunk: BoundBytes | null = null
  #invalid = false
  #taken: BoundBytes | null = null

  protected abstract page(): BoundBytes | 'none' | 'invalid'
  abstract compare(a: Uint8Array, b: Uint8Array): number

  takePage(): BoundBytes | null {
    const page = this.page()
    if (page === 'invalid') this.#invalid = true
    if (page === 'invalid' || page === 'none') return null
    const { min, max } = this.#chunk ?? page
    this.#chunk = {
      min: this.compare(page.min, min) < 0 ? page.min : min,
      max: this.compare(page.max, max) > 0 ? page.max : max,
    }
    return page
  }

  takeChunk(): BoundBytes | null {
    const chunk = this.#invalid ? null : this.#chunk
    this.#chunk = null
    this.#invalid = false
    this.#taken = chunk
    return chunk
  }

  chunkRange(): BoundBytes | null {
    return this.#taken
  }
}

const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer)
const readInt32 = (bytes: Uint8Array): number =>
  bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)

export class IntBounds extends BoundsBase {
  #min = 2147483647
  #max = -2147483648
  #any = false

  add(words: Int32Array, from: number, to: number): void {
    let min = this.#min
    let max = this.#max
    for (let i = from; i < to; i++) {
      const value = words[i]!
      if (value < min) min = value
      if (value > max) max = value
    }
    this.#min = min
    this.#max = max
    this.#any ||= to > from
  }

  protected page(): BoundBytes | 'none' {
    if (!this.#any) return 'none'
    const page = { min: int32(this.#min), max: int32(this.#max) }
    this.#min = 2147483647
    this.#max = -2147483648
    this.#any = false
    return page
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    return readInt32(a) - readInt32(b)
  }
}

/** 64-bit integers, given as two words each, the low one first. */
export class LongBounds extends BoundsBase {
  #minHigh = 0
  #minLow = 0
  #maxHigh = 0
  #maxLow = 0
  #any = false

  add(words: Int32Array, from: number, to: number): void {
    for (let i = 2 * from; i < 2 * to; i += 2) {
      const low = words[i]! >>> 0
      const high = words[i + 1]!
      if (!this.#any) {
        this.#minHigh = this.#maxHigh = high
        this.#minLow = this.#maxLow = low
        this.#any = true
      } else if (high < this.#minHigh || (high === this.#minHigh && low < this.#minLow)) {
        this.#minHigh = high
        this.#minLow = low
      } else if (high > this.#maxHigh || (high === this.#maxHigh && low > this.#maxLow)) {
        this.#maxHigh = high
        this.#maxLow = low
      }
    }
  }

  protected page(): BoundBytes | 'none' {
    if (!this.#any) return 'none'
    this.#any = false
    return {
      min: new Uint8Array(Int32Array.of(this.#minLow, this.#minHigh).buffer),
      max: new Uint8Array(Int32Array.of(this.#maxLow, this.#maxHigh).buffer),
    }
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    const [x, y] = [new BigInt64Array(a.buffer)[0]!, new BigInt64Array(b.buffer)[0]!]
    return x < y ? -1 : x > y ? 1 : 0
  }
}

export class FloatBounds extends BoundsBase {
  readonly #Type: typeof Float32Array | typeof Float64Array
  #min = Infinity
  #max = -Infinity
  #any = false
  #nan = false
  readonly #pages = new FloatRange()
  #taken: readonly [min: number, max: number] | null = null

  constructor(Type: typeof Float32Array | typeof Float64Array) {
    super()
    this.#Type = Type
  }

  add(words: Int32Array, from: number, to: number): void {
    const values = new this.#Type(words.buffer as ArrayBuffer, words.byteOffset)
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value < this.#min) this.#min = value
      if (value > this.#max) this.#max = value
      if (Number.isNaN(value)) this.#nan = true
    }
    if (this.#min === 0 || this.#max === 0) this.#pages.addZeros(values, from, to)
    this.#any ||= to > from
  }

  protected page(): BoundBytes | 'none' | 'invalid' {
    if (!this.#any) return 'none'
    this.#pages.addPage(this.#min, this.#max, this.#nan)
    const page = this.#nan
      ? 'invalid'
      : { min: this.#bytes(this.#min || -0), max: this.#bytes(this.#max || 0) }
    this.#min = Infinity
    this.#max = -Infinity
    this.#any = false
    this.#nan = false
    return page
  }

  override takeChunk(): BoundBytes | null {
    this.#taken = this.#pages.take()
    return super.takeChunk()
  }

  override chunkRange(): BoundBytes | null {
    if (this.#taken === null) return null
    const [min, max] = this.#taken
    return { min: this.#bytes(min), max: this.#bytes(max) }
  }

  #bytes(value: number): Uint8Array {
    return new Uint8Array(this.#Type.of(value).buffer)
  }

  #read(bytes: Uint8Array): number {
    return new this.#Type(bytes.buffer as ArrayBuffer)[0]!
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    return compareValues(this.#read(a), this.#read(b))
  }
}

/** The least and the greatest value of pages, in the order of `Double.compare`. */
class FloatRange {
  #min = Infinity
  #max = -Infinity
  #nan = false
  #any = false
  #zero = false
  #negativeZero = false

  /** Notes the signs of zeros; to be called where a zero is the least or the greatest value of its page so far. */
  addZeros(values: Float32Array | Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value !== 0) continue
      if (Object.is(value, -0)) this.#negativeZero = true
      else this.#zero = true
    }
  }

  addPage(min: number, max: number, nan: boolean): void {
    this.#min = Math.min(this.#min, min)
    this.#max = Math.max(this.#max, max)
    this.#nan ||= nan
    this.#any = true
  }

  take(): [min: number, max: number] | null {
    const [min, max] = [this.#min, this.#max]
    const range: [number, number] = [
      min > max ? Number.NaN : min === 0 && this.#negativeZero ? -0 : min,
      this.#nan ? Number.NaN : max !== 0 ? max : this.#zero ? 0 : -0,
    ]
    const any = this.#any
    this.#min = Infinity
    this.#max = -Infinity
    this.#nan = this.#any = this.#zero = this.#negativeZero = false
    return any ? range : null
  }
}

export class BooleanBounds extends BoundsBase {
  #seen = 0

  add(isTrue: boolean): void {
    this.#seen |= isTrue ? 2 : 1
  }

  protected page(): BoundBytes | 'none' {
    const seen = this.#seen
    this.#seen = 0
    if (seen === 0) return 'none'
    return { min: Uint8Array.of(seen & 1 ? 0 : 1), max: Uint8Array.of(seen & 2 ? 1 : 0) }
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    return a[0]! - b[0]!
  }
}

/** Types without an order, such as INT96. */
export class NoBounds extends BoundsBase {
  add(): void {}

  protected page(): 'invalid' {
    return 'invalid'
  }

  compare(): number {
    return 0
  }
}

/** Byte strings, unsigned, or, for decimals, as big-endian two's complement of one width. */
export class BytesBounds extends BoundsBase {
  readonly #signed: boolean
  /** The bounds' first four bytes as a big-endian number, which decides nearly every comparison. */
  minPrefix = Infinity
  maxPrefix = -Infinity
  #min: Uint8Array | null = null
  #max: Uint8Array | null = null

  constructor(signed = false) {
    super()
    this.#signed = signed
  }

  /** Takes a value whose prefix is not above `minPrefix`, or not below `maxPrefix`. */
  add(bytes: Uint8Array, start: number, end: number, prefix: number): void {
    if (
      prefix <= this.minPrefix &&
      (this.#min === null || this.#isLess(bytes, start, end, this.#min))
    ) {
      this.#min = Uint8Array.from(bytes.subarray(start, end))
      this.minPrefix = prefix
    }
    if (
      prefix >= this.maxPrefix &&
      (this.#max === null || this.#isMore(bytes, start, end, this.#max))
    ) {
      this.#max = Uint8Array.from(bytes.subarray(start, end))
      this.maxPrefix = prefix
    }
  }

  #isLess(bytes: Uint8Array, start: number, end: number, than: Uint8Array): boolean {
    return this.compare(bytes.subarray(start, end), than) < 0
  }

  #isMore(bytes: Uint8Array, start: number, end: number, than: Uint8Array): boolean {
    return this.compare(bytes.subarray(start, end), than) > 0
  }

  protected page(): BoundBytes | 'none' {
    const min = this.#min
    const max = this.#max
    this.#min = this.#max = null
    this.minPrefix = Infinity
    this.maxPrefix = -Infinity
    return min === null || max === null ? 'none' : { min, max }
  }

  compare(a: Uint8Array, b: Uint8Array): number {
    if (this.#signed && a.length > 0 && b.length > 0 && (a[0]! ^ b[0]!) & 128) return b[0]! - a[0]!
    return compareBytes(a, b)
  }
}

/** The first four bytes of a value as a big-endian number; a shorter value is filled up with zeros. */
export function prefixOf(bytes: Uint8Array, start: number, end: number): number {
  const at = (i: number): number => (start + i < end ? bytes[start + i]! : 0)
  return ((at(0) << 24) | (at(1) << 16) | (at(2) << 8) | at(3)) >>> 0
}

/** What a column index holds of a bound: whole where it is short. */
const INDEX_BYTES = 64

/** A lower bound of at most 64 bytes. For text the cut is at a character's end. */
export function shortenedMin(min: Uint8Array, isText: boolean): Uint8Array {
  return min.length <= INDEX_BYTES ? min : min.slice(0, cutLength(min, isText))
}

/** An upper bound of at most 64 bytes, or the value itself where no shorter one exists. */
export function shortenedMax(max: Uint8Array, isText: boolean): Uint8Array {
  if (max.length <= INDEX_BYTES) return max
  const cut = max.slice(0, cutLength(max, isText))
  // The last byte that can be raised without leaving ASCII is raised, so that the text stays valid.
  const limit = isText ? 0x7f : 0xff
  for (let i = cut.length - 1; i >= 0; i--) {
    if (cut[i]! < limit) {
      cut[i]!++
      return cut.slice(0, i + 1)
    }
  }
  return max
}

function cutLength(bytes: Uint8Array, isText: boolean): number {
  let length = INDEX_BYTES
  if (isText) while (length > 0 && (bytes[length]! & 0xc0) === 0x80) length--
  return length
}
