/**
 * Page kernels of BYTE_ARRAY columns, in two forms.
 *
 * {@link CompactBytes} copies the values one behind the other, as Arrow wants them. {@link BytesViews} leaves them in
 * their pages and notes where they lie, for a merge that will keep only some of them.
 */
import { allocateBytes } from '../../../io/allocate.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import { giveArena, takeArena } from '../../kernels/arena.ts'
import { ENCODING } from '../metadata.ts'
import { type ByteStrings, readDeltaLengths, readDeltaStrings } from './delta.ts'
import {
  type LeafValues,
  OUTPUT_BYTES_MAX as MAX_BYTES,
  PageReader,
  type PageValues,
  unknownEncoding,
} from './leaf-values.ts'

/** An output starts no larger than this; it grows with the values that pages really hold. */
const START_BYTES_MAX = 2 ** 26
/** From so many values on a page of at most so many bytes is decoded by a kernel: less is not worth the copying. */
const KERNEL_VALUES_MIN = 256
const KERNEL_BYTES_MAX = 16 << 20
/** What a page's delta-encoded strings may expand to. */
const MAX_EXPANDED_BYTES = 2 ** 28

export interface BytesOutput {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

export interface BytesValues extends LeafValues {
  /** The first `slots` values; a null's start and end are equal. */
  finish(slots: number): BytesOutput
}

const NO_BYTES: Uint8Array = new Uint8Array(0)
const NO_VIEW: DataView = new DataView(NO_BYTES.buffer)

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Where the `count` PLAIN strings of `bytes` lie. */
function plainStrings(bytes: Uint8Array, count: number): ByteStrings {
  if (count > bytes.length / 4)
    throw corrupt(`a dictionary of ${bytes.length} bytes claims ${count} strings`)
  const starts = new Int32Array(count)
  const ends = new Int32Array(count)
  scanPlain(viewOf(bytes), 0, bytes.length, starts, ends, 0, count, 0)
  return { data: bytes, starts, ends }
}

/**
 * Walks `count` PLAIN strings from `position` on and notes where they lie, `base` added. Returns the position behind.
 */
function scanPlain(
  view: DataView,
  position: number,
  to: number,
  starts: Int32Array,
  ends: Int32Array,
  at: number,
  count: number,
  base: number,
): number {
  let next = position
  for (let i = at; i < at + count; i++) {
    if (to - next < 4) throw corrupt('a string runs past the end of a page')
    const length = view.getInt32(next, true)
    next += 4
    if (length < 0 || length > to - next) throw corrupt('a string runs past the end of a page')
    starts[i] = base + next
    next += length
    ends[i] = base + next
  }
  return next
}

/** What both forms share: the page's bytes, the dictionary, and strings that were decoded whole. */
abstract class BytesReader extends PageReader {
  protected dictionary: ByteStrings | null = null
  protected strings: ByteStrings | null = null
  /** The next of `strings`. */
  protected nextString = 0
  protected bytes = NO_BYTES
  protected view = NO_VIEW
  protected position = 0
  protected to = 0

  setDictionary(bytes: Uint8Array, count: number): void {
    this.dictionary = plainStrings(bytes, count)
  }

  setPage(page: PageValues): void {
    this.strings = null
    if (this.openIndices(page)) return
    const { encoding, bytes, from, to, count } = page
    if (encoding === ENCODING.PLAIN) {
      this.bytes = bytes
      this.view = viewOf(bytes)
      this.position = from
      this.to = to
      return
    }
    if (encoding === ENCODING.DELTA_LENGTH_BYTE_ARRAY)
      this.strings = readDeltaLengths(bytes, from, to, count)
    else if (encoding === ENCODING.DELTA_BYTE_ARRAY)
      this.strings = readDeltaStrings(bytes, from, to, count, MAX_EXPANDED_BYTES)
    else throw unknownEncoding(encoding)
    this.nextString = 0
  }

  skip(count: number): void {
    if (this.indices !== null) this.indices.skip(count)
    else if (this.strings !== null) this.nextString += count
    else this.#skipPlain(count)
  }

  #skipPlain(count: number): void {
    const { view, to } = this
    let next = this.position
    for (let i = 0; i < count; i++) {
      if (to - next < 4) throw corrupt('a string runs past the end of a page')
      const length = view.getInt32(next, true)
      next += 4
      if (length < 0 || length > to - next) throw corrupt('a string runs past the end of a page')
      next += length
    }
    this.position = next
  }

  protected needDictionary(): ByteStrings {
    if (this.dictionary === null) throw corrupt('a page refers to a dictionary that is not there')
    return this.dictionary
  }

  /** The strings that were decoded whole, from which `count` more are taken. */
  protected takeStrings(strings: ByteStrings, count: number): number {
    const from = this.nextString
    if (from + count > strings.starts.length) throw corrupt('a page is shorter than its values')
    this.nextString += count
    return from
  }
}

/** Values copied one behind the other. */
export class CompactBytes extends BytesReader implements BytesValues {
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

  append(at: number, count: number): void {
    if (count === 0) return
    if (this.indices !== null) this.#appendIndexed(at, count, this.needDictionary())
    else if (this.strings !== null) {
      const from = this.takeStrings(this.strings, count)
      this.#appendStrings(at, count, this.strings, from)
    } else if (count < KERNEL_VALUES_MIN || this.to - this.position > KERNEL_BYTES_MAX)
      this.#appendPlain(at, count)
    else this.#appendByKernel(at, count)
  }

