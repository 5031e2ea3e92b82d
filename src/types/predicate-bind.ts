/**
 * Predicates bound to a table's fields: columns by position, literals as column values, `not` gone, and every
 * comparison a closed range, so that there is little left to evaluate.
 */
import { invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { show } from '../util/show.ts'
import type { DataField, DataType } from './data-type.ts'
import { type LikePattern, parseLike } from './like-pattern.ts'
import {
  compareValues,
  type ScalarValue,
  locate,
  type Location,
  predecessor,
  successor,
} from './predicate-literal.ts'
import type { Predicate } from './predicate.ts'
import { typeText } from './type-text.ts'

export interface BoundPredicate {
  readonly fields: readonly DataField[]
  readonly root: BoundNode
}

export type BoundNode =
  /** True for every row, or for none. */
  | { readonly op: 'all' | 'none' }
  | { readonly op: 'and' | 'or'; readonly children: readonly BoundNode[] }
  | { readonly op: 'isNull'; readonly column: number }
  | { readonly op: 'isNotNull'; readonly column: number }
  | RangeNode
  | InNode
  | MatchNode

/** Non-null values from `low` to `high`, both included unless `highOpen`; negated, the non-null values outside. */
export interface RangeNode {
  readonly op: 'range'
  readonly column: number
  /** Undefined: from the least value on. */
  readonly low: ScalarValue | undefined
  readonly high: ScalarValue | undefined
  /** Only for bytes, which have no predecessor to close a range with. */
  readonly highOpen: boolean
  readonly negated: boolean
}

/** Non-null values that are among `values`, which are sorted and at least two; negated, that are not. */
export interface InNode {
  readonly op: 'in'
  readonly column: number
  readonly values: readonly ScalarValue[]
  readonly negated: boolean
}

/** Non-null texts that match the pattern; negated, that do not. */
export interface MatchNode {
  readonly op: 'match'
  readonly column: number
  readonly pattern: LikePattern
  readonly negated: boolean
}

/** Deeper trees are refused before the walk over them can overflow the stack. */
const MAX_DEPTH = 500

/**
 * Checks a predicate against the fields of the rows that it will filter. Throws INVALID for a column that is not there,
 * with the nearest one that is, and for a literal of the wrong type.
 */
export function bindPredicate(predicate: Predicate, fields: readonly DataField[]): BoundPredicate {
  const columns = new Map(fields.map((field, i) => [field.name, i]))
  const binder = new Binder(fields, columns)
  return { fields, root: binder.bind(predicate, false, 0) }
}

const ALL: BoundNode = { op: 'all' }
const NONE: BoundNode = { op: 'none' }

class Binder {
  readonly #fields: readonly DataField[]
  readonly #columns: ReadonlyMap<string, number>

  constructor(fields: readonly DataField[], columns: ReadonlyMap<string, number>) {
    this.#fields = fields
    this.#columns = columns
  }

  bind(predicate: Predicate, negated: boolean, depth: number): BoundNode {
    if (depth > MAX_DEPTH) throw invalid(`the predicate nests more than ${MAX_DEPTH} deep`)
    const { op, args } = predicate
    if (op === 'not') return this.bind(args[0] as Predicate, !negated, depth + 1)
    if (op !== 'and' && op !== 'or') return this.#leaf(predicate, negated)
    const children = (args as readonly Predicate[]).map((child) =>
      this.bind(child, negated, depth + 1),
    )
    return (op === 'and') === negated ? anyOf(children) : allOf(children)
  }

  #leaf({ op, args }: Predicate, negated: boolean): BoundNode {
    const name = args[0]
    const column = typeof name === 'string' ? this.#columns.get(name) : undefined
    if (column === undefined) throw this.#noColumn(name)
    const { type } = this.#fields[column]!
    const at: Operand = { column, type, name: name as string, negated }
    switch (op) {
      case 'isNull':
        return { op: negated ? 'isNotNull' : 'isNull', column }
      case 'isNotNull':
        return { op: negated ? 'isNull' : 'isNotNull', column }
      case 'eq':
      case 'ne':
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return comparison(negated ? NEGATION[op] : op, { ...at, negated: false }, args[1])
      case 'between':
        return betweenNode(at, args[1], args[2])
      case 'in':
      case 'notIn':
        return inNode({ ...at, negated: negated !== (op === 'notIn') }, args[1])
      case 'startsWith':
      case 'endsWith':
      case 'contains':
      case 'like':
        return matchNode(op, at, args[1])
      default:
        throw invalid(`${show(op)} is no operator of a predicate`)
    }
  }

  #noColumn(name: unknown): Error {
    const text = typeof name === 'string' ? name : show(name)
    const near = typeof name === 'string' ? didYouMean(name, this.#columns.keys()) : ''
    return invalid(`there is no column "${text}" to filter by${near}`, {
      hint: `columns: ${this.#fields.map((field) => field.name).join(', ')}`,
    })
  }
}

interface Operand {
  readonly column: number
  readonly type: DataType
  readonly name: string
  readonly negated: boolean
}

type Comparison = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte'

const NEGATION: Record<Comparison, Comparison> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'gte',
  lte: 'gt',
  gt: 'lte',
  gte: 'lt',
}

function allOf(children: readonly BoundNode[]): BoundNode {
  const kept = children
    .flatMap((child) => (child.op === 'and' ? child.children : [child]))
    .filter((child) => child.op !== 'all')
  if (kept.some((child) => child.op === 'none')) return NONE
  if (kept.length < 2) return kept[0] ?? ALL
  return { op: 'and', children: kept }
}

