/** Which snapshot and schema the options of a read pick, on tables that are only snapshots and tags. */
import assert from 'node:assert/strict'

import { expect, test } from 'vitest'

import { BATCH_IDENTIFIER, type Snapshot } from '../../../src/snapshot/snapshot.ts'
import type { TableStore } from '../../../src/snapshot/table-store.ts'
import { readState } from '../../../src/table/plan/time-travel.ts'
import type { TableSchema } from '../../../src/types/schema-file.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { testSchema } from '../../support/commit-tables.ts'
import { HOUR, snapshotOf, snapshotTable, START } from '../../support/snapshot-tables.ts'

const OLD: TableSchema = testSchema()
const NEW: TableSchema = { ...OLD, id: 1, fields: OLD.fields.slice(0, 2) }

function tableOf(
  snapshots: readonly Snapshot[],
  tags: Readonly<Record<string, Snapshot>> = {},
): Promise<TableStore> {
  return snapshotTable([OLD, NEW], snapshots, tags)
}

/** Snapshots 3 to 9 an hour apart, 1 and 2 expired; 5 and 6 of one time and watermark, 7 and 8 compactions. */
const STORE = await tableOf(
  [
    snapshotOf(3),
    snapshotOf(4),
    snapshotOf(5, { watermark: 100n }),
    snapshotOf(6, { watermark: 100n, timeMillis: START + 5 * HOUR, schemaId: 1 }),
    snapshotOf(7, { watermark: 200n, commitKind: 'COMPACT', schemaId: 1 }),
    snapshotOf(8, { watermark: 300n, commitKind: 'COMPACT', schemaId: 1 }),
    snapshotOf(9, { watermark: 400n, schemaId: 1 }),
  ],
  {
    old: snapshotOf(1),
    '4': snapshotOf(7, { schemaId: 1 }),
    'watermark-200': snapshotOf(3),
  },
)

const at = (hours: number): string => String(START + hours * HOUR)
const two = (part: number): string => String(part).padStart(2, '0')

