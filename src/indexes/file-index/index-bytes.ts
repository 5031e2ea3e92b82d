/** A checked walk over the bytes of a file index, which are big-endian; what runs over their end is CORRUPT. */
import { corrupt } from '../../util/errors.ts'

export class IndexBytes {
  readonly bytes: Uint8Array
  readonly #view: DataView
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  /** Takes room for `count` bytes; where they begin. */
  #take(count: number): number {
    const { at } = this
    if (count < 0 || at < 0 || at + count > this.bytes.length)
      throw corrupt(`a file index ends at byte ${this.bytes.length} and goes on`)
    this.at += count
    return at
  }

  byte(): number {
    return this.#view.getInt8(this.#take(1))
  }

  boolean(): boolean {
    return this.byte() !== 0
  }

  short(): number {
    return this.#view.getInt16(this.#take(2))
  }

  int(): number {
    return this.#view.getInt32(this.#take(4))
  }

  /** A number of things, of which each takes at least `bytesEach` bytes of what is left. */
  count(bytesEach: number): number {
    const count = this.int()
    if (count < 0 || count * bytesEach > this.bytes.length - this.at)
      throw corrupt(`a file index counts ${count} things that it has no room for`)
    return count
  }

  long(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4))
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  take(count: number): Uint8Array {
    const at = this.#take(count)
    return this.bytes.subarray(at, at + count)
  }

  /** The bytes `[from, from + count)`, wherever the walk is. */
  range(from: number, count: number): Uint8Array {
    if (from < 0 || count < 0 || from + count > this.bytes.length)
      throw corrupt(`a file index of ${this.bytes.length} bytes points behind its end`)
    return this.bytes.subarray(from, from + count)
  }
}
