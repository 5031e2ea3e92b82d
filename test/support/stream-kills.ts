/** Kills processes that follow a table while it is written to, and looks whether each change arrived once. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import type { FileIO } from '../../src/io/file-io.ts'
import { sleep } from '../../src/util/async.ts'
import { between, pick, type Random, seeded } from './random.ts'
import { createRowTable, openRowTable, type Row } from './row-tables.ts'
import { FileSink } from './stream-contender.ts'
import { followInto, type Recovery, sunkRows } from './stream-sink.ts'

export interface KillOptions {
  readonly io: FileIO
  /** The directory of the table, which is made. */
  readonly root: string
  /** With which the processes open the storage. */
  readonly storageOptions: Readonly<Record<string, string>>
  /** Where the sinks' files go. */
  readonly directory: string
  readonly killCount: number
  readonly seed: number
}

export interface KillReport {
  /** What is wrong: nothing, unless changes were lost, came twice, or came in another order. */
  readonly problems: readonly string[]
  readonly snapshotCount: number
  readonly rowCount: number
  /** What the sinks stored, record by record. */
  readonly recordCount: number
}

const KEYS = 40
const LIFE_MS_MAX = 300
const PAUSE_MS_MAX = 20

export async function killFollowers(options: KillOptions): Promise<KillReport> {
  const { io, root, directory, killCount, seed } = options
  await createRowTable(io, root)
  const recoveries = ['checkpoint', 'consumer'] as const
  const controller = new AbortController()
  const writing = writeRows(options, controller.signal)
  const kills = recoveries.map(async (recovery, i) => {
    const count = Math.ceil((killCount - i) / recoveries.length)
    await killAgain(options, recovery, join(directory, recovery), count, seeded(seed + i))
  })
  await Promise.all(kills).finally(() => controller.abort())
  const written = await writing
  const table = await openRowTable(io, root)
  const problems: string[] = []
  let recordCount = 0
  for (const recovery of recoveries) {
    const sink = new FileSink(join(directory, recovery))
    recordCount += sink.records.length
    await followInto(table, sink, { recovery, from: 'earliest', random: seeded(seed) })
    problems.push(
      ...differences(written, sunkRows(sink, recovery)).map((what) => `${recovery}: ${what}`),
    )
  }
  const snapshotCount = (await table.snapshots()).length
  return { problems, snapshotCount, rowCount: written.length, recordCount }
}

/** Commits rows until it is told to stop; what a stream has to give, in order. */
async function writeRows({ io, root, seed }: KillOptions, signal: AbortSignal): Promise<string[]> {
  const random = seeded(seed + 1_000)
  const table = await openRowTable(io, root)
  await using writer = await table.writer({ commitUser: 'writer' })
  const written: string[] = []
  for (let identifier = 0n; !signal.aborted; identifier++) {
    // Of each key the last row of a commit is kept.
    const rows = new Map<string, Row>()
    for (let n = between(random, 1, 12); n > 0; n--) {
      const [dt, id] = [pick(random, ['a', 'b']), between(random, 0, KEYS)]
      const kind = pick(random, ['+I', '+U', '-D'])
      rows.set(`${dt}/${id}`, { dt, id: BigInt(id), v: `${identifier}.${n}`, _kind: kind })
    }
    await writer.write([...rows.values()])
    await writer.commit({ identifier })
    for (const [key, { v, _kind }] of rows) written.push(`${key}: ${String(_kind)} ${String(v)}`)
    await sleep(PAUSE_MS_MAX * random())
  }
  return written
}

/** Lets a follower live for a moment, kills it, and starts the next one. */
async function killAgain(
  { root, storageOptions }: KillOptions,
  recovery: Recovery,
  path: string,
  killCount: number,
  random: Random,
): Promise<void> {
  const script = join(import.meta.dirname, 'stream-contender.ts')
  for (let i = 0; i < killCount; i++) {
    const given = [root, path, recovery, String(i), JSON.stringify(storageOptions)]
    const child = fork(script, given, { execArgv: ['--no-warnings'] })
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>
    // Some die before they have done anything, most while they work.
    const told = random() < 0.2 ? 'begins' : 'stored'
    await Promise.race([toldBy(child, told), exit])
    await sleep(LIFE_MS_MAX * random())
    if (!isAlive(child)) throw new Error(`a follower ended with ${child.exitCode}`)
    child.kill('SIGKILL')
    await exit
  }
}

async function toldBy(child: ChildProcess, word: string): Promise<void> {
  for (;;) {
    const [message] = (await once(child, 'message')) as [unknown]
    if (message === word) return
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

/** Where two lists of rows differ, for each key in order. */
function differences(expected: readonly string[], actual: readonly string[]): string[] {
  const [wanted, given] = [byKey(expected), byKey(actual)]
  const keys = [...new Set([...wanted.keys(), ...given.keys()])]
  return keys
    .filter((key) => wanted.get(key)?.join() !== given.get(key)?.join())
    .map((key) => `${key} is ${given.get(key)?.join()} instead of ${wanted.get(key)?.join()}`)
}

function byKey(rows: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const row of rows) {
    const key = row.slice(0, row.indexOf(':'))
    groups.set(key, [...(groups.get(key) ?? []), row.slice(key.length + 2)])
  }
  return groups
}
