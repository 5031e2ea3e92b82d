import { expect, test } from 'vitest'

import { buildStats, statsModes, type StatsTarget } from '../../src/snapshot/stats.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { tableOptions } from '../../src/types/options.ts'

const SYSTEM = { truncate: 128 }
const NAMES = ['_KEY_k', '_SEQUENCE_NUMBER', '_VALUE_KIND', 'k', 'a', 'b']

/** The modes of the columns, as Java 1.4.2 chose them for tables of these options. */
const cases: readonly [
  title: string,
  options: Record<string, string>,
  target: StatsTarget,
  modes: unknown[],
][] = [
  ['system columns are cut at 128', {}, {}, [SYSTEM, SYSTEM, SYSTEM, ...same({ truncate: 16 })]],
  [
    'keys of thin files are kept like system columns',
    { 'metadata.stats-mode': 'none' },
    { keyNames: ['_KEY_k'] },
    [SYSTEM, SYSTEM, SYSTEM, SYSTEM, 'none', 'none'],
  ],
  [
    'keyed Avro files treat no column as special',
    { 'metadata.stats-mode': 'counts' },
    { keyNames: ['_KEY_k'], isKeyedAvro: true },
    ['counts', 'counts', 'counts', ...same('counts')],
  ],
  [
    'a column may have a mode of its own',
    { 'fields.a.stats-mode': 'full' },
    {},
    [SYSTEM, SYSTEM, SYSTEM, { truncate: 16 }, 'full', { truncate: 16 }],
  ],
  [
    'only the first columns count, system columns aside',
    { 'metadata.stats-keep-first-n-columns': '1' },
    {},
    [SYSTEM, SYSTEM, SYSTEM, { truncate: 16 }, 'none', 'none'],
  ],
]

function same(mode: unknown): unknown[] {
  return [mode, mode, mode]
}

test.each(cases)('%s', (_, options, target, modes) => {
  expect(statsModes(NAMES, tableOptions(options), target)).toEqual(modes)
})

const text: DataField = {
  id: 0,
  name: 'a',
  type: { kind: 'VARCHAR', length: 100, nullable: true },
}

test('a text whose end cannot be raised keeps its count only', () => {
  const highest = utf8('\u{10ffff}'.repeat(3))
  const bounds = [{ min: utf8('a'), max: highest, nullCount: 2 }]
  const none = [{ min: null, max: null, nullCount: 2 }]
  expect(buildStats([text], bounds, [{ truncate: 2 }], false)).toEqual(
    buildStats([text], none, ['counts'], false),
  )
})

test('dense statistics leave out the columns of which nothing is known', () => {
  const bounds = [{ min: null, max: null, nullCount: null }]
  expect(buildStats([text], bounds, ['full'], true).columns).toEqual([])
  expect(buildStats([text], bounds, ['full'], false).columns).toBeNull()
})
