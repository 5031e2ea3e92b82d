/** Writes the levels of pages of version 1: which values are there, and where rows begin. */
import { bitWidthOf, writeHybrid } from '../hybrid.ts'

/** Appends levels behind their length, as pages of version 1 hold them; returns the position behind. */
export function writeLevels(
  levels: Uint8Array,
  count: number,
  max: number,
  out: Uint8Array,
  at: number,
): number {
  const end = writeHybrid(levels, 0, count, bitWidthOf(max), out, at + 4)
  new DataView(out.buffer, out.byteOffset).setInt32(at, end - at - 4, true)
  return end
}

/** The levels of a page without nulls: one run. */
export function writeAllPresent(count: number, out: Uint8Array, at: number): number {
  const ones = new Uint8Array(8).fill(1)
  if (count <= 8) return writeLevels(ones, count, 1, out, at)
  let end = at + 4
  let rest = count * 2
  for (; rest > 127; rest = Math.floor(rest / 128)) out[end++] = (rest & 127) | 128
  out[end++] = rest
  out[end++] = 1
  new DataView(out.buffer, out.byteOffset).setInt32(at, end - at - 4, true)
  return end
}
