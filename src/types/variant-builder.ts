/**
 * Builds the bytes of a VARIANT value from its parts: containers are closed after what is in them was appended.
 *
 * Makes the same choices as `GenericVariantBuilder` of Java, so that both make the same bytes: integers and decimals take
 * as few bytes as they need, keys are numbered as they appear and sorted within an object.
 */
import { fitsPrecision } from './decimal-text.ts'
import { utf8 } from './internal-value.ts'
import { BASIC, PRIMITIVE, VARIANT_VERSION } from './variant-layout.ts'

export interface Variant {
  readonly value: Uint8Array
  readonly metadata: Uint8Array
}

/** A field of an object that is being built. */
export interface VariantField {
  readonly key: string
  readonly id: number
  /** Where its value lies, counted from where the object starts. */
  readonly offset: number
}

/** What Java reads back at most, of the value and of the metadata. */
const MAX_BYTES = 128 * 1024 * 1024

export class VariantBuilder {
  readonly #error: (problem: string) => Error
  readonly #ids = new Map<string, number>()
  #bytes = new Uint8Array(128)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  #last: { readonly keys: readonly string[]; readonly bytes: Uint8Array } = {
    keys: [],
    bytes: Uint8Array.of(VARIANT_VERSION, 0, 0),
  }

  /** `error` makes the error of a value that cannot be: too large, or with a key twice. */
  constructor(error: (problem: string) => Error) {
    this.#error = error
  }

  /** Where the next value will lie. */
  get position(): number {
    return this.#length
  }

  /** Forgets everything, for the next value. */
  clear(): void {
    this.#ids.clear()
    this.#length = 0
  }

  /** The value that was built; its bytes are good until the builder is used again. */
  result(): Variant {
    return { value: this.#bytes.subarray(0, this.#length), metadata: this.#metadata() }
  }

  /** Appends a field's key: the id that its object refers to it by. */
  field(key: string, start: number): VariantField {
    const id = this.#ids.get(key) ?? this.#ids.size
    this.#ids.set(key, id)
    return { key, id, offset: this.#length - start }
  }

  appendNull(): void {
    this.#header(PRIMITIVE.null)
  }

  appendBoolean(value: boolean): void {
    this.#header(value ? PRIMITIVE.true : PRIMITIVE.false)
  }

  /** Appends a signed integer of at most 64 bits; false when it has more. */
  appendInteger(value: bigint): boolean {
    const short = Number(value)
    if (short === (short | 0)) {
      this.appendInt(short)
      return true
    }
    const type = [8, 16, 32, 64].findIndex((bits) => BigInt.asIntN(bits, value) === value)
    if (type < 0) return false
    this.#header(PRIMITIVE.int8 + type)
    this.#push64(value, 2 ** type)
    return true
  }

  /** Appends a signed integer of 32 bits. */
  appendInt(value: number): void {
    const size = value === (value << 24) >> 24 ? 0 : value === (value << 16) >> 16 ? 1 : 2
    this.#header(PRIMITIVE.int8 + size)
    this.#view.setInt32(this.#length, value, true)
    this.#length += 1 << size
  }

  /** Appends a decimal of at most 38 digits; false when it has more. */
  appendDecimal(unscaled: bigint, scale: number): boolean {
    const size = [9, 18, 38].findIndex(
      (digits) => scale <= digits && fitsPrecision(unscaled, digits),
    )
    if (size < 0) return false
    this.#header(PRIMITIVE.decimal4 + size)
    this.#push(scale, 1)
    this.#push64(BigInt.asIntN(64, unscaled), Math.min(8, 4 << size))
    if (size === 2) this.#push64(unscaled >> 64n, 8)
    return true
  }

  appendDouble(value: number): void {
    this.#header(PRIMITIVE.double)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  appendFloat(value: number): void {
    this.#header(PRIMITIVE.float)
    this.#view.setFloat32(this.#length, value, true)
    this.#length += 4
  }

  /** Appends days since the epoch. */
  appendDate(days: number): void {
    this.#header(PRIMITIVE.date)
    this.#view.setInt32(this.#length, days, true)
    this.#length += 4
  }

  /** Appends microseconds since the epoch, of an instant (`utc`) or of a local time. */
  appendTimestamp(micros: bigint, utc: boolean): void {
    this.#header(utc ? PRIMITIVE.timestamp : PRIMITIVE.timestampNtz)
    this.#push64(micros, 8)
  }

  /** Appends the sixteen bytes of a UUID, the first digits first. */
  appendUuid(bytes: Uint8Array): void {
    this.#header(PRIMITIVE.uuid)
    this.appendEncoded(bytes)
  }

  /** Appends a text, given as UTF-8. */
  appendText(bytes: Uint8Array): void {
    if (bytes.length <= 0x3f) {
      this.#reserve(1)
      this.#push((bytes.length << 2) | BASIC.shortString, 1)
    } else {
      this.#header(PRIMITIVE.string)
      this.#push(bytes.length, 4)
    }
    this.appendEncoded(bytes)
  }

  appendBinary(bytes: Uint8Array): void {
    this.#header(PRIMITIVE.binary)
    this.#push(bytes.length, 4)
    this.appendEncoded(bytes)
  }

  /** Appends bytes of a value that is encoded already and has no keys. */
  appendEncoded(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Makes what was appended from `start` on an object: each field's value, in any order. */
  finishObject(start: number, fields: VariantField[]): void {
    // Java 1.4 orders keys as its strings are, by UTF-16 code units.
    fields.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    const twice = fields.find(({ key }, i) => key === fields[i + 1]?.key)
    if (twice !== undefined) throw this.#error(`the key ${JSON.stringify(twice.key)} stands twice`)
    this.#container(
      BASIC.object,
      start,
      fields.map(({ offset }) => offset),
      fields.map(({ id }) => id),
    )
  }

  /** Makes what was appended from `start` on an array, whose elements lie at the offsets from there. */
  finishArray(start: number, offsets: readonly number[]): void {
    this.#container(BASIC.array, start, offsets, [])
  }

  /** Puts the header with the count, the ids and the offsets before the items that were written from `start` on. */
  #container(
    basic: number,
    start: number,
    offsets: readonly number[],
    ids: readonly number[],
  ): void {
    const dataBytes = this.#length - start
    const count = offsets.length
    const large = count > 0xff
    const sizeBytes = large ? 4 : 1
    const idBytes = widthOf(ids.reduce((most, id) => Math.max(most, id), 0))
    const offsetBytes = widthOf(dataBytes)
    const headerBytes = 1 + sizeBytes + ids.length * idBytes + (count + 1) * offsetBytes
    this.#reserve(headerBytes)
    this.#bytes.copyWithin(start + headerBytes, start, this.#length)
    this.#length = start
    const isObject = basic === BASIC.object
    const widths = isObject ? ((idBytes - 1) << 2) | (offsetBytes - 1) : offsetBytes - 1
    this.#push((((large ? (isObject ? 16 : 4) : 0) | widths) << 2) | basic, 1)
    this.#push(count, sizeBytes)
    for (const id of ids) this.#push(id, idBytes)
    for (const offset of offsets) this.#push(offset, offsetBytes)
    this.#push(dataBytes, offsetBytes)
    this.#length += dataBytes
  }

  #header(type: number): void {
    // Enough for the largest primitive of a fixed size behind it.
    this.#reserve(18)
    this.#push((type << 2) | BASIC.primitive, 1)
  }

  /** Appends a little-endian integer to reserved bytes. */
  #push(value: number, bytes: number): void {
    for (let i = 0, rest = value; i < bytes; i++, rest = Math.floor(rest / 256))
      this.#bytes[this.#length++] = rest & 0xff
  }

  #push64(value: bigint, bytes: number): void {
    const low = BigInt.asUintN(64, value)
    for (let i = 0n; i < bytes; i++) this.#bytes[this.#length++] = Number((low >> (8n * i)) & 0xffn)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    if (needed > MAX_BYTES) throw this.#error('its bytes are more than 128 MiB')
    const grown = new Uint8Array(2 * needed)
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  /** Of the keys in their order; one after another often has the same. */
  #metadata(): Uint8Array {
    const { keys, bytes } = this.#last
    if (keys.length === this.#ids.size) {
      let at = 0
      for (const key of this.#ids.keys()) if (key === keys[at]) at++
      if (at === keys.length) return bytes
    }
    const next = [...this.#ids.keys()]
    this.#last = { keys: next, bytes: this.#encodeMetadata(next) }
    return this.#last.bytes
  }

  #encodeMetadata(names: readonly string[]): Uint8Array {
    const keys = names.map(utf8)
    const textBytes = keys.reduce((sum, key) => sum + key.length, 0)
    const width = widthOf(Math.max(textBytes, keys.length))
    const start = 1 + (keys.length + 2) * width
    if (start + textBytes > MAX_BYTES) throw this.#error('its keys are more than 128 MiB')
    const metadata = new Uint8Array(start + textBytes)
    metadata[0] = VARIANT_VERSION | ((width - 1) << 6)
    write(metadata, 1, keys.length, width)
    let offset = 0
    for (const [i, key] of keys.entries()) {
      metadata.set(key, start + offset)
      offset += key.length
      write(metadata, 1 + (i + 2) * width, offset, width)
    }
    return metadata
  }
}

/** The bytes that hold an unsigned integer. */
function widthOf(value: number): 1 | 2 | 3 | 4 {
  if (value <= 0xff) return 1
  if (value <= 0xffff) return 2
  return value <= 0xffffff ? 3 : 4
}

function write(bytes: Uint8Array, at: number, value: number, width: number): void {
  for (let i = 0; i < width; i++) bytes[at + i] = Math.floor(value / 256 ** i) & 0xff
}
