/** Tags that commits make and take away, and consumers that they expire. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { storedSnapshot } from '../../../src/snapshot/snapshot-store.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../../src/snapshot/snapshot.ts'
import { openTableStore } from '../../../src/snapshot/table-store.ts'
import { maintain } from '../../../src/table/maintain/after-commit.ts'
import { consumersOf } from '../../../src/table/maintain/consumers.ts'
import { tagsOf } from '../../../src/table/maintain/tags.ts'
import { testSchema } from '../../support/commit-tables.ts'
import { snapshotOf } from '../../support/snapshot-tables.ts'

const MINUTE = 60_000

/** A table whose commits are metadata alone, at minutes of 2026-11-01. */
function tableOf(options: Record<string, string>) {
  let now = Date.parse('2026-11-01T00:00:00Z')
  const start = now
  const io = new MemoryFileIO({ now: () => now })
  const clock = { now: () => now, sleep: async () => await Promise.resolve() }
  let schema = testSchema({ 'sink.process-time-zone': 'UTC', ...options })
  const root = `memory://${randomUUID()}/t`
  let store = openTableStore(io, root)
  let id = 0
  return {
    at: (minute: number) => (now = start + minute * MINUTE),
    set: (more: Record<string, string>) => (schema = testSchema({ ...schema.options, ...more })),
    reopen: () => (store = openTableStore(io, root)),
    tags: () => tagsOf({ store, schema, clock }),
    consumers: () => consumersOf({ store, schema, clock }),
    requests: () => Object.values(io.stats().requestCounts).reduce((sum, each) => sum + each, 0),
    /** The names of the tags with their snapshots. */
    async tagged(): Promise<Record<string, number>> {
      const tags = await Array.fromAsync(store.tags.readAll())
      return Object.fromEntries(tags.map(({ name, snapshot }) => [name, snapshot.id]))
    },
    async commit(minute: number, more: Partial<Snapshot> = {}, identifier = 1n) {
      now = start + minute * MINUTE
      const snapshot = snapshotOf(++id, { timeMillis: now, ...more })
      await store.snapshots.create(storedSnapshot(snapshot))
      const commit = { store, schema, clock, commitUser: 'someone', identifier }
      const failures = await maintain({ ...commit, latest: snapshot })
      if (failures.length > 0) throw failures[0]
    },
  }
}

const HOURLY = { 'tag.automatic-creation': 'process-time', 'tag.creation-period': 'hourly' }

test.each([
  // The first snapshot has a tag at once; then one that is past the end of the next period.
  [HOURLY, [5, 59, 60, 119, 250], { '2026-10-31 23': 1, '2026-11-01 00': 3, '2026-11-01 03': 5 }],
  [
    { ...HOURLY, 'tag.creation-delay': '5 m' },
    [5, 64, 65],
    { '2026-10-31 23': 1, '2026-11-01 00': 3 },
  ],
  [
    { ...HOURLY, 'tag.automatic-completion': 'true' },
    [5, 250, 251, 252],
    { '2026-10-31 23': 1, '2026-11-01 00': 2, '2026-11-01 01': 3, '2026-11-01 02': 4 },
  ],
  [
    { ...HOURLY, 'tag.num-retained-max': '2' },
    [5, 65, 125],
    { '2026-11-01 00': 2, '2026-11-01 01': 3 },
  ],
  [
    {
      ...HOURLY,
      'tag.period-formatter': 'without_dashes_and_spaces',
      'sink.process-time-zone': '+08:00',
    },
    [5],
    { '2026110107': 1 },
  ],
  [
    { ...HOURLY, 'tag.creation-period': 'two-hours' },
    [5, 119, 120],
    { '2026-10-31 22': 1, '2026-11-01 00': 3 },
  ],
  [
    { 'tag.automatic-creation': 'process-time', 'tag.creation-period-duration': '10 m' },
    [5, 25],
    { '202610312350': 1, '202611010010': 2 },
  ],
  [{ 'tag.automatic-creation': 'process-time' }, [5], { '2026-10-31': 1 }],
  [{ 'tag.automatic-creation': 'watermark' }, [5], {}],
])('%j makes of commits at %j the tags %j', async (options, minutes, expected) => {
  for (const reopens of [false, true]) {
    const table = tableOf(options)
    for (const minute of minutes) {
      if (reopens) table.reopen()
      await table.commit(minute)
    }
    expect(await table.tagged()).toEqual(expected)
  }
})

const watermark = (minute: number): Partial<Snapshot> => ({
  watermark: BigInt(Date.parse('2026-11-01T00:00:00Z') + minute * MINUTE),
})

test('watermarks make tags, also of snapshots that others committed meanwhile', async () => {
  const table = tableOf({ ...HOURLY, 'tag.automatic-creation': 'watermark' })
  table.set({ 'write-only': 'true' })
  await table.commit(0)
  await table.commit(1, { watermark: -(2n ** 63n) })
  await table.commit(2, watermark(30))
  await table.commit(3, watermark(59))
  await table.commit(4, watermark(60))
  expect(await table.tagged()).toEqual({})
  table.set({ 'write-only': 'false' })
  await table.commit(5, watermark(121))
  expect(await table.tagged()).toEqual({
    '2026-10-31 23': 3,
    '2026-11-01 00': 5,
    '2026-11-01 01': 6,
  })
})

test('a batch moves its tag, and the latest few tags are kept', async () => {
  const options = { 'tag.automatic-creation': 'batch', 'tag.num-retained-max': '2' }
  const table = tableOf(options)
  await table.commit(0, {}, BATCH_IDENTIFIER)
  await table.commit(1, {}, BATCH_IDENTIFIER)
  await table.commit(2)
  expect(await table.tagged()).toEqual({ 'batch-write-2026-11-01': 2 })
  for (const day of [1, 2]) await table.commit(day * 1440, {}, BATCH_IDENTIFIER)
  expect(await table.tagged()).toEqual({ 'batch-write-2026-11-02': 4, 'batch-write-2026-11-03': 5 })
  const named = tableOf({ ...options, 'tag.batch.customized-name': 'done' })
  await named.commit(0, {}, BATCH_IDENTIFIER)
  expect(await named.tagged()).toEqual({ done: 1 })
})

test('commits delete tags and consumers that are due, and ask nothing while none can be', async () => {
  const table = tableOf({ 'consumer.expiration-time': '1 h' })
  await table.commit(0)
  await table.tags().create('hour', { timeRetained: '1 h' })
  await table.tags().create('stays')
  table.at(30)
  await table.consumers().reset('old', 1)
  await table.commit(31)
  // Creating the snapshot is a request too.
  const before = table.requests()
  await table.commit(32)
  expect(table.requests() - before).toBe(1)
  await table.commit(60)
  expect(await table.tagged()).toEqual({ hour: 1, stays: 1 })
  await table.commit(61)
  expect(await table.tagged()).toEqual({ stays: 1 })
  expect(await table.consumers().list()).toHaveLength(1)
  await table.commit(91)
  expect(await table.consumers().list()).toEqual([])
})

test.each([
  [{ ...HOURLY, 'tag.creation-delay': '1 h' }, 'tag.creation-delay'],
  [{ ...HOURLY, 'sink.process-time-zone': 'Atlantis' }, 'sink.process-time-zone'],
])('%j is refused', async (options, name) => {
  await expect(tableOf(options).commit(0)).rejects.toMatchObject({
    code: 'INVALID',
    message: expect.stringContaining(name) as string,
  })
})
