/** Reads rows in Paimon's binary form (see `binary-row.ts`), taking every length and offset in them for a lie until checked. */
import { corrupt, type LakeError } from '../util/errors.ts'
import { arrayHeaderSize, elementSize, fixedSize, nullBitsSize } from './binary-row.ts'
import { timestampUnit } from './column.ts'
import type { DataType } from './data-type.ts'
import type { InternalValue } from './internal-value.ts'

/** The values of a row's fields. Throws CORRUPT when the bytes are no row of these types. */
export function decodeBinaryRow(types: readonly DataType[], bytes: Uint8Array): InternalValue[] {
  return new RowDecoder(bytes).row(types, 0, bytes.length)
}

/** The values of a row that stands behind its number of fields (4 bytes, big-endian), as in manifests. */
export function deserializeBinaryRow(
  types: readonly DataType[],
  bytes: Uint8Array,
): InternalValue[] {
  if (bytes.length < 4) throw corrupt(`a binary row of ${bytes.length} bytes has no field count`)
  const arity = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0)
  if (arity !== types.length)
    throw corrupt(`a binary row has ${arity} fields where ${types.length} are expected`)
  return decodeBinaryRow(types, bytes.subarray(4))
}

/**
 * The value of field `index` alone of a row that stands behind its number of fields, for those who want few of many.
 * Throws CORRUPT like {@link deserializeBinaryRow}.
 */
export function deserializeBinaryField(
  arity: number,
  index: number,
  type: DataType,
  bytes: Uint8Array,
): InternalValue {
  if (bytes.length < 4) throw corrupt(`a binary row of ${bytes.length} bytes has no field count`)
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0)
  if (stored !== arity)
    throw corrupt(`a binary row has ${stored} fields where ${arity} are expected`)
  return new RowDecoder(bytes.subarray(4)).field(arity, index, type)
}

/** A range of bytes that nothing outside of it may be read for: a row, an array, a map. */
interface Region {
  readonly start: number
  readonly size: number
}

