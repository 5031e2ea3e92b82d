/** The one error type of the library: a code that tells the caller what to do next, and where it happened. */

/**
 * What the caller can do about it:
 *
 * - `INVALID` the request is wrong: fix the argument, the option or the schema.
 * - `CORRUPT` stored bytes are damaged or lie about themselves: restore the named file.
 * - `UNSUPPORTED` the request or the file is valid, but this version cannot serve it.
 * - `NOT_FOUND` a table, snapshot or file is not there.
 * - `EXISTS` something of that name is there already.
 * - `CONFLICT` another writer changed what this commit builds on: read again and redo the work.
 * - `OUTCOME_UNKNOWN` the store could not be reached to learn whether a commit landed: retry with the same identifier.
 * - `IO` the storage failed.
 * - `ABORTED` the caller's AbortSignal fired.
 */
export type LakeErrorCode =
  | 'INVALID'
  | 'CORRUPT'
  | 'UNSUPPORTED'
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'CONFLICT'
  | 'OUTCOME_UNKNOWN'
  | 'IO'
  | 'ABORTED'

export interface LakeErrorDetails {
  /** The file or table the error is about. */
  path?: string | undefined
  /** One sentence: the way out. */
  hint?: string | undefined
  /** Whether the same call may succeed when it is made again. */
  retriable?: boolean | undefined
  cause?: unknown
}

export class LakeError extends Error {
  readonly code: LakeErrorCode
  readonly retriable: boolean
  readonly path: string | undefined
  readonly hint: string | undefined

  constructor(code: LakeErrorCode, message: string, details: LakeErrorDetails = {}) {
    const where = details.path !== undefined && !message.includes(details.path)
    super(
      where ? `${message}, in ${details.path}` : message,
      details.cause === undefined ? undefined : { cause: details.cause },
    )
    this.name = 'LakeError'
    this.code = code
    this.retriable = details.retriable ?? false
    this.path = details.path
    this.hint = details.hint
  }
}

export const invalid = (message: string, details?: LakeErrorDetails): LakeError =>
  new LakeError('INVALID', message, details)

export const corrupt = (message: string, details?: LakeErrorDetails): LakeError =>
  new LakeError('CORRUPT', message, details)

export const unsupported = (message: string, details?: LakeErrorDetails): LakeError =>
  new LakeError('UNSUPPORTED', message, details)

export const notFound = (message: string, details?: LakeErrorDetails): LakeError =>
  new LakeError('NOT_FOUND', message, details)

/** Whether something was asked for that is not there. */
export function isNotFound(error: unknown): error is LakeError {
  return error instanceof LakeError && error.code === 'NOT_FOUND'
}

/**
 * Runs `body` and makes every failure of it a `LakeError` that names `path`: a foreign error (a RangeError from a
 * decoder, a SyntaxError from JSON) means that the file's bytes are not what they claim to be.
 */
export function decoding<T>(path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw decodingError(path, error)
  }
}

/** What a failed decode of `path` is reported as; see {@link decoding}. */
export function decodingError(path: string, error: unknown): LakeError {
  if (error instanceof LakeError) {
    if (error.path !== undefined) return error
    const { code, hint, retriable, cause } = error
    return new LakeError(code, error.message, { path, hint, retriable, cause })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return corrupt(`cannot be decoded: ${reason}`, { path, cause: error })
}
