/** Partitions that are done have a file that says so. */
import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { Table } from '../../../src/table/table.ts'
import type { PartitionMatch } from '../../../src/table/write/overwrite.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'

const ROOT = 'memory://done/t'
const at = (time: number): { clock: { now(): number; sleep(): Promise<void> } } => ({
  clock: { now: () => time, sleep: async () => {} },
})

async function tableOf(options: Readonly<Record<string, string>> = {}): Promise<Table> {
  const io = new MemoryFileIO()
  const definition = { partitionKeys: ['dt', 'id'], options: { bucket: '-1' } }
  await createRowTable(io, ROOT, definition)
  const table = await openRowTable(io, ROOT)
  const schema = { ...table.schema, options: { ...table.schema.options, ...options } }

  return new Table(table.store, 'db.t', schema)
}

const textOf = async ({ io }: Table, path: string): Promise<string> =>
  new TextDecoder().decode(await io.read(path))

test('a partition keeps the time when it was done first', async () => {
  const table = await tableOf()
  await table.markPartitionsDone([{ dt: 'a=1', id: 7 }], at(100))
  const again = await table.markPartitionsDone([{ dt: 'a=1', id: 7 }, { dt: null }], at(200))
  expect(again).toEqual([
    { path: 'dt=a%3D1/id=7', creationTime: 100, modificationTime: 200 },
    { path: 'dt=__DEFAULT_PARTITION__', creationTime: 200, modificationTime: 200 },
  ])
  // Byte for byte what Java's Jackson prints.
  expect(await textOf(table, `${ROOT}/dt=a%3D1/id=7/_SUCCESS`)).toBe(
    '{\n  "creationTime" : 100,\n  "modificationTime" : 200\n}',
  )
})

test.each<[string, PartitionMatch[], Record<string, string>, string]>([
  ['no partition', [], {}, 'INVALID'],
  ['no values', [{}], {}, 'INVALID'],
  ['a key that is left out before another', [{ id: 7 }], {}, 'INVALID'],
  ['a name that is no key', [{ day: 'a' }], {}, 'INVALID'],
  ['a value of another type', [{ dt: 'a', id: 'x' }], {}, 'INVALID'],
  [
    'an action of a metastore',
    [{ dt: 'a' }],
    { 'partition.mark-done-action': 'success-file,done-partition' },
    'UNSUPPORTED',
  ],
  [
    'an action that is none',
    [{ dt: 'a' }],
    { 'partition.mark-done-action': 'sucess-file' },
    'INVALID',
  ],
])('%s marks nothing', async (_, partitions, options, code) => {
  const table = await tableOf(options)
  await expect(table.markPartitionsDone(partitions)).rejects.toMatchObject({ code })
  const files = await Array.fromAsync(table.io.list(ROOT))
  expect(files.filter(({ path }) => path.includes('_SUCCESS'))).toEqual([])
})

test('a success file that is none is named', async () => {
  const table = await tableOf()
  const path = `${ROOT}/dt=a/_SUCCESS`
  await table.io.write(path, new TextEncoder().encode('{"creationTime":"x"}'))
  await expect(table.markPartitionsDone([{ dt: 'a' }])).rejects.toMatchObject({
    code: 'CORRUPT',
    path,
  })
})
