/**
 * The parts of a text that Java casts to an ARRAY (`[a, b]`, `ARRAY(a, b)`), a MAP (`{k -> v}`, `MAP(k, v)`) or a ROW
 * (`{a, b}`, `STRUCT(a, b)`).
 *
 * Follows `StringToArrayCastRule`, `StringToMapCastRule` and `StringToRowCastRule`, by which commas within brackets or
 * double quotes part nothing, and empty parts count as none. Each function returns undefined where Java throws.
 */
import { trimJava } from './text-scalars.ts'

export function elementTexts(text: string): string[] | undefined {
  const content = contentOf(text, '[', ']', 'ARRAY')
  return content === undefined ? undefined : splitParts(content, false).map(trimJava)
}

/** No texts for a row of nulls. */
export function fieldTexts(text: string): string[] | undefined {
  const content = contentOf(text, '{', '}', 'STRUCT')
  if (content === undefined) return undefined
  const parts = splitParts(content, false)
  return parts.length === 0 && content !== '' ? undefined : parts.map(trimJava)
}

/** Null for the text NULL. */
export function entryTexts(text: string): [key: string, value: string][] | null | undefined {
  const trimmed = trimJava(text)
  if (trimmed.toLowerCase() === 'null') return null
  const content = bracketed(trimmed, '{', '}')
  if (content !== undefined) {
    const entries: [string, string][] = []
    for (const part of splitParts(content, true)) {
      const entry = trimJava(part)
      // A key has one character at least, and so has a value.
      const arrow = entry.indexOf('->', 1)
      if (arrow < 0 || arrow + 2 >= entry.length) return undefined
      entries.push([trimJava(entry.slice(0, arrow)), trimJava(entry.slice(arrow + 2))])
    }
    return entries
  }
  const called = calledWith(trimmed, 'MAP')
  return called === undefined ? undefined : pairsOf(splitParts(called, true).map(trimJava))
}

/** Keys and values in turns; a key may stand there once only, and no value may be null. */
function pairsOf(parts: readonly string[]): [string, string][] | undefined {
  if (parts.length % 2 !== 0) return undefined
  const pairs: [string, string][] = []
  for (let i = 0; i < parts.length; i += 2) pairs.push([parts[i]!, parts[i + 1]!])
  const isTwice = new Set(pairs.map(([key]) => key)).size < pairs.length
  return isTwice || pairs.some(([, value]) => value === 'null') ? undefined : pairs
}

function contentOf(text: string, open: string, close: string, name: string): string | undefined {
  const trimmed = trimJava(text)
  return bracketed(trimmed, open, close) ?? calledWith(trimmed, name)
}

/** Java's `.` matches no line ends, so that such a text is refused. */
const ONE_LINE = /^[^\n\r\u0085\u2028\u2029]*$/

function bracketed(text: string, open: string, close: string): string | undefined {
  if (text.length < 2 || !text.startsWith(open) || !text.endsWith(close)) return undefined
  return oneLine(text.slice(1, -1))
}

function calledWith(text: string, name: string): string | undefined {
  if (!text.endsWith(')') || text.slice(0, name.length).toUpperCase() !== name) return undefined
  const behind = text.slice(name.length).replace(/^[ \t\n\v\f\r]+/, '')
  return behind.startsWith('(') ? oneLine(behind.slice(1, -1)) : undefined
}

function oneLine(content: string): string | undefined {
  return ONE_LINE.test(content) ? trimJava(content) : undefined
}

/** The parts between commas; `bare`: without quotes, and without backslashes and what they stand before. */
function splitParts(content: string, bare: boolean): string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  let isQuoted = false
  let isEscaped = false
  for (const char of content) {
    let isMark = isEscaped
    if (isEscaped) isEscaped = false
    else if (char === '\\') isMark = isEscaped = true
    else if (char === '"') {
      isMark = true
      isQuoted = !isQuoted
    } else if (!isQuoted) {
      if ('[{('.includes(char)) depth++
      else if (')}]'.includes(char)) depth = Math.max(0, depth - 1)
      else if (char === ',' && depth === 0) {
        if (part !== '') parts.push(part)
        part = ''
        continue
      }
    }
    if (!(bare && isMark)) part += char
  }
  if (part !== '') parts.push(part)
  return parts
}
