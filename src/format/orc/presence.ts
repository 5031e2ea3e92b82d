/** Which values of a column are there, and the spreading of those that are over the rows. */
import { countBits } from '../../util/bits.ts'
import { BitRuns } from './byte-runs.ts'
import type { ChunkedBytes } from './chunks.ts'

export interface PresentRows {
  /** Null where all are there. */
  readonly validity: Uint8Array | null
  readonly presentCount: number
}

/** A column without a stream has every value. */
export class Presence {
  readonly #bits: BitRuns | null

  constructor(source: ChunkedBytes | null) {
    this.#bits = source === null ? null : new BitRuns(source)
  }

  next(count: number): PresentRows {
    if (this.#bits === null) return { validity: null, presentCount: count }
    const bits = this.#bits.read(count)
    const presentCount = countBits(bits, 0, count)
    return { validity: presentCount === count ? null : bits, presentCount }
  }
}

type Elements = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array

/** Moves the first values, one for each row that is there, to their rows; `words` elements make up a value. */
export function spread(
  values: Elements,
  words: number,
  { validity, presentCount }: PresentRows,
  count: number,
): void {
  if (validity === null) return
  let from = presentCount
  // From the end on no value is overwritten before it has moved.
  for (let row = count - 1; from < row + 1 && row >= 0; row--) {
    if ((validity[row >> 3]! & (1 << (row & 7))) === 0) continue
    from--
    for (let word = 0; word < words; word++)
      values[words * row + word] = values[words * from + word]!
  }
}

/** The same for bits: a fresh bitmap. */
export function spreadBits(bits: Uint8Array, { validity }: PresentRows, count: number): Uint8Array {
  if (validity === null) return bits
  const out = new Uint8Array((count + 7) >> 3)
  for (let row = 0, from = 0; row < count; row++) {
    if ((validity[row >> 3]! & (1 << (row & 7))) === 0) continue
    if (bits[from >> 3]! & (1 << (from & 7))) out[row >> 3]! |= 1 << (row & 7)
    from++
  }
  return out
}

/** The value of each row, -1 for one that is not there. */
export function presentRows(validity: Uint8Array, count: number): Int32Array {
  const rows = new Int32Array(count)
  let next = 0
  for (let row = 0; row < count; row++)
    rows[row] = validity[row >> 3]! & (1 << (row & 7)) ? next++ : -1
  return rows
}
