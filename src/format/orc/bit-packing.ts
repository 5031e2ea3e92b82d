/** Integers of one width packed from the highest bit on, as ORC's runs hold them, to pairs of 32-bit words. */

/** Unpacks `count` unsigned values of 1 to 64 bits to both arrays from `from` on; the bytes must be there. */
export function unpackBits(
  bytes: Uint8Array,
  width: number,
  count: number,
  low: Int32Array,
  high: Int32Array,
  from: number,
): void {
  if (width <= 24) {
    unpackNarrow(bytes, width, low, from, from + count)
    high.fill(0, from, from + count)
  } else if ((width & 7) === 0) unpackBytes(bytes, width >> 3, count, low, high, from)
  else {
    // 26, 28 and 30 bits: two parts, each as narrow as the fast way takes.
    unpackTwoParts(bytes, width, low, from, from + count)
    high.fill(0, from, from + count)
  }
}

function unpackNarrow(
  bytes: Uint8Array,
  width: number,
  low: Int32Array,
  from: number,
  end: number,
): void {
  const mask = (1 << width) - 1
  let bits = 0
  let have = 0
  let at = 0
  for (let i = from; i < end; i++) {
    while (have < width) {
      bits = (bits << 8) | bytes[at++]!
      have += 8
    }
    have -= width
    low[i] = (bits >>> have) & mask
  }
}

function unpackTwoParts(
  bytes: Uint8Array,
  width: number,
  low: Int32Array,
  from: number,
  end: number,
): void {
  const upper = width - 16
  const mask = (1 << upper) - 1
  let bits = 0
  let have = 0
  let at = 0
  for (let i = from; i < end; i++) {
    while (have < upper) {
      bits = (bits << 8) | bytes[at++]!
      have += 8
    }
    have -= upper
    const top = (bits >>> have) & mask
    while (have < 16) {
      bits = (bits << 8) | bytes[at++]!
      have += 8
    }
    have -= 16
    low[i] = (top << 16) | ((bits >>> have) & 0xffff)
  }
}

/** Values of four to eight whole bytes. */
function unpackBytes(
  bytes: Uint8Array,
  widthBytes: number,
  count: number,
  low: Int32Array,
  high: Int32Array,
  from: number,
): void {
  let at = 0
  for (let i = from; i < from + count; i++) {
    let top = 0
    for (let left = widthBytes; left > 4; left--) top = (top << 8) | bytes[at++]!
    high[i] = top
    low[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    at += 4
  }
}
