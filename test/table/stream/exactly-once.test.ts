/** Followers that die at any storage operation, and go on in another process: each change arrives once, and in order. */
import { beforeAll, describe, expect, test } from 'vitest'

import { LakeError } from '../../../src/util/errors.ts'
import { CrashError, faultAt, type FaultKind, FaultyFileIO } from '../../support/faults.ts'
import { between, seeded } from '../../support/random.ts'
import { openRowTable } from '../../support/row-tables.ts'
import {
  type FollowOptions,
  followInto,
  type Recovery,
  type Sink,
  type SinkRecord,
  sunkRows,
} from '../../support/stream-sink.ts'
import { StreamTable } from '../../support/streams.ts'

let t: StreamTable

beforeAll(async () => {
  t = await StreamTable.create()
  await t.commit(
    ['1 a', '2 b', '3 c', '4 d'],
    ['-D 1', '+U 2 e'],
    ['5 f', '6 g', '+U 3 h'],
    ['7 i'],
  )
  await t.edit(2, { commitKind: 'COMPACT' })
  await t.commit(['+U 7 j', '8 k', '-D 4', '-U 5'])
})

class MemorySink implements Sink {
  readonly records: SinkRecord[] = []

  store(record: SinkRecord): void {
    this.records.push(structuredClone(record))
  }
}

/** Follows in a new process whose storage goes wrong at an operation; whether it came to the end, and how many there were. */
async function live(
  sink: Sink,
  options: FollowOptions,
  at: number,
  kind: FaultKind,
): Promise<{ readonly isDone: boolean; readonly operationCount: number }> {
  const io = new FaultyFileIO(t.io, faultAt(at, kind))
  let isDone = false
  try {
    await followInto(await openRowTable(io, t.root), sink, options)
    isDone = true
  } catch (error) {
    if (!(error instanceof CrashError) && !(error instanceof LakeError)) throw error
  }
  return { isDone, operationCount: io.operations.length }
}

async function forgetConsumers(): Promise<void> {
  await t.io.deleteDirectory(`${t.root}/consumer`)
}

async function wholeStream(from: FollowOptions['from'], recovery: Recovery): Promise<string[]> {
  await forgetConsumers()
  const sink = new MemorySink()
  await followInto(t.table, sink, { recovery, from, random: seeded(1) })
  return sunkRows(sink, recovery)
}

const WAYS = [
  ['checkpoint', 'earliest'],
  ['checkpoint', 'latest-full'],
  ['checkpoint', { snapshot: 3, full: true }],
  ['consumer', 'earliest'],
  ['consumer', { snapshot: 3, full: true }],
] as const

describe.each(WAYS)('going on from its %s, started from %j', (recovery, from) => {
  test('a follower that dies once, at each operation', async () => {
    const expected = await wholeStream(from, recovery)
    const random = seeded(7)
    const options = { recovery, from, random }
    for (let at = 1; ; at++) {
      await forgetConsumers()
      const sink = new MemorySink()
      const { isDone } = await live(sink, options, at, 'crash')
      if (isDone) break
      expect((await live(sink, options, 0, 'crash')).isDone).toBe(true)
      expect(sunkRows(sink, recovery)).toEqual(expected)
    }
  })

  test('a follower that fails again and again', async () => {
    const expected = await wholeStream(from, recovery)
    const random = seeded(11)
    const options = { recovery, from, random }
    for (let run = 0; run < 3; run++) {
      await forgetConsumers()
      const sink = new MemorySink()
      let lives = 0
      for (let isDone = false; !isDone; lives++) {
        const kinds = ['crash', 'fail', 'lose', 'torn'] as const
        const kind = kinds[between(random, 0, kinds.length)]!
        // Lives become longer, so that the last one comes to the end.
        ;({ isDone } = await live(sink, options, between(random, 1, 20 + 2 * lives), kind))
      }
      expect(sunkRows(sink, recovery)).toEqual(expected)
      expect(lives).toBeGreaterThan(1)
    }
  })
})
