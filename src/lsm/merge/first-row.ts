/**
 * The merge engine first-row: of all rows of a key the first one stays.
 *
 * Follows the Java classes `FirstRowMergeFunction` and `ReducerMergeFunctionWrapper`: a key's only row passes through
 * untouched, whatever its kind.
 */
import { isRetract } from '../../types/row-kind.ts'
import { invalid } from '../../util/errors.ts'
import type { MergedOrder } from '../merge-order.ts'
import {
  isAfter,
  type MergeOptions,
  type PickedKeys,
  pickRows,
  type Precedence,
} from './deduplicate.ts'

/** The first row of each key, by sequence number. Throws INVALID for rows that take back, unless they are ignored. */
export function firstRow(
  order: MergedOrder,
  runs: readonly Precedence[],
  options: MergeOptions,
): PickedKeys {
  return pickRows(order, runs, options, firstOf)
}

function firstOf(
  { runOf, rows }: MergedOrder,
  runs: readonly Precedence[],
  from: number,
  to: number,
  ignoreDelete: boolean,
): number {
  let first = -1
  for (let i = from; i < to; i++) {
    const run = runs[runOf[i]!]!
    if (isRetract(run.kinds[rows[i]!]!)) {
      if (ignoreDelete) continue
      throw invalid('first-row cannot merge rows of kind -D and -U', { hint: 'set ignore-delete' })
    }
    if (first < 0 || isAfter(runs[runOf[first]!]!, rows[first]!, run, rows[i]!)) first = i
  }
  return first
}
