/** Filters and projections of tables whose rows are made of the values of several: golden tables as the witness. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { eq } from '../../src/types/predicate.ts'
import { canonicalRow, GOLDEN_WAREHOUSE, readRows } from '../support/golden-expect.ts'

const io = new LocalFileIO()
const catalog = new Catalog(io, GOLDEN_WAREHOUSE)

afterAll(() => io.close())

const TABLES = [
  'aggregation',
  'aggregation_retract',
  'changelog_partial',
  'first_row',
  'partial_update',
  'partial_update_delete',
  'partial_update_groups',
]

type Row = Record<string, unknown>

function expectedRows(table: string): Row[] {
  return readFileSync(join(GOLDEN_WAREHOUSE, '../expect', `${table}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

const texts = (rows: readonly Row[], columns: readonly string[]): string[] =>
  rows
    .map((row) => canonicalRow(Object.fromEntries(columns.map((name) => [name, row[name]]))))
    .toSorted()

describe.each(TABLES)('%s', (name) => {
  const rows = expectedRows(name)

  test('reads each column alone as with the others', async () => {
    const table = await catalog.table(`golden.${name}`)
    // Lists that Java keeps as sets have no order.
    const columns = table.schema.fields.filter(({ type }) => type.kind !== 'ARRAY')
    for (const { name: column } of columns)
      expect(await readRows(table.read({ columns: [column] }))).toEqual(texts(rows, [column]))
  })

  test('finds rows by any number that merging made', async () => {
    const table = await catalog.table(`golden.${name}`)
    const numbers = table.schema.fields.filter(({ type }) => ['INT', 'BIGINT'].includes(type.kind))
    const key = table.schema.primaryKeys[0]!
    expect(numbers.length).toBeGreaterThan(0)
    for (const { name: column, type } of numbers)
      for (const value of new Set(rows.slice(0, 20).map((row) => row[column]))) {
        if (value === null) continue
        const literal = type.kind === 'BIGINT' ? BigInt(value as string) : (value as number)
        const found = await readRows(table.read({ columns: [key], where: eq(column, literal) }))
        expect(found).toEqual(
          texts(
            rows.filter((row) => row[column] === value),
            [key],
          ),
        )
      }
  })
})
