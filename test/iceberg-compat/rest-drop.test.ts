/** Tables that are committed to an Iceberg REST catalog from their first row to their end. */
import { randomUUID } from 'node:crypto'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { type Catalog, createCatalog, parseNewSchema } from '../../src/index.ts'
import { FakeIcebergCatalog } from '../support/fake-iceberg-catalog.ts'

const server = new FakeIcebergCatalog()

beforeEach(() => {
  vi.stubGlobal('fetch', server.fetch)
  server.tables.clear()
  server.trouble = () => undefined
})

afterEach(() => {
  vi.unstubAllGlobals()
})

async function withTable(options: Readonly<Record<string, string>> = {}): Promise<Catalog> {
  const catalog = await createCatalog({ warehouse: `memory://${randomUUID()}/lake` })
  const definition = {
    fields: [{ name: 'id', type: 'INT' }],
    options: {
      'metadata.iceberg.storage': 'rest-catalog',
      'metadata.iceberg.rest.uri': server.uri,
      ...options,
    },
  }
  await catalog.createTable('db.t', parseNewSchema(definition))
  await write(catalog, 'db.t')
  return catalog
}

async function write(catalog: Catalog, name: string): Promise<readonly unknown[]> {
  await using writer = await (await catalog.table(name)).writer()
  await writer.writeJson([[{ id: 1 }]])
  const { upkeepErrors } = await writer.commit()
  return upkeepErrors
}

test('a commit puts its snapshot on the server, and one that the server misses the next', async () => {
  const catalog = await withTable()
  expect(server.table()).toMatchObject({ 'current-snapshot-id': 1, refs: { main: {} } })
  server.trouble = () => ({ refuse: 403 })
  expect(await write(catalog, 'db.t')).toMatchObject([{ code: 'INVALID' }])
  expect(server.table()['current-snapshot-id']).toBe(1)
  server.trouble = () => undefined
  expect(await write(catalog, 'db.t')).toEqual([])
  expect(server.table()).toMatchObject({
    'current-snapshot-id': 3,
    'snapshot-log': [{ 'snapshot-id': 1 }, { 'snapshot-id': 2 }, { 'snapshot-id': 3 }],
    snapshots: [{}, {}, {}],
  })
  await catalog.close()
})

test.each([{}, { 'metadata.iceberg.storage-location': 'table-location' }])(
  'the server has a renamed table under its new name alone, and a dropped one no more, with %j',
  async (options) => {
    const catalog = await withTable(options)
    await catalog.renameTable('db.t', 'db.u')
    expect([...server.tables.keys()]).toEqual(['db.u'])
    expect(await write(catalog, 'db.u')).toEqual([])
    expect(server.table('db.u')['current-snapshot-id']).toBe(2)
    await catalog.dropTable('db.u')
    expect(server.tables.size).toBe(0)
    await catalog.close()
  },
)

test('a table is dropped whatever the server says, and the table of another stays there', async () => {
  const catalog = await withTable()
  server.table()['table-uuid'] = 'of another'
  await catalog.dropTable('db.t')
  expect(server.tables.size).toBe(1)
  server.tables.clear()
  const second = await withTable()
  server.trouble = () => ({ refuse: 403 })
  await second.dropTable('db.t')
  expect(server.tables.size).toBe(1)
  await expect(second.table('db.t')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await Promise.all([catalog.close(), second.close()])
})

test('a token may be given to the object that commits, and is in no file then', async () => {
  const catalog = await withTable()
  server.trouble = ({ headers }) =>
    headers['authorization'] === 'Bearer given-later' ? undefined : { refuse: 401 }
  const table = (await catalog.table('db.t')).withOptions({
    'metadata.iceberg.rest.token': 'given-later',
  })
  await using writer = await table.writer()
  await writer.writeJson([[{ id: 2 }]])
  expect((await writer.commit()).upkeepErrors).toEqual([])
  expect(server.table()['current-snapshot-id']).toBe(2)
  for await (const { path } of catalog.io.list(catalog.warehouse, { recursive: true })) {
    const text = Buffer.from(await catalog.io.read(path)).toString('latin1')
    expect(text).not.toContain('given-later')
  }
})
