import { expect, test } from 'vitest'

import { instantOfLocal, instantText, localTimeMillis } from '../../src/types/local-time.ts'

test.each<[string, Date]>([
  ['2026-11-03', new Date(2026, 10, 3)],
  ['2026-1-3', new Date(2026, 0, 3)],
  ['2026-11-03 04:05', new Date(2026, 10, 3, 4, 5)],
  ['2026-11-03 4:5:6', new Date(2026, 10, 3, 4, 5, 6)],
  ['2026-11-03T04:05:06.7', new Date(2026, 10, 3, 4, 5, 6, 700)],
  ['2026-11-03 04:05:06.123456789', new Date(2026, 10, 3, 4, 5, 6, 123)],
  ['2026-11-03T04:05:06Z', new Date(Date.UTC(2026, 10, 3, 4, 5, 6))],
  ['2026-11-03 04:05:06.5+02:00', new Date(Date.UTC(2026, 10, 3, 2, 5, 6, 500))],
])('%s is a time', (text, date) => {
  expect(localTimeMillis(text)).toBe(date.getTime())
})

test.each(['', 'now', '2026', '2026-13-01', '2026-02-30', '2026-11-03 25:00:00', '26-11-03'])(
  '%j is none',
  (text) => {
    expect(localTimeMillis(text)).toBeUndefined()
  },
)

test('a local time without a zone is that of this process', () => {
  const local = Date.UTC(2026, 10, 3, 4, 5, 6, 7)
  expect(instantOfLocal(local)).toBe(new Date(2026, 10, 3, 4, 5, 6, 7).getTime())
})

test('messages show an instant in UTC, and numbers that are none as they are', () => {
  expect(instantText(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(instantText(1e20)).toBe('100000000000000000000 ms')
})
