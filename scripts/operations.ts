/**
 * Does random operations to tables by Java and by this library, and compares the tables: `node scripts/operations.ts [--count
 * 1000] [--seed 1] [--by mixed] [--ops write,expire] [--keep]`. With `--by mixed` Java does about half of them to the other table too,
 * with `--by java` all. Prints a line for each schedule that ends otherwise than in Java, with its seed and its operations, and
 * at the end how often each was done; the exit code is 1 where tables differed. With `--keep`
 * the tables that differ stay.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Catalog } from '../src/catalog/catalog.ts'
import { LocalFileIO } from '../src/io/local.ts'
import { findJava, JavaPaimon } from '../test/interop/support/java.ts'
import { type Operator, runOperations } from '../test/interop/support/operation-runs.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    by: { type: 'string', default: 'ours' },
    keep: { type: 'boolean', default: false },
    ops: { type: 'string', default: '' },
  },
})
const wanted = values.ops === '' ? [] : values.ops.split(',')

const io = new LocalFileIO()
await using paimon = new JavaPaimon(await findJava())
const directory = await mkdtemp(join(tmpdir(), 'millrace-operations-'))
const both = {
  io,
  directory,
  java: paimon.warehouse(directory),
  // A catalog of its own knows nothing yet.
  table: async (name: string) => await new Catalog(io, directory).table(name),
}
const runs = {
  first: Number(values.seed),
  count: Number(values.count),
  operator: values.by as Operator,
  isKept: values.keep,
  isWanted: ({ op }: { readonly op: string }) => wanted.length === 0 || wanted.includes(op),
}
let differing = 0
try {
  const counts = await runOperations(both, runs, (schedule) => {
    differing++
    process.stdout.write(`${JSON.stringify(schedule)}\n`)
  })
  const { first, count } = runs
  process.stdout.write(`${JSON.stringify({ first, count, differing, counts })}\n`)
} finally {
  await io.close()
  if (values.keep) process.stdout.write(`${directory}\n`)
  else await rm(directory, { recursive: true })
}
if (differing > 0) process.exitCode = 1
