/** What all writers of indexes of one column have in common. */
import type { ScalarValue } from '../../../types/predicate-literal.ts'

export interface ColumnIndexWriter {
  /** The value of the next row, as `indexedValue` gives it; null without one. */
  add(value: ScalarValue | null): void
  /** The bytes of the index; null where its form has no way to tell of these values, and none may be stored. */
  finish(): Uint8Array | null
}
