/** What all writers of indexes of one column have in common. */
import type { ScalarValue } from '../../../types/predicate-literal.ts'

export interface ColumnIndexWriter {
  /** The value of the next row, as `indexedValue` gives it; null without one. */
  add(value: ScalarValue | null): void
  /** The same of an integer, or of a float's bits, in words; where that is quicker, as with {@link addBytes}. */
  addWords?(low: number, high: number): void
  /** The same of the bytes `[from, to)`. */
  addBytes?(data: Uint8Array, from: number, to: number): void
  /** The bytes of the index; null where its form has no way to tell of these values, and none may be stored. */
  finish(): Uint8Array | null
}
