/**
 * Strings of statistics cut to a number of code points, so that the minimum is not above and the maximum not below
 * what it was. Follows `TruncateSimpleColStatsCollector`.
 */

/** The first `length` code points. */
export function truncatedMin(utf8: Uint8Array, length: number): Uint8Array {
  return utf8.subarray(0, prefixSize(utf8, length))
}

/**
 * The first `length` code points with the last one raised by one, so that it is above all strings that begin like this;
 * the string itself when it is not longer. Null when no code point can be raised.
 *
 * Java raises U+D7FF to a lone surrogate, which it then writes as a question mark: a maximum that is too low. Here the
 * next code point is U+E000.
 */
export function truncatedMax(utf8: Uint8Array, length: number): Uint8Array | null {
  let end = prefixSize(utf8, length)
  if (end === utf8.length) return utf8
  while (end > 0) {
    let start = end - 1
    while (start > 0 && isContinuation(utf8[start]!)) start--
    const raised = nextCodePoint(utf8.subarray(start, end))
    if (raised !== null) {
      const max = new Uint8Array(start + raised.length)
      max.set(utf8.subarray(0, start))
      max.set(raised, start)
      return max
    }
    end = start
  }
  return null
}

/** The bytes of the first `length` code points, told by the first byte of each. */
function prefixSize(utf8: Uint8Array, length: number): number {
  let at = 0
  for (let count = 0; count < length && at < utf8.length; count++) at += sequenceSize(utf8[at]!)
  return Math.min(at, utf8.length)
}

function sequenceSize(first: number): number {
  if (first < 0xc0) return 1
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** The UTF-8 bytes of the next code point; null after the last one, and for bytes that are no code point. */
function nextCodePoint(utf8: Uint8Array): Uint8Array | null {
  let codePoint: number | undefined
  try {
    codePoint = STRICT.decode(utf8).codePointAt(0)
  } catch {
    return null
  }
  if (codePoint === undefined || codePoint >= 0x10ffff) return null
  const next = codePoint + 1 === 0xd800 ? 0xe000 : codePoint + 1
  return new TextEncoder().encode(String.fromCodePoint(next))
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
