/** A growing buffer of text in UTF-8 that numbers and strings are printed into without strings in between. */

const ZERO = 0x30
const MINUS = 0x2d
const BACKSLASH = 0x5c
const QUOTE = 0x22

export class TextBytes {
  /** The bytes printed so far; setting it back drops the last ones. */
  length = 0
  #bytes: Uint8Array
  /** Where the last {@link jsonText} began. */
  #mark = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** The whole buffer, until the next print. */
  get view(): Uint8Array {
    return this.#bytes
  }

  /** A copy of what was printed; the buffer is empty after it. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.length))
    this.length = 0
    return taken
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.length++] = value
  }

  bytes(source: Uint8Array, from: number, to: number): void {
    const size = to - from
    if (this.length + size > this.#bytes.length) this.#grow(size)
    if (size > 24) this.#bytes.set(source.subarray(from, to), this.length)
    else for (let i = from, at = this.length; i < to; i++, at++) this.#bytes[at] = source[i]!
    this.length += size
  }

  /** Prints characters below U+0080. */
  ascii(text: string): void {
    const size = text.length
    if (this.length + size > this.#bytes.length) this.#grow(size)
    const bytes = this.#bytes
    for (let i = 0, at = this.length; i < size; i++, at++) bytes[at] = text.charCodeAt(i)
    this.length += size
  }

  quotedAscii(text: string): void {
    this.byte(QUOTE)
    this.ascii(text)
    this.byte(QUOTE)
  }

  /** Prints an integer that a double holds exactly. */
  integer(value: number): void {
    if (this.length + 20 > this.#bytes.length) this.#grow(20)
    let rest = value
    if (rest < 0) {
      this.#bytes[this.length++] = MINUS
      rest = -rest
    }
    // Beyond nine digits in two or three parts, each in the range of fast integers.
    if (rest >= 1e9) {
      const upper = Math.floor(rest / 1e9)
      this.integer(upper)
      this.digits(rest - upper * 1e9, 9)
      return
    }
    let width = 1
    for (let limit = 10; limit <= rest; limit *= 10) width++
    this.digits(rest, width)
  }

  /** Prints exactly `width` digits of a non-negative integer below `10^width`. */
  digits(value: number, width: number): void {
    if (this.length + width > this.#bytes.length) this.#grow(width)
    const bytes = this.#bytes
    let at = this.length + width
    this.length = at
    let rest = value
    let left = width
    while (rest > 0x7fffffff) {
      const tenth = Math.floor(rest / 10)
      bytes[--at] = ZERO + rest - tenth * 10
      rest = tenth
      left--
    }
    let small = rest | 0
    for (; left > 0; left--) {
      const tenth = (small / 10) | 0
      bytes[--at] = ZERO + small - tenth * 10
      small = tenth
    }
  }

  hex(source: Uint8Array, from: number, to: number): void {
    const size = 2 * (to - from)
    if (this.length + size > this.#bytes.length) this.#grow(size)
    let at = this.length
    for (let i = from; i < to; i++) {
      this.#bytes[at++] = HEX[source[i]! >> 4]!
      this.#bytes[at++] = HEX[source[i]! & 15]!
    }
    this.length = at
  }

  /**
   * Prints UTF-8 text as the inside of a JSON string, escaped as Jackson does. False when there are bytes above 0x7f,
   * whose validity is not looked at.
   */
  jsonText(source: Uint8Array, from: number, to: number): boolean {
    // An escape takes up to six bytes.
    const size = 6 * (to - from)
    if (this.length + size > this.#bytes.length) this.#grow(size)
    this.#mark = this.length
    const bytes = this.#bytes
    let at = this.length
    let seen = 0
    for (let i = from; i < to; i++) {
      const byte = source[i]!
      seen |= byte
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) at = this.#escape(byte, at)
      else bytes[at++] = byte
    }
    this.length = at
    return seen < 0x80
  }

  /** Drops what the last {@link jsonText} printed. */
  rewind(): void {
    this.length = this.#mark
  }

  #escape(byte: number, at: number): number {
    const escape = ESCAPES[byte]!
    for (let i = 0; i < escape.length; i++) this.#bytes[at + i] = escape.charCodeAt(i)
    return at + escape.length
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + size + 64))
    grown.set(this.#bytes.subarray(0, this.length))
    this.#bytes = grown
  }
}

const HEX = Uint8Array.from('0123456789abcdef', (char) => char.charCodeAt(0))

const ESCAPES: readonly string[] = Array.from({ length: 0x5d }, (_, byte) => {
  const short = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 34: '\\"', 92: '\\\\' }[byte]
  return short ?? `\\u${byte.toString(16).toUpperCase().padStart(4, '0')}`
})
