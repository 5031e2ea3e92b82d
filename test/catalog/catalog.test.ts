import { beforeEach, describe, expect, test } from 'vitest'

import { Catalog, createCatalog } from '../../src/catalog/catalog.ts'
import { parseIdentifier } from '../../src/catalog/identifier.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { Table } from '../../src/table/table.ts'
import { type Columns, defineSchema, type SchemaDefinition, t } from '../../src/types/schema.ts'
import { readRows } from '../support/golden-expect.ts'

function usersOf<C extends Columns & { id: unknown }>(columns: C): SchemaDefinition<C> {
  return defineSchema({ columns, primaryKey: ['id'], options: { bucket: 1 } })
}

const USERS = usersOf({ id: t.bigint().notNull(), name: t.string() })

let count = 0
let io: MemoryFileIO
let catalog: Catalog
beforeEach(() => {
  io = new MemoryFileIO()
  catalog = new Catalog(io, `memory://catalog-${++count}/wh`)
})

describe('databases', () => {
  test('are the directories that end in .db, sorted', async () => {
    await catalog.createDatabase('b')
    await catalog.createDatabase('a')
    await io.write(`${catalog.warehouse}/c/x`, new Uint8Array(1))
    await io.write(`${catalog.warehouse}/d.db`, new Uint8Array(1))
    expect(await catalog.databases()).toEqual(['a', 'b'])
  })

  test('are made once, unless they may be there', async () => {
    await catalog.createDatabase('a')
    await expect(catalog.createDatabase('a')).rejects.toMatchObject({ code: 'EXISTS' })
    await catalog.createDatabase('a', { ifNotExists: true })
  })

  test('that are not there are NOT_FOUND, with the nearest name', async () => {
    await catalog.createDatabase('sales')
    await expect(catalog.tables('sale')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('did you mean "sales"?') as string,
    })
  })
})

