import { expect, test } from 'vitest'

import { kindsOf } from '../../src/lsm/row-kinds.ts'
import type { Column } from '../../src/types/column.ts'

const kinds = (values: Int8Array, validity: Uint8Array | null = null): Column => ({
  layout: 'fixed',
  length: values.length,
  validity,
  values,
})

test('the four kinds are taken as they are stored', () => {
  const values = Int8Array.of(0, 1, 2, 3, 0)
  expect(kindsOf(kinds(values))).toBe(values)
})

test.each<[string, Column]>([
  ['a kind above 3', kinds(Int8Array.of(0, 4))],
  ['a kind below 0', kinds(Int8Array.of(-1))],
  ['a null', kinds(Int8Array.of(0, 0), Uint8Array.of(1))],
  [
    'an integer of 32 bits',
    { layout: 'fixed', length: 1, validity: null, values: Int32Array.of(0) },
  ],
  ['a boolean', { layout: 'boolean', length: 1, validity: null, bits: Uint8Array.of(0) }],
])('%s is CORRUPT', (_, column) => {
  expect(() => kindsOf(column)).toThrow(expect.objectContaining({ code: 'CORRUPT' }) as Error)
})
