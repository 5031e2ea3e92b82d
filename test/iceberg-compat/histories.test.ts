/**
 * The Iceberg metadata of tables that live, and of tables whose processes die: a sample of what `scripts/iceberg-histories.ts` and
 * `scripts/kills.ts --scenario Iceberg` try at length.
 */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { liveHistory, SHAPES } from '../support/iceberg-histories.ts'
import { ICEBERG_SCENARIOS } from '../support/iceberg-scenarios.ts'
import { killOperation } from '../support/operation-kills.ts'
import { memoryTrials } from '../support/trials.ts'

const SEED = Number(process.env['SEED'] ?? 3)

const plans = SHAPES.filter(({ name }) => name !== 'rows').map((shape, i) => ({
  shape,
  formatVersion: i % 2 === 0 ? (2 as const) : (3 as const),
  seed: SEED + i,
  stepCount: 7,
}))

test.each(plans)(
  'after each step clients of version $formatVersion see a table of $shape.name as it is',
  async (plan) => {
    const shown = await liveHistory(new MemoryFileIO(), `memory://${randomUUID()}/t`, plan)
    expect(shown).toBeGreaterThan(0)
  },
)

test('what publishes deleted rows can go wrong anywhere', async () => {
  const scenario = ICEBERG_SCENARIOS.find(({ name }) => name.endsWith('deleted rows with vectors'))!
  const { kills } = await killOperation(memoryTrials(), scenario, { kills: 1, seed: SEED })
  expect(kills).toBe(1)
})
