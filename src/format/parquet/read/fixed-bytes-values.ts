/** The page kernel of values of a fixed number of bytes. */
import { corrupt, unsupported } from '../../../util/errors.ts'
import { ENCODING } from '../metadata.ts'
import { readDeltaStrings } from './delta.ts'
import {
  checkSize,
  joinStreams,
  type LeafValues,
  OUTPUT_BYTES_MAX,
  PageReader,
  type PageValues,
  unknownEncoding,
} from './leaf-values.ts'

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
