/** Seeded random numbers, so that a failure can be repeated. */

export type Random = () => number

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An integer in `[from, to)`. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from))
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[between(random, 0, values.length)]!
}

/** A 64-bit pattern. */
export function randomBits64(random: Random): bigint {
  return (BigInt(between(random, 0, 2 ** 32)) << 32n) | BigInt(between(random, 0, 2 ** 32))
}
