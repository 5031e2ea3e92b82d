/** Runs of bits in LSB-first bitmaps, as Arrow's validity and Parquet's packed levels lay them out. */

/** Sets the bits `[from, from + count)`. */
export function setBits(bits: Uint8Array, from: number, count: number): void {
  let at = from
  const end = from + count
  while (at < end && (at & 7) !== 0) {
    bits[at >> 3]! |= 1 << (at & 7)
    at++
  }
  const whole = (end - at) >> 3
  if (whole > 0) {
    bits.fill(0xff, at >> 3, (at >> 3) + whole)
    at += whole << 3
  }
  for (; at < end; at++) bits[at >> 3]! |= 1 << (at & 7)
}

/** Copies `count` bits into a target whose bits there are still clear. */
export function copyBits(
  source: Uint8Array,
  sourceFrom: number,
  target: Uint8Array,
  targetFrom: number,
  count: number,
): void {
  let from = sourceFrom
  let at = targetFrom
  const end = targetFrom + count
  while (at < end && (at & 7) !== 0) {
    if (source[from >> 3]! & (1 << (from & 7))) target[at >> 3]! |= 1 << (at & 7)
    from++
    at++
  }
  const shift = from & 7
  const whole = (end - at) >> 3
  const first = from >> 3
  if (shift === 0) target.set(source.subarray(first, first + whole), at >> 3)
  else
    for (let i = 0; i < whole; i++)
      target[(at >> 3) + i] =
        (source[first + i]! >> shift) | (source[first + i + 1]! << (8 - shift))
  from += whole << 3
  at += whole << 3
  for (; at < end; from++, at++)
    if (source[from >> 3]! & (1 << (from & 7))) target[at >> 3]! |= 1 << (at & 7)
}

/** The set bits in `[from, from + count)`. */
export function countBits(bits: Uint8Array, from: number, count: number): number {
  let set = 0
  let at = from
  const end = from + count
  while (at < end && (at & 7) !== 0) {
    set += (bits[at >> 3]! >> (at & 7)) & 1
    at++
  }
  for (; at + 8 <= end; at += 8) set += SET_IN_BYTE[bits[at >> 3]!]!
  for (; at < end; at++) set += (bits[at >> 3]! >> (at & 7)) & 1
  return set
}

const SET_IN_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let set = 0
  for (let rest = byte; rest > 0; rest >>= 1) set += rest & 1
  return set
})
