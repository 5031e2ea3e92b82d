/** Whatever changes a table publishes its Iceberg metadata; none of it fails because that does. */
import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import type { FileIO } from '../../../src/io/file-io.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { expirySettled } from '../../../src/table/maintain/expire-step.ts'
import { icebergFailure } from '../../../src/table/maintain/iceberg.ts'
import type { Table } from '../../../src/table/table.ts'
import { FaultyFileIO } from '../../support/faults.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'

const ON = { 'metadata.iceberg.storage': 'table-location' }

interface Place {
  readonly io: MemoryFileIO
  readonly root: string
}

async function createTable(options: Readonly<Record<string, string>>): Promise<Place> {
  const [io, root] = [new MemoryFileIO(), `memory://${randomUUID()}/t`]
  await createRowTable(io, root, { options: { bucket: '-1', ...options } })
  return { io, root }
}

let lastId = 0n
const write = async (table: Table): Promise<unknown> =>
  await table.write([{ dt: '2026-11-21', id: ++lastId, v: 'x' }])

/** What has to have happened before the change is that of each: three commits, and the tag `v1` of the first. */
const CHANGES: Readonly<Record<string, (table: Table) => Promise<unknown>>> = {
  'a commit': write,
  'a commit of a write-only writer': async (table) =>
    await write(table.withOptions({ 'write-only': true })),
  'a commit without upkeep': async (table) => await table.truncate(),
  'partitions that are dropped': async (table) =>
    await table.dropPartitions([{ dt: '2026-11-21' }]),
  'partitions that expire': async (table) =>
    await table.expirePartitions({ expirationTime: '1 ms' }),
  'rows that are deleted': async (table) => await table.deleteWhere("dt = '2026-11-21'"),
  'a compaction': async (table) => await table.compact({ full: true }),
  'manifests that are merged': async (table) => await table.compactManifests(),
  'an analysis': async (table) => await table.analyze(),
  'a tag': async (table) => await table.tags.create('v2'),
  'a tag that moves': async (table) => await table.tags.replace('v1'),
  'a tag of another name': async (table) => await table.tags.rename('v1', 'v3'),
  'a tag that goes': async (table) => await table.tags.delete('v1'),
  'tags that expire': async (table) => await table.tags.expire({ olderThan: new Date() }),
  'a new column': async (table) =>
    await table.alter([{ action: 'addColumn', column: 'w', type: 'INT' }]),
  'a rollback': async (table) => await table.rollbackTo({ snapshot: 1 }),
  'an expiry': async (table) => await table.expire({ retainMin: 1, retainMax: 1 }),
  'a branch that the table becomes': async (table) => {
    await table.branches.create('dev', { tag: 'v1' })
    await table.branches.fastForward('dev')
  },
}

describe('Iceberg clients see the table as it is after', () => {
  test.each(Object.entries(CHANGES))('%s', async (_, change) => {
    const { io, root } = await createTable(ON)
    const before = await openRowTable(io, root)
    for (let i = 0; i < 3; i++) await write(before)
    await before.tags.create('v1', { at: { snapshot: 1 } })
    const shown = (await before.iceberg.show())!
    expect(shown).toMatchObject({ snapshotId: 3, behind: [] })
    const table = await openRowTable(io, root)
    await change(table)
    const now = (await (await openRowTable(io, root)).iceberg.show())!
    const latest = await table.latestSnapshot()
    expect(now).toMatchObject({ snapshotId: latest!.id, behind: [] })
    // The change was one that clients see.
    expect({ ...now, updatedMillis: 0 }).not.toEqual({ ...shown, updatedMillis: 0 })
  })

  test('an expiry beside commits', async () => {
    const { io, root } = await createTable({
      ...ON,
      'snapshot.num-retained.min': '1',
      'snapshot.num-retained.max': '1',
      'snapshot.expire.execution-mode': 'async',
    })
    const table = await openRowTable(io, root)
    for (let i = 0; i < 2; i++) await write(table)
    await expirySettled(table.store)
    expect(await table.iceberg.show()).toMatchObject({ snapshots: [{ id: 2 }], behind: [] })
  })
})

test('dry runs, branches and tables that are not to be shown publish nothing', async () => {
  const { io, root } = await createTable(ON)
  const table = await openRowTable(io, root)
  for (let i = 0; i < 2; i++) await write(table)
  const before = await table.iceberg.show()
  await table.expire({ retainMin: 1, retainMax: 1, dryRun: true })
  await table.rollbackTo({ snapshot: 1 }, { dryRun: true })
  await table.alter([{ action: 'addColumn', column: 'w', type: 'INT' }], { dryRun: true })
  await table.branches.create('dev')
  expect(await table.iceberg.show()).toEqual(before)
  const { iceberg } = table.withOptions({ 'metadata.iceberg.storage': 'disabled' })
  expect(iceberg.isEnabled).toBe(false)
  expect(await iceberg.emit({ rebuild: true })).toBeNull()
  expect(await iceberg.show()).toBeNull()
})

/** Requests of a commit, a tag and a new column. */
async function requestsOf(options: Readonly<Record<string, string>>): Promise<object> {
  const { io, root } = await createTable(options)
  const table = await openRowTable(io, root)
  await write(table)
  const before = io.stats().requestCounts
  await write(table)
  await table.tags.create('v1')
  await table.alter([{ action: 'addColumn', column: 'w', type: 'INT' }])
  const { requestCounts } = io.stats()
  return Object.fromEntries(
    Object.entries(requestCounts).map(([kind, count]) => [kind, count - (before[kind] ?? 0)]),
  )
}

test('where there is nothing to publish nothing is asked of the storage for it', async () => {
  const without = await requestsOf({})
  expect(await requestsOf({ 'metadata.iceberg.storage': 'disabled' })).toEqual(without)
  expect(await requestsOf(ON)).not.toEqual(without)
})

test('what fails of it is told, counted, and made good by the next change', async () => {
  const { io, root } = await createTable(ON)
  await write(await openRowTable(io, root))
  const failing: FileIO = new FaultyFileIO(io, ({ name, path }) =>
    name !== 'list' && path.includes('/metadata/') ? 'fail' : undefined,
  )
  const table = await openRowTable(failing, root)
  await using writer = await table.writer()
  await writer.write([{ dt: '2026-11-21', id: 1n, v: 'x' }])
  const { snapshots, upkeepErrors } = await writer.commit({ identifier: 1n })
  expect(snapshots).toMatchObject([{ id: 2 }])
  expect(upkeepErrors).toMatchObject([{ code: 'IO' }])
  expect((await table.tags.create('v1')).snapshot.id).toBe(2)
  expect(table.metrics().commit).toMatchObject({ numIcebergFailed: 2, numUpkeepFailed: 0 })
  expect(icebergFailure(table.store)?.error).toMatchObject({ code: 'IO' })
  await expect(table.iceberg.emit()).rejects.toMatchObject({ code: 'IO' })

  const healed = await openRowTable(io, root)
  expect((await healed.iceberg.show())!.behind).toEqual([
    'clients read snapshot 1, and the latest is 2',
    'the tag "v1" of snapshot 2 is not shown',
  ])
  await write(healed)
  expect(await healed.iceberg.show()).toMatchObject({ snapshotId: 3, behind: [] })
  expect(await healed.iceberg.emit()).toMatchObject({ isChanged: false, snapshotIds: [] })
  expect(icebergFailure(healed.store)).toBeNull()
})
