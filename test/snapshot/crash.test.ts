/**
 * Commits that are cut short: at every single operation on the storage the operation fails, its answer is lost, or the
 * process dies before or in the middle of it. Whatever happens, the table reads as before the commit or as after one of
 * its snapshots; what was acknowledged is there; and the same commit made again happens once.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { LakeError } from '../../src/util/errors.ts'
import {
  checkConverged,
  checkState,
  type Scenario,
  SCENARIOS,
  templateOf,
  tryCommit,
  unreachableMetadata,
} from '../support/commit-scenarios.ts'
import { faultAt, type FaultKind, FaultyFileIO } from '../support/faults.ts'
import { between, pick, seeded } from '../support/random.ts'
import { faultsOfRequest } from '../support/request-faults.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'
import type { FaultAction } from '../support/s3/faults.ts'
import { localTrials, memoryTrials, s3Trials, type TrialStorage } from '../support/trials.ts'

const isFull = process.env['RELIABILITY'] === 'full'
const SEED = Number(process.env['SEED'] ?? 7)
const scenarios = Object.entries(SCENARIOS)
/** What is tried on slower storages too; appends are, with their rows, in the test of tables. */
const slowScenarios = isFull
  ? scenarios
  : scenarios.filter(([name]) => name === 'an append and a compaction')

/** How many operations the commit makes when nothing goes wrong. */
async function operationCount(trials: TrialStorage, scenario: Scenario): Promise<number> {
  const root = await trials.freshTable(templateOf(scenario))
  const counting = new FaultyFileIO(trials.io)
  expect(await tryCommit(counting, root, scenario)).toEqual({ isAcknowledged: true })
  await convergedAndDropped(trials, root, scenario)
  return counting.operations.length
}

async function convergedAndDropped(
  trials: TrialStorage,
  root: string,
  scenario: Scenario,
): Promise<void> {
  const seen = await trials.inspect(root)
  await checkConverged(seen.io, seen.root, scenario)
  await trials.drop(root)
}

async function failAt(
  trials: TrialStorage,
  scenario: Scenario,
  number: number,
  kind: FaultKind,
): Promise<void> {
  const root = await trials.freshTable(templateOf(scenario))
  const faulty = new FaultyFileIO(trials.io, faultAt(number, kind))
  const attempt = await tryCommit(faulty, root, scenario)
  const seen = await trials.inspect(root)
  await checkState(seen.io, seen.root, scenario, attempt)
  const isUnknown = attempt.error instanceof LakeError && attempt.error.code === 'OUTCOME_UNKNOWN'
  const failed = faulty.operations.find((operation) => operation.fault !== undefined)
  // A process that lives cleans up behind itself, unless it does not know or it is the cleaning that fails.
  if (!faulty.crashed && !isUnknown && failed?.name !== 'deleteAll')
    expect(await unreachableMetadata(seen.io, seen.root)).toEqual([])
  expect(await tryCommit(trials.io, root, scenario)).toEqual({ isAcknowledged: true })
  await convergedAndDropped(trials, root, scenario)
}

/**
 * Answers with the number of operations that failed in turn: each in all ways, or, `inTurns`, in one of them after the
 * other.
 */
async function failEverywhere(
  trials: TrialStorage,
  scenario: Scenario,
  inTurns = false,
): Promise<number> {
  const count = await operationCount(trials, scenario)
  const { kinds } = trials
  for (let number = 1; number <= count; number++)
    for (const kind of inTurns ? [kinds[number % kinds.length]!] : kinds) {
      try {
        await failAt(trials, scenario, number, kind)
      } catch (error) {
        throw new Error(`${kind} at operation ${number}`, { cause: error })
      }
    }
  return count
}

