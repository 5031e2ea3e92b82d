/**
 * VARIANT values from JSON text; see `variant-json.ts` for the way back.
 *
 * Follows `GenericVariantBuilder.parseJson` of Java, so that both make the same bytes of the same text: integers take
 * as few bytes as they need, numbers with a point are decimals where 38 digits hold them, keys are numbered as they
 * appear and sorted within an object.
 */
import { invalid, type LakeError } from '../util/errors.ts'
import { fitsPrecision, parseDecimal } from './decimal-text.ts'
import { utf8 } from './internal-value.ts'
import { BASIC, PRIMITIVE, VARIANT_VERSION } from './variant-json.ts'

export interface Variant {
  readonly value: Uint8Array
  readonly metadata: Uint8Array
}

const MAX_DEPTH = 500

/** What Java reads back at most, of the value and of the metadata. */
const MAX_BYTES = 128 * 1024 * 1024

/** Parses a JSON text. Throws INVALID with the place of the mistake, and for an object with a key twice. */
export function parseVariant(text: string): Variant {
  return new VariantParser(text).parse()
}

interface Field {
  readonly key: string
  readonly id: number
  readonly offset: number
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy
const BLANKS = /[ \t\n\r]*/y
const WORDS = [
  ['null', PRIMITIVE.null],
  ['true', PRIMITIVE.true],
  ['false', PRIMITIVE.false],
] as const

class VariantParser {
  readonly #text: string
  readonly #ids = new Map<string, number>()
  #at = 0
  #bytes = new Uint8Array(128)
  #length = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Variant {
    this.#skipBlanks()
    this.#value(0)
    this.#skipBlanks()
    if (this.#at < this.#text.length) throw this.#error('something follows the value')
    return { value: this.#bytes.slice(0, this.#length), metadata: this.#metadata() }
  }

  #value(depth: number): void {
    if (depth > MAX_DEPTH) throw this.#error(`it nests more than ${MAX_DEPTH} deep`)
    const char = this.#text[this.#at]
    if (char === '{') this.#object(depth)
    else if (char === '[') this.#array(depth)
    else if (char === '"') this.#string(this.#quoted())
    else {
      const word = WORDS.find(([name]) => this.#text.startsWith(name, this.#at))
      if (word === undefined) this.#number()
      else {
        this.#at += word[0].length
        this.#header(word[1])
      }
    }
  }

  #object(depth: number): void {
    const start = this.#length
    const fields: Field[] = []
    this.#items('}', () => {
      if (this.#text[this.#at] !== '"') throw this.#error('a key in double quotes is missing')
      const key = this.#quoted()
      this.#skipBlanks()
      if (this.#text[this.#at] !== ':') throw this.#error('a ":" is missing')
      this.#at++
      this.#skipBlanks()
      const id = this.#ids.get(key) ?? this.#ids.size
      this.#ids.set(key, id)
      fields.push({ key, id, offset: this.#length - start })
      this.#value(depth + 1)
    })
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

  #array(depth: number): void {
    const start = this.#length
    const offsets: number[] = []
    this.#items(']', () => {
      offsets.push(this.#length - start)
      this.#value(depth + 1)
    })
    this.#container(BASIC.array, start, offsets, [])
  }

  /** Reads what stands between an opening bracket and its closing one, separated by commas. */
  #items(close: string, item: () => void): void {
    this.#at++
    this.#skipBlanks()
    if (this.#text[this.#at] === close) {
      this.#at++
      return
    }
    for (;;) {
      item()
      this.#skipBlanks()
      const char = this.#text[this.#at]
      if (char !== ',' && char !== close) throw this.#error(`a "," or "${close}" is missing`)
      this.#at++
      if (char === close) return
      this.#skipBlanks()
    }
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

  #quoted(): string {
    const source = this.#match(STRING)
    if (source === undefined) throw this.#error('a string is never closed')
    let text: unknown
    try {
      text = JSON.parse(source)
    } catch {
      throw this.#error('a string holds what JSON does not allow')
    }
    this.#at += source.length
    return text as string
  }

  #string(text: string): void {
    const bytes = utf8(text)
    if (bytes.length <= 0x3f) {
      this.#reserve(1)
      this.#push((bytes.length << 2) | BASIC.shortString, 1)
    } else {
      this.#header(PRIMITIVE.string)
      this.#push(bytes.length, 4)
    }
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #number(): void {
    const source = this.#match(NUMBER)
    if (source === undefined) throw this.#error('a value is missing')
    this.#at += source.length
    const isWhole = /^-?\d+$/.test(source)
    if (isWhole && this.#integer(source)) return
    if (!/[eE]/.test(source) && this.#decimal(source)) return
    this.#header(PRIMITIVE.double)
    this.#view().setFloat64(this.#length, Number(source), true)
    this.#length += 8
  }

  #integer(digits: string): boolean {
    if (digits.length > 20) return false
    const value = BigInt(digits)
    const type = [8, 16, 32, 64].findIndex((bits) => BigInt.asIntN(bits, value) === value)
    if (type < 0) return false
    this.#header(PRIMITIVE.int8 + type)
    this.#push64(value, 2 ** type)
    return true
  }

  #decimal(source: string): boolean {
    const { unscaled, scale } = parseDecimal(source) ?? { unscaled: 0n, scale: 39 }
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
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer)
  }

  #metadata(): Uint8Array {
    const keys = [...this.#ids.keys()].map(utf8)
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

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)?.[0]
  }

  #skipBlanks(): void {
    this.#at += this.#match(BLANKS)!.length
  }

  #error(problem: string): LakeError {
    return invalid(`the text of a variant is no JSON at character ${this.#at + 1}: ${problem}`)
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
