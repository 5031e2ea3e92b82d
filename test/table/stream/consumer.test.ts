/** Consumers: what a stream keeps of its progress in the table. */
import { beforeEach, describe, expect, test } from 'vitest'

import { ConsumerStore } from '../../../src/snapshot/consumer-store.ts'
import { consumerPath } from '../../../src/snapshot/paths.ts'
import { eventClock, StreamTable, textsOf } from '../../support/streams.ts'

let t: StreamTable
let consumers: ConsumerStore

beforeEach(async () => {
  t = await StreamTable.create()
  await t.commit(['1', '2'], ['3', '4'])
  consumers = new ConsumerStore(t.io, t.table.store.location)
})

/** Reads and acknowledges rows until it has acknowledged so many of them. */
async function readAndAck(rowCount: number, consumer = 'job'): Promise<string[]> {
  const seen: string[] = []
  for await (const change of t.changes({ from: 'earliest', consumer })) {
    seen.push(`${change.snapshotId}: ${String(change.row['id'])}`)
    if (seen.length <= rowCount) await change.ack()
  }
  return seen
}

const WHOLE = ['1: 1', '1: 2', '2: 3', '2: 4']

describe('the file of a consumer', () => {
  test('is what Java writes', async () => {
    await readAndAck(2)
    const bytes = await t.io.read(consumerPath(t.table.store.location, 'job'))
    expect(new TextDecoder().decode(bytes)).toBe('{\n  "nextSnapshot" : 2\n}')
  })

  test('says the start before anything is acknowledged, so that this does not expire', async () => {
    await readAndAck(0)
    expect(await consumers.find('job')).toBe(1)
  })

  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
  ])('after %i rows says %i: it moves by whole snapshots', async (rowCount, next) => {
    await readAndAck(rowCount)
    expect(await consumers.find('job')).toBe(next)
  })

  test('moves with acknowledged batches, and not back by late ones', async () => {
    const stream = t.changes({ from: 'earliest', consumer: 'job' })
    const batches = await Array.fromAsync(stream.batches())
    await batches[1]!.ack()
    expect(await consumers.find('job')).toBe(3)
    await batches[0]!.ack()
    expect(await consumers.find('job')).toBe(3)
    expect(stream.checkpoint()).toEqual({ nextSnapshot: 3 })
  })

  test('is not there before the state that a stream starts with is acknowledged', async () => {
    const stream = t.changes({ from: 'latest-full', consumer: 'job' })
    for await (const { row, ack } of acks(stream)) {
      expect(await consumers.find('job')).toBeNull()
      if (row['id'] === 4n) await ack()
    }
    expect(await consumers.find('job')).toBe(3)
  })

  test('moves past snapshots that have nothing to read', async () => {
    await t.commit(['5'], ['6'])
    await t.edit(3, { commitKind: 'COMPACT' })
    await t.edit(4, { commitKind: 'COMPACT' })
    await readAndAck(4)
    expect(await consumers.find('job')).toBe(5)
    await readAndAck(0, 'idle')
    expect(await consumers.find('idle')).toBe(1)
  })

  test('is written again when a write of it failed', async () => {
    const stream = t.changes({ from: 'earliest', consumer: 'job' })
    const write = t.io.write.bind(t.io)
    let failures = 1
    t.io.write = async (...args) => {
      if (args[0].includes('consumer') && failures-- === 0) throw new Error('the disk is full')
      await write(...args)
    }
    const [first, second] = await Array.fromAsync(stream.batches())
    await expect(first!.ack()).rejects.toThrow('the disk is full')
    expect(await consumers.find('job')).toBe(1)
    await second!.ack()
    expect(await consumers.find('job')).toBe(3)
  })
})

/** Changes with their `ack` as a function of its own. */
async function* acks(
  stream: ReturnType<StreamTable['changes']>,
): AsyncGenerator<{ row: Readonly<Record<string, unknown>>; ack: () => Promise<void> }> {
  for await (const change of stream) yield { row: change.row, ack: async () => await change.ack() }
}

describe('a stream of a consumer', () => {
  test('goes on where the last one was acknowledged, whatever it is to start from', async () => {
    expect(await readAndAck(3)).toEqual(WHOLE)
    expect(await readAndAck(2)).toEqual(['2: 3', '2: 4'])
    expect(await t.read({ from: 'earliest', consumer: 'job' })).toEqual([])
    expect(await t.read({ options: { 'consumer-id': 'job' } })).toEqual([])
  })

  test('starts anew where its progress is to be ignored', async () => {
    await readAndAck(4)
    const options = { 'consumer.ignore-progress': 'true' }
    const request = { from: 'earliest', consumer: 'job', options } as const
    expect(await t.read(request)).toHaveLength(4)
    expect(await consumers.find('job')).toBe(1)
  })

  test('goes on at a restored place, and moves the file there', async () => {
    await readAndAck(4)
    expect(await t.read({ restore: 2, consumer: 'job' })).toEqual(['2: +I 3', '2: +I 4'])
    expect(await consumers.find('job')).toBe(2)
  })

  test('does not pass over what has expired in spite of it', async () => {
    await readAndAck(0)
    await t.expireTo(2)
    await expect(readAndAck(0)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('snapshot 1 has expired') as string,
    })
  })

  test('waits where the table has no snapshots yet, and is there when the first come', async () => {
    const empty = await StreamTable.create()
    const store = new ConsumerStore(empty.io, empty.table.store.location)
    const controller = new AbortController()
    const { signal } = controller
    let early: number | null = null
    const clock = eventClock(async (sleeps) => {
      if (sleeps === 1) early = await store.find('job')
      if (sleeps === 2) await empty.commit(['1'])
      if (sleeps === 9) controller.abort()
    })
    const stream = empty.changes({ from: 'latest', consumer: 'job', follow: true, clock, signal })
    await expect(textsOf(stream)).rejects.toMatchObject({ code: 'ABORTED' })
    expect([early, await store.find('job')]).toEqual([1, 1])
  })

  test.each(['', 'a/b', '../x', 'x\u0000'])('%j is no name', async (consumer) => {
    await expect(t.read({ consumer })).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('is refused where its file is damaged', async () => {
    const path = consumerPath(t.table.store.location, 'job')
    await t.io.write(path, new TextEncoder().encode('{"nextSnapshot": "2"}'))
    await expect(t.read({ consumer: 'job' })).rejects.toMatchObject({ code: 'CORRUPT', path })
  })
})
