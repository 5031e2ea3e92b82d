/** Encoders that never use a dictionary: booleans, and the fixed-length bytes of wide decimals. */
import { allocateBytes } from '../../../io/allocate.ts'
import type { DataType } from '../../../types/data-type.ts'
import { decimalBytes } from '../../../types/decimal-text.ts'
import { assert } from '../../../util/assert.ts'
import type { ColumnRows } from '../../column-rows.ts'
import { ENCODING } from '../metadata.ts'
import { BooleanBounds, type BoundBytes, BytesBounds, prefixOf } from './bounds.ts'
import { fixedValues } from './gather-words.ts'
import { type EncodedValues, HEADROOM, type ValueEncoder } from './value-encoder.ts'

/** BOOLEAN: bits, LSB first. */
export class BooleanEncoder implements ValueEncoder {
  readonly #bounds = new BooleanBounds()
  #bits = new Uint8Array(1024)
  #count = 0

  get pageBytes(): number {
    return (this.#count + 7) >> 3
  }

  append({ columns, sourceOf, rows }: ColumnRows, from: number, to: number): number {
    const bytes = (this.#count + to - from + 7) >> 3
    if (bytes > this.#bits.length) {
      const grown = new Uint8Array(Math.max(bytes, 2 * this.#bits.length))
      grown.set(this.#bits)
      this.#bits = grown
    }
    const sources = columns.map((column) => {
      assert(column.layout === 'boolean', `a boolean column has the layout ${column.layout}`)
      return column.bits
    })
    for (let i = from; i < to; i++) {
      const bits = sources[sourceOf === null ? 0 : sourceOf[i]!]!
      const row = rows === null ? i : rows[i]!
      const isTrue = (bits[row >> 3]! & (1 << (row & 7))) !== 0
      if (isTrue) this.#bits[this.#count >> 3]! |= 1 << (this.#count & 7)
      this.#bounds.add(isTrue)
      this.#count++
    }
    return to - from
  }

  takePage(): EncodedValues {
    const length = (this.#count + 7) >> 3
    const bytes = allocateBytes(HEADROOM + length)
    bytes.set(this.#bits.subarray(0, length), HEADROOM)
    this.#bits.fill(0, 0, length)
    this.#count = 0
    return { encoding: ENCODING.PLAIN, bytes }
  }

  compareBounds(a: Uint8Array, b: Uint8Array): number {
    return this.#bounds.compare(a, b)
  }

  takePageBounds(): BoundBytes | null {
    return this.#bounds.takePage()
  }

  takeChunk(): ReturnType<ValueEncoder['takeChunk']> {
    const bounds = this.#bounds.takeChunk()
    return { bounds, range: this.#bounds.chunkRange(), dictionary: null }
  }
}

/** DECIMAL of more than 18 digits: big-endian two's complement of the fewest bytes. */
export class WideDecimalEncoder implements ValueEncoder {
  readonly #width: number
  readonly #pageBytesMax: number
  readonly #bounds = new BytesBounds(true)
  #page = new Uint8Array(1024)
  #length = 0

  constructor(type: DataType, pageBytesMax: number) {
    assert(type.kind === 'DECIMAL', `${type.kind} is no decimal`)
    this.#width = decimalBytes(type.precision)
    this.#pageBytesMax = pageBytesMax
  }

  get pageBytes(): number {
    return this.#length
  }

  append({ columns, sourceOf, rows }: ColumnRows, from: number, to: number): number {
    const width = this.#width
    const room = Math.floor((this.#pageBytesMax - this.#length) / width)
    const count = Math.min(to - from, Math.max(room, this.#length === 0 ? 1 : 0))
    const end = this.#length + count * width
    if (end > this.#page.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#page.length))
      grown.set(this.#page)
      this.#page = grown
    }
    const page = this.#page
    const sources = columns.map((column) => {
      const values = fixedValues(column)
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    })
    for (let i = from, at = this.#length; i < from + count; i++, at += width) {
      const source = sources[sourceOf === null ? 0 : sourceOf[i]!]!
      const row = (rows === null ? i : rows[i]!) * 16
      for (let b = 0; b < width; b++) page[at + b] = source[row + width - 1 - b]!
      // The sign bit is flipped, so that prefixes of negative numbers come first.
      const prefix = (prefixOf(page, at, at + width) ^ 0x80000000) >>> 0
      if (prefix <= this.#bounds.minPrefix || prefix >= this.#bounds.maxPrefix)
        this.#bounds.add(page, at, at + width, prefix)
    }
    this.#length = end
    return count
  }

  takePage(): EncodedValues {
    const bytes = allocateBytes(HEADROOM + this.#length)
    bytes.set(this.#page.subarray(0, this.#length), HEADROOM)
    this.#length = 0
    return { encoding: ENCODING.PLAIN, bytes }
  }

  compareBounds(a: Uint8Array, b: Uint8Array): number {
    return this.#bounds.compare(a, b)
  }

  takePageBounds(): BoundBytes | null {
    return this.#bounds.takePage()
  }

  takeChunk(): ReturnType<ValueEncoder['takeChunk']> {
    const bounds = this.#bounds.takeChunk()
    return { bounds, range: this.#bounds.chunkRange(), dictionary: null }
  }
}
