/** Column functions whose result is the value of one of the rows: which row that is, key by key. */
import type { Column } from '../../types/column.ts'
import type { FlatRows } from './flat-columns.ts'
import { ADD, ADD_BEFORE, CLEAR, type Operations, RETRACT, SET, SET_RETRACT } from './operations.ts'
import { lastPresent } from './plain-folds.ts'

/** `key` is the last row even where it takes back; `greatest` and `least` pass over nulls. */
export type PickRule =
  | 'last'
  | 'key'
  | 'last-non-null'
  | 'first'
  | 'first-non-null'
  | 'greatest'
  | 'least'

/** For each key the number of a row among the rows of all keys; -1 where the value is null. */
export type PickedRow = Int32Array

/** No row of its key. */
const NONE = -1

/** Whether the value of row i replaces that of row j. */
export type RowComparison = (i: number, j: number) => boolean

/** The last row; `keepsRetracted` where a row that takes back leaves its own value, else it leaves null. */
export function pickLast(
  rows: FlatRows,
  operations: Operations,
  keepsRetracted: boolean,
): PickedRow {
  const { keyCount, starts } = rows
  const picked = new Int32Array(keyCount)
  if (operations === null) {
    for (let key = 0; key < keyCount; key++) picked[key] = starts[key + 1]! - 1
    return picked
  }
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    for (let i = starts[key]!; i < starts[key + 1]!; i++)
      switch (operations[i]) {
        case ADD:
        case SET:
          at = i
          break
        case RETRACT:
        case SET_RETRACT:
          at = keepsRetracted ? i : NONE
          break
        case CLEAR:
          at = NONE
          break
        default:
      }
    picked[key] = at
  }
  return picked
}

function hasValue({ flat }: FlatRows, validity: Uint8Array | null, i: number): boolean {
  if (validity === null) return true
  const place = flat[i]!
  return (validity[place >> 3]! & (1 << (place & 7))) !== 0
}

export function pickLastNonNull(
  rows: FlatRows,
  operations: Operations,
  columns: readonly Column[],
  validity: Uint8Array | null,
): PickedRow {
  const { keyCount, starts } = rows
  if (operations === null && validity === null) return pickLast(rows, null, false)
  const picked = new Int32Array(keyCount)
  if (operations === null) return lastPresent(rows, columns, validity!, rows.inTurn().rows, picked)
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const isThere = hasValue(rows, validity, i)
      switch (operations[i]) {
        case ADD:
          if (isThere) at = i
          break
        case ADD_BEFORE:
          if (at === NONE && isThere) at = i
          break
        case SET:
          at = isThere ? i : NONE
          break
        case RETRACT:
          if (isThere) at = NONE
          break
        case SET_RETRACT:
        case CLEAR:
          at = NONE
          break
        default:
      }
    }
    picked[key] = at
  }
  return picked
}

/**
 * The first row that counts since the key began; what was set before it is replaced by it. A row that belongs before what
 * was merged takes its place, since Java swaps the arguments of the function. Nothing is taken back.
 */
export function pickFirst(
  rows: FlatRows,
  operations: Operations,
  passesNulls: boolean,
  validity: Uint8Array | null,
): PickedRow {
  const { keyCount, starts } = rows
  const counts = (i: number): boolean => i !== NONE && hasValue(rows, validity, i)
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    let isFound = false
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      switch (operations === null ? ADD : operations[i]) {
        case ADD:
          if (isFound || (passesNulls && !counts(i))) break
          isFound = true
          at = i
          break
        case ADD_BEFORE:
          if (!isFound && (!passesNulls || counts(at))) isFound = true
          else at = i
          break
        case SET:
          at = i
          break
        case CLEAR:
          at = NONE
          break
        default:
      }
    }
    picked[key] = at
  }
  return picked
}

/** The row that all others of its key do not replace. Nothing is taken back. */
export function pickExtreme(
  rows: FlatRows,
  operations: Operations,
  validity: Uint8Array | null,
  isBetter: RowComparison,
): PickedRow {
  const { keyCount, starts } = rows
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const isThere = hasValue(rows, validity, i)
      switch (operations === null ? ADD : operations[i]) {
        case ADD:
        case ADD_BEFORE:
          if (isThere && (at === NONE || isBetter(i, at))) at = i
          break
        case SET:
          at = isThere ? i : NONE
          break
        case CLEAR:
          at = NONE
          break
        default:
      }
    }
    picked[key] = at
  }
  return picked
}
