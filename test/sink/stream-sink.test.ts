/** Streams of rows into a table: when they commit, and what is in the table after a crash. */
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import type { SinkCheckpoint } from '../../src/sink/checkpoint.ts'
import { streamInto, type StreamSinkOptions } from '../../src/sink/stream-sink.ts'
import type { Table } from '../../src/table/table.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { faultAt, FaultyFileIO } from '../support/faults.ts'
import { batchOf } from '../support/random-columns.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../support/row-tables.ts'

const APPEND = { options: { bucket: -1 } }
const ROOT = 'memory://sinks'

async function freshTable(io = new MemoryFileIO()): Promise<Table> {
  const root = `${ROOT}/${randomUUID()}`
  await createRowTable(io, root, APPEND)
  return openRowTable(io, root)
}

const row = (id: number): Row => ({ dt: 'a', id: BigInt(id), v: 'x' })

async function* rows(from: number, to: number): AsyncGenerator<Row, void, undefined> {
  for (let id = from; id < to; id++) yield await Promise.resolve(row(id))
}

const ids = async (table: Table): Promise<number[]> =>
  (await rowsOf(table)).map((text) => Number(text.split(' ')[1])).toSorted((a, b) => a - b)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

test('a stream commits every so many rows, and the rest at its end', async () => {
  const table = await freshTable()
  const seen: number[] = []
  const result = await streamInto(table, rows(0, 25), {
    user: 'job',
    commitRows: 10,
    onCommit: ([snapshot]) => seen.push(snapshot!.deltaRecordCount),
  })
  expect(seen).toEqual([10, 10, 5])
  expect(result).toMatchObject({ rowCount: 25, commitCount: 3 })
  expect(await ids(table)).toEqual(upTo(25))
})

test('a stream that has gone quiet commits when time is up', async () => {
  const table = await freshTable()
  const committed = Promise.withResolvers<undefined>()
  async function* source(): AsyncGenerator<Row, void, undefined> {
    yield* rows(0, 3)
    await committed.promise
    yield row(3)
  }
  const counts: number[] = []
  await streamInto(table, source(), {
    user: 'job',
    commitIntervalMs: 5,
    onCommit: ([snapshot]) => {
      counts.push(snapshot!.deltaRecordCount)
      committed.resolve(undefined)
    },
  })
  expect(counts).toEqual([3, 1])
})

test('rows, groups of rows and Arrow batches come from a Node stream in their order', async () => {
  const table = await freshTable()
  const { toRecordBatch } = await import('../../src/types/arrow-export.ts')
  const { fields } = table.schema
  const batch = toRecordBatch(batchOf(fields, [[utf8('a'), 4n, utf8('x')]]), fields)
  const items = [row(0), row(1), [row(2), row(3)], batch, row(5)]
  const times = [5, 9, undefined, 7]
  let result
  await pipeline(Readable.from(items), async (source) => {
    result = await streamInto<Row>(table, source as AsyncIterable<Row>, {
      user: 'job',
      watermarkOf: () => times.shift(),
    })
  })
  expect(result).toMatchObject({ rowCount: 6, commitCount: 1 })
  expect(await ids(table)).toEqual(upTo(6))
  expect((await table.latestSnapshot())!.watermark).toBe(9n)
})

test('a stream takes no more items than the table has taken', async () => {
  const table = await freshTable()
  let given = 0
  async function* source(): AsyncGenerator<readonly Row[], void, undefined> {
    for (; given < 5; given++) yield await Promise.resolve([row(given)])
  }
  const taken: number[] = []
  await streamInto<Row>(table, source(), {
    user: 'job',
    commitRows: 1,
    onCommit: () => taken.push(given),
  })
  expect(taken).toEqual([0, 1, 2, 3, 4])
})

test('a stream that is stopped, or whose source fails, leaves what was committed, and closes its source', async () => {
  const table = await freshTable()
  let isClosed = false
  async function* failing(): AsyncGenerator<Row, void, undefined> {
    try {
      yield* rows(0, 15)
      throw new Error('the source broke')
    } finally {
      isClosed = true
    }
  }
  const options = { user: 'job', commitRows: 10 }
  await expect(streamInto(table, failing(), options)).rejects.toThrow('the source broke')
  const stop = new AbortController()
  async function* endless(): AsyncGenerator<Row, void, undefined> {
    try {
      yield* rows(10, 15)
      stop.abort()
      yield* rows(15, 2 ** 40)
    } finally {
      isClosed = true
    }
  }
  isClosed = false
  await expect(
    streamInto(table, endless(), { ...options, signal: stop.signal }),
  ).rejects.toMatchObject({ code: 'ABORTED' })
  expect(isClosed).toBe(true)
  expect(await ids(table)).toEqual(upTo(10))
  expect((await table.check()).counts.orphanFiles).toBe(0)
})

/** A process that runs the stream from the saved checkpoint on; it dies at an operation of the storage. */
async function run(
  table: Table,
  saved: { checkpoint: SinkCheckpoint | undefined },
): Promise<boolean> {
  const restore = saved.checkpoint
  const from = restore === undefined ? 0 : (restore.position as number) + 1
  const options: StreamSinkOptions<Row> = {
    user: 'job',
    commitRows: 4,
    restore,
    positionOf: (item) => Number((item as Row)['id']),
    // What is kept is JSON.
    save: (checkpoint) => {
      saved.checkpoint = JSON.parse(JSON.stringify(checkpoint)) as SinkCheckpoint
    },
  }
  try {
    await streamInto(table, rows(from, 9), options)
    return true
  } catch {
    return false
  }
}

test('a process that dies at an operation leaves each row once after it has run again', async () => {
  const io = new MemoryFileIO()
  for (let at = 1, hasEnded = false; !hasEnded; at += 3) {
    const root = `${ROOT}/${randomUUID()}`
    await createRowTable(io, root, APPEND)
    const saved = { checkpoint: undefined }
    const faulty = new FaultyFileIO(io, faultAt(at, at % 2 === 0 ? 'crash' : 'lose'))
    const store = await openRowTable(faulty, root).catch(() => null)
    hasEnded = store !== null && (await run(store, saved)) && faulty.operations.length < at
    const table = await openRowTable(io, root)
    expect([at, await run(table, saved)]).toEqual([at, true])
    expect([at, await ids(table)]).toEqual([at, upTo(9)])
  }
})

test('a checkpoint of another stream, or one that is none, is INVALID', async () => {
  const table = await freshTable()
  const saved: { checkpoint: SinkCheckpoint | undefined } = { checkpoint: undefined }
  await run(table, saved)
  const invalid = expect.objectContaining({ code: 'INVALID' }) as Error
  const restore = saved.checkpoint!
  await expect(streamInto(table, rows(0, 1), { user: 'other', restore })).rejects.toThrow(invalid)
  const broken = { ...restore, messages: '?' }
  await expect(streamInto(table, rows(0, 1), { user: 'job', restore: broken })).rejects.toThrow(
    invalid,
  )
})
