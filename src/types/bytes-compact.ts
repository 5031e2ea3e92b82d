/** Ranges that may lie anywhere as ranges that follow each other, which is what Arrow and Parquet files want. */
import { invalid } from '../util/errors.ts'
import type { BytesColumn, ListColumn } from './column.ts'

export interface CompactBytes {
  /** One more than rows: value i is `data[offsets[i], offsets[i + 1])`. Null rows are empty. */
  readonly offsets: Int32Array
  /** May go on behind the last value. */
  readonly data: Uint8Array
}

const MAX_OFFSET = 2 ** 31 - 1

/** The column's values one behind the other; nothing is copied where they lie so already. */
export function compactBytes(column: BytesColumn): CompactBytes {
  const shared = sharedOffsets(column)
  if (shared !== undefined) return { offsets: shared, data: column.data }
  const { offsets, base } = followingOffsets(column)
  if (base !== undefined) return { offsets, data: column.data.subarray(base) }
  return { offsets, data: copyRanges(column, offsets) }
}

/** The offsets buffer that `starts` and `ends` are views of, if they are. */
export function sharedOffsets({
  starts,
  ends,
  length,
}: BytesColumn | ListColumn): Int32Array | undefined {
  if (length === 0) return new Int32Array(1)
  return starts.buffer === ends.buffer && ends.byteOffset === starts.byteOffset + 4
    ? new Int32Array(starts.buffer, starts.byteOffset, length + 1)
    : undefined
}

/**
 * Offsets from 0 on for the ranges in order; with `base` when the ranges of the present rows follow each other already,
 * from `base` on.
 */
export function followingOffsets({ starts, ends, validity, length }: BytesColumn | ListColumn): {
  offsets: Int32Array
  base: number | undefined
} {
  const offsets = new Int32Array(length + 1)
  let base: number | undefined
  let follows = true
  let total = 0
  for (let row = 0; row < length; row++) {
    const isNull = validity !== null && !(validity[row >> 3]! & (1 << (row & 7)))
    const size = isNull ? 0 : ends[row]! - starts[row]!
    if (size > 0) {
      base ??= starts[row]!
      if (starts[row] !== base + total) follows = false
      total += size
      if (total > MAX_OFFSET)
        throw invalid('a column of one batch holds more than 2 GiB', {
          hint: 'read or write in smaller batches',
        })
    }
    offsets[row + 1] = total
  }
  return { offsets, base: follows ? (base ?? 0) : undefined }
}

/** Where longer values are left to the engine's own copy. */
const LONG = 96

/**
 * Copies the ranges to their offsets, eight bytes at a time: the last write of a value reaches into the room of the
 * next ones, which are written after it, and at the end into padding.
 */
function copyRanges({ data, starts }: BytesColumn, offsets: Int32Array): Uint8Array {
  const total = offsets.at(-1)!
  const target = new Uint8Array(total + 8)
  const from = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const to = new DataView(target.buffer)
  const rows = offsets.length - 1
  const safeEnd = data.length - 8
  for (let row = 0; row < rows; row++) {
    const at = offsets[row]!
    const size = offsets[row + 1]! - at
    if (size === 0) continue
    const start = starts[row]!
    if (size > LONG) target.set(data.subarray(start, start + size), at)
    else if (start + size <= safeEnd)
      for (let i = 0; i < size; i += 8)
        to.setBigInt64(at + i, from.getBigInt64(start + i, true), true)
    else for (let i = 0; i < size; i++) target[at + i] = data[start + i]!
  }
  return target.subarray(0, total)
}
