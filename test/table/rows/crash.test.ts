/**
 * Changes of rows and compactions of append tables by a process that dies at an operation of its storage (at each of them
 * with RELIABILITY=full): the table passes its check, it reads as before or as after, and the same done again ends as it should.
 */
import { expect, test } from 'vitest'

import type { FileIO } from '../../../src/io/file-io.ts'
import type { Table } from '../../../src/table/table.ts'
import { CrashError, faultAt, FaultyFileIO } from '../../support/faults.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'
import { memoryTrials, type TrialStorage } from '../../support/trials.ts'

const STRIDE = process.env['RELIABILITY'] === 'full' ? 1 : 5

const rowsFrom = (from: number, count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt: 'a', id: BigInt(from + i), v: 'old' }))

interface Case {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
  /** Done to a table of two files. */
  readonly prepare?: (table: Table) => Promise<unknown>
  /** What the process does that dies. */
  readonly act: (table: Table) => Promise<unknown>
}

const UNAWARE = { bucket: -1 }
const BUCKETED = { bucket: 1, 'bucket-key': 'id', 'write-only': true }
const VECTORS = { 'deletion-vectors.enabled': true }

const CASES: readonly Case[] = [
  {
    name: 'an update that writes files anew',
    options: UNAWARE,
    act: async (table) => await table.update({ where: 'id in (1, 4)', set: { v: 'new' } }),
  },
  {
    name: 'a delete with vectors',
    options: { ...BUCKETED, ...VECTORS },
    prepare: async (table) => await table.deleteWhere('id = 0'),
    act: async (table) => await table.deleteWhere('id in (1, 4)'),
  },
  {
    name: 'a compaction of deleted rows',
    options: { ...UNAWARE, ...VECTORS },
    prepare: async (table) => await table.deleteWhere('id = 0'),
    act: async (table) => await table.compact({ full: true }),
  },
]

async function fresh(trials: TrialStorage, { name, options, prepare }: Case): Promise<string> {
  return await trials.freshTable({
    name,
    async prepare(io: FileIO, root: string) {
      await createRowTable(io, root, { options })
      for (const from of [0, 3]) await (await openRowTable(io, root)).write(rowsFrom(from, 3))
      await prepare?.(await openRowTable(io, root))
    },
  })
}

test.each(CASES)('$name survives a death at any operation', async (each) => {
  const trials = memoryTrials()
  const root = await fresh(trials, each)
  const before = await rowsOf(await openRowTable(trials.io, root))
  const counting = new FaultyFileIO(trials.io)
  await each.act(await openRowTable(counting, root))
  const after = await rowsOf(await openRowTable(trials.io, root))
  expect(counting.operations.length).toBeGreaterThan(15)

  for (let at = 0; at < counting.operations.length; at += STRIDE) {
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
    expect(await rowsOf(await openRowTable(trials.io, place))).toEqual(after)
    await trials.drop(place)
  }
})
