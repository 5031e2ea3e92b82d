/** Does random operations to two tables, one by Java and the other by this library, and tells how the tables differ. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { type Random, seeded } from '../../support/random.ts'
import { compareOperated, directoryOf, stateOf } from './operated-tables.ts'
import {
  type Operation,
  randomOperatedSchema,
  randomOperation,
  type TableState,
  writeTo,
} from './operation-plans.ts'
import { weOperate } from './our-operations.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'

/** Who does the operations to the table that is compared with Java's; `java` shows what Java itself does differently each time. */
export type Operator = 'ours' | 'mixed' | 'java'

export interface OperatedSchedule {
  readonly seed: number
  readonly options: Readonly<Record<string, string>>
  /** With who refused it, if anybody did. */
  readonly steps: readonly (Operation & { readonly refused?: string })[]
  readonly problems: readonly string[]
}

export interface OperationRuns {
  readonly first: number
  readonly count: number
  readonly operator: Operator
  /** How many operations a table sees. */
  readonly length?: number
  /** Whether tables that differ stay where they are. */
  readonly isKept?: boolean
  /** Which may be done; all unless told. */
  readonly isWanted?: (operation: Operation) => boolean
}

/** How often each operation was done. */
export type OperationCounts = Readonly<Record<string, number>>

/** Runs the schedules of so many seeds, two at a time; `onDifference` hears of each that ends otherwise than in Java. */
export async function runOperations(
  both: SharedWarehouse,
  runs: OperationRuns,
  onDifference: (schedule: OperatedSchedule) => void,
): Promise<OperationCounts> {
  const counts: Record<string, number> = {}
  let next = runs.first
  const work = async (): Promise<void> => {
    while (next < runs.first + runs.count) {
      const schedule = await runSchedule(both, next++, runs)
      for (const { op, refused } of schedule.steps) {
        const what = refused === undefined ? op : `${op} refused`
        counts[what] = (counts[what] ?? 0) + 1
      }
      if (schedule.problems.length > 0) onDifference(schedule)
    }
  }
  await Promise.all([work(), work()])
  return counts
}

async function runSchedule(
  both: SharedWarehouse,
  seed: number,
  { operator, length = 12, isKept = false, isWanted = () => true }: OperationRuns,
): Promise<OperatedSchedule> {
  const random = seeded(seed)
  const schema = randomOperatedSchema(random)
  const [theirs, ours] = [`db.java_${operator}_${seed}`, `db.ours_${operator}_${seed}`]
  await both.java.create(theirs, schema)
  await both.java.create(ours, schema)
  const steps: (Operation & { refused?: string })[] = []
  const problems: string[] = []
  while (problems.length === 0 && (steps.length < length || LEAVING.has(steps.at(-1)!.op))) {
    const state = await stateOf(both, theirs)
    const step = LEAVING.has(steps.at(-1)?.op ?? '')
      ? writeTo(state, random)
      : nextOperation(state, random, isWanted)
    const isOurs = operator === 'ours' || (operator === 'mixed' && random() < 0.5)
    const [java, other] = await Promise.all([
      refusal(both.java.operate(onBranch(theirs, step), step)),
      refusal(
        isOurs
          ? weOperate(both, onBranch(ours, step), step)
          : both.java.operate(onBranch(ours, step), step),
      ),
    ])
    // Java copies the hint of the branch too, which hides older snapshots of the table from it.
    if (step.op === 'fastForward')
      for (const table of [theirs, ours])
        await rm(join(directoryOf(both, table), 'snapshot', 'EARLIEST'), { force: true })
    steps.push(java === null ? step : { ...step, refused: firstLines(java) })
    if ((java === null) !== (other === null))
      problems.push(java === null ? `only we refuse: ${other}` : `only Java refuses: ${java}`)
  }
  if (problems.length === 0) problems.push(...(await compareOperated(both, theirs, ours)))
  if (problems.length === 0 || !isKept)
    for (const table of [theirs, ours]) await rm(directoryOf(both, table), { recursive: true })
  return { seed, options: schema.options, steps, problems }
}

/**
 * After these a table may have more snapshots than it is to keep, up to the next commit of rows. Java also does without one,
 * with a compaction that finds nothing to do.
 */
const LEAVING: ReadonlySet<string> = new Set([
  'dropPartitions',
  'expirePartitions',
  'compactManifests',
])

function nextOperation(
  state: TableState,
  random: Random,
  isWanted: (operation: Operation) => boolean,
): Operation {
  for (;;) {
    const operation = randomOperation(state, random)
    if (isWanted(operation) || operation.op === 'write') return operation
  }
}

function onBranch(table: string, step: Operation): string {
  return 'branch' in step ? `${table}$branch_${step.branch}` : table
}

/** Why it fails; null if it does not. */
async function refusal(body: Promise<void>): Promise<string | null> {
  try {
    await body
    return null
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

function firstLines(text: string): string {
  return text.split('\n').slice(0, 2).join(' ').slice(0, 300)
}
