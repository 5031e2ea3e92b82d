/**
 * Lets operations on a table go wrong at each of their storage operations in turn, and looks with other eyes at what is left:
 * what the table keeps can be read, what was answered has happened, and the same done again ends as if nothing had happened.
 */
import assert from 'node:assert/strict'

import type { FileIO } from '../../src/io/file-io.ts'
import type { Table } from '../../src/table/table.ts'
import { LakeError } from '../../src/util/errors.ts'
import { CrashError, faultAt, type FaultKind, FaultyFileIO } from './faults.ts'
import { between, pick, type Random, seeded } from './random.ts'
import {
  DAMAGED,
  openTable,
  type Picture,
  pictureOf,
  removeAllOrphans,
  unneededFiles,
} from './table-picture.ts'
import type { Template, TrialStorage } from './trials.ts'

/** What is done to a table. */
export interface OperationScenario extends Template {
  /** Done by a process that opens the table for it; done again it may refuse, if nothing is left to do. */
  act(table: Table): Promise<unknown>
  /**
   * Whether the operation makes several snapshots, so that what is left when it dies between them, and the number of them in
   * the end, may differ: those after the last one before are then only read.
   */
  readonly isLong?: boolean
  /** Whether it goes through states that are neither; until it is done all that is there must only be readable. */
  readonly isStepwise?: boolean
  /** Done when the process has died and before the operation is done again, as an operator would. */
  repair?(table: Table): Promise<unknown>
  /** Done to each copy of the table first: what knows where it lies is made there. */
  arrive?(io: FileIO, root: string): Promise<void>
  /** Looks at more than the picture shows: whenever a process has died, and when all is done, for the last time. */
  witness?(io: FileIO, root: string, isOver: boolean): Promise<void>
}

export interface OperationKills {
  /** How many storage operations the process has, and how often one of them went wrong. */
  readonly operations: number
  readonly kills: number
}

interface KillSettings {
  /** So many faults, chosen at random where there are more; every one unless given. */
  readonly kills?: number
  readonly seed?: number
  /** Whether a second process dies too while it does the same again. */
  readonly isNested?: boolean
}

/** The table before the operation, after it, and how many storage operations lie between. */
interface Course {
  readonly before: Picture
  readonly after: Picture
  readonly operations: number
}

export async function killOperation(
  trials: TrialStorage,
  scenario: OperationScenario,
  { kills: wanted, seed = 1, isNested = false }: KillSettings = {},
): Promise<OperationKills> {
  const random = seeded(seed)
  const course = await observe(trials, scenario)
  const { operations } = course
  const all = Array.from({ length: operations }, (_, i) => i + 1)
  const chosen =
    wanted === undefined || wanted >= operations * trials.kinds.length
      ? all.flatMap((number) => trials.kinds.map((kind) => ({ number, kind })))
      : Array.from({ length: wanted }, () => randomFault(operations, trials, random))
  for (const fault of chosen) {
    const second = isNested ? randomFault(operations, trials, random) : undefined
    await killAt(trials, scenario, course, fault, second).catch((error: unknown) => {
      const also = second === undefined ? '' : `, then ${second.kind} at ${second.number}`
      const what = `${scenario.name}: ${fault.kind} at operation ${fault.number}${also}`
      throw new Error(what, { cause: error })
    })
  }
  return { operations, kills: chosen.length * (isNested ? 2 : 1) }
}

interface Fault {
  readonly number: number
  readonly kind: FaultKind
}

function randomFault(operations: number, { kinds }: TrialStorage, random: Random): Fault {
  return { number: between(random, 1, operations + 1), kind: pick(random, kinds) }
}

/** Does it without any fault. */
async function observe(trials: TrialStorage, scenario: OperationScenario): Promise<Course> {
  const root = await freshTable(trials, scenario)
  const before = await look(trials, root)
  const counting = new FaultyFileIO(trials.io)
  await scenario.act(await openTable(counting, root))
  const after = await look(trials, root)
  await checkClean(trials, root, after)
  await scenario.witness?.(trials.io, root, true)
  await trials.drop(root)
  return { before, after, operations: counting.operations.length }
}

