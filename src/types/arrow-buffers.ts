/** Arrow's bitmaps and offsets as columns have them, checked before anything is done with them. */
import type { Data } from 'apache-arrow'

import { copyBits, countBits } from '../util/bits.ts'
import { invalid, type LakeError } from '../util/errors.ts'
import { arrowText } from './arrow-schema.ts'
import { type DataType, MAX_LENGTH } from './data-type.ts'
import { typeText } from './type-text.ts'

/** The bitmap from bit 0 on; null when there is no null. */
export function validityOf(data: Data, path: string): Uint8Array | null {
  const { nullBitmap, offset, length } = data
  if (!nullBitmap || nullBitmap.length === 0 || length === 0) return null
  const bits = bitsOf(nullBitmap, offset, length, path)
  return countBits(bits, 0, length) === length ? null : bits
}

/** `length` bits from bit `offset` on, moved to bit 0. */
export function bitsOf(bits: Uint8Array, offset: number, length: number, path: string): Uint8Array {
  if (bits.length * 8 < offset + length) throw truncated(path)
  const size = (length + 7) >> 3
  if ((offset & 7) === 0) return bits.subarray(offset >> 3, (offset >> 3) + size)
  const shifted = new Uint8Array(size)
  copyBits(bits, offset, shifted, 0, length)
  return shifted
}

/** The offsets as starts and ends, after a check that they rise and stay within `limit`. */
export function rangesOf(
  data: Data,
  limit: number,
  path: string,
): { starts: Int32Array; ends: Int32Array } {
  const { length } = data
  if (length === 0) return { starts: new Int32Array(0), ends: new Int32Array(0) }
  const offsets = data.valueOffsets as Int32Array
  if (offsets.length <= length) throw truncated(path)
  let previous = 0
  for (let i = 0; i <= length; i++) {
    const offset = offsets[i]!
    if (offset < previous) throw truncated(path)
    previous = offset
  }
  if (previous > limit) throw truncated(path)
  return { starts: offsets.subarray(0, length), ends: offsets.subarray(1, length + 1) }
}

/** Offsets of 64 bits as ones of 32, counted from the first, which is `base`. */
export function narrowOffsets(
  data: Data,
  path: string,
): { starts: Int32Array; ends: Int32Array; base: number } {
  const { length } = data
  const wide = data.valueOffsets as unknown as BigInt64Array
  if (length > 0 && wide.length <= length) throw truncated(path)
  const offsets = new Int32Array(length + 1)
  const base = length === 0 ? 0 : Number(wide[0])
  let previous = 0
  for (let i = 1; i <= length; i++) {
    const offset = Number(wide[i]) - base
    if (base < 0 || offset < previous) throw truncated(path)
    if (offset > MAX_LENGTH)
      throw invalid(`column ${path} holds more than 2 GiB in one batch`, {
        hint: 'give smaller batches',
      })
    previous = offset
    offsets[i] = offset
  }
  return { starts: offsets.subarray(0, length), ends: offsets.subarray(1), base }
}

/** INVALID for an Arrow type that the Paimon type cannot take. */
export function mismatch(data: Data, type: DataType, path: string, takes: string): LakeError {
  return invalid(
    `column ${path} is ${typeText(type)}, which Arrow ${arrowText(data.type)} does not fit`,
    {
      hint: `it takes Arrow ${takes}`,
    },
  )
}

/** INVALID for buffers that are shorter than the lengths and offsets say. */
export function truncated(path: string): LakeError {
  return invalid(
    `column ${path} of the Arrow data is damaged: its buffers are shorter than its rows`,
  )
}
