/**
 * Requests to an Iceberg REST catalog: its configuration, signing in, answers of a bounded size, and errors made ours.
 *
 * Source: Iceberg's `rest-catalog-open-api.yaml`; signing in follows `OAuth2Util` of Iceberg's client.
 */
import * as z from 'zod'

import { abortedError, type Clock, systemClock, throwIfAborted } from '../util/async.ts'
import { corrupt, LakeError, type LakeErrorCode } from '../util/errors.ts'
import { type Json, parseJson, printFlatJson } from '../util/json.ts'
import { retry, type RetryOptions } from '../util/retry.ts'
import { type RestCatalogSettings, secretsOf } from './rest-settings.ts'

/** Larger answers are refused: metadata of a table with 10,000 snapshots has some 10 MB. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024
const MESSAGE_LENGTH_MAX = 300
/** A token is renewed so long before its end. */
const RENEWAL_MS = 60_000
const TOKEN_LIFE_MS = 3_600_000

export interface RestContext {
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

export interface RestRequest extends RestContext {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Names below `/v1/PREFIX/`. */
  readonly names: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** What an answer other than a success became, with its status. */
export class RestFailure extends LakeError {
  readonly status: number

  constructor(
    status: number,
    code: LakeErrorCode,
    message: string,
    details: ConstructorParameters<typeof LakeError>[2],
  ) {
    super(code, message, details)
    this.status = status
  }
}

const CONFIG = z.looseObject({
  defaults: z.record(z.string(), z.string().nullable()).default({}),
  overrides: z.record(z.string(), z.string().nullable()).default({}),
})

const TOKEN = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number().positive().optional(),
})

interface Token {
  readonly text: string
  readonly endMs: number
}

export class RestConnection {
  readonly #settings: RestCatalogSettings
  readonly #secrets: string[]
  #prefix: string[] | undefined
  #token: Token | undefined

  constructor(settings: RestCatalogSettings) {
    this.#settings = settings
    this.#secrets = secretsOf(settings)
  }

  /** The answer, or null where nothing is (404). Reading is tried again after failures that pass; nothing else is. */
  async request(request: RestRequest): Promise<Json> {
    const { method, names, query = {}, body } = request
    const prefix = await this.#configured(request)
    const url = this.#address([...prefix, ...names], query)
    const send = async (): Promise<Json> => this.#signedIn(method, url, body, request)
    return method === 'GET' ? retry(send, reading(request)) : send()
  }

  /** The prefix of addresses, as the server's configuration has it; asked for once. */
  async #configured(context: RestContext): Promise<string[]> {
    if (this.#prefix !== undefined) return this.#prefix
    const { warehouse, prefix } = this.#settings
    const url = this.#address(['config'], warehouse === undefined ? {} : { warehouse })
    const answer = await retry(
      async () => this.#signedIn('GET', url, undefined, context),
      reading(context),
    )
    if (answer === null)
      throw new LakeError('NOT_FOUND', `${url} has no Iceberg REST catalog`, {
        hint: 'check metadata.iceberg.rest.uri: it is what comes before /v1',
      })
    const { defaults, overrides } = checked(CONFIG, answer, url)
    const text = overrides['prefix'] ?? prefix ?? defaults['prefix'] ?? ''
    this.#prefix = text.split('/').filter((name) => name !== '')
    return this.#prefix
  }

