/** The times that partitions tell, as Java's extractor and its formatters read them. */
import { describe, expect, test } from 'vitest'

import { tableOptions } from '../../src/types/options.ts'
import { partitionTime } from '../../src/types/partition-time.ts'
import { timeReader } from '../../src/types/time-pattern.ts'
import { parseTypeText } from '../../src/types/type-parser.ts'
import { parseValueText } from '../../src/types/value-text.ts'

const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().slice(0, -1)

describe('a formatter', () => {
  test.each([
    ['yyyyMMdd', '20261121', '2026-11-21T00:00:00.000'],
    ['yyyyMMdd', '2026112', undefined],
    ['yyyyMMdd', '2026-11-21', undefined],
    ['yyyyMMddHH', '2026112123', '2026-11-21T23:00:00.000'],
    ['yyyyMMddHH', '2026112124', '2026-11-22T00:00:00.000'],
    ['yyyyMMddHH', '2026112125', undefined],
    ['yyyy-MM-dd HH:ss', '2026-11-21 99:99', '2026-11-21T00:00:00.000'],
    ['yyyyMMddHHmmssSSS', '20261121083000250', '2026-11-21T08:30:00.250'],
    ['yyyy-M-d', '2026-1-2', '2026-01-02T00:00:00.000'],
    ['yyyy-M-d', '2026-13-2', undefined],
    ['yyyy-MM-dd', '2026-02-31', '2026-02-28T00:00:00.000'],
    ['yyyy-MM-dd', '2026-02-32', undefined],
    ['yyMMdd', '261121', '2026-11-21T00:00:00.000'],
    ["yyyy'Y'MM''dd", "2026Y11'21", '2026-11-21T00:00:00.000'],
    ['yyyy-MM-dd[ HH:mm]', '2026-11-21', '2026-11-21T00:00:00.000'],
    ['yyyy-MM-dd[ HH:mm]', '2026-11-21 08:30', '2026-11-21T08:30:00.000'],
    ['yyyy-MM-dd hh:mm a', '2026-11-21 12:30 AM', '2026-11-21T00:30:00.000'],
    ['yyyy-DDD', '2026-032', '2026-02-01T00:00:00.000'],
    ['yyyy-DDD', '2026-366', undefined],
    ['yyyyMM', '202611', undefined],
    ['y.M.d', '26.11.21', '0026-11-21T00:00:00.000'],
    ['y.M.d', '2026.11.21', '2026-11-21T00:00:00.000'],
    ['y.M.d', '2026x11x21', undefined],
  ])('%s reads %s as %s', (pattern, text, time) => {
    expect(iso(timeReader(pattern)(text))).toBe(time)
  })

  test.each([
    ['dd MMM yyyy', 'UNSUPPORTED'],
    ['yyyy-MM-dd VV', 'UNSUPPORTED'],
    ['yyyy-MM-dd]', 'INVALID'],
    ["yyyy-MM-dd'T", 'INVALID'],
  ])('%s is %s', (pattern, code) => {
    expect(() => timeReader(pattern)).toThrow(expect.objectContaining({ code }))
  })
})

interface Case {
  readonly values: readonly (string | null)[]
  readonly pattern?: string
  readonly formatter?: string
  readonly types?: readonly string[]
  readonly time: string | undefined
}

test.each<[string, Case]>([
  ['the first value alone', { values: ['2026-11-21', 'x'], time: '2026-11-21T00:00:00.000' }],
  ['single digits', { values: ['2026-1-2 3:4:5.6'], time: '2026-01-02T03:04:05.600' }],
  ['months beyond the year', { values: ['2026-13-01'], time: '2027-01-01T00:00:00.000' }],
  ['hours beyond the day', { values: ['2026-11-21 25:00:00'], time: '2026-11-22T01:00:00.000' }],
  ['no seconds', { values: ['2026-11-21 25:00'], time: undefined }],
  ['null', { values: [null], time: undefined }],
  ['words', { values: ['today'], time: undefined }],
  ['a year that no date has', { values: ['-9999999999-01-01'], time: undefined }],
  [
    'a pattern of two values',
    { values: ['2026-11-21', '8'], pattern: '$p0 $p1:00:00', time: '2026-11-21T08:00:00.000' },
  ],
  [
    'a pattern and a null that it does not name',
    { values: ['2026-11-21', null], pattern: '$p0', time: undefined },
  ],
  [
    'a value with a dollar',
    { values: ['$p1', '2026-11-21'], pattern: '$p0', time: '2026-11-21T00:00:00.000' },
  ],
  ['a DATE, which is a day number', { values: ['2026-11-21'], types: ['DATE'], time: undefined }],
  [
    'a DATE by a formatter of day numbers',
    { values: ['1975-07-14'], types: ['DATE'], formatter: 'yyyy', time: undefined },
  ],
  [
    'a number by a formatter',
    {
      values: ['20261121'],
      types: ['INT'],
      formatter: 'yyyyMMdd',
      time: '2026-11-21T00:00:00.000',
    },
  ],
])('a partition tells its time: %s', (_, { values, pattern, formatter, types, time }) => {
  const fields = values.map((_value, i) => ({
    id: i,
    name: `p${i}`,
    type: parseTypeText(types?.[i] ?? 'STRING'),
  }))
  const options = tableOptions({
    ...(pattern !== undefined && { 'partition.timestamp-pattern': pattern }),
    ...(formatter !== undefined && { 'partition.timestamp-formatter': formatter }),
  })
  const stored = values.map((text, i) =>
    text === null ? null : parseValueText(fields[i]!.type, text),
  )
  expect(iso(partitionTime(fields, options)(stored))).toBe(time)
})
