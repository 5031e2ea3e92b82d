/** Decimals as text and as unscaled integers, with the rounding of Java's `Decimal.fromBigDecimal`. */

/** An exact decimal number: `unscaled / 10^scale`. */
export interface ExactDecimal {
  readonly unscaled: bigint
  readonly scale: number
}

/** `10^n`. */
export function powerOfTen(n: number): bigint {
  return POWERS[n] ?? 10n ** BigInt(n)
}

const POWERS: readonly bigint[] = Array.from({ length: 77 }, (_, n) => 10n ** BigInt(n))

/** The fewest bytes whose two's complement holds every integer of the precision. */
export function decimalBytes(precision: number): number {
  let bytes = 1
  while (2 ** (8 * bytes - 1) < 10 ** precision) bytes++
  return bytes
}

/** The number written out with `scale` digits after the point, as Java's `BigDecimal.toPlainString`. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString()
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/

/** A longer text or a larger exponent is no sensible decimal, and costly to expand. */
const MAX_DIGITS = 10_000
const MAX_EXPONENT = 1000

/** Parses what Java's BigDecimal does (`-12.50`, `.5`, `1e3`); undefined for any other text. */
export function parseDecimal(text: string): ExactDecimal | undefined {
  const plain = text.length <= 16 ? parsePlain(text) : undefined
  if (plain !== undefined) return plain
  if (text.length > MAX_DIGITS) return undefined
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponentDigits = '0'] = match
  const exponent = Number(exponentDigits)
  if (whole + fraction === '' || Math.abs(exponent) > MAX_EXPONENT) return undefined
  const digits = BigInt(whole + fraction)
  const unscaled = sign === '-' ? -digits : digits
  const scale = fraction.length - exponent
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * powerOfTen(-scale), scale: 0 }
}

/** Digits with at most one point between them, few enough for a number: the common case, without a regex. */
function parsePlain(text: string): ExactDecimal | undefined {
  const negative = text.charCodeAt(0) === 0x2d
  let unscaled = 0
  let point = -1
  for (let i = negative ? 1 : 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit === -2 && point < 0) point = i
    else if (digit >= 0 && digit <= 9) unscaled = unscaled * 10 + digit
    else return undefined
  }
  const digits = text.length - (negative ? 1 : 0) - (point < 0 ? 0 : 1)
  if (digits < 1 || digits > 15) return undefined
  const scale = point < 0 ? 0 : text.length - point - 1
  return { unscaled: BigInt(negative ? -unscaled : unscaled), scale }
}

/** The unscaled integer at `scale`: more digits after the point are rounded half up, away from zero. */
export function rescale(value: ExactDecimal, scale: number): bigint {
  const { unscaled } = value
  if (scale >= value.scale) return unscaled * powerOfTen(scale - value.scale)
  const divisor = powerOfTen(value.scale - scale)
  const half = divisor / 2n
  return unscaled < 0n ? -((-unscaled + half) / divisor) : (unscaled + half) / divisor
}

/** The greatest unscaled integer at `scale` that is not above the value. */
export function rescaleDown(value: ExactDecimal, scale: number): bigint {
  if (scale >= value.scale) return value.unscaled * powerOfTen(scale - value.scale)
  const divisor = powerOfTen(value.scale - scale)
  const cut = value.unscaled / divisor
  return cut * divisor > value.unscaled ? cut - 1n : cut
}

/** Whether the unscaled integer has at most `precision` digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = powerOfTen(precision)
  return unscaled < limit && unscaled > -limit
}
