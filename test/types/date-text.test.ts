import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  datePartsOf,
  dateText,
  parseDate,
  parseTime,
  parseTimestamp,
  timestampText,
  timestampValue,
  timeText,
} from '../../src/types/date-text.ts'

// What java.time.LocalDate.ofEpochDay prints.
test.each([
  [0, '1970-01-01'],
  [-1, '1969-12-31'],
  [11_016, '2000-02-29'],
  [-719_528, '0000-01-01'],
  [-719_529, '-0001-12-31'],
  [2_932_896, '9999-12-31'],
  [2_932_897, '+10000-01-01'],
  [2_147_483_647, '+5881580-07-11'],
  [-2_147_483_648, '-5877641-06-23'],
])('day %i is %s', (days, text) => {
  expect(dateText(days)).toBe(text)
  expect(parseDate(text)).toBe(days)
})

test('dates agree with those of JS Date where it has them', () => {
  const limit = 8.64e15 / 86_400_000
  fc.assert(
    fc.property(fc.integer({ min: -limit, max: limit }), (days) => {
      const date = new Date(days * 86_400_000)
      const year = date.getUTCFullYear()
      const digits = String(Math.abs(year)).padStart(4, '0')
      const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
      const rest = date.toISOString().slice(-20, -14)
      expect(dateText(days)).toBe(`${sign}${digits}${rest}`)
      expect(parseDate(dateText(days))).toBe(days)
    }),
  )
})

test.each([
  '2023-02-29',
  '1900-02-29',
  '2023-13-01',
  '2023-00-10',
  '2023-04-31',
  '2023-1-01',
  '+2023-01-01',
  '10000-01-01',
  '-0000-01-01',
  '2023-01-01 ',
  '',
])('"%s" is no date', (text) => {
  expect(parseDate(text)).toBeUndefined()
})

test('a time prints its milliseconds whatever they are', () => {
  expect(timeText(0)).toBe('00:00:00.000')
  expect(timeText(86_399_999)).toBe('23:59:59.999')
  expect(timeText(-1)).toBe('23:59:59.999')
})

test.each([
  ['12:30', { seconds: 45_000, nanos: 0 }],
  ['23:59:59.999999999', { seconds: 86_399, nanos: 999_999_999 }],
  ['24:00:00', undefined],
  ['12:60', undefined],
  ['1:00', undefined],
])('the time %s parses', (text, expected) => {
  expect(parseTime(text)).toEqual(expected)
})

test.each([
  [0n, 3, '1970-01-01T00:00:00.000'],
  [-1n, 3, '1969-12-31T23:59:59.999'],
  [1_600_000_000_123n, 0, '2020-09-13T12:26:40'],
  [1_600_000_000_123n, 2, '2020-09-13T12:26:40.12'],
  [1_600_000_000_123_456n, 6, '2020-09-13T12:26:40.123456'],
  [1_600_000_000_123_456_789n, 9, '2020-09-13T12:26:40.123456789'],
  [-1n, 9, '1969-12-31T23:59:59.999999999'],
  [2n ** 63n - 1n, 3, '+292278994-08-17T07:12:55.807'],
  [-(2n ** 63n), 3, '-292275055-05-16T16:47:04.192'],
  [2n ** 63n - 1n, 6, '+294247-01-10T04:00:54.775807'],
  [-(2n ** 63n), 6, '-290308-12-21T19:59:05.224192'],
  [2n ** 63n - 1n, 9, '2262-04-11T23:47:16.854775807'],
  [-(2n ** 63n), 9, '1677-09-21T00:12:43.145224192'],
])('timestamp %i of precision %i is %s', (value, precision, text) => {
  expect(timestampText(value, precision)).toBe(text)
})

test('what prints parses back, at every precision', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(3, 6, 9),
      (value, p) => {
        const parsed = parseTimestamp(timestampText(value, p))!
        expect(timestampValue(parsed, p)).toBe(value)
      },
    ),
  )
})

test.each([
  ['2020-09-13T12:26:40Z', 18_518, 44_800, 0, 'Z'],
  ['2020-09-13 14:26:40.5+02:00', 18_518, 44_800, 500_000_000, '+02:00'],
  ['2020-09-13 23:00-02:00', 18_519, 3600, 0, '-02:00'],
  ['2020-09-13 00:30+01:00', 18_517, 84_600, 0, '+01:00'],
  ['2020-09-13 12:26', 18_518, 44_760, 0, undefined],
  ['2020-09-13', 18_518, 0, 0, undefined],
])('the timestamp %s parses', (text, days, secondOfDay, nanos, zone) => {
  expect(parseTimestamp(text)).toEqual({ days, secondOfDay, nanos, zone })
})

test('a Date is taken in UTC', () => {
  expect(datePartsOf(new Date(-1))).toEqual({ days: -1, secondOfDay: 86_399, nanos: 999_000_000 })
  expect(datePartsOf(new Date('x'))).toBeUndefined()
})

test.each(['2020-09-13T', '2020-09-13T25:00', '2020-09-13T12:00:60', '2020-09-13T12:00+19:00'])(
  '"%s" is no timestamp',
  (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  },
)

test('finer digits than the precision are cut towards the past', () => {
  expect(timestampValue({ days: -1, secondOfDay: 86_399, nanos: 999_999_999 }, 0)).toBe(-1000n)
  expect(timestampValue({ days: 0, secondOfDay: 1, nanos: 129_999_999 }, 2)).toBe(1120n)
  expect(timestampValue({ days: 0, secondOfDay: 1, nanos: 123_456_789 }, 6)).toBe(1_123_456n)
  expect(timestampValue({ days: 200_000, secondOfDay: 0, nanos: 0 }, 9)).toBeUndefined()
})
