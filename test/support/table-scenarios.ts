/** Commits of real rows to let fail, and what must hold of the table whatever happened to them. */
import { expect } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import type { Table } from '../../src/table/table.ts'
import type { OverwriteOptions } from '../../src/table/write/overwrite.ts'
import { TableWriter } from '../../src/table/write/writer.ts'
import { LakeError } from '../../src/util/errors.ts'
import { CrashError } from './faults.ts'
import { createRowTable, openRowTable, type Row, rowsOf, textOf } from './row-tables.ts'
import type { Template } from './trials.ts'

/** A table, a commit to it, and the rows before and after. */
export interface TableScenario extends Template {
  /** What the commit writes, call by call. */
  readonly writes: readonly (readonly Row[])[]
  readonly snapshotsBefore: number
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** What the commit replaces. */
  readonly overwrite?: OverwriteOptions
}

/** Who makes the commit that fails, and its identifier. */
const USER = 'job'
const IDENTIFIER = 42n

function row(dt: string, id: number, v: string, kind?: string): Row {
  return { dt, id: BigInt(id), v, ...(kind !== undefined && { _kind: kind }) }
}

function keyOf({ dt, id }: Row): string {
  return [dt, id].join(' ')
}

function scenario(
  name: string,
  definition: Readonly<Record<string, unknown>>,
  commits: readonly (readonly Row[])[],
  writes: readonly (readonly Row[])[],
  after: readonly Row[],
): TableScenario {
  const before = new Map<string, string>()
  const isKeyed = 'primaryKeys' in definition
  for (const [i, each] of commits.flat().entries())
    before.set(isKeyed ? keyOf(each) : String(i), textOf(each))
  return {
    name,
    writes,
    snapshotsBefore: commits.length,
    before: [...before.values()].toSorted(),
    after: after.map(textOf).toSorted(),
    async prepare(io, root) {
      await createRowTable(io, root, definition)
      for (const rows of commits) await (await openRowTable(io, root)).write(rows)
    },
  }
}

const OLD = [row('a', 1, 'one'), row('a', 2, 'two'), row('b', 3, 'three')]

export const TABLE_SCENARIOS: readonly TableScenario[] = [
  scenario(
    'an append',
    { options: { bucket: -1 } },
    [OLD],
    [[row('a', 4, 'four')], [row('c', 5, 'five'), row('a', 1, 'one again')]],
    [...OLD, row('a', 4, 'four'), row('c', 5, 'five'), row('a', 1, 'one again')],
  ),
  scenario(
    'an upsert',
    { primaryKeys: ['dt', 'id'], options: { bucket: 1 } },
    [OLD, [row('a', 2, 'two again')]],
    [
      [row('a', 1, 'ONE', '+U'), row('a', 2, 'two again', '-D'), row('c', 5, 'five')],
      [row('a', 4, 'lost'), row('a', 4, 'four', '+U')],
    ],
    [row('a', 1, 'ONE'), row('b', 3, 'three'), row('a', 4, 'four'), row('c', 5, 'five')],
  ),
]

/** Rows in the place of those of a partition. */
export const OVERWRITE_SCENARIO: TableScenario = {
  ...scenario(
    'an overwrite',
    { primaryKeys: ['dt', 'id'], options: { bucket: 1 } },
    [OLD, [row('a', 2, 'two again')]],
    [[row('a', 2, 'alone')], [row('a', 4, 'four')]],
    [row('a', 2, 'alone'), row('b', 3, 'three'), row('a', 4, 'four')],
  ),
  overwrite: { partition: { dt: 'a' } },
}

/** How a commit ended. */
export interface Outcome {
  readonly isAcknowledged: boolean
  /** Whether it may have happened although it was not acknowledged. */
  readonly isUncertain: boolean
}

/**
 * Opens the table as a new process, writes the scenario's rows and commits them. `isPatient` is a process that commits
 * again when the commit fails.
 */
export async function tryWrite(
  io: FileIO,
  root: string,
  { writes, overwrite }: TableScenario,
  isPatient: boolean,
): Promise<Outcome> {
  let isAcknowledged = false
  try {
    const table = await openRowTable(io, root)
    await using writer = new TableWriter(table.store, table.schema, {
      commitUser: USER,
      overwrite,
    })
    for (const rows of writes) await writer.write(rows)
    try {
      await writer.commit({ identifier: IDENTIFIER })
    } catch (error) {
      if (!isPatient || !(error instanceof LakeError)) throw error
      await writer.commit({ identifier: IDENTIFIER })
    }
    isAcknowledged = true
  } catch (error) {
    const isUncertain = isUncertainAfter(error)
    // What fails after the commit, when the writer is closed, does not undo it.
    if (!isAcknowledged) return { isAcknowledged, isUncertain }
  }
  return { isAcknowledged: true, isUncertain: false }
}

function isUncertainAfter(error: unknown): boolean {
  if (error instanceof CrashError) return true
  // The disposal of the writer failed too.
  if (error instanceof SuppressedError) return isUncertainAfter(error.suppressed)
  if (!(error instanceof LakeError)) throw error
  return error.code === 'OUTCOME_UNKNOWN'
}

/** The table is sound, and its rows are those before the commit or after it, as the outcome says. */
export async function checkOutcome(
  io: FileIO,
  root: string,
  { before, after }: TableScenario,
  { isAcknowledged, isUncertain }: Outcome,
): Promise<{ readonly orphanFiles: number | null }> {
  const table = await openRowTable(io, root)
  const rows = await rowsOf(table)
  if (isUncertain) expect([before, after]).toContainEqual(rows)
  else expect(rows).toEqual(isAcknowledged ? after : before)
  return checkSound(table)
}

/** After another try the commit has happened, once. */
export async function checkOnce(
  io: FileIO,
  root: string,
  { after, snapshotsBefore }: TableScenario,
): Promise<void> {
  const table = await openRowTable(io, root)
  expect(await rowsOf(table)).toEqual(after)
  const users = (await table.snapshots()).map(({ commitUser }) => commitUser)
  expect([users.length, users.at(-1)]).toEqual([snapshotsBefore + 1, USER])
  await checkSound(table)
}

/** No damage: every reachable file is there, and its counts, keys and statistics are right. */
async function checkSound(table: Table): Promise<{ readonly orphanFiles: number | null }> {
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect(damage).toEqual([])
  return counts
}
