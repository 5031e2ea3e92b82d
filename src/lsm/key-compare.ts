/** The order of single keys, as the minimum and maximum keys of files are compared. */
import { deserializeBinaryRow } from '../types/binary-row-decode.ts'
import type { DataField } from '../types/data-type.ts'
import type { InternalValue } from '../types/internal-value.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'

export type Key = readonly InternalValue[]

/** Compares keys column by column; both have values of the key fields' types, none of them null. */
export function compareKeyValues(a: Key, b: Key): number {
  for (let i = 0; i < a.length; i++) {
    const order = compareValues(a[i] as ScalarValue, b[i] as ScalarValue)
    if (order !== 0) return order
  }
  return 0
}

/** The key that a file's metadata holds; `path` is named if it is damaged. */
export function decodeKey(fields: readonly DataField[], bytes: Uint8Array): Key {
  return deserializeBinaryRow(
    fields.map((field) => field.type),
    bytes,
  )
}
