import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { shortestFloat } from '../../src/types/float-text.ts'

// What Float.toString prints.
test.each([
  [0.1, '0.1'],
  [3.4028235e38, '3.4028235e+38'],
  [1e-45, '1.4e-45'],
  [1.17549435e-38, '1.1754944e-38'],
  [16_777_216, '16777216'],
  [33_554_430, '33554430'],
  [0.3, '0.3'],
  [1e10, '10000000000'],
  [-6.5, '-6.5'],
])('the float nearest to %d prints as %s', (value, text) => {
  expect(String(shortestFloat(Math.fround(value)))).toBe(text)
})

test('the number rounds back to the float, and no shorter one does', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      const short = shortestFloat(value)
      expect(Math.fround(short)).toBe(value)
      if (!Number.isFinite(value) || value === 0) return
      const digits = short.toExponential().replace(/e.*/, '').replace(/[-.]/g, '').length
      for (let fewer = 2; fewer < digits; fewer++)
        expect(Math.fround(Number(value.toPrecision(fewer)))).not.toBe(value)
    }),
  )
})
