/**
 * What becomes of each key in a compaction, as the rows of a changelog: +I, -U and +U, or -D.
 *
 * Follows the Java classes `LookupChangelogMergeFunctionWrapper` and `FullChangelogMergeFunctionWrapper`.
 */
import { DELETE, INSERT, UPDATE_AFTER, UPDATE_BEFORE } from '../../types/row-kind.ts'

/** The rows of a changelog, taken from rows before (source 0) and rows after (source 1). */
export interface ChangeRows {
  readonly length: number
  readonly sourceOf: Uint16Array
  readonly rows: Uint32Array
  readonly kinds: Int8Array
}

/**
 * The changes of keys, in their order: of key i from row `before[i]` to row `after[i]`, -1 where there was or is none.
 * Keys that are marked in `isSame` have not changed.
 */
export function changeRows(
  before: Int32Array,
  after: Int32Array,
  isSame: Uint8Array | null = null,
): ChangeRows {
  const sourceOf = new Uint16Array(2 * before.length)
  const rows = new Uint32Array(2 * before.length)
  const kinds = new Int8Array(2 * before.length)
  let length = 0
  const add = (source: number, row: number, kind: number): void => {
    sourceOf[length] = source
    rows[length] = row
    kinds[length++] = kind
  }
  for (let key = 0; key < before.length; key++) {
    const [old, now] = [before[key]!, after[key]!]
    if (isSame?.[key] === 1) continue
    if (old >= 0) add(0, old, now < 0 ? DELETE : UPDATE_BEFORE)
    if (now >= 0) add(1, now, old < 0 ? INSERT : UPDATE_AFTER)
  }
  return {
    length,
    sourceOf: sourceOf.subarray(0, length),
    rows: rows.subarray(0, length),
    kinds: kinds.subarray(0, length),
  }
}
