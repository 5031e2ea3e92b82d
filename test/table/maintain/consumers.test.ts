import { randomUUID } from 'node:crypto'

/** Consumers: moved, deleted and expired. */
import { beforeEach, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { storedSnapshot } from '../../../src/snapshot/snapshot-store.ts'
import type { TableStore } from '../../../src/snapshot/table-store.ts'
import { openTableStore } from '../../../src/snapshot/table-store.ts'
import { consumersOf, expireConsumers } from '../../../src/table/maintain/consumers.ts'
import { testSchema } from '../../support/commit-tables.ts'
import { HOUR, snapshotOf, START } from '../../support/snapshot-tables.ts'

let now = START
const io = new MemoryFileIO({ now: () => now })
const clock = { now: () => now, sleep: async () => await Promise.resolve() }
let store: TableStore

beforeEach(async () => {
  now = START
  store = openTableStore(io, `memory://${randomUUID()}/t`)
  for (const id of [3, 4, 5]) await store.snapshots.create(storedSnapshot(snapshotOf(id)))
})

function consumers(options: Record<string, string> = {}): ReturnType<typeof consumersOf> {
  return consumersOf({ store, schema: testSchema(options), clock })
}

test('a consumer is moved to what there is, or is to come', async () => {
  for (const next of ['earliest', 4, 'latest', 6] as const) {
    const { nextSnapshot } = await consumers().reset('c', next)
    const expected = { earliest: 3, latest: 6 }[String(next)] ?? next
    expect(nextSnapshot).toBe(expected)
    expect(await consumers().list()).toEqual([{ name: 'c', nextSnapshot: expected }])
  }
  for (const next of [2, 7, 0.5])
    await expect(consumers().reset('c', next)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(consumers().reset('../c', 4)).rejects.toMatchObject({ code: 'INVALID' })
  expect(await consumers().list()).toEqual([{ name: 'c', nextSnapshot: 6 }])
})

test('consumers are deleted by their names, all or none', async () => {
  for (const name of ['a', 'b']) await consumers().reset(name, 4)
  await expect(consumers().delete(['a', 'bb'])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('did you mean "b"') as string,
  })
  const wouldGo = await consumers().delete(['a', 'b'], { dryRun: true })
  expect(wouldGo).toMatchObject({ consumers: ['a', 'b'], fileCount: 2 })
  expect(await consumers().delete(['a', 'b'])).toEqual(wouldGo)
  expect(await consumers().list()).toEqual([])
})

test('consumers expire that have not moved for a time', async () => {
  await consumers().reset('old', 4)
  now += HOUR
  await consumers().reset('young', 4)
  now += HOUR
  expect((await consumers().expire({ olderThan: new Date(now - 2 * HOUR) })).consumers).toEqual([])
  now += 1
  const table = { store, schema: testSchema(), clock }
  expect(await expireConsumers(table, 2 * HOUR, { dryRun: true })).toMatchObject({
    expired: { consumers: ['old'] },
    nextDueMs: START + 3 * HOUR,
  })
  const expired = await consumers({ 'consumer.expiration-time': '2 h' }).expire()
  expect(expired.consumers).toEqual(['old'])
  expect((await consumers().list()).map(({ name }) => name)).toEqual(['young'])
  await expect(consumers().expire()).rejects.toMatchObject({ code: 'INVALID' })
})
