/** Bytes written and read front to back, with numbers as Java's `DataOutput` writes them. */
import { corrupt } from './errors.ts'

export class BigEndianOutput {
  #bytes = new Uint8Array(1024)
  #length = 0

  byte(value: number): void {
    this.#bytes[this.#grow(1)] = value
  }

  int(value: number): void {
    const at = this.#grow(4)
    new DataView(this.#bytes.buffer).setInt32(at, value)
  }

  /** The bytes behind their number. */
  sized(bytes: Uint8Array): void {
    this.int(bytes.length)
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #grow(sizeBytes: number): number {
    const at = this.#length
    this.#length += sizeBytes
    if (this.#length > this.#bytes.length) {
      const bytes = new Uint8Array(2 * this.#length)
      bytes.set(this.#bytes)
      this.#bytes = bytes
    }
    return at
  }
}

/** CORRUPT beyond the end of the bytes. */
export class BigEndianInput {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1))
  }

  int(): number {
    return this.#view.getInt32(this.#take(4))
  }

  /** How many things follow, each of which takes at least four bytes. */
  count(): number {
    const count = this.int()
    if (count < 0 || 4 * count > this.left) throw corrupt('bytes are cut short')
    return count
  }

  sized(): Uint8Array {
    const sizeBytes = this.int()
    const at = this.#take(sizeBytes)
    return this.#bytes.subarray(at, at + sizeBytes)
  }

  #take(sizeBytes: number): number {
    if (sizeBytes < 0 || sizeBytes > this.left) throw corrupt('bytes are cut short')
    const at = this.#at
    this.#at += sizeBytes
    return at
  }
}
