/**
 * Lives random histories of tables that have Iceberg metadata, and looks after each step whether the metadata show the table as it
 * is: `node scripts/iceberg-histories.ts [--count 100] [--steps 16] [--seed 1] [--shape TEXT]`. Each seed is lived by tables of all
 * shapes, in both versions. Prints a line of JSON for each history that goes wrong, and one at the end.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'

import { MemoryFileIO } from '../src/io/memory.ts'
import { liveHistory, SHAPES } from '../test/support/iceberg-histories.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    steps: { type: 'string', default: '16' },
    seed: { type: 'string', default: '1' },
    shape: { type: 'string', default: '' },
  },
})
const io = new MemoryFileIO()
const first = Number(values.seed)
const shapes = SHAPES.filter(({ name }) => name.includes(values.shape))
const counts = { histories: 0, snapshots: 0, wrong: 0 }
for (let seed = first; seed < first + Number(values.count); seed++)
  for (const shape of shapes)
    for (const formatVersion of [2, 3] as const) {
      const root = `memory://${randomUUID()}/t`
      counts.histories++
      try {
        const plan = { shape, formatVersion, seed, stepCount: Number(values.steps) }
        counts.snapshots += await liveHistory(io, root, plan)
      } catch (error) {
        counts.wrong++
        const { message, cause } = error as Error
        process.stdout.write(`${JSON.stringify({ message, cause: String(cause) })}\n`)
      }
      await io.deleteDirectory(root)
    }
process.stdout.write(`${JSON.stringify({ seed: first, ...counts })}\n`)
if (counts.wrong > 0) process.exitCode = 1
