/** Which snapshots a read of changes takes, on tables that are only snapshots and tags. */
import assert from 'node:assert/strict'

import { expect, test } from 'vitest'

import { changesBetween } from '../../../src/table/plan/incremental.ts'
import type { TableSchema } from '../../../src/types/schema-file.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { testSchema } from '../../support/commit-tables.ts'
import { HOUR, snapshotOf, snapshotTable, START } from '../../support/snapshot-tables.ts'

const SCHEMA = testSchema()
const MORE_BUCKETS: TableSchema = { ...SCHEMA, id: 1, options: { ...SCHEMA.options, bucket: '3' } }

/** Snapshots 3 to 9 an hour apart, 1 and 2 expired; 5 overwrites, 6 compacts, 8 gathers statistics; 9 has more buckets. */
const STORE = await snapshotTable(
  [SCHEMA, MORE_BUCKETS],
  [
    snapshotOf(3),
    snapshotOf(4),
    snapshotOf(5, { commitKind: 'OVERWRITE' }),
    snapshotOf(6, { commitKind: 'COMPACT' }),
    snapshotOf(7),
    snapshotOf(8, { commitKind: 'ANALYZE' }),
    snapshotOf(9, { schemaId: 1 }),
  ],
  {
    old: snapshotOf(1),
    v3: snapshotOf(3),
    v7: snapshotOf(7),
    again: snapshotOf(7),
    v9: snapshotOf(9, { schemaId: 1 }),
    '2026-11-01': snapshotOf(2),
    '2026-11-03': snapshotOf(4),
    '2026-11-04': snapshotOf(7),
  },
)

type Options = Readonly<Record<string, string>>

const changes = (options: Options) =>
  changesBetween(STORE, { ...SCHEMA, options: { ...SCHEMA.options, ...options } }, {})

const at = (hours: number): string => String(START + hours * HOUR)
const between = (ends: string, more: Options = {}): Options => ({
  'incremental-between': ends,
  ...more,
})
const times = (ends: string, more: Options = {}): Options => ({
  'incremental-between-timestamp': ends,
  ...more,
})
const DELTA = { 'incremental-between-scan-mode': 'delta' }
const CHANGELOG = { 'incremental-between-scan-mode': 'changelog' }
const DIFF = { 'incremental-between-scan-mode': 'diff' }
const AS_SNAPSHOTS = { 'incremental-between-tag-to-snapshot': 'true' }

test.each<[Options, 'delta' | 'changelog', number[]]>([
  [between('3,5'), 'delta', [4]],
  [between('2,9'), 'delta', [3, 4, 7, 9]],
  [between(' 3 , 7 '), 'delta', [4, 7]],
  [between('5,6'), 'delta', []],
  [between('2,9', { 'changelog-producer': 'lookup' }), 'changelog', [3, 4, 6, 7, 8, 9]],
  [between('2,9', { ...DELTA, 'changelog-producer': 'input' }), 'delta', [3, 4, 7, 9]],
  [between('2,9', CHANGELOG), 'changelog', [3, 4, 6, 7, 8, 9]],
  [between('v3,v9', AS_SNAPSHOTS), 'delta', [4, 7, 9]],
  [between('v3,v7', { ...AS_SNAPSHOTS, ...CHANGELOG }), 'changelog', [4, 6, 7]],
  [times(`${at(3)},${at(7)}`), 'delta', [4, 7]],
  // The table begins later, so its first snapshot is one of the changes.
  [times(`${at(1)},${at(4)}`), 'delta', [3, 4]],
  [times(`${at(3.5)},${at(100)}`), 'delta', [4, 7, 9]],
  [times('2026-11-01T03:00:00Z,2026-11-01T04:59:59Z'), 'delta', [4]],
  [times(`${at(3)},${at(9)}`, CHANGELOG), 'changelog', [4, 6, 7, 8, 9]],
])('%j takes the %s of the snapshots %j', async (options, from, ids) => {
  const found = await changes(options)
  assert(found?.from === from)
  expect(found.snapshots.map(({ id }) => id)).toEqual(ids)
})

