/** Runs a schedule twice, by Java and by this library, and tells how the tables differ. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { Catalog } from '../../../src/catalog/catalog.ts'
import type { Table } from '../../../src/table/table.ts'
import type { TableWriter } from '../../../src/table/write/writer.ts'
import { readRows } from '../../support/golden-expect.ts'
import { seeded } from '../../support/random.ts'
import { ourWriter, parseJson, weWrite } from './our-writes.ts'
import { randomSchedule, type Schedule, type ScheduleStep } from './schedule-plans.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'
import { compare, facts, javaChanges, ourChanges } from './table-differences.ts'

/** Java needs more memory than the smallest that tables are told to write with. */
const MEMORY = { 'write-buffer-size': '16 mb' }

/** Who does the steps to the table that is compared with Java's. */
type Sharing = 'ours' | 'mixed'

/** How the two tables differ: a line for each kind of difference, none where all is equal; null where Java refuses the schedule. */
export async function runSchedule(
  both: SharedWarehouse,
  schedule: Schedule,
  name: string,
  sharing: Sharing = 'ours',
): Promise<string[] | null> {
  const [theirs, ours] = [`db.java_${name}`, `db.ours_${name}`]
  const steps = sharing === 'ours' ? schedule.steps : schedule.steps.map(withoutKept)
  for (const table of [theirs, ours])
    if ((await refusal(both.java.create(table, schedule.schema))) !== null) return null
  const opened = await both.table(ours)
  const java = refusal(both.java.schedule(theirs, steps, MEMORY))
  const we = refusal(
    sharing === 'ours' ? runSteps(opened, steps) : takeTurns(both, opened, { ...schedule, steps }),
  )
  const [refused, failure] = await Promise.all([java, we])
  if (failure !== null && refused === null) return [`we fail: ${failure}`]
  if (refused !== null) return failure === null ? [`only Java fails: ${refused}`] : null
  const problems = await compareTables(both, opened, theirs, ours)
  for (const table of [theirs, ours])
    await rm(join(both.directory, 'db.db', table.slice('db.'.length)), { recursive: true })
  return problems
}

function withoutKept(step: ScheduleStep): ScheduleStep {
  return step.op === 'write' ? { ...step, kept: false } : step
}

/** Why it fails; null if it does not. */
async function refusal(body: Promise<unknown>): Promise<string | null> {
  try {
    await body
    return null
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/**
 * Runs the schedules of the seeds from `first` on until so many were compared, two at a time, as Java does one step while this
 * library does another. `onDifference` hears of each schedule that ends otherwise; how many schedules Java refused.
 */
export async function runSchedules(
  both: SharedWarehouse,
  { first, count, sharing }: { first: number; count: number; sharing: Sharing },
  onDifference: (schedule: Schedule, problems: readonly string[]) => void,
): Promise<number> {
  let [next, compared, refused] = [first, 0, 0]
  const work = async (): Promise<void> => {
    while (compared < count && next < first + 2 * count) {
      const schedule = randomSchedule(next++)
      compared++
      const problems = await runSchedule(both, schedule, `${sharing}_${schedule.seed}`, sharing)
      if (problems === null) {
        compared--
        refused++
      } else if (problems.length > 0) onDifference(schedule, problems)
    }
  }
  await Promise.all([work(), work()])
  return refused
}

/** Either side does each step, as the seed has it. */
async function takeTurns(
  { java }: SharedWarehouse,
  table: Table,
  { seed, steps }: Schedule,
): Promise<void> {
  const random = seeded(seed)
  for (const step of steps)
    if (random() < 0.5) await runSteps(table, [step])
    else await java.schedule(table.name, [step], MEMORY)
}

async function runSteps(table: Table, steps: readonly ScheduleStep[]): Promise<void> {
  let kept: TableWriter | null = null
  try {
    for (const step of steps) {
      if (step.op === 'write' && step.kept === true) {
        kept ??= await ourWriter(table)
        await kept.writeJson([rowsOf(step)])
        await kept.commit({ waitForCompaction: true })
        continue
      }
      await kept?.close()
      kept = null
      if (step.op === 'write')
        await weWrite(table, rowsOf(step), { compact: step.compact ?? false })
      else await table.compact({ full: step.full })
    }
  } finally {
    await kept?.close()
  }
}

function rowsOf({ rows }: { readonly rows: readonly unknown[] }): unknown[] {
  return parseJson(JSON.stringify(rows)) as unknown[]
}

/** Java reads both tables and this library its own. */
async function compareTables(
  both: SharedWarehouse,
  table: Table,
  theirs: string,
  ours: string,
): Promise<string[]> {
  const { io, directory, java } = both
  const expected = await java.read(theirs)
  const rows = await java.read(ours)
  const problems = [
    ...compare('rows as Java reads them', rows, expected),
    ...compare('rows as we read them', await readRows(table.read()), expected),
    ...compare(
      'rows of the other as we read them',
      await readRows((await both.table(theirs)).read()),
      expected,
    ),
  ]
  const keys = table.schema.primaryKeys
  const changes = await javaChanges(java, theirs, STREAM, keys)
  problems.push(
    ...compare('stream as Java reads it', await javaChanges(java, ours, STREAM, keys), changes),
    ...compare('stream as we read it', await ourChanges(table, STREAM, keys), changes),
  )
  for (const [kind, columns] of Object.entries(FACTS)) {
    const [shown, wanted] = [ours, theirs].map(async (name) => {
      const system = await new Catalog(io, directory).systemTable(`${name}$${kind}`)
      return facts(await readRows(system.read()), columns)
    })
    problems.push(...compare(`$${kind}`, await shown!, await wanted!))
  }
  const { damage } = await table.check({ allSnapshots: true })
  return [...problems, ...damage.map((finding) => `check: ${JSON.stringify(finding)}`)]
}

const STREAM = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' }

/** What is the same of two tables with the same history. */
const FACTS: Readonly<Record<string, readonly string[]>> = {
  files: ['partition', 'bucket', 'level', 'record_count', 'delete_row_count'],
  snapshots: [
    'snapshot_id',
    'commit_kind',
    'total_record_count',
    'delta_record_count',
    'changelog_record_count',
  ],
  table_indexes: ['partition', 'bucket', 'index_type', 'row_count'],
}
