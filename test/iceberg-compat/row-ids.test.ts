/** Ids of rows in version 3 of tables that number their rows themselves. */
import { afterEach, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { dropMemoryStore, MemoryFileIO } from '../../src/io/memory.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import { openIceberg, treeFiles, treeSnapshot } from '../support/iceberg-tree.ts'

afterEach(() => {
  dropMemoryStore('row-ids')
})

const WAREHOUSE = 'memory://row-ids/warehouse'

test('files have the ids of the table, and rows that were written anew have none that it gives later', async () => {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, WAREHOUSE)
  const options = {
    bucket: '-1',
    'row-tracking.enabled': 'true',
    'metadata.iceberg.storage': 'table-location',
    'metadata.iceberg.format-version': '3',
  }
  const fields = [{ name: 'id', type: 'INT' }]
  await catalog.createTable('db.t', parseNewSchema({ fields, options }))
  const table = await catalog.table('db.t')
  const write = async (ids: readonly number[]): Promise<void> => {
    await using writer = await table.writer()
    await writer.writeJson([ids.map((id) => ({ id }))])
    await writer.commit()
  }
  await write([0, 1, 2])
  await table.deleteWhere('id = 1')
  await write([3, 4])
  const tree = (await openIceberg(io, `${WAREHOUSE}/db.db/t/metadata`))!
  const { files } = await treeFiles(tree, treeSnapshot(tree, 3))
  const ids = files.map(({ firstRowId, rowCount }) => [firstRowId, rowCount])
  expect(ids.toSorted((a, b) => a[0]! - b[0]!)).toEqual([
    [3, 2],
    [2 ** 50, 2],
  ])
  expect(tree.metadata['next-row-id']).toBe(2 ** 50 + 2)

  // Clients find the ids of rows that were written anew in their file.
  const rewritten = files.find(({ firstRowId }) => firstRowId === 2 ** 50)!
  expect(await fieldIdsOf(io, rewritten.path)).toEqual({
    id: 0,
    _ROW_ID: 2_147_483_540,
    _SEQUENCE_NUMBER: 2_147_483_539,
  })
  const tracked = (await catalog.systemTable('db.t$row_tracking')).read()
  const rows = await Array.fromAsync(tracked.rows())
  expect(rows.map((row) => [row['id'], row['_ROW_ID'], row['_SEQUENCE_NUMBER']])).toEqual([
    [0, 0n, 1n],
    [2, 2n, 1n],
    [3, 3n, 3n],
    [4, 4n, 3n],
  ])
})

test('what orders the rows of a key is not taken for what orders the changes of rows', async () => {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, WAREHOUSE)
  const definition = parseNewSchema({
    fields: [{ name: 'id', type: 'INT NOT NULL' }],
    primaryKeys: ['id'],
    options: { bucket: '1', 'metadata.iceberg.storage': 'table-location' },
  })
  await catalog.createTable('db.k', definition)
  const table = await catalog.table('db.k')
  await using writer = await table.writer()
  await writer.writeJson([[{ id: 1 }]])
  await writer.commit()
  const [file] = await Array.fromAsync(
    io.list(`${WAREHOUSE}/db.db/k/bucket-0`, { namePrefix: 'data-' }),
  )
  expect(await fieldIdsOf(io, file!.path)).toMatchObject({ _SEQUENCE_NUMBER: 2_147_483_646 })
})

async function fieldIdsOf(io: FileIO, path: string): Promise<Record<string, number | undefined>> {
  const { root } = await openParquet(io, path)
  return Object.fromEntries(root.children.map(({ name, element }) => [name, element.fieldId]))
}
