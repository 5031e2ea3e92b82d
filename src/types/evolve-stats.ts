/**
 * What statistics and predicates tell of a column whose type changed.
 *
 * `CastExecutors.castLiteralsWithEvolution` of Java uses integers that became wider, as far as the literals fit the narrower
 * type. Here statistics are used of every cast that keeps the order of values and makes no nulls.
 */
import { findCast } from './cast.ts'
import { unchanged } from './cast/rule.ts'
import { columnBuilder } from './column-builder.ts'
import { timestampUnit } from './column.ts'
import { type DataType, isSameType } from './data-type.ts'
import { appendValue, cellValue } from './internal-value.ts'
import type { BoundNode, InNode, RangeNode } from './predicate-bind.ts'
import type { ScalarValue } from './predicate-literal.ts'
import type { ColumnStats } from './predicate-stats.ts'

/** The statistics of the column once it is cast; undefined where they tell nothing of it. */
export function castStats(
  from: DataType,
  to: DataType,
  stats: ColumnStats,
): ColumnStats | undefined {
  if (isSameType(from, to)) return stats
  const cast = keepsOrder(from, to) ? findCast(from, to) : undefined
  if (cast === undefined) return undefined
  const builder = columnBuilder(from)
  for (const bound of [stats.min, stats.max]) appendValue(builder, from, bound)
  const bounds = cast(builder.finish())
  return { ...stats, min: cellValue(bounds, to, 0), max: cellValue(bounds, to, 1) }
}

const INTEGER_BITS: Partial<Record<DataType['kind'], number>> = {
  TINYINT: 8,
  SMALLINT: 16,
  INT: 32,
  BIGINT: 64,
}

/** Whether no value is cast to a lesser one than a lesser value is, or to a null, or fails. */
function keepsOrder(from: DataType, to: DataType): boolean {
  if (findCast(from, to) === unchanged) return true
  const bits = INTEGER_BITS[from.kind]
  if (to.kind === 'DOUBLE' || to.kind === 'FLOAT')
    return bits !== undefined || (from.kind === 'FLOAT' && to.kind === 'DOUBLE')
  if (bits !== undefined) return bits < (INTEGER_BITS[to.kind] ?? 0)
  if (from.kind === 'DECIMAL' && to.kind === 'DECIMAL')
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  const isMicros = to.kind === 'TIMESTAMP' && timestampUnit(to.precision) < 9
  return isMicros && from.kind === 'DATE'
}

/** The type of a column in a file, undefined when the file has none, and the type that predicates know it by. */
interface ColumnTypes {
  readonly from: DataType | undefined
  readonly to: DataType
}

/** The predicate with literals of the types that the columns have in a file, and which of these it can be held against. */
export function evolvePredicate(
  root: BoundNode,
  columns: readonly ColumnTypes[],
): { readonly root: BoundNode; readonly known: readonly boolean[] } {
  const limits = columns.map(({ from, to }) => from && limitsOf(from, to))
  const known = columns.map(
    ({ from, to }, i) =>
      from !== undefined && (limits[i] !== undefined || findCast(from, to) === unchanged),
  )
  return { root: limits.some(Boolean) ? evolveNode(root, limits) : root, known }
}

/** The bits of an integer type that a wider one took the place of. */
function limitsOf(from: DataType, to: DataType): number | undefined {
  const bits = INTEGER_BITS[from.kind]
  return bits !== undefined && bits < (INTEGER_BITS[to.kind] ?? 0) ? bits : undefined
}

function evolveNode(node: BoundNode, limits: readonly (number | undefined)[]): BoundNode {
  if (node.op === 'and' || node.op === 'or')
    return { op: node.op, children: node.children.map((child) => evolveNode(child, limits)) }
  const limit = 'column' in node ? limits[node.column] : undefined
  if (limit === undefined) return node
  if (node.op === 'range') return evolveRange(node, limit)
  return node.op === 'in' ? evolveIn(node, limit) : node
}

function evolveRange(node: RangeNode, bits: number): BoundNode {
  const greatest = 2 ** (bits - 1) - 1
  const least = -greatest - 1
  const low = node.low === undefined ? least : Number(node.low)
  const high = node.high === undefined ? greatest : Number(node.high)
  if (low > greatest || high < least) return none(node)
  return {
    ...node,
    low: low <= least ? undefined : low,
    high: high >= greatest ? undefined : high,
  }
}

function evolveIn(node: InNode, bits: number): BoundNode {
  const limit = 2 ** (bits - 1)
  const values: ScalarValue[] = node.values
    .map((value) => Number(value as number | bigint))
    .filter((value) => value >= -limit && value < limit)
  if (values.length === 0) return none(node)
  if (values.length > 1) return { ...node, values }
  const { column, negated } = node
  return { op: 'range', column, low: values[0], high: values[0], highOpen: false, negated }
}

/** No value of the file is among those that are looked for. */
function none({ column, negated }: RangeNode | InNode): BoundNode {
  return negated ? { op: 'isNotNull', column } : { op: 'none' }
}
