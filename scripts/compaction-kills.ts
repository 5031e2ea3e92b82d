/**
 * Kills processes that write, compact, log changes and mark rows as deleted at each of their storage operations, in memory
 * and on a local disk, and prints one JSON line for each scenario: `node scripts/compaction-kills.ts [--scenario TEXT]
 * [--storage memory]`.
 * Fails when a table is damaged, a row or change is lost or comes twice, or the same cannot be done again.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { killEverywhere } from '../test/support/compaction-kills.ts'
import { COMPACTION_SCENARIOS } from '../test/support/compaction-scenarios.ts'
import { localTrials, memoryTrials } from '../test/support/trials.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: '' },
    storage: { type: 'string', default: 'memory,disk' },
  },
})

const directory = await mkdtemp(join(tmpdir(), 'millrace-compaction-kills-'))
const disk = localTrials(directory)
const storages = Object.entries({ memory: memoryTrials(), disk })
try {
  for (const scenario of COMPACTION_SCENARIOS.filter(({ name }) => name.includes(values.scenario)))
    for (const [storage, trials] of storages.filter(([name]) => values.storage.includes(name))) {
      const counts = await killEverywhere(trials, scenario)
      process.stdout.write(`${JSON.stringify({ scenario: scenario.name, storage, ...counts })}\n`)
    }
} finally {
  await disk.io.close()
  await rm(directory, { recursive: true })
}
