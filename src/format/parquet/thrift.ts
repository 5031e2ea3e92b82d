/**
 * The Thrift compact protocol, as far as Parquet's metadata needs it, bounded by the bytes at hand.
 *
 * Specification: Apache Thrift, "Thrift Compact protocol". A list claims its length before its elements, so a length
 * is believed only as far as the remaining bytes can hold that many elements.
 */
import { corrupt } from '../../util/errors.ts'

export const THRIFT = {
  TRUE: 1,
  FALSE: 2,
  I8: 3,
  I16: 4,
  I32: 5,
  I64: 6,
  DOUBLE: 7,
  BINARY: 8,
  LIST: 9,
  SET: 10,
  MAP: 11,
  STRUCT: 12,
} as const

/** Nesting beyond this is no Parquet metadata; it bounds recursion on hostile bytes. */
const MAX_DEPTH = 32

export class ThriftReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  position: number
  #depth = 0

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = position
  }

  /** Reads one struct: `field` is called with each field's id and type, and must read or skip its value. */
  struct(field: (id: number, type: number) => void): void {
    if (++this.#depth > MAX_DEPTH) throw corrupt('thrift structs are nested too deeply')
    let id = 0
    for (;;) {
      const header = this.#byte()
      if (header === 0) break
      const delta = header >> 4
      id = delta === 0 ? this.#zigzag() : id + delta
      field(id, header & 15)
    }
    this.#depth--
  }

  bool(type: number): boolean {
    if (type === THRIFT.TRUE) return true
    if (type === THRIFT.FALSE) return false
    throw mismatch('a boolean', type)
  }

  /** An I8, I16 or I32. */
  int(type: number): number {
    if (type === THRIFT.I8) return (this.#byte() << 24) >> 24
    if (type !== THRIFT.I32 && type !== THRIFT.I16) throw mismatch('an integer', type)
    return this.#zigzag()
  }

  /** An I64 that counts or addresses something: refused outside [0, 2^53). */
  count(type: number): number {
    const value = this.long(type)
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
      throw corrupt(`a count or an offset is ${value}`)
    return Number(value)
  }

  long(type: number): bigint {
    if (type !== THRIFT.I64) throw mismatch('a 64-bit integer', type)
    return this.#zigzagLong()
  }

  /** A view of the reader's bytes, not a copy. */
  binary(type: number): Uint8Array {
    if (type !== THRIFT.BINARY) throw mismatch('a byte string', type)
    const length = this.#varint()
    if (length > this.#remaining()) throw corrupt('a byte string runs past the end')
    this.position += length
    return this.#bytes.subarray(this.position - length, this.position)
  }

  text(type: number): string {
    return TEXT.decode(this.binary(type))
  }

  list<T>(type: number, element: (type: number) => T): T[] {
    if (type !== THRIFT.LIST) throw mismatch('a list', type)
    const header = this.#byte()
    const elementType = header & 15
    const length = header >> 4 === 15 ? this.#varint() : header >> 4
    // Every element, an empty struct and a boolean included, takes at least one byte.
    if (length > this.#remaining()) throw corrupt(`a list claims ${length} elements`)
    const values: T[] = []
    for (let i = 0; i < length; i++) values.push(element(elementType))
    return values
  }

  /** A list of booleans, each of which is a byte of its own. */
  bools(type: number): boolean[] {
    return this.list(type, () => this.#byte() === THRIFT.TRUE)
  }

  skip(type: number): void {
    switch (type) {
      case THRIFT.TRUE:
      case THRIFT.FALSE:
        return
      case THRIFT.I8:
        this.#advance(1)
        return
      case THRIFT.I16:
      case THRIFT.I32:
      case THRIFT.I64:
        this.#zigzagLong()
        return
      case THRIFT.DOUBLE:
        this.#advance(8)
        return
      case THRIFT.BINARY:
        this.binary(type)
        return
      case THRIFT.LIST:
      case THRIFT.SET:
        this.list(THRIFT.LIST, (element) => this.#skipElement(element))
        return
      case THRIFT.MAP:
        this.#skipMap()
        return
      case THRIFT.STRUCT:
        this.struct((_, field) => this.skip(field))
        return
      default:
        throw corrupt(`thrift type ${type} is unknown`)
    }
  }

  #skipElement(type: number): void {
    if (type === THRIFT.TRUE || type === THRIFT.FALSE) {
      this.#advance(1)
      return
    }
    if (++this.#depth > MAX_DEPTH) throw corrupt('thrift values are nested too deeply')
    this.skip(type)
    this.#depth--
  }

  #skipMap(): void {
    const length = this.#varint()
    if (length === 0) return
    const types = this.#byte()
    // Every key and every value takes at least one byte.
    if (length > this.#remaining() / 2) throw corrupt(`a map claims ${length} entries`)
    for (let i = 0; i < length; i++) {
      this.#skipElement(types >> 4)
      this.#skipElement(types & 15)
    }
  }

  #remaining(): number {
    return this.#bytes.length - this.position
  }

  #advance(length: number): void {
    if (length > this.#remaining()) throw corrupt('thrift data ends early')
    this.position += length
  }

  #byte(): number {
    if (this.position >= this.#bytes.length) throw corrupt('thrift data ends early')
    return this.#view.getUint8(this.position++)
  }

  /** An unsigned varint of at most 32 bits. */
  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte()
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw corrupt('a thrift varint is too long')
  }

  #zigzag(): number {
    const value = this.#varint()
    return (value >>> 1) ^ -(value & 1)
  }

  #zigzagLong(): bigint {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte()
      if (shift < 28) low += (byte & 127) * 2 ** shift
      else high += (byte & 127) * 2 ** (shift - 28)
      if (byte < 128) {
        const value = BigInt.asUintN(64, (BigInt(high) << 28n) | BigInt(low))
        return (value >> 1n) ^ -(value & 1n)
      }
    }
    throw corrupt('a thrift varint is too long')
  }
}

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true })

