/**
 * Filters over rows, as their users write them: `and(eq('region', 'eu'), gte('orderId', 10n))`.
 *
 * A predicate is plain data and knows no table yet; `bindPredicate` checks it against a table's fields. The logic is
 * SQL's, as in the Java package `org.apache.paimon.predicate`: a comparison with null is neither true nor false, and a
 * row is chosen only where the whole is true. `not` reaches the leaves (`not(eq(...))` is `ne(...)`), so a null passes
 * neither a comparison nor its negation.
 */

/** A filter over rows of shape R. R is a consumer position, so a filter on fewer columns fits a wider row. */
export interface Predicate<in R = never> {
  readonly op: PredicateOp
  readonly args: readonly unknown[]
  /** Type-only: keeps filters on different rows apart. */
  readonly $row?: (row: R) => void
}

export type PredicateOp = LeafOp | 'and' | 'or' | 'not'

export type LeafOp =
  | 'eq'
  | 'ne'
  | 'lt'
  | 'lte'
  | 'gt'
  | 'gte'
  | 'isNull'
  | 'isNotNull'
  | 'in'
  | 'notIn'
  | 'between'
  | 'startsWith'
  | 'endsWith'
  | 'contains'
  | 'like'

type Needs<P> = (P extends Predicate<infer R> ? (row: R) => void : never) extends (
  row: infer I,
) => void
  ? I
  : never
type Intersect<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void
  ? I
  : never

/** The row that all of several filters can be applied to. */
export type RowNeeds<P extends readonly Predicate<never>[]> = Intersect<
  { [K in keyof P]: Needs<P[K]> }[number]
>

type On<K extends string, V> = Predicate<{ readonly [k in K]: V | null }>

/** The column equals the value; true for no row where either is null. */
export function eq<const K extends string, V>(column: K, value: V): On<K, V> {
  return { op: 'eq', args: [column, value] }
}

/** The column is not null and differs from the value. */
export function ne<const K extends string, V>(column: K, value: V): On<K, V> {
  return { op: 'ne', args: [column, value] }
}

/**
 * The column is less than the value. Strings and binaries compare as unsigned bytes (of UTF-8), floats as
 * Java's Double.compare: -0 before 0, NaN after all others.
 */
export function lt<const K extends string, V>(column: K, value: V): On<K, V> {
  return { op: 'lt', args: [column, value] }
}

/** The column is less than the value or equal to it. */
export function lte<const K extends string, V>(column: K, value: V): On<K, V> {
  return { op: 'lte', args: [column, value] }
}

/** The column is greater than the value; see {@link lt} for the order. */
export function gt<const K extends string, V>(column: K, value: V): On<K, V> {
  return { op: 'gt', args: [column, value] }
}

/** The column is greater than the value or equal to it. */
export function gte<const K extends string, V>(column: K, value: V): On<K, V> {
  return { op: 'gte', args: [column, value] }
}

/** The column is null. */
export function isNull<const K extends string>(column: K): On<K, unknown> {
  return { op: 'isNull', args: [column] }
}

/** The column is not null. */
export function isNotNull<const K extends string>(column: K): On<K, unknown> {
  return { op: 'isNotNull', args: [column] }
}

/** The column equals one of the values; nulls among them are ignored. */
export function isIn<const K extends string, V>(column: K, values: readonly V[]): On<K, V> {
  return { op: 'in', args: [column, values] }
}

/** The column is not null and equals none of the values; true for no row when one of them is null. */
export function notIn<const K extends string, V>(column: K, values: readonly V[]): On<K, V> {
  return { op: 'notIn', args: [column, values] }
}

/** The column lies between the two values or equals one of them. */
export function between<const K extends string, V>(column: K, from: V, to: V): On<K, V> {
  return { op: 'between', args: [column, from, to] }
}

/** The CHAR or VARCHAR column starts with the text. */
export function startsWith<const K extends string>(column: K, prefix: string): On<K, string> {
  return { op: 'startsWith', args: [column, prefix] }
}

/** The CHAR or VARCHAR column ends with the text. */
export function endsWith<const K extends string>(column: K, suffix: string): On<K, string> {
  return { op: 'endsWith', args: [column, suffix] }
}

/** The CHAR or VARCHAR column contains the text. */
export function contains<const K extends string>(column: K, part: string): On<K, string> {
  return { op: 'contains', args: [column, part] }
}

/**
 * The CHAR or VARCHAR column matches the SQL pattern as a whole: `_` is any one character, `%` any number of them, and
 * a backslash takes `_`, `%` or itself literally.
 */
export function like<const K extends string>(column: K, pattern: string): On<K, string> {
  return { op: 'like', args: [column, pattern] }
}

/** True where all are; without arguments, for every row. */
export function and<P extends readonly Predicate<never>[]>(...of: P): Predicate<RowNeeds<P>> {
  return { op: 'and', args: of }
}

/** True where at least one is; without arguments, for no row. */
export function or<P extends readonly Predicate<never>[]>(...of: P): Predicate<RowNeeds<P>> {
  return { op: 'or', args: of }
}

/** True where the predicate is false; where it is neither true nor false, because of a null, this is neither too. */
export function not<P extends Predicate<never>>(of: P): Predicate<RowNeeds<readonly [P]>> {
  return { op: 'not', args: [of] }
}
