/** What ANALYZE finds out about a table, and how long it holds. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { readStatistics } from '../../../src/snapshot/statistics.ts'
import { openTableStore } from '../../../src/snapshot/table-store.ts'
import { Table } from '../../../src/table/table.ts'
import { firstSchema, parseNewSchema } from '../../../src/types/new-schema.ts'
import { DistinctCount } from '../../../src/util/distinct-count.ts'

const COLUMNS: Readonly<Record<string, string>> = {
  id: 'INT NOT NULL',
  b: 'BOOLEAN',
  long: 'BIGINT',
  price: 'DECIMAL(20, 2)',
  ratio: 'DOUBLE',
  name: 'STRING',
  raw: 'BYTES',
  day: 'DATE',
  at: 'TIMESTAMP(3)',
  list: 'ARRAY<INT>',
}

async function tableOf(): Promise<Table> {
  const io = new MemoryFileIO()
  const fields = Object.entries(COLUMNS).map(([name, type]) => ({ name, type }))
  const definition = { fields, primaryKeys: ['id'], options: { bucket: '1', 'write-only': 'true' } }
  const store = openTableStore(io, `memory://${randomUUID()}/t`)
  await store.schemas.create(firstSchema(parseNewSchema(definition), 1_700_000_000_000))
  return new Table(store, 'db.t', await store.schemas.readLatest())
}

const ROWS = [
  {
    id: 1,
    b: true,
    long: -(2n ** 62n),
    price: '-123456789012345678.25',
    ratio: -0,
    name: 'Zoë',
    raw: new Uint8Array([1, 2, 3, 4]),
    day: '2026-11-21',
    at: '2026-11-21T08:30:00.5',
    list: [1],
  },
  {
    id: 2,
    b: false,
    long: 7n,
    price: '0.10',
    ratio: Number.NaN,
    name: 'Al',
    raw: new Uint8Array([1]),
    day: '1969-12-31',
    at: '1969-12-31T23:59:59.999',
    list: [],
  },
  { id: 3, b: true, ratio: 0, name: 'Al' },
]

test('counts, bounds and lengths of each column are committed', async () => {
  const table = await tableOf()
  await table.write(ROWS)
  // Another row of the same key: only one is there.
  await table.write([ROWS[2]!])
  const { snapshot, statistics } = await table.analyze()
  expect(snapshot).toMatchObject({ id: 3, commitKind: 'ANALYZE', deltaRecordCount: 0 })
  expect(await readStatistics(table.store, snapshot!)).toEqual(statistics)
  expect(statistics).toMatchObject({ snapshotId: 2, schemaId: 0, mergedRecordCount: 3n })
  const shown = Object.entries(statistics!.colStats!).map(([name, column]) => {
    const { distinctCount, min, max, nullCount, avgLen, maxLen } = column
    return [name, distinctCount, min, max, nullCount, avgLen, maxLen].join(' | ')
  })
  expect(shown).toEqual([
    'id | 3 | 1 | 3 | 0 | 4 | 4',
    'b | 2 | false | true | 0 | 1 | 1',
    'long | 2 | -4611686018427387904 | 7 | 1 | 8 | 8',
    'price | 2 | -123456789012345678.25 | 0.10 | 1 | 16 | 16',
    'ratio | 2 | 0.0 | NaN | 0 | 8 | 8',
    'name | 2 |  |  | 0 | 3 | 3',
    'raw | 2 |  |  | 1 | 3 | 4',
    'day | 2 | -1 | 20778 | 1 | 4 | 4',
    'at | 2 | 1969-12-31 23:59:59.999 | 2026-11-21 08:30:00.500 | 1 | 8 | 8',
  ])
})

test('they hold until the schema changes', async () => {
  const table = await tableOf()
  await table.write(ROWS)
  const { snapshot } = await table.analyze({ columns: ['name'] })
  expect(Object.keys((await readStatistics(table.store, snapshot!))!.colStats!)).toEqual(['name'])
  expect((await table.write(ROWS))!.statistics).toBe(snapshot!.statistics)
  await table.store.schemas.change((latest) => ({ ...latest!, id: latest!.id + 1 }))
  expect((await table.write(ROWS))!.statistics).toBeUndefined()
})

test('a table without snapshots has none', async () => {
  expect(await (await tableOf()).analyze()).toEqual({ snapshot: null, statistics: null })
})

test.each([
  ['naem', 'INVALID'],
  ['list', 'UNSUPPORTED'],
])('the column %s is %s', async (column, code) => {
  const table = await tableOf()
  await expect(table.analyze({ columns: [column] })).rejects.toMatchObject({ code })
})

test('many distinct values are about counted', () => {
  const counted = new DistinctCount()
  for (let i = 0; i < 200_000; i++) counted.addWords(i % 100_000, 0)
  expect(Math.abs(counted.count - 100_000)).toBeLessThan(3_000)
})
