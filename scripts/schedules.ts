/**
 * Runs random schedules by Java and by this library, and compares the tables: `node scripts/schedules.ts [--count 1000]
 * [--seed 1] [--mixed] [--json]`. With `--mixed` Java does about half of the steps to the other table too. Prints a line for each schedule that ends otherwise than in Java, with its seed, and the schedule
 * itself with `--json`; the exit code is 1 then.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Catalog } from '../src/catalog/catalog.ts'
import { LocalFileIO } from '../src/io/local.ts'
import { findJava, JavaPaimon } from '../test/interop/support/java.ts'
import { runSchedules } from '../test/interop/support/schedule-runs.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    mixed: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const count = Number(values.count)

const io = new LocalFileIO()
await using paimon = new JavaPaimon(await findJava())
const directory = await mkdtemp(join(tmpdir(), 'millrace-schedules-'))
const catalog = new Catalog(io, directory)
const both = {
  io,
  directory,
  java: paimon.warehouse(directory),
  table: async (name: string) => await catalog.table(name),
}
let differing = 0
let refused = 0
try {
  const settings = { first, count, sharing: values.mixed ? 'mixed' : 'ours' } as const
  refused = await runSchedules(both, settings, (schedule, problems) => {
    differing++
    const { seed, schema } = schedule
    const told = { seed, problems, options: schema.options }
    process.stdout.write(`${JSON.stringify(values.json ? { problems, ...schedule } : told)}\n`)
  })
} finally {
  await io.close()
  await rm(directory, { recursive: true })
}
process.stdout.write(`${JSON.stringify({ count, first, refused, differing })}\n`)
if (differing > 0) process.exitCode = 1
