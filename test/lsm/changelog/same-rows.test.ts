import { expect, test } from 'vitest'

import { sameRows } from '../../../src/lsm/changelog/same-rows.ts'
import type { DataType } from '../../../src/types/data-type.ts'
import type { InternalValue } from '../../../src/types/internal-value.ts'
import { tableOptions } from '../../../src/types/options.ts'
import { batchOf } from '../../support/random-columns.ts'

const INT: DataType = { kind: 'INT', nullable: true }
const DOUBLE: DataType = { kind: 'DOUBLE', nullable: true }
const ROW: DataType = {
  kind: 'ROW',
  nullable: true,
  fields: [
    { id: 2, name: 'i', type: INT },
    { id: 3, name: 'd', type: DOUBLE },
  ],
}
const MAP: DataType = {
  kind: 'MAP',
  key: { kind: 'INT', nullable: false },
  value: INT,
  nullable: true,
}
const DEDUPLICATED = { 'changelog-producer.row-deduplicate': 'true' }

/** Whether a column's value before is taken for the one after. */
function isSame(type: DataType, before: InternalValue, after: InternalValue): boolean {
  const fields = [{ id: 0, name: 'v', type }]
  const [old, now] = [before, after].map((value) => batchOf(fields, [[value]]).columns)
  const compare = sameRows(fields, tableOptions(DEDUPLICATED))!
  return compare(Int32Array.of(0), Int32Array.of(0), old!, now!)[0] === 1
}

const VALUES: readonly [DataType, InternalValue, InternalValue, boolean][] = [
  [INT, 1, 1, true],
  [INT, 1, 2, false],
  [INT, null, null, true],
  [INT, null, 0, false],
  [DOUBLE, 0, -0, true],
  [DOUBLE, Number.NaN, Number.NaN, false],
  [DOUBLE, null, null, true],
  [DOUBLE, null, 0, false],
  [{ kind: 'ARRAY', element: INT, nullable: true }, [1, 2], [1, 2], true],
  [{ kind: 'ARRAY', element: INT, nullable: true }, [1, 2], [2, 1], false],
  [{ kind: 'ARRAY', element: INT, nullable: true }, [null], [null], false],
  [{ kind: 'ARRAY', element: DOUBLE, nullable: true }, [0], [-0], true],
  [ROW, [null, 0], [null, -0], true],
  [ROW, [1, Number.NaN], [1, Number.NaN], false],
  [ROW, null, null, true],
  [
    MAP,
    [
      [1, 1],
      [2, 2],
    ],
    [
      [2, 2],
      [1, 1],
    ],
    true,
  ],
  [MAP, [[1, 1]], [[1, 2]], false],
  [MAP, [[1, null]], [[1, null]], false],
]

test.each(VALUES)('%j of values %j and %j are the same: %s', (type, before, after, expected) => {
  expect(isSame(type, before, after)).toBe(expected)
})

test('rows are the same when the columns are that count, and only where there are both', () => {
  const fields = ['a', 'b'].map((name, id) => ({ id, name, type: INT }))
  const old = batchOf(fields, [
    [1, 1],
    [2, 2],
  ]).columns
  const now = batchOf(fields, [
    [1, 9],
    [2, 2],
  ]).columns
  const [before, after] = [Int32Array.of(0, 1, -1, 1), Int32Array.of(0, 1, 0, -1)]
  const ignoring = { ...DEDUPLICATED, 'changelog-producer.row-deduplicate-ignore-fields': 'b' }
  const same = (options: Record<string, string>) =>
    sameRows(fields, tableOptions(options))?.(before, after, old, now)
  expect(same(DEDUPLICATED)).toEqual(Uint8Array.of(0, 1, 0, 0))
  expect(same(ignoring)).toEqual(Uint8Array.of(1, 1, 0, 0))
  expect(same({})).toBeUndefined()
})
