/** Trying again after a failure that may pass: full jitter, a cap on the wait, a count and a deadline. */
import { abortedError, type Clock, systemClock, throwIfAborted } from './async.ts'
import { LakeError } from './errors.ts'

export interface RetryPolicy {
  /** The first wait is drawn from [0, this), each later one from twice the range. */
  readonly delayMsBase: number
  /** No wait is drawn from more than [0, this). Waits of many seconds starve a writer, so keep it near one second. */
  readonly delayMsMax: number
  /** How often the work is done at most, the first try included. */
  readonly tryCountMax: number
  /** No wait is begun that would end later than this after the first try. */
  readonly deadlineMs: number
}

export interface RetryOptions extends Partial<RetryPolicy> {
  readonly signal?: AbortSignal | undefined
  /** Which errors pass by themselves; by default a `LakeError` that says `retriable`. */
  readonly isRetriable?: (error: unknown) => boolean
  /** Told of every failure that is tried again. */
  readonly onRetry?: (error: unknown) => void
  readonly clock?: Clock
  /** A number in [0, 1), as `Math.random`. */
  readonly random?: () => number
}

const DEFAULT_RETRY: RetryPolicy = {
  delayMsBase: 50,
  delayMsMax: 1_000,
  tryCountMax: 10,
  deadlineMs: 60_000,
}

/** Counts the tries of one piece of work and waits between them. */
export interface Backoff {
  /** How many tries are over. */
  readonly failedCount: number
  /**
   * Waits before the next try. False when no try is left; rejects with ABORTED when the signal fires.
   */
  next(): Promise<boolean>
}

export function createBackoff(options: RetryOptions = {}): Backoff {
  const { signal, clock = systemClock, random = Math.random } = options
  const { delayMsBase, delayMsMax, tryCountMax, deadlineMs } = { ...DEFAULT_RETRY, ...options }
  const startMs = clock.now()
  let failedCount = 0
  return {
    get failedCount() {
      return failedCount
    },
    async next() {
      throwIfAborted(signal)
      const delayMs = random() * Math.min(delayMsMax, delayMsBase * 2 ** failedCount)
      failedCount++
      if (failedCount >= tryCountMax) return false
      if (clock.now() - startMs + delayMs > deadlineMs) return false
      await clock.sleep(delayMs, signal)
      return true
    },
  }
}

/** Runs `body` until it succeeds, fails for good, or no try is left; then its last error is thrown. */
export async function retry<Result>(
  body: (failedCount: number) => Promise<Result>,
  options: RetryOptions = {},
): Promise<Result> {
  const { signal, isRetriable = retriableLakeError, onRetry } = options
  const backoff = createBackoff(options)
  for (;;) {
    throwIfAborted(signal)
    try {
      return await body(backoff.failedCount)
    } catch (error) {
      if (signal?.aborted === true) throw abortedError(signal)
      if (!isRetriable(error) || !(await backoff.next())) throw error
      onRetry?.(error)
    }
  }
}

function retriableLakeError(error: unknown): boolean {
  return error instanceof LakeError && error.retriable
}
