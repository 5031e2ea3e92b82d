/** Lets the scenarios of compaction die at one storage operation after another. */
import {
  checkAfterDeath,
  checkRecovered,
  type CompactionScenario,
  performUntilDeath,
} from './compaction-scenarios.ts'
import { faultAt, type FaultKind, FaultyFileIO } from './faults.ts'
import { between, pick, seeded } from './random.ts'
import type { TrialStorage } from './trials.ts'

interface KillSettings {
  /** So many operations, chosen at random; every one unless given. */
  readonly kills?: number
  readonly seed?: number
}

/** How many operations the process has, and at how many of them it died. */
export interface KillCounts {
  readonly operations: number
  readonly kills: number
}

/** An operation in which a dying process may leave half of a file behind is tried with and without that. */
export async function killEverywhere(
  trials: TrialStorage,
  scenario: CompactionScenario,
  { kills: wanted, seed = 1 }: KillSettings = {},
): Promise<KillCounts> {
  const kinds: readonly FaultKind[] = trials.kinds.includes('torn') ? ['crash', 'torn'] : ['crash']
  const random = seeded(seed)
  const operations = await countOperations(trials, scenario)
  const numbers =
    wanted === undefined
      ? Array.from({ length: operations }, (_, i) => i + 1)
      : Array.from({ length: wanted }, () => between(random, 1, operations + 1))
  let kills = 0
  for (const number of numbers)
    for (const kind of wanted === undefined ? kinds : [pick(random, kinds)]) {
      await killAt(trials, scenario, number, kind).catch((error: unknown) => {
        throw new Error(`${scenario.name}: ${kind} at operation ${number}`, { cause: error })
      })
      kills++
    }
  return { operations, kills }
}

async function countOperations(
  trials: TrialStorage,
  scenario: CompactionScenario,
): Promise<number> {
  const root = await trials.freshTable(scenario)
  const counting = new FaultyFileIO(trials.io)
  const done = await performUntilDeath(counting, root, scenario)
  if (done !== scenario.actions.length)
    throw new Error(`${scenario.name}: only ${done} actions end when nothing goes wrong`)
  const seen = await trials.inspect(root)
  await checkAfterDeath(seen.io, seen.root, scenario, done)
  await checkRecovered(seen.io, seen.root, scenario)
  await trials.drop(root)
  return counting.operations.length
}

async function killAt(
  trials: TrialStorage,
  scenario: CompactionScenario,
  number: number,
  kind: FaultKind,
): Promise<void> {
  const root = await trials.freshTable(scenario)
  const faulty = new FaultyFileIO(trials.io, faultAt(number, kind))
  const done = await performUntilDeath(faulty, root, scenario)
  const dead = await trials.inspect(root)
  await checkAfterDeath(dead.io, dead.root, scenario, done)
  const ended = await performUntilDeath(trials.io, root, scenario)
  if (ended !== scenario.actions.length)
    throw new Error(`only ${ended} actions end when the same is done again`)
  const seen = await trials.inspect(root)
  await checkRecovered(seen.io, seen.root, scenario)
  await trials.drop(root)
}
