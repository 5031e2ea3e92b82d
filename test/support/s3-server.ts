/**
 * An S3 server for tests, in this process and in memory: SigV4, checksums, conditional writes, multipart uploads, ranges,
 * paged listings. It can delay, fail, cut or lose any single request, and it keeps a log of all.
 *
 * A condition is checked and the write is made in one turn of the event loop, so conditional writes are atomic.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { assertNever } from '../../src/util/assert.ts'
import { sleep } from '../../src/util/async.ts'
import { checkBody, type CheckedBody } from './s3/body.ts'
import { type FaultAction, Faults } from './s3/faults.ts'
import { multipartOperations } from './s3/multipart.ts'
import {
  bucketOperations,
  objectOperations,
  type Operation,
  type OperationSettings,
} from './s3/operations.ts'
import {
  errorResponse,
  parseRequest,
  S3Error,
  type S3Request,
  type S3Response,
} from './s3/protocol.ts'
import { checkSignature, type S3Credentials } from './s3/signature.ts'
import { Bucket } from './s3/store.ts'

export interface S3ServerOptions extends Partial<S3Credentials>, Partial<OperationSettings> {
  /** Buckets that are there from the start. */
  readonly buckets?: readonly string[]
  readonly port?: number
  /** How long a server-side copy takes. */
  readonly copyDelayMs?: number
}

export interface S3LogEntry {
  readonly number: number
  readonly operation: string
  readonly bucket: string
  readonly key: string
  /** The status that was answered; 0 where the answer was withheld. */
  status: number
  /** The fault that was put on the request. */
  fault?: FaultAction['kind']
}

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string
  readonly credentials: S3Credentials
  /** Every request in the order of arrival. */
  readonly log: readonly S3LogEntry[]
  readonly faults: Faults
  /** What is stored, for tests that fill or empty it without requests. */
  readonly buckets: ReadonlyMap<string, Bucket>
  /** The keys of a bucket, in order. */
  keys(bucket: string): readonly string[]
  bytes(bucket: string, key: string): Uint8Array | undefined
  /** The keys of the uploads that were neither completed nor aborted. */
  unfinishedUploads(bucket: string): string[]
  readonly close: () => Promise<void>
}

let serverCount = 0

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...bucketOperations,
  ...objectOperations,
  ...multipartOperations,
}

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const credentials: S3Credentials = {
    // Ports are used again; a key of its own keeps what a client remembers of one server from another.
    accessKey: options.accessKey ?? `TESTACCESSKEY${++serverCount}`,
    secretKey: options.secretKey ?? 'test-secret-key',
    sessionToken: options.sessionToken,
  }
  const settings: OperationSettings = {
    ignoreConditions: options.ignoreConditions ?? false,
    pageKeysMax: options.pageKeysMax ?? 1_000,
    partBytesMin: options.partBytesMin ?? 5 << 20,
  }
  const buckets = new Map((options.buckets ?? []).map((name) => [name, new Bucket(name)]))
  const log: S3LogEntry[] = []
  const faults = new Faults()

  const apply = (request: S3Request): S3Response => {
    try {
      return perform(request, { credentials, settings, buckets })
    } catch (error) {
      if (error instanceof S3Error) return errorResponse(error, request)
      throw error
    }
  }
  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await receive(message, log.length + 1)
    const { number, operation, bucket, key } = request
    const entry: S3LogEntry = { number, operation, bucket, key, status: 0 }
    log.push(entry)
    if (operation === 'CopyObject') await sleep(options.copyDelayMs ?? 0)
    const action = faults.take(request)
    if (action !== undefined) entry.fault = action.kind
    const answer = action === undefined ? apply(request) : await faulty(action, request, apply)
    await send(answer, request, entry, response)
  }
  const server = createServer((message, response) => {
    // A client that goes away in the middle of a request is none of the server's failures.
    serve(message, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    endpoint: `http://127.0.0.1:${port}`,
    credentials,
    log,
    faults,
    buckets,
    keys: (bucket) => buckets.get(bucket)?.keys() ?? [],
    bytes: (bucket, key) => buckets.get(bucket)?.get(key)?.bytes,
    unfinishedUploads: (bucket) =>
      [...(buckets.get(bucket)?.uploads.values() ?? [])].map((upload) => upload.key),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function perform(
  request: S3Request,
  state: { credentials: S3Credentials; settings: OperationSettings; buckets: Map<string, Bucket> },
): S3Response {
  const signing = checkSignature(request, state.credentials)
  const operation = OPERATIONS[request.operation]
  if (operation === undefined) throw new S3Error(501, 'NotImplemented')
  let checked: CheckedBody | undefined
  return operation({
    request,
    buckets: state.buckets,
    settings: state.settings,
    body: () => (checked ??= checkBody(request, signing)),
  })
}

/** What becomes of the answer: nothing at all, a broken connection, or an answer with at most its first bytes. */
type Answer = S3Response | 'silence' | 'reset' | { response: S3Response; end: 'silence' | 'reset' }

async function faulty(
  action: FaultAction,
  request: S3Request,
  apply: (request: S3Request) => S3Response,
): Promise<Answer> {
  const applied = 'applied' in action && action.applied ? apply(request) : undefined
  switch (action.kind) {
    case 'delay':
      await sleep(action.ms)
      return applied ?? apply(request)
    case 'status':
      return errorResponse(new S3Error(action.status, action.code ?? 'InternalError'), request)
    case 'reset':
      return 'reset'
    case 'drop':
      return 'silence'
    case 'cut':
      return { response: apply(request), end: 'reset' }
    case 'stall':
      return { response: apply(request), end: 'silence' }
    case 'answer':
      return action.change(apply(request))
    default:
      return assertNever(action)
  }
}

async function receive(message: IncomingMessage, number: number): Promise<S3Request> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  const { method = 'GET', url = '/' } = message
  return parseRequest({ number, method, url, headers, rawBody: Buffer.concat(chunks) })
}

async function send(
  answer: Answer,
  request: S3Request,
  entry: S3LogEntry,
  response: ServerResponse,
): Promise<void> {
  if (answer === 'silence') return
  if (answer === 'reset') {
    response.destroy()
    return
  }
  const partial = 'end' in answer
  const { status, headers, body } = partial ? answer.response : answer
  entry.status = status
  const length = body?.byteLength ?? 0
  const sized = { 'content-length': String(length), 'x-amz-request-id': `R${request.number}` }
  response.writeHead(status, { ...sized, ...headers })
  if (!partial) {
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  // The head promises the whole body; half of it follows.
  const half = body?.subarray(0, Math.floor(length / 2)) ?? new Uint8Array(0)
  await new Promise<void>((resolve) => response.write(half, () => resolve()))
  if (answer.end === 'reset') response.destroy()
}
