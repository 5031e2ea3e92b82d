/**
 * Upserts at a steady rate while a dedicated compactor and a reader work beside it, each in a process of its own, and
 * prints how memory, level 0 and reading have gone: `node scripts/soak.ts [--minutes 30] [--rows-per-second 5000]
 * [--keys 500000] [--seed 1]`. One JSON line a minute and one at the end; the exit code is 1 where level 0 of a bucket
 * came above the stop trigger, or rows are not what was written.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { randomInts } from '../bench/data.ts'
import { median } from '../bench/report.ts'
import { createCatalog, defineSchema, t } from '../src/index.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    'rows-per-second': { type: 'string', default: '5000' },
    keys: { type: 'string', default: '500000' },
    seed: { type: 'string', default: '1' },
    /** What a child process is: `write` or `read`. */
    role: { type: 'string' },
    warehouse: { type: 'string', default: '' },
  },
})
const seconds = Number(values.minutes) * 60
const rate = Number(values['rows-per-second'])
const keyCount = Number(values.keys)
/** Java's default: the compaction trigger of 5 and three more. */
const STOP_TRIGGER = 8
const BUCKETS = 2

const definition = defineSchema({
  columns: { k: t.int().notNull(), version: t.bigint(), a: t.string(), b: t.string() },
  primaryKey: ['k'],
  options: { bucket: BUCKETS, 'write-only': true },
})

/** The keys that are written, one after the other. */
function keys(seed: number): () => number {
  const next = randomInts(seed)
  return () => next() % keyCount
}

/** Commits once a second, on time, what that second's rows are; prints what it has committed. */
async function write(): Promise<void> {
  await using catalog = await createCatalog({ warehouse: values.warehouse })
  const table = await catalog.table('soak.t', definition)
  await using writer = await table.writer({ commitUser: 'soak' })
  const next = keys(Number(values.seed))
  const start = performance.now()
  for (let second = 1; second <= seconds; second++) {
    const rows = Array.from({ length: rate }, () => {
      const k = next()
      return { k, version: BigInt(second), a: `a ${k.toString(36)}`, b: `b ${k} ${second}` }
    })
    await writer.write(rows)
    await writer.commit({ identifier: BigInt(second) })
    process.stdout.write(
      `${JSON.stringify({ second, lateMs: performance.now() - start - second * 1000 })}\n`,
    )
    await sleep(Math.max(0, start + second * 1000 - performance.now()))
  }
}

/** Reads the whole table every ten seconds; prints how long it took. */
async function read(): Promise<void> {
  await using catalog = await createCatalog({ warehouse: values.warehouse })
  for (;;) {
    const table = await catalog.table('soak.t')
    const start = performance.now()
    let rows = 0
    let newest = 0n
    for await (const batch of table.read({ columns: ['k', 'version', 'a', 'b'] })) {
      rows += batch.numRows
      for (const version of batch.getChild('version')!)
        if (version > newest) newest = version as bigint
    }
    const ms = performance.now() - start
    process.stdout.write(`${JSON.stringify({ rows, newest: Number(newest), ms })}\n`)
    await sleep(10_000)
  }
}

interface Sample {
  readonly minute: number
  readonly rssMb: Readonly<Record<string, number>>
  readonly level0Max: number
  readonly readMs: number
  readonly lateMs: number
}

/** The processes of a soak, and what they have said. */
class Soak {
  readonly #children: Record<string, ChildProcess> = {}
  readonly committed: { second: number; lateMs: number }[] = []
  readonly reads: { rows: number; newest: number; ms: number }[] = []

  start(warehouse: string): void {
    const own = [...process.execArgv, import.meta.filename, ...process.argv.slice(2)]
    this.#spawn('writer', [...own, '--role', 'write', '--warehouse', warehouse], this.committed)
    this.#spawn('reader', [...own, '--role', 'read', '--warehouse', warehouse], this.reads)
    const cli = join(import.meta.dirname, '../src/cli/main.ts')
    this.#spawn('compactor', [cli, 'compact', 'soak.t', '--watch', '--warehouse', warehouse], null)
  }

