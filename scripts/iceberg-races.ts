/**
 * Lets three processes write to a table at the same time, tag its snapshots and let them expire, and looks after each round whether
 * the Iceberg metadata show the table as it is: `node scripts/iceberg-races.ts [--count 50] [--first 0] [--rounds 5]`. Prints a line
 * of JSON for each table that goes wrong, and one at the end.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'

import { MemoryFileIO } from '../src/io/memory.ts'
import { openTableStore } from '../src/snapshot/table-store.ts'
import { firstSchema, parseNewSchema } from '../src/types/new-schema.ts'
import { IcebergWatch } from '../test/support/iceberg-check.ts'
import { openTable } from '../test/support/table-picture.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50' },
    first: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '5' },
  },
})
const io = new MemoryFileIO()
const first = Number(values.first)

async function create(root: string, number: number): Promise<void> {
  const isKeyed = number % 2 === 0
  const schema = parseNewSchema({
    fields: [
      { name: 'k', type: 'INT NOT NULL' },
      { name: 'v', type: 'STRING' },
    ],
    ...(isKeyed && { primaryKeys: ['k'] }),
    options: {
      bucket: isKeyed ? '1' : '-1',
      'metadata.iceberg.storage': 'table-location',
      'metadata.iceberg.format-version': String(2 + (number % 2)),
      'metadata.iceberg.previous-versions-max': String(number % 3),
      'metadata.iceberg.compaction.min.file-num': '3',
      ...(isKeyed && { 'deletion-vectors.enabled': 'true' }),
    },
  })
  await openTableStore(io, root).schemas.create(firstSchema(schema, 1_700_000_000_000))
}

/** What one of the processes does. */
async function work(root: string, worker: number, round: number): Promise<void> {
  const table = await openTable(io, root)
  for (let i = 0; i < 2; i++)
    await table.write([
      { k: 10 * worker + i, v: `round ${round}` },
      { k: 7, v: `worker ${worker}` },
    ])
  if (worker === 1) await table.tags.create(`round-${round}`)
  if (worker === 2 && round % 2 === 1) await table.expire({ retainMin: 2, retainMax: 2 })
}

async function race(number: number): Promise<void> {
  const root = `memory://${randomUUID()}/t`
  await create(root, number)
  const watch = new IcebergWatch(io, root, { leftovers: true })
  for (let round = 0; round < Number(values.rounds); round++) {
    await Promise.all([0, 1, 2].map((worker) => work(root, worker, round)))
    await (await openTable(io, root)).iceberg.emit()
    await watch.check()
  }
  await io.deleteDirectory(root)
}

let wrong = 0
for (let number = first; number < first + Number(values.count); number++)
  try {
    await race(number)
  } catch (error) {
    wrong++
    process.stdout.write(`${JSON.stringify({ number, error: String(error) })}\n`)
  }
process.stdout.write(`${JSON.stringify({ first, count: Number(values.count), wrong })}\n`)
if (wrong > 0) process.exitCode = 1
