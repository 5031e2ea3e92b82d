/** The words, names, literals and signs of a condition's text. */
import { invalid, type LakeError } from '../util/errors.ts'

export interface WhereToken {
  /** A word may be a keyword or a column; a name was quoted. */
  readonly kind: 'word' | 'name' | 'string' | 'bytes' | 'number' | 'mark' | 'end'
  /** Names and strings without their quotes, bytes as hexadecimal digits. */
  readonly text: string
  /** The text in upper case, for keywords. */
  readonly upper: string
  /** As it was written, cut to a length fit for a message. */
  readonly source: string
  /** Where it starts. */
  readonly at: number
}

const BLANKS = /\s*/y
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const MARK = /<>|!=|<=|>=|[=<>(),+-]/y
const STRING = /'[^']*(?:''[^']*)*'/y
const DOUBLE_QUOTED = /"[^"]*(?:""[^"]*)*"/y
const BACK_QUOTED = /`[^`]*(?:``[^`]*)*`/y
const BYTES = /[xX]'[0-9a-fA-F]*'/y

/** Splits the text; the last token is of kind `end`. Throws INVALID at a sign that belongs to none. */
export function tokenizeWhere(text: string): WhereToken[] {
  const tokens: WhereToken[] = []
  const push = (kind: WhereToken['kind'], at: number, to: number, value: string): number => {
    const source = text.slice(at, Math.min(to, at + 40))
    tokens.push({ kind, text: value, upper: value.toUpperCase(), source, at })
    return to
  }
  let at = skip(BLANKS, text, 0)
  while (at < text.length) {
    const [kind, value, to] = tokenAt(text, at)
    at = skip(BLANKS, text, push(kind, at, to, value))
  }
  push('end', text.length, text.length, '')
  return tokens
}

function tokenAt(text: string, at: number): [WhereToken['kind'], string, number] {
  switch (text[at]) {
    case "'":
      return quoted('string', STRING, "'", text, at)
    case '"':
      return quoted('name', DOUBLE_QUOTED, '"', text, at)
    case '`':
      return quoted('name', BACK_QUOTED, '`', text, at)
    default:
      break
  }
  const bytes = match(BYTES, text, at)
  if (bytes !== undefined) {
    const digits = bytes.slice(2, -1)
    if (digits.length % 2 !== 0) throw misplaced(text, at, 'a byte has two hexadecimal digits')
    return ['bytes', digits, at + bytes.length]
  }
  for (const [kind, pattern] of [
    ['word', WORD],
    ['number', NUMBER],
    ['mark', MARK],
  ] as const) {
    const found = match(pattern, text, at)
    if (found === undefined) continue
    const end = at + found.length
    if (kind === 'number' && match(WORD, text, end) !== undefined)
      throw misplaced(text, end, 'a number ends in a letter; quote a name that starts with a digit')
    return [kind, found, end]
  }
  throw misplaced(text, at, `${JSON.stringify(text[at])} belongs to nothing`)
}

function quoted(
  kind: WhereToken['kind'],
  pattern: RegExp,
  quote: string,
  text: string,
  at: number,
): [WhereToken['kind'], string, number] {
  const found = match(pattern, text, at)
  if (found === undefined) throw misplaced(text, at, `the quote ${quote} is never closed`)
  return [kind, found.slice(1, -1).replaceAll(quote + quote, quote), at + found.length]
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function skip(pattern: RegExp, text: string, at: number): number {
  return at + (match(pattern, text, at) ?? '').length
}

/** INVALID with the text around the place and a caret under it. */
export function misplaced(text: string, at: number, problem: string): LakeError {
  const from = Math.max(0, at - 60)
  const shown = text.slice(from, at + 40).replaceAll(/\s/g, ' ')
  const [before, behind] = [from > 0 ? '…' : '', at + 40 < text.length ? '…' : '']
  const caret = `${' '.repeat(at - from + before.length)}^`
  return invalid(`${problem}, at character ${at + 1}\n  ${before}${shown}${behind}\n  ${caret}`, {
    hint: `a condition looks like amount > 5 AND region IN ('eu', 'us'); texts stand in single quotes`,
  })
}
