/** Random tables that this library and Java write, compact and read in turns. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { randomLeaf } from '../support/random-predicates.ts'
import { RandomRows, randomTable, tablePlans } from '../support/random-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { isComparable } from '../support/table-model.ts'
import { INPUT_FORMS } from '../support/write-inputs.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { cellJson, SharedTable } from './support/shared-table.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const plans = fc.sample(tablePlans({ java: true }), { numRuns: isFull ? 200 : 20, seed })

describe('random tables', () => {
  let java: JavaPaimon
  let directory: string
  const io = new LocalFileIO()

  beforeAll(async () => {
    java = new JavaPaimon(classPath)
    directory = await mkdtemp(join(tmpdir(), 'millrace-interop-'))
  })

  afterAll(async () => {
    await java[Symbol.asyncDispose]()
    await io.close()
    await rm(directory, { recursive: true })
  })

  test.each(plans.map((plan, i) => [i, plan] as const))(
    `table %i of seed ${seed}`,
    async (i, plan) => {
      const warehouse = { io, warehouse: directory }
      const table = randomTable(plan)
      const random = seeded(seed * 1000 + i)
      const creator = i % 2 === 0 ? 'we' : 'Java'
      const shared = await SharedTable.create(
        `db.t${i}`,
        table,
        java.warehouse(directory),
        warehouse,
        creator,
      )
      await takeTurns(shared, random)
      expect(await shared.java.read(`db.t${i}$snapshots`)).not.toEqual([])
    },
  )
})

async function takeTurns(shared: SharedTable, random: Random): Promise<void> {
  const rows = new RandomRows(shared.table, between(random, 0, 2 ** 31), { java: true })
  for (let turn = 0; turn < 7; turn++) {
    const batch = rows.next(random() < 0.05 ? 2000 : between(random, 0, 60))
    const what = random()
    if (what < 0.5) await shared.weWrite(batch, pick(random, INPUT_FORMS))
    else if (what < 0.85) await shared.javaWrites(batch)
    else await shared.javaCompacts()
    await shared.check()
  }
  for (let i = 0; i < 8; i++) await checkFilter(shared, rows, random)
}

async function checkFilter(shared: SharedTable, rows: RandomRows, random: Random): Promise<void> {
  const { table } = shared
  // Java compares binaries as signed bytes in filters, so only their keys can be asked for.
  const fields = table.schema.fields.filter(
    ({ type }) => isComparable(type) && type.kind !== 'VARBINARY',
  )
  if (fields.length === 0) return
  const { where, leaf, meaning } = randomLeaf(table, rows, random, fields)
  const { column, op, cell } = leaf
  const value = cell === null ? null : cellJson(table, column, cell)
  await shared.checkFilter({ column, op, value }, where, (row) => meaning(row) === true)
}
