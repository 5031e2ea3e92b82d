/** How many members a set has whose members left so many different coupons in an HLL sketch. */

/**
 * The estimate for up to 300,000 coupons: a cubic through four points of a table, in exactly the arithmetic of Java's
 * `CubicInterpolation`, since the result is stored.
 */
export function couponEstimate(count: number): number {
  const below = COUNTS.findLastIndex((each) => each <= count)
  const from = Math.max(below - 1, 0)
  const [x0, x1, x2, x3] = COUNTS.slice(from, from + 4) as [number, number, number, number]
  const [y0, y1, y2, y3] = SIZES.slice(from, from + 4) as [number, number, number, number]
  const x = count
  const term0 = (y0 * ((x - x1) * (x - x2) * (x - x3))) / ((x0 - x1) * (x0 - x2) * (x0 - x3))
  const term1 = (y1 * ((x - x0) * (x - x2) * (x - x3))) / ((x1 - x0) * (x1 - x2) * (x1 - x3))
  const term2 = (y2 * ((x - x0) * (x - x1) * (x - x3))) / ((x2 - x0) * (x2 - x1) * (x2 - x3))
  const term3 = (y3 * ((x - x0) * (x - x1) * (x - x2))) / ((x3 - x0) * (x3 - x1) * (x3 - x2))
  return term0 + term1 + term2 + term3
}

/** Different coupons of 26 bits, and the sizes of sets that leave so many on average. The largest sketch has 196,609. */
const COUNTS = [0, 1, 20, 400, 8000, 160_000, 300_000, 600_000]
const SIZES = [
  0, 1, 20.0000009437402611, 400.000396371338411, 8000.1589294602090376, 160_063.6067763759638183,
  300_223.7071597663452849, 600_895.5933856170158833,
]
