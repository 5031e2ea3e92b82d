/** Ids of rows in version 3 of tables that number their rows themselves. */
import { afterEach, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
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
})
