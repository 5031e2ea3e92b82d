import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts'
import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import type { Table } from '../../src/table/table.ts'
import { defineSchema, t } from '../../src/types/schema.ts'

let catalog: Catalog

beforeAll(async () => {
  catalog = await createCatalog({ warehouse: 'memory://files-written/warehouse' })
})
afterAll(async () => {
  await catalog.close()
})

const columns = { region: t.string().notNull(), id: t.int().notNull(), name: t.string() }
const rows = Array.from({ length: 400 }, (_, i) => ({
  region: i % 2 === 0 ? 'eu' : 'us',
  id: (i * 7919) % 400,
  name: `name ${i}`,
}))

interface Options {
  readonly 'data-file.thin-mode'?: boolean
  readonly 'file.suffix.include.compression'?: boolean
}

async function makeTable(name: string, options: Options = {}): Promise<Table> {
  const definition = defineSchema({
    columns,
    primaryKey: ['region', 'id'],
    partitionBy: ['region'],
    options: { bucket: 4, ...options },
  })
  await catalog.createTable(`db.${name}`, definition)
  return await catalog.table(`db.${name}`)
}

interface FileRow {
  readonly file_path: string
  readonly level: number
}

async function filesOf(table: Table): Promise<FileRow[]> {
  const system = await catalog.systemTable(`${table.name}$files`)
  return (await system.read({ columns: ['file_path', 'level'] }).toArray()) as unknown as FileRow[]
}

test('a commit leaves one run on level 0 in each bucket, under names of one writer', async () => {
  const table = await makeTable('plain')
  await table.write(rows)
  const files = await filesOf(table)
  const names = files.map(({ file_path }) =>
    /\/region=(eu|us)\/bucket-[0-3]\/data-([0-9a-f-]{36})-(\d+)\.parquet$/.exec(file_path),
  )
  expect(names).not.toContain(null)
  expect(files.map(({ level }) => level)).toEqual(Array.from({ length: 8 }, () => 0))
  expect(new Set(names.map((name) => name?.[2])).size).toBe(1)
  expect(names.map((name) => Number(name?.[3])).toSorted((a, b) => a - b)).toEqual([
    0, 1, 2, 3, 4, 5, 6, 7,
  ])
  await table.write(rows.slice(0, 1))
  expect(await filesOf(table)).toHaveLength(9)
})

test.each<[string, Options, string[]]>([
  ['keys', {}, ['_KEY_id', '_SEQUENCE_NUMBER', '_VALUE_KIND', 'region', 'id', 'name']],
  [
    'thin',
    { 'data-file.thin-mode': true, 'file.suffix.include.compression': true },
    ['_SEQUENCE_NUMBER', '_VALUE_KIND', 'region', 'id', 'name'],
  ],
])(
  'files of the table %s have their columns and their rows in order',
  async (name, options, names) => {
    const table = await makeTable(name, options)
    await table.write(rows)
    const files = await filesOf(table)
    for (const { file_path } of files) {
      expect(file_path).toMatch(name === 'thin' ? /-\d\.zst\.parquet$/ : /-\d\.parquet$/)
      const { root } = await openParquet(table.io, file_path)
      expect(root.children.map((child) => child.name)).toEqual(names)
    }
    const { damage, counts } = await table.check()
    expect({ damage, files: counts.dataFiles, rows: counts.rows }).toEqual({
      damage: [],
      files: files.length,
      rows: rows.length,
    })
  },
)
