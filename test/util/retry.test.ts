import { expect, test } from 'vitest'

import { type Clock } from '../../src/util/async.ts'
import { LakeError } from '../../src/util/errors.ts'
import { createBackoff, retry } from '../../src/util/retry.ts'

/** A clock that only moves when something sleeps, and remembers the waits. */
function fakeClock(): Clock & { waits: number[] } {
  let nowMs = 1_000
  const waits: number[] = []
  return {
    waits,
    now: () => nowMs,
    async sleep(ms) {
      waits.push(ms)
      nowMs += ms
    },
  }
}

const passing = (): LakeError => new LakeError('IO', 'slow down', { retriable: true })

test('waits are drawn from a range that doubles up to the cap', async () => {
  const clock = fakeClock()
  const backoff = createBackoff({
    clock,
    random: () => 0.5,
    delayMsBase: 100,
    delayMsMax: 1_000,
    tryCountMax: 7,
  })
  while (await backoff.next());
  expect(clock.waits).toEqual([50, 100, 200, 400, 500, 500])
  expect(backoff.failedCount).toBe(7)
})

test('jitter is full: a draw of zero does not wait', async () => {
  const clock = fakeClock()
  const backoff = createBackoff({ clock, random: () => 0, tryCountMax: 3 })
  expect(await backoff.next()).toBe(true)
  expect(clock.waits).toEqual([0])
})

test('no wait is begun that would pass the deadline', async () => {
  const clock = fakeClock()
  const options = { clock, random: () => 0.999, tryCountMax: 100, deadlineMs: 2_500 }
  let tries = 0
  const work = retry(async () => {
    tries++
    throw passing()
  }, options)
  await expect(work).rejects.toThrow('slow down')
  expect(clock.now()).toBeLessThanOrEqual(3_500)
  expect(tries).toBe(clock.waits.length + 1)
})

test('the work is done again until it succeeds, and each failure is told', async () => {
  const told: unknown[] = []
  const result = await retry(
    async (failedCount) => {
      if (failedCount < 3) throw passing()
      return failedCount
    },
    { clock: fakeClock(), onRetry: (error) => told.push(error) },
  )
  expect(result).toBe(3)
  expect(told).toHaveLength(3)
})

test('an error that is not retriable is thrown at once', async () => {
  let tries = 0
  const work = retry(
    async () => {
      tries++
      throw new LakeError('IO', 'no permission')
    },
    { clock: fakeClock() },
  )
  await expect(work).rejects.toThrow('no permission')
  expect(tries).toBe(1)
})

test('a fired signal ends the tries with ABORTED, whatever the work threw', async () => {
  const controller = new AbortController()
  let tries = 0
  const work = retry(
    async () => {
      tries++
      controller.abort()
      throw passing()
    },
    { clock: fakeClock(), signal: controller.signal },
  )
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(retry(async () => 1, { signal: controller.signal })).rejects.toMatchObject({
    code: 'ABORTED',
  })
  expect(tries).toBe(1)
})
