/**
 * A position in the raw bytes of an Avro block, with reads that check every length first.
 *
 * Source: the Avro 1.11 specification, "Binary Encoding".
 */
import { corrupt, type LakeError, unsupported } from '../../util/errors.ts'

/** More items than this in the arrays and maps of one row are refused: a few bytes could ask for any number of them. */
export const MAX_ROW_ITEMS = 1 << 24
/** Items and rows that take no bytes at all, in one block. */
const MAX_EMPTY_ITEMS = 1 << 16

export class AvroCursor {
  bytes: Uint8Array = new Uint8Array()
  view: DataView = new DataView(this.bytes.buffer)
  at = 0
  end = 0
  /** The halves of the number that {@link readLong} read. */
  low = 0
  high = 0
  /** Where the bytes of {@link readBytes} start; they end at `at`. */
  from = 0
  /** Where the items of {@link readItemCount} end; -1 when the block does not say. */
  itemsEnd = -1
  #rowItems = 0
  #emptyItems = 0

  /** Starts over at the beginning of other bytes. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = 0
    this.end = bytes.length
    this.#emptyItems = 0
  }

  startRow(): void {
    this.#rowItems = 0
  }

  /** Reads an int into a number; CORRUPT when it does not fit 32 bits. */
  readInt(): number {
    const byte = this.at < this.end ? this.bytes[this.at]! : 128
    if (byte < 128) {
      this.at++
      return (byte >>> 1) ^ -(byte & 1)
    }
    this.readLong()
    if (this.high !== this.low >> 31) throw corrupt('an Avro int does not fit 32 bits')
    return this.low
  }

  /** Reads a long into {@link low} and {@link high}. */
  readLong(): void {
    const { bytes, end } = this
    let { at } = this
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      if (at >= end) throw cut()
      const byte = bytes[at++]!
      const bits = byte & 127
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else {
        // The tenth byte holds the last bit.
        if (shift === 63 && byte > 1) throw corrupt('an Avro number is longer than 64 bits')
        high |= bits << (shift - 32)
      }
      if (byte < 128) break
    }
    this.at = at
    const sign = -(low & 1)
    this.low = ((low >>> 1) | (high << 31)) ^ sign
    this.high = (high >>> 1) ^ sign
  }

  /** Reads a long as a number, which is inexact beyond 2^53. */
  readNumber(): number {
    const byte = this.at < this.end ? this.bytes[this.at]! : 128
    if (byte < 128) {
      this.at++
      return (byte >>> 1) ^ -(byte & 1)
    }
    this.readLong()
    return this.high * 2 ** 32 + (this.low >>> 0)
  }

  /** Moves past an int or a long. */
  skipVarint(): void {
    if (this.at < this.end && this.bytes[this.at]! < 128) this.at++
    else this.readLong()
  }

  /** Reads the length of a byte string and moves past its bytes, which are `[from, at)`. */
  readBytes(): void {
    const length = this.readNumber()
    this.from = this.at
    if (length < 0 || length > this.end - this.at) throw wrongLength(length)
    this.at += length
  }

  /** Moves past `count` bytes and returns where they start. */
  take(count: number): number {
    const { at } = this
    if (count < 0 || count > this.end - at) throw wrongLength(count)
    this.at = at + count
    return at
  }

  readBoolean(): boolean {
    const byte = this.bytes[this.take(1)]!
    if (byte > 1) throw corrupt('an Avro boolean is neither 0 nor 1')
    return byte === 1
  }

  /** Reads the index of a union's branch. */
  readBranch(branchCount: number): number {
    const index = this.readNumber()
    if (index < 0 || index >= branchCount) throw corrupt(`an Avro union has no branch ${index}`)
    return index
  }

  /**
   * Reads the count that starts a run of array or map items; 0 ends the array. With {@link itemsEnd} where the run's
   * size is stored. CORRUPT when so many items of `minBytes` do not fit what is left.
   */
  readItemCount(minBytes: number): number {
    let count = this.readNumber()
    this.itemsEnd = -1
    if (count === 0) return 0
    if (count < 0) {
      count = -count
      const size = this.readNumber()
      if (size < 0 || size > this.end - this.at) throw wrongLength(size)
      this.itemsEnd = this.at + size
    }
    this.checkCount(count, minBytes)
    this.#rowItems += count
    if (this.#rowItems > MAX_ROW_ITEMS)
      throw unsupported(`one row holds more than ${MAX_ROW_ITEMS} items in its arrays and maps`)
    return count
  }

  /** CORRUPT when `count` items that take `minBytes` each cannot be in what is left. */
  checkCount(count: number, minBytes: number): void {
    const left = this.end - this.at
    if (count < 0 || count * minBytes > left)
      throw corrupt(`Avro data of ${left} bytes cannot hold ${count} items`)
    if (minBytes > 0) return
    this.#emptyItems += count
    if (this.#emptyItems > MAX_EMPTY_ITEMS)
      throw unsupported(`an Avro block holds more than ${MAX_EMPTY_ITEMS} items of no bytes`)
  }

  /** Checks that the items of a run ended where the run said. */
  checkItemsEnd(itemsEnd: number): void {
    if (itemsEnd >= 0 && itemsEnd !== this.at)
      throw corrupt('the items of an Avro array do not take the bytes that the array says')
  }
}

const cut = (): LakeError => corrupt('the Avro data ends inside a value')

function wrongLength(length: number): LakeError {
  return length < 0 ? corrupt('an Avro length is negative') : cut()
}
