/** A race of processes that commit to one table, and what must hold of the table afterwards. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

import type { FileIO } from '../../src/io/file-io.ts'
import { createRowTable, openRowTable, rowsOf } from './row-tables.ts'

export interface RaceOptions {
  readonly io: FileIO
  /** The directory of the table, which is made. */
  readonly root: string
  /** With which the processes open the storage. */
  readonly storageOptions: Readonly<Record<string, string>>
  readonly processCount: number
  /** How many commits each process makes. */
  readonly commitCount: number
  /** Of the pauses between commits; 0 for none. */
  readonly seed: number
}

export interface RaceReport {
  /** What is wrong with the table: nothing, unless commits were lost or made twice. */
  readonly problems: readonly string[]
  readonly snapshotCount: number
  /** From the first commit to the last. */
  readonly elapsedMs: number
  /** Requests of all processes for each commit, those of attempts that lost included. */
  readonly requestsPerCommit: number
}

interface Message {
  readonly ready?: boolean
  readonly done?: boolean
  /** Of the row that the commit added. */
  readonly value?: string
  readonly snapshotId?: number
  readonly requestCounts?: Readonly<Record<string, number>>
  readonly error?: string
}

export async function raceOfCommits(options: RaceOptions): Promise<RaceReport> {
  const { io, root, storageOptions, processCount, commitCount, seed } = options
  await createRowTable(io, root)
  const script = join(import.meta.dirname, 'commit-contender.ts')
  const children = Array.from({ length: processCount }, (_, i) => {
    const seedOfChild = seed === 0 ? 0 : seed + i
    const given = [`process-${i}`, root, commitCount, seedOfChild, JSON.stringify(storageOptions)]
    return fork(script, given.map(String), { execArgv: ['--no-warnings'] })
  })
  try {
    await Promise.all(children.map((child) => messagesUntil(child, ({ ready }) => ready === true)))
    const startMs = Date.now()
    const ending = children.map((child) => messagesUntil(child, ({ done }) => done === true))
    for (const child of children) child.send('go')
    const messages = (await Promise.all(ending)).flat()
    const elapsedMs = Date.now() - startMs
    const acknowledged = messages.filter(({ value }) => value !== undefined)
    const requestCount = messages
      .flatMap(({ requestCounts }) => Object.values(requestCounts ?? {}))
      .reduce((a, b) => a + b, 0)
    const problems = await problemsOf(options, acknowledged)
    return {
      problems,
      snapshotCount: new Set(acknowledged.map(({ snapshotId }) => snapshotId)).size,
      elapsedMs,
      requestsPerCommit: requestCount / acknowledged.length,
    }
  } finally {
    for (const child of children) child.kill()
  }
}

function messagesUntil(
  child: ChildProcess,
  isLast: (message: Message) => boolean,
): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    const messages: Message[] = []
    const onExit = (code: number | null): void => reject(new Error(`a process ended with ${code}`))
    const onMessage = (message: Message): void => {
      messages.push(message)
      if (message.error !== undefined) reject(new Error(message.error))
      if (!isLast(message)) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(messages)
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
  })
}

/** Every acknowledged commit is there, once and with its row; nothing else is; and the table is sound. */
async function problemsOf(
  options: RaceOptions,
  acknowledged: readonly Message[],
): Promise<string[]> {
  const { io, root, processCount, commitCount } = options
  const count = processCount * commitCount
  const table = await openRowTable(io, root)
  const snapshots = await table.snapshots()
  const ids = snapshots.map(({ id }) => id)
  // The processes compact the rows that they share, too, and only one of those that do so at once can commit that.
  const appended = snapshots.filter(({ commitKind }) => commitKind === 'APPEND').length
  const rows = await rowsOf(table)
  const [own, shared] = [false, true].map((isShared) =>
    rows.filter((row) => row.startsWith('shared') === isShared).map((row) => row.split(' ').at(-1)),
  ) as [string[], string[]]
  const values = acknowledged.map(({ value }) => String(value))
  const { damage, counts } = await table.check({ allSnapshots: true })
  const isWrong = {
    'not every commit was acknowledged': values.length !== count,
    'two commits were acknowledged with one snapshot':
      new Set(acknowledged.map(({ snapshotId }) => snapshotId)).size !== count,
    [`there are ${appended} snapshots of rows`]: appended !== count,
    'an id of a snapshot is left out': ids.some((id, i) => id !== i + 1),
    [`${own.length} rows were left of ${count}`]:
      own.toSorted().join() !== values.toSorted().join(),
    [`the shared row is ${shared.join()}`]: shared.length !== 1 || !values.includes(shared[0]!),
    [`${counts.orphanFiles} files are of no use`]: counts.orphanFiles !== 0,
  }
  const wrong = Object.entries(isWrong).filter(([, holds]) => holds)
  return [...wrong.map(([what]) => what), ...damage.map(({ path, what }) => `${path}: ${what}`)]
}
