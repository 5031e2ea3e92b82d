/** Column functions whose result is the value of one of the rows: which row that is, key by key. */
import type { Column } from '../../types/column.ts'
import { isPresent } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import { compareKeys, type SortKeys, sortKeys } from '../sort-keys.ts'
import type { KeyedRows } from './keyed-rows.ts'
import {
  ADD,
  ADD_BEFORE,
  CLEAR,
  hasRetracts,
  type Operations,
  RETRACT,
  SET,
  SET_RETRACT,
} from './operations.ts'

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

/** Whether the rule gives the same rows for columns without nulls, whatever their values. */
export function isSharable(rule: PickRule): boolean {
  return rule !== 'greatest' && rule !== 'least'
}

/** The picks of a column; null where something is taken back of what the rule cannot give back. */
export function pickRows(
  rule: PickRule,
  type: DataType,
  keyed: KeyedRows,
  operations: Operations,
  columns: readonly Column[],
): PickedRow | null {
  const isPresentAt = presence(keyed, columns)
  switch (rule) {
    case 'last':
    case 'key':
      return operations === null ? lastRows(keyed) : lastSet(keyed, operations, rule === 'key')
    case 'last-non-null':
      if (operations !== null) return lastNonNull(keyed, operations, isPresentAt)
      return isPresentAt === null ? lastRows(keyed) : lastPresent(keyed, isPresentAt)
    case 'first':
    case 'first-non-null': {
      if (hasRetracts(operations)) return null
      return firstRows(keyed, operations, rule === 'first-non-null', isPresentAt)
    }
    default: {
      if (hasRetracts(operations)) return null
      const after = comparison(keyed, type, columns, rule === 'greatest')
      return extremes(keyed, operations, isPresentAt, after)
    }
  }
}

type RowTest = (i: number) => boolean

/** Whether a row's value is there; null where all are. */
function presence({ runOf, rows }: KeyedRows, columns: readonly Column[]): RowTest | null {
  if (columns.every(({ validity }) => validity === null)) return null
  return (i) => isPresent(columns[runOf[i]!]!, rows[i]!)
}

function lastRows({ keyCount, starts }: KeyedRows): PickedRow {
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) picked[key] = starts[key + 1]! - 1
  return picked
}

function lastPresent({ keyCount, starts }: KeyedRows, isPresentAt: RowTest): PickedRow {
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    const from = starts[key]!
    let i = starts[key + 1]! - 1
    while (i >= from && !isPresentAt(i)) i--
    picked[key] = i < from ? NONE : i
  }
  return picked
}

function lastSet(
  { keyCount, starts }: KeyedRows,
  operations: Uint8Array,
  keepsRetracted: boolean,
): PickedRow {
  const picked = new Int32Array(keyCount)
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

function lastNonNull(
  { keyCount, starts }: KeyedRows,
  operations: Uint8Array,
  isPresentAt: RowTest | null,
): PickedRow {
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const isThere = isPresentAt === null || isPresentAt(i)
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
 * was merged takes its place, since Java swaps the arguments of the function.
 */
function firstRows(
  { keyCount, starts }: KeyedRows,
  operations: Operations,
  passesNulls: boolean,
  isPresentAt: RowTest | null,
): PickedRow {
  const isThere: RowTest = (i) => i !== NONE && (isPresentAt === null || isPresentAt(i))
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    let isFound = false
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      switch (operations === null ? ADD : operations[i]) {
        case ADD:
          if (isFound || (passesNulls && !isThere(i))) break
          isFound = true
          at = i
          break
        case ADD_BEFORE:
          if (!isFound && (!passesNulls || isThere(at))) isFound = true
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

/** Whether the value of row i replaces that of row j. */
type RowComparison = (i: number, j: number) => boolean

function comparison(
  { runOf, rows }: KeyedRows,
  type: DataType,
  columns: readonly Column[],
  greatest: boolean,
): RowComparison {
  // Every run's keys have to be laid out alike.
  const nullable = columns.some(({ validity }) => validity !== null)
  const keys: SortKeys[] = columns.map((column) =>
    sortKeys([{ type, nullable }], [column], column.length),
  )
  const sign = greatest ? 1 : -1
  return (i, j) => sign * compareKeys(keys[runOf[i]!]!, rows[i]!, keys[runOf[j]!]!, rows[j]!) > 0
}

function extremes(
  { keyCount, starts }: KeyedRows,
  operations: Operations,
  isPresentAt: RowTest | null,
  isBetter: RowComparison,
): PickedRow {
  const picked = new Int32Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    let at = NONE
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const isThere = isPresentAt === null || isPresentAt(i)
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
