/** Deletes and updates by a filter, compared with the same on a list of rows. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { compactAppendTable } from '../../../src/table/append/compact.ts'
import type { RowChanges } from '../../../src/table/rows/change-rows.ts'
import type { Table } from '../../../src/table/table.ts'
import { between, eq, isIn } from '../../../src/types/predicate.ts'
import { createRowTable, openRowTable, type Row, rowsOf, textOf } from '../../support/row-tables.ts'
import { setOptions } from '../../support/vector-files.ts'

const io = new MemoryFileIO()
let count = 0

type Options = Readonly<Record<string, string>>

/** An empty table; `later` are options that tables cannot be made with yet, or that others set. */
async function tableOf(
  definition: Readonly<Record<string, unknown>>,
  later: Options = {},
): Promise<Table> {
  const root = `memory://change-rows-${++count}/t`
  await createRowTable(io, root, definition)
  if (Object.keys(later).length > 0) await setOptions(io, root, later)
  return await openRowTable(io, root)
}

const ids = (from: number, to: number, v = 'old'): Row[] =>
  Array.from({ length: to - from }, (_, i) => ({
    dt: (from + i) % 2 === 0 ? 'a' : 'b',
    id: BigInt(from + i),
    v,
  }))

const countsOf = ({ deleted, updated, inserted }: RowChanges): number[] => [
  deleted,
  updated,
  inserted,
]

async function expectRows(table: Table, rows: readonly Row[]): Promise<void> {
  expect(await stateOf(table)).toEqual(stateWith(rows))
}

async function stateOf(table: Table) {
  return { rows: await rowsOf(table), damage: (await table.check({ allSnapshots: true })).damage }
}

function stateWith(rows: readonly Row[]) {
  return { rows: rows.map((row) => textOf(row)).toSorted(), damage: [] }
}

const UNAWARE = { options: { bucket: -1 } }
const BUCKETED = { options: { bucket: 2, 'bucket-key': 'id' } }
const VECTORS = { 'deletion-vectors.enabled': 'true' }
const VECTORS64 = { ...VECTORS, 'deletion-vectors.bitmap64': 'true' }
const KEYED = { primaryKeys: ['dt', 'id'], options: { bucket: 2 } }

const TABLES: readonly (readonly [string, Readonly<Record<string, unknown>>, Options])[] = [
  ['without buckets', UNAWARE, {}],
  ['with buckets', BUCKETED, {}],
  ['without buckets, with vectors', UNAWARE, VECTORS],
  ['with buckets and vectors of 64 bits', BUCKETED, VECTORS64],
  ['with a primary key', KEYED, {}],
]

describe.each(TABLES)('a table %s', (_, definition, later) => {
  test('loses the rows that a filter chooses, and those only', async () => {
    const table = await tableOf(definition, later)
    for (const from of [0, 10, 20]) await table.write(ids(from, from + 10) as never)
    const changes = await table.deleteWhere('id >= 8 and id < 13 or v is null')
    expect(countsOf(changes)).toEqual([5, 0, 0])
    await expectRows(table, [...ids(0, 8), ...ids(13, 30)])
    expect(countsOf(await table.deleteWhere(eq('dt', 'a')))).toEqual([12, 0, 0])
    expect(countsOf(await table.deleteWhere(eq('dt', 'a')))).toEqual([0, 0, 0])
    await expectRows(
      table,
      [...ids(0, 8), ...ids(13, 30)].filter(({ dt }) => dt === 'b'),
    )
  })

  test('gives rows new values, constant or made of the old ones', async () => {
    const table = await tableOf(definition, later)
    for (const from of [0, 10]) await table.write(ids(from, from + 10) as never)
    const changes = await table.update({
      where: isIn('id', [3n, 12n, 99n]),
      set: { v: ({ id }: { id: unknown }) => `new ${String(id)}` },
    })
    expect(countsOf(changes)).toEqual([0, 2, 0])
    await table.update({ where: "v = 'old' and id < 2", set: { v: null } })
    const expected = ids(0, 20).map((row) => {
      if (row['id'] === 3n || row['id'] === 12n) return { ...row, v: `new ${String(row['id'])}` }
      return Number(row['id']) < 2 ? { ...row, v: null } : row
    })
    await expectRows(table, expected)
  })

  test('stays as it is in a dry run', async () => {
    const table = await tableOf(definition, later)
    await table.write(ids(0, 4) as never)
    const dryRun = { dryRun: true }
    expect(await table.deleteWhere('id > 0', dryRun)).toMatchObject({ deleted: 3, snapshot: null })
    const update = { set: { v: 'x' } }
    expect(await table.update(update, dryRun)).toMatchObject({ updated: 4, snapshot: null })
    expect((await table.latestSnapshot())!.id).toBe(1)
  })
})

