/** Reading branches, by their names and by options, and partitions that one branch lacks from another. */
import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { openBranch } from '../../src/snapshot/table-store.ts'
import type { ReadAt } from '../../src/table/plan/read-at.ts'
import type { Table } from '../../src/table/table.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import type { DynamicOptions } from '../../src/types/options.ts'

const SCHEMA = parseNewSchema({
  fields: [
    { name: 'p', type: 'STRING NOT NULL' },
    { name: 'id', type: 'INT NOT NULL' },
    { name: 'v', type: 'STRING' },
  ],
  partitionKeys: ['p'],
  primaryKeys: ['p', 'id'],
  options: { bucket: '1' },
})

let catalog: Catalog
let main: Table
let dev: Table

/** Makes a branch without snapshots; its schema may differ from that of the table. */
async function createBranch(table: Table, name: string, changed: object = {}): Promise<void> {
  const { schemas } = openBranch(table.store, name)
  await schemas.create({ ...table.schema, ...changed })
}

async function setOptions(table: Table, options: Record<string, string>): Promise<void> {
  const { schema, store } = table
  const id = (await store.schemas.readLatest()).id + 1
  await store.schemas.create({ ...schema, id, options: { ...schema.options, ...options } })
}

const row = (p: string, id: number, v: string) => ({ p, id, v })

beforeEach(async () => {
  catalog = new Catalog(new MemoryFileIO(), `memory://${randomUUID()}/wh`)
  main = await catalog.createTable('db.t', SCHEMA)
  await main.write([row('x', 1, 'main'), row('x', 2, 'main')])
  await createBranch(main, 'dev')
  dev = await catalog.table('db.t$branch_dev')
  await dev.write([row('x', 1, 'dev'), row('y', 1, 'dev')])
  await dev.write([row('z', 9, 'dev')])
})

async function texts(table: Table, options: DynamicOptions = {}): Promise<string[]> {
  const rows = await table.read({ options }).toArray()
  return rows.map(({ p, id, v }) => [p, id, v].join(' ')).toSorted()
}

const MAIN = ['x 1 main', 'x 2 main']
const DEV = ['x 1 dev', 'y 1 dev', 'z 9 dev']

describe('a branch', () => {
  test('has rows, snapshots and files of its own', async () => {
    expect(await texts(main)).toEqual(MAIN)
    expect(await texts(dev)).toEqual(DEV)
    expect(dev.name).toBe('db.t$branch_dev')
    expect(dev.path).toBe(main.path)
    expect(await main.snapshots()).toHaveLength(1)
    const snapshots = await catalog.systemTable('db.t$branch_dev$snapshots')
    expect(await snapshots.read().toArray()).toHaveLength(2)
    const files = await catalog.systemTable('db.t$branch_dev$files')
    expect(await files.read().toArray()).toHaveLength(3)
    const branches = await catalog.systemTable('db.t$branches')
    expect(await branches.read({ columns: ['branch_name'] }).toArray()).toEqual([
      { branch_name: 'dev' },
    ])
  })

  test('is read by an option too, with other options of the read', async () => {
    expect(await texts(main, { branch: 'dev' })).toEqual(DEV)
    expect(await texts(main.withOptions({ branch: 'dev' }))).toEqual(DEV)
    const first = { branch: 'dev', 'scan.snapshot-id': 1 }
    expect(await texts(main, first)).toEqual(['x 1 dev', 'y 1 dev'])
    expect(await texts(main.withOptions(first))).toEqual(['x 1 dev', 'y 1 dev'])
    expect(await texts(dev, { branch: 'main' })).toEqual(MAIN)
    const log = await catalog.systemTable('db.t$audit_log')
    expect(await log.read({ options: { branch: 'dev' } }).toArray()).toHaveLength(3)
  })

  test('of another name is told with the nearest one', async () => {
    const missing = { code: 'NOT_FOUND', message: /no branch "dve" \(did you mean "dev"\?\)/ }
    await expect(catalog.table('db.t$branch_dve')).rejects.toThrow(missing.message)
    await expect(catalog.open('db.t$branch_dve$files')).rejects.toMatchObject({
      code: missing.code,
    })
    await expect(texts(main, { branch: 'dve' })).rejects.toThrow(missing.message)
    await expect(catalog.table('db.u$branch_dev')).rejects.toThrow(/no table db\.u/)
    expect(await catalog.tableExists('db.t$branch_dev')).toBe(true)
    expect(await catalog.tableExists('db.t$branch_dve')).toBe(false)
  })

  test('is not written or listed by an option', async () => {
    const other = main.withOptions({ branch: 'dev' })
    const hint = { code: 'UNSUPPORTED', hint: expect.stringContaining('branch_dev') as string }
    await expect(other.write([row('x', 3, 'main')])).rejects.toMatchObject(hint)
    await expect(other.delete([row('x', 3, 'main')])).rejects.toMatchObject(hint)
    await expect(other.writer()).rejects.toMatchObject(hint)
    await expect(other.snapshots()).rejects.toMatchObject(hint)
    await expect(other.latestSnapshot()).rejects.toMatchObject(hint)
    await expect(other.schemas()).rejects.toMatchObject(hint)
    await expect(other.check()).rejects.toMatchObject(hint)
    expect(() => other.changes()).toThrow(expect.objectContaining(hint) as Error)
    const files = await catalog.systemTable('db.t$files')
    expect(() => files.read({ options: { branch: 'dev' } })).toThrow(
      expect.objectContaining(hint) as Error,
    )
    await expect(catalog.createTable('db.t$branch_new', SCHEMA)).rejects.toMatchObject({
      code: 'INVALID',
    })
  })
})

