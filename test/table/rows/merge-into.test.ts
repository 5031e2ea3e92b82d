/** Merges of a batch of rows into tables of all kinds, compared with the same on a list of rows. */
import { describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { MergeRules } from '../../../src/table/rows/merge-into.ts'
import type { Table } from '../../../src/table/table.ts'
import { createRowTable, openRowTable, type Row, rowsOf, textOf } from '../../support/row-tables.ts'
import { setOptions } from '../../support/vector-files.ts'

const io = new MemoryFileIO()
let count = 0

async function tableOf(
  definition: Readonly<Record<string, unknown>>,
  later: Readonly<Record<string, string>> = {},
): Promise<Table> {
  const root = `memory://merge-into-${++count}/t`
  await createRowTable(io, root, definition)
  if (Object.keys(later).length > 0) await setOptions(io, root, later)
  return await openRowTable(io, root)
}

const row = (id: number, v: string | null, dt = 'a'): Row => ({ dt, id: BigInt(id), v })

const UNAWARE = { options: { bucket: -1 } }
const BUCKETED = { options: { bucket: 2, 'bucket-key': 'id' } }
const VECTORS = { 'deletion-vectors.enabled': 'true' }

const TABLES: readonly (readonly [string, object, Readonly<Record<string, string>>])[] = [
  ['without buckets', UNAWARE, {}],
  ['with buckets', BUCKETED, {}],
  ['without buckets, with vectors', UNAWARE, VECTORS],
  ['with buckets and vectors', BUCKETED, VECTORS],
  ['with a primary key', { primaryKeys: ['dt', 'id'], options: { bucket: 2 } }, {}],
]

const ON = ['dt', 'id']
const SOURCE = [row(2, 'new'), row(3, null), row(3, 'other', 'b'), row(9, 'added')]

const texts = (...rows: readonly Row[]): string[] => rows.map((each) => textOf(each)).toSorted()

describe.each(TABLES)('a table %s', (_, definition, later) => {
  async function merged(rules: MergeRules, source: readonly Row[] = SOURCE) {
    const table = await tableOf({ ...definition }, later)
    await table.write([row(1, 'one'), row(2, 'two')] as never)
    await table.write([row(3, 'three'), row(4, 'four')] as never)
    const changes = await table.mergeInto(source as never, { on: ON, ...rules })
    expect((await table.check({ allSnapshots: true })).damage).toEqual([])
    const { deleted, updated, inserted } = changes
    return { rows: await rowsOf(table), counts: [deleted, updated, inserted] }
  }

  test('takes rows that match in the place of its own, and others besides', async () => {
    const { rows, counts } = await merged({})
    expect(rows).toEqual(texts(row(1, 'one'), row(4, 'four'), ...SOURCE))
    expect(counts).toEqual([0, 2, 2])
  })

  test('can delete what matches, and leave out what does not', async () => {
    const { rows, counts } = await merged({ whenMatched: 'delete', whenNotMatched: 'skip' })
    expect(rows).toEqual(texts(row(1, 'one'), row(4, 'four')))
    expect(counts).toEqual([2, 0, 0])
  })

  test('can keep what matches, and add what does not', async () => {
    const { rows, counts } = await merged({ whenMatched: 'keep' })
    const own = [row(1, 'one'), row(2, 'two'), row(3, 'three'), row(4, 'four')]
    expect(rows).toEqual(texts(...own, row(3, 'other', 'b'), row(9, 'added')))
    expect(counts).toEqual([0, 0, 2])
  })

  test('asks functions what is to become of each row', async () => {
    const { rows, counts } = await merged({
      whenMatched: (target, source) =>
        source['v'] === null ? 'delete' : { ...target, v: [target['v'], source['v']].join(' ') },
      whenNotMatched: (source) => (source['dt'] === 'b' ? 'skip' : { ...source, v: 'made' }),
    })
    expect(rows).toEqual(texts(row(1, 'one'), row(2, 'two new'), row(4, 'four'), row(9, 'made')))
    expect(counts).toEqual([1, 1, 1])
  })

  test('refuses a source that matches a row twice, before anything is changed', async () => {
    const twice = [row(2, 'x'), row(2, 'y')]
    await expect(merged({}, twice)).rejects.toThrow(/several rows of the source.*id = 2/)
  })

  test('counts what a dry run would do', async () => {
    const table = await tableOf({ ...definition }, later)
    await table.write([row(2, 'two')] as never)
    const changes = await table.mergeInto(SOURCE as never, { on: ON }, { dryRun: true })
    expect(changes).toEqual({ snapshot: null, deleted: 0, updated: 1, inserted: 3 })
    expect((await table.latestSnapshot())!.id).toBe(1)
  })
})

test('a merge into an empty table inserts, and nulls match nothing', async () => {
  const table = await tableOf(UNAWARE)
  const rows = [row(1, null), row(2, 'x')]
  await table.mergeInto(rows as never, { on: ['v'] })
  await table.mergeInto(rows as never, { on: ['v'] })
  expect(await rowsOf(table)).toEqual(['a 1 ', 'a 1 ', 'a 2 x'])
})

test('one row of the source may match many of the table', async () => {
  const table = await tableOf(UNAWARE)
  await table.write(Array.from({ length: 600 }, (_, i) => row(i % 3, `v${i}`)) as never)
  const changes = await table.mergeInto([row(1, 'all')] as never, { on: ['id'] })
  expect(changes.updated).toBe(200)
  const rows = await rowsOf(table)
  expect(rows.filter((text) => text === 'a 1 all').length).toBe(200)
})

test('what a merge cannot do is refused', async () => {
  const append = await tableOf(UNAWARE)
  await expect(append.mergeInto([])).rejects.toThrow(/columns to match on/)
  const keyed = await tableOf({ primaryKeys: ['dt', 'id'], options: { bucket: 1 } })
  await keyed.write([row(1, 'x')] as never)
  await expect(keyed.mergeInto([], { on: ['v'] })).rejects.toThrow(/on its primary key/)
  const moving = { whenMatched: (target: object) => ({ ...target, id: 7n }) }
  await expect(keyed.mergeInto([row(1, 'y')] as never, moving as never)).rejects.toThrow(
    /another primary key/,
  )
})
