import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import type { Table } from '../../src/table/table.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import { faultAt, FaultyFileIO } from '../support/faults.ts'
import { PATIENT, startTestS3 } from '../support/s3-file-io.ts'

const SCHEMA = parseNewSchema({ fields: [{ name: 'id', type: 'INT' }] })

async function catalogOf(...names: string[]): Promise<{ io: MemoryFileIO; catalog: Catalog }> {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, `memory://${randomUUID()}/wh`)
  for (const name of names) {
    const table = await catalog.createTable(name, SCHEMA)
    await table.write([{ id: 1 }])
  }
  return { io, catalog }
}

async function filesOf({ io, warehouse }: Catalog, below: string): Promise<string[]> {
  const files = await Array.fromAsync(io.list(`${warehouse}/${below}`, { recursive: true }))
  return files.map(({ path }) => path.slice(warehouse.length + 1))
}

test('a table goes with all its files, and nothing else; then there is none', async () => {
  const { catalog } = await catalogOf('a.t', 'a.t2')
  const others = await filesOf(catalog, 'a.db/t2')
  const own = await filesOf(catalog, 'a.db/t')
  const dry = await catalog.dropTable('a.t', { dryRun: true })
  expect(dry).toMatchObject({ tables: ['a.t'], fileCount: own.length, externalPaths: [] })
  expect(await filesOf(catalog, 'a.db/t')).toEqual(own)
  expect(await catalog.dropTable('a.t')).toEqual(dry)
  expect(await filesOf(catalog, '')).toEqual(others)
  await expect(catalog.dropTable('a.t')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await catalog.dropTable('a.t', { ifExists: true })).toMatchObject({ tables: [] })
  await (await catalog.createTable('a.t', SCHEMA)).write([{ id: 2 }])
  expect(await (await catalog.table('a.t')).read().toArray()).toEqual([{ id: 2 }])
})

test('wherever a drop is killed, the table reads as before or as nothing, and is dropped the next time', async () => {
  const seen: number[] = []
  for (let at = 1; ; at++) {
    const { io, catalog } = await catalogOf('a.t')
    const dying = new Catalog(new FaultyFileIO(io, faultAt(at, 'crash')), catalog.warehouse)
    const died = await dying.dropTable('a.t').catch((error: unknown) => error)
    if (!(died instanceof Error)) break
    const later = new Catalog(io, catalog.warehouse)
    if (await later.tableExists('a.t')) {
      seen.push((await (await later.table('a.t')).read().toArray()).length)
      await later.dropTable('a.t')
    }
    expect(await filesOf(later, 'a.db')).toEqual([])
  }
  expect(new Set(seen)).toEqual(new Set([0, 1]))
})

const ICEBERG = parseNewSchema({
  fields: [{ name: 'id', type: 'INT' }],
  options: { 'metadata.iceberg.storage': 'hadoop-catalog' },
})

async function icebergTable(catalog: Catalog): Promise<Table> {
  const table = await catalog.createTable('a.t', ICEBERG)
  await table.write([{ id: 1 }])
  return table
}

test('what Iceberg clients see of a table goes with it, though it lies elsewhere', async () => {
  const { catalog } = await catalogOf('a.u')
  const others = await filesOf(catalog, '')
  await icebergTable(catalog)
  await catalog.io.write(`${catalog.warehouse}/iceberg/a/other/file`, new Uint8Array(1))
  const own = [...(await filesOf(catalog, 'a.db/t')), ...(await filesOf(catalog, 'iceberg/a/t'))]
  expect(own.filter((path) => path.startsWith('iceberg/a/t/metadata/'))).toHaveLength(4)
  const dry = await catalog.dropTable('a.t', { dryRun: true })
  expect(dry.fileCount).toBe(own.length)
  expect(await catalog.dropTable('a.t')).toEqual(dry)
  expect(await filesOf(catalog, '')).toEqual([...others, 'iceberg/a/other/file'])
})

test('under another name Iceberg clients find all of a table, and nothing under the old one', async () => {
  const { catalog } = await catalogOf()
  const table = await icebergTable(catalog)
  const before = (await table.iceberg.show())!
  const renamed = await catalog.renameTable('a.t', 'b.u')
  const after = (await renamed.iceberg.show())!
  expect(after).toMatchObject({ tableId: before.tableId, snapshotId: 1, behind: [] })
  expect(after.metadataPath).toBe(`${catalog.warehouse}/iceberg/b/u/metadata/v1.metadata.json`)
  expect(await renamed.check()).toMatchObject({ damage: [], warnings: [] })
  expect(await filesOf(catalog, 'iceberg/a')).toEqual([])
  expect(await filesOf(catalog, 'iceberg/b/u/metadata')).toHaveLength(4)
  expect(catalog.icebergFailures().size).toBe(0)
})

test('a database goes when it is empty, or with its tables', async () => {
  const { catalog } = await catalogOf('a.t', 'a.u', 'b.t')
  await expect(catalog.dropDatabase('a')).rejects.toMatchObject({ code: 'INVALID' })
  expect((await catalog.dropDatabase('a', { cascade: true })).tables).toEqual(['a.t', 'a.u'])
  expect(await catalog.databases()).toEqual(['b'])
  await expect(catalog.dropDatabase('a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await catalog.dropTable('b.t')
  await catalog.dropDatabase('b')
  expect(await catalog.databases()).toEqual([])
})

test('a table gets another name, also in another database, unless something has it', async () => {
  const { io, catalog } = await catalogOf('a.t', 'b.t')
  await io.write(`${catalog.warehouse}/b.db/rest/file`, new Uint8Array(1))
  for (const taken of ['b.t', 'b.rest'])
    await expect(catalog.renameTable('a.t', taken)).rejects.toMatchObject({ code: 'EXISTS' })
  await expect(catalog.renameTable('a.tt', 'a.u')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(catalog.renameTable('a.t$branch_x', 'a.u')).rejects.toMatchObject({
    code: 'INVALID',
  })
  const old = await catalog.table('a.t')
  const renamed = await catalog.renameTable('a.t', 'c.u')
  await renamed.write([{ id: 2 }])
  expect(await renamed.read().toArray()).toHaveLength(2)
  expect(await catalog.tableExists('a.t')).toBe(false)
  await expect(old.write([{ id: 3 }])).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await filesOf(catalog, 'a.db')).toEqual([])
})

test('on S3 tables are dropped in few requests, and cannot be renamed', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const catalog = new Catalog(s3.io, 's3://lake/wh')
  const table = await catalog.createTable('a.t', SCHEMA)
  await table.write([{ id: 1 }])
  await expect(catalog.renameTable('a.t', 'a.u')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  s3.operations()
  await catalog.dropTable('a.t')
  const asked = s3.operations()
  expect(asked.filter((name) => name === 'DeleteObjects').length).toBeLessThanOrEqual(4)
  expect(asked.length).toBeLessThan(25)
  expect(await filesOf(catalog, '')).toEqual([])
  await catalog.dropDatabase('a')
  expect(await catalog.databases()).toEqual([])
})
