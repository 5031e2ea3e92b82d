/** Which of a key's values is the greatest or the least, in the order of Java's `InternalRowUtils.compare`. */
import type { Column, FixedValues } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import { compareKeys, sortKeys } from '../sort-keys.ts'
import type { FlatRows } from './flat-columns.ts'
import type { Operations } from './operations.ts'
import { pickExtreme, type PickedRow, type RowComparison } from './picks.ts'
import { isAbove } from './plain-folds.ts'

/** The greatest or least of values that are flat; `stride` elements make a value. */
export function fixedExtreme(
  rows: FlatRows,
  operations: Operations,
  values: FixedValues,
  validity: Uint8Array | null,
  stride: 1 | 2,
  greatest: boolean,
): PickedRow {
  if (values instanceof BigInt64Array)
    return pickExtreme(rows, operations, validity, wordOrder(rows, values, 2 * stride, greatest))
  return pickExtreme(rows, operations, validity, numberOrder(rows, values, greatest))
}

function numberOrder(
  { flat }: FlatRows,
  values: Exclude<FixedValues, BigInt64Array>,
  greatest: boolean,
): RowComparison {
  return greatest
    ? (i, j) => isAbove(values[flat[i]!]!, values[flat[j]!]!)
    : (i, j) => isAbove(values[flat[j]!]!, values[flat[i]!]!)
}

/** The order of integers of `count` words, the low one first. */
function wordOrder(
  { flat }: FlatRows,
  { buffer, byteOffset, byteLength }: BigInt64Array,
  count: number,
  greatest: boolean,
): RowComparison {
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2)
  const top = count - 1
  const isMore = (x: number, y: number): boolean => {
    if (words[x + top] !== words[y + top]) return words[x + top]! > words[y + top]!
    for (let word = top - 1; word >= 0; word--)
      if (words[x + word] !== words[y + word])
        return words[x + word]! >>> 0 > words[y + word]! >>> 0
    return false
  }
  return greatest
    ? (i, j) => isMore(flat[i]! * count, flat[j]! * count)
    : (i, j) => isMore(flat[j]! * count, flat[i]! * count)
}

/** The greatest or least of values of any type that has an order. */
export function extremeByKey(
  type: DataType,
  rows: FlatRows,
  operations: Operations,
  columns: readonly Column[],
  validity: Uint8Array | null,
  greatest: boolean,
): PickedRow {
  const { runOf, rows: rowOf } = rows
  // Every source's keys have to be laid out alike.
  const order = [{ type, nullable: validity !== null }]
  const keys = columns.map((column) => sortKeys(order, [column], column.length))
  const sign = greatest ? 1 : -1
  return pickExtreme(
    rows,
    operations,
    validity,
    (i, j) => sign * compareKeys(keys[runOf[i]!]!, rowOf[i]!, keys[runOf[j]!]!, rowOf[j]!) > 0,
  )
}
