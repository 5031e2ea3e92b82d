/** Random filters on random tables, and the plain three-valued meaning of a filter on one row. */
import type { DataField } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import type { Predicate } from '../../src/types/predicate.ts'
import * as build from '../../src/types/predicate.ts'
import { rowReader } from '../../src/types/row-value.ts'
import { batchOf } from './random-columns.ts'
import { type RandomRows, type RandomTable } from './random-tables.ts'
import { between, pick, type Random } from './random.ts'
import { compareCells, isComparable } from './table-model.ts'

/** A filter, and whether a row is true, false or unknown (null) to it. */
export interface RandomFilter {
  readonly where: Predicate
  readonly meaning: (row: readonly InternalValue[]) => boolean | null
}

export function randomFilter(
  table: RandomTable,
  rows: RandomRows,
  random: Random,
  depth = 2,
): RandomFilter {
  if (depth === 0 || random() < 0.4)
    return random() < 0.7 ? randomLeaf(table, rows, random) : randomRange(table, rows, random)
  const parts = Array.from({ length: between(random, 1, 4) }, () =>
    randomFilter(table, rows, random, depth - 1),
  )
  const wheres = parts.map(({ where }) => where)
  const meanings = (row: readonly InternalValue[]): (boolean | null)[] =>
    parts.map(({ meaning }) => meaning(row))
  switch (pick(random, ['and', 'or', 'not'])) {
    case 'and':
      return { where: build.and(...wheres), meaning: (row) => all(meanings(row)) }
    case 'or':
      return { where: build.or(...wheres), meaning: (row) => any(meanings(row)) }
    default:
      return { where: build.not(wheres[0]!), meaning: (row) => opposite(meanings(row)[0]!) }
  }
}

/** A filter on one column, and what it is made of where one value, or none, is all that it has. */
export interface RandomLeaf extends RandomFilter {
  readonly leaf: { readonly column: string; readonly op: string; readonly cell: InternalValue }
}

const { eq, ne, lt, lte, gt, gte } = build
const COMPARISONS = { eq, ne, lt, lte, gt, gte }
const SINGLE_OPS = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte'] as const

/** A filter with one of the operators that have one value or none. */
export function randomLeaf(
  table: RandomTable,
  rows: RandomRows,
  random: Random,
  fields: readonly DataField[] = table.schema.fields,
): RandomLeaf {
  // Keys and partitions are what reads are pruned by, so they are asked for more often.
  const pruning = fields.filter(({ name }) => name.startsWith('k') || name.startsWith('p'))
  const field = random() < 0.5 && pruning.length > 0 ? pick(random, pruning) : pick(random, fields)
  const at = table.schema.fields.indexOf(field)
  const column = field.name
  if (!isComparable(field.type) || random() < 0.1) {
    const op = random() < 0.5 ? 'isNull' : 'isNotNull'
    const meaning = (row: readonly InternalValue[]): boolean =>
      (row[at] === null) === (op === 'isNull')
    const where = op === 'isNull' ? build.isNull(column) : build.isNotNull(column)
    return { where, meaning, leaf: { column, op, cell: null } }
  }
  const op = pick(random, SINGLE_OPS)
  const cell = rows.literal(field)
  const [value] = userValues(field, [cell])
  const meaning = (row: readonly InternalValue[]): boolean | null =>
    row[at] === null ? null : accepts(op, compareCells(row[at]!, cell))
  return { where: COMPARISONS[op](column, value), meaning, leaf: { column, op, cell } }
}

function accepts(op: (typeof SINGLE_OPS)[number], order: number): boolean {
  switch (op) {
    case 'eq':
      return order === 0
    case 'ne':
      return order !== 0
    case 'lt':
      return order < 0
    case 'lte':
      return order <= 0
    case 'gt':
      return order > 0
    case 'gte':
      return order >= 0
  }
}

/** A filter with one of the operators that have several values. */
function randomRange(table: RandomTable, rows: RandomRows, random: Random): RandomFilter {
  const field = pick(random, table.schema.fields)
  if (!isComparable(field.type)) return randomLeaf(table, rows, random)
  const at = table.schema.fields.indexOf(field)
  const cells = Array.from({ length: 3 }, () => rows.literal(field))
  const values = userValues(field, cells)
  const orders = (row: readonly InternalValue[]): number[] =>
    cells.map((cell) => compareCells(row[at]!, cell))
  const filter = (where: Predicate, meets: (orders: number[]) => boolean): RandomFilter => ({
    where,
    meaning: (row) => (row[at] === null ? null : meets(orders(row))),
  })
  const { name } = field
  return pick(random, [
    filter(build.between(name, values[0], values[1]), ([a, b]) => a! >= 0 && b! <= 0),
    filter(build.isIn(name, values), (found) => found.includes(0)),
    filter(build.notIn(name, values), (found) => !found.includes(0)),
  ])
}

/** The values as users write them. */
function userValues(field: DataField, cells: readonly InternalValue[]): unknown[] {
  const read = rowReader(
    batchOf(
      [field],
      cells.map((cell) => [cell]),
    ),
    [field],
  )
  return cells.map((_, i) => read(i)[field.name])
}

function all(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(false)) return false
  return values.includes(null) ? null : true
}

function any(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(true)) return true
  return values.includes(null) ? null : false
}

const opposite = (value: boolean | null): boolean | null => (value === null ? null : !value)
