/**
 * VARIANT values as JSON text, both ways.
 *
 * The binary form is that of the Parquet variant specification; the choice of encodings and the text follow
 * `GenericVariantBuilder` and `GenericVariant.toJson` of Java, in UTC.
 */
import { corrupt } from '../util/errors.ts'
import { quoteJson } from '../util/json.ts'
import { dateText, timestampText } from './date-text.ts'
import { decimalText, fitsPrecision } from './decimal-text.ts'
import { textOf } from './internal-value.ts'
import { floatText } from './value-text.ts'

/** Basic types, in the lower two bits of a value's header. */
export const BASIC = { primitive: 0, shortString: 1, object: 2, array: 3 } as const

/** Primitive types, in the upper six bits of a primitive's header. */
export const PRIMITIVE = {
  null: 0,
  true: 1,
  false: 2,
  int8: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  decimal4: 8,
  decimal8: 9,
  decimal16: 10,
  date: 11,
  timestamp: 12,
  timestampNtz: 13,
  float: 14,
  binary: 15,
  string: 16,
  uuid: 20,
} as const

/** The only version of the metadata, in the lower four bits of its first byte. */
export const VARIANT_VERSION = 1

/** Deeper values are refused before the walk over them can overflow the stack. */
const MAX_DEPTH = 500

/** Long keys that are used again and again could make an endless text; strings end at half a gigabyte anyway. */
const MAX_TEXT = 2 ** 28

/** The JSON text of a variant. Throws CORRUPT when the bytes contradict themselves. */
export function variantText(value: Uint8Array, metadata: Uint8Array): string {
  const reader = new VariantReader(value, metadata)
  reader.write(0, 0)
  return reader.text
}

class VariantReader {
  text = ''
  readonly #value: Uint8Array
  readonly #view: DataView
  readonly #metadata: DataView
  readonly #keyBytes: Uint8Array
  readonly #keys: string[] = []
  /** Bytes that are still unread: parts that overlap could otherwise make a few bytes an endless text. */
  #unread: number

  constructor(value: Uint8Array, metadata: Uint8Array) {
    this.#value = value
    this.#view = new DataView(value.buffer, value.byteOffset, value.length)
    this.#metadata = new DataView(metadata.buffer, metadata.byteOffset, metadata.length)
    this.#keyBytes = metadata
    this.#unread = value.length
    if (metadata.length === 0 || (metadata[0]! & 0x0f) !== VARIANT_VERSION) throw malformed()
  }

