/**
 * Changes of rows and compactions of append tables by a process that dies at an operation of its storage (at each of them
 * with RELIABILITY=full): the table passes its check, it reads as before or as after, and the same done again ends as it should.
 */
import { expect, test } from 'vitest'

import type { Table } from '../../../src/table/table.ts'
import { type DyingProcess, surviveDeaths } from '../../support/deaths.ts'
import type { Row } from '../../support/row-tables.ts'

const TRIALS = process.env['RELIABILITY'] === 'full' ? Infinity : 5

const rowsFrom = (from: number, count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt: 'a', id: BigInt(from + i), v: 'old' }))

/** Two files. */
async function writeTwice(table: Table): Promise<void> {
  for (const from of [0, 3]) await table.write(rowsFrom(from, 3))
}

const UNAWARE = { bucket: -1 }
const BUCKETED = { bucket: 1, 'bucket-key': 'id', 'write-only': true }
const VECTORS = { 'deletion-vectors.enabled': true }

const CASES: readonly DyingProcess[] = [
  {
    name: 'an update that writes files anew',
    definition: { options: UNAWARE },
    prepare: writeTwice,
    act: async (table) => await table.update({ where: 'id in (1, 4)', set: { v: 'new' } }),
  },
  {
    name: 'a delete with vectors',
    definition: { options: { ...BUCKETED, ...VECTORS } },
    async prepare(table) {
      await writeTwice(table)
      await table.deleteWhere('id = 0')
    },
    act: async (table) => await table.deleteWhere('id in (1, 4)'),
  },
  {
    name: 'a compaction of deleted rows',
    definition: { options: { ...UNAWARE, ...VECTORS } },
    async prepare(table) {
      await writeTwice(table)
      await table.deleteWhere('id = 0')
    },
    act: async (table) => await table.compact({ full: true }),
  },
]

test.each(CASES)('$name survives a death at any operation', async (each) => {
  expect(await surviveDeaths(each, TRIALS)).toBeGreaterThan(3)
})
