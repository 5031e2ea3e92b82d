import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  decimalText,
  fitsPrecision,
  parseDecimal,
  rescale,
  rescaleDown,
} from '../../src/types/decimal-text.ts'

test.each([
  [0n, 2, '0.00'],
  [-5n, 2, '-0.05'],
  [1234n, 2, '12.34'],
  [-7n, 0, '-7'],
  [10n ** 37n, 38, '0.10000000000000000000000000000000000000'],
])('%i at scale %i is %s', (unscaled, scale, text) => {
  expect(decimalText(unscaled, scale)).toBe(text)
  expect(parseDecimal(text)).toEqual({ unscaled, scale })
})

test('what prints parses back', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }),
      fc.nat(38),
      (unscaled, scale) => {
        expect(parseDecimal(decimalText(unscaled, scale))).toEqual({ unscaled, scale })
      },
    ),
  )
})

test.each([
  ['+.5', 5n, 1],
  ['5.', 5n, 0],
  ['1e3', 1000n, 0],
  ['-1.25E-2', -125n, 4],
  ['12e+1', 120n, 0],
])('%s is a decimal, as for BigDecimal', (text, unscaled, scale) => {
  expect(parseDecimal(text)).toEqual({ unscaled, scale })
})

test.each(['', '.', '-', 'e5', '1e', '1,5', ' 1', '0x1', '1e999999', 'NaN', '1'.repeat(10_001)])(
  '"%.20s" is none',
  (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  },
)

// BigDecimal.setScale(n, HALF_UP).
test.each([
  ['1.005', 2, 101n],
  ['1.004999', 2, 100n],
  ['-1.005', 2, -101n],
  ['-1.004', 2, -100n],
  ['0.5', 0, 1n],
  ['-0.5', 0, -1n],
  ['7', 3, 7000n],
])('%s rounds to scale %i half up', (text, scale, expected) => {
  expect(rescale(parseDecimal(text)!, scale)).toBe(expected)
})

test.each([
  ['1.999', 2, 199n],
  ['-1.991', 2, -200n],
  ['-1.99', 2, -199n],
])('%s lies at or above %i digits of %i', (text, scale, expected) => {
  expect(rescaleDown(parseDecimal(text)!, scale)).toBe(expected)
})

test('precision counts digits', () => {
  expect(fitsPrecision(999n, 3)).toBe(true)
  expect(fitsPrecision(-1000n, 3)).toBe(false)
})
