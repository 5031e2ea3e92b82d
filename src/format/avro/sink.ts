/** A growing buffer of Avro's binary encoding: what one block's rows are written to. */
import { unsupported } from '../../util/errors.ts'
import { MAX_ROW_ITEMS } from './cursor.ts'

export class AvroSink {
  bytes: Uint8Array<ArrayBuffer>
  view: DataView
  at = 0
  readonly #limitBytes: number
  #rowItems = 0

  /** Growing beyond `limitBytes` is UNSUPPORTED. */
  constructor(sizeBytes: number, limitBytes: number = 2 ** 31 - 1) {
    this.#limitBytes = limitBytes
    this.bytes = new Uint8Array(sizeBytes)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.at + count
    if (needed <= this.bytes.length) return
    if (needed > this.#limitBytes)
      throw unsupported(`the rows of one Avro block take more than ${this.#limitBytes} bytes`)
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  startRow(): void {
    this.#rowItems = 0
  }

  /** Writes how many items follow; UNSUPPORTED when a reader would refuse so many in one row. */
  writeItemCount(count: number): void {
    this.#rowItems += count
    if (this.#rowItems > MAX_ROW_ITEMS)
      throw unsupported(`one row holds more than ${MAX_ROW_ITEMS} items in its arrays and maps`)
    this.reserve(5)
    this.#writeBits(count << 1)
  }

  writeByte(byte: number): void {
    this.reserve(1)
    this.bytes[this.at++] = byte
  }

  /** Writes a 32-bit integer as an int, which reads as a long too. */
  writeInt(value: number): void {
    this.reserve(5)
    this.#writeBits((value << 1) ^ (value >> 31))
  }

  /** Writes a long of two 32-bit halves. */
  writeLong(low: number, high: number): void {
    this.reserve(10)
    const sign = high >> 31
    let bits = (low << 1) ^ sign
    let rest = ((high << 1) | (low >>> 31)) ^ sign
    while (rest !== 0) {
      this.bytes[this.at++] = (bits & 127) | 128
      bits = (bits >>> 7) | (rest << 25)
      rest >>>= 7
    }
    this.#writeBits(bits)
  }

  /** Writes a length or count of less than 2^31, then is ready for as many bytes. */
  writeLength(length: number): void {
    this.reserve(length + 5)
    this.#writeBits(length << 1)
  }

  /** Writes the bytes `[from, to)` of a view behind their length: four at a time, past the end, where they are few. */
  writeBytes(source: DataView, from: number, to: number): void {
    const length = to - from
    this.reserve(length + 8)
    this.#writeBits(length << 1)
    const { at } = this
    this.at = at + length
    if (length > 128 || to + 3 > source.byteLength) {
      this.bytes.set(new Uint8Array(source.buffer, source.byteOffset + from, length), at)
      return
    }
    const { view } = this
    for (let i = from, o = at; i < to; i += 4, o += 4)
      view.setInt32(o, source.getInt32(i, true), true)
  }

  /** Writes the bytes as they are. */
  writeRaw(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.at)
    this.at += source.length
  }

  /** A copy of what was written; the sink is empty then. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(0, this.at)
    this.at = 0
    return taken
  }

  #writeBits(unsigned: number): void {
    let bits = unsigned >>> 0
    const { bytes } = this
    let { at } = this
    while (bits > 127) {
      bytes[at++] = (bits & 127) | 128
      bits >>>= 7
    }
    bytes[at++] = bits
    this.at = at
  }
}
