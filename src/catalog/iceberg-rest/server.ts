/** Serves the tables of a warehouse to Iceberg clients over HTTP, as a read-only REST catalog. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { createSlots, type Slots } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import type { Catalog } from '../catalog.ts'
import { type AccessRules, checkToken, isLoopbackName, refusal } from './access.ts'
import { errorResponse, failureResponse, type RestRequest, type RestResponse } from './message.ts'
import { answer } from './routes.ts'

export interface IcebergServerOptions {
  /** 8181 unless given; 0 takes one that is free. */
  readonly port?: number | undefined
  /** The address to listen at; 127.0.0.1 unless given, which other machines cannot reach. */
  readonly host?: string | undefined
  /** What clients have to send as their bearer token; anybody may ask unless given. */
  readonly token?: string | undefined
  /** A part of all paths, which clients are told. */
  readonly prefix?: string | undefined
  /** Told of each request after its answer. */
  readonly onRequest?: ((request: ServedRequest) => void) | undefined
}

/** A request that was answered. */
export interface ServedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  readonly sizeBytes: number
  readonly elapsedMs: number
  /** What went wrong on the side of the server. */
  readonly error?: unknown
}

/** A running server; {@link IcebergServer.close} ends it. */
export interface IcebergServer extends AsyncDisposable {
  /** What clients are given as the catalog's `uri`. */
  readonly url: string
  readonly port: number
  /** Answers what is being asked, for five seconds at most, and takes nothing new. Safe to call twice. */
  close(): Promise<void>
}

const DEFAULT_PORT = 8181
const DEFAULT_HOST = '127.0.0.1'
const URL_LENGTH_MAX = 8192
const HEADER_BYTES_MAX = 16_384
const CONNECTIONS_MAX = 512
/** Requests that are answered at the same time; the others wait. */
const REQUESTS_MAX = 32
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Within which the storage has to tell what is asked. */
const ANSWER_TIMEOUT_MS = 60_000
const CLOSE_TIMEOUT_MS = 5_000

/**
 * Starts a read-only Iceberg REST catalog of the tables that have Iceberg metadata. Clients read data files from the storage
 * themselves, so they need access to it. INVALID for a port, a token or a prefix that is none, IO where the address cannot be
 * listened at.
 */
export async function serveIceberg(
  catalog: Catalog,
  options: IcebergServerOptions = {},
): Promise<IcebergServer> {
  const { port = DEFAULT_PORT, host = DEFAULT_HOST, prefix } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid(`${port} is no port`, { hint: 'give a number from 0 to 65535' })
  if (prefix !== undefined && !/^[\w.~-]+$/.test(prefix))
    throw invalid('the prefix is no part of a path', { hint: 'use letters, digits, - . _ ~' })
  const token = options.token === undefined ? undefined : checkToken(options.token)
  const access = { token, isLoopback: isLoopbackName(host) }
  const serving: Serving = {
    catalog,
    access,
    prefix,
    isClosing: false,
    ending: new AbortController(),
    connections: new Map(),
    slots: createSlots(REQUESTS_MAX),
  }
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: HEADERS_TIMEOUT_MS,
    },
    (request, response) => void respond(serving, request, response, options.onRequest),
  )
  server.maxConnections = CONNECTIONS_MAX
  server.on('connection', (socket) => {
    serving.connections.set(socket, 0)
    socket.once('close', () => serving.connections.delete(socket))
  })
  // One that neither sends nor takes anything is let go.
  server.setTimeout(ANSWER_TIMEOUT_MS + REQUEST_TIMEOUT_MS)
  await listen(server, port, host)
  const { port: taken } = server.address() as AddressInfo
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => await (closed ??= closeServer(server, serving))
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    port: taken,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const { reason, hint } = LISTEN_FAILURES[error.code ?? ''] ?? {
        reason: `cannot be listened at (${error.code ?? error.message})`,
        hint: 'look whether the address is one of this machine',
      }
      reject(new LakeError('IO', `${host}, port ${port}, ${reason}`, { hint, cause: error }))
    }
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

const LISTEN_FAILURES: Readonly<Record<string, { reason: string; hint: string }>> = {
  EADDRINUSE: { reason: 'is taken', hint: 'give another port, or 0 for one that is free' },
  EACCES: { reason: 'is not for everybody', hint: 'give a port from 1024 on' },
  EADDRNOTAVAIL: {
    reason: 'is not of this machine',
    hint: 'give 127.0.0.1, or 0.0.0.0 for all addresses of this machine',
  },
  ENOTFOUND: {
    reason: 'has no address',
    hint: 'give 127.0.0.1, or 0.0.0.0 for all addresses of this machine',
  },
}

/** Connections without a request go at once, also those that were opened ahead of their first. */
async function closeServer(server: Server, serving: Serving): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  serving.isClosing = true
  for (const [socket, waiting] of serving.connections) if (waiting === 0) socket.destroy()
  const timer = setTimeout(() => {
    serving.ending.abort()
    server.closeAllConnections()
  }, CLOSE_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}

interface Serving {
  readonly catalog: Catalog
  readonly access: AccessRules
  readonly prefix: string | undefined
  /** Whether nothing new is taken. */
  isClosing: boolean
  /** Aborted when nothing is waited for any more. */
  readonly ending: AbortController
  /** With how many answers each waits for. */
  readonly connections: Map<Socket, number>
  readonly slots: Slots
}

async function respond(
  serving: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  onRequest: IcebergServerOptions['onRequest'],
): Promise<void> {
  const startMs = performance.now()
  const gone = new AbortController()
  const { socket } = request
  const { connections } = serving
  connections.set(socket, (connections.get(socket) ?? 0) + 1)
  response.once('close', () => {
    if (connections.has(socket)) connections.set(socket, connections.get(socket)! - 1)
    gone.abort()
  })
  const { method = '', url = '' } = request
  const signal = AbortSignal.any([
    gone.signal,
    serving.ending.signal,
    AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  ])
  const headers = flatHeaders(request)
  const { status, body, error, ...told } = await answered(serving, {
    method,
    target: url,
    headers,
    signal,
  })
  const bytes = Buffer.from(body)
  const length = status === 204 || status === 304 ? {} : { 'content-length': bytes.length }
  const last = serving.isClosing ? { connection: 'close' } : {}
  response.writeHead(status, { ...told.headers, ...length, ...last })
  response.end(method === 'HEAD' ? undefined : bytes)
  onRequest?.({
    method,
    path: url.split('?', 1)[0]!,
    status,
    sizeBytes: method === 'HEAD' ? 0 : bytes.length,
    elapsedMs: performance.now() - startMs,
    error,
  })
}

/** What would throw is an answer too. */
async function answered(serving: Serving, request: RestRequest): Promise<RestResponse> {
  const { catalog, access, prefix, slots } = serving
  if (request.target.length > URL_LENGTH_MAX)
    return errorResponse(414, 'BadRequestException', 'the address of the request is too long')
  const refused = refusal(request, access)
  if (refused !== null) return refused
  try {
    return await slots.run(async () => await answer(catalog, request, prefix), request.signal)
  } catch (error) {
    return failureResponse(error)
  }
}

function flatHeaders({ headers }: IncomingMessage): Record<string, string | undefined> {
  const { authorization, host } = headers
  return { authorization, host, 'if-none-match': headers['if-none-match'] }
}
