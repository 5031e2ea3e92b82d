import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { Table } from '../../src/table/table.ts'
import { canonicalRow, GOLDEN_WAREHOUSE, readRows } from '../support/golden-expect.ts'

type Row = Record<string, unknown>

/**
 * What Java read of the golden table: `bb` was called `b`, `c` was dropped and made anew, `d` came later, `a` was an INT, and
 * the field of `n` that is called `xx` was called `x` and an INT.
 */
const rows = readFileSync(join(GOLDEN_WAREHOUSE, '../expect/evolution.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Row)
const columns = ['c', 'id', 'a', 'n', 'bb', 'd']

let catalog: Catalog
let table: Table

beforeAll(async () => {
  catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
  table = await catalog.table('golden.evolution')
})
afterAll(async () => {
  await catalog.close()
})

function expected(accepts: (row: Row) => boolean): string[] {
  return rows
    .filter(accepts)
    .map((row) => canonicalRow(Object.fromEntries(columns.map((name) => [name, row[name]]))))
    .toSorted()
}

test('columns that were added, dropped, renamed or retyped are those of the same id in older files', async () => {
  expect(await readRows(table.read({ columns }))).toEqual(expected(() => true))
})

test.each<[string, (row: Row) => boolean]>([
  ['d is null', ({ d }) => d === null],
  ['c is not null', ({ c }) => c !== null],
  [`bb >= 'm'`, ({ bb }) => bb !== null && (bb as string) >= 'm'],
  [`d > date '2000-01-01' or bb = ''`, ({ d, bb }) => (d as string) > '2000-01-01' || bb === ''],
  ['a >= 61847', ({ a }) => a !== null && Number(a) >= 61_847],
  ['a <> 61847', ({ a }) => a !== null && a !== '61847'],
  ['a in (61847, 70021, 4611686018427387904)', ({ a }) => a === '61847' || a === '70021'],
  ['n is null', ({ n }) => n === null],
])('a filter on them finds the same rows: %s', async (where, accepts) => {
  const found = expected(accepts)
  expect(found.length).toBeGreaterThan(0)
  expect(found.length).toBeLessThan(rows.length)
  expect(await readRows(table.read({ columns, where }))).toEqual(found)
})
