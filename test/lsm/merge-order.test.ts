import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { countBelow, mergeOrder } from '../../src/lsm/merge-order.ts'
import { type SortColumn, type SortKeys, sortKeys } from '../../src/lsm/sort-keys.ts'
import type { DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { columnOf } from '../support/java-vectors.ts'
import { between, seeded } from '../support/random.ts'
import { compareRows, keyRows, KEY_TYPES, sortOrders, typeTitle } from '../support/row-order.ts'

type Rows = readonly (readonly InternalValue[])[]

function keysOf(order: readonly SortColumn[], rows: Rows): SortKeys {
  const columns = order.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  )
  return sortKeys(order, columns, rows.length)
}

/** The result of merging ranges of random runs, and what sorting all their rows gives. */
function mergeRandom(order: readonly SortColumn[], runCount: number, seed: number) {
  const random = seeded(seed)
  const ranges = Array.from({ length: runCount }, () => {
    const rows = keyRows(order, between(random, 0, 40), 10, random).toSorted((a, b) =>
      compareRows(order, a, b),
    )
    const from = between(random, 0, rows.length + 1)
    return { rows, from, to: between(random, from, rows.length + 1), keys: keysOf(order, rows) }
  })
  const all = ranges.flatMap(({ rows, from, to }, run) =>
    rows.slice(from, to).map((row, i) => ({ run, row: from + i, values: row })),
  )
  const expected = all.toSorted((a, b) => compareRows(order, a.values, b.values))
  const starts = expected.flatMap(({ values }, i) =>
    i > 0 && compareRows(order, values, expected[i - 1]!.values) === 0 ? [] : [i],
  )
  const { length, runOf, rows, keyStarts, keyCount } = mergeOrder(ranges)
  return {
    merged: { rows: Array.from({ length }, (_, i) => [runOf[i], rows[i]]), keyStarts, keyCount },
    expected: {
      rows: expected.map(({ run, row }) => [run, row]),
      keyStarts: Uint32Array.from(starts),
      keyCount: starts.length,
    },
  }
}

describe('rows of several runs are in order, those of one key in the order of their runs', () => {
  test.each(KEY_TYPES.map((type) => [typeTitle(type), type] as const))(
    'with a key of %s',
    (_, type) => {
      fc.assert(
        fc.property(fc.nat(9), fc.nat(), (runCount, seed) => {
          const { merged, expected } = mergeRandom([{ type }], runCount, seed)
          expect(merged).toEqual(expected)
        }),
        { numRuns: 15 },
      )
    },
  )

  test('with keys of several columns', () => {
    fc.assert(
      fc.property(sortOrders(true), fc.nat(20), fc.nat(), (order, runCount, seed) => {
        const { merged, expected } = mergeRandom(order, runCount, seed)
        expect(merged).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })
})

const int: DataType = { kind: 'INT', nullable: false }
const text: DataType = { kind: 'VARBINARY', length: 100, nullable: false }

test('of no runs, and of runs that have ended, nothing comes', () => {
  for (const type of [int, text]) {
    const keys = keysOf([{ type }], keyRows([{ type }], 1, 1, seeded(1)))
    expect(mergeOrder([]).length).toBe(0)
    expect(mergeOrder([{ keys, from: 1, to: 1 }]).keyCount).toBe(0)
    expect(
      mergeOrder([
        { keys, from: 1, to: 1 },
        { keys, from: 0, to: 1 },
      ]),
    ).toMatchObject({
      length: 1,
      runOf: Uint16Array.of(1),
    })
  }
})

test.each([
  [2, 0],
  [3, 1],
  [4, 3],
  [7, 3],
  [8, 4],
  [9, 5],
])('below %i lie %i rows of a run of 2, 3, 3, 7, 8', (bound, count) => {
  const rows = [2, 3, 3, 7, 8].map((value) => [value])
  const run = keysOf([{ type: int }], rows)
  const other = keysOf([{ type: int }], [[0], [bound]])
  expect(countBelow(run, 0, 5, other, 1)).toBe(count)
  expect(countBelow(run, 2, 5, other, 1)).toBe(Math.max(0, count - 2))
  expect(countBelow(run, 5, 5, other, 1)).toBe(0)
})