function anyOf(children: readonly BoundNode[]): BoundNode {
  const kept = children
    .flatMap((child) => (child.op === 'or' ? child.children : [child]))
    .filter((child) => child.op !== 'none')
  if (kept.some((child) => child.op === 'all')) return ALL
  if (kept.length < 2) return kept[0] ?? NONE
  return { op: 'or', children: kept }
}

function comparison(op: Comparison, at: Operand, literal: unknown): BoundNode {
  if (op === 'ne') return comparison('eq', { ...at, negated: true }, literal)
  if (literal === null || literal === undefined) {
    checkComparable(at)
    return NONE
  }
  const place = locate(at.type, literal, at.name)
  if (op === 'eq') {
    if (place.at !== 'value') return nonNull(at, at.negated)
    const { value } = place
    return range(at, value, value, false)
  }
  return op === 'lt' || op === 'lte' ? below(op, at, place) : above(op, at, place)
}

/** Values below the place, or on it for `lte`. */
function below(op: 'lt' | 'lte', at: Operand, place: Location): BoundNode {
  if (!('value' in place)) return nonNull(at, place.at === 'last')
  const { value } = place
  if (op === 'lte' || place.at === 'above') return range(at, undefined, value, false)
  if (value instanceof Uint8Array) return range(at, undefined, value, true)
  const high = predecessor(at.type, value)
  return high === undefined ? NONE : range(at, undefined, high, false)
}

/** Values above the place, or on it for `gte`. */
function above(op: 'gt' | 'gte', at: Operand, place: Location): BoundNode {
  if (!('value' in place)) return nonNull(at, place.at === 'first')
  const { value } = place
  if (op === 'gte' && place.at === 'value') return range(at, value, undefined, false)
  const low = successor(at.type, value)
  return low === undefined ? NONE : range(at, low, undefined, false)
}

/** Every value that is not null, or none. */
function nonNull(at: Operand, matches: boolean): BoundNode {
  return matches ? { op: 'isNotNull', column: at.column } : NONE
}

function range(
  at: Operand,
  low: ScalarValue | undefined,
  high: ScalarValue | undefined,
  highOpen: boolean,
): RangeNode {
  return { op: 'range', column: at.column, low, high, highOpen, negated: at.negated }
}

/** One range where both ends are known; SQL's two comparisons where one is null. */
function betweenNode(at: Operand, from: unknown, to: unknown): BoundNode {
  const plain = { ...at, negated: false }
  if (at.negated) return anyOf([comparison('lt', plain, from), comparison('gt', plain, to)])
  const low = comparison('gte', plain, from)
  const high = comparison('lte', plain, to)
  if (low.op !== 'range' || high.op !== 'range') return allOf([low, high])
  if (compareValues(low.low!, high.high!) > 0) return NONE
  return { ...low, high: high.high }
}

function inNode(at: Operand, literals: unknown): BoundNode {
  if (!Array.isArray(literals)) {
    throw invalid(`the values that column ${at.name} is looked for among are ${show(literals)}`, {
      hint: 'give an array',
    })
  }
  checkComparable(at)
  const values: ScalarValue[] = []
  for (const literal of literals as readonly unknown[]) {
    if (literal === null || literal === undefined) {
      if (at.negated) return NONE
      continue
    }
    const place = locate(at.type, literal, at.name)
    if (place.at === 'value') values.push(place.value)
  }
  const distinct = sortedDistinct(values)
  if (distinct.length === 0) return nonNull(at, at.negated)
  if (distinct.length === 1) return range(at, distinct[0], distinct[0], false)
  return { op: 'in', column: at.column, values: distinct, negated: at.negated }
}

/** The values in their order, each once. */
export function sortedDistinct(values: readonly ScalarValue[]): ScalarValue[] {
  return values
    .toSorted(compareValues)
    .filter((value, i, all) => i === 0 || compareValues(value, all[i - 1]!) !== 0)
}

function matchNode(
  op: 'startsWith' | 'endsWith' | 'contains' | 'like',
  at: Operand,
  text: unknown,
): BoundNode {
  if (at.type.kind !== 'CHAR' && at.type.kind !== 'VARCHAR') {
    throw invalid(`column ${at.name} is ${typeText(at.type)}, which ${op} does not apply to`, {
      hint: `${op} is for CHAR, VARCHAR and STRING columns`,
    })
  }
  if (text === null || text === undefined) return NONE
  if (typeof text !== 'string') {
    throw invalid(`${op} on column ${at.name} is given ${show(text)}`, { hint: 'give a string' })
  }
  const pattern = parseLike(op, text)
  if (pattern.segments.length === 1 && pattern.segments[0]!.every((byte) => byte >= 0)) {
    const value = Uint8Array.from(pattern.segments[0]!)
    return range(at, value, value, false)
  }
  return { op: 'match', column: at.column, pattern, negated: at.negated }
}

function checkComparable({ type, name }: Operand): void {
  if (NOT_COMPARABLE.has(type.kind)) {
    throw invalid(`column ${name} is ${typeText(type)}, which cannot be compared`, {
      hint: 'such a column can only be asked whether it is null',
    })
  }
}

const NOT_COMPARABLE = new Set<DataType['kind']>([
  'ARRAY',
  'MAP',
  'MULTISET',
  'ROW',
  'VECTOR',
  'VARIANT',
  'BLOB',
])
