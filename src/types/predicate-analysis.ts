/** What a predicate implies about some of its columns: for pruning by partition, by key and by bucket. */
import type { BoundNode, BoundPredicate } from './predicate-bind.ts'
import { sortedDistinct } from './predicate-bind.ts'
import { compareValues, type ScalarValue } from './predicate-literal.ts'
import { and, not, or, type Predicate } from './predicate.ts'

/** The predicates that must all hold for this one to hold; a row passes all of them exactly when it passes it. */
export function conjuncts(predicate: Predicate): Predicate[] {
  const { op, args } = predicate
  const children = args as readonly Predicate[]
  if (op === 'and') return children.flatMap(conjuncts)
  if (op !== 'not') return [predicate]
  const [inner] = children
  if (inner!.op === 'not') return conjuncts(inner!.args[0] as Predicate)
  if (inner!.op !== 'or') return [predicate]
  return (inner!.args as readonly Predicate[]).flatMap((child) => conjuncts(not(child)))
}

/** The columns that the predicate looks at, each once, in the order of the text. */
export function columnsOf(predicate: Predicate): string[] {
  const { op, args } = predicate
  if (op !== 'and' && op !== 'or' && op !== 'not') return [args[0] as string]
  return [...new Set((args as readonly Predicate[]).flatMap(columnsOf))]
}

/**
 * What the predicate demands of the given columns alone: a predicate on them that every row passes which passes this
 * one. Undefined when it demands nothing of them. Follows Java's `PredicateProjectionConverter`, and looks into a
 * conjunction inside of a disjunction too.
 */
export function projectTo(predicate: Predicate, columns: Iterable<string>): Predicate | undefined {
  return project(predicate, columns instanceof Set ? columns : new Set(columns), false)
}

function project(
  predicate: Predicate,
  columns: ReadonlySet<string>,
  negated: boolean,
): Predicate | undefined {
  const { op, args } = predicate
  if (op === 'not') return project(args[0] as Predicate, columns, !negated)
  if (op !== 'and' && op !== 'or') {
    if (!columns.has(args[0] as string)) return undefined
    return negated ? not(predicate) : predicate
  }
  const children = (args as readonly Predicate[]).map((child) => project(child, columns, negated))
  const kept = children.filter((child) => child !== undefined)
  const conjunction = (op === 'and') !== negated
  // One alternative that demands nothing lets every row pass.
  if (!conjunction && kept.length < children.length) return undefined
  if (conjunction && kept.length === 0) return undefined
  if (kept.length === 1) return kept[0]
  return conjunction ? and(...kept) : or(...kept)
}

/** More tuples than this are not worth listing; the limit of Java's `BucketSelector`. */
const MAX_TUPLES = 1000

/**
 * The values that the columns (positions among the fields bound to) can have together in rows that pass, from
 * equalities and IN lists: every passing row has one of the tuples. Undefined when they do not bound some column, or
 * when there are more than `limit` tuples; empty when no row can pass.
 */
export function equalityValues(
  predicate: BoundPredicate,
  columns: readonly number[],
  limit: number = MAX_TUPLES,
): ScalarValue[][] | undefined {
  let tuples: ScalarValue[][] = [[]]
  for (const column of columns) {
    const values = valuesOf(predicate.root, column)
    if (values === undefined || values.some((value) => Number.isNaN(value))) return undefined
    if (values.length * tuples.length > limit) return undefined
    tuples = tuples.flatMap((tuple) => values.map((value) => [...tuple, value]))
  }
  return tuples
}

/** Sorted values, one of which the column has in every row that passes; undefined when any value is possible. */
function valuesOf(node: BoundNode, column: number): readonly ScalarValue[] | undefined {
  switch (node.op) {
    case 'none':
      return []
    case 'and': {
      const bounds = node.children.map((child) => valuesOf(child, column))
      const [first, ...rest] = bounds.filter((values) => values !== undefined)
      return first === undefined ? undefined : rest.reduce(intersection, first)
    }
    case 'or': {
      const all: ScalarValue[] = []
      for (const child of node.children) {
        const values = valuesOf(child, column)
        if (values === undefined) return undefined
        all.push(...values)
      }
      return sortedDistinct(all)
    }
    case 'in':
      return node.column === column && !node.negated ? node.values : undefined
    case 'range': {
      const { low, high, highOpen, negated } = node
      if (node.column !== column || negated || highOpen) return undefined
      if (low === undefined || high === undefined) return undefined
      return compareValues(low, high) === 0 ? [low] : undefined
    }
    default:
      return undefined
  }
}

function intersection(
  a: readonly ScalarValue[],
  b: readonly ScalarValue[],
): readonly ScalarValue[] {
  const common: ScalarValue[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const order = compareValues(a[i]!, b[j]!)
    if (order === 0) common.push(a[i]!)
    if (order <= 0) i++
    if (order >= 0) j++
  }
  return common
}
