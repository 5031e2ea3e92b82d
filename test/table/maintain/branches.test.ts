/** Branches: made, renamed, deleted, and made what the table becomes. */
import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { storedSnapshot } from '../../../src/snapshot/snapshot-store.ts'
import type { Table } from '../../../src/table/table.ts'
import { parseNewSchema } from '../../../src/types/new-schema.ts'
import { snapshotOf } from '../../support/snapshot-tables.ts'

const io = new MemoryFileIO()
let warehouse: string
let table: Table

const SCHEMA = parseNewSchema({ fields: [{ name: 'id', type: 'INT' }] })

/** As a process finds it that knows nothing of the table. */
const open = async (branch = ''): Promise<Table> =>
  await new Catalog(io, warehouse).table(branch === '' ? 'db.t' : `db.t$branch_${branch}`)

/** Commits of metadata alone: each tells of itself in the name of its manifest list. */
async function write(branch: string, ...ids: readonly number[]): Promise<void> {
  const { snapshots } = (await open(branch)).store
  for (const id of ids) {
    const next = ((await snapshots.range())?.latest ?? 0) + 1
    const baseManifestList = `manifest-list-${branch}-${id}`
    await snapshots.create(storedSnapshot(snapshotOf(next, { baseManifestList })))
  }
}

beforeEach(async () => {
  warehouse = `memory://${randomUUID()}`
  table = await new Catalog(io, warehouse).createTable('db.t', SCHEMA as never)
  await write('', 1, 2)
  await table.tags.create('v2')
})

/** What was committed, in order. */
const idsOf = async (branch = ''): Promise<string[]> =>
  (await (await open(branch)).snapshots()).map((each) => each.baseManifestList.split('-').at(-1)!)

const filesBelow = async (directory: string): Promise<string[]> => {
  const listed = await Array.fromAsync(io.list(`${table.path}/${directory}`, { recursive: true }))
  return listed.map(({ path }) => path.slice(`${table.path}/${directory}/`.length)).toSorted()
}

describe('a branch', () => {
  test('begins as a tag, with copies of its files, or empty', async () => {
    await table.branches.create('dev', { tag: 'v2' })
    await table.branches.create('empty')
    expect(await table.branches.list()).toEqual(['dev', 'empty'])
    expect(await filesBelow('branch')).toEqual([
      'branch-dev/schema/schema-0',
      'branch-dev/snapshot/snapshot-2',
      'branch-dev/tag/tag-v2',
      'branch-empty/schema/schema-0',
    ])
    await write('dev', 3)
    expect([await idsOf(), await idsOf('dev'), await idsOf('empty')]).toEqual([
      ['1', '2'],
      ['2', '3'],
      [],
    ])
    await table.branches.create('dev', { ifNotExists: true })
    expect(await idsOf('dev')).toEqual(['2', '3'])
  })

  test('begins as a tag whose snapshot has expired', async () => {
    await write('', 3)
    for (const id of [1, 2]) await table.store.snapshots.delete(id)
    await table.branches.create('dev', { tag: 'v2' })
    expect(await idsOf('dev')).toEqual(['2'])
  })

  test('that a dead process left half made is made anew', async () => {
    const left = `${table.path}/branch/branch-dev/snapshot/snapshot-1`
    await io.write(left, await io.read(`${table.path}/snapshot/snapshot-1`))
    await table.branches.create('dev', { tag: 'v2' })
    expect(await idsOf('dev')).toEqual(['2'])
    expect(await io.stat(left)).toBeNull()
  })

  test.each([true, false])(
    'gets another name with all that it has, in one step: %s',
    async (is) => {
      await table.branches.create('dev', { tag: 'v2' })
      await write('dev', 3)
      const before = (await filesBelow('branch/branch-dev')).toSorted()
      const storage = is ? io : Object.assign(new MemoryFileIO(), { renameDirectory: undefined })
      const renamed = await new Catalog(storage, warehouse).table('db.t')
      await renamed.branches.rename('dev', 'next')
      expect(await table.branches.list()).toEqual(['next'])
      expect(await filesBelow('branch/branch-next')).toEqual(before)
      expect(await idsOf('next')).toEqual(['2', '3'])
    },
  )

  test('goes with its metadata, and nothing else', async () => {
    await table.branches.create('dev', { tag: 'v2' })
    await write('dev', 3)
    const wouldGo = await table.branches.delete('dev', { dryRun: true })
    expect(await idsOf('dev')).toEqual(['2', '3'])
    expect(await table.branches.delete('dev')).toEqual(wouldGo)
    expect(await table.branches.list()).toEqual([])
    expect(await idsOf()).toEqual(['1', '2'])
    await table.branches.create('dev')
    expect(await idsOf('dev')).toEqual([])
  })
})

