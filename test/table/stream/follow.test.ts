/** What streams do with each snapshot. */
import { describe, expect, test } from 'vitest'

import type { CommitKind, Snapshot } from '../../../src/snapshot/snapshot.ts'
import {
  firstLevels,
  followRules,
  followStep,
  keepsChangelogs,
  pollWaitMs,
  waitMsFor,
} from '../../../src/table/stream/follow.ts'
import { firstSchema, parseNewSchema } from '../../../src/types/new-schema.ts'
import type { TableSchema } from '../../../src/types/schema-file.ts'

function schemaWith(options: Readonly<Record<string, string>>, keyed = true): TableSchema {
  const fields = [{ name: 'id', type: 'INT NOT NULL' }]
  const primaryKeys = keyed ? ['id'] : []
  const schema = firstSchema(
    parseNewSchema({
      fields,
      primaryKeys,
      options: { bucket: '1', ...(!keyed && { 'bucket-key': 'id' }) },
    }),
    0,
  )
  return { ...schema, options: { ...schema.options, ...options } }
}

function snapshotOf(commitKind: CommitKind, rest: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 3,
    id: 5,
    schemaId: 0,
    baseManifestList: 'base',
    deltaManifestList: 'delta',
    commitUser: 'u',
    commitIdentifier: 1n,
    commitKind,
    timeMillis: 1_000,
    totalRecordCount: 0,
    deltaRecordCount: 0,
    ...rest,
  }
}

function stepOf(schema: TableSchema, kind: CommitKind): string {
  return followStep(snapshotOf(kind), followRules(schema), 2_000)
}

const CHANGELOG = { changelogManifestList: 'changelog' }

describe('what is read of a snapshot', () => {
  test.each([
    ['none', {}, ['added', 'skip', 'skip', 'skip']],
    ['none', CHANGELOG, ['added', 'skip', 'skip', 'skip']],
    ['input', {}, ['skip', 'skip', 'skip', 'skip']],
    ['input', CHANGELOG, ['changelog', 'changelog', 'changelog', 'changelog']],
    ['lookup', {}, ['skip', 'skip', 'skip', 'skip']],
    ['lookup', CHANGELOG, ['changelog', 'changelog', 'changelog', 'changelog']],
    ['full-compaction', {}, ['skip', 'skip', 'skip', 'skip']],
    ['full-compaction', CHANGELOG, ['changelog', 'changelog', 'changelog', 'changelog']],
  ] as const)('with the changelog producer %s, of a snapshot with %j', (producer, lists, steps) => {
    const rules = followRules(schemaWith({ 'changelog-producer': producer }))
    const kinds = ['APPEND', 'COMPACT', 'OVERWRITE', 'ANALYZE'] as const
    expect(kinds.map((kind) => followStep(snapshotOf(kind, lists), rules, 2_000))).toEqual(steps)
  })

  test('of an overwrite, where that is asked for', () => {
    const keyed = schemaWith({ 'streaming-read-overwrite': 'true' })
    expect([stepOf(keyed, 'OVERWRITE'), stepOf(keyed, 'APPEND')]).toEqual(['replaced', 'added'])
    const append = schemaWith({ 'streaming-read-append-overwrite': 'true' }, false)
    expect([stepOf(append, 'OVERWRITE'), stepOf(append, 'COMPACT')]).toEqual(['added', 'skip'])
    // Each option is of one kind of table.
    const other = schemaWith({ 'streaming-read-append-overwrite': 'true' })
    expect(stepOf(other, 'OVERWRITE')).toBe('skip')
  })

  test('nothing from the first watermark on that is beyond the bound', () => {
    const rules = followRules(schemaWith({ 'scan.bounded.watermark': '10' }))
    const step = (watermark?: bigint): string =>
      followStep(snapshotOf('APPEND', watermark === undefined ? {} : { watermark }), rules, 2_000)
    expect([step(), step(10n), step(11n)]).toEqual(['added', 'added', 'end'])
  })

  test('nothing until it is as old as the delay', () => {
    const rules = followRules(schemaWith({ 'streaming.read.snapshot.delay': '5 s' }))
    const steps = [2_000, 5_999, 6_000].map((now) => followStep(snapshotOf('APPEND'), rules, now))
    expect(steps).toEqual(['wait', 'wait', 'added'])
    expect(waitMsFor(snapshotOf('APPEND'), rules, 2_000)).toBe(4_000)
  })
})

describe('the levels that the first state is read from', () => {
  test.each([
    [{}, [true, true, true, true]],
    [{ 'changelog-producer': 'input' }, [true, true, true, true]],
    [{ 'changelog-producer': 'lookup' }, [false, true, true, true]],
    [{ 'changelog-producer': 'full-compaction' }, [false, false, true, false]],
    [{ 'changelog-producer': 'full-compaction', 'num-levels': '7' }, [false, false, false, true]],
    [
      {
        'changelog-producer': 'full-compaction',
        'num-sorted-run.compaction-trigger': '1',
      },
      [false, true, false, false],
    ],
  ] as const)('%j', (options, expected) => {
    expect([0, 1, 5, 6].map(firstLevels(schemaWith(options)))).toEqual(expected)
  })
})

test.each([
  [{}, false],
  [{ 'changelog.num-retained.max': '100', 'snapshot.num-retained.max': '20' }, true],
  [{ 'changelog.num-retained.min': '11' }, true],
  [{ 'changelog.num-retained.min': '10' }, false],
  [{ 'changelog.time-retained': '61 min' }, true],
  [{ 'changelog.time-retained': '1 h' }, false],
] as const)('whether changelogs outlive snapshots with %j: %s', (options, expected) => {
  expect(keepsChangelogs(schemaWith(options))).toBe(expected)
})

test('a stream looks again soon after it found something, and then less and less often', () => {
  const waits = Array.from({ length: 8 }, (_, misses) => pollWaitMs(misses, 10_000))
  expect(waits).toEqual([312.5, 625, 1_250, 2_500, 5_000, 10_000, 10_000, 10_000])
  expect(pollWaitMs(5_000, 10_000)).toBe(10_000)
  expect(pollWaitMs(0, 4)).toBe(4)
})
