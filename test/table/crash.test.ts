/**
 * Rows that are written and committed while the storage fails: at every single operation of the process, from opening
 * the table to closing the writer, it fails, its answer is lost, or the process dies before or in the middle of it. An
 * acknowledged commit is visible, one that is refused is not, the table passes its check, and the same commit made again
 * happens once.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { faultAt, type FaultKind, FaultyFileIO } from '../support/faults.ts'
import { between, pick, seeded } from '../support/random.ts'
import { faultsOfRequest } from '../support/request-faults.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'
import type { FaultAction } from '../support/s3/faults.ts'
import {
  checkOnce,
  checkOutcome,
  OVERWRITE_SCENARIO,
  TABLE_SCENARIOS,
  type TableScenario,
  tryWrite,
} from '../support/table-scenarios.ts'
import { localTrials, memoryTrials, s3Trials, type TrialStorage } from '../support/trials.ts'

const isFull = process.env['RELIABILITY'] === 'full'
const SEED = Number(process.env['SEED'] ?? 11)

const KINDS: readonly FaultKind[] = ['fail', 'transient', 'lose', 'crash', 'torn']
/** What a process survives is tried in memory too. */
const ON_DISK: readonly FaultKind[] = isFull ? KINDS : ['lose', 'crash', 'torn']
/** Those after which a process lives, and may try again itself. */
const SURVIVED: readonly FaultKind[] = ['fail', 'transient', 'lose']
/** Operations that only clean up: when one of them fails, something may stay. */
const CLEANING = new Set(['delete', 'deleteAll', 'writer.abort'])

/** The operations of a process that nothing happens to. */
async function operationsOf(trials: TrialStorage, scenario: TableScenario): Promise<number> {
  const root = await trials.freshTable(scenario)
  const counting = new FaultyFileIO(trials.io)
  const outcome = await tryWrite(counting, root, scenario, false)
  expect(outcome).toEqual({ isAcknowledged: true, isUncertain: false })
  await onceAndDropped(trials, root, scenario)
  return counting.operations.length
}

async function onceAndDropped(
  trials: TrialStorage,
  root: string,
  scenario: TableScenario,
): Promise<void> {
  const again = await tryWrite(trials.io, root, scenario, false)
  expect(again).toEqual({ isAcknowledged: true, isUncertain: false })
  const seen = await trials.inspect(root)
  await checkOnce(seen.io, seen.root, scenario)
  await trials.drop(root)
}

async function failAt(
  trials: TrialStorage,
  scenario: TableScenario,
  number: number,
  kind: FaultKind,
  isPatient: boolean,
): Promise<void> {
  const root = await trials.freshTable(scenario)
  const faulty = new FaultyFileIO(trials.io, faultAt(number, kind))
  const outcome = await tryWrite(faulty, root, scenario, isPatient)
  const seen = await trials.inspect(root)
  const { orphanFiles } = await checkOutcome(seen.io, seen.root, scenario, outcome)
  const failed = faulty.operations.find(({ fault }) => fault !== undefined)
  // What is made without an answer is not known to be there, and left to orphan cleaning.
  if (
    (kind === 'fail' || kind === 'transient') &&
    !outcome.isUncertain &&
    !CLEANING.has(failed!.name)
  )
    expect(orphanFiles).toBe(0)
  await onceAndDropped(trials, root, scenario)
}

/**
 * Answers with the number of operations that failed in turn: each in all ways, or, `inTurns`, in one of them after the
 * other.
 */
async function failEverywhere(
  trials: TrialStorage,
  scenario: TableScenario,
  kinds: readonly FaultKind[],
  isPatient: boolean,
  inTurns = false,
): Promise<number> {
  const count = await operationsOf(trials, scenario)
  for (let number = 1; number <= count; number++)
    for (const kind of inTurns ? [kinds[number % kinds.length]!] : kinds)
      await failAt(trials, scenario, number, kind, isPatient).catch((error: unknown) => {
        throw new Error(`${kind} at operation ${number}`, { cause: error })
      })
  return count
}

