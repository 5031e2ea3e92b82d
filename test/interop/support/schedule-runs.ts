/** Runs a schedule twice, by Java and by this library, and tells how the tables differ. */
import type { Table } from '../../../src/table/table.ts'
import type { TableWriter } from '../../../src/table/write/writer.ts'
import { canonicalRow, differences, readRows } from '../../support/golden-expect.ts'
import { readStream, type StreamRow } from '../../support/golden-streams.ts'
import { ourWriter, weCompact, weWrite } from './our-writes.ts'
import type { Schedule, ScheduleStep } from './schedule-plans.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'

/** Java needs more memory than the smallest that tables are told to write with. */
const MEMORY = { 'write-buffer-size': '16 mb' }

/** How the two tables differ: a line for each kind of difference, none where all is equal. */
export async function runSchedule(
  both: SharedWarehouse,
  schedule: Schedule,
  name: string,
): Promise<string[]> {
  const [theirs, ours] = [`db.java_${name}`, `db.ours_${name}`]
  for (const table of [theirs, ours]) await both.java.create(table, schedule.schema)
  const opened = await both.table(ours)
  const [java, we] = await Promise.allSettled([
    both.java.schedule(theirs, schedule.steps, MEMORY),
    runSteps(opened, schedule.steps),
  ])
  if (java.status === 'rejected') return refusals(java.reason, we)
  if (we.status === 'rejected') return [`we fail: ${messageOf(we.reason)}`]
  return await compareTables(both, opened, theirs, ours)
}

/** What Java refuses need not be served here. */
function refusals(reason: unknown, we: PromiseSettledResult<void>): string[] {
  const said = messageOf(reason).split('\n').slice(0, 3).join(' ')
  return we.status === 'rejected' ? [] : [`only Java fails: ${said}`]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

async function runSteps(table: Table, steps: readonly ScheduleStep[]): Promise<void> {
  let kept: TableWriter | null = null
  try {
    for (const step of steps) {
      if (step.op === 'write' && step.kept === true) {
        kept ??= await ourWriter(table)
        await kept.writeJson([step.rows])
        await kept.commit()
        continue
      }
      await kept?.close()
      kept = null
      if (step.op === 'write') await weWrite(table, step.rows, { compact: step.compact ?? false })
      else await weCompact(table, step.full)
    }
  } finally {
    await kept?.close()
  }
}

/** Java reads both tables and this library its own. */
async function compareTables(
  { java, table: open }: SharedWarehouse,
  table: Table,
  theirs: string,
  ours: string,
): Promise<string[]> {
  const expected = await java.read(theirs)
  const rows = await java.read(ours)
  const problems = [
    ...compare('rows as Java reads them', rows, expected),
    ...compare('rows as we read them', await readRows(table.read()), expected),
    ...compare(
      'rows of the other as we read them',
      await readRows((await open(theirs)).read()),
      expected,
    ),
  ]
  const keys = table.schema.primaryKeys
  const changes = await javaChanges(java.streams(theirs, STREAM), keys)
  problems.push(
    ...compare(
      'stream as Java reads it',
      await javaChanges(java.streams(ours, STREAM), keys),
      changes,
    ),
    ...compare('stream as we read it', await ourChanges(table, keys), changes),
  )
  for (const [kind, columns] of Object.entries(FACTS))
    problems.push(
      ...compare(
        `$${kind}`,
        facts(await java.read(`${ours}$${kind}`), columns),
        facts(await java.read(`${theirs}$${kind}`), columns),
      ),
    )
  const { damage } = await table.check({ allSnapshots: true })
  return [...problems, ...damage.map((finding) => `check: ${JSON.stringify(finding)}`)]
}

const STREAM = {
  task: 'read',
  options: { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' },
} as const

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

function facts(texts: readonly string[], columns: readonly string[]): string[] {
  return texts.map((text) => {
    const row = JSON.parse(text) as Record<string, unknown>
    return canonicalRow(Object.fromEntries(columns.map((name) => [name, row[name]])))
  })
}

/** One text for each key and snapshot, with the changes in order. */
function grouped(
  rows: readonly { readonly snapshotId: number; readonly row: StreamRow }[],
  keys: readonly string[],
): string[] {
  const groups = new Map<string, string[]>()
  for (const { snapshotId, row } of rows) {
    const key = JSON.stringify([snapshotId, ...keys.map((name) => row[name])])
    groups.set(key, [...(groups.get(key) ?? []), canonicalRow(row)])
  }
  return [...groups].map(([key, changes]) => `${key}: ${changes.join(' ')}`)
}

interface JavaStream {
  readonly splits: readonly { readonly snapshot: number; readonly rows: readonly StreamRow[] }[]
}

async function javaChanges(read: Promise<unknown>, keys: readonly string[]): Promise<string[]> {
  const { splits } = (await read) as JavaStream
  return grouped(
    splits.flatMap(({ snapshot, rows }) => rows.map((row) => ({ snapshotId: snapshot, row }))),
    keys,
  )
}

async function ourChanges(table: Table, keys: readonly string[]): Promise<string[]> {
  const { options } = STREAM
  return grouped(await readStream(table.changes({ follow: false, options })), keys)
}

function compare(what: string, actual: readonly string[], expected: readonly string[]): string[] {
  const found = differences(actual, expected)
  if (found.count === 0) return []
  const { missing, extra, count } = found
  return [`${what}: ${count} differ; missing ${missing.join(', ')}; extra ${extra.join(', ')}`]
}
