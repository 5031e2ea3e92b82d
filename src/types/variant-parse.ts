/**
 * VARIANT values from JSON text; see `variant-json.ts` for the way back.
 *
 * Follows `GenericVariantBuilder.parseJson` of Java, so that both make the same bytes of the same text: integers take
 * as few bytes as they need, numbers with a point are decimals where 38 digits hold them, keys are numbered as they
 * appear and sorted within an object.
 */
import { invalid, type LakeError } from '../util/errors.ts'
import { parseDecimal } from './decimal-text.ts'
import { utf8 } from './internal-value.ts'
import { type Variant, VariantBuilder, type VariantField } from './variant-builder.ts'
import { VARIANT_DEPTH_MAX } from './variant-layout.ts'

/** Parses a JSON text. Throws INVALID with the place of the mistake, and for an object with a key twice. */
export function parseVariant(text: string): Variant {
  return new VariantParser(text).parse()
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy
const BLANKS = /[ \t\n\r]*/y
const WORDS = ['null', 'true', 'false'] as const

class VariantParser {
  readonly #text: string
  readonly #builder = new VariantBuilder((problem) => this.#error(problem))
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Variant {
    this.#skipBlanks()
    this.#value(0)
    this.#skipBlanks()
    if (this.#at < this.#text.length) throw this.#error('something follows the value')
    const { value, metadata } = this.#builder.result()
    return { value: value.slice(), metadata }
  }

  #value(depth: number): void {
    if (depth > VARIANT_DEPTH_MAX) throw this.#error(`it nests more than ${VARIANT_DEPTH_MAX} deep`)
    const char = this.#text[this.#at]
    if (char === '{') this.#object(depth)
    else if (char === '[') this.#array(depth)
    else if (char === '"') this.#builder.appendText(utf8(this.#quoted()))
    else {
      const word = WORDS.find((name) => this.#text.startsWith(name, this.#at))
      if (word === undefined) this.#number()
      else {
        this.#at += word.length
        if (word === 'null') this.#builder.appendNull()
        else this.#builder.appendBoolean(word === 'true')
      }
    }
  }

  #object(depth: number): void {
    const start = this.#builder.position
    const fields: VariantField[] = []
    this.#items('}', () => {
      if (this.#text[this.#at] !== '"') throw this.#error('a key in double quotes is missing')
      const key = this.#quoted()
      this.#skipBlanks()
      if (this.#text[this.#at] !== ':') throw this.#error('a ":" is missing')
      this.#at++
      this.#skipBlanks()
      fields.push(this.#builder.field(key, start))
      this.#value(depth + 1)
    })
    this.#builder.finishObject(start, fields)
  }

  #array(depth: number): void {
    const start = this.#builder.position
    const offsets: number[] = []
    this.#items(']', () => {
      offsets.push(this.#builder.position - start)
      this.#value(depth + 1)
    })
    this.#builder.finishArray(start, offsets)
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

  #number(): void {
    const source = this.#match(NUMBER)
    if (source === undefined) throw this.#error('a value is missing')
    this.#at += source.length
    const isWhole = /^-?\d+$/.test(source)
    // More digits than 64 bits can have are not turned into a number at all.
    if (isWhole && source.length <= 20 && this.#builder.appendInteger(BigInt(source))) return
    const decimal = /[eE]/.test(source) ? null : parseDecimal(source)
    if (decimal && this.#builder.appendDecimal(decimal.unscaled, decimal.scale)) return
    this.#builder.appendDouble(Number(source))
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
