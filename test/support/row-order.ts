/** The order of rows by some of their columns, written plainly: the judge of whatever sorts or merges by integers. */
import * as fc from 'fast-check'

import type { SortColumn } from '../../src/lsm/sort-keys.ts'
import { type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { presentValue } from './random-columns.ts'
import { between, pick, type Random } from './random.ts'
import { compareCells } from './table-model.ts'

const required = (parts: object): DataType => ({ ...parts, nullable: false }) as DataType

/** A type of each kind that a key may have, and of each form in which its values lie in memory. */
export const KEY_TYPES: readonly DataType[] = [
  required({ kind: 'BOOLEAN' }),
  required({ kind: 'TINYINT' }),
  required({ kind: 'SMALLINT' }),
  required({ kind: 'INT' }),
  required({ kind: 'BIGINT' }),
  required({ kind: 'FLOAT' }),
  required({ kind: 'DOUBLE' }),
  required({ kind: 'DATE' }),
  required({ kind: 'TIME', precision: 3 }),
  required({ kind: 'TIMESTAMP', precision: 3 }),
  required({ kind: 'TIMESTAMP', precision: 6 }),
  required({ kind: 'TIMESTAMP_LTZ', precision: 9 }),
  required({ kind: 'DECIMAL', precision: 9, scale: 2 }),
  required({ kind: 'DECIMAL', precision: 18, scale: 0 }),
  required({ kind: 'DECIMAL', precision: 38, scale: 10 }),
  required({ kind: 'CHAR', length: 10 }),
  required({ kind: 'VARCHAR', length: MAX_LENGTH }),
  required({ kind: 'BINARY', length: 10 }),
  required({ kind: 'VARBINARY', length: MAX_LENGTH }),
]

export function typeTitle(type: DataType): string {
  return 'precision' in type ? `${type.kind}(${type.precision})` : type.kind
}

/** Compares values column by column; nulls are least in either direction. */
export function compareRows(
  order: readonly SortColumn[],
  a: readonly InternalValue[],
  b: readonly InternalValue[],
): number {
  for (const [i, { descending }] of order.entries()) {
    const [left, right] = [a[i]!, b[i]!]
    if (left === null || right === null) {
      if (left !== right) return left === null ? -1 : 1
      continue
    }
    const sign = compareCells(left, right)
    if (sign !== 0) return descending ? -sign : sign
  }
  return 0
}

/** The positions of the rows in ascending order; rows of equal keys stay in order. */
export function sortedPositions(
  order: readonly SortColumn[],
  rows: readonly (readonly InternalValue[])[],
): number[] {
  // The language's own sort is stable.
  return [...rows.keys()].toSorted((a, b) => compareRows(order, rows[a]!, rows[b]!))
}

/** A value that now and then begins like many others, and ends with zeros or where others go on. */
function keyValue(type: DataType, random: Random): InternalValue {
  const isBytes = ['CHAR', 'VARCHAR', 'BINARY', 'VARBINARY'].includes(type.kind)
  if (!isBytes || random() < 0.2) return presentValue(type, random)
  const shared = pick(random, [0, 1, 4, 7, 8, 9, 16, 23])
  const bytes = new Uint8Array(shared + between(random, 0, 12)).fill(7, 0, shared)
  for (let i = shared; i < bytes.length; i++) bytes[i] = pick(random, [0, 0, 1, 7, 255])
  return bytes
}

/** Rows of the columns; every value comes from a pool of so many, so that rows of equal keys are common. */
export function keyRows(
  order: readonly SortColumn[],
  rowCount: number,
  poolSize: number,
  random: Random,
): InternalValue[][] {
  const pools = order.map(({ type, nullable }) =>
    Array.from({ length: poolSize }, () =>
      nullable && random() < 0.2 ? null : keyValue(type, random),
    ),
  )
  return Array.from({ length: rowCount }, () => pools.map((pool) => pick(random, pool)))
}

/** Orders by one to three columns; `plain`: such as primary keys have, without nulls and never descending. */
export function sortOrders(plain: boolean): fc.Arbitrary<SortColumn[]> {
  const column = fc.record({
    type: fc.constantFrom(...KEY_TYPES),
    descending: plain ? fc.constant(false) : fc.boolean(),
    nullable: plain ? fc.constant(false) : fc.boolean(),
  })
  return fc.array(column, { minLength: 1, maxLength: 3 })
}
