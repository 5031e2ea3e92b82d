/**
 * Conditional writes with a definite answer.
 *
 * One PutObject carries the condition. When its answer does not settle the matter, the object is read back: the bytes
 * there are ours, or they are not.
 *
 * 1. 412 is read back too: whatever stands between us and the store (a proxy, a retry of its own) may have sent the
 *    request twice, and then the second is refused because of the first.
 * 2. 409 means that another conditional write was under way: the same request is made again.
 * 3. A timeout, a 5xx or a broken connection leaves open whether the write happened, or is yet to happen. If nothing is
 *    there the same request is made again, which is safe for the very reason that it is conditional.
 * 4. Only when the store cannot be reached to find out is the outcome unknown.
 */
import { LakeError } from '../util/errors.ts'
import { createBackoff, type RetryPolicy } from '../util/retry.ts'
import { S3Failure } from './s3-error.ts'

export interface ConditionalWrite {
  readonly path: string
  readonly bytes: Uint8Array
  /** The version that must be there; null for no object at all. */
  readonly version: string | null
  readonly retry: RetryPolicy
  /** How long the request that is under way, and the read back, may still take after the signal fired. */
  readonly graceMs: number
  readonly signal: AbortSignal | undefined
  /** Makes the conditional request once. */
  readonly put: (signal: AbortSignal | undefined) => Promise<unknown>
  /** What is there now; makes tries of its own and ends after `deadlineMs`. */
  readonly readBack: (deadlineMs: number) => Promise<{ bytes: Uint8Array; version: string } | null>
  readonly onRetry: () => void
}

/** True when the object now is what was to be written, false when the condition did not hold. */
export async function writeConditionally(write: ConditionalWrite): Promise<boolean> {
  const backoff = createBackoff(write.retry)
  let uncertain = false
  for (;;) {
    const failure = await failureOf(write)
    if (failure === null) return true
    if (failure.outcome === 'unknown') uncertain = true
    const settled = await settle(write, failure, uncertain)
    if (settled !== undefined) return settled
    const aborted = write.signal?.aborted === true
    if (aborted || !(await backoff.next()))
      throw uncertain ? unknownOutcome(write, failure) : failure
    write.onRetry()
  }
}

/** The answer if it is known; undefined if the request is to be made again. */
async function settle(
  write: ConditionalWrite,
  failure: S3Failure,
  uncertain: boolean,
): Promise<boolean | undefined> {
  if (failure.status === 404 && write.version !== null && failure.reason !== 'NoSuchBucket') {
    return false
  }
  const refused = failure.status === 412
  if (!refused && failure.outcome !== 'unknown') {
    if (failure.retriable) return undefined
    throw uncertain ? unknownOutcome(write, failure) : failure
  }
  const current = await readBack(write, failure)
  if (current !== null && Buffer.compare(current.bytes, write.bytes) === 0) return true
  if (current === null) {
    // Refused because of an object that is gone again: it may have been ours.
    if (refused && uncertain) throw unknownOutcome(write, failure)
    return write.version === null ? undefined : false
  }
  // An uncertain replacement of a version that is still there did not happen yet.
  return !refused && current.version === write.version ? undefined : false
}

async function readBack(
  write: ConditionalWrite,
  failure: S3Failure,
): Promise<{ bytes: Uint8Array; version: string } | null> {
  try {
    return await write.readBack(
      write.signal?.aborted === true ? write.graceMs : write.retry.deadlineMs,
    )
  } catch (error) {
    throw unknownOutcome(write, error instanceof Error ? error : failure)
  }
}

/** The failure of one try; null when it succeeded. */
async function failureOf(write: ConditionalWrite): Promise<S3Failure | null> {
  const patience = patientSignal(write.signal, write.graceMs)
  try {
    await write.put(patience.signal)
    return null
  } catch (error) {
    if (error instanceof S3Failure) return error
    if (patience.signal?.aborted === true) return givenUp(write.path, error)
    throw error
  } finally {
    patience.end()
  }
}

/** A signal that fires some time after the other one, so that a write under way gets its answer. */
function patientSignal(
  signal: AbortSignal | undefined,
  graceMs: number,
): {
  signal: AbortSignal | undefined
  end: () => void
} {
  if (signal === undefined) return { signal, end: () => {} }
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    timer = setTimeout(() => controller.abort(signal.reason), graceMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  const end = (): void => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
  return { signal: controller.signal, end }
}

function givenUp(path: string, cause: unknown): S3Failure {
  return new S3Failure('IO', 'the write was aborted before its answer came', {
    path,
    retriable: true,
    cause,
    status: 0,
    reason: 'Aborted',
    outcome: 'unknown',
  })
}

function unknownOutcome(write: ConditionalWrite, cause: unknown): LakeError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new LakeError('OUTCOME_UNKNOWN', `whether the write happened is not known: ${reason}`, {
    path: write.path,
    hint: 'do it again with the same commit user and identifier; what has happened will be found',
    cause,
  })
}