describe('tables', () => {
  test('are directories with a schema', async () => {
    await catalog.createTable('a.users', USERS)
    await io.write(`${catalog.warehouse}/a.db/rest/file`, new Uint8Array(1))
    expect(await catalog.tables('a')).toEqual(['users'])
    expect(await catalog.tableExists('a.users')).toBe(true)
    expect(await catalog.tableExists('a.rest')).toBe(false)
  })

  test('are made once, unless they may be there with the same columns', async () => {
    await catalog.createTable('a.users', USERS)
    await expect(catalog.createTable('a.users', USERS)).rejects.toMatchObject({ code: 'EXISTS' })
    const again = await catalog.createTable('a.users', USERS, { ifNotExists: true })
    expect(again.name).toBe('a.users')
    const other = usersOf({ id: t.bigint().notNull(), name: t.int() })
    await expect(
      catalog.createTable('a.users', other, { ifNotExists: true }),
    ).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('that two make at once are made by one of them', async () => {
    const made = await Promise.allSettled(
      [1, 2, 3].map(async () => await catalog.createTable('a.users', USERS)),
    )
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await catalog.tables('a')).toEqual(['users'])
  })

  test('that are refused leave no table', async () => {
    const wrong = { ...USERS, options: { bucket: 'many' } } as unknown as typeof USERS
    await expect(catalog.createTable('a.users', wrong)).rejects.toMatchObject({ code: 'INVALID' })
    expect(await catalog.tableExists('a.users')).toBe(false)
  })

  test('are opened with a definition only if it fits', async () => {
    await catalog.createTable('a.users', USERS)
    const table = await catalog.table('a.users', USERS)
    expect(table.path).toBe(`${catalog.warehouse}/a.db/users`)
    const other = usersOf({ id: t.int().notNull(), name: t.string() })
    await expect(catalog.table('a.users', other)).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('and what hangs on them are told apart by their names', async () => {
    await catalog.createTable('a.users', USERS)
    expect(await catalog.open('a.users')).toBeInstanceOf(Table)
    expect(await catalog.open('a.users$files')).toMatchObject({ name: 'a.users$files' })
    await expect(catalog.table('a.users$files')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(catalog.systemTable('a.users')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(catalog.table('a.user')).rejects.toThrow(/did you mean "users"/)
    await expect(catalog.checkTable('a.user')).rejects.toThrow(/did you mean "users"/)
  })

  test('are not asked for once the signal has fired', async () => {
    await catalog.createTable('a.users', USERS)
    const signal = AbortSignal.abort()
    for (const call of [
      catalog.databases({ signal }),
      catalog.tables('a', { signal }),
      catalog.open('a.users', { signal }),
      catalog.createTable('a.b', USERS, { signal }),
      catalog.checkTable('a.users', { signal }),
    ])
      await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await catalog.tableExists('a.b')).toBe(false)
  })
})

async function readSystem(name: string): Promise<unknown[]> {
  const rows = await readRows((await catalog.systemTable(name)).read())
  return rows.map((row) => JSON.parse(row) as unknown)
}

describe('the database sys', () => {
  test('has the tables of the whole catalog', async () => {
    await catalog.createTable('b.events', defineSchema({ columns: { at: t.timestamp(3) } }))
    await catalog.createTable('a.users', USERS)
    expect(await catalog.tables('sys')).toEqual([
      'tables',
      'partitions',
      'all_table_options',
      'catalog_options',
    ])
    expect(await catalog.databases()).toEqual(['a', 'b'])
    const rows = await (await catalog.systemTable('sys.Tables')).read().toArray()
    expect(
      rows.map((row) => [row['database_name'], row['table_name'], row['primary_key']]),
    ).toEqual([
      ['a', 'users', true],
      ['b', 'events', false],
    ])
    expect(await readSystem('sys.all_table_options')).toContainEqual({
      database_name: 'a',
      table_name: 'users',
      key: 'path',
      value: `${catalog.warehouse}/a.db/users`,
    })
    expect(await catalog.open('sys.tables')).toMatchObject({ name: 'sys.tables' })
  })

  test('cannot be written', async () => {
    for (const call of [
      catalog.createDatabase('sys'),
      catalog.createTable('sys.users', USERS),
      catalog.table('sys.tables'),
      catalog.checkTable('sys.tables'),
    ])
      await expect(call).rejects.toMatchObject({ code: 'INVALID' })
    await expect(catalog.open('sys.table')).rejects.toThrow(/did you mean "tables"/)
    await expect(catalog.open('sys.tables$files')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('shows the options of the catalog, but no secrets', async () => {
    const warehouse = 'memory://sys-options/wh'
    const options = { warehouse, 's3.secret-key': 'geheim', 's3.endpoint': 'http://localhost' }
    catalog = new Catalog(io, warehouse, options)
    expect(await readSystem('sys.catalog_options')).toEqual([
      { key: 's3.endpoint', value: 'http://localhost' },
      { key: 's3.secret-key', value: '***' },
      { key: 'warehouse', value: warehouse },
    ])
  })
})

describe('names', () => {
  test.each([
    ['a.b', { database: 'a', table: 'b' }],
    ['a.b.c', { database: 'a', table: 'b.c' }],
    ['a.b$files', { database: 'a', table: 'b', systemTable: 'files' }],
    ['a.b$branch_dev', { database: 'a', table: 'b', branch: 'dev' }],
    ['a.b$branch_dev$files', { database: 'a', table: 'b', branch: 'dev', systemTable: 'files' }],
    ['a.b$branch_main', { database: 'a', table: 'b' }],
    ['a.b$branch_a_branch_b', { database: 'a', table: 'b', branch: 'a_branch_b' }],
  ])('%s', (text, identifier) => {
    expect(parseIdentifier(text)).toEqual(identifier)
  })

  test.each([
    'a',
    '.b',
    'a.',
    '',
    'a.b/c',
    '../x.b',
    'a...',
    'a.\u0000',
    'a.db.b/..',
    ' a.b',
    'a.b$files$branch_dev',
    'a.b$branch_dev$files$x',
    'a.b$branch_',
    'a.b$branch_../c',
    'a.b$branch_..',
  ])('%j names no table', (text) => {
    expect(() => parseIdentifier(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})

describe('a catalog', () => {
  test.each([
    [{}, 'INVALID'],
    [{ warehouse: '' }, 'INVALID'],
    [{ warehouse: '/wh', warehuose: '/x' }, 'INVALID'],
    [{ warehouse: '/wh', metastore: 'hive' }, 'UNSUPPORTED'],
    [{ warehouse: 'hdfs://n/wh' }, 'UNSUPPORTED'],
  ])('of the options %j is %s', async (options, code) => {
    await expect(createCatalog(options as { warehouse: string })).rejects.toMatchObject({ code })
  })
})