  write(at: number, depth: number): void {
    if (depth > MAX_DEPTH) throw corrupt(`a variant nests more than ${MAX_DEPTH} deep`)
    if (this.text.length > MAX_TEXT) throw corrupt('the text of a variant is too long')
    if (at >= this.#value.length) throw malformed()
    const header = this.#value[at]!
    const info = header >> 2
    switch (header & 3) {
      case BASIC.primitive:
        this.text += this.#primitive(info, at + 1)
        break
      case BASIC.shortString:
        this.text += quoteJson(textOf(this.#bytes(at + 1, info, 1)))
        break
      case BASIC.object:
        this.#object(info, at, depth)
        break
      default:
        this.#array(info, at, depth)
    }
  }

  #object(info: number, at: number, depth: number): void {
    const sizeBytes = info & 0x10 ? 4 : 1
    const count = unsigned(this.#view, at + 1, sizeBytes)
    const idBytes = ((info >> 2) & 3) + 1
    const offsetBytes = (info & 3) + 1
    const ids = at + 1 + sizeBytes
    const offsets = ids + count * idBytes
    const data = offsets + (count + 1) * offsetBytes
    this.#consume(data - at)
    this.text += '{'
    for (let i = 0; i < count; i++) {
      const key = this.#key(unsigned(this.#view, ids + i * idBytes, idBytes))
      this.text += `${i === 0 ? '' : ','}${key}:`
      this.write(data + unsigned(this.#view, offsets + i * offsetBytes, offsetBytes), depth + 1)
    }
    this.text += '}'
  }

  #array(info: number, at: number, depth: number): void {
    const sizeBytes = info & 4 ? 4 : 1
    const count = unsigned(this.#view, at + 1, sizeBytes)
    const offsetBytes = (info & 3) + 1
    const offsets = at + 1 + sizeBytes
    const data = offsets + (count + 1) * offsetBytes
    this.#consume(data - at)
    this.text += '['
    for (let i = 0; i < count; i++) {
      if (i > 0) this.text += ','
      this.write(data + unsigned(this.#view, offsets + i * offsetBytes, offsetBytes), depth + 1)
    }
    this.text += ']'
  }

  /** The quoted key of an id. */
  #key(id: number): string {
    const known = this.#keys[id]
    if (known !== undefined) return known
    const width = (this.#keyBytes[0]! >> 6) + 1
    const count = unsigned(this.#metadata, 1, width)
    if (id >= count) throw malformed()
    const start = 1 + (count + 2) * width
    const from = start + unsigned(this.#metadata, 1 + (id + 1) * width, width)
    const to = start + unsigned(this.#metadata, 1 + (id + 2) * width, width)
    if (from > to || to > this.#keyBytes.length) throw malformed()
    const key = quoteJson(textOf(this.#keyBytes.subarray(from, to)))
    this.#keys[id] = key
    return key
  }

  #primitive(type: number, at: number): string {
    switch (type) {
      case PRIMITIVE.null:
      case PRIMITIVE.true:
      case PRIMITIVE.false:
        this.#consume(1)
        return type === PRIMITIVE.null ? 'null' : String(type === PRIMITIVE.true)
      case PRIMITIVE.int8:
      case PRIMITIVE.int16:
      case PRIMITIVE.int32:
      case PRIMITIVE.int64:
        return this.#integer(at, 2 ** (type - PRIMITIVE.int8)).toString()
      case PRIMITIVE.double:
        this.#consume(9)
        return numberText(this.#at(at, 8).getFloat64(at, true), false)
      case PRIMITIVE.float:
        this.#consume(5)
        return numberText(this.#at(at, 4).getFloat32(at, true), true)
      case PRIMITIVE.decimal4:
      case PRIMITIVE.decimal8:
      case PRIMITIVE.decimal16:
        return this.#decimal(at, 4 * 2 ** (type - PRIMITIVE.decimal4))
      case PRIMITIVE.date:
        return `"${dateText(Number(this.#integer(at, 4)))}"`
      case PRIMITIVE.timestamp:
      case PRIMITIVE.timestampNtz: {
        const text = instantText(this.#integer(at, 8))
        return type === PRIMITIVE.timestamp ? `"${text}+00:00"` : `"${text}"`
      }
      case PRIMITIVE.binary:
      case PRIMITIVE.string: {
        const bytes = this.#bytes(at + 4, unsigned(this.#view, at, 4), 5)
        return type === PRIMITIVE.string
          ? quoteJson(textOf(bytes))
          : `"${Buffer.from(bytes).toString('base64')}"`
      }
      case PRIMITIVE.uuid: {
        const hex = Buffer.from(this.#bytes(at, 16, 1)).toString('hex')
        return `"${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}"`
      }
      default:
        throw corrupt(`a variant holds a value of the unknown type ${type}`)
    }
  }

  /** A signed integer of so many bytes after the header. */
  #integer(at: number, bytes: number): bigint {
    this.#consume(1 + bytes)
    const view = this.#at(at, bytes)
    if (bytes === 8) return view.getBigInt64(at, true)
    if (bytes === 4) return BigInt(view.getInt32(at, true))
    return BigInt(bytes === 2 ? view.getInt16(at, true) : view.getInt8(at))
  }

  /** Zeros at the end of the fraction are not printed. */
  #decimal(at: number, bytes: number): string {
    this.#consume(2 + bytes)
    const view = this.#at(at, 1 + bytes)
    const scale = view.getUint8(at)
    const low = bytes === 4 ? BigInt(view.getInt32(at + 1, true)) : view.getBigInt64(at + 1, true)
    const unscaled =
      bytes === 16 ? (view.getBigInt64(at + 9, true) << 64n) | BigInt.asUintN(64, low) : low
    const digits = bytes === 4 ? 9 : bytes === 8 ? 18 : 38
    if (scale > digits || !fitsPrecision(unscaled, digits)) throw malformed()
    const text = decimalText(unscaled, scale)
    return scale === 0 ? text : withoutZeros(text)
  }

  /** The bytes of a value whose header takes `headerBytes`. */
  #bytes(at: number, length: number, headerBytes: number): Uint8Array {
    this.#consume(headerBytes + length)
    if (at + length > this.#value.length) throw malformed()
    return this.#value.subarray(at, at + length)
  }

  #at(at: number, bytes: number): DataView {
    if (at + bytes > this.#value.length) throw malformed()
    return this.#view
  }

  #consume(bytes: number): void {
    this.#unread -= bytes
    if (this.#unread < 0) throw malformed()
  }
}

function malformed(): Error {
  return corrupt('a variant is malformed: its parts do not fit together')
}

function unsigned(view: DataView, at: number, bytes: number): number {
  if (at + bytes > view.byteLength) throw malformed()
  let value = 0
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i)
  return value
}

function numberText(value: number, single: boolean): string {
  const text = floatText(value, single)
  return Number.isFinite(value) ? text : `"${text}"`
}

/** As ISO, with a blank between date and time, and no more digits after the seconds than are needed. */
function instantText(micros: bigint): string {
  return withoutZeros(timestampText(micros, 6)).replace('T', ' ')
}

/** Cuts the zeros that a fraction ends in, and a point that nothing follows. */
function withoutZeros(text: string): string {
  return text.replace(/0+$/, '').replace(/\.$/, '')
}
