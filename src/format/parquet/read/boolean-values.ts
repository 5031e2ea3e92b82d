/** The page kernel of booleans. */
import { copyBits } from '../../../util/bits.ts'
import { corrupt } from '../../../util/errors.ts'
import { HybridReader } from '../hybrid.ts'
import { ENCODING } from '../metadata.ts'
import { checkSize, type LeafValues, type PageValues, unknownEncoding } from './leaf-values.ts'

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