  #spawn(name: string, args: readonly string[], found: unknown[] | null): void {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children[name] = child
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => {
      if (found !== null && line.startsWith('{')) found.push(JSON.parse(line))
    })
  }

  get isWriting(): boolean {
    return this.#children['writer']!.exitCode === null
  }

  get failed(): string[] {
    return Object.entries(this.#children)
      .filter(([, { exitCode }]) => exitCode !== null && exitCode !== 0)
      .map(([name]) => name)
  }

  /** What each process holds in memory, in MB. */
  async rss(): Promise<Record<string, number>> {
    const found: Record<string, number> = {}
    for (const [name, { pid, exitCode }] of Object.entries(this.#children)) {
      if (exitCode !== null) continue
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      found[name] = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
    }
    return found
  }

  stop(): void {
    for (const child of Object.values(this.#children)) child.kill('SIGTERM')
  }
}

/** The most files that a bucket has on level 0. */
async function level0Of(warehouse: string): Promise<number> {
  await using catalog = await createCatalog({ warehouse })
  const files = await catalog.systemTable('soak.t$files')
  const counts = new Map<unknown, number>()
  for await (const row of files.read({ where: 'level = 0', columns: ['bucket'] }).rows()) {
    const { bucket } = row
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

async function watch(warehouse: string, soak: Soak): Promise<Sample[]> {
  const samples: Sample[] = []
  let level0Max = 0
  let minute = 0
  const start = performance.now()
  while (soak.isWriting) {
    await sleep(1000)
    level0Max = Math.max(level0Max, await level0Of(warehouse))
    if (performance.now() - start < (minute + 1) * 60_000) continue
    minute++
    const sample = {
      minute,
      rssMb: await soak.rss(),
      level0Max,
      readMs: Math.round(median(soak.reads.splice(0).map(({ ms }) => ms))),
      lateMs: Math.round(Math.max(0, ...soak.committed.splice(0).map(({ lateMs }) => lateMs))),
    }
    samples.push(sample)
    process.stdout.write(`${JSON.stringify(sample)}\n`)
    level0Max = 0
  }
  return samples
}

/** How many rows differ from what was written last of their keys. */
async function countWrong(warehouse: string): Promise<number> {
  const versions = new Map<number, number>()
  const next = keys(Number(values.seed))
  for (let second = 1; second <= seconds; second++)
    for (let i = 0; i < rate; i++) versions.set(next(), second)
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.table('soak.t', definition)
  let wrong = 0
  for await (const { k, version } of table.read({ columns: ['k', 'version'] }).rows()) {
    if (BigInt(versions.get(k) ?? -1) !== version) wrong++
    versions.delete(k)
  }
  return wrong + versions.size
}

/** Means over the first and the last third of the minutes: what is flat is the same in both. */
function trend(samples: readonly Sample[], of: (sample: Sample) => number): [number, number] {
  const third = Math.max(1, Math.floor(samples.length / 3))
  const mean = (part: readonly Sample[]): number =>
    Math.round(part.reduce((sum, sample) => sum + of(sample), 0) / part.length)
  return [mean(samples.slice(0, third)), mean(samples.slice(-third))]
}

async function main(): Promise<void> {
  const warehouse = await mkdtemp(join(tmpdir(), 'millrace-soak-'))
  const soak = new Soak()
  try {
    {
      await using catalog = await createCatalog({ warehouse })
      await catalog.createTable('soak.t', definition)
    }
    soak.start(warehouse)
    const samples = await watch(warehouse, soak)
    const level0Max = Math.max(...samples.map((sample) => sample.level0Max))
    const report = {
      minutes: samples.length,
      level0Max,
      readMs: trend(samples, ({ readMs }) => readMs),
      ...Object.fromEntries(
        ['writer', 'reader', 'compactor'].map((name) => [
          `${name}RssMb`,
          trend(samples, ({ rssMb }) => rssMb[name] ?? 0),
        ]),
      ),
      lateMsMax: Math.max(...samples.map(({ lateMs }) => lateMs)),
      failed: soak.failed,
      wrongRows: await countWrong(warehouse),
    }
    process.stdout.write(`${JSON.stringify(report)}\n`)
    if (level0Max > STOP_TRIGGER || report.failed.length > 0 || report.wrongRows > 0)
      process.exitCode = 1
  } finally {
    soak.stop()
    await sleep(500)
    await rm(warehouse, { recursive: true, force: true })
  }
}

if (values.role === 'write') await write()
else if (values.role === 'read') await read()
else await main()