class RowDecoder {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /**
   * Elements and bytes of data that may still be read. Honest bytes hold each of their parts once, so they cannot run
   * out; slots that all point to the same part would otherwise make a small row large.
   */
  #allowance: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#allowance = bytes.length
  }

  row(types: readonly DataType[], start: number, size: number): InternalValue[] {
    const nullBits = nullBitsSize(types.length)
    if (size < fixedSize(types.length))
      throw damaged(`${size} bytes cannot hold ${types.length} fields`)
    this.#spend(types.length)
    const region = { start, size }
    return types.map((type, i) => {
      const bit = i + 8
      if (this.#bytes[start + (bit >> 3)]! & (1 << (bit & 7))) return null
      return this.#value(type, start + nullBits + 8 * i, region)
    })
  }

  /** One field of a row that takes all the bytes. */
  field(arity: number, index: number, type: DataType): InternalValue {
    const size = this.#bytes.length
    if (size < fixedSize(arity)) throw damaged(`${size} bytes cannot hold ${arity} fields`)
    const bit = index + 8
    if (this.#bytes[bit >> 3]! & (1 << (bit & 7))) return null
    return this.#value(type, nullBitsSize(arity) + 8 * index, { start: 0, size })
  }

  #spend(units: number): void {
    this.#allowance -= units
    if (this.#allowance < 0) throw damaged('its parts overlap')
  }

  /** The value in the slot at byte `at`; what the slot points to lies in the region. */
  #value(type: DataType, at: number, region: Region): InternalValue {
    const view = this.#view
    switch (type.kind) {
      case 'BOOLEAN':
        return view.getInt8(at) !== 0
      case 'TINYINT':
        return view.getInt8(at)
      case 'SMALLINT':
        return view.getInt16(at, true)
      case 'INT':
      case 'DATE':
      case 'TIME':
        return view.getInt32(at, true)
      case 'FLOAT':
        return view.getFloat32(at, true)
      case 'DOUBLE':
        return view.getFloat64(at, true)
      case 'BIGINT':
        return view.getBigInt64(at, true)
      case 'DECIMAL':
        return type.precision <= 18 ? view.getBigInt64(at, true) : this.#wideDecimal(at, region)
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
        return this.#timestamp(type.precision, at, region)
      case 'CHAR':
      case 'VARCHAR':
      case 'BINARY':
      case 'VARBINARY':
      case 'BLOB':
        return this.#data(at, region)
      default:
        return this.#nested(type, this.#pointed(at, region))
    }
  }

  /** The part of the region that the slot points to: length in its low, offset in its high four bytes. */
  #pointed(at: number, region: Region): Region {
    const size = this.#view.getInt32(at, true)
    const offset = this.#view.getInt32(at + 4, true)
    if (size < 0 || offset < 0 || offset + size > region.size)
      throw damaged(`a field of ${size} bytes at ${offset} does not lie in its ${region.size}`)
    return { start: region.start + offset, size }
  }

  #data(at: number, region: Region): Uint8Array {
    const mark = this.#bytes[at + 7]!
    if (mark & 0x80) {
      const size = mark & 0x7f
      if (size > 7) throw damaged(`a slot claims to hold ${size} bytes`)
      return this.#bytes.slice(at, at + size)
    }
    const { start, size } = this.#pointed(at, region)
    this.#spend(size)
    return this.#bytes.slice(start, start + size)
  }

  #wideDecimal(at: number, region: Region): bigint {
    const { start, size } = this.#pointed(at, region)
    if (size < 1 || size > 16) throw damaged(`a decimal has ${size} bytes`)
    let value = 0n
    for (let i = 0; i < size; i++) value = (value << 8n) | BigInt(this.#bytes[start + i]!)
    return BigInt.asIntN(8 * size, value)
  }

  #timestamp(precision: number, at: number, region: Region): bigint {
    const unit = timestampUnit(precision)
    if (unit === 3) return this.#view.getBigInt64(at, true)
    const nanos = this.#view.getInt32(at, true)
    const offset = this.#view.getInt32(at + 4, true)
    if (nanos < 0 || nanos > 999_999 || offset < 0 || offset + 8 > region.size)
      throw damaged(`a timestamp at ${offset} has ${nanos} nanoseconds of its millisecond`)
    const millis = this.#view.getBigInt64(region.start + offset, true)
    return unit === 6
      ? millis * 1_000n + BigInt(Math.floor(nanos / 1_000))
      : millis * 1_000_000n + BigInt(nanos)
  }

  #nested(type: DataType, region: Region): InternalValue {
    switch (type.kind) {
      case 'ARRAY':
        return this.#array(type.element, region)
      case 'MAP':
        return this.#map(type.key, type.value, region)
      case 'MULTISET':
        return this.#map(type.element, { kind: 'INT', nullable: false }, region)
      case 'ROW': {
        const types = type.fields.map((field) => field.type)
        return this.row(types, region.start, region.size)
      }
      case 'VECTOR':
        return this.#vector(type.element, type.length, region)
      default:
        return this.#variant(region)
    }
  }

  #array(element: DataType, region: Region): InternalValue[] {
    const { start, size } = region
    const count = this.#leadingInt(region)
    const width = elementSize(element)
    const header = arrayHeaderSize(count)
    if (header + width * count > size) throw damaged(`${size} bytes cannot hold ${count} elements`)
    this.#spend(count)
    const values: InternalValue[] = []
    for (let i = 0; i < count; i++) {
      const isNull = this.#bytes[start + 4 + (i >> 3)]! & (1 << (i & 7))
      values.push(isNull ? null : this.#value(element, start + header + width * i, region))
    }
    return values
  }

  #map(key: DataType, value: DataType, region: Region): InternalValue[] {
    const keyBytes = this.#leadingInt(region)
    if (4 + keyBytes > region.size)
      throw damaged(`keys of ${keyBytes} bytes do not lie in the ${region.size} of their map`)
    const valuesAt = 4 + keyBytes
    const keys = this.#array(key, { start: region.start + 4, size: keyBytes })
    const valueRegion = { start: region.start + valuesAt, size: region.size - valuesAt }
    const values = this.#array(value, valueRegion)
    if (keys.length !== values.length)
      throw damaged(`a map has ${keys.length} keys and ${values.length} values`)
    return keys.map((each, i) => [each, values[i]!])
  }

  #vector(element: DataType, length: number, region: Region): InternalValue[] {
    const count = this.#leadingInt(region)
    const width = elementSize(element)
    if (count !== length || 4 + width * count > region.size)
      throw damaged(`a vector of ${count} in ${region.size} bytes should have ${length} elements`)
    this.#spend(count)
    const first = region.start + 4
    return Array.from({ length }, (_, i) => this.#value(element, first + width * i, region))
  }

  #variant(region: Region): InternalValue[] {
    const valueSize = this.#leadingInt(region)
    if (4 + valueSize > region.size)
      throw damaged(`a variant of ${region.size} bytes claims ${valueSize}`)
    this.#spend(region.size)
    const middle = region.start + 4 + valueSize
    const end = region.start + region.size
    return [this.#bytes.slice(region.start + 4, middle), this.#bytes.slice(middle, end)]
  }

  /** The count or size, not negative, that a part starts with. */
  #leadingInt({ start, size }: Region): number {
    if (size < 4) throw damaged(`${size} bytes cannot hold a count`)
    const value = this.#view.getInt32(start, true)
    if (value < 0) throw damaged(`a count is ${value}`)
    return value
  }
}

function damaged(problem: string): LakeError {
  return corrupt(`a binary row is damaged: ${problem}`)
}
