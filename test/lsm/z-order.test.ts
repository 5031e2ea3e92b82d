/** Places on a z-order curve. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { compareKeys } from '../../src/lsm/sort-keys.ts'
import { zPlaces } from '../../src/lsm/z-order.ts'
import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { rowAppender } from '../../src/types/row-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

const fieldsOf = (...types: readonly string[]): DataField[] =>
  types.map((type, id) => ({ id, name: `c${id}`, type: parseTypeText(type) }))

function placesOf(types: readonly string[], rows: readonly (readonly unknown[])[], textBytes = 8) {
  const fields = fieldsOf(...types)
  const builder = batchBuilder(fields)
  const append = rowAppender(fields)
  for (const [i, row] of rows.entries())
    append(builder, Object.fromEntries(row.map((value, c) => [`c${c}`, value])), i + 1)
  return zPlaces(fields, finishBatch(builder).columns, rows.length, textBytes)
}

const orderOf = (types: readonly string[], rows: readonly (readonly unknown[])[]): number[] => {
  const places = placesOf(types, rows)
  return [...rows.keys()].toSorted((a, b) => compareKeys(places, a, places, b))
}

test.each<[string, readonly unknown[]]>([
  ['INT', [null, -5, 0, 7, 2_000_000_000]],
  ['BIGINT', [null, -(2n ** 62n), -1n, 0n, 3n]],
  ['TINYINT', [null, -128, 0, 127]],
  ['DOUBLE', [null, -Infinity, -2.5, 0, 1e-300, 9e9]],
  ['FLOAT', [null, -1, 0.5, 2]],
  ['DECIMAL(10, 2)', [null, '-3.50', '0.00', '3.40']],
  ['DECIMAL(38, 0)', [null, '-99999999999999999999', '-3', '12', '99999999999999999999999']],
  ['BOOLEAN', [null, false, true]],
  ['STRING', [null, 'a', 'ab', 'b']],
  ['DATE', [null, '1960-01-01', '2026-11-01']],
  ['TIMESTAMP(6)', [null, '1960-01-01T00:00:00.000001', '2026-11-01T12:00:00.000001']],
])('one column of the type %s lies in its own order', (type, values) => {
  const rows = values.map((value) => [value])
  expect(orderOf([type], rows)).toEqual([...rows.keys()])
})

test('two columns take turns, the first one first', () => {
  const rows = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 0],
    [3, 3],
  ]
  expect(orderOf(['INT', 'INT'], rows)).toEqual([...rows.keys()])
})

test('a column with fewer bytes takes no turns beyond them', () => {
  const rows = [
    ['aa', 1],
    ['ab', 0],
    ['ab', 9],
  ]
  const places = placesOf(['STRING', 'INT'], rows, 2)
  expect(compareKeys(places, 0, places, 1)).toBeLessThan(0)
  expect(compareKeys(places, 1, places, 2)).toBeLessThan(0)
  expect(places.tail!.offsets[1]).toBe(10)
})

test('a row that is less in each column comes first', () => {
  const value = fc.integer({ min: -1000, max: 1000 })
  const inOrder = fc.property(value, value, fc.nat(50), fc.nat(50), (a, b, x, y) => {
    const rows = [
      [a, b],
      [a + x, b + y],
    ]
    const places = placesOf(['INT', 'BIGINT'], rows)
    return compareKeys(places, 0, places, 1) <= 0
  })
  expect(fc.check(inOrder, { numRuns: 200 }).failed).toBe(false)
})
