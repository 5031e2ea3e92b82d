/** 32-bit floats as decimal numbers. */

/**
 * The number with the fewest digits that rounds to the given 32-bit float, as Java's Float.toString chooses: 0.1 for
 * the float nearest to 0.1, where the float itself is 0.10000000149011612.
 */
export function shortestFloat(value: number): number {
  if (Number.isInteger(value) && value < 16_777_216 && value > -16_777_216) return value
  if (!Number.isFinite(value)) return value
  // Every decimal of six digits survives a normal float, so six digits that come back are the fewest once zeros are
  // cut, and nine digits always come back. Subnormal floats hold fewer digits; Java gives them two at least.
  for (let digits = Math.abs(value) < MIN_NORMAL ? 2 : 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return Number(value.toPrecision(9))
}

/** The least positive float with all 24 bits of precision: 2^-126. */
const MIN_NORMAL = 2 ** -126
