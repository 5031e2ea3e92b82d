/** What is asked of an Iceberg REST catalog and what it answers, apart from any socket. */
import { LakeError } from '../../util/errors.ts'

export interface RestRequest {
  readonly method: string
  /** The path and the query, as they were sent. */
  readonly target: string
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

export interface RestResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON; empty where there is no body. */
  readonly body: string
  /** What went wrong on this side, for those who run the server. */
  readonly error?: unknown
}

/** Of a request, what the routes look at. */
export interface RestTarget {
  /** Decoded, without the empty one before the first slash. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

const HEADERS = {
  'cache-control': 'private, no-cache',
  'x-content-type-options': 'nosniff',
}

/** An answer with a body of JSON. */
export function jsonResponse(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): RestResponse {
  return { status, headers: { 'content-type': 'application/json', ...HEADERS, ...headers }, body }
}

/** An answer that says everything by its status. */
export function emptyResponse(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): RestResponse {
  return { status, headers: { ...HEADERS, ...headers }, body: '' }
}

/** A refusal in the form that clients read: `ErrorModel` of the REST catalog specification. */
export function errorResponse(
  code: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RestResponse {
  return jsonResponse(code, JSON.stringify({ error: { message, type, code } }), headers)
}

/**
 * What a failure of the library, or of the server itself, is answered with. Clients make a request again that was answered
 * with 503, so that is for what may pass.
 */
export function failureResponse(error: unknown): RestResponse {
  if (!(error instanceof LakeError))
    return {
      ...errorResponse(500, 'InternalServerError', 'the server made a mistake; its log tells more'),
      error,
    }
  const isPassing = error.retriable || error.code === 'ABORTED'
  const answer = isPassing
    ? errorResponse(503, 'ServiceUnavailableException', error.message, { 'retry-after': '1' })
    : errorResponse(500, 'ServerErrorException', error.message)
  return hasGone(error) ? answer : { ...answer, error }
}

/** Clients that do not wait for their answer are no failure of the server; storages that are too slow are. */
function hasGone({ code, cause }: LakeError): boolean {
  return code === 'ABORTED' && !(cause instanceof Error && cause.name === 'TimeoutError')
}

/** The parts of what was asked for; null for what is no path, or is not encoded as one. */
export function parseTarget(target: string): RestTarget | null {
  if (!target.startsWith('/')) return null
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
  try {
    return { segments: path.replace(/\/$/, '').split('/').slice(1).map(decodeSegment), query }
  } catch {
    return null
  }
}

/** Java clients write a space of a name as a plus sign, and others never leave one as it is. */
function decodeSegment(text: string): string {
  return decodeURIComponent(text.replaceAll('+', '%20'))
}
