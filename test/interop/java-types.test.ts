/**
 * Every type of the golden tables, in one bucket and in seven, with partitions and without, thin or not: this library and
 * Java read what the other wrote, write the same table in turns, and Java describes both sides' files alike.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { randomLeaf } from '../support/random-predicates.ts'
import { RandomRows, type RandomTable } from '../support/random-tables.ts'
import { pick, seeded } from '../support/random.ts'
import { isComparable } from '../support/table-model.ts'
import {
  planTitle,
  TYPE_TABLES,
  typeTable,
  type TypeTablePlan,
  typeTablePlans,
} from '../support/type-tables.ts'
import { INPUT_FORMS } from '../support/write-inputs.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { cellJson, SharedTable } from './support/shared-table.ts'

const classPath = await findJava()
const plans = typeTablePlans()
const FORMATS = ['parquet', 'avro'] as const
const STATS_MODES = ['truncate(16)', 'full', 'counts', 'none', 'truncate(2)'] as const

let java: JavaPaimon
let directory: string
let tableCount = 0
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

async function create(table: RandomTable, creator: 'we' | 'Java'): Promise<SharedTable> {
  const warehouse = java.warehouse(directory)
  return SharedTable.create(
    `db.t${tableCount++}`,
    table,
    warehouse,
    { io, warehouse: directory },
    creator,
  )
}

/** Avro files have no timestamps finer than microseconds. */
const isFine = (type: DataType): boolean =>
  type.kind.startsWith('TIMESTAMP') && 'precision' in type && type.precision > 6

const withTitles = (some: readonly TypeTablePlan[]): (readonly [string, TypeTablePlan])[] =>
  some.map((plan) => [planTitle(plan), plan])

describe('each side reads what the other wrote', () => {
  test.each(withTitles(plans))('%s', async (title, plan) => {
    const table = await typeTable(plan)
    const rows = new RandomRows(table, title.length, { java: true }).next(150)
    const ours = await create(table, 'we')
    await ours.weWrite(rows)
    await ours.check()
    const theirs = await create(table, 'Java')
    await theirs.javaWrites(rows)
    await theirs.check()
    expect(theirs.model.texts()).toEqual(ours.model.texts())
    expect(await ours.describedFiles()).toEqual(await theirs.describedFiles())
  })
})

describe('both write in turns, and Java compacts', () => {
  test.each(withTitles(plans))('%s', async (title, plan) => {
    const table = await typeTable(plan)
    const random = seeded(plans.indexOf(plan))
    const rows = new RandomRows(table, title.length + 1, { java: true })
    const shared = await create(table, pick(random, ['we', 'Java']))
    // Tables with partitions have so many files that one round is enough.
    const rounds = plan.isPartitioned ? 1 : 2
    for (let round = 0; round < rounds; round++) {
      await shared.weWrite(rows.next(60), pick(random, INPUT_FORMS))
      await shared.javaWrites(rows.next(60))
      await shared.weWrite(rows.next(300), pick(random, INPUT_FORMS))
      await shared.check()
      await shared.javaCompacts()
      await shared.check()
    }
    await shared.weWrite(rows.next(20))
    await shared.check()
    const snapshots = await shared.java.read(`${shared.name}$snapshots`)
    expect(snapshots.length).toBeGreaterThanOrEqual(4 * rounds + 1)
    // Java compares binaries as signed bytes in filters, so they are not asked for.
    const comparable = table.schema.fields.filter(
      ({ type }) => isComparable(type) && !type.kind.endsWith('BINARY'),
    )
    const turn = plans.indexOf(plan) % 4
    for (const field of comparable.filter((_, i) => i % 4 === turn)) {
      const { where, leaf, meaning } = randomLeaf(table, rows, random, [field])
      const value = leaf.cell === null ? null : cellJson(table, leaf.column, leaf.cell)
      const { column, op } = leaf
      await shared.checkFilter({ column, op, value }, where, (row) => meaning(row) === true)
    }
  })
})

const statsPlans = TYPE_TABLES.flatMap((like) =>
  FORMATS.flatMap((format) =>
    STATS_MODES.flatMap((mode) =>
      ['true', 'false'].map((dense) => ({
        like,
        format,
        mode,
        dense,
        bucketCount: like === 'types_append' ? -1 : 2,
        isPartitioned: mode === 'full',
        isThin: dense === 'true' && like !== 'types_append',
        options: {
          'file.format': format,
          'metadata.stats-mode': mode,
          'metadata.stats-dense-store': dense,
        },
      })),
    ),
  ),
)

describe('Java shows the statistics that it would have written', () => {
  test.each(statsPlans)('$like as $format, mode $mode, dense $dense', async (plan) => {
    const table = await typeTable(plan, ({ type }) => plan.format === 'parquet' || !isFine(type))
    const rows = new RandomRows(table, statsPlans.indexOf(plan), { java: true })
    const [ours, theirs] = [await create(table, 'we'), await create(table, 'Java')]
    for (const rowCount of [1, 3, 200]) {
      const batch = rows.next(rowCount)
      await ours.weWrite(batch, 'batches')
      await theirs.javaWrites(batch)
    }
    expect(await ours.describedFiles()).toEqual(await theirs.describedFiles())
  })
})

test.each(['parquet', 'avro'])(
  'Java cuts the statistics of long keys and values in %s files as we do',
  async (format) => {
    const table = await typeTable({
      like: 'types_key',
      bucketCount: 1,
      isPartitioned: false,
      isThin: false,
      options: { 'file.format': format },
    })
    const names = table.schema.fields.map(({ name }) => name)
    const rows = new RandomRows(table, 1, { java: true }).next(20)
    // Keys are cut at 128 characters; the footer of a Parquet file leaves out bounds of 4096 bytes.
    for (const { row } of rows) {
      row[names.indexOf('k1')] = utf8(`${'é'.repeat(127)}漢🚀${rows.length}`)
      row[names.indexOf('v')] = utf8('x'.repeat(5000))
    }
    const [ours, theirs] = [await create(table, 'we'), await create(table, 'Java')]
    await ours.weWrite(rows)
    await theirs.javaWrites(rows)
    expect(await ours.describedFiles()).toEqual(await theirs.describedFiles())
  },
)
