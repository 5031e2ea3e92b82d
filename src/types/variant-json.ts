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
import {
  arrayLayout,
  BASIC,
  checkVariantVersion,
  keyIdAt,
  malformedVariant,
  objectLayout,
  partAt,
  PRIMITIVE,
  unknownPrimitive,
  unsignedAt,
  VARIANT_DEPTH_MAX,
  variantKey,
  variantView,
} from './variant-layout.ts'

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
  readonly #metadata: Uint8Array
  readonly #keys: string[] = []
  /** Bytes that are still unread: parts that overlap could otherwise make a few bytes an endless text. */
  #unread: number

  constructor(value: Uint8Array, metadata: Uint8Array) {
    this.#value = value
    this.#view = variantView(value)
    this.#metadata = metadata
    this.#unread = value.length
    checkVariantVersion(metadata)
  }

  write(at: number, depth: number): void {
    if (depth > VARIANT_DEPTH_MAX)
      throw corrupt(`a variant nests more than ${VARIANT_DEPTH_MAX} deep`)
    if (this.text.length > MAX_TEXT) throw corrupt('the text of a variant is too long')
    if (at >= this.#value.length) throw malformedVariant()
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
        this.#object(at, depth)
        break
      default:
        this.#array(at, depth)
    }
  }

  #object(at: number, depth: number): void {
    const layout = objectLayout(this.#view, at)
    this.#consume(layout.data - at)
    this.text += '{'
    for (let i = 0; i < layout.count; i++) {
      const key = this.#key(keyIdAt(this.#view, layout, i))
      this.text += `${i === 0 ? '' : ','}${key}:`
      this.write(partAt(this.#view, layout, i), depth + 1)
    }
    this.text += '}'
  }

  #array(at: number, depth: number): void {
    const layout = arrayLayout(this.#view, at)
    this.#consume(layout.data - at)
    this.text += '['
    for (let i = 0; i < layout.count; i++) {
      if (i > 0) this.text += ','
      this.write(partAt(this.#view, layout, i), depth + 1)
    }
    this.text += ']'
  }

  /** The quoted key of an id. */
  #key(id: number): string {
    this.#keys[id] ??= quoteJson(variantKey(this.#metadata, id))
    return this.#keys[id]
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
        const bytes = this.#bytes(at + 4, unsignedAt(this.#view, at, 4), 5)
        return type === PRIMITIVE.string
          ? quoteJson(textOf(bytes))
          : `"${Buffer.from(bytes).toString('base64')}"`
      }
      case PRIMITIVE.uuid: {
        const hex = Buffer.from(this.#bytes(at, 16, 1)).toString('hex')
        return `"${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}"`
      }
      default:
        throw unknownPrimitive(type)
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
    if (scale > digits || !fitsPrecision(unscaled, digits)) throw malformedVariant()
    const text = decimalText(unscaled, scale)
    return scale === 0 ? text : withoutZeros(text)
  }

  /** The bytes of a value whose header takes `headerBytes`. */
  #bytes(at: number, length: number, headerBytes: number): Uint8Array {
    this.#consume(headerBytes + length)
    if (at + length > this.#value.length) throw malformedVariant()
    return this.#value.subarray(at, at + length)
  }

  #at(at: number, bytes: number): DataView {
    if (at + bytes > this.#value.length) throw malformedVariant()
    return this.#view
  }

  #consume(bytes: number): void {
    this.#unread -= bytes
    if (this.#unread < 0) throw malformedVariant()
  }
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
