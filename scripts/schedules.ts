/**
 * Runs random schedules by Java and by this library, and compares the tables: `node scripts/schedules.ts [--count 1000]
 * [--seed 1] [--json]`. Prints a line for each schedule that ends otherwise than in Java, with its seed, and the schedule
 * itself with `--json`; the exit code is 1 then.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Catalog } from '../src/catalog/catalog.ts'
import { LocalFileIO } from '../src/io/local.ts'
import { findJava, JavaPaimon } from '../test/interop/support/java.ts'
import { randomSchedule } from '../test/interop/support/schedule-plans.ts'
import { runSchedule } from '../test/interop/support/schedule-runs.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const count = Number(values.count)

const io = new LocalFileIO()
await using paimon = new JavaPaimon(await findJava())
const directory = await mkdtemp(join(tmpdir(), 'millrace-schedules-'))
let differing = 0
try {
  for (let seed = first; seed < first + count; seed++) {
    const warehouse = join(directory, String(seed))
    const catalog = new Catalog(io, warehouse)
    const both = {
      io,
      directory: warehouse,
      java: paimon.warehouse(warehouse),
      table: async (name: string) => await catalog.table(name),
    }
    const schedule = randomSchedule(seed)
    const problems = await runSchedule(both, schedule, 't')
    if (problems.length > 0) {
      differing++
      const { options } = schedule.schema
      process.stdout.write(`${JSON.stringify({ seed, problems, options })}\n`)
      if (values.json) process.stdout.write(`${JSON.stringify(schedule)}\n`)
    }
    await rm(warehouse, { recursive: true })
  }
} finally {
  await io.close()
  await rm(directory, { recursive: true })
}
process.stdout.write(`${JSON.stringify({ count, first, differing })}\n`)
if (differing > 0) process.exitCode = 1
