import { expect, test } from 'vitest'

import { compareKeyValues, decodeKey, type Key } from '../../src/lsm/key-compare.ts'
import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { seeded } from '../support/random.ts'
import { compareRows, KEY_TYPES, keyRows, typeTitle } from '../support/row-order.ts'

test.each(KEY_TYPES.map((type) => [typeTitle(type), type] as const))(
  'keys of %s compare as rows are sorted, and come back from the bytes of metadata',
  (_title, type) => {
    const fields: DataField[] = [{ id: 0, name: 'k', type }]
    const order = [{ type }]
    const rows = keyRows(order, 40, 12, seeded(2))
    const keys = rows.map((row) => decodeKey(fields, serializeBinaryRow([type], row)))
    const signs = (compare: (i: number, j: number) => number): number[] =>
      keys.flatMap((_key, i) => keys.map((__, j) => Math.sign(compare(i, j))))
    expect(signs((i, j) => compareKeyValues(keys[i]!, keys[j]!))).toEqual(
      signs((i, j) => compareRows(order, rows[i]!, rows[j]!)),
    )
  },
)

test.each<[string, Key, Key, number]>([
  ['in the first', [1, 9n], [2, 0n], -1],
  ['in the second', [2, 1n], [2, 0n], 1],
  ['nowhere', [2, 0n], [2, 0n], 0],
  ['nowhere, without any', [], [], 0],
])('of several columns the first that differs decides: %s', (_, a, b, sign) => {
  expect(Math.sign(compareKeyValues(a, b))).toBe(sign)
})

test('a key that is cut is CORRUPT', () => {
  const fields: DataField[] = [{ id: 0, name: 'k', type: { kind: 'BIGINT', nullable: false } }]
  const bytes = serializeBinaryRow([fields[0]!.type], [7n])
  expect(() => decodeKey(fields, bytes.subarray(0, 9))).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }) as Error,
  )
})
