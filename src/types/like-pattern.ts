/** SQL LIKE patterns over UTF-8 bytes. */
import { invalid } from '../util/errors.ts'

/**
 * A pattern as the pieces between its `%`: the first is held to the start of a text and the last to its end, those
 * between follow each other anywhere. In a piece a number from 0 to 255 is that byte, and {@link ANY} any one
 * character. Without `%` there is a single piece, which has to be the whole text.
 */
export interface LikePattern {
  readonly segments: readonly (readonly number[])[]
  /** What every matching text starts with. */
  readonly prefix: Uint8Array
}

const ANY = -1

const ENCODER = new TextEncoder()

/** The pattern of `like`, or the one that `startsWith`, `endsWith` and `contains` come to. */
export function parseLike(
  op: 'like' | 'startsWith' | 'endsWith' | 'contains',
  text: string,
): LikePattern {
  if (op === 'like') return patternOf(parseSegments(text))
  const bytes = [...ENCODER.encode(text)]
  if (op === 'startsWith') return patternOf([bytes, []])
  return patternOf(op === 'endsWith' ? [[], bytes] : [[], bytes, []])
}

function patternOf(segments: readonly (readonly number[])[]): LikePattern {
  const [first] = segments
  const wildcard = first!.indexOf(ANY)
  const prefix = Uint8Array.from(wildcard < 0 ? first! : first!.slice(0, wildcard))
  return { segments, prefix }
}

/** Refuses the escapes that Java's `Like` refuses: a backslash before anything but `_`, `%` and itself. */
function parseSegments(text: string): number[][] {
  const segments: number[][] = [[]]
  let literal = ''
  const flush = (): void => {
    segments.at(-1)!.push(...ENCODER.encode(literal))
    literal = ''
  }
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === '\\') {
      const next = text[++i]
      if (next !== '_' && next !== '%' && next !== '\\') {
        throw invalid(`the pattern ${JSON.stringify(text)} has a stray backslash`, {
          hint: 'write \\\\ for a backslash, \\_ and \\% for the characters _ and %',
        })
      }
      literal += next
    } else if (char === '_' || char === '%') {
      flush()
      if (char === '_') segments.at(-1)!.push(ANY)
      else segments.push([])
    } else literal += char
  }
  flush()
  return segments
}

/** Whether the UTF-8 text `data[from, to)` matches. */
export function matchesLike(
  { segments }: LikePattern,
  data: Uint8Array,
  from: number,
  to: number,
): boolean {
  const last = segments.length - 1
  let at = matchAt(segments[0]!, data, from, to)
  if (last === 0) return at === to
  if (at < 0) return false
  for (let i = 1; i < last; i++) {
    at = find(segments[i]!, data, at, to)
    if (at < 0) return false
  }
  return matchBackwards(segments[last]!, data, at, to)
}

/** The end of the segment when the text at `from` matches it, else -1. */
function matchAt(segment: readonly number[], data: Uint8Array, from: number, to: number): number {
  let at = from
  for (let i = 0; i < segment.length; i++) {
    if (at >= to) return -1
    const wanted = segment[i]!
    if (wanted !== ANY) {
      if (data[at] !== wanted) return -1
      at++
    } else {
      at++
      while (at < to && (data[at]! & 0xc0) === 0x80) at++
    }
  }
  return at
}

/** The end of the first match that starts at `from` or later, else -1. */
function find(segment: readonly number[], data: Uint8Array, from: number, to: number): number {
  if (segment.length === 0) return from
  const first = segment[0]!
  for (let start = from; start < to; start++) {
    const byte = data[start]!
    // A wildcard takes whole characters, so it cannot start inside of one.
    if (first === ANY ? (byte & 0xc0) === 0x80 : byte !== first) continue
    const end = matchAt(segment, data, start, to)
    if (end >= 0) return end
  }
  return -1
}

/** Whether the text that starts at `from` or later and ends at `to` matches the segment. */
function matchBackwards(
  segment: readonly number[],
  data: Uint8Array,
  from: number,
  to: number,
): boolean {
  let at = to
  for (let i = segment.length - 1; i >= 0; i--) {
    if (at <= from) return false
    const wanted = segment[i]!
    at--
    if (wanted === ANY) while (at > from && (data[at]! & 0xc0) === 0x80) at--
    else if (data[at] !== wanted) return false
  }
  return true
}
