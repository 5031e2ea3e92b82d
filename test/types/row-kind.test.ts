import { expect, test } from 'vitest'

import { isAdd, isRetract, parseRowKind, ROW_KINDS, rowKind } from '../../src/types/row-kind.ts'

test.each([
  [0, '+I', true],
  [1, '-U', false],
  [2, '+U', true],
  [3, '-D', false],
] as const)('byte %i is %s', (byte, text, adds) => {
  expect(rowKind(byte)).toBe(text)
  expect(parseRowKind(text)).toBe(byte)
  expect(parseRowKind(text.toLowerCase())).toBe(byte)
  expect(isAdd(byte)).toBe(adds)
  expect(isRetract(byte)).toBe(!adds)
})

test('there are no other kinds', () => {
  expect(ROW_KINDS).toHaveLength(4)
  for (const byte of [-1, 4, 255, 0.5])
    expect(() => rowKind(byte)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  for (const text of ['', 'I', '+D', '+I ', 'insert'])
    expect(() => parseRowKind(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})