async function freshTable(trials: TrialStorage, scenario: OperationScenario): Promise<string> {
  const root = await trials.freshTable(scenario)
  await scenario.arrive?.(trials.io, root)
  return root
}

async function look(trials: TrialStorage, root: string): Promise<Picture> {
  const seen = await trials.inspect(root)
  return pictureOf(seen.io, seen.root)
}

async function killAt(
  trials: TrialStorage,
  scenario: OperationScenario,
  course: Course,
  fault: Fault,
  second: Fault | undefined,
): Promise<void> {
  const root = await freshTable(trials, scenario)
  for (const { number, kind } of [fault, ...(second === undefined ? [] : [second])]) {
    const faulty = new FaultyFileIO(trials.io, faultAt(number, kind))
    const isDone = await tryTo(faulty, root, scenario)
    checkBetween(await look(trials, root), scenario, course, isDone)
    await scenario.witness?.(trials.io, root, false)
  }
  await scenario.repair?.(await openTable(trials.io, root))
  await tryTo(trials.io, root, scenario)
  const recovered = await look(trials, root)
  checkBetween(recovered, scenario, course, true)
  await checkClean(trials, root, recovered)
  await scenario.witness?.(trials.io, root, true)
  await trials.drop(root)
}

/** Whether the operation was answered. Only the storage and the table's rules may keep it from that. */
async function tryTo(io: FileIO, root: string, scenario: OperationScenario): Promise<boolean> {
  try {
    await scenario.act(await openTable(io, root))
    return true
  } catch (error) {
    if (!isExpected(error)) throw error
    return false
  }
}

function isExpected(error: unknown): boolean {
  // Closing a writer failed too.
  if (error instanceof SuppressedError) return isExpected(error.suppressed)
  return error instanceof CrashError || error instanceof LakeError
}

/** Each place has what it had before or what it has afterwards; once the operation is answered, what it has afterwards. */
function checkBetween(
  seen: Picture,
  scenario: OperationScenario,
  { before, after }: Course,
  isDone: boolean,
): void {
  const lastBefore = lastSnapshot(before)
  for (const place of new Set([...before.keys(), ...after.keys(), ...seen.keys()])) {
    const [b, a, now] = [before.get(place), after.get(place), seen.get(place)]
    const told = { place, seen: now }
    const number = Number(/^snapshot (\d+)$/.exec(place)?.[1] ?? 0)
    if (scenario.isLong === true && number > lastBefore) {
      assert.ok(isReadable(now) || (!isDone && a === undefined), JSON.stringify(told))
      continue
    }
    if (!isDone && (isLeaving(place, a, now) || (scenario.isStepwise === true && isReadable(now))))
      continue
    const possible = isDone ? [a] : [b, a]
    if (possible.includes(now)) continue
    assert.deepEqual(told, { place, seen: possible.at(-1) })
  }
}

function isReadable(seen: string | undefined): boolean {
  return seen?.startsWith(DAMAGED) !== true
}

/** What is on its way out need not be read any more, as its files go before it does; and a branch loses all but its schema first. */
function isLeaving(place: string, after: string | undefined, seen: string | undefined): boolean {
  if (after !== undefined) return false
  return place.startsWith('branch') || (/snapshot|changelog/.test(place) && !isReadable(seen))
}

function lastSnapshot(picture: Picture): number {
  const ids = [...picture.keys()].map((place) => Number(/^snapshot (\d+)$/.exec(place)?.[1] ?? 0))
  return Math.max(0, ...ids)
}

/** Whatever the dead have left goes with the orphans, and nothing else does. */
async function checkClean(trials: TrialStorage, root: string, picture: Picture): Promise<void> {
  await removeAllOrphans(await openTable(trials.io, root))
  const seen = await trials.inspect(root)
  assert.deepEqual(await pictureOf(seen.io, seen.root), picture)
  assert.deepEqual(await unneededFiles(seen.io, seen.root), [])
  const { damage } = await (
    await openTable(seen.io, seen.root)
  ).check({ allSnapshots: true, deep: false })
  assert.deepEqual(damage, [])
}
