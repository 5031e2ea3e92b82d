/** Which runs are compacted next: the shapes of a file that the interop suite compares with Java. */
import { expect, test } from 'vitest'

import { pickOptions } from '../../src/lsm/compaction-pick.ts'
import { pickOf, readShapes } from '../support/compaction-shapes.ts'
import { keyedSchema } from '../support/memory-runs.ts'

test.each(readShapes().map((shape) => [shape.title, shape] as const))('%s', (_, shape) => {
  expect(pickOf(shape)).toBe(shape.pick)
})

const optionsOf = (options: Readonly<Record<string, string>>) =>
  pickOptions(keyedSchema({ k: { kind: 'INT', nullable: false } }, options))

test.each([
  ['nothing', {}, 'stays'],
  ['the option', { 'compaction.force-up-level-0': 'true' }, 'radical'],
  ['a lookup changelog', { 'changelog-producer': 'lookup' }, 'radical'],
  ['first rows', { 'merge-engine': 'first-row' }, 'radical'],
  ['deletion vectors', { 'deletion-vectors.enabled': 'true' }, 'radical'],
  [
    'gentle lookups',
    { 'force-lookup': 'true', 'lookup-compact': 'gentle' },
    { gentleInterval: 10 },
  ],
  [
    'gentle lookups as often as the trigger at most',
    { 'force-lookup': 'true', 'lookup-compact': 'gentle', 'lookup-compact.max-interval': '2' },
    { gentleInterval: 5 },
  ],
])('level 0 goes up as Paimon says for %s', (_, options, rule) => {
  expect(optionsOf(options).level0).toEqual(rule)
})

test('there are off-peak hours only where both ends are given and differ', () => {
  const [start, end] = ['compaction.offpeak.start.hour', 'compaction.offpeak.end.hour'] as const
  expect(optionsOf({ [start]: '2' }).offPeak).toBeNull()
  expect(optionsOf({ [start]: '2', [end]: '2' }).offPeak).toBeNull()
  const given = { [start]: '22', [end]: '4', 'compaction.offpeak-ratio': '30' }
  expect(optionsOf(given).offPeak).toEqual({ startHour: 22, endHour: 4, ratio: 30 })
})
