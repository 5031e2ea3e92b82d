/**
 * ORC's runs of bytes, and the bits that are packed into them.
 *
 * A run starts with a control byte: below 128 one byte follows that is repeated control + 3 times, else 256 - control
 * bytes follow as they are. Bits are packed from the highest one on. Source: the ORC specification, "Byte Run Length
 * Encoding" and "Boolean Run Length Encoding".
 */
import type { ChunkedBytes } from './chunks.ts'

export class ByteRuns {
  readonly #source: ChunkedBytes
  /** What is left of the run. */
  #left = 0
  #isRepeat = false
  #value = 0

  constructor(source: ChunkedBytes) {
    this.#source = source
  }

  /** Fills the array. */
  read(out: Uint8Array): void {
    for (let at = 0; at < out.length;) {
      if (this.#left === 0) this.#open()
      const count = Math.min(this.#left, out.length - at)
      if (this.#isRepeat) out.fill(this.#value, at, at + count)
      else out.set(this.#source.take(count), at)
      this.#left -= count
      at += count
    }
  }

  #open(): void {
    const control = this.#source.byte()
    this.#isRepeat = control < 128
    this.#left = this.#isRepeat ? control + 3 : 256 - control
    if (this.#isRepeat) this.#value = this.#source.byte()
  }
}

export class BitRuns {
  readonly #bytes: ByteRuns
  /** Bits of the last byte that were not given, from the lowest on. */
  #pending = 0
  #left = 0

  constructor(source: ChunkedBytes) {
    this.#bytes = new ByteRuns(source)
  }

  /** A bitmap of the next bits, the first one lowest; bits behind the last are clear. */
  read(count: number): Uint8Array {
    const out = new Uint8Array((count + 7) >> 3)
    if (count === 0) return out
    const left = this.#left
    const raw = new Uint8Array((Math.max(0, count - left) + 7) >> 3)
    this.#bytes.read(raw)
    let pending = this.#pending
    for (let i = 0; i < out.length; i++) {
      const next = i < raw.length ? REVERSED[raw[i]!]! : 0
      out[i] = pending | (next << left)
      pending = next >> (8 - left)
    }
    const last = out.length - 1
    const excess = 8 * out.length - count
    this.#pending = (out[last]! >> (8 - excess)) | (pending << excess)
    this.#left = left + 8 * raw.length - count
    out[last]! &= 0xff >> excess
    return out
  }
}

const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let reversed = 0
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) reversed |= 128 >> bit
  return reversed
})
