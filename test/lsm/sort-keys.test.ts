import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { compareKeys, sortKeys } from '../../src/lsm/sort-keys.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { columnOf } from '../support/java-vectors.ts'
import { seeded } from '../support/random.ts'
import { compareRows, keyRows, sortOrders } from '../support/row-order.ts'

test('keys of two batches compare as their rows do', () => {
  fc.assert(
    fc.property(sortOrders(false), fc.nat(), (order, seed) => {
      const rows = keyRows(order, 40, 8, seeded(seed))
      const keysOf = (part: typeof rows) =>
        sortKeys(
          order,
          order.map(({ type }, i) =>
            columnOf(
              type,
              part.map((row) => row[i]!),
            ),
          ),
          part.length,
        )
      const left = keysOf(rows.slice(0, 20))
      const right = keysOf(rows.slice(20))
      for (let i = 0; i < 20; i++)
        for (let j = 0; j < 20; j++)
          expect(Math.sign(compareKeys(left, i, right, j))).toBe(
            Math.sign(compareRows(order, rows[i]!, rows[20 + j]!)),
          )
    }),
    { numRuns: 60 },
  )
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
  const rows = keyRows(order, 5, 5, seeded(1))
  const columns = types.map((type, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  )
  const { low, tail } = sortKeys(order, columns, 5)
  expect(tail).toBeNull()
  expect(low === null ? 1 : 2).toBe(words)
})

test('a column that has no order is refused', () => {
  const type = required({ kind: 'ARRAY', element: required({ kind: 'INT' }) })
  expect(() => sortKeys([{ type }], [columnOf(type, [[1], [2]])], 2)).toThrow('cannot be sorted by')
})
