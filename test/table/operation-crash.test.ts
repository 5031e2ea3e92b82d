/**
 * Operations on tables that go wrong at one of their storage operations: what the table keeps stays readable, the same done
 * again ends as if nothing had happened, and what the dead left goes with the orphans. `scripts/kills.ts` tries every storage
 * operation of every operation.
 */
import { expect, test } from 'vitest'

import { killOperation } from '../support/operation-kills.ts'
import { OPERATION_SCENARIOS } from '../support/operation-scenarios.ts'
import { memoryTrials } from '../support/trials.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const SAMPLE = [
  'a change of the schema',
  'expiry of changelogs',
  'a removal of orphans',
  'a tag less',
  'a branch',
  'a fast-forward',
  'a rollback',
]

test.each(OPERATION_SCENARIOS.filter(({ name }) => SAMPLE.includes(name)))(
  '$name can go wrong anywhere',
  async (scenario) => {
    const { kills } = await killOperation(memoryTrials(), scenario, { kills: 1, seed: SEED })
    expect(kills).toBe(1)
  },
)
