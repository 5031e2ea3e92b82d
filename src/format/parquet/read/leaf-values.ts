/**
 * Page kernels: the present values of one column chunk, page after page, into output buffers.
 *
 * One class per physical shape. `append` writes values densely; where a column has nulls, `spread` then moves them
 * apart in place, from the back, so that no second buffer is needed.
 */
import { copyBits } from '../../../util/bits.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import { HybridReader } from '../hybrid.ts'
import { ENCODING } from '../metadata.ts'
import { readDeltaIntegers, readDeltaStrings } from './delta.ts'

/** The encoded values of one data page: `bytes[from, to)` holds `count` present values. */
export interface PageValues {
  readonly encoding: number
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  readonly count: number
  /** Whether the page is the only one to use the buffer of the bytes. */
  readonly isOwn: boolean
}

/** Decodes the values of one leaf. All calls of one output come between `start` and the output's own finish. */
export interface LeafValues {
  /** Whether an output points into the pages, so that they must stay. */
  readonly holdsPages?: boolean
  /** Begins an output of at most `slots` values and nulls. */
  start(slots: number): void
  /** Takes the chunk's dictionary page: `count` PLAIN values. */
  setDictionary(bytes: Uint8Array, count: number): void
  setPage(page: PageValues): void
  /** Decodes the next `count` values of the page to the slots from `at` on. */
  append(at: number, count: number): void
  /**
   * Decodes the next `flags.length` values of the page, and puts those whose flag is 1, `kept` of them, to the slots from
   * `at` on; for shapes that do so faster than by appending and skipping.
   */
  appendKept?(at: number, flags: Uint8Array, kept: number): void
  skip(count: number): void
  /** Moves the `present` values at the slots from `at` on to those of the `slots` slots whose bit is set. */
  spread(at: number, slots: number, present: number, validity: Uint8Array): void
}

/** Appends the next values of the page whose flag is 1, stretch by stretch, and skips the others. */
export function appendRuns(values: LeafValues, at: number, flags: Uint8Array): void {
  let slot = at
  for (let from = 0; from < flags.length;) {
    let to = from
    while (to < flags.length && flags[to] === flags[from]) to++
    if (flags[from] === 0) values.skip(to - from)
    else {
      values.append(slot, to - from)
      slot += to - from
    }
    from = to
  }
}

/** What the shapes share: a page is read as PLAIN bytes, as dictionary indices, or was decoded whole. */
export abstract class PageReader {
  protected indices: HybridReader | null = null
  readonly #hybrid = new HybridReader()
  protected scratch = new Int32Array(0)

  /** Sets `indices` for a dictionary page and says whether it is one. */
  protected openIndices({ encoding, bytes, from, to, count }: PageValues): boolean {
    this.indices = null
    if (encoding !== ENCODING.RLE_DICTIONARY && encoding !== ENCODING.PLAIN_DICTIONARY) return false
    if (from >= to) {
      if (count > 0) throw corrupt('a dictionary-encoded page has no indices')
      return true
    }
    this.#hybrid.reset(bytes, from + 1, to, bytes[from]!)
    this.indices = this.#hybrid
    return true
  }

  /** The next dictionary indices, in `scratch`. */
  protected readIndices(count: number): Int32Array {
    if (this.indices === null) throw corrupt('a dictionary-encoded page has no indices')
    if (this.scratch.length < count) this.scratch = new Int32Array(count)
    this.indices.read(this.scratch, 0, count)
    return this.scratch
  }
}

/**
 * CORRUPT where a page has other bytes than its values take. Bytes that are left over are levels, of a column that has
 * become one without nulls by damage to the footer, which has no checksum.
 */
function checkSize(bytes: number, valueBytes: number): void {
  if (bytes < valueBytes) throw corrupt('a page is shorter than its values')
  if (bytes > valueBytes) throw corrupt('a page is longer than its values')
}

export function unknownEncoding(encoding: number): Error {
  return unsupported(`parquet encoding ${encoding} of this column type is not known`)
}

/** INT32, FLOAT (one 32-bit word), INT64, DOUBLE (two), INT96 (three): values as their little-endian words. */
export class WordValues extends PageReader implements LeafValues {
  readonly #words: number
  #out = new Int32Array(0)
  #outBytes = new Uint8Array(0)
  #aside = new Int32Array(0)
  #dictionary: Int32Array | null = null
  /** The dictionary or the PLAIN bytes, whichever the page uses. */
  #plain: Uint8Array = new Uint8Array(0)
  #position = 0
  #end = 0

  constructor(words: 1 | 2 | 3) {
    super()
    this.#words = words
  }

  start(slots: number): void {
    this.#out = new Int32Array(slots * this.#words)
    this.#outBytes = new Uint8Array(this.#out.buffer)
  }

  setDictionary(bytes: Uint8Array, count: number): void {
    const length = count * this.#words * 4
    if (length > bytes.length) throw corrupt('a dictionary is shorter than its values')
    this.#dictionary = new Int32Array(bytes.slice(0, length).buffer)
  }

