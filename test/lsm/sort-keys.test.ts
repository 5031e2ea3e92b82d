import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { compareKeys, type SortColumn, type SortKeys, sortKeys } from '../../src/lsm/sort-keys.ts'
import type { DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { columnOf } from '../support/java-vectors.ts'
import { seeded } from '../support/random.ts'
import { compareRows, KEY_TYPES, keyRows, sortOrders, typeTitle } from '../support/row-order.ts'

/** Pairs of rows of two batches whose keys do not compare as the rows do. */
function mistaken(order: readonly SortColumn[], seed: number): string[] {
  const rows = keyRows(order, 40, 20, seeded(seed))
  const [left, right] = [rows.slice(0, 20), rows.slice(20)]
  const [a, b] = [keysOf(order, left), keysOf(order, right)]
  return left.flatMap((row, i) =>
    right.flatMap((other, j) => {
      const [found, expected] = [compareKeys(a, i, b, j), compareRows(order, row, other)]
      return Math.sign(found) === Math.sign(expected) ? [] : [`${row.join()} and ${other.join()}`]
    }),
  )
}

function keysOf(order: readonly SortColumn[], rows: readonly InternalValue[][]): SortKeys {
  const columns = order.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  )
  return sortKeys(order, columns, rows.length)
}

describe('keys of two batches compare as their rows do', () => {
  test.each(KEY_TYPES.map((type) => [typeTitle(type), type] as const))('of %s', (_, type) => {
    for (const nullable of [false, true])
      for (const descending of [false, true])
        for (let seed = 0; seed < 5; seed++)
          expect(mistaken([{ type, nullable, descending }], seed)).toEqual([])
  })

  test('of several columns', () => {
    fc.assert(
      fc.property(sortOrders(false), fc.nat(), (order, seed) => {
        expect(mistaken(order, seed)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

const required = (parts: object): DataType => ({ ...parts, nullable: false }) as DataType

test.each([
  ['an INT', [required({ kind: 'INT' })], 1],
  ['two SMALLINTs', [required({ kind: 'SMALLINT' }), required({ kind: 'SMALLINT' })], 1],
  ['a BIGINT', [required({ kind: 'BIGINT' })], 2],
  ['an INT and a DATE', [required({ kind: 'INT' }), required({ kind: 'DATE' })], 2],
  ['a DECIMAL of 18 digits', [required({ kind: 'DECIMAL', precision: 18, scale: 2 })], 2],
] as const)('%s is decided by whole words, without bytes behind', (_, types, words) => {
  const order = types.map((type) => ({ type }))
  const { low, tail } = keysOf(order, keyRows(order, 5, 5, seeded(1)))
  expect(tail).toBeNull()
  expect(low === null ? 1 : 2).toBe(words)
})

test('a column that has no order is refused', () => {
  const type = required({ kind: 'ARRAY', element: required({ kind: 'INT' }) })
  expect(() => sortKeys([{ type }], [columnOf(type, [[1], [2]])], 2)).toThrow('cannot be sorted by')
})
