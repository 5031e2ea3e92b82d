/** Random tables that this library and Java write, compact and read in turns. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { randomLeaf } from '../support/random-predicates.ts'
import { RandomRows, randomTable, type RandomTable, tablePlans } from '../support/random-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { isComparable } from '../support/table-model.ts'
import { INPUT_FORMS } from '../support/write-inputs.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { cellJson, SharedTable } from './support/shared-table.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const plans = fc.sample(tablePlans({ java: true }), { numRuns: isFull ? 200 : 20, seed })

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

async function create(
  name: string,
  table: RandomTable,
  creator: 'we' | 'Java',
): Promise<SharedTable> {
  const warehouse = { io, warehouse: directory }
  return SharedTable.create(name, table, java.warehouse(directory), warehouse, creator)
}

describe('both write, compact and read in turns', () => {
  test.each(plans.map((plan, i) => [i, plan] as const))(
    `table %i of seed ${seed}`,
    async (i, plan) => {
      const name = `db.t${i}`
      const shared = await create(name, randomTable(plan), i % 2 === 0 ? 'we' : 'Java')
      await takeTurns(shared, seeded(seed * 1000 + i))
      expect(await shared.java.read(`${name}$snapshots`)).not.toEqual([])
      await shared.checkSystemTables()
      await shared.checkHistory()
      await shared.checkFiles()
      await shared.javaExpires(2)
      expect((await shared.ours.snapshots()).length).toBeLessThanOrEqual(2)
    },
  )
})

describe('files, manifests and snapshots are described as Java would', () => {
  test.each(plans.map((plan, i) => [i, plan] as const))(
    `table %i of seed ${seed}`,
    async (i, plan) => {
      // Where buffers are small, each side has files of its own.
      const table = randomTable({ ...plan, small: false })
      const random = seeded(seed * 1000 + i)
      const rows = new RandomRows(table, between(random, 0, 2 ** 31), { java: true })
      const ours = await create(`db.ours${i}`, table, 'we')
      const theirs = await create(`db.theirs${i}`, table, 'Java')
      for (let turn = 0; turn < 3; turn++) {
        const batch = rows.next(between(random, 1, 120))
        await ours.weWrite(batch, pick(random, INPUT_FORMS))
        await theirs.javaWrites(batch)
      }
      expect(await ours.describedFiles()).toEqual(await theirs.describedFiles())
      expect(await ours.describedSnapshots()).toEqual(await theirs.describedSnapshots())
      const streams = [ours, theirs].map(async ({ name }) => await ours.java.stream(name))
      const [ofOurs, ofTheirs] = await Promise.all(streams)
      // Partitions and buckets come in any order.
      expect(ofOurs!.toSorted()).toEqual(ofTheirs!.toSorted())
    },
  )
})

/**
 * Options with which Java compacts some of the files as it writes. Where sequence fields decide, nothing of it could be
 * foretold: what is deleted is forgotten at one time or another.
 */
function compacting({ sequences }: RandomTable): Record<string, string> {
  return sequences.length > 0
    ? {}
    : { 'write-only': 'false', 'num-sorted-run.compaction-trigger': '2', 'num-levels': '4' }
}

async function takeTurns(shared: SharedTable, random: Random): Promise<void> {
  const rows = new RandomRows(shared.table, between(random, 0, 2 ** 31), { java: true })
  for (let turn = 0; turn < 7; turn++) {
    const batch = rows.next(random() < 0.05 ? 2000 : between(random, 0, 60))
    const what = random()
    if (what < 0.5) await shared.weWrite(batch, pick(random, INPUT_FORMS))
    else if (what < 0.7) await shared.javaWrites(batch)
    else if (what < 0.85) await shared.javaWrites(batch, compacting(shared.table))
    else await shared.javaCompacts()
    await shared.check()
  }
  for (let i = 0; i < 8; i++) await checkFilter(shared, rows, random)
}

async function checkFilter(shared: SharedTable, rows: RandomRows, random: Random): Promise<void> {
  const { table } = shared
  // Java compares binaries as signed bytes in filters, so only their keys can be asked for.
  const fields = table.schema.fields.filter(
    ({ type }) => isComparable(type) && !type.kind.endsWith('BINARY'),
  )
  if (fields.length === 0) return
  const { where, leaf, meaning } = randomLeaf(table, rows, random, fields)
  const { column, op, cell } = leaf
  const value = cell === null ? null : cellJson(table, column, cell)
  await shared.checkFilter({ column, op, value }, where, (row) => meaning(row) === true)
}
