/** Tags: made, given another snapshot, renamed, deleted and expired. */
import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { tagPath } from '../../../src/snapshot/paths.ts'
import { storedSnapshot } from '../../../src/snapshot/snapshot-store.ts'
import { tagsOf, type TableTags } from '../../../src/table/maintain/tags.ts'
import type { Table } from '../../../src/table/table.ts'
import { parseNewSchema } from '../../../src/types/new-schema.ts'
import { HOUR, snapshotOf, START } from '../../support/snapshot-tables.ts'

const io = new MemoryFileIO()
let table: Table
let now: number

beforeEach(async () => {
  const catalog = new Catalog(io, `memory://${randomUUID()}`)
  const schema = parseNewSchema({ fields: [{ name: 'id', type: 'INT' }] })
  table = await catalog.createTable('db.t', schema as never)
  for (const id of [1, 2, 3])
    await table.store.snapshots.create(
      storedSnapshot(snapshotOf(id, { timeMillis: START + id * HOUR })),
    )
  now = START + 4 * HOUR
})

/** By a clock that stands still. */
function tags(options: Record<string, string> = {}): TableTags {
  const schema = { ...table.schema, options: { ...table.schema.options, ...options } }
  const clock = { now: () => now, sleep: async () => await Promise.resolve() }
  return tagsOf({ store: table.store, schema, clock })
}

const idOf = async (name: string): Promise<number> => (await table.tags.get(name)).snapshot.id
const names = async (): Promise<string[]> => (await table.tags.list()).map(({ name }) => name)

describe('a tag', () => {
  test('is of the latest snapshot, or of the one of an id, a time or another tag', async () => {
    await table.tags.create('latest')
    await table.tags.create('id', { at: { snapshot: 1 } })
    await table.tags.create('time', { at: { timestamp: START + 2.5 * HOUR } })
    await table.tags.create('tag', { at: { tag: 'id' } })
    expect(await Promise.all(['latest', 'id', 'time', 'tag'].map(idOf))).toEqual([3, 1, 2, 1])
  })

  test('has the bytes of its snapshot, and its times if it is kept for a while', async () => {
    const { snapshot, bytes } = storedSnapshot((await table.latestSnapshot())!)
    await table.tags.create('for-good')
    const { location } = table.store
    expect(Buffer.from(await io.read(tagPath(location, 'for-good')))).toEqual(Buffer.from(bytes))
    now = new Date(2026, 10, 3, 4, 5, 0, 7).getTime()
    const tag = await tags({ 'tag.default-time-retained': '1 d' }).create('for-a-day')
    expect(new TextDecoder().decode(await io.read(tagPath(location, 'for-a-day')))).toMatch(
      /,\n {2}"tagCreateTime" : \[ 2026, 11, 3, 4, 5, 0, 7000000 \],\n {2}"tagTimeRetained" : 86400\.000000000\n\}$/,
    )
    expect(tag).toMatchObject({ snapshot, tagTimeRetainedNanos: 86_400_000_000_000n })
  })

  test('of an expired snapshot can be tagged again by its id', async () => {
    await table.tags.create('a', { at: { snapshot: 1 } })
    await table.store.snapshots.delete(1)
    await table.tags.create('b', { at: { snapshot: 1 } })
    expect(await idOf('b')).toBe(1)
  })

  test('gets another snapshot, and stays for good then', async () => {
    await tags().create('a', { at: { snapshot: 1 }, timeRetained: '1 h' })
    const replaced = await table.tags.replace('a', { at: { snapshot: 2 } })
    expect(replaced).toMatchObject({ snapshot: { id: 2 }, tagTimeRetainedNanos: undefined })
  })

  test('gets another name, also where a rename died half-way', async () => {
    await table.tags.create('a', { at: { snapshot: 1 } })
    await table.tags.create('b')
    await table.tags.create('c', { at: { snapshot: 1 } })
    await expect(table.tags.rename('a', 'b')).rejects.toMatchObject({ code: 'EXISTS' })
    await table.tags.rename('a', 'c')
    expect(await names()).toEqual(['b', 'c'])
  })

  test('is told of in a file, which goes with it', async () => {
    const told = tags({ 'tag.create-success-file': 'true' })
    await told.create('a')
    const path = `${table.path}/tag/tag-success-file/a_SUCCESS`
    const text = `{\n  "creationTime" : ${now},\n  "modificationTime" : ${now}\n}`
    expect(new TextDecoder().decode(await io.read(path))).toBe(text)
    expect(await told.delete('a')).toMatchObject({ tags: ['a'], fileCount: 2 })
    expect(await io.stat(path)).toBeNull()
  })
})

test('tags expire by the time that they are kept for, and by their age', async () => {
  await tags().create('hour', { timeRetained: '1 h' })
  await tags().create('day', { timeRetained: '1 d' })
  await tags().create('stays')
  now += HOUR
  expect((await tags().expire()).tags).toEqual([])
  now += 1
  expect((await tags().expire({ dryRun: true })).tags).toEqual(['hour'])
  expect(await names()).toContain('hour')
  expect((await tags().expire()).tags).toEqual(['hour'])
  const older = { olderThan: new Date(Date.now() + HOUR) }
  expect((await tags().expire(older)).tags).toEqual(['day', 'stays'])
})

describe('what is refused', () => {
  test.each([
    ['a name that is there', async () => await table.tags.create('a'), 'EXISTS'],
    ['a blank name', async () => await table.tags.create(' '), 'INVALID'],
    ['a name that leads elsewhere', async () => await table.tags.create('../a'), 'INVALID'],
    ['no duration', async () => await table.tags.create('b', { timeRetained: -1 }), 'INVALID'],
    ['no snapshot', async () => await table.tags.create('b', { at: { snapshot: 9 } }), 'NOT_FOUND'],
    ['a tag that is not there', async () => await table.tags.replace('b'), 'NOT_FOUND'],
    ['to rename one', async () => await table.tags.rename('b', 'c'), 'NOT_FOUND'],
    ['to delete one', async () => await table.tags.delete(['a', 'b']), 'NOT_FOUND'],
    ['no time', async () => await table.tags.expire({ olderThan: new Date('soon') }), 'INVALID'],
  ])('%s', async (_, call, code) => {
    await table.tags.create('a')
    await expect(call()).rejects.toMatchObject({ code })
    expect(await names()).toEqual(['a'])
  })

  test('a second automatic name for a snapshot', async () => {
    const auto = tags({ 'tag.automatic-creation': 'process-time' })
    await auto.create('2026-11-01')
    await expect(auto.create('2026-11-02')).rejects.toMatchObject({ code: 'INVALID' })
    await auto.create('2026-11-02', { at: { snapshot: 2 } })
  })
})
