/** Tables with deletion vectors, which version 2 shows as positions and version 3 as Puffin files. */
import type { CaseTable, IcebergCase } from './case.ts'

const VECTORS = { 'deletion-vectors.enabled': 'true' }
const LARGE = { ...VECTORS, 'deletion-vectors.bitmap64': 'true' }

type Row = Record<string, unknown>

const rowsFrom = (from: number, to: number, v: string): Row[] =>
  Array.from({ length: to - from }, (_, i) => ({ id: from + i, p: (from + i) % 3, v }))

/** Updates, deletes of keys, and a key that comes back. */
async function changeKeys(table: CaseTable): Promise<void> {
  await table.write(rowsFrom(0, 60, 'first'))
  await table.write(rowsFrom(10, 25, 'second'))
  await table.keep()
  await table.write(rowsFrom(0, 5, 'gone').map((row) => ({ ...row, _kind: '-D' })))
  await table.write(rowsFrom(3, 4, 'back'))
}

const KEYED = { fields: { id: 'INT', p: 'INT', v: 'STRING' }, primaryKeys: ['id'] }
const PARTED = { ...KEYED, primaryKeys: ['p', 'id'], partitionKeys: ['p'] }
const PLAIN = { fields: KEYED.fields, options: LARGE }

function keyedIn(version: 2 | 3, group: string): IcebergCase[] {
  const each = { version, group }
  return [
    { ...each, ...KEYED, name: 'key', options: LARGE, steps: changeKeys },
    { ...each, ...KEYED, name: 'key_32', options: VECTORS, steps: changeKeys },
    {
      ...each,
      ...KEYED,
      name: 'key_mixed',
      options: VECTORS,
      steps: async (table) => {
        await table.write(rowsFrom(0, 60, 'first'))
        await table.write(rowsFrom(10, 25, 'second'))
        await table.change(
          async (plain) =>
            await plain.alter([
              { action: 'setOption', name: 'deletion-vectors.bitmap64', value: 'true' },
            ]),
        )
        await table.write(rowsFrom(40, 50, 'third'))
      },
    },
    { ...each, ...PARTED, name: 'key_parts', options: LARGE, steps: changeKeys },
    {
      ...each,
      ...KEYED,
      name: 'key_compacted',
      options: LARGE,
      steps: async (table) => {
        await changeKeys(table)
        await table.compact()
        await table.keep()
        await table.write(rowsFrom(50, 70, 'after'))
      },
    },
    {
      ...each,
      ...KEYED,
      name: 'key_waiting',
      options: { ...LARGE, bucket: '1' },
      steps: async (table) => {
        await table.write(rowsFrom(0, 60, 'first'))
        await table.write(rowsFrom(10, 25, 'second'))
        // Rows that wait on level 0 for a compactor are shown by nobody yet.
        await table.write(rowsFrom(0, 5, 'waits'), { 'write-only': 'true' })
        table.forget()
      },
    },
    {
      ...each,
      ...KEYED,
      name: 'key_thin',
      options: { ...LARGE, 'data-file.thin-mode': 'true' },
      steps: changeKeys,
    },
    {
      ...each,
      ...KEYED,
      name: 'key_partial_update',
      options: { ...LARGE, 'merge-engine': 'partial-update' },
      steps: async (table) => {
        await table.write(rowsFrom(0, 40, 'first'))
        await table.write(rowsFrom(10, 25, 'second').map((row) => ({ ...row, p: null })))
        table.forget()
      },
    },
    {
      ...each,
      fields: { id: 'INT', n: 'BIGINT' },
      primaryKeys: ['id'],
      name: 'key_aggregation',
      options: { ...LARGE, 'merge-engine': 'aggregation', 'fields.n.aggregate-function': 'sum' },
      steps: async (table) => {
        await table.write(counts(0))
        await table.write(counts(10))
        table.forget()
      },
    },
    {
      ...each,
      ...KEYED,
      name: 'key_many',
      options: { ...LARGE, bucket: '1' },
      steps: async (table) => {
        await table.write(rowsFrom(0, 30_000, 'first'))
        await table.write(rowsFrom(0, 20_000, 'second').filter((_, i) => i % 3 === 0))
        await table.write(rowsFrom(25_000, 30_000, 'gone').map((row) => ({ ...row, _kind: '-D' })))
      },
    },
  ]
}

const counts = (from: number): Row[] =>
  Array.from({ length: 30 }, (_, i) => ({ id: from + i, n: `${i}` }))

async function changeRows(table: CaseTable): Promise<void> {
  await table.write(rowsFrom(0, 60, 'first'))
  await table.write(rowsFrom(60, 90, 'second'))
  await table.deleteWhere('id < 7', ({ id }) => Number(id) < 7)
  await table.keep()
  await table.deleteWhere('p = 1 and id > 70', ({ id, p }) => p === 1 && Number(id) > 70)
  await table.deleteWhere('id = 8', ({ id }) => id === 8)
}

function plainIn(version: 2 | 3, group: string): IcebergCase[] {
  const each = { version, group, ...PLAIN }
  return [
    { ...each, name: 'append', steps: changeRows },
    { ...each, name: 'append_32', options: VECTORS, steps: changeRows },
    { ...each, name: 'append_parts', partitionKeys: ['p'], steps: changeRows },
    {
      ...each,
      name: 'append_gone',
      steps: async (table) => {
        await changeRows(table)
        // All rows of one file are deleted.
        await table.deleteWhere('id >= 60', ({ id }) => Number(id) >= 60)
        await table.write(rowsFrom(100, 110, 'third'))
      },
    },
  ]
}

export const VECTOR_CASES: readonly IcebergCase[] = ([2, 3] as const).flatMap((version) => {
  const group = `Deletion vectors, version ${version}`
  const cases = [...keyedIn(version, group), ...plainIn(version, group)]
  return cases.map((each) => ({ ...each, name: `dv${version}_${each.name}` }))
})