  /** Names are one level each: what is in them never leads elsewhere. */
  #address(names: readonly string[], query: Readonly<Record<string, string>>): string {
    const path = names.map(pathName).join('/')
    const search = new URLSearchParams(query).toString()
    return `${this.#settings.uri}/v1/${path}${search === '' ? '' : `?${search}`}`
  }

  /** One request; one more with a new token where the server refuses the old one. */
  async #signedIn(
    method: RestRequest['method'],
    url: string,
    body: unknown,
    context: RestContext,
  ): Promise<Json> {
    const init = { method, ...(body === undefined ? {} : jsonBody(body)) }
    try {
      return await this.#fetch(url, init, await this.#authorization(context), context.signal)
    } catch (error) {
      const isRefused =
        error instanceof RestFailure && (error.status === 401 || error.status === 419)
      if (!isRefused || this.#settings.signIn.kind !== 'credentials') throw error
      this.#token = undefined
      return this.#fetch(url, init, await this.#authorization(context), context.signal)
    }
  }

  async #authorization(context: RestContext): Promise<Record<string, string>> {
    const { signIn } = this.#settings
    if (signIn.kind === 'none') return {}
    if (signIn.kind === 'token') return { authorization: `Bearer ${signIn.token}` }
    if (signIn.kind === 'basic') {
      const pair = Buffer.from(`${signIn.username}:${signIn.password}`).toString('base64')
      return { authorization: `Basic ${pair}` }
    }
    if (this.#token === undefined || this.#token.endMs < Date.now())
      this.#token = await this.#newToken(signIn, context)
    return { authorization: `Bearer ${this.#token.text}` }
  }

  async #newToken(
    signIn: Extract<RestCatalogSettings['signIn'], { kind: 'credentials' }>,
    context: RestContext,
  ): Promise<Token> {
    const { clientId, clientSecret, tokenUri = 'v1/oauth/tokens', parameters } = signIn
    const isWhole = /^https?:\/\//i.test(tokenUri)
    const url = isWhole ? tokenUri : `${this.#settings.uri}/${tokenUri.replace(/^\/+/, '')}`
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      ...(clientId === undefined ? {} : { client_id: clientId }),
      client_secret: clientSecret,
      ...parameters,
    })
    const answer = await retry(
      async () => this.#fetch(url, { method: 'POST', body }, {}, context.signal),
      reading(context),
    )
    const token = checked(TOKEN, answer, url)
    this.#secrets.push(token.access_token)
    const lifeMs = token.expires_in === undefined ? TOKEN_LIFE_MS : token.expires_in * 1000
    const endMs = Date.now() + Math.max(lifeMs - RENEWAL_MS, lifeMs / 2)
    return { text: token.access_token, endMs }
  }

  async #fetch(
    url: string,
    init: { method: string; body?: string | URLSearchParams; headers?: Record<string, string> },
    authorization: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Json> {
    throwIfAborted(signal)
    const { headers, timeoutMs } = this.#settings
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, {
        ...init,
        headers: { accept: 'application/json', ...init.headers, ...authorization, ...headers },
        // A redirect could carry the sign-in to another host.
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      })
      const text = await boundedText(response, url)
      if (response.status === 404) return notThere(text, url)
      if (!response.ok) throw this.#failure(init.method, url, response.status, text)
      return text.trim() === '' ? {} : parseJson(text, url)
    } catch (error) {
      if (signal?.aborted === true) throw abortedError(signal)
      if (error instanceof LakeError) throw error
      throw this.#unreached(init.method, url, timeout.aborted, error)
    }
  }

  #failure(method: string, url: string, status: number, text: string): RestFailure {
    const said = this.#clean(messageOf(text))
    const message = `the Iceberg catalog answered ${method} with ${status}${said === '' ? '' : `: ${said}`}`
    if (status === 401 || status === 403)
      return new RestFailure(status, 'INVALID', message, {
        path: url,
        hint: 'check metadata.iceberg.rest.credential or .token, and what it may do',
      })
    const passes = status === 419 || status === 429 || status >= 500 || status === 408
    const code: LakeErrorCode = status === 409 ? 'CONFLICT' : passes ? 'IO' : 'INVALID'
    return new RestFailure(status, code, message, { path: url, retriable: passes })
  }

  #unreached(method: string, url: string, isLate: boolean, error: unknown): LakeError {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = cause instanceof Error ? cause.message : String(cause)
    const said = isLate ? `no answer in ${this.#settings.timeoutMs} ms` : this.#clean(reason)
    return new LakeError('IO', `the Iceberg catalog was not reached by ${method}: ${said}`, {
      path: url,
      retriable: true,
    })
  }

  /** One line of bounded length, free of secrets. */
  #clean(text: string): string {
    let clean = text
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***')
    // oxlint-disable-next-line no-control-regex -- what a server says may hold anything
    clean = clean.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim()
    return clean.length > MESSAGE_LENGTH_MAX ? `${clean.slice(0, MESSAGE_LENGTH_MAX)}…` : clean
  }
}

function reading({ signal, clock = systemClock }: RestContext): RetryOptions {
  return { signal, clock, tryCountMax: 4, deadlineMs: 20_000 }
}

function jsonBody(body: unknown): { body: string; headers: Record<string, string> } {
  return { body: printFlatJson(body), headers: { 'content-type': 'application/json' } }
}

function pathName(name: string): string {
  const encoded = encodeURIComponent(name)
  return /^\.{1,2}$/.test(encoded) ? encoded.replaceAll('.', '%2E') : encoded
}

/** Null; but a server that has no such address at all says so without an error of Iceberg's form. */
function notThere(text: string, url: string): null {
  if (text.trim() === '' || ERROR.safeParse(jsonOf(text)).success) return null
  throw new LakeError('NOT_FOUND', 'there is no Iceberg REST catalog', {
    path: url,
    hint: 'check metadata.iceberg.rest.uri: it is what comes before /v1',
  })
}

const ERROR = z.looseObject({ error: z.looseObject({ message: z.string().nullish() }) })
/** As the token endpoint reports failures. */
const OAUTH_ERROR = z.looseObject({
  error: z.string(),
  error_description: z.string().nullish(),
})

function messageOf(text: string): string {
  const json = jsonOf(text)
  const error = ERROR.safeParse(json)
  if (error.success) return error.data.error.message ?? ''
  const oauth = OAUTH_ERROR.safeParse(json)
  return oauth.success ? (oauth.data.error_description ?? oauth.data.error) : ''
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function checked<Value>(form: z.ZodType<Value>, answer: Json, url: string): Value {
  const parsed = form.safeParse(answer)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw corrupt(`the answer is none of an Iceberg catalog: ${issue.path.join('.')}`, { path: url })
}

async function boundedText(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength
    if (size > ANSWER_BYTES_MAX)
      throw corrupt('the answer of the Iceberg catalog is too large', { path: url })
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}
