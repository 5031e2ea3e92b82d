/**
 * The merge engine deduplicate: of all rows of a key the last one stays, with its kind.
 *
 * Follows the Java classes `DeduplicateMergeFunction` and `ReducerMergeFunctionWrapper`: a key's only row passes through
 * untouched, whatever its kind.
 */
import { isRetract } from '../../types/row-kind.ts'
import type { MergedOrder } from '../merge-order.ts'
import { compareKeys, type SortKeys } from '../sort-keys.ts'

/** What decides between rows of one key, for the rows of one run. */
export interface Precedence {
  /** The columns of `sequence.field`; null without them. */
  readonly sequence: SortKeys | null
  /** The sequence numbers, as two words each, the low one first. */
  readonly numbers: Int32Array
  readonly kinds: Int8Array
}

/** Rows chosen from several runs. */
export interface PickedRows {
  readonly length: number
  readonly runOf: Uint16Array
  readonly rows: Uint32Array
}

/** A row for each of several keys. */
export interface PickedKeys extends PickedRows {
  /** The number of each row's key. */
  readonly keys: Uint32Array
}

export interface MergeOptions {
  /** Retractions are passed over where a key has other rows. */
  readonly ignoreDelete: boolean
  /** Whether a key whose last row retracts is kept, as a compaction below must, or dropped, as a reader does. */
  readonly keepDeletes: boolean
  /** 1 for keys whose row passes through whatever its kind; those of one row unless told. */
  readonly isLone?: Uint8Array | undefined
}

/** Which of a key's rows `[from, to)` stays; -1 for none. */
type RowChoice = (
  order: MergedOrder,
  runs: readonly Precedence[],
  from: number,
  to: number,
  ignoreDelete: boolean,
) => number

/** The row of each key that the choice keeps; it is not asked for keys whose row passes through. */
export function pickRows(
  order: MergedOrder,
  runs: readonly Precedence[],
  { ignoreDelete, keepDeletes, isLone }: MergeOptions,
  choose: RowChoice,
): PickedKeys {
  const { runOf, rows, keyStarts, keyCount, length } = order
  const pickedRuns = new Uint16Array(keyCount)
  const pickedRows = new Uint32Array(keyCount)
  const keys = new Uint32Array(keyCount)
  let count = 0
  for (let key = 0; key < keyCount; key++) {
    const from = keyStarts[key]!
    const to = key + 1 < keyCount ? keyStarts[key + 1]! : length
    const passes = isLone === undefined ? to - from === 1 : isLone[key] === 1
    const chosen = passes ? from : choose(order, runs, from, to, ignoreDelete)
    if (chosen < 0) continue
    const run = runOf[chosen]!
    const row = rows[chosen]!
    if (!keepDeletes && isRetract(runs[run]!.kinds[row]!)) continue
    pickedRuns[count] = run
    keys[count] = key
    pickedRows[count++] = row
  }
  return {
    length: count,
    runOf: pickedRuns.subarray(0, count),
    rows: pickedRows.subarray(0, count),
    keys: keys.subarray(0, count),
  }
}

/** The last row of each key: by sequence field, then by sequence number. */
export function deduplicate(
  order: MergedOrder,
  runs: readonly Precedence[],
  options: MergeOptions,
): PickedKeys {
  return pickRows(order, runs, options, lastOf)
}

/** The last of the rows `[from, to)`, which are of one key; -1 when all are passed over. */
function lastOf(
  { runOf, rows }: MergedOrder,
  runs: readonly Precedence[],
  from: number,
  to: number,
  ignoreDelete: boolean,
): number {
  let last = -1
  for (let i = from; i < to; i++) {
    const run = runs[runOf[i]!]!
    if (ignoreDelete && isRetract(run.kinds[rows[i]!]!)) continue
    if (last < 0 || isAfter(run, rows[i]!, runs[runOf[last]!]!, rows[last]!)) last = i
  }
  return last
}

/** Whether row `i` of `a` comes after row `j` of `b`, both of one key. */
export function isAfter(a: Precedence, i: number, b: Precedence, j: number): boolean {
  if (a.sequence !== null) {
    const order = compareKeys(a.sequence, i, b.sequence!, j)
    if (order !== 0) return order > 0
  }
  const high = a.numbers[2 * i + 1]! - b.numbers[2 * j + 1]!
  if (high !== 0) return high > 0
  return a.numbers[2 * i]! >>> 0 > b.numbers[2 * j]! >>> 0
}
