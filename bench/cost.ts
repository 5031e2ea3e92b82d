/**
 * Measures what work costs as it grows: rows of about 100 bytes into one bucket, and into many partitions, each in a
 * process of its own, and reading them back in another one.
 *
 *     node bench/cost.ts [--rows 1000000,10000000,30000000] [--partitions 1,100,2000] [--partition-rows 2000000] [--dir DIR]
 *
 * One JSON line a case: rows per second written (compaction included), seconds to read all rows, and the peak memory of
 * both processes in MB.
 */
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { Field, Int32, Int64, makeData, RecordBatch, Schema, Struct, Utf8 } from 'apache-arrow'

import { createCatalog, defineSchema, t } from '../src/index.ts'
import { randomInts } from './data.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000,10000000,30000000' },
    partitions: { type: 'string', default: '1,100,2000' },
    'partition-rows': { type: 'string', default: '2000000' },
    dir: { type: 'string', default: '.bench/cost' },
    /** What a child process does: `write` or `read`, of so many rows and partitions. */
    step: { type: 'string' },
    row: { type: 'string', default: '0' },
    partition: { type: 'string', default: '1' },
  },
})
const directory = resolve(values.dir)
const BATCH_ROWS = 100_000
const COMMIT_ROWS = 1_000_000
/** Beside a key and a partition of 12 bytes. */
const TEXT_COLUMNS = 4
const TEXT_BYTES = 22

const definition = defineSchema({
  columns: {
    p: t.int().notNull(),
    k: t.bigint().notNull(),
    ...Object.fromEntries(
      Array.from({ length: TEXT_COLUMNS }, (_, i) => [`f${i + 1}`, t.string()]),
    ),
  },
  primaryKey: ['p', 'k'],
  partitionBy: ['p'],
  options: { bucket: 1 },
})

const SCHEMA = new Schema([
  new Field('p', new Int32(), false),
  new Field('k', new Int64(), false),
  ...Array.from({ length: TEXT_COLUMNS }, (_, i) => new Field(`f${i + 1}`, new Utf8(), true)),
])

/** Rows of random keys, about one in ten of which has been there before. */
function batch(rows: number, partitions: number, keySpace: number, seed: number): RecordBatch {
  const next = randomInts(seed * 7919 + 17)
  const keys = BigInt64Array.from({ length: rows }, () => BigInt(next() % keySpace))
  const partitionOf = Int32Array.from({ length: rows }, () => next() % partitions)
  const offsets = Int32Array.from({ length: rows + 1 }, (_, i) => i * TEXT_BYTES)
  const children = [
    makeData({ type: new Int32(), length: rows, data: partitionOf }),
    makeData({ type: new Int64(), length: rows, data: keys }),
    ...Array.from({ length: TEXT_COLUMNS }, () => {
      const data = new Uint8Array(rows * TEXT_BYTES)
      for (let i = 0; i < data.length; i++) data[i] = 97 + (next() & 15)
      return makeData({ type: new Utf8(), length: rows, valueOffsets: offsets, data })
    }),
  ]
  return new RecordBatch(
    SCHEMA,
    makeData({ type: new Struct(SCHEMA.fields), length: rows, children }),
  )
}

async function write(rows: number, partitions: number): Promise<object> {
  await rm(directory, { recursive: true, force: true })
  await using catalog = await createCatalog({ warehouse: directory })
  const table = await catalog.createTable('cost.t', definition)
  await using writer = await table.writer({ commitUser: 'cost' })
  let spentMs = 0
  const timed = async (work: () => Promise<unknown>): Promise<void> => {
    const start = performance.now()
    await work()
    spentMs += performance.now() - start
  }
  let commits = 0n
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const made = batch(Math.min(BATCH_ROWS, rows - from), partitions, rows * 5, from / BATCH_ROWS)
    await timed(() => writer.write(made as never))
    if ((from + BATCH_ROWS) % COMMIT_ROWS === 0 || from + BATCH_ROWS >= rows)
      await timed(() => writer.commit({ identifier: ++commits }))
  }
  await timed(() => writer.close())
  return { write_krows_per_s: Math.round(rows / spentMs), write_seconds: round(spentMs / 1000) }
}

async function read(): Promise<object> {
  await using catalog = await createCatalog({ warehouse: directory })
  const table = await catalog.table('cost.t')
  const start = performance.now()
  let rows = 0
  for await (const part of table.read()) rows += part.numRows
  const seconds = (performance.now() - start) / 1000
  return { live_rows: rows, read_seconds: round(seconds) }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** Does the step in a process of its own; what it found, and its peak memory. */
function inProcess(step: 'write' | 'read', rows: number, partitions: number): object {
  const args = ['--step', step, '--row', `${rows}`, '--partition', `${partitions}`]
  const child = spawnSync(
    process.execPath,
    [...process.execArgv, import.meta.filename, ...args, '--dir', directory],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (child.status !== 0) throw new Error(`the step ${step} ended with ${child.status}`)
  return JSON.parse(child.stdout) as object
}

if (values.step === undefined) {
  const cases = [
    ...values.rows.split(',').map((rows) => ({ rows: Number(rows), partitions: 1 })),
    ...values.partitions.split(',').map((partitions) => ({
      rows: Number(values['partition-rows']),
      partitions: Number(partitions),
    })),
  ]
  for (const { rows, partitions } of cases) {
    const written = inProcess('write', rows, partitions)
    const found = inProcess('read', rows, partitions)
    process.stdout.write(`${JSON.stringify({ rows, partitions, ...written, ...found })}\n`)
  }
  await rm(join(directory), { recursive: true, force: true })
} else {
  const done =
    values.step === 'write'
      ? await write(Number(values.row), Number(values.partition))
      : await read()
  // Kilobytes on Linux and macOS, where Node says the same of both.
  const peak = Math.round(process.resourceUsage().maxRSS / 1024)
  process.stdout.write(JSON.stringify({ ...done, [`${values.step}_peak_mb`]: peak }))
}
