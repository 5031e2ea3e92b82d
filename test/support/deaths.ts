/** Processes that die at an operation of their storage, and what must hold of the table that they worked on. */
import { expect } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import type { Table } from '../../src/table/table.ts'
import { CrashError, faultAt, FaultyFileIO } from './faults.ts'
import { createRowTable, openRowTable, rowsOf } from './row-tables.ts'
import { memoryTrials } from './trials.ts'

export interface DyingProcess {
  readonly name: string
  readonly definition: Readonly<Record<string, unknown>>
  /** What is there before. */
  readonly prepare: (table: Table) => Promise<unknown>
  /** What the process does that dies. */
  readonly act: (table: Table) => Promise<unknown>
}

/**
 * Lets it die at operations spread over all, `trialCount` of them at most. The table must pass its check then and read as
 * before or as after; the same done again must end as it should. Answers with the
 * number of deaths.
 */
export async function surviveDeaths(process: DyingProcess, trialCount: number): Promise<number> {
  const { name, definition, prepare, act } = process
  const trials = memoryTrials()
  const template = {
    name,
    async prepare(io: FileIO, root: string) {
      await createRowTable(io, root, definition)
      await prepare(await openRowTable(io, root))
    },
  }
  const root = await trials.freshTable(template)
  const before = await rowsOf(await openRowTable(trials.io, root))
  const counting = new FaultyFileIO(trials.io)
  await act(await openRowTable(counting, root))
  const after = await rowsOf(await openRowTable(trials.io, root))

  const { length } = counting.operations
  expect(length).toBeGreaterThan(5)
  let deaths = 0
  const step = Math.ceil(length / Math.min(trialCount, length))
  for (let at = step - 1; at < length; at += step) {
    const place = await trials.freshTable(template)
    const dying = new FaultyFileIO(trials.io, faultAt(at, 'crash'))
    await openRowTable(dying, place)
      .then(act)
      .catch((error: unknown) => {
        if (!dying.crashed && !(error instanceof CrashError)) throw error
      })
    const found = await openRowTable(trials.io, place)
    expect([before, after]).toContainEqual(await rowsOf(found))
    expect((await found.check({ allSnapshots: true })).damage).toEqual([])
    await act(found)
    const again = await openRowTable(trials.io, place)
    expect(await rowsOf(again)).toEqual(after)
    expect((await again.check({ allSnapshots: true })).damage).toEqual([])
    await trials.drop(place)
    deaths++
  }
  return deaths
}
