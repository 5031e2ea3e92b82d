/** JSON that keeps 64-bit integers exact, and prints as Java's Jackson does for Paimon's metadata files. */
import { corrupt } from './errors.ts'

/** What {@link parseJson} returns: like JSON.parse, but an integer beyond 2^53 is a bigint. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json }

/** Deeper nesting is refused, so that no later walk over the value can overflow the stack. */
const MAX_DEPTH = 500

/**
 * Parses a JSON text. Integers that a number cannot hold become bigints. A name such as `__proto__` is an ordinary own
 * property. Throws CORRUPT for text that is no JSON or nests more than 500 deep.
 */
export function parseJson(text: string, path?: string): Json {
  if (nestsTooDeep(text)) throw corrupt(`the JSON nests more than ${MAX_DEPTH} deep`, { path })
  try {
    return LONG_DIGITS.test(text)
      ? (JSON.parse(text, exactInteger as (key: string, value: unknown) => unknown) as Json)
      : (JSON.parse(text) as Json)
  } catch (error) {
    throw corrupt(`is no JSON: ${(error as Error).message}`, { path, cause: error })
  }
}

const LONG_DIGITS = /\d{16}/

function exactInteger(_name: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const { source } = context
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** Whether brackets outside strings nest deeper than {@link MAX_DEPTH}; text that is no JSON may count too many. */
function nestsTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === QUOTE) inString = !inString
    else if (inString) i += char === BACKSLASH ? 1 : 0
    else if (char === OPEN_BRACKET || char === OPEN_BRACE) {
      if (++depth > MAX_DEPTH) return true
    } else if (char === CLOSE_BRACKET || char === CLOSE_BRACE) depth--
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Prints a value as Jackson's default pretty printer does, which is how Paimon writes its metadata files: two spaces of
 * indent, `"name" : value`, arrays on one line as `[ a, b ]`, no newline at the end. Properties that are undefined are
 * left out; bigints print as integers; a `JSON.rawJSON` value prints as its text.
 */
export function printJson(value: unknown): string {
  const out: string[] = []
  print(value, '\n', out)
  return out.join('')
}

/** Prints a value as Jackson does without its pretty printer: no blanks at all. Otherwise as {@link printJson}. */
export function printFlatJson(value: unknown): string {
  if (typeof value === 'string') return quoteJson(value)
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (Array.isArray(value)) return `[${value.map(printFlatJson).join(',')}]`
  if (isRaw(value)) return value.rawJSON
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${quoteJson(name)}:${printFlatJson(member)}`).join(',')}}`
}

function print(value: unknown, newline: string, out: string[]): void {
  if (typeof value === 'string') out.push(quoteJson(value))
  else if (typeof value !== 'object' || value === null) out.push(scalar(value))
  else if (Array.isArray(value)) printArray(value, newline, out)
  else if (isRaw(value)) out.push(value.rawJSON)
  else printObject(value, newline, out)
}

function printArray(items: readonly unknown[], newline: string, out: string[]): void {
  if (items.length === 0) {
    out.push('[ ]')
    return
  }
  for (const [i, item] of items.entries()) {
    out.push(i === 0 ? '[ ' : ', ')
    print(item, newline, out)
  }
  out.push(' ]')
}

function printObject(object: object, newline: string, out: string[]): void {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined)
  if (entries.length === 0) {
    out.push('{ }')
    return
  }
  const inner = `${newline}  `
  for (const [i, [name, value]] of entries.entries()) {
    out.push(i === 0 ? '{' : ',', inner, quoteJson(name), ' : ')
    print(value, inner, out)
  }
  out.push(newline, '}')
}

function scalar(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`
  if (value === null || typeof value === 'boolean' || typeof value === 'number')
    return String(value)
  throw new TypeError(`JSON cannot hold a ${typeof value}`)
}

/** A JSON string as Jackson prints it: what must be escaped is, and no more, with upper-case hexadecimal digits. */
export function quoteJson(text: string): string {
  return `"${text.replace(MUST_ESCAPE, (char) => SHORT_ESCAPES[char] ?? longEscape(char))}"`
}

// oxlint-disable-next-line no-control-regex -- control characters are what has to be escaped
const MUST_ESCAPE = /["\\\u0000-\u001f]/g

const SHORT_ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function longEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

interface RawJson {
  readonly rawJSON: string
}

/** JSON.isRawJSON is in Node 22, and not yet in TypeScript's library. */
const isRaw = (JSON as unknown as { isRawJSON: (value: object) => value is RawJson }).isRawJSON