  setPage(page: PageValues): void {
    if (this.openIndices(page)) return
    const { encoding, bytes, from, to, count } = page
    const width = this.#words * 4
    if (encoding === ENCODING.PLAIN) this.#plain = bytes
    else if (encoding === ENCODING.BYTE_STREAM_SPLIT)
      this.#plain = joinStreams(bytes.subarray(from, to), width)
    else if (encoding === ENCODING.DELTA_BINARY_PACKED && width <= 8)
      this.#plain = deltaBytes(page, width)
    else throw unknownEncoding(encoding)
    const whole = encoding === ENCODING.PLAIN
    this.#position = whole ? from : 0
    this.#end = whole ? to : this.#plain.length
    checkSize(this.#end - this.#position, count * width)
  }

  append(at: number, count: number): void {
    if (count === 0) return
    const words = this.#words
    if (this.indices !== null) {
      gatherWords(this.#dictionary, this.readIndices(count), count, this.#out, at * words, words)
      return
    }
    const end = this.#position + count * words * 4
    if (end > this.#end) throw corrupt('a page is shorter than its values')
    this.#outBytes.set(this.#plain.subarray(this.#position, end), at * words * 4)
    this.#position = end
  }

  /** Decodes all of them to a place aside, from which a plain loop takes those that stay. */
  appendKept(at: number, flags: Uint8Array): void {
    const words = this.#words
    const count = flags.length
    if (this.#aside.length < count * words) this.#aside = new Int32Array(count * words)
    const out = this.#out
    const outBytes = this.#outBytes
    const all = this.#aside
    this.#out = all
    this.#outBytes = new Uint8Array(all.buffer)
    this.append(0, count)
    this.#out = out
    this.#outBytes = outBytes
    let to = at * words
    for (let i = 0; i < count; i++) {
      if (flags[i] === 0) continue
      for (let word = i * words; word < (i + 1) * words; word++) out[to++] = all[word]!
    }
  }

  skip(count: number): void {
    if (this.indices !== null) this.indices.skip(count)
    else this.#position += count * this.#words * 4
  }

  spread(at: number, slots: number, present: number, validity: Uint8Array): void {
    const out = this.#out
    const words = this.#words
    for (let slot = at + slots - 1, from = at + present - 1; slot > from; slot--) {
      if (!(validity[slot >> 3]! & (1 << (slot & 7)))) continue
      for (let word = 0; word < words; word++) out[slot * words + word] = out[from * words + word]!
      from--
    }
  }

  /** The words of the first `slots` slots; those of nulls are unspecified. */
  finish(slots: number): Int32Array {
    return this.#out.subarray(0, slots * this.#words)
  }
}

function gatherWords(
  dictionary: Int32Array | null,
  indices: Int32Array,
  count: number,
  out: Int32Array,
  at: number,
  words: number,
): void {
  if (dictionary === null) throw corrupt('a page refers to a dictionary that is not there')
  const entries = dictionary.length / words
  for (let i = 0, to = at; i < count; i++) {
    const index = indices[i]!
    if (index >>> 0 >= entries) throw corrupt(`dictionary index ${index} of ${entries}`)
    for (let word = 0; word < words; word++) out[to++] = dictionary[index * words + word]!
  }
}

function deltaBytes({ bytes, from, to, count }: PageValues, width: number): Uint8Array {
  const { values } = readDeltaIntegers(bytes, from, to, count)
  if (width === 8) return new Uint8Array(values.buffer)
  const halves = new Int32Array(values.buffer)
  const narrow = new Int32Array(values.length)
  for (let i = 0; i < narrow.length; i++) narrow[i] = halves[2 * i]!
  return new Uint8Array(narrow.buffer)
}

/** BYTE_STREAM_SPLIT: stream b holds byte b of every value. */
function joinStreams(bytes: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(bytes.length / width)
  const joined = new Uint8Array(count * width)
  for (let b = 0; b < width; b++)
    for (let i = 0; i < count; i++) joined[i * width + b] = bytes[b * count + i]!
  return joined
}

/** What the values of one output may come to: offsets are signed 32-bit. */
export const OUTPUT_BYTES_MAX = 2 ** 31 - 64

/** FIXED_LEN_BYTE_ARRAY: values as they lie, `width` bytes each. */
export class FixedBytesValues extends PageReader implements LeafValues {
  readonly #width: number
  /** Grows with the values that pages really hold: the width is only what the footer claims. */
  #out = new Uint8Array(0)
  #dictionary: Uint8Array | null = null
  #plain: Uint8Array = new Uint8Array(0)
  #position = 0
  #end = 0

  constructor(width: number) {
    super()
    this.#width = width
  }

  start(): void {
    this.#out = new Uint8Array(0)
  }

  setDictionary(bytes: Uint8Array, count: number): void {
    if (count * this.#width > bytes.length) throw corrupt('a dictionary is shorter than its values')
    this.#dictionary = bytes.subarray(0, count * this.#width)
  }

  setPage(page: PageValues): void {
    if (this.openIndices(page)) return
    const { encoding, bytes, from, to, count } = page
    this.#position = 0
    if (encoding === ENCODING.PLAIN) this.#plain = bytes.subarray(from, to)
    else if (encoding === ENCODING.BYTE_STREAM_SPLIT)
      this.#plain = joinStreams(bytes.subarray(from, to), this.#width)
    else if (encoding === ENCODING.DELTA_BYTE_ARRAY) {
      const strings = readDeltaStrings(bytes, from, to, count, count * this.#width)
      for (let i = 0; i < strings.starts.length; i++)
        if (strings.ends[i]! - strings.starts[i]! !== this.#width)
          throw corrupt('a fixed-length value has another length')
      this.#plain = strings.data
    } else throw unknownEncoding(encoding)
    this.#end = this.#plain.length
    checkSize(this.#end, count * this.#width)
  }

  append(at: number, count: number): void {
    if (count === 0) return
    const width = this.#width
    if (this.indices !== null) {
      this.#gather(at, count)
      return
    }
    const end = this.#position + count * width
    if (end > this.#end) throw corrupt('a page is shorter than its values')
    this.#reserve((at + count) * width)
    this.#out.set(this.#plain.subarray(this.#position, end), at * width)
    this.#position = end
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#out.length) return
    if (bytes > OUTPUT_BYTES_MAX)
      throw unsupported('the values of one batch come to more than 2 GiB')
    const grown = new Uint8Array(Math.min(OUTPUT_BYTES_MAX, Math.max(bytes, 2 * this.#out.length)))
    grown.set(this.#out)
    this.#out = grown
  }

  #gather(at: number, count: number): void {
    const dictionary = this.#dictionary
    if (dictionary === null) throw corrupt('a page refers to a dictionary that is not there')
    const indices = this.readIndices(count)
    const width = this.#width
    this.#reserve((at + count) * width)
    for (let i = 0, to = at * width; i < count; i++, to += width) {
      const from = indices[i]! * width
      if (indices[i]! < 0 || from + width > dictionary.length)
        throw corrupt(`dictionary index ${indices[i]!} is out of range`)
      for (let b = 0; b < width; b++) this.#out[to + b] = dictionary[from + b]!
    }
  }

  skip(count: number): void {
    if (this.indices !== null) this.indices.skip(count)
    else this.#position += count * this.#width
  }

  spread(at: number, slots: number, present: number, validity: Uint8Array): void {
    const width = this.#width
    if (present > 0) this.#reserve((at + slots) * width)
    const out = this.#out
    for (let slot = at + slots - 1, from = at + present - 1; slot > from; slot--) {
      if (!(validity[slot >> 3]! & (1 << (slot & 7)))) continue
      out.copyWithin(slot * width, from * width, (from + 1) * width)
      from--
    }
  }

  /** The bytes of the slots up to the last value; those of nulls are unspecified. */
  finish(): Uint8Array {
    return this.#out
  }
}

/** BOOLEAN: bits, LSB first. */
export class BooleanValues implements LeafValues {
  #out = new Uint8Array(0)
  #packed: Uint8Array = new Uint8Array(0)
  #bit = 0
  #bitEnd = 0
  readonly #hybrid = new HybridReader()
  #isHybrid = false

  start(slots: number): void {
    this.#out = new Uint8Array((slots + 7) >> 3)
  }

  setDictionary(): void {
    throw corrupt('a boolean column has a dictionary')
  }

  setPage({ encoding, bytes, from, to, count }: PageValues): void {
    this.#isHybrid = encoding === ENCODING.RLE
    if (this.#isHybrid) {
      if (count === 0) return
      if (from + 4 > to) throw corrupt('RLE booleans lack their length')
      const length = new DataView(bytes.buffer, bytes.byteOffset + from, 4).getUint32(0, true)
      if (length > to - from - 4) throw corrupt('RLE booleans run past the end of a page')
      this.#hybrid.reset(bytes, from + 4, from + 4 + length, 1)
    } else if (encoding === ENCODING.PLAIN) {
      this.#packed = bytes
      this.#bit = from * 8
      this.#bitEnd = to * 8
      checkSize(to - from, (count + 7) >> 3)
    } else throw unknownEncoding(encoding)
  }

  append(at: number, count: number): void {
    if (count === 0) return
    if (this.#isHybrid) {
      this.#hybrid.readBits(this.#out, at, count)
      return
    }
    if (this.#bit + count > this.#bitEnd) throw corrupt('a page is shorter than its values')
    copyBits(this.#packed, this.#bit, this.#out, at, count)
    this.#bit += count
  }

  skip(count: number): void {
    if (this.#isHybrid) this.#hybrid.skip(count)
    else this.#bit += count
  }

  spread(at: number, slots: number, present: number, validity: Uint8Array): void {
    const out = this.#out
    for (let slot = at + slots - 1, from = at + present - 1; slot > from; slot--) {
      const isPresent = validity[slot >> 3]! & (1 << (slot & 7))
      const value = isPresent ? out[from >> 3]! & (1 << (from & 7)) : 0
      if (isPresent) from--
      if (value) out[slot >> 3]! |= 1 << (slot & 7)
      else out[slot >> 3]! &= ~(1 << (slot & 7))
    }
  }

  finish(): Uint8Array {
    return this.#out
  }
}
