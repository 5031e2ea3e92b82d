import { expect, test } from 'vitest'

import { autoTagPeriod } from '../../../src/table/plan/auto-tag-names.ts'
import { tableOptions } from '../../../src/types/options.ts'

const hourly = { 'tag.creation-period': 'hourly' }

test.each<[Record<string, string>, string, string | undefined]>([
  [{}, '2026-02-28', '2026-02-28T00:00'],
  [{}, '2026-02-28 and more', '2026-02-28T00:00'],
  [{}, '2026-02-29', undefined],
  [{}, '20260228', undefined],
  [{}, 'v1', undefined],
  [{ 'tag.period-formatter': 'without_dashes' }, '20260228', '2026-02-28T00:00'],
  [{ 'tag.period-formatter': 'without_dashes_and_spaces' }, '20260228', '2026-02-28T00:00'],
  [hourly, '2026-02-28 23', '2026-02-28T23:00'],
  [hourly, '2026-02-28 24', undefined],
  [hourly, '2026-02-28', undefined],
  [{ ...hourly, 'tag.period-formatter': 'without_dashes' }, '20260228 07', '2026-02-28T07:00'],
  [
    { ...hourly, 'tag.period-formatter': 'without_dashes_and_spaces' },
    '2026022807',
    '2026-02-28T07:00',
  ],
  [{ 'tag.creation-period': 'two-hours' }, '2026-02-28 06', '2026-02-28T06:00'],
  [{ 'tag.creation-period-duration': '30 min' }, '202602280730', '2026-02-28T07:30'],
  [{ 'tag.creation-period-duration': '30 min' }, '202602280760', undefined],
])('with %j the tag %j stands for %j', (options, name, time) => {
  const period = autoTagPeriod(tableOptions(options))(name)
  expect(period).toBe(time === undefined ? undefined : Date.parse(`${time}Z`))
})
