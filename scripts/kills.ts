/**
 * Lets every operation on a table go wrong at each of its storage operations, in each way there is, in memory and on a local
 * disk, and prints one JSON line for each: `node scripts/kills.ts [--scenario TEXT] [--storage memory] [--kills 500] [--nested]
 * [--seed 1]`. With `--kills` so many are chosen at random where there are more; with `--nested` a second process dies too.
 * Fails when something is damaged or lost that the table keeps, or happens twice, or cannot be done again, or leaves files.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { ICEBERG_SCENARIOS } from '../test/support/iceberg-scenarios.ts'
import { killOperation } from '../test/support/operation-kills.ts'
import { OPERATION_SCENARIOS } from '../test/support/operation-scenarios.ts'
import { localTrials, memoryTrials } from '../test/support/trials.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: '' },
    storage: { type: 'string', default: 'memory,disk' },
    kills: { type: 'string' },
    nested: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
})

const directory = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
const disk = localTrials(directory)
const storages = Object.entries({ memory: memoryTrials(), disk })
const settings = {
  ...(values.kills !== undefined && { kills: Number(values.kills) }),
  seed: Number(values.seed),
  isNested: values.nested,
}
try {
  const scenarios = [...OPERATION_SCENARIOS, ...ICEBERG_SCENARIOS]
  for (const scenario of scenarios.filter(({ name }) => name.includes(values.scenario)))
    for (const [storage, trials] of storages.filter(([name]) => values.storage.includes(name))) {
      const told = { scenario: scenario.name, storage }
      try {
        const counts = await killOperation(trials, scenario, settings)
        process.stdout.write(`${JSON.stringify({ ...told, ...counts })}\n`)
      } catch (error) {
        process.exitCode = 1
        const [message, cause] = error instanceof Error ? [error.message, error.cause] : [error]
        process.stdout.write(`${JSON.stringify({ ...told, message, cause: String(cause) })}\n`)
      }
    }
} finally {
  await disk.io.close()
  await rm(directory, { recursive: true })
}
