/** What a failed S3 request means: how far it got, whether to try again, and what to tell the user. */
import { LakeError, type LakeErrorCode } from '../util/errors.ts'

/**
 * How far a write got: `refused` and `unsent` had no effect, `unknown` may have had it, now or in a moment.
 */
export type S3Outcome = 'refused' | 'unsent' | 'unknown'

export interface S3FailureDetails {
  readonly operation: string
  readonly path: string
  /** Texts that must not reach a message: keys and tokens. */
  readonly secrets: readonly string[]
}

/** A failed request. Its texts are free of keys and tokens, and it does not hold on to the request or the response. */
export class S3Failure extends LakeError {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number
  /** S3's word for the error, or the system's. */
  readonly reason: string
  readonly outcome: S3Outcome

  constructor(
    code: LakeErrorCode,
    message: string,
    details: {
      path: string
      hint?: string | undefined
      retriable: boolean
      cause: unknown
      status: number
      reason: string
      outcome: S3Outcome
    },
  ) {
    super(code, message, details)
    this.status = details.status
    this.reason = details.reason
    this.outcome = details.outcome
  }
}

/** The parts of an SDK error that are looked at. */
interface ForeignError {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
}

/** The request never left this machine. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])
/** What the SDK calls an error that has no name. */
const NAMELESS = new Set(['', 'Error', 'Unknown', 'UnknownError', 'S3ServiceException'])
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'TimeoutError'])
/** Refusals that pass: the same request may be accepted in a moment. */
const PASSING_REFUSALS = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'SlowDown',
  'ThrottlingException',
  'TooManyRequests',
])

const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: 'the keys lack the permission for this request',
  Forbidden: 'the keys lack the permission for this request',
  InvalidAccessKeyId: 'check the option s3.access-key',
  SignatureDoesNotMatch: 'check the option s3.secret-key',
  InvalidToken: 'check the option s3.session-token',
  ExpiredToken: 'the session token has expired: get a new one',
  RequestTimeTooSkewed: 'set the clock of this machine',
  NoSuchBucket: 'create the bucket, or check its name, s3.endpoint and s3.path.style.access',
  PermanentRedirect: 'the bucket is in another region: set s3.region',
  AuthorizationHeaderMalformed: 'the bucket is in another region: set s3.region',
  ECONNREFUSED: 'nothing listens there: check the option s3.endpoint',
  ENOTFOUND: 'there is no such host: check s3.endpoint and s3.path.style.access',
  CredentialsProviderError: 'set s3.access-key and s3.secret-key, or AWS_PROFILE or the AWS_ keys',
}

export function s3Failure(error: unknown, details: S3FailureDetails): S3Failure {
  const foreign = (typeof error === 'object' && error !== null ? error : {}) as ForeignError
  const status = foreign.$metadata?.httpStatusCode ?? 0
  const reason = scrubbed(reasonOf(foreign, status), details.secrets)
  const text = scrubbed(String(foreign.message ?? error), details.secrets)
  const { code, outcome, retriable } = judge(status, reason, text)
  const answered = status === 0 ? 'failed' : `was answered with ${status}`
  const cause = Object.assign(new Error(text), {
    name: reason,
    status,
    requestId: scrubbed(foreign.$metadata?.requestId ?? '', details.secrets),
  })
  cause.stack = scrubbed(cause.stack ?? '', details.secrets)
  return new S3Failure(code, `${details.operation} ${answered}: ${sentence(reason, text)}`, {
    path: details.path,
    hint: HINTS[reason] ?? (text.includes('Region is missing') ? 'set s3.region' : undefined),
    retriable,
    cause,
    status,
    reason,
    outcome,
  })
}

/** Replaces every secret in a text that came from elsewhere. */
function scrubbed(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length === 0) continue
    clean = clean.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***')
  }
  return clean
}

interface Judgement {
  readonly code: LakeErrorCode
  readonly outcome: S3Outcome
  readonly retriable: boolean
}

function judge(status: number, reason: string, text: string): Judgement {
  if (status === 0) return judgeUnanswered(reason, text)
  if (status === 501) return { code: 'UNSUPPORTED', outcome: 'refused', retriable: false }
  if (status === 404) return { code: 'NOT_FOUND', outcome: 'refused', retriable: false }
  // An answer that was begun well and could not be read to its end, or had an error inside.
  if (status < 300) return { code: 'IO', outcome: 'unknown', retriable: true }
  if (status >= 500 || status === 408) return { code: 'IO', outcome: 'unknown', retriable: true }
  const passes = status === 429 || PASSING_REFUSALS.has(reason)
  return { code: 'IO', outcome: 'refused', retriable: passes }
}

function judgeUnanswered(reason: string, text: string): Judgement {
  if (UNSENT.has(reason)) return { code: 'IO', outcome: 'unsent', retriable: true }
  if (LOST.has(reason)) return { code: 'IO', outcome: 'unknown', retriable: true }
  const isSetup = reason === 'CredentialsProviderError' || text.includes('Region is missing')
  if (isSetup) return { code: 'INVALID', outcome: 'unsent', retriable: false }
  if (/^(CERT|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(reason)) {
    return { code: 'IO', outcome: 'unsent', retriable: false }
  }
  // Half an answer, or one that fails its checksum.
  const isBroken = /aborted|hang up|checksum mismatch|premature/i.test(text)
  return { code: 'IO', outcome: 'unknown', retriable: isBroken }
}

/** S3's word; for an answer without a body HTTP's; for no answer the system's, which says more than `Error`. */
function reasonOf({ name, code }: ForeignError, status: number): string {
  const isNamed = typeof name === 'string' && !NAMELESS.has(name)
  if (isNamed) return name
  if (status > 0) return statusWord(status)
  return typeof code === 'string' && code !== '' ? code : 'Error'
}

/** `ServiceUnavailable` for 503. Importing Node's HTTP would load its client too, with every start of the process. */
function statusWord(status: number): string {
  const { STATUS_CODES } = process.getBuiltinModule('node:http')
  return (STATUS_CODES[status] ?? String(status)).replaceAll(' ', '')
}

function sentence(reason: string, text: string): string {
  return text === '' || text === reason || NAMELESS.has(text) ? reason : `${reason}, ${text}`
}
