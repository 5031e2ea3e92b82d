/**
 * Bit slices: for each binary digit of the rows' numbers a bitmap of the rows that have it set.
 *
 * Follows O'Neil and Quass, "Improved query performance with variant indexes", as the Java classes do.
 */
import { bitmapOf, difference, intersection, type RoaringBitmap, union } from '../roaring.ts'

export interface BitSlices {
  /** The rows that have a number. */
  readonly existence: RoaringBitmap
  readonly sliceCount: number
  /** The rows whose numbers have the digit, 0 being the lowest. */
  slice(digit: number): RoaringBitmap
}

/** The rows whose number, which is not negative, is at most `limit`. */
function rowsAtMost(slices: BitSlices, limit: bigint): RoaringBitmap {
  const { existence, sliceCount } = slices
  if (limit < 0n) return bitmapOf([])
  if (limit >= 1n << BigInt(sliceCount)) return existence
  let below = bitmapOf([])
  let equal = existence
  for (let digit = sliceCount - 1; digit >= 0; digit--) {
    const set = slices.slice(digit)
    if ((limit >> BigInt(digit)) & 1n) {
      below = union(below, difference(equal, set))
      equal = intersection(equal, set)
    } else equal = difference(equal, set)
  }
  return union(below, equal)
}

/** The rows whose number is from `low` to `high`, both included. */
export function rowsBetween(slices: BitSlices, low: bigint, high: bigint): RoaringBitmap {
  if (low > high) return bitmapOf([])
  const atMost = rowsAtMost(slices, high)
  return low <= 0n ? atMost : difference(atMost, rowsAtMost(slices, low - 1n))
}
