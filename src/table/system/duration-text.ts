/** Durations as the text of Java's `Duration.toString`. */

const NANOS_OF_SECOND = 1_000_000_000n

/** `PT24H`, `PT1M30.5S`, `PT-0.5S`; hours are the longest unit. */
export function durationText(nanos: bigint): string {
  if (nanos === 0n) return 'PT0S'
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  const seconds = size / NANOS_OF_SECOND
  const part = (value: bigint, unit: string): string =>
    value === 0n ? '' : `${sign}${value}${unit}`
  const hours = part(seconds / 3600n, 'H')
  const minutes = part((seconds / 60n) % 60n, 'M')
  const fraction = String(size % NANOS_OF_SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '')
  const rest = seconds % 60n
  if (fraction === '') return `PT${hours}${minutes}${part(rest, 'S')}`
  return `PT${hours}${minutes}${sign}${rest}.${fraction}S`
}