/** Fails while it recovers from a failure, too. */
async function failTwice(
  trials: TrialStorage,
  scenario: TableScenario,
  faults: readonly (readonly [number: number, kind: FaultKind])[],
): Promise<void> {
  const root = await trials.freshTable(scenario)
  let isAcknowledged = false
  let isUncertain = false
  for (const [number, kind] of faults) {
    const faulty = new FaultyFileIO(trials.io, faultAt(number, kind))
    const outcome = await tryWrite(faulty, root, scenario, kind === 'lose')
    isAcknowledged ||= outcome.isAcknowledged
    isUncertain ||= outcome.isUncertain
    const seen = await trials.inspect(root)
    const soFar = { isAcknowledged, isUncertain: isUncertain && !isAcknowledged }
    await checkOutcome(seen.io, seen.root, scenario, soFar)
  }
  await onceAndDropped(trials, root, scenario)
}

test('an overwrite survives every failure', { timeout: 300_000 }, async () => {
  const kinds = isFull ? KINDS : (['lose', 'crash'] as const)
  expect(await failEverywhere(memoryTrials(), OVERWRITE_SCENARIO, kinds, isFull)).toBeGreaterThan(
    20,
  )
})

describe.each(TABLE_SCENARIOS)('$name', (scenario) => {
  const index = TABLE_SCENARIOS.indexOf(scenario)

  test('on a local disk survives every failure', { timeout: 300_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-rows-'))
    const trials = localTrials(directory)
    try {
      // A disk that syncs is slow.
      const count = await failEverywhere(trials, scenario, ON_DISK, isFull, !isFull)
      expect(count).toBeGreaterThan(20)
    } finally {
      await trials.io.close()
      await rm(directory, { recursive: true })
    }
  })

  test(
    'survives every failure when the same process tries again',
    { timeout: 300_000 },
    async () => {
      const trials = memoryTrials()
      expect(await failEverywhere(trials, scenario, SURVIVED, true)).toBeGreaterThan(20)
    },
  )

  test('that fails twice happens once', { timeout: 3_600_000 }, async () => {
    const trials = memoryTrials()
    const random = seeded(SEED)
    const count = await operationsOf(trials, scenario)
    expect(count).toBeGreaterThan(10)
    for (let run = 0; run < (isFull ? 10_000 : 80); run++) {
      const fault = (): [number, FaultKind] => [between(random, 1, count + 4), pick(random, KINDS)]
      const faults = [fault(), fault()]
      await failTwice(trials, scenario, faults).catch((error: unknown) => {
        const what = faults.map((each) => each.join(' ')).join(', then ')
        throw new Error(`${what} (run ${run} of seed ${SEED})`, { cause: error })
      })
    }
  })

  describe('on S3', () => {
    let s3: TestS3
    let trials: TrialStorage

    beforeAll(async () => {
      s3 = await startTestS3({}, { idleTimeoutMs: 2_000 })
      trials = s3Trials(s3)
    })
    afterAll(() => s3[Symbol.asyncDispose]())

    // What else can go wrong the server does below.
    const kinds = isFull ? KINDS : (['crash'] as const)

    test('survives every failure of the storage', { timeout: 300_000 }, async () => {
      expect(await failEverywhere(trials, scenario, kinds, false)).toBeGreaterThan(20)
    })

    test('survives a server that fails any request', { timeout: 300_000 }, async () => {
      const root = await trials.freshTable(scenario)
      const from = s3.server.log.length
      await tryWrite(s3.io, root, scenario, false)
      const count = s3.server.log.length - from
      expect(count).toBeGreaterThan(10)
      for (let number = 1; number <= count; number++)
        for (const [name, action] of faultsOfRequest(number, { isFull, shift: SEED + index }))
          await failRequest(number, action).catch((error: unknown) => {
            throw new Error(`${name} for request ${number}`, { cause: error })
          })
    })

    async function failRequest(number: number, action: FaultAction): Promise<void> {
      const root = await trials.freshTable(scenario)
      let requests = 0
      s3.server.faults.add(() => ++requests === number, action)
      const outcome = await tryWrite(s3.io, root, scenario, false)
      s3.server.faults.clear()
      const seen = await trials.inspect(root)
      await checkOutcome(seen.io, seen.root, scenario, outcome)
      await onceAndDropped(trials, root, scenario)
    }
  })
})
