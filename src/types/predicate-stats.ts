/**
 * Whether a file can hold a row that a predicate chooses, judged by its statistics.
 *
 * Follows `Predicate.test(rowCount, minValues, maxValues, nullCounts)` of Java, and never says no when a row could
 * match: bounds may be missing or rounded outwards.
 */
import { assertNever } from '../util/assert.ts'
import type { InternalValue } from './internal-value.ts'
import type { BoundNode, BoundPredicate, MatchNode, RangeNode } from './predicate-bind.ts'
import { compareValues, type ScalarValue } from './predicate-literal.ts'

/** What is known of the values of one column of a file, a row group or a page. */
export interface ColumnStats {
  /** Not above any value, in the order of `compareValues`; null when unknown or when all values are null. */
  readonly min: InternalValue
  /** Not below any value, in the same order, in which NaN is the greatest. */
  readonly max: InternalValue
  /** Null when unknown. */
  readonly nullCount: number | null
}

/** Looks up the statistics of a column by its position among the fields bound to; undefined when there are none. */
export type StatsLookup = (column: number) => ColumnStats | undefined

/** False when no row can match. Only the statistics of columns in the predicate are asked for. */
export function mayMatch(predicate: BoundPredicate, rowCount: number, stats: StatsLookup): boolean {
  return rowCount > 0 && nodeMayMatch(predicate.root, rowCount, stats)
}

function nodeMayMatch(node: BoundNode, rowCount: number, lookup: StatsLookup): boolean {
  switch (node.op) {
    case 'all':
      return true
    case 'none':
      return false
    case 'and':
      return node.children.every((child) => nodeMayMatch(child, rowCount, lookup))
    case 'or':
      return node.children.some((child) => nodeMayMatch(child, rowCount, lookup))
    default:
      break
  }
  const stats = lookup(node.column)
  if (stats === undefined) return true
  const { min, max, nullCount } = stats
  if (node.op === 'isNull') return nullCount === null || nullCount > 0
  if (nullCount !== null && nullCount >= rowCount) return false
  if (node.op === 'isNotNull') return true
  if (!isScalar(min) || !isScalar(max)) return true
  switch (node.op) {
    case 'range':
      return rangeMayMatch(node, min, max)
    case 'in':
      return node.negated
        ? compareValues(min, max) !== 0 ||
            !node.values.some((each) => compareValues(each, min) === 0)
        : node.values.some((each) => compareValues(each, min) >= 0 && compareValues(each, max) <= 0)
    case 'match':
      return matchMayMatch(node, min as Uint8Array, max as Uint8Array)
    default:
      return assertNever(node)
  }
}

function isScalar(value: InternalValue): value is ScalarValue {
  return value !== null && !Array.isArray(value)
}

function rangeMayMatch(node: RangeNode, min: ScalarValue, max: ScalarValue): boolean {
  const { low, high, highOpen, negated } = node
  if (negated) {
    // All values lie inside, and outside is asked for.
    const fromLow = low === undefined || compareValues(min, low) >= 0
    return !(fromLow && belowHigh(max, high, highOpen))
  }
  return belowHigh(min, high, highOpen) && (low === undefined || compareValues(max, low) >= 0)
}

function belowHigh(value: ScalarValue, high: ScalarValue | undefined, open: boolean): boolean {
  return high === undefined || compareValues(value, high) < (open ? 0 : 1)
}

/** Only what a matching text starts with can be held against bounds, and nothing of what must not match. */
function matchMayMatch({ pattern, negated }: MatchNode, min: Uint8Array, max: Uint8Array): boolean {
  const { prefix } = pattern
  if (negated || prefix.length === 0) return true
  const minStart = Buffer.compare(min.subarray(0, prefix.length), prefix)
  const maxStart = Buffer.compare(max.subarray(0, prefix.length), prefix)
  return minStart <= 0 && maxStart >= 0
}