function mismatch(wanted: string, type: number): Error {
  return corrupt(`thrift type ${type} stands where ${wanted} belongs`)
}

/** Appends compact-protocol values to a growing buffer. */
export class ThriftWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  /** Writes one struct: `fields` gets a writer of its fields, whose ids must ascend. */
  struct(fields: (out: StructWriter) => void): void {
    fields(new StructWriter(this))
    this.byte(0)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  varint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.byte((rest & 127) | 128)
      rest = Math.floor(rest / 128)
    }
    this.byte(rest)
  }

  zigzag(value: number): void {
    this.varint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  zigzagLong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest > 127n) {
      this.byte(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.byte(Number(rest))
  }

  raw(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  listHeader(type: number, length: number): void {
    if (length < 15) this.byte((length << 4) | type)
    else {
      this.byte(0xf0 | type)
      this.varint(length)
    }
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

const UTF8 = new TextEncoder()

/** The fields of one struct; a value of undefined leaves its field out. */
export class StructWriter {
  readonly #out: ThriftWriter
  #last = 0

  constructor(out: ThriftWriter) {
    this.#out = out
  }

  #field(id: number, type: number): void {
    const delta = id - this.#last
    if (delta > 0 && delta < 16) this.#out.byte((delta << 4) | type)
    else {
      this.#out.byte(type)
      this.#out.zigzag(id)
    }
    this.#last = id
  }

  bool(id: number, value: boolean | undefined): void {
    if (value !== undefined) this.#field(id, value ? THRIFT.TRUE : THRIFT.FALSE)
  }

  i8(id: number, value: number): void {
    this.#field(id, THRIFT.I8)
    this.#out.byte(value & 255)
  }

  i16(id: number, value: number): void {
    this.#field(id, THRIFT.I16)
    this.#out.zigzag(value)
  }

  i32(id: number, value: number | undefined): void {
    if (value === undefined) return
    this.#field(id, THRIFT.I32)
    this.#out.zigzag(value)
  }

  i64(id: number, value: number | undefined): void {
    if (value === undefined) return
    this.#field(id, THRIFT.I64)
    this.#out.zigzagLong(BigInt(value))
  }

  binary(id: number, value: Uint8Array | undefined): void {
    if (value === undefined) return
    this.#field(id, THRIFT.BINARY)
    this.#out.raw(value)
  }

  text(id: number, value: string | undefined): void {
    if (value !== undefined) this.binary(id, UTF8.encode(value))
  }

  struct(id: number, fields: (out: StructWriter) => void): void {
    this.#field(id, THRIFT.STRUCT)
    this.#out.struct(fields)
  }

  structs<T>(
    id: number,
    values: readonly T[],
    fields: (value: T, out: StructWriter) => void,
  ): void {
    this.#field(id, THRIFT.LIST)
    this.#out.listHeader(THRIFT.STRUCT, values.length)
    for (const value of values) this.#out.struct((out) => fields(value, out))
  }

  i32s(id: number, values: readonly number[]): void {
    this.#field(id, THRIFT.LIST)
    this.#out.listHeader(THRIFT.I32, values.length)
    for (const value of values) this.#out.zigzag(value)
  }

  i64s(id: number, values: readonly number[]): void {
    this.#field(id, THRIFT.LIST)
    this.#out.listHeader(THRIFT.I64, values.length)
    for (const value of values) this.#out.zigzagLong(BigInt(value))
  }

  bools(id: number, values: readonly boolean[]): void {
    this.#field(id, THRIFT.LIST)
    this.#out.listHeader(THRIFT.TRUE, values.length)
    for (const value of values) this.#out.byte(value ? THRIFT.TRUE : THRIFT.FALSE)
  }

  texts(id: number, values: readonly string[]): void {
    this.binaries(
      id,
      values.map((value) => UTF8.encode(value)),
    )
  }

  binaries(id: number, values: readonly Uint8Array[]): void {
    this.#field(id, THRIFT.LIST)
    this.#out.listHeader(THRIFT.BINARY, values.length)
    for (const value of values) this.#out.raw(value)
  }
}
