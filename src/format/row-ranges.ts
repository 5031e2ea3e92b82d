/** Ranges of a file's rows, ascending and apart. */
import type { RowRange } from './data-file.ts'

/** The rows that are in both. */
export function intersectRanges(a: readonly RowRange[], b: readonly RowRange[]): RowRange[] {
  const common: RowRange[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const from = Math.max(a[i]!.from, b[j]!.from)
    const to = Math.min(a[i]!.to, b[j]!.to)
    if (from < to) common.push({ from, to })
    if (a[i]!.to < b[j]!.to) i++
    else j++
  }
  return common
}

/** {@link intersectRanges} where null is all rows. */
export function commonRanges(
  a: readonly RowRange[] | null,
  b: readonly RowRange[] | null,
): readonly RowRange[] | null {
  return a === null || b === null ? (a ?? b) : intersectRanges(a, b)
}

/** Tells the row of the file that is the n-th of the ranges; no n is below the one before. */
export function nthRowOf(ranges: readonly RowRange[]): (n: number) => number {
  let index = 0
  let before = 0
  return (n) => {
    for (;;) {
      const { from, to } = ranges[index]!
      if (n < before + to - from) return from + n - before
      before += to - from
      index++
    }
  }
}
