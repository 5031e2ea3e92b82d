/** Rows that take the place of others: of partitions, of what is written to, of all. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { Table } from '../../../src/table/table.ts'
import type { OverwriteOptions } from '../../../src/table/write/overwrite.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const row = (dt: string, id: number, v: string): Row => ({ dt, id: BigInt(id), v })
const OLD = [row('a', 1, 'old'), row('a', 2, 'old'), row('b', 1, 'old')]

async function filledTable(definition?: Readonly<Record<string, unknown>>): Promise<Table> {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, definition)
  const table = await openRowTable(io, root)
  await table.write(OLD)
  return table
}

const KEYED = { primaryKeys: ['dt', 'id'], options: { bucket: 2 } }
const DYNAMIC = { primaryKeys: ['dt', 'id'], options: { bucket: -1 } }
const APPEND = { options: { bucket: -1 } }
const NOT_PARTED = { partitionKeys: [], primaryKeys: ['id'], options: { bucket: 1 } }

interface Case {
  readonly definition?: Readonly<Record<string, unknown>>
  readonly overwrite?: OverwriteOptions
  readonly rows?: readonly Row[]
  readonly left: readonly string[]
}

const NEW = [row('a', 1, 'new'), row('a', 9, 'new')]
const A_IS_NEW = ['a 1 new', 'a 9 new', 'b 1 old']

const cases: readonly [name: string, given: Case][] = [
  ['a keyed table', { definition: KEYED, left: A_IS_NEW }],
  ['a table with dynamic buckets', { definition: DYNAMIC, left: A_IS_NEW }],
  ['an append table', { definition: APPEND, left: A_IS_NEW }],
  ['a table without partitions', { definition: NOT_PARTED, left: ['a 1 new', 'a 9 new'] }],
  ['a partition', { overwrite: { partition: { dt: 'a' } }, left: A_IS_NEW }],
  [
    'a partition with nothing',
    { overwrite: { partition: { dt: 'a' } }, rows: [], left: ['b 1 old'] },
  ],
  ['all partitions', { overwrite: { dynamic: false }, left: ['a 1 new', 'a 9 new'] }],
  [
    'all partitions by an option',
    {
      definition: { ...KEYED, options: { bucket: 2, 'dynamic-partition-overwrite': false } },
      left: ['a 1 new', 'a 9 new'],
    },
  ],
]

test.each(cases)('rows overwrite %s', async (_, given) => {
  const table = await filledTable(given.definition)
  const snapshot = await table.overwrite(given.rows ?? NEW, given.overwrite)
  expect(snapshot!.commitKind).toMatch(/OVERWRITE|COMPACT/)
  expect(await rowsOf(table)).toEqual(given.left)
  // What is written after it merges with it.
  await table.write([row('a', 1, 'later'), row('c', 1, 'later')])
  expect((await table.check()).damage).toEqual([])
  const isKeyed = given.definition !== APPEND
  expect((await rowsOf(table)).includes('a 1 new')).toBe(!isKeyed)
})

test('an overwrite without rows changes nothing where only partitions written to are replaced', async () => {
  const table = await filledTable()
  expect(await table.overwrite([])).toBeNull()
  expect(await rowsOf(table)).toHaveLength(3)
})

test('a writer that overwrites makes one commit', async () => {
  const table = await filledTable()
  await using writer = await table.writer({ overwrite: {} })
  await writer.write(NEW)
  await writer.commit()
  await expect(writer.write(NEW)).rejects.toMatchObject({ code: 'INVALID' })
})

test('messages of several writers overwrite in one commit', async () => {
  const table = await filledTable()
  const messages = []
  for (const rows of [[NEW[0]!], [NEW[1]!]]) {
    await using writer = await table.writer({ overwrite: {} })
    await writer.write(rows)
    messages.push(...(await writer.prepareCommit()))
  }
  await table.commit(messages, { user: 'job', overwrite: {} })
  expect(await rowsOf(table)).toEqual(A_IS_NEW)
})

test('truncating a table takes all rows away, and its history keeps them', async () => {
  const table = await filledTable()
  const snapshot = await table.truncate()
  expect(snapshot).toMatchObject({ id: 2, commitKind: 'OVERWRITE', totalRecordCount: 0 })
  expect(await rowsOf(table)).toEqual([])
  expect(await Array.fromAsync(table.read({ at: { snapshot: 1 } }).rows())).toHaveLength(3)
})

test('partitions are dropped that match', async () => {
  const table = await filledTable()
  await table.dropPartitions([{ dt: 'a' }, { dt: 'x' }])
  expect(await rowsOf(table)).toEqual(['b 1 old'])
})

test.each<[string, (table: Table) => Promise<unknown>, RegExp]>([
  ['no partitions', async (table) => table.dropPartitions([]), /no partition is told/],
  ['a partition without values', async (table) => table.dropPartitions([{}]), /no values/],
  ['a name that is none', async (table) => table.dropPartitions([{ dy: 'a' }]), /no partition key/],
  [
    'rows of another partition',
    async (table) => table.overwrite(NEW, { partition: { dt: 'b' } }),
    /dt=a do not belong/,
  ],
  [
    'a partition and those written to',
    async (table) => table.overwrite(NEW, { partition: { dt: 'b' }, dynamic: true }),
    /a partition that is told, or/,
  ],
])('%s is INVALID, and takes nothing away', async (_, act, message) => {
  const table = await filledTable()
  await expect(act(table)).rejects.toMatchObject({
    code: 'INVALID',
    message: expect.stringMatching(message) as string,
  })
  expect(await rowsOf(table)).toHaveLength(3)
})
