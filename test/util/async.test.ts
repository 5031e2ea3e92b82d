import { expect, test } from 'vitest'

import { createSlots, mapAll, mapOrdered, sleep, throwIfAborted } from '../../src/util/async.ts'

test('results come in the order of the items, whatever finishes first', async () => {
  const result = await mapAll([30, 1, 15, 0, 5], 3, async (ms, index) => {
    await sleep(ms)
    return index
  })
  expect(result).toEqual([0, 1, 2, 3, 4])
})

test('no more than the limit is ever under way, and the limit is reached', async () => {
  let running = 0
  let most = 0
  const items = Array.from({ length: 40 }, (_, index) => index)
  await mapAll(items, 7, async () => {
    most = Math.max(most, ++running)
    await sleep(1)
    running--
  })
  expect(most).toBe(7)
  expect(running).toBe(0)
})

test('items are taken from an async source only as fast as results are consumed', async () => {
  let taken = 0
  async function* source(): AsyncGenerator<number> {
    for (;;) yield taken++
  }
  const seen: number[] = []
  for await (const value of mapOrdered(source(), 4, async (item) => item * 2)) {
    seen.push(value)
    if (seen.length === 10) break
  }
  expect(seen).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
  expect(taken).toBeLessThanOrEqual(14)
})

test('the first failure in item order is thrown after everything under way has settled', async () => {
  let settled = 0
  const work = mapAll([0, 1, 2, 3, 4, 5, 6, 7], 4, async (item) => {
    await sleep(item === 2 ? 0 : 10)
    settled++
    if (item >= 1) throw new Error(`item ${item}`)
    return item
  })
  await expect(work).rejects.toThrow('item 1')
  expect(settled).toBe(5)
})

async function* brokenSource(): AsyncGenerator<number> {
  yield 1
  throw new Error('source broke')
}

test('a source that fails ends the map with its error', async () => {
  await expect(mapAll(brokenSource(), 2, async (item) => item)).rejects.toThrow('source broke')
})

test('sleep ends at once with ABORTED and the reason as its cause', async () => {
  const controller = new AbortController()
  const waiting = sleep(60_000, controller.signal)
  controller.abort(new Error('stop now'))
  await expect(waiting).rejects.toMatchObject({
    code: 'ABORTED',
    cause: expect.objectContaining({ message: 'stop now' }),
  })
  await expect(sleep(60_000, controller.signal)).rejects.toMatchObject({ code: 'ABORTED' })
  expect(() => throwIfAborted(controller.signal)).toThrow('aborted')
  expect(() => throwIfAborted(undefined)).not.toThrow()
})

test('slots let so many run at once, in the order they came, and free them after failures', async () => {
  const slots = createSlots(3)
  const started: number[] = []
  let running = 0
  const all = Array.from({ length: 12 }, (_, index) =>
    slots.run(async () => {
      started.push(index)
      expect(++running).toBeLessThanOrEqual(3)
      await sleep(2)
      running--
      if (index % 2 === 1) throw new Error(`odd ${index}`)
    }),
  )
  const results = await Promise.allSettled(all)
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(6)
  expect(started).toEqual(Array.from({ length: 12 }, (_, index) => index))
  expect(await slots.run(async () => 'free again')).toBe('free again')
})

test('a signal takes a waiting piece of work out of the queue', async () => {
  const slots = createSlots(1)
  const controller = new AbortController()
  const gate = Promise.withResolvers<void>()
  const first = slots.run(() => gate.promise)
  const aborted = slots.run(async () => 'never', controller.signal)
  const last = slots.run(async () => 'last')
  controller.abort()
  await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
  gate.resolve()
  await first
  expect(await last).toBe('last')
})
