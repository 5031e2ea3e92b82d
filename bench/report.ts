/** Measurements and how they are printed. */

export interface Measurement {
  readonly peer: string
  readonly work: string
  readonly rows: number
  readonly ms: number
  readonly krows_per_s: number
}

const round = (value: number): number => Math.round(value * 10) / 10

/** Prints the measurement as a line of JSON. */
export function report(peer: string, work: string, rows: number, ms: number): Measurement {
  const measurement = { peer, work, rows, ms: round(ms), krows_per_s: round(rows / ms) }
  process.stdout.write(`${JSON.stringify(measurement)}\n`)
  return measurement
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
