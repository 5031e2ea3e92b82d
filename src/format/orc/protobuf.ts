/**
 * The fields of a protobuf message, one after another, as ORC's metadata is made of them.
 *
 * Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. Source: the encoding page of protobuf.dev.
 */
import { corrupt, type LakeError } from '../../util/errors.ts'

/** Walks a message: `next` gives the number of each field, whose value is then read once, or left out. */
export class ProtoFields {
  readonly #bytes: Uint8Array
  #at = 0
  #wire = 0
  /** Whether the value of the field is still to be read. */
  #isUnread = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The number of the next field; 0 at the end. */
  next(): number {
    if (this.#isUnread) this.#skip()
    if (this.#at === this.#bytes.length) return 0
    const key = this.#varint()
    this.#wire = Number(key & 7n)
    this.#isUnread = true
    const field = key >> 3n
    if (field === 0n || field > 536870911n) throw corrupt(`a message has a field ${field}`)
    return Number(field)
  }

  /** An unsigned integer, or an enum; CORRUPT beyond 2^53. */
  uint(): number {
    this.#expect(0)
    return safe(this.#varint())
  }

  /** A signed integer in zigzag form. */
  sint(): bigint {
    this.#expect(0)
    const raw = this.#varint()
    return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
  }

  double(): number {
    this.#expect(1)
    const bytes = this.#take(8)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
  }

  /** A view of the message's bytes. */
  bytes(): Uint8Array {
    this.#expect(2)
    return this.#take(safe(this.#varint()))
  }

  text(): string {
    return new TextDecoder().decode(this.bytes())
  }

  /** Appends a repeated unsigned integer, packed or not. */
  uints(into: number[]): void {
    if (this.#wire === 0) {
      into.push(this.uint())
      return
    }
    const packed = new ProtoFields(this.bytes())
    while (packed.#at < packed.#bytes.length) into.push(safe(packed.#varint()))
  }

  #expect(wire: number): void {
    this.#isUnread = false
    if (this.#wire !== wire) throw corrupt(`a field has the wire type ${this.#wire}, not ${wire}`)
  }

  #skip(): void {
    this.#isUnread = false
    if (this.#wire === 0) this.#varint()
    else if (this.#wire === 1) this.#take(8)
    else if (this.#wire === 2) this.#take(safe(this.#varint()))
    else if (this.#wire === 5) this.#take(4)
    else throw corrupt(`a field has the wire type ${this.#wire}`)
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw cut()
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw cut()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw corrupt('a varint has more than ten bytes')
  }
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`a message counts to ${value}`)
  return Number(value)
}

const cut = (): LakeError => corrupt('a message ends inside a field')
