/** Checks AWS Signature Version 4 in the Authorization header, and the signatures of streamed chunks. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

import { S3Error, type S3Request } from './protocol.ts'

export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken?: string | undefined
}

/** What the signatures of the chunks build on. */
export interface SigningContext {
  readonly signingKey: Buffer
  readonly date: string
  readonly scope: string
  /** The signature of the request's head. */
  readonly signature: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
/** What S3 tolerates between its clock and the client's. */
const SKEW_MS = 15 * 60_000

export function checkSignature(request: S3Request, credentials: S3Credentials): SigningContext {
  const { headers } = request
  const match = AUTHORIZATION.exec(headers['authorization'] ?? '')
  if (match === null) throw new S3Error(403, 'AccessDenied', 'the request is not signed')
  const [, accessKey = '', day = '', region = '', signedHeaders = '', signature = ''] = match
  if (accessKey !== credentials.accessKey) throw new S3Error(403, 'InvalidAccessKeyId')
  if ((headers['x-amz-security-token'] ?? '') !== (credentials.sessionToken ?? '')) {
    throw new S3Error(403, 'InvalidToken')
  }
  const date = headers['x-amz-date'] ?? ''
  checkDate(date, day)
  const names = signedHeaders.split(';')
  if (!names.includes('host')) throw new S3Error(403, 'AccessDenied', 'host is not signed')
  const scope = `${day}/${region}/s3/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, names))]
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    `AWS4${credentials.secretKey}`,
  )
  const context = { signingKey: Buffer.from(signingKey), date, scope, signature }
  checkEqual(hmac(context.signingKey, toSign), signature)
  return context
}

/** Checks one chunk of an `aws-chunked` body and gives its signature, which the next one builds on. */
export function checkChunk(
  context: SigningContext,
  previous: string,
  chunk: Uint8Array,
  signature: string,
): string {
  const { date, scope } = context
  const head = ['AWS4-HMAC-SHA256-PAYLOAD', date, scope, previous, sha256('')]
  checkEqual(hmac(context.signingKey, [...head, sha256(chunk)]), signature)
  return signature
}

/** Checks the headers that follow a signed `aws-chunked` body. */
export function checkTrailer(
  context: SigningContext,
  previous: string,
  trailer: string,
  signature: string,
): void {
  const { date, scope, signingKey } = context
  const toSign = ['AWS4-HMAC-SHA256-TRAILER', date, scope, previous, sha256(trailer)]
  checkEqual(hmac(signingKey, toSign), signature)
}

function canonicalRequest(request: S3Request, names: readonly string[]): string {
  const query = [...request.query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
  const headers = names.map((name) => {
    const value = (request.headers[name] ?? '').trim().replaceAll(/ +/g, ' ')
    return `${name}:${value}`
  })
  const payload = request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'
  return [
    request.method,
    request.rawPath,
    query.join('&'),
    ...headers,
    '',
    names.join(';'),
    payload,
  ].join('\n')
}

function checkDate(date: string, day: string): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (match === null || !date.startsWith(day)) throw new S3Error(403, 'AccessDenied', 'bad date')
  const [, year, month, dayOfMonth, hour, minute, second] = match.map(Number)
  const sentMs = Date.UTC(
    year ?? 0,
    (month ?? 1) - 1,
    dayOfMonth ?? 1,
    hour ?? 0,
    minute ?? 0,
    second ?? 0,
  )
  if (Math.abs(sentMs - Date.now()) > SKEW_MS) throw new S3Error(403, 'RequestTimeTooSkewed')
}

function checkEqual(expected: string, signature: string): void {
  const [a, b] = [Buffer.from(expected), Buffer.from(signature)]
  if (a.length !== b.length || !timingSafeEqual(a, b)) {
    throw new S3Error(403, 'SignatureDoesNotMatch')
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function hmac(key: Buffer, lines: readonly string[]): string {
  return createHmac('sha256', key).update(lines.join('\n')).digest('hex')
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