describe('a fast-forward', () => {
  test('makes the table what the branch is, and what it committed since goes', async () => {
    await table.branches.create('dev', { tag: 'v2' })
    await write('dev', 3, 4, 5)
    await (await open('dev')).tags.create('v4', { at: { snapshot: 4 } })
    await write('', 7, 8)
    await table.tags.create('gone')
    const wouldBe = await table.branches.fastForward('dev', { dryRun: true })
    expect(await idsOf()).toEqual(['1', '2', '7', '8'])

    const done = await table.branches.fastForward('dev')
    expect(done).toEqual(wouldBe)
    expect(done).toMatchObject({ snapshots: [3, 4], tags: ['gone'], latestSnapshot: 5 })
    expect(await idsOf()).toEqual(['1', '2', '3', '4', '5'])
    expect(await (await open()).store.tags.list()).toEqual(['v2', 'v4'])
    // Once more, nothing is left to do.
    expect(await table.branches.fastForward('dev')).toMatchObject({ snapshots: [], fileCount: 0 })
    await write('', 9)
    expect(await idsOf()).toContain('9')
  })

  test('reaches back to snapshots that the table has no more', async () => {
    await table.branches.create('dev', { tag: 'v2' })
    await write('dev', 3)
    await write('', 7, 8)
    for (const id of [1, 2, 3]) await table.store.snapshots.delete(id)
    await io.write(`${table.path}/snapshot/EARLIEST`, new TextEncoder().encode('4'))
    await table.branches.fastForward('dev')
    expect(await idsOf()).toEqual(['2', '3'])
    expect(new TextDecoder().decode(await io.read(`${table.path}/snapshot/EARLIEST`))).toBe('2')
  })

  test('takes schemas over too', async () => {
    await table.branches.create('dev', { tag: 'v2' })
    const dev = await open('dev')
    const changed = { ...dev.schema, id: 1, comment: 'of dev' }
    await dev.store.schemas.create(changed)
    await table.store.schemas.create({ ...table.schema, id: 1, comment: 'of main' })
    await table.store.schemas.create({ ...table.schema, id: 2 })
    await write('dev', 3)
    await table.branches.fastForward('dev')
    expect(await table.store.schemas.ids()).toEqual([0, 1])
    expect((await table.store.schemas.read(1)).comment).toBe('of dev')
  })
})

describe('what is refused', () => {
  test.each([
    ['main', async () => await table.branches.create('main'), 'INVALID'],
    ['digits alone', async () => await table.branches.create('12'), 'INVALID'],
    ['a blank name', async () => await table.branches.create(' '), 'INVALID'],
    ['a name that leads elsewhere', async () => await table.branches.create('a/b'), 'INVALID'],
    ['a branch that is there', async () => await table.branches.create('dev'), 'EXISTS'],
    ['another tag', async () => await table.branches.create('x', { tag: 'y' }), 'NOT_FOUND'],
    ['to rename main', async () => await table.branches.rename('main', 'x'), 'INVALID'],
    ['to rename none', async () => await table.branches.rename('x', 'y'), 'NOT_FOUND'],
    ['to rename over one', async () => await table.branches.rename('dev', 'e'), 'EXISTS'],
    ['to delete none', async () => await table.branches.delete('dve'), 'NOT_FOUND'],
    ['to delete main', async () => await table.branches.delete('main'), 'INVALID'],
    ['to become itself', async () => await table.branches.fastForward('main'), 'INVALID'],
    ['to become what is empty', async () => await table.branches.fastForward('e'), 'INVALID'],
    [
      'to delete what is read from',
      async () => await table.withOptions({ 'scan.fallback-branch': 'dev' }).branches.delete('dev'),
      'INVALID',
    ],
  ])('%s', async (_, call, code) => {
    await table.branches.create('dev', { tag: 'v2' })
    await table.branches.create('e')
    await expect(call()).rejects.toMatchObject({ code })
    expect(await table.branches.list()).toEqual(['dev', 'e'])
  })
})
