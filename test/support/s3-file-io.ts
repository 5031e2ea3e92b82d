/** An S3 storage on a server of its own, quick to give up. */
import { DEFAULT_S3_CONFIG, type S3Config } from '../../src/io/s3-options.ts'
import { S3FileIO } from '../../src/io/s3.ts'
import { type S3Server, type S3ServerOptions, startS3Server } from './s3-server.ts'

export interface TestS3 extends AsyncDisposable {
  readonly server: S3Server
  readonly io: S3FileIO
  /** The operations that the server saw since the last call, in order. */
  operations(): string[]
  /** Another storage on the same server. */
  open(config?: Partial<S3Config>): S3FileIO
}

/** For what counts requests or races: a busy machine is not taken for a server that is silent. */
export const PATIENT = { idleTimeoutMs: 30_000 } as const

/** Every server has the bucket `lake`. */
export async function startTestS3(
  serverOptions: S3ServerOptions = {},
  config: Partial<S3Config> = {},
): Promise<TestS3> {
  const server = await startS3Server({ buckets: ['lake'], ...serverOptions })
  const opened: S3FileIO[] = []
  const open = (overrides: Partial<S3Config> = {}): S3FileIO => {
    const io = new S3FileIO({
      ...DEFAULT_S3_CONFIG,
      endpoint: server.endpoint,
      region: 'us-east-1',
      pathStyle: true,
      credentials: server.credentials,
      idleTimeoutMs: 300,
      abortGraceMs: 300,
      retry: { delayMsBase: 1, delayMsMax: 5, tryCountMax: 5, deadlineMs: 5_000 },
      ...config,
      ...overrides,
    })
    opened.push(io)
    return io
  }
  let seen = 0
  return {
    server,
    io: open(),
    open,
    operations() {
      const names = server.log.slice(seen).map((entry) => entry.operation)
      seen = server.log.length
      return names
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((io) => io.close()))
      await server.close()
    },
  }
}

/** The options with which another process opens a storage on the server. */
export function storageOptionsOf({ endpoint, credentials }: S3Server): Record<string, string> {
  return {
    's3.endpoint': endpoint,
    's3.access-key': credentials.accessKey,
    's3.secret-key': credentials.secretKey,
    's3.region': 'us-east-1',
    's3.path.style.access': 'true',
  }
}
