/**
 * Changes of buckets by a process that dies at any operation of its storage: the table passes its check, it reads as before
 * or as after, and the next process does what is left to do.
 */
import { expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import type { Table } from '../../src/table/table.ts'
import { CrashError, faultAt, FaultyFileIO } from '../support/faults.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../support/row-tables.ts'
import { memoryTrials, type TrialStorage } from '../support/trials.ts'

const isFull = process.env['RELIABILITY'] === 'full'
/** So many operations are tried, spread over all, unless every one is. */
const TRIALS = 5

const rowsFrom = (from: number, count: number, v: string, dt = 'a'): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: BigInt(from + i), v }))

interface Case {
  readonly name: string
  readonly definition: Readonly<Record<string, unknown>>
  /** What is there before. */
  readonly prepare: (table: Table) => Promise<void>
  /** What the process does that dies. */
  readonly act: (table: Table) => Promise<unknown>
}

async function stream(table: Table, rows: readonly Row[]): Promise<void> {
  await using writer = await table.writer()
  await writer.write(rows)
  await writer.commit()
}

const KEYED = { primaryKeys: ['dt', 'id'] }

const CASES: readonly Case[] = [
  {
    name: 'a compaction of postponed buckets',
    definition: { ...KEYED, options: { bucket: -2, 'changelog-producer': 'lookup' } },
    async prepare(table) {
      await table.write(rowsFrom(0, 3, 'one'))
      await stream(table, [...rowsFrom(1, 3, 'two'), ...rowsFrom(0, 1, 'two', 'b')])
    },
    act: async (table) => await table.compact(),
  },
  {
    name: 'a rescaling',
    definition: { ...KEYED, options: { bucket: 1 } },
    async prepare(table) {
      await table.write([...rowsFrom(0, 3, 'one'), ...rowsFrom(0, 2, 'one', 'b')])
      await table.write(rowsFrom(2, 3, 'two'))
    },
    act: async (table) => await table.rescale({ buckets: 2 }),
  },
  {
    name: 'an upsert with dynamic buckets',
    definition: { ...KEYED, options: { bucket: -1, 'dynamic-bucket.target-row-num': 3 } },
    prepare: async (table) => {
      await table.write(rowsFrom(0, 4, 'one'))
    },
    act: async (table) => await table.write(rowsFrom(2, 5, 'two')),
  },
  {
    name: 'an upsert that moves keys',
    definition: { primaryKeys: ['id'], options: { bucket: -1 } },
    prepare: async (table) => {
      await table.write(rowsFrom(0, 4, 'one'))
    },
    act: async (table) => await table.write(rowsFrom(2, 5, 'two', 'b')),
  },
]

async function fresh(trials: TrialStorage, { name, definition, prepare }: Case): Promise<string> {
  return await trials.freshTable({
    name,
    async prepare(io: FileIO, root: string) {
      await createRowTable(io, root, definition)
      await prepare(await openRowTable(io, root))
    },
  })
}

test.each(CASES)('$name survives a death at any operation', { timeout: 600_000 }, async (each) => {
  const trials = memoryTrials()
  const root = await fresh(trials, each)
  const before = await rowsOf(await openRowTable(trials.io, root))
  const counting = new FaultyFileIO(trials.io)
  await each.act(await openRowTable(counting, root))
  const after = await rowsOf(await openRowTable(trials.io, root))
  expect(counting.operations.length).toBeGreaterThan(TRIALS)

  const { length } = counting.operations
  const step = isFull ? 1 : Math.ceil(length / TRIALS)
  for (let at = step - 1; at < length; at += step) {
    const place = await fresh(trials, each)
    const dying = new FaultyFileIO(trials.io, faultAt(at, 'crash'))
    const dead = openRowTable(dying, place).then(each.act)
    await dead.catch((error: unknown) => {
      if (!dying.crashed && !(error instanceof CrashError)) throw error
    })
    const found = await openRowTable(trials.io, place)
    expect([before, after]).toContainEqual(await rowsOf(found))
    expect((await found.check({ allSnapshots: true })).damage).toEqual([])
    await each.act(found)
    const again = await openRowTable(trials.io, place)
    expect(await rowsOf(again)).toEqual(after)
    expect((await again.check({ allSnapshots: true })).damage).toEqual([])
    await trials.drop(place)
  }
})
