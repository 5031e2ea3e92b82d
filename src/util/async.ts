/** Waiting, aborting and bounded concurrency for asynchronous work. */
import { assert } from './assert.ts'
import { LakeError } from './errors.ts'

/** Time as the library sees it, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`; rejects with ABORTED as soon as the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = { now: () => Date.now(), sleep }

/** What a call throws whose signal has fired; the signal's reason is the cause. */
export function abortedError(signal: AbortSignal): LakeError {
  return new LakeError('ABORTED', 'the operation was aborted', { cause: signal.reason })
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal)
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortedError(signal))
      return
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    function onAbort(): void {
      clearTimeout(timer)
      if (signal !== undefined) reject(abortedError(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Yields `fn(item)` for every item in the order of the items, with at most `limit` results under way or waiting to be
 * taken. After a failure, and when the consumer stops early, nothing new is started and what is under way has settled
 * before the generator ends, so that no work goes on behind the caller's back.
 */
export async function* mapOrdered<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  fn: (item: Item, index: number) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  assert(limit >= 1, 'a concurrency limit is at least 1')
  const waiting: Promise<Result>[] = []
  let index = 0
  try {
    for await (const item of items) {
      const result = fn(item, index++)
      // The failure is thrown when its turn comes; until then it is not an unhandled rejection.
      result.catch(() => {})
      waiting.push(result)
      if (waiting.length >= limit) yield await takeFirst(waiting)
    }
    while (waiting.length > 0) yield await takeFirst(waiting)
  } finally {
    await Promise.allSettled(waiting)
  }
}

/** {@link mapOrdered} into an array. */
export async function mapAll<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  fn: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for await (const result of mapOrdered(items, limit, fn)) results.push(result)
  return results
}

/** Lets a number of pieces of work run at the same time; the others wait their turn. */
export interface Slots {
  /** Runs `body` when there is room; a signal that fires while it waits rejects with ABORTED. */
  run<Result>(body: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
}

export function createSlots(count: number): Slots {
  assert(count >= 1, 'a concurrency limit is at least 1')
  let free = count
  const waiting = new Set<() => void>()
  const turn = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const start = (): void => {
        waiting.delete(start)
        signal?.removeEventListener('abort', onAbort)
        free--
        resolve()
      }
      function onAbort(): void {
        waiting.delete(start)
        if (signal !== undefined) reject(abortedError(signal))
      }
      waiting.add(start)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  return {
    async run(body, signal) {
      throwIfAborted(signal)
      if (free === 0) await turn(signal)
      else free--
      try {
        return await body()
      } finally {
        free++
        const [next] = waiting
        next?.()
      }
    },
  }
}

function takeFirst<Result>(waiting: Promise<Result>[]): Promise<Result> {
  const first = waiting.shift()
  assert(first !== undefined, 'a result is waiting')
  return first
}
