/**
 * One of many processes that work on a table and are killed at any moment. Arguments: its role and name, the table's
 * directory, the directory of the journals, a seed, and the options of its storage as JSON. It tells its parent when it
 * begins, and what it finds wrong, and ends when it is told to.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { openFileIO } from '../../src/io/resolve.ts'
import type { Table } from '../../src/table/table.ts'
import { LakeError } from '../../src/util/errors.ts'
import { between, pick, type Random, seeded } from './random.ts'
import { openRowTable } from './row-tables.ts'

export const WRITERS = ['writer-0', 'writer-1', 'writer-2']
export const TAG = 'kept'
/** Snapshots that are kept whatever their age. */
export const RETAINED_MIN = 5
/** Longer than a writer is away: what it committed last must not have expired when it asks for it. */
export const RETAINED_MS = 60_000
const KEYS = 7

/** What a writer has begun and what was acknowledged, in a file that survives it: one line for each, synced. */
export class Journal {
  /** The last commit that began; 0 for none. */
  begun = 0
  acknowledged = 0
  readonly #path: string

  constructor(directory: string, name: string) {
    this.#path = join(directory, name)
    const text = existsSync(this.#path) ? readFileSync(this.#path, 'utf8') : ''
    for (const line of text.split('\n').slice(0, -1)) {
      const [word, number] = line.split(' ')
      if (word === 'begun') this.begun = Number(number)
      else this.acknowledged = Number(number)
    }
  }

  begin(number: number): void {
    this.#append(`begun ${number}`)
    this.begun = number
  }

  acknowledge(number: number): void {
    this.#append(`acknowledged ${number}`)
    this.acknowledged = number
  }

  #append(line: string): void {
    const file = openSync(this.#path, 'a')
    try {
      writeSync(file, `${line}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}

/** The rows of a writer's commit: each key is told how often it was written, and key -1 how many commits there were. */
export function rowsOfCommit(writer: string, number: number): Record<string, unknown>[] {
  const ids = new Set([-1, number % KEYS, (number * 3) % KEYS])
  return [...ids].map((id) => ({ dt: writer, id: BigInt(id), v: 1n }))
}

/** What a writer's keys hold after so many commits. */
export function sumsAfter(writer: string, count: number): string[] {
  const sums = new Map<string, number>()
  for (let number = 1; number <= count; number++)
    for (const { id } of rowsOfCommit(writer, number))
      sums.set(String(id), (sums.get(String(id)) ?? 0) + 1)
  return [...sums].map(([id, sum]) => `${writer} ${id} ${sum}`)
}

/** Makes the commit that was begun and not acknowledged again, or the next one. */
export async function commitNext(table: Table, writer: string, journal: Journal): Promise<void> {
  await using rows = await table.writer({ commitUser: writer })
  let number = journal.begun > journal.acknowledged ? journal.begun : journal.begun + 1
  for (let life = 0; life < 20; life++, number++) {
    if (journal.begun < number) journal.begin(number)
    await rows.write(rowsOfCommit(writer, number))
    await rows.commit({ identifier: BigInt(number) })
    journal.acknowledge(number)
  }
}

async function compact(table: Table, random: Random): Promise<void> {
  try {
    await table.compact({ full: random() < 0.3 })
  } catch (error) {
    if (!isCode(error, 'CONFLICT')) throw error
  }
}

/** Counts of commits by writer, as a read finds them. */
async function countsOf(
  table: Table,
  at?: { snapshot: number } | { tag: string },
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const read = table.read({ where: 'id = -1', ...(at !== undefined && { at }) })
  for await (const { dt, v } of read.rows() as AsyncIterable<{ dt: string; v: bigint }>)
    counts.set(dt, Number(v))
  return counts
}

class Reader {
  #last = new Map<string, number>()

  /** What the latest state says must not be less than what was acknowledged, or seen, before. */
  async readLatest(table: Table, journals: string): Promise<void> {
    const acknowledged = WRITERS.map(
      (name) => [name, new Journal(journals, name).acknowledged] as const,
    )
    const counts = await countsOf(table)
    for (const [name, least] of [...acknowledged, ...this.#last]) {
      const count = counts.get(name) ?? 0
      if (count < least) throw new Error(`${name} has ${count} commits, and had ${least} before`)
    }
    this.#last = counts
  }

  /** A snapshot can be read until it is due to expire: from then on its files may go before it does. */
  async readSnapshot(table: Table, random: Random): Promise<void> {
    const { snapshots } = table.store
    const ids = await snapshots.ids()
    const id = pick(random, ids)
    const timeMs = (await snapshots.find(id))?.snapshot.timeMillis
    try {
      await countsOf(table, { snapshot: id })
    } catch (error) {
      const isDue = id <= ids.at(-1)! - RETAINED_MIN && Date.now() - (timeMs ?? 0) > RETAINED_MS
      if (!isDue) throw new Error(`snapshot ${id} of ${ids[0]} to ${ids.at(-1)}`, { cause: error })
    }
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof LakeError && error.code === code
}

type Turn = (table: Table) => Promise<void>

function turnOf(role: string, name: string, journals: string, random: Random): Turn {
  const reader = new Reader()
  let tagged: string | undefined
  const turns: Readonly<Record<string, Turn>> = {
    writer: (table) => commitNext(table, name, new Journal(journals, name)),
    compactor: (table) => compact(table, random),
    async expirer(table) {
      await table.expire()
    },
    async reader(table) {
      await reader.readLatest(table, journals)
      await reader.readSnapshot(table, random)
      const found = await countsOf(table, { tag: TAG })
      const counts = JSON.stringify(WRITERS.map((writer) => found.get(writer)))
      if (counts !== (tagged ??= counts))
        throw new Error(`the tag had ${tagged}, and has ${counts}`)
    },
  }
  return turns[role]!
}

async function run(argv: readonly string[]): Promise<void> {
  const [role = '', name = '', root = '', journals = '', seed = '1', options = '{}'] = argv
  const random = seeded(Number(seed))
  Error.stackTraceLimit = 50
  const io = openFileIO(root, JSON.parse(options) as Record<string, string>)
  const told = new AbortController()
  process.once('message', () => told.abort())
  const turn = turnOf(role, name, journals, random)
  process.send?.({ begins: true })
  try {
    while (!told.signal.aborted) {
      await turn(await openRowTable(io, root))
      await new Promise((resolve) => setTimeout(resolve, between(random, 0, 20)))
    }
  } catch (error) {
    process.send?.({ error: `${name}: ${inspect(error)}` })
  } finally {
    await io.close()
    process.disconnect?.()
  }
}

if (process.send !== undefined && process.argv.length > 6) await run(process.argv.slice(2))