/** Dies, or fails, in the second try too. */
async function failTwice(
  trials: TrialStorage,
  scenario: Scenario,
  faults: readonly (readonly [number: number, kind: FaultKind])[],
): Promise<void> {
  const root = await trials.freshTable(templateOf(scenario))
  let isAcknowledged = false
  for (const [number, kind] of faults) {
    const faulty = new FaultyFileIO(trials.io, faultAt(number, kind))
    const attempt = await tryCommit(faulty, root, scenario)
    isAcknowledged ||= attempt.isAcknowledged
    const seen = await trials.inspect(root)
    await checkState(seen.io, seen.root, scenario, { isAcknowledged })
  }
  expect(await tryCommit(trials.io, root, scenario)).toEqual({ isAcknowledged: true })
  await convergedAndDropped(trials, root, scenario)
}

describe('on a local disk', () => {
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  test.each(slowScenarios)(
    '%s survives every failure',
    { timeout: 120_000 },
    async (_, scenario) => {
      const count = await failEverywhere(localTrials(directory), scenario(), !isFull)
      expect(count).toBeGreaterThan(8)
    },
  )
})

describe('in memory', () => {
  const trials = memoryTrials()

  test.each(scenarios)('%s survives every failure', { timeout: 120_000 }, async (_, scenario) => {
    expect(await failEverywhere(trials, scenario())).toBeGreaterThan(8)
  })

  test('a commit that fails twice happens once', { timeout: 3_600_000 }, async () => {
    const random = seeded(SEED)
    const counts = new Map<string, number>()
    for (const [name, make] of scenarios) counts.set(name, await operationCount(trials, make()))
    expect([...counts.values()].every((count) => count > 8)).toBe(true)
    for (let run = 0; run < (isFull ? 20_000 : 150); run++) {
      const [name, make] = pick(random, scenarios)
      const fault = (): [number, FaultKind] => [
        between(random, 1, counts.get(name)! + 3),
        pick(random, trials.kinds),
      ]
      const faults = [fault(), fault()]
      try {
        await failTwice(trials, make(), faults)
      } catch (error) {
        const what = `${name}: ${faults.map((each) => each.join(' ')).join(', then ')}`
        throw new Error(`${what} (run ${run} of seed ${SEED})`, { cause: error })
      }
    }
  })
})

describe('on S3', () => {
  let s3: TestS3
  let trials: TrialStorage

  beforeAll(async () => {
    s3 = await startTestS3({}, { idleTimeoutMs: 2_000 })
    trials = s3Trials(s3)
  })
  afterAll(() => s3[Symbol.asyncDispose]())

  test.each(slowScenarios)(
    '%s survives every failure',
    { timeout: 120_000 },
    async (_, scenario) => {
      expect(await failEverywhere(trials, scenario(), !isFull)).toBeGreaterThan(8)
    },
  )

  test.each(slowScenarios)(
    '%s survives a server that fails any request',
    { timeout: 120_000 },
    async (_, makeScenario) => {
      const scenario = makeScenario()
      const root = await trials.freshTable(templateOf(scenario))
      const from = s3.server.log.length
      expect(await tryCommit(s3.io, root, scenario)).toEqual({ isAcknowledged: true })
      const count = s3.server.log.length - from
      for (let number = 1; number <= count; number++)
        for (const [name, action] of faultsOfRequest(number, { isFull, shift: SEED })) {
          try {
            await failRequest(scenario, number, action)
          } catch (error) {
            throw new Error(`${name} for request ${number}`, { cause: error })
          }
        }
    },
  )

  async function failRequest(
    scenario: Scenario,
    number: number,
    action: FaultAction,
  ): Promise<void> {
    const root = await trials.freshTable(templateOf(scenario))
    let requests = 0
    s3.server.faults.add(() => ++requests === number, action)
    const attempt = await tryCommit(s3.io, root, scenario)
    s3.server.faults.clear()
    const seen = await trials.inspect(root)
    await checkState(seen.io, seen.root, scenario, attempt)
    expect(await tryCommit(s3.io, root, scenario)).toEqual({ isAcknowledged: true })
    await convergedAndDropped(trials, root, scenario)
  }
})