test('a column that decides the partition or the bucket moves the row of an append table', async () => {
  for (const [definition, later] of [
    [BUCKETED, {}],
    [UNAWARE, VECTORS],
  ] as const) {
    const table = await tableOf(definition, later)
    await table.write(ids(0, 6) as never)
    await table.update({
      where: eq('dt', 'a'),
      set: { dt: 'c', id: ({ id }: Row) => Number(id) + 100 },
    })
    await expectRows(
      table,
      ids(0, 6).map((row) =>
        row['dt'] === 'a' ? { ...row, dt: 'c', id: Number(row['id']) + 100 } : row,
      ),
    )
    expect((await table.read({ where: eq('id', 102n) }).toArray()).length).toBe(1)
  }
})

test('files in buckets stay in their order when rows of one are gone', async () => {
  const table = await tableOf({ options: { bucket: 1, 'bucket-key': 'id' }, partitionKeys: [] })
  for (const from of [0, 10, 20]) await table.write(ids(from, from + 10) as never)
  await table.deleteWhere(between('id', 2n, 4n))
  const rows = await table.read().toArray()
  expect(rows.map(({ id }) => Number(id))).toEqual(
    [...Array(30).keys()].filter((id) => id < 2 || id > 4),
  )
})

test('random deletes, updates and writes leave an append table with vectors as they leave a list', async () => {
  const step = fc.record({
    op: fc.constantFrom('write', 'delete', 'update', 'compact'),
    from: fc.nat(40),
    length: fc.integer({ min: 1, max: 15 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      fc.constantFrom({}, VECTORS, VECTORS64),
      async (steps, later) => {
        const table = await tableOf({ partitionKeys: [], ...UNAWARE }, later)
        let rows: Row[] = []
        for (const [i, { op, from, length }] of steps.entries()) {
          const isIt = ({ id }: Row): boolean => Number(id) >= from && Number(id) < from + length
          const where = `id >= ${from} and id < ${from + length}`
          if (op === 'write') {
            await table.write(ids(from, from + length, `w${i}`) as never)
            rows.push(...ids(from, from + length, `w${i}`))
          } else if (op === 'delete') {
            await table.deleteWhere(where)
            rows = rows.filter((row) => !isIt(row))
          } else if (op === 'update') {
            await table.update({ where, set: { v: `u${i}` } })
            rows = rows.map((row) => (isIt(row) ? { ...row, v: `u${i}` } : row))
          } else await compactAppendTable(table.store, table.schema, { full: true })
        }
        expect(await stateOf(table)).toEqual(stateWith(rows))
      },
    ),
    { numRuns: 10 },
  )
})

const withEngine = (options: Readonly<Record<string, unknown>>) => ({
  primaryKeys: ['dt', 'id'],
  options: { bucket: 1, ...options },
})

describe('a merge engine', () => {
  test.each([
    [{ 'merge-engine': 'partial-update' }, /partial-update does not delete/],
    [{ 'merge-engine': 'aggregation' }, /aggregation does not delete/],
    [{ 'ignore-delete': true }, /ignore-delete/],
  ])('that deletes no rows refuses to: %o', async (options, message) => {
    const table = await tableOf(withEngine(options))
    await expect(table.deleteWhere('id = 1')).rejects.toThrow(message)
  })

  test.each([
    { 'merge-engine': 'partial-update', 'partial-update.remove-record-on-delete': true },
    {
      'merge-engine': 'aggregation',
      'aggregation.remove-record-on-delete': true,
      'fields.v.aggregate-function': 'last_value',
    },
  ])('that removes rows deletes them: %o', async (options) => {
    const table = await tableOf(withEngine(options))
    await table.write(ids(0, 4) as never)
    expect((await table.deleteWhere('id in (1, 2)')).deleted).toBe(2)
    await expectRows(table, [ids(0, 1)[0]!, ids(0, 4)[3]!])
  })

  test('that adds values up refuses updates, and one that keeps them refuses nulls', async () => {
    const sums = await tableOf(withEngine({ 'merge-engine': 'aggregation' }))
    await expect(sums.update({ set: { v: 'x' } })).rejects.toThrow(/does not replace/)
    const parts = await tableOf(withEngine({ 'merge-engine': 'partial-update' }))
    await parts.write(ids(0, 2) as never)
    await expect(parts.update({ set: { v: null } })).rejects.toThrow(/cannot be set to null/)
    await parts.update({ where: 'id = 1', set: { v: 'x' } })
    await expectRows(parts, [ids(0, 1)[0]!, { ...ids(0, 2)[1]!, v: 'x' }])
  })
})

test('what does not fit is refused before anything is read', async () => {
  const table = await tableOf(KEYED)
  await expect(table.deleteWhere('nothing = 1')).rejects.toMatchObject({ code: 'INVALID' })
  await expect(table.update({ set: {} })).rejects.toThrow(/sets no column/)
  await expect(table.update({ set: { id: 1n } })).rejects.toThrow(/primary key/)
  await expect(table.update({ set: { w: 1n } })).rejects.toThrow(/no column "w"/)
  const append = await tableOf(UNAWARE)
  await expect(append.update({ set: { id: null } })).rejects.toMatchObject({ code: 'INVALID' })
})
