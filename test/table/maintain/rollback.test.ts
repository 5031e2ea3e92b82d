/** Rollbacks: what is left of a table, and what a dead process leaves to be done. */
import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { ChangelogStore } from '../../../src/snapshot/changelog-store.ts'
import { snapshotPath } from '../../../src/snapshot/paths.ts'
import { storedSnapshot } from '../../../src/snapshot/snapshot-store.ts'
import type { Table } from '../../../src/table/table.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'
import { snapshotOf } from '../../support/snapshot-tables.ts'

const io = new MemoryFileIO()
let root: string
let table: Table

beforeEach(async () => {
  root = `memory://${randomUUID()}/t`
  await createRowTable(io, root)
  table = await openRowTable(io, root)
  for (const id of [1, 2, 3, 4]) await table.store.snapshots.create(storedSnapshot(snapshotOf(id)))
})

const hint = async (name: string): Promise<string> =>
  new TextDecoder().decode(await io.read(`${root}/snapshot/${name}`))

/** As a process finds it that knows nothing of the table. */
const latestId = async (): Promise<number | undefined> =>
  (await (await openRowTable(io, root)).latestSnapshot())?.id

describe('a rollback', () => {
  test('to a snapshot takes newer snapshots, tags and changelogs away', async () => {
    await table.tags.create('kept', { at: { snapshot: 2 } })
    await table.tags.create('gone', { at: { snapshot: 3 } })
    await table.consumers.reset('ahead', 'latest')
    await table.consumers.reset('behind', 3)
    const changelogs = new ChangelogStore(io, table.store.location)
    for (const { id } of [{ id: 1 }, { id: 4 }])
      await changelogs.write({ ...(await table.latestSnapshot())!, id })
    const wouldGo = await table.rollbackTo({ snapshot: 2 }, { dryRun: true })
    expect(await latestId()).toBe(4)

    const done = await table.rollbackTo({ snapshot: 2 })
    expect(done).toEqual(wouldGo)
    expect(done).toMatchObject({
      snapshot: { id: 2 },
      snapshots: [3, 4],
      tags: ['gone'],
      consumersAhead: ['ahead'],
      fileCount: 4,
    })
    expect(await table.store.snapshots.ids()).toEqual([1, 2])
    expect(await table.store.tags.list()).toEqual(['kept'])
    expect(await changelogs.ids()).toEqual([1])
    expect(await hint('LATEST')).toBe('2')
    expect(await latestId()).toBe(2)
  })

  test('to a tag puts back its snapshot where that has expired', async () => {
    await table.tags.create('old', { at: { snapshot: 2 } })
    for (const id of [1, 2, 3]) await table.store.snapshots.delete(id)
    await table.rollbackTo({ tag: 'old' })
    expect(await table.store.snapshots.ids()).toEqual([2])
    expect([await hint('EARLIEST'), await hint('LATEST')]).toEqual(['2', '2'])
    expect(await latestId()).toBe(2)
  })

  test('to a time takes the last snapshot until then', async () => {
    const { timeMillis } = await table.store.snapshots.read(3)
    const { snapshot } = await table.rollbackTo({ timestamp: timeMillis + 0.5 })
    expect(snapshot.timeMillis).toBe(timeMillis)
  })

  test('that died is done again by the same call', async () => {
    await table.store.snapshots.delete(4)
    await table.rollbackTo({ snapshot: 2 })
    expect(await table.rollbackTo({ snapshot: 2 })).toMatchObject({ snapshots: [], fileCount: 0 })
    expect(await latestId()).toBe(2)
  })

  test.each([
    ['a snapshot that is not there', { snapshot: 9 }, 'NOT_FOUND'],
    ['a tag that is not there', { tag: 'none' }, 'NOT_FOUND'],
    ['a time before the table', { timestamp: 0 }, 'NOT_FOUND'],
    ['a tag later than the table', { tag: 'later' }, 'INVALID'],
  ])('to %s is refused', async (_, to, code) => {
    await table.tags.create('later')
    await io.delete(snapshotPath(table.store.location, 4))
    await expect(table.rollbackTo(to)).rejects.toMatchObject({ code })
    expect(await table.store.snapshots.ids()).toEqual([1, 2, 3])
  })
})
