/**
 * Three writers, a compactor, an expirer and two readers work on one table, each in a process of its own, and one after the
 * other is killed at a random moment and started again. What must hold is looked for by the readers meanwhile, and at the end.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import type { FileIO } from '../../src/io/file-io.ts'
import { sleep } from '../../src/util/async.ts'
import {
  commitNext,
  Journal,
  RETAINED_MIN,
  RETAINED_MS,
  sumsAfter,
  TAG,
  WRITERS,
} from './process-contender.ts'
import { between, pick, seeded } from './random.ts'
import { createRowTable, openRowTable, rowsOf } from './row-tables.ts'

export interface ProcessKillOptions {
  readonly io: FileIO
  /** The directory of the table, which is made. */
  readonly root: string
  /** With which the processes open the storage. */
  readonly storageOptions: Readonly<Record<string, string>>
  /** Where the writers keep what was acknowledged. */
  readonly directory: string
  readonly killCount: number
  readonly seed: number
}

export interface ProcessKillReport {
  /** What is wrong: nothing, unless commits were lost, or happened twice, or something could not be read. */
  readonly problems: readonly string[]
  readonly commitCount: number
  readonly latestSnapshot: number
  /** Those that have not expired. */
  readonly snapshotCount: number
  readonly killed: Readonly<Record<string, number>>
}

const ROLES = [
  ...WRITERS.map((name) => ({ role: 'writer', name })),
  { role: 'compactor', name: 'compactor' },
  { role: 'expirer', name: 'expirer' },
  { role: 'reader', name: 'reader-0' },
  { role: 'reader', name: 'reader-1' },
] as const

const DEFINITION = {
  fields: [
    { name: 'dt', type: 'STRING NOT NULL' },
    { name: 'id', type: 'BIGINT NOT NULL' },
    { name: 'v', type: 'BIGINT' },
  ],
  primaryKeys: ['dt', 'id'],
  options: {
    bucket: 2,
    'merge-engine': 'aggregation',
    'fields.v.aggregate-function': 'sum',
    'write-only': true,
    'snapshot.num-retained.min': RETAINED_MIN,
    'snapshot.time-retained': RETAINED_MS,
    'snapshot.expire.limit': 20,
  },
}

export async function killProcesses(options: ProcessKillOptions): Promise<ProcessKillReport> {
  const { io, root, directory, killCount, seed } = options
  await createRowTable(io, root, DEFINITION)
  const table = await openRowTable(io, root)
  await commitNext(table, WRITERS[0]!, new Journal(directory, WRITERS[0]!))
  await table.tags.create(TAG)
  const problems: string[] = []
  const random = seeded(seed)
  let started = 0
  const start = (index: number): Worker =>
    new Worker(options, ROLES[index]!, seed + ++started, problems)
  const workers = ROLES.map((_, index) => start(index))
  const killed: Record<string, number> = {}
  for (let i = 0; i < killCount && problems.length === 0; i++) {
    await sleep(between(random, 50, 500))
    const index = pick(random, [...ROLES.keys()])
    // Some die before they have done anything, most while they work.
    if (random() < 0.8) await workers[index]!.begun
    await workers[index]!.kill()
    const { role } = ROLES[index]!
    killed[role] = (killed[role] ?? 0) + 1
    workers[index] = start(index)
  }
  await Promise.all(workers.map((worker) => worker.end()))
  problems.push(...(await differences(options)))
  const ids = await table.store.snapshots.ids()
  const commits = WRITERS.map((name) => new Journal(directory, name).acknowledged)
  return {
    problems,
    commitCount: commits.reduce((a, b) => a + b, 0),
    latestSnapshot: ids.at(-1) ?? 0,
    snapshotCount: ids.length,
    killed,
  }
}

/** What is wrong at the end, when all commits that had begun are made. */
async function differences({ io, root, directory }: ProcessKillOptions): Promise<string[]> {
  const table = await openRowTable(io, root)
  const wanted: string[] = []
  for (const name of WRITERS) {
    await commitNext(table, name, new Journal(directory, name))
    wanted.push(...sumsAfter(name, new Journal(directory, name).acknowledged))
  }
  const rows = await rowsOf(table)
  const missing = wanted.filter((row) => !rows.includes(row))
  const extra = rows.filter((row) => !wanted.includes(row))
  const { damage } = await table.check({ allSnapshots: true })
  return [
    ...missing.map((row) => `${row} is missing`),
    ...extra.map((row) => `${row} should not be there`),
    ...damage.map((each) => JSON.stringify(each)),
  ]
}

class Worker {
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  /** Fulfilled when the process works, or has ended. */
  readonly begun: Promise<unknown>

  constructor(
    { root, directory, storageOptions }: ProcessKillOptions,
    { role, name }: (typeof ROLES)[number],
    seed: number,
    problems: string[],
  ) {
    const script = join(import.meta.dirname, 'process-contender.ts')
    const given = [role, name, root, directory, String(seed), JSON.stringify(storageOptions)]
    this.#child = fork(script, given, { execArgv: ['--no-warnings'] })
    this.#exit = once(this.#child, 'exit')
    const begins = new Promise<void>((resolve) => {
      this.#child.on('message', ({ error }: { error?: string }) => {
        if (error !== undefined) problems.push(error)
        resolve()
      })
    })
    this.begun = Promise.race([begins, this.#exit])
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  async end(): Promise<void> {
    await this.begun
    if (this.#child.connected) this.#child.send('end')
    await this.#exit
  }
}
