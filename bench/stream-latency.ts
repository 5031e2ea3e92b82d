/**
 * Measures how long after a commit a following stream gives its rows:
 *
 *     node bench/stream-latency.ts [--interval 1000] [--commits 30] [--dir DIR]
 *
 * Commits come at random times, up to twice the polling interval apart. One JSON line: {"peer", "work", "interval_ms",
 * "commits", "median_ms", "p95_ms", "max_ms"}.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { createCatalog, defineSchema, t } from '../src/index.ts'

const { values: args } = parseArgs({
  options: {
    interval: { type: 'string', default: '1000' },
    commits: { type: 'string', default: '30' },
    dir: { type: 'string' },
  },
})
const pollIntervalMs = Number(args.interval)
const commitCount = Number(args.commits)

const schema = defineSchema({
  columns: { id: t.bigint().notNull(), v: t.string() },
  primaryKey: ['id'],
  options: { bucket: 1, 'write-only': true },
})

const warehouse = args.dir ?? (await mkdtemp(join(tmpdir(), 'millrace-latency-')))
await using catalog = await createCatalog({ warehouse })
const table = await catalog.createTable('bench.latency', schema)
const committedMs = new Map<bigint, number>()
const latencies: number[] = []

async function write(): Promise<void> {
  await using writer = await table.writer({ commitUser: 'latency' })
  for (let id = 0n; id < commitCount; id++) {
    await sleep(2 * pollIntervalMs * Math.random())
    await writer.write([{ id, v: `row ${id}` }])
    await writer.commit({ identifier: id })
    committedMs.set(id, performance.now())
  }
}

async function follow(): Promise<void> {
  for await (const { row } of table.changes({ from: 'latest', pollIntervalMs })) {
    const arrivedMs = performance.now()
    // A row may come before its writer knows that it was committed.
    latencies.push(arrivedMs - (committedMs.get(row.id) ?? arrivedMs))
    if (latencies.length === commitCount) return
  }
}

await Promise.all([follow(), write()])
const sorted = latencies.toSorted((a, b) => a - b)
const at = (share: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!)
const line = {
  peer: 'millrace',
  work: 'stream latency',
  interval_ms: pollIntervalMs,
  commits: commitCount,
  median_ms: at(0.5),
  p95_ms: at(0.95),
  max_ms: at(1),
}
process.stdout.write(`${JSON.stringify(line)}\n`)
if (args.dir === undefined) await rm(warehouse, { recursive: true })