const fallback = { 'scan.fallback-branch': 'dev' }

function read(more: object): Promise<object[]> {
  return main.read({ options: fallback, ...more }).toArray()
}

describe('partitions that a branch lacks', () => {
  test('come from the fallback branch, and a partition that is there comes whole', async () => {
    const both = [...MAIN, 'y 1 dev', 'z 9 dev']
    expect(await texts(main, fallback)).toEqual(both)
    await setOptions(main, fallback)
    expect(await texts(await catalog.table('db.t'))).toEqual(both)
  })

  test('come from the table itself where another branch is the primary one', async () => {
    await main.write([row('w', 5, 'main')])
    expect(await texts(main, { 'scan.primary-branch': 'dev' })).toEqual(['w 5 main', ...DEV])
  })

  test('come with filters, columns and limits', async () => {
    // No row of x passes, but x is there.
    expect(await read({ where: "id = 1 and v <> 'main'" })).toEqual([row('y', 1, 'dev')])
    expect(await read({ where: "p = 'z'", columns: ['v', 'id'] })).toEqual([{ v: 'dev', id: 9 }])
    expect(await read({ limit: 3 })).toHaveLength(3)
    expect(await read({ limit: 1, where: "p = 'y'" })).toEqual([row('y', 1, 'dev')])
  })

  test('are read from a plan of another process', async () => {
    const splits = structuredClone((await main.read({ options: fallback }).plan()).splits)
    const other = main.read({ options: fallback, columns: ['p'] })
    const partitions: string[] = []
    for (const split of splits)
      for await (const batch of other.readSplit(split))
        for (const partition of batch.getChild('p')!) partitions.push(String(partition))
    expect(partitions.toSorted()).toEqual(['x', 'x', 'y', 'z'])
  })

  test('are as they were at the time of the snapshot', async () => {
    await main.write([row('w', 5, 'main')])
    // The other branch had both its snapshots by then.
    const options = { ...fallback, 'scan.snapshot-id': 2 }
    expect(await texts(main, options)).toEqual(['w 5 main', ...MAIN, 'y 1 dev', 'z 9 dev'])
  })

  test('are read by position where the branches count their fields apart', async () => {
    const fields = main.schema.fields.map((field) => ({ ...field, id: field.id + 10 }))
    await createBranch(main, 'apart', { fields, highestFieldId: 12 })
    await (await catalog.table('db.t$branch_apart')).write([row('q', 7, 'apart')])
    expect(await texts(main, { 'scan.fallback-branch': 'apart' })).toEqual(['q 7 apart', ...MAIN])
  })

  test('are not there when the branch has been dropped, unless it is asked for now', async () => {
    await setOptions(main, { 'scan.fallback-branch': 'gone' })
    const table = await catalog.table('db.t')
    expect(await texts(table)).toEqual(MAIN)
    await expect(texts(main, { 'scan.fallback-branch': 'gone' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('are refused of a branch with other columns, and of two branches', async () => {
    const fields = main.schema.fields.map((field) => ({ ...field, name: `${field.name}2` }))
    const keys = { primaryKeys: ['p2', 'id2'], partitionKeys: ['p2'] }
    await createBranch(main, 'other', { fields, ...keys })
    await expect(texts(main, { 'scan.fallback-branch': 'other' })).rejects.toThrow(
      /main and other do not have the same columns/,
    )
    const two = { ...fallback, 'scan.primary-branch': 'other' }
    await expect(texts(main, two)).rejects.toMatchObject({ code: 'INVALID' })
  })
})

describe('the state to read', () => {
  test.each<[ReadAt, number]>([
    [{ snapshot: 1 }, 1],
    [{ timestamp: new Date('2100-01-01') }, 2],
    [{ timestamp: Date.parse('2100-01-01') }, 2],
    [{ timestamp: '2100-01-01 00:00:00' }, 2],
    [{ version: '1' }, 1],
  ])('%j is snapshot %i', async (at, snapshotId) => {
    expect((await dev.read({ at }).plan()).snapshotId).toBe(snapshotId)
  })

  test('may be a watermark', async () => {
    await using writer = await dev.writer()
    await writer.write([row('x', 3, 'dev')])
    await writer.commit({ watermark: 5n })
    expect((await dev.read({ at: { watermark: 4 } }).plan()).snapshotId).toBe(3)
    expect((await dev.read({ at: { watermark: 5n } }).plan()).snapshotId).toBe(3)
  })

  test.each<object>([
    {},
    { snapshot: 1, tag: 'v1' },
    { snapshots: 1 },
    { timestamp: new Date('never') },
    { snapshot: 1.5 },
  ])('%j is none', async (at) => {
    const plan = async (): Promise<unknown> => await dev.read({ at: at as ReadAt }).plan()
    await expect(plan()).rejects.toMatchObject({ code: 'INVALID' })
  })
})
