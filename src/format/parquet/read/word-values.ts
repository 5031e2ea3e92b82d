/** The page kernel of values that are one, two or three 32-bit words. */
import { corrupt } from '../../../util/errors.ts'
import { ENCODING } from '../metadata.ts'
import { readDeltaIntegers } from './delta.ts'
import {
  checkSize,
  joinStreams,
  type LeafValues,
  PageReader,
  type PageValues,
  unknownEncoding,
} from './leaf-values.ts'

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