test.each<[Options, number, number]>([
  [between('v3,v7'), 3, 7],
  // Two tags are always compared, whatever the mode.
  [between('v3,v7', DELTA), 3, 7],
  [between('old,v3'), 1, 3],
  [between('3,7', DIFF), 3, 7],
  [times(`${at(3)},${at(7.5)}`, DIFF), 3, 7],
  [times(`${at(0)},${at(4)}`, DIFF), 3, 4],
  [{ 'incremental-to-auto-tag': '2026-11-03' }, 2, 4],
  [{ 'incremental-to-auto-tag': '2026-11-04' }, 4, 7],
])('%j is the difference between the snapshots %i and %i', async (options, before, after) => {
  expect(await changes(options)).toMatchObject({
    from: 'diff',
    before: { id: before },
    after: { id: after },
  })
})

test.each<Options>([
  between('4,4'),
  between('4,4', DIFF),
  between('v7,again'),
  between('v7,again', AS_SNAPSHOTS),
  times(`${at(4)},${at(4)}`),
  times(`${at(10)},${at(11)}`),
  times(`${at(1)},${at(2)}`),
  // Without a tag before it, and without the tag itself.
  { 'incremental-to-auto-tag': '2026-11-01' },
  { 'incremental-to-auto-tag': '2026-11-02' },
])('%j has nothing in between', async (options) => {
  expect(await changes(options)).toBeNull()
})

test.each<[Options, code: string, message: string, hint: string]>([
  [between('1,4'), 'NOT_FOUND', 'from snapshot 1 to 4', 'the snapshots 3 to 9: start from 2'],
  [between('4,10'), 'NOT_FOUND', 'from snapshot 4 to 10', 'the snapshots 3 to 9'],
  [between('2,4', DIFF), 'NOT_FOUND', 'there is no snapshot 2', '3 to 9'],
  [between('old,v3', AS_SNAPSHOTS), 'NOT_FOUND', 'from snapshot 1 to 3', 'start from 2'],
  [between('5,4'), 'INVALID', 'snapshot 4 is before 5', 'from 4 to 5'],
  [between('v7,v3'), 'INVALID', 'v3 of snapshot 3 is older than v7 of 7', 'from v3 to v7'],
  [between('v3,v8'), 'NOT_FOUND', 'there is no tag "v8" (did you mean "v', 'two tags'],
  [between('v3,4'), 'INVALID', 'v3,4 is a tag and a snapshot', 'two tags, or two snapshots'],
  [between('3'), 'INVALID', '"3" does not name two snapshots', 'comma'],
  [between('3,4,5'), 'INVALID', 'does not name two', 'comma'],
  [between(',4'), 'INVALID', 'does not name two', 'comma'],
  [between('v3,v7', { ...AS_SNAPSHOTS, ...DIFF }), 'INVALID', 'diff of the tags', 'leave'],
  [times(`${at(5)},${at(4)}`), 'INVALID', 'the second time is before the first', ''],
  [times('1,soon'), 'INVALID', '"soon" is no time', 'local time'],
  [between('v3,v9'), 'INVALID', 'snapshot 3 has 2 buckets and snapshot 9 has 3', 'in between'],
  [{ 'incremental-to-auto-tag': 'v3' }, 'INVALID', '"v3" is not made automatically', 'period'],
])('%j is refused', async (options, code, message, hint) => {
  const error: unknown = await changes(options).catch((thrown: unknown) => thrown)
  assert(error instanceof LakeError)
  expect(error.code).toBe(code)
  expect(error.message).toContain(message)
  expect(error.hint ?? '').toContain(hint)
})

test('a table without snapshots has no changes', async () => {
  const empty = await snapshotTable([SCHEMA], [])
  for (const options of [between('1,3'), between('1,3', DIFF), times('1,2')])
    expect(
      await changesBetween(empty, { ...SCHEMA, options: { ...SCHEMA.options, ...options } }, {}),
    ).toBeNull()
})
