/** Which snapshots and changelogs may expire. */
import { describe, expect, test } from 'vitest'

import {
  changelogExpiry,
  expiryRules,
  isYoung,
  nearestTagBefore,
  overlappingTags,
  snapshotExpiry,
} from '../../src/snapshot/expire.ts'
import { tableOptions } from '../../src/types/options.ts'

const KEEP = 'snapshot.num-retained.'

function rulesOf(options: Readonly<Record<string, string>>): ReturnType<typeof expiryRules> {
  return expiryRules(tableOptions(options))
}

describe('snapshots', () => {
  test.for([
    ['all but ten of a new table stay', {}, 1, 30, null, { agedFrom: 1, end: 21 }],
    ['none may go where there are not more', {}, 1, 10, null, null],
    ['at most 50 go at once', {}, 1, 100, null, { agedFrom: 1, end: 51 }],
    [
      'too many go whatever their age',
      { [`${KEEP}max`]: '12' },
      5,
      40,
      null,
      { agedFrom: 29, end: 31 },
    ],
    ['a consumer keeps what it has yet to read', {}, 1, 30, 7, { agedFrom: 1, end: 7 }],
    ['a consumer that stands still keeps all', {}, 5, 30, 5, null],
    ['one behind the table too', {}, 5, 30, 1, null],
    [
      'of changelogs that are kept longer it may keep only those',
      { 'consumer.changelog-only': 'true', 'changelog.num-retained.min': '20' },
      1,
      30,
      7,
      { agedFrom: 1, end: 21 },
    ],
  ] as const)('%s', ([, options, earliest, latest, consumer, expected]) => {
    const plan = snapshotExpiry({ earliest, latest }, rulesOf(options), consumer)
    expect(plan).toEqual(expected && { earliest, ...expected })
  })

  test('one is young until its time is over', () => {
    const { snapshots } = rulesOf({ 'snapshot.time-retained': '10 s' })
    expect([5_000, 4_999].map((time) => isYoung(time, snapshots, 15_000))).toEqual([true, false])
  })
})

describe('changelogs', () => {
  test.for([
    [{}, false],
    [{ 'changelog.num-retained.min': '11' }, true],
    [{ 'changelog.num-retained.max': '5', [`${KEEP}max`]: '4', [`${KEEP}min`]: '4' }, true],
    [{ 'changelog.time-retained': '2 h' }, true],
    [{ 'changelog.time-retained': '30 min' }, false],
  ] as const)('%o: they outlive their snapshots: %s', ([options, isDecoupled]) => {
    expect(rulesOf(options).isDecoupled).toBe(isDecoupled)
  })

  test('they are counted from the latest snapshot, and the last of them stays', () => {
    const rules = rulesOf({
      'changelog.num-retained.min': '20',
      'changelog.num-retained.max': '25',
    })
    const plan = (latestSnapshot: number, consumer: number | null) =>
      changelogExpiry({ earliest: 1, latest: 30 }, latestSnapshot, rules, consumer)
    expect(plan(40, null)).toEqual({ earliest: 1, agedFrom: 16, end: 21 })
    expect(plan(90, null)).toEqual({ earliest: 1, agedFrom: 66, end: 30 })
    expect(plan(40, 4)).toEqual({ earliest: 1, agedFrom: 16, end: 4 })
    expect(plan(40, 1)).toBeNull()
  })
})

test('less cannot be kept than nothing, nor at most less than at least', () => {
  const options = tableOptions({})
  expect(() => expiryRules(options, { countMin: 0 })).toThrow('at least 1')
  expect(() => expiryRules(options, { countMin: 5, countMax: 4 })).toThrow('at most 4')
})

test('the tags that count are the nearest before, and those in between', () => {
  expect([2, 3, 9].map((id) => nearestTagBefore([2, 5, 7], id))).toEqual([null, 2, 7])
  expect(overlappingTags([2, 5, 7, 11], 6, 9)).toEqual([5, 7])
  expect(overlappingTags([2, 5, 7, 11], 1, 5)).toEqual([2])
  expect(overlappingTags([2], 9, 12)).toEqual([2])
})