/** As people write it, without a zone. */
function localText(hours: number): string {
  const date = new Date(START + hours * HOUR)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

test.each<[Record<string, string>, snapshotId: number, schemaId: number]>([
  [{}, 9, 1],
  [{ 'scan.mode': 'default' }, 9, 1],
  [{ 'scan.mode': 'latest-full' }, 9, 1],
  [{ 'scan.mode': 'full' }, 9, 1],
  [{ 'scan.mode': 'latest' }, 9, 1],
  [{ 'scan.snapshot-id': '4' }, 4, 0],
  [{ 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '4' }, 4, 0],
  [{ 'scan.mode': 'from-snapshot-full', 'scan.snapshot-id': '6' }, 6, 1],
  [{ 'scan.tag-name': 'old' }, 1, 0],
  [{ 'scan.mode': 'from-snapshot', 'scan.tag-name': '4' }, 7, 1],
  [{ 'scan.version': 'old' }, 1, 0],
  // A tag of that name comes before the snapshot and the watermark.
  [{ 'scan.version': '4' }, 7, 1],
  [{ 'scan.version': 'watermark-200' }, 3, 0],
  [{ 'scan.version': '5' }, 5, 0],
  [{ 'scan.version': 'watermark-150' }, 7, 1],
  [{ 'scan.timestamp-millis': at(3) }, 3, 0],
  [{ 'scan.timestamp-millis': at(4.9) }, 4, 0],
  // Of two of one time Java's bisection meets the later one first here.
  [{ 'scan.timestamp-millis': at(5) }, 6, 1],
  [{ 'scan.timestamp-millis': at(5.5) }, 6, 1],
  [{ 'scan.timestamp-millis': at(100) }, 9, 1],
  [{ 'scan.mode': 'from-timestamp', 'scan.timestamp-millis': at(8) }, 8, 1],
  [{ 'scan.timestamp': localText(4) }, 4, 0],
  [{ 'scan.timestamp': localText(4).replace(' ', 'T') }, 4, 0],
  [{ 'scan.timestamp': '2026-11-01T04:30:00Z' }, 4, 0],
  [{ 'scan.timestamp': '2026-11-01T04:30:00+00:30' }, 4, 0],
  [{ 'scan.timestamp': '2026-11-3' }, 9, 1],
  [{ 'scan.watermark': '-5' }, 5, 0],
  [{ 'scan.watermark': '100' }, 5, 0],
  [{ 'scan.watermark': '101' }, 7, 1],
  [{ 'scan.watermark': '400' }, 9, 1],
  // What the mode alone picks is read with the schema of now.
  [{ 'scan.mode': 'compacted-full' }, 8, 1],
  [{ 'scan.mode': 'compacted-full', 'full-compaction.delta-commits': '7' }, 7, 1],
  [{ 'scan.mode': 'compacted-full', 'full-compaction.delta-commits': '5' }, 9, 1],
  [{ 'scan.mode': 'compacted-full', 'changelog-producer': 'full-compaction' }, 8, 1],
  [{ 'scan.creation-time-millis': at(4) }, 4, 1],
  [{ 'scan.creation-time-millis': at(4.1) }, 5, 1],
  [{ 'scan.mode': 'from-creation-timestamp', 'scan.creation-time-millis': at(8.5) }, 9, 1],
])('%j is snapshot %i with schema %i', async (options, snapshotId, schemaId) => {
  const state = await readState(STORE, NEW, options)
  expect(state.snapshot?.id).toBe(snapshotId)
  expect(state.schema.id).toBe(schemaId)
  expect(state.schema.options).toEqual({ ...NEW.options, ...options })
  expect(state.createdSinceMillis).toBeUndefined()
})

test.each<[Record<string, string>, number]>([
  [{ 'scan.file-creation-time-millis': at(4) }, START + 4 * HOUR],
  [{ 'scan.mode': 'from-file-creation-time', 'scan.file-creation-time-millis': '0' }, 0],
  // Before the first snapshot, and after the last one, files tell.
  [{ 'scan.creation-time-millis': at(3) }, START + 3 * HOUR],
  [{ 'scan.creation-time-millis': at(10) }, START + 10 * HOUR],
])('%j is the latest snapshot, of its files only new ones', async (options, createdSinceMillis) => {
  const state = await readState(STORE, NEW, options)
  expect(state).toMatchObject({ snapshot: { id: 9 }, schema: { id: 1 }, createdSinceMillis })
})

test.each<[string, Record<string, string>, code: string, message: string, hint: string]>([
  [
    'an expired snapshot',
    { 'scan.snapshot-id': '2' },
    'NOT_FOUND',
    'there is no snapshot 2',
    'the table has the snapshots 3 to 9; the tag "old" keeps snapshot 1',
  ],
  [
    'a snapshot to come',
    { 'scan.snapshot-id': '10' },
    'NOT_FOUND',
    'there is no snapshot 10',
    'the snapshots 3 to 9; the tag "4" keeps snapshot 7',
  ],
  [
    'an unknown tag',
    { 'scan.tag-name': 'odl' },
    'NOT_FOUND',
    'there is no tag "odl" (did you mean "old"?)',
    'the tags are 4, old, watermark-200',
  ],
  ['an unknown version', { 'scan.version': 'v1' }, 'NOT_FOUND', 'there is no tag "v1"', ''],
  ['an empty version', { 'scan.version': '' }, 'INVALID', 'scan.version', ''],
  [
    'a watermark that is no number',
    { 'scan.version': 'watermark-x' },
    'NOT_FOUND',
    'did you mean "watermark-200"',
    '',
  ],
  [
    'a time before the first snapshot',
    { 'scan.timestamp-millis': at(2) },
    'NOT_FOUND',
    'no snapshot of 2026-11-01T02:00:00.000Z or before',
    'the earliest is snapshot 3 of 2026-11-01T03:00:00.000Z; the tag "old" keeps snapshot 1',
  ],
  [
    'a watermark that is not reached',
    { 'scan.watermark': '401' },
    'NOT_FOUND',
    'no snapshot whose watermark is 401 or more',
    'the watermark of snapshot 9, the latest, is 400',
  ],
  ['no time', { 'scan.timestamp': 'yesterday' }, 'INVALID', '"yesterday" is no time', 'local'],
  ['no day', { 'scan.timestamp': '2026-02-30' }, 'INVALID', '"2026-02-30" is no time', ''],
  [
    'two states',
    { 'scan.snapshot-id': '4', 'scan.tag-name': 'old' },
    'INVALID',
    'options scan.snapshot-id and scan.tag-name cannot be set together',
    'keep one',
  ],
  [
    'a mode without its option',
    { 'scan.mode': 'from-timestamp' },
    'INVALID',
    'from-timestamp needs scan.timestamp-millis or scan.timestamp',
    '',
  ],
  [
    'a mode with the option of another',
    { 'scan.mode': 'latest', 'scan.snapshot-id': '4' },
    'INVALID',
    'scan.mode = latest does not go with scan.snapshot-id',
    'leave scan.mode out',
  ],
  [
    'a tag in the mode of snapshots',
    { 'scan.mode': 'from-snapshot-full', 'scan.tag-name': 'old' },
    'INVALID',
    'from-snapshot-full does not go with scan.tag-name',
    '',
  ],
  ['changes', { 'incremental-between': '3,4' }, 'UNSUPPORTED', 'changes between snapshots', ''],
])('%s is refused', async (_, options, code, message, hint) => {
  const error: unknown = await readState(STORE, NEW, options).catch((thrown: unknown) => thrown)
  assert(error instanceof LakeError)
  expect(error.code).toBe(code)
  expect(error.message).toContain(message)
  expect(error.hint ?? '').toContain(hint)
})

test.each<Record<string, string>>([
  {},
  { 'scan.mode': 'compacted-full' },
  { 'scan.file-creation-time-millis': '0' },
  { 'scan.creation-time-millis': '0' },
])('%j of a table without snapshots is nothing', async (options) => {
  expect((await readState(await tableOf([]), NEW, options)).snapshot).toBeNull()
})

test.each<[Record<string, string>, string]>([
  [{ 'scan.snapshot-id': '1' }, 'the table has no snapshots yet'],
  [{ 'scan.timestamp-millis': '1' }, 'the table has no snapshots yet'],
  [{ 'scan.watermark': '1' }, 'the table has no snapshots yet'],
  [{ 'scan.tag-name': 'v1' }, 'the table has no tags'],
])('%j of a table without snapshots is refused', async (options, hint) => {
  const state = readState(await tableOf([]), NEW, options)
  await expect(state).rejects.toMatchObject({ code: 'NOT_FOUND', hint })
})

test('the full compactions of a batch count whatever their schedule', async () => {
  const batch = { commitKind: 'COMPACT', commitIdentifier: BATCH_IDENTIFIER } as const
  const store = await tableOf([snapshotOf(1, batch), snapshotOf(2), snapshotOf(3)])
  const options = { 'scan.mode': 'compacted-full', 'full-compaction.delta-commits': '2' }
  expect((await readState(store, NEW, options)).snapshot?.id).toBe(1)
})

test('snapshots before any watermark are passed over', async () => {
  const store = await tableOf([
    snapshotOf(1),
    snapshotOf(2),
    snapshotOf(3, { watermark: 5n }),
    snapshotOf(4),
    snapshotOf(5, { watermark: 9n }),
  ])
  const found = async (watermark: string): Promise<number> =>
    (await readState(store, NEW, { 'scan.watermark': watermark })).snapshot!.id
  expect(await found('1')).toBe(3)
  expect(await found('6')).toBe(5)
  await expect(found('10')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  const none = await tableOf([snapshotOf(1), snapshotOf(2)])
  await expect(readState(none, NEW, { 'scan.watermark': '1' })).rejects.toMatchObject({
    hint: 'snapshot 2, the latest, has no watermark',
  })
})
