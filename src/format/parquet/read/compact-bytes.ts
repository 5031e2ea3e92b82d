/** Strings copied one behind the other. */
import { allocateBytes } from '../../../io/allocate.ts'
import type { BytesColumn } from '../../../types/column.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import { giveArena, takeArena } from '../../kernels/arena.ts'
import { type BytesOutput, BytesReader, type BytesValues } from './bytes-values.ts'
import type { ByteStrings } from './delta.ts'
import { appendRuns, OUTPUT_BYTES_MAX as MAX_BYTES, type PageValues } from './leaf-values.ts'

/** An output starts no larger than this; it grows with the values that pages really hold. */
const START_BYTES_MAX = 2 ** 26
/** From so many values on a page of at most so many bytes is decoded by a kernel: less is not worth the copying. */
const KERNEL_VALUES_MIN = 256
const KERNEL_BYTES_MAX = 16 << 20

const NO_BYTES: Uint8Array = new Uint8Array(0)
const NO_VIEW: DataView = new DataView(NO_BYTES.buffer)

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export class CompactBytes extends BytesReader implements BytesValues {
  /** The PLAIN page: its next value, and where its values end. */
  #bytes = NO_BYTES
  #view = NO_VIEW
  #position = 0
  #to = 0
  /** The values of the page that are still to come. */
  #left = 0
  #data = NO_BYTES
  #dataView = NO_VIEW
  #offsets = new Int32Array(1)
  /** The mean length of the values of the last output, from which the next one's size is guessed. */
  #meanBytes = 16

  start(slots: number): void {
    this.#offsets = new Int32Array(slots + 1)
    this.#data = NO_BYTES
    this.#dataView = NO_VIEW
    this.#reserve(Math.min(START_BYTES_MAX, Math.ceil(slots * this.#meanBytes * 1.05) + 64))
  }

  protected override openPlain({ bytes, from, to, count }: PageValues): void {
    this.#left = count
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#position = from
    this.#to = to
  }

  protected override skipPlain(count: number): void {
    const view = this.#view
    const to = this.#to
    let next = this.#position
    for (let i = 0; i < count; i++) {
      if (to - next < 4) throw corrupt('a string runs past the end of a page')
      const length = view.getInt32(next, true)
      next += 4
      if (length < 0 || length > to - next) throw corrupt('a string runs past the end of a page')
      next += length
    }
    this.#pass(count, next)
  }

  /** The next values were read up to the position, which is the end of the page if they are its last. */
  #pass(count: number, position: number): void {
    this.#position = position
    this.#left -= count
    if (this.#left === 0 && position < this.#to) throw corrupt('a page is longer than its values')
  }

  append(at: number, count: number): void {
    if (count === 0) return
    if (this.indices !== null) this.#appendIndexed(at, count, this.needDictionary())
    else if (this.strings !== null) {
      const from = this.takeStrings(this.strings, count)
      this.#appendStrings(at, count, this.strings, from)
    } else if (this.#isForKernel(count)) this.#appendByKernel(at, count)
    else this.#appendPlain(at, count)
  }

  appendKept(at: number, flags: Uint8Array, kept: number): void {
    if (this.indices !== null) this.#appendIndexed(at, flags.length, this.needDictionary(), flags)
    else if (this.strings !== null) {
      const from = this.takeStrings(this.strings, flags.length)
      this.#appendStrings(at, flags.length, this.strings, from, flags)
    } else if (this.#isForKernel(flags.length))
      this.#appendByKernel(at, flags.length, { flags, kept })
    else appendRuns(this, at, flags)
  }

  #isForKernel(count: number): boolean {
    return count >= KERNEL_VALUES_MIN && this.#to - this.#position <= KERNEL_BYTES_MAX
  }

  /** Has a kernel decode the next values of the page, which are copied to its memory and back. */
  #appendByKernel(at: number, count: number, chosen?: { flags: Uint8Array; kept: number }): void {
    const position = this.#position
    const to = this.#to
    const size = to - position
    const arena = takeArena()
    arena.reset(2 * size + 5 * count, 4)
    const page = arena.allocate(size)
    const values = arena.allocate(size)
    const ends = arena.allocate(4 * count)
    arena.bytes(page, size).set(this.#bytes.subarray(position, to))
    const out = this.#offsets[at]!
    let read: number
    const kept = chosen?.kept ?? count
    if (chosen === undefined) read = arena.kernels.decodePlain(page, size, count, values, ends, out)
    else {
      const marks = arena.allocate(count)
      arena.bytes(marks, count).set(chosen.flags)
      read = arena.kernels.decodePlainKept(page, size, count, marks, values, ends, out)
    }
    if (read < 0) throw corrupt('a string runs past the end of a page')
    const length = kept === 0 ? 0 : arena.ints(ends, kept)[kept - 1]! - out
    this.#reserve(out + length)
    this.#data.set(arena.bytes(values, length), out)
    this.#offsets.set(arena.ints(ends, kept), at + 1)
    giveArena(arena)
    this.#pass(count, position + read)
  }

  #appendPlain(at: number, count: number): void {
    const view = this.#view
    const bytes = this.#bytes
    const to = this.#to
    const offsets = this.#offsets
    let next = this.#position
    let out = offsets[at]!
    this.#reserve(out + Math.min(to - next, count * 64) + 8)
    // Eight bytes are copied at a time; the last values of a page are copied so that nothing behind it is read.
    const fastEnd = view.byteLength - 8
    for (let i = at; i < at + count; i++) {
      if (to - next < 4) throw corrupt('a string runs past the end of a page')
      const length = view.getInt32(next, true)
      next += 4
      if (length < 0 || length > to - next) throw corrupt('a string runs past the end of a page')
      if (out + length + 8 > this.#data.length) this.#reserve(out + length + 8)
      if (length <= 64 && next + length <= fastEnd) {
        const target = this.#dataView
        for (let b = 0; b < length; b += 8)
          target.setBigInt64(out + b, view.getBigInt64(next + b, true), true)
      } else this.#data.set(bytes.subarray(next, next + length), out)
      next += length
      out += length
      offsets[i + 1] = out
    }
    this.#pass(count, next)
  }

  #appendIndexed(
    at: number,
    count: number,
    { data, starts, ends }: ByteStrings,
    flags?: Uint8Array,
  ): void {
    const indices = this.readIndices(count)
    const offsets = this.#offsets
    const entries = starts.length
    let out = offsets[at]!
    let slot = at
    for (let i = 0; i < count; i++) {
      const index = indices[i]!
      if (index >>> 0 >= entries) throw corrupt(`dictionary index ${index} of ${entries}`)
      if (flags !== undefined && flags[i] === 0) continue
      out = this.#copy(data, starts[index]!, ends[index]!, out)
      offsets[++slot] = out
    }
  }

  #appendStrings(
    at: number,
    count: number,
    strings: ByteStrings,
    from: number,
    flags?: Uint8Array,
  ): void {
    const { data, starts, ends } = strings
    let out = this.#offsets[at]!
    let slot = at
    for (let i = from; i < from + count; i++) {
      if (flags !== undefined && flags[i - from] === 0) continue
      out = this.#copy(data, starts[i]!, ends[i]!, out)
      this.#offsets[++slot] = out
    }
  }

  #copy(source: Uint8Array, start: number, end: number, out: number): number {
    const length = end - start
    if (out + length + 8 > this.#data.length) this.#reserve(out + length + 8)
    if (length > 24) this.#data.set(source.subarray(start, end), out)
    else {
      const target = this.#data
      for (let b = 0; b < length; b++) target[out + b] = source[start + b]!
    }
    return out + length
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#data.length) return
    if (bytes > MAX_BYTES) throw unsupported('the strings of one batch come to more than 2 GiB')
    const wanted = Math.min(MAX_BYTES, Math.max(bytes, Math.ceil(this.#data.length * 1.5)))
    const grown = allocateBytes(wanted)
    grown.set(this.#data)
    this.#data = grown
    this.#dataView = viewOf(grown)
  }

  spread(at: number, slots: number, present: number, validity: Uint8Array): void {
    const offsets = this.#offsets
    for (let slot = at + slots - 1, from = at + present; slot >= at; slot--) {
      offsets[slot + 1] = offsets[from]!
      if (validity[slot >> 3]! & (1 << (slot & 7))) from--
    }
  }

  column(length: number, validity: Uint8Array | null): BytesColumn {
    return { layout: 'bytes', length, validity, ...this.finish(length) }
  }

  finish(slots: number): BytesOutput {
    const used = this.#offsets[slots]!
    if (slots > 0) this.#meanBytes = used / slots
    return {
      data: this.#data.subarray(0, used),
      starts: this.#offsets.subarray(0, slots),
      ends: this.#offsets.subarray(1, slots + 1),
    }
  }
}
