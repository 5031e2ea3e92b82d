import { expect, test } from 'vitest'

import { show } from '../../src/util/show.ts'

test.each([
  [5, '5'],
  [5n, '5n'],
  [true, 'true'],
  [null, 'null'],
  [undefined, 'undefined'],
  ['a"b', '"a\\"b"'],
  ['x'.repeat(100), `"${'x'.repeat(60)}…"`],
  [[1, 2], 'an array'],
  [new Map(), 'a Map'],
  [new Date(0), 'a Date'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [Symbol('x'), 'a symbol'],
  [() => 5, 'a function'],
])('%o is shown as %s', (value, text) => {
  expect(show(value)).toBe(text)
})