  /** Has a kernel decode the next values of the page, which are copied to its memory and back. */
  #appendByKernel(at: number, count: number): void {
    const { position, to } = this
    const size = to - position
    const arena = takeArena()
    arena.reset(2 * size + 4 * count, 3)
    const page = arena.allocate(size)
    const values = arena.allocate(size)
    const ends = arena.allocate(4 * count)
    arena.bytes(page, size).set(this.bytes.subarray(position, to))
    const out = this.#offsets[at]!
    const read = arena.kernels.decodePlain(page, size, count, values, ends, out)
    if (read < 0) throw corrupt('a string runs past the end of a page')
    const length = read - 4 * count
    this.#reserve(out + length)
    this.#data.set(arena.bytes(values, length), out)
    this.#offsets.set(arena.ints(ends, count), at + 1)
    this.position = position + read
    giveArena(arena)
  }

  #appendPlain(at: number, count: number): void {
    const { view, bytes, to } = this
    const offsets = this.#offsets
    let next = this.position
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
    this.position = next
  }

  #appendIndexed(at: number, count: number, { data, starts, ends }: ByteStrings): void {
    const indices = this.readIndices(count)
    const offsets = this.#offsets
    const entries = starts.length
    let out = offsets[at]!
    for (let i = 0; i < count; i++) {
      const index = indices[i]!
      if (index >>> 0 >= entries) throw corrupt(`dictionary index ${index} of ${entries}`)
      out = this.#copy(data, starts[index]!, ends[index]!, out)
      offsets[at + i + 1] = out
    }
  }

  #appendStrings(at: number, count: number, strings: ByteStrings, from: number): void {
    const { data, starts, ends } = strings
    let out = this.#offsets[at]!
    for (let i = 0; i < count; i++) {
      out = this.#copy(data, starts[from + i]!, ends[from + i]!, out)
      this.#offsets[at + i + 1] = out
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

/** Values left where they were decoded. */
export class BytesViews extends BytesReader implements BytesValues {
  #starts = new Int32Array(0)
  #ends = new Int32Array(0)
  /** The buffers that the values of this output point into, laid end to end. */
  #blocks: Uint8Array[] = []
  #blockBytes = 0
  #dictionaryBase: number | null = null
  /** What turns a position in the page into one in the joined blocks. */
  #pageBase: number | null = null

  start(slots: number): void {
    this.#starts = new Int32Array(slots)
    this.#ends = new Int32Array(slots)
    this.#blocks = []
    this.#blockBytes = 0
    this.#dictionaryBase = null
    this.#pageBase = null
  }

  override setPage(page: PageValues): void {
    super.setPage(page)
    this.#pageBase = null
  }

  append(at: number, count: number): void {
    if (count === 0) return
    if (this.indices !== null) {
      const dictionary = this.needDictionary()
      this.#dictionaryBase ??= this.#addBlock(dictionary.data)
      this.#appendIndexed(at, count, dictionary, this.#dictionaryBase)
    } else if (this.strings !== null) {
      const { data, starts, ends } = this.strings
      const base = (this.#pageBase ??= this.#addBlock(data))
      const from = this.takeStrings(this.strings, count)
      for (let i = 0; i < count; i++) {
        this.#starts[at + i] = base + starts[from + i]!
        this.#ends[at + i] = base + ends[from + i]!
      }
    } else {
      const { view, position, to } = this
      const base = (this.#pageBase ??= this.#addBlock(this.bytes.subarray(position, to)) - position)
      this.position = scanPlain(view, position, to, this.#starts, this.#ends, at, count, base)
    }
  }

  #appendIndexed(at: number, count: number, { starts, ends }: ByteStrings, base: number): void {
    const indices = this.readIndices(count)
    const entries = starts.length
    for (let i = 0; i < count; i++) {
      const index = indices[i]!
      if (index >>> 0 >= entries) throw corrupt(`dictionary index ${index} of ${entries}`)
      this.#starts[at + i] = base + starts[index]!
      this.#ends[at + i] = base + ends[index]!
    }
  }

  #addBlock(block: Uint8Array): number {
    const base = this.#blockBytes
    this.#blocks.push(block)
    this.#blockBytes += block.length
    if (this.#blockBytes > MAX_BYTES)
      throw unsupported('the strings of one batch come to more than 2 GiB')
    return base
  }

  spread(at: number, slots: number, present: number, validity: Uint8Array): void {
    const starts = this.#starts
    const ends = this.#ends
    for (let slot = at + slots - 1, from = at + present - 1; slot >= at; slot--) {
      if (validity[slot >> 3]! & (1 << (slot & 7))) {
        starts[slot] = starts[from]!
        ends[slot] = ends[from]!
        from--
      } else starts[slot] = ends[slot] = 0
    }
  }

  finish(slots: number): BytesOutput {
    return {
      data: this.#joinBlocks(),
      starts: this.#starts.subarray(0, slots),
      ends: this.#ends.subarray(0, slots),
    }
  }

  #joinBlocks(): Uint8Array {
    const [first = NO_BYTES] = this.#blocks
    if (this.#blocks.length <= 1) return first
    const joined = allocateBytes(this.#blockBytes)
    let at = 0
    for (const block of this.#blocks) {
      joined.set(block, at)
      at += block.length
    }
    return joined
  }
}
