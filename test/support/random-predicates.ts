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
  if (depth === 0 || random() < 0.4) return randomLeaf(table, rows, random)
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

function randomLeaf(table: RandomTable, rows: RandomRows, random: Random): RandomFilter {
  const { fields } = table.schema
  // Keys and partitions are what reads are pruned by, so they are asked for more often.
  const pruning = fields.filter(({ name }) => name.startsWith('k') || name.startsWith('p'))
  const field = random() < 0.5 && pruning.length > 0 ? pick(random, pruning) : pick(random, fields)
  const at = fields.indexOf(field)
  const { name, type } = field
  if (!isComparable(type) || random() < 0.1) {
    const wantsNull = random() < 0.5
    return {
      where: wantsNull ? build.isNull(name) : build.isNotNull(name),
      meaning: (row) => (row[at] === null) === wantsNull,
    }
  }
  const cells = Array.from({ length: 3 }, () => rows.literal(field))
  const [a, b, c] = userValues(field, cells)
  const order = (row: readonly InternalValue[], i: number): number | null =>
    row[at] === null ? null : compareCells(row[at]!, cells[i]!)
  const test =
    (accepts: (order: number) => boolean, i = 0) =>
    (row: readonly InternalValue[]): boolean | null => {
      const found = order(row, i)
      return found === null ? null : accepts(found)
    }
  const isAny = (row: readonly InternalValue[]): boolean | null =>
    any([0, 1, 2].map((i) => test((o) => o === 0, i)(row)))
  const leaves: readonly RandomFilter[] = [
    { where: build.eq(name, a), meaning: test((o) => o === 0) },
    { where: build.ne(name, a), meaning: test((o) => o !== 0) },
    { where: build.lt(name, a), meaning: test((o) => o < 0) },
    { where: build.lte(name, a), meaning: test((o) => o <= 0) },
    { where: build.gt(name, a), meaning: test((o) => o > 0) },
    { where: build.gte(name, a), meaning: test((o) => o >= 0) },
    {
      where: build.between(name, a, b),
      meaning: (row) => all([test((o) => o >= 0)(row), test((o) => o <= 0, 1)(row)]),
    },
    { where: build.isIn(name, [a, b, c]), meaning: isAny },
    { where: build.notIn(name, [a, b, c]), meaning: (row) => opposite(isAny(row)) },
  ]
  return pick(random, leaves)
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
