/** The AWS SDK behind one door: loaded on first use, every request counted, no retries of its own, errors made ours. */
import type * as Sdk from '@aws-sdk/client-s3'

import { abortedError, createSlots, type Slots, throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { retry, type RetryPolicy } from '../util/retry.ts'
import type { IoCounters } from './io-counters.ts'
import { s3Failure } from './s3-error.ts'
import type { S3Config } from './s3-options.ts'

export type S3Sdk = typeof Sdk

/** One request as a function of the SDK, so that whoever makes it need not load it. */
export interface S3Call<Output> {
  /** The name in S3's API, under which the request is counted. */
  readonly operation: string
  /** What errors name. */
  readonly path: string
  readonly signal?: AbortSignal | undefined
  /** Told of every failure that is tried again. */
  readonly onRetry?: () => void
  /** Sends the request and takes the answer to its end: a body is read inside. */
  readonly send: (client: Sdk.S3Client, sdk: S3Sdk, options: SendOptions) => Promise<Output>
}

export interface SendOptions {
  readonly abortSignal?: AbortSignal
}

export class S3Connection {
  readonly config: S3Config
  readonly counters: IoCounters
  #opening: Promise<{ sdk: S3Sdk; client: Sdk.S3Client }> | undefined
  readonly #slots: Slots
  #closed = false
  #lastHost: string | undefined

  constructor(config: S3Config, counters: IoCounters) {
    this.config = config
    this.counters = counters
    this.#slots = createSlots(config.connectionCountMax)
  }

  /** The host that the last request went to; undefined before the first. */
  get lastHost(): string | undefined {
    return this.#lastHost
  }

  /** Makes a request that may be made again, until it succeeds or no try is left. */
  async request<Output>(call: S3Call<Output>, policy: Partial<RetryPolicy> = {}): Promise<Output> {
    return retry(() => this.once(call), {
      ...this.config.retry,
      ...policy,
      signal: call.signal,
      onRetry: () => {
        this.counters.retried()
        call.onRetry?.()
      },
    })
  }

  /** Makes a request once. Failures are `S3Failure`, or ABORTED. */
  async once<Output>(call: S3Call<Output>): Promise<Output> {
    const { operation, path, signal } = call
    throwIfAborted(signal)
    const { sdk, client } = await this.#open()
    // Waiting here is no failure; waiting for a socket inside the SDK would count as a connection that times out.
    return this.#slots.run(async () => {
      this.counters.request(operation)
      try {
        return await call.send(client, sdk, signal === undefined ? {} : { abortSignal: signal })
      } catch (error) {
        if (signal?.aborted === true) throw abortedError(signal)
        if (error instanceof LakeError) throw error
        throw s3Failure(error, { operation, path, secrets: await this.#secrets(client, error) })
      } finally {
        // One that was about to be sent when the storage was closed has opened a connection since.
        if (this.#closed) client.destroy()
      }
    }, signal)
  }

  close(): void {
    this.#closed = true
    // A client that could not be made has nothing to close.
    this.#opening?.then(({ client }) => client.destroy()).catch(() => {})
  }

  async #open(): Promise<{ sdk: S3Sdk; client: Sdk.S3Client }> {
    if (this.#closed) throw new LakeError('INVALID', 'the storage is closed')
    this.#opening ??= this.#create()
    return this.#opening
  }

  async #create(): Promise<{ sdk: S3Sdk; client: Sdk.S3Client }> {
    const sdk = await import('@aws-sdk/client-s3')
    const client = new sdk.S3Client(clientConfig(this.config))
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as { request?: { hostname?: string } }
        this.#lastHost = request?.hostname ?? this.#lastHost
        return next(args)
      },
      { step: 'finalizeRequest', name: 'millraceHost' },
    )
    return { sdk, client }
  }

  /** Keys that the SDK found by itself are as secret as those it was given. */
  async #secrets(client: Sdk.S3Client, error: unknown): Promise<string[]> {
    const given = this.config.credentials
    const secrets = [given?.secretKey, given?.sessionToken, given?.accessKey]
    const unresolved = error instanceof Error && error.name === 'CredentialsProviderError'
    if (given === undefined && !unresolved) {
      try {
        const found = await client.config.credentials()
        secrets.push(found.secretAccessKey, found.sessionToken, found.accessKeyId)
      } catch {
        // Without keys there is nothing to hide.
      }
    }
    return secrets.filter((secret) => secret !== undefined)
  }
}

function clientConfig(config: S3Config): Sdk.S3ClientConfig {
  const { endpoint, region, pathStyle, credentials, connectionCountMax, idleTimeoutMs } = config
  const agent = { keepAlive: true, maxSockets: connectionCountMax }
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials: sdkCredentials(credentials) }),
    forcePathStyle: pathStyle,
    followRegionRedirects: true,
    // Only who knows what a request is for can tell whether it may be made again.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: idleTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    customUserAgent: 'millrace',
  }
}

function sdkCredentials(keys: NonNullable<S3Config['credentials']>): {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
} {
  const { accessKey, secretKey, sessionToken } = keys
  const pair = { accessKeyId: accessKey, secretAccessKey: secretKey }
  return sessionToken === undefined ? pair : { ...pair, sessionToken }
}
