/**
 * Changes of buckets by a process that dies at any operation of its storage: the table passes its check, it reads as before
 * or as after, and the next process does what is left to do.
 */
import { expect, test } from 'vitest'

import type { Table } from '../../src/table/table.ts'
import { type DyingProcess, surviveDeaths } from '../support/deaths.ts'
import type { Row } from '../support/row-tables.ts'

/** So many operations are tried, spread over all, unless every one is. */
const TRIALS = process.env['RELIABILITY'] === 'full' ? Infinity : 5

const rowsFrom = (from: number, count: number, v: string, dt = 'a'): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: BigInt(from + i), v }))

async function stream(table: Table, rows: readonly Row[]): Promise<void> {
  await using writer = await table.writer()
  await writer.write(rows)
  await writer.commit()
}

const KEYED = { primaryKeys: ['dt', 'id'] }

const CASES: readonly DyingProcess[] = [
  {
    name: 'a compaction of postponed buckets',
    definition: { ...KEYED, options: { bucket: -2, 'changelog-producer': 'lookup' } },
    async prepare(table) {
      await table.write(rowsFrom(0, 3, 'one'))
      await stream(table, [...rowsFrom(1, 3, 'two'), ...rowsFrom(0, 1, 'two', 'b')])
    },
    act: async (table) => await table.compact(),
  },
  {
    name: 'a rescaling',
    definition: { ...KEYED, options: { bucket: 1 } },
    async prepare(table) {
      await table.write([...rowsFrom(0, 3, 'one'), ...rowsFrom(0, 2, 'one', 'b')])
      await table.write(rowsFrom(2, 3, 'two'))
    },
    act: async (table) => await table.rescale({ buckets: 2 }),
  },
  {
    name: 'an upsert with dynamic buckets',
    definition: { ...KEYED, options: { bucket: -1, 'dynamic-bucket.target-row-num': 3 } },
    prepare: async (table) => {
      await table.write(rowsFrom(0, 4, 'one'))
    },
    act: async (table) => await table.write(rowsFrom(2, 5, 'two')),
  },
  {
    name: 'an upsert that moves keys',
    definition: { primaryKeys: ['id'], options: { bucket: -1 } },
    prepare: async (table) => {
      await table.write(rowsFrom(0, 4, 'one'))
    },
    act: async (table) => await table.write(rowsFrom(2, 5, 'two', 'b')),
  },
]

test.each(CASES)('$name survives a death at any operation', { timeout: 600_000 }, async (each) => {
  expect(await surviveDeaths(each, TRIALS)).toBeGreaterThan(3)
})
