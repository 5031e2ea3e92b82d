/**
 * Processes that write, compact, log changes and mark rows as deleted, and die at one of their storage operations. The table
 * passes its check and reads right, and the same done again by another process happens once. `scripts/compaction-kills.ts`
 * tries every operation.
 */
import { expect, test } from 'vitest'

import { killEverywhere } from '../support/compaction-kills.ts'
import { COMPACTION_SCENARIOS } from '../support/compaction-scenarios.ts'
import { memoryTrials } from '../support/trials.ts'

const SEED = Number(process.env['SEED'] ?? 3)
const KILLS = 1

test.each(COMPACTION_SCENARIOS)('$name survives a death at any operation', async (scenario) => {
  const { kills } = await killEverywhere(memoryTrials(), scenario, { kills: KILLS, seed: SEED })
  expect(kills).toBe(KILLS)
})
