/** A table that gets a column while somebody holds it: nobody writes rows anew without that column. */
import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { Table } from '../../../src/table/table.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'

const io = new MemoryFileIO()
let count = 0

/** A table as it was opened before it got the column `w`, and has rows with it: the third and the fourth. */
async function staleTable(options: Readonly<Record<string, unknown>>) {
  const root = `memory://later-schema-${++count}/t`
  await createRowTable(io, root, { options, partitionKeys: [] })
  const stale = await openRowTable(io, root)
  for (const id of [1n, 2n]) await stale.write([{ dt: 'a', id, v: 'x' }])
  const { schema, store } = stale
  const field = { id: 3, name: 'w', type: parseTypeText('STRING') }
  await store.schemas.create({
    ...schema,
    id: 1,
    fields: [...schema.fields, field],
    highestFieldId: 3,
  })
  const table = await openRowTable(io, root)
  for (const id of [3n, 4n]) await table.write([{ dt: 'a', id, v: 'x', w: `w${id}` }])
  return { root, stale }
}

const newColumn = async (root: string): Promise<unknown[]> => {
  const table: Table = await openRowTable(io, root)
  const rows = await table.read().toArray()
  return rows.map(({ id, w }) => `${String(id)} ${String(w)}`).toSorted()
}

const ALL = ['1 null', '2 null', '3 w3', '4 w4']

test.each([{ bucket: -1 }, { bucket: 1, 'bucket-key': 'id' }])(
  'compactions leave the files of the later schema alone: %o',
  async (options) => {
    const { root, stale } = await staleTable({ ...options, 'compaction.min.file-num': 2 })
    await stale.compact({ full: true })
    await stale.write([{ dt: 'a', id: 5n, v: 'x' }])
    await stale.compact({ full: true })
    expect(await newColumn(root)).toEqual([...ALL, '5 null'])
  },
)

test('updates, merges, sorts and deletes of their rows are refused', async () => {
  const { root, stale } = await staleTable({ bucket: -1 })
  const refused = { code: 'CONFLICT', message: expect.stringContaining('another schema') }
  await expect(stale.update({ set: { v: 'y' } })).rejects.toMatchObject(refused)
  const source = [{ dt: 'a', id: 3n, v: 'z' }]
  await expect(stale.mergeInto(source, { on: ['id'] })).rejects.toMatchObject(refused)
  await expect(stale.compact({ orderBy: { columns: ['id'] } })).rejects.toMatchObject(refused)
  await expect(stale.deleteWhere('id = 4')).rejects.toMatchObject(refused)
  expect(await newColumn(root)).toEqual(ALL)
  expect((await (await openRowTable(io, root)).check()).counts.orphanFiles).toBe(0)
})
