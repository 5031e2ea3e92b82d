/** Durations as Java prints them. */
import { expect, test } from 'vitest'

import { durationText } from '../../../src/table/system/duration-text.ts'

test.each([
  [0n, 'PT0S'],
  [1n, 'PT0.000000001S'],
  [-1n, 'PT-0.000000001S'],
  [500_000_000n, 'PT0.5S'],
  [-500_000_000n, 'PT-0.5S'],
  [90_500_000_000n, 'PT1M30.5S'],
  [-90_500_000_000n, 'PT-1M-30.5S'],
  [86_400_000_000_000n, 'PT24H'],
  [-60_000_000_000n, 'PT-1M'],
  [-61_000_000_000n, 'PT-1M-1S'],
  [3_600_000_000_001n, 'PT1H0.000000001S'],
])('%s nanoseconds are %s', (nanos, text) => {
  expect(durationText(nanos)).toBe(text)
})
