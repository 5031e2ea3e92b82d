/** The storage of S3 and of the stores that speak its protocol. */
import { mapAll, throwIfAborted } from '../util/async.ts'
import { invalid, isNotFound, LakeError } from '../util/errors.ts'
import type {
  FileIO,
  FileStatus,
  FileWriter,
  IoOptions,
  IoStats,
  UnfinishedUpload,
  VersionedBytes,
} from './file-io.ts'
import { IoCounters } from './io-counters.ts'
import { parsePath } from './path.ts'
import { checkRange } from './range.ts'
import { writeConditionally } from './s3-conditional.ts'
import { S3Connection } from './s3-connection.ts'
import { deleteKey, deleteKeys } from './s3-delete.ts'
import { S3Failure } from './s3-error.ts'
import { listPages } from './s3-list.ts'
import { parseS3Options, type S3Config } from './s3-options.ts'
import { requireConditions } from './s3-probe.ts'
import { EtagMemory, readWhole, type RangeRequest, readRangeOf } from './s3-read.ts'
import { abortUpload, listUploads } from './s3-uploads.ts'
import { S3Writer } from './s3-writer.ts'

/** How many pages of a directory are deleted at the same time. */
const DELETE_CONCURRENCY = 4
const SCHEMES: ReadonlySet<string> = new Set(['s3', 's3a'])

interface Place {
  readonly bucket: string
  readonly key: string
}

/**
 * Paths are `s3://BUCKET/KEY` or `s3a://BUCKET/KEY`. A created object is one conditional PutObject; the bytes tell our
 * own object from another's when the answer is lost, so whoever creates must write bytes that nobody else writes.
 *
 * The SDK is loaded with the first request. Keys and tokens are in no error and no dump of this object.
 */
export class S3FileIO implements FileIO {
  readonly scheme = 's3'
  readonly #counters = new IoCounters()
  readonly #connection: S3Connection
  readonly #config: S3Config
  readonly #etags = new EtagMemory()

  constructor(config: S3Config) {
    this.#config = config
    this.#connection = new S3Connection(config, this.#counters)
  }

  async read(path: string, options?: IoOptions): Promise<Uint8Array> {
    const { bytes } = await readWhole(this.#connection, this.#request(path, options))
    return bytes
  }

  async readRange(
    path: string,
    offset: number,
    length: number,
    options?: IoOptions,
  ): Promise<Uint8Array> {
    checkRange(path, offset, length)
    const request: RangeRequest = { ...this.#request(path, options), offset, length }
    if (length === 0) return new Uint8Array(0)
    return readRangeOf(this.#connection, request, this.#etags)
  }

  async readVersioned(path: string, options?: IoOptions): Promise<VersionedBytes | null> {
    return orNull(readWhole(this.#connection, this.#request(path, options)))
  }

  async stat(path: string, options?: IoOptions): Promise<FileStatus | null> {
    const { bucket, key, signal } = this.#request(path, options)
    const head = await orNull(
      this.#connection.request({
        operation: 'HeadObject',
        path,
        signal,
        send: (client, sdk, sending) =>
          client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), sending),
      }),
    )
    return head === null ? null : statusOf(path, head.ContentLength, head.LastModified)
  }

  async *list(
    directory: string,
    options: IoOptions & { recursive?: boolean; namePrefix?: string } = {},
  ): AsyncGenerator<FileStatus> {
    const { recursive = false, namePrefix = '', signal } = options
    const place = this.#place(directory)
    const below = belowOf(place.key)
    const base = directory.endsWith('/') ? directory.slice(0, -1) : directory
    const query = { Prefix: below + namePrefix, ...(recursive ? {} : { Delimiter: '/' }) }
    for await (const page of listPages(this.#connection, {
      path: directory,
      bucket: place.bucket,
      query,
      signal,
    })) {
      for (const { Key = '', Size, LastModified } of page.Contents ?? []) {
        throwIfAborted(signal)
        // A key that ends in a slash stands for an empty directory.
        if (Key.endsWith('/')) continue
        yield statusOf(`${base}/${Key.slice(below.length)}`, Size, LastModified)
      }
    }
  }

  async listDirectories(directory: string, options?: IoOptions): Promise<string[]> {
    const { bucket, key } = this.#place(directory)
    const below = belowOf(key)
    const names: string[] = []
    const query = { Prefix: below, Delimiter: '/' }
    for await (const page of listPages(this.#connection, {
      path: directory,
      bucket,
      query,
      signal: options?.signal,
    })) {
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
        const name = Prefix.slice(below.length, -1)
        if (name !== '') names.push(name)
      }
    }
    return names
  }

  async createDirectory(directory: string, options?: IoOptions): Promise<void> {
    const { bucket, key } = this.#place(directory)
    throwIfAborted(options?.signal)
    if (key !== '') {
      await this.#put(directory, { bucket, key: `${key}/` }, new Uint8Array(0), options?.signal)
    }
  }

  async write(path: string, bytes: Uint8Array, options?: IoOptions): Promise<void> {
    const { bucket, key, signal } = this.#request(path, options)
    await this.#put(path, { bucket, key }, bytes, signal)
    this.#counters.written(bytes.byteLength)
    this.#etags.forget(bucket, key)
  }

  async create(path: string, bytes: Uint8Array, options?: IoOptions): Promise<boolean> {
    return this.replace(path, bytes, null, options)
  }

  async replace(
    path: string,
    bytes: Uint8Array,
    version: string | null,
    options?: IoOptions,
  ): Promise<boolean> {
    const { bucket, key, signal } = this.#request(path, options)
    throwIfAborted(signal)
    if (version === null) {
      if (!this.#config.allowUnconditionalCommit) await this.#requireConditions(bucket, key)
      else if ((await this.stat(path, options)) !== null) return false
    }
    const written = await writeConditionally({
      path,
      bytes,
      version,
      retry: this.#config.retry,
      graceMs: this.#config.abortGraceMs,
      signal,
      put: (sending) => this.#putIf(path, { bucket, key }, bytes, version, sending),
      readBack: (deadlineMs) => this.#readBack(path, { bucket, key }, deadlineMs),
      onRetry: () => this.#counters.retried(),
    })
    this.#etags.forget(bucket, key)
    if (written) this.#counters.written(bytes.byteLength)
    return written
  }

  async openWriter(path: string, options?: IoOptions): Promise<FileWriter> {
    const { bucket, key, signal } = this.#request(path, options)
    throwIfAborted(signal)
    return new S3Writer(this.#connection, {
      path,
      bucket,
      key,
      signal,
      partSizeBytes: this.#config.partSizeBytes,
      onVisible: () => this.#etags.forget(bucket, key),
    })
  }

  async delete(path: string, options?: IoOptions): Promise<void> {
    const { bucket, key, signal } = this.#request(path, options)
    this.#etags.forget(bucket, key)
    await deleteKey(this.#connection, bucket, key, signal, path)
  }

  async deleteAll(paths: readonly string[], options?: IoOptions): Promise<void> {
    const keys = new Map<string, string[]>()
    for (const path of paths) {
      const { bucket, key } = this.#request(path, options)
      this.#etags.forget(bucket, key)
      const list = keys.get(bucket)
      if (list === undefined) keys.set(bucket, [key])
      else list.push(key)
    }
    throwIfAborted(options?.signal)
    for (const [bucket, all] of keys) {
      await deleteKeys(this.#connection, bucket, all, options?.signal)
    }
  }

  async deleteDirectory(directory: string, options?: IoOptions): Promise<void> {
    const { bucket, key } = this.#place(directory)
    if (key === '') throw invalid('a whole bucket is not deleted', { path: directory })
    const signal = options?.signal
    const pages = listPages(this.#connection, {
      path: directory,
      bucket,
      query: { Prefix: `${key}/` },
      signal,
    })
    await mapAll(pages, DELETE_CONCURRENCY, async (page) => {
      const keys = (page.Contents ?? []).map((object) => object.Key ?? '')
      for (const each of keys) this.#etags.forget(bucket, each)
      await deleteKeys(this.#connection, bucket, keys, signal)
    })
  }

  /** There are no directories: a name is gone with its last object. */
  async deleteEmptyDirectory(directory: string, options?: IoOptions): Promise<boolean> {
    this.#place(directory)
    throwIfAborted(options?.signal)
    return await Promise.resolve(false)
  }

  async *unfinishedUploads(
    directory: string,
    options?: IoOptions,
  ): AsyncGenerator<UnfinishedUpload> {
    const { bucket, key } = this.#place(directory)
    const base = directory.endsWith('/') ? directory.slice(0, -1) : directory
    const place = { base, bucket, prefix: belowOf(key) }
    yield* listUploads(this.#connection, place, options?.signal)
  }

  async abortUpload(upload: UnfinishedUpload, options?: IoOptions): Promise<void> {
    const { signal, ...place } = this.#request(upload.path, options)
    await abortUpload(this.#connection, place, upload, signal)
  }

  stats(): IoStats {
    return this.#counters.snapshot()
  }

  addStats(stats: IoStats): void {
    this.#counters.add(stats)
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  #place(path: string): Place {
    const { scheme, authority, segments } = parsePath(path)
    if (!SCHEMES.has(scheme) || authority === '') {
      throw invalid(`${JSON.stringify(path)} is not a path of the form s3://BUCKET/KEY`)
    }
    return { bucket: authority, key: segments.join('/') }
  }

  #request(
    path: string,
    options: IoOptions | undefined,
  ): Place & { path: string; signal: AbortSignal | undefined } {
    const { bucket, key } = this.#place(path)
    if (key === '') throw invalid('a file needs a name', { path })
    return { path, bucket, key, signal: options?.signal }
  }

  async #put(
    path: string,
    { bucket, key }: Place,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#connection.request({
      operation: 'PutObject',
      path,
      signal,
      send: (client, sdk, sending) =>
        client.send(
          new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: bufferOf(bytes) }),
          sending,
        ),
    })
  }

  /** One conditional PutObject, without a second try. */
  async #putIf(
    path: string,
    { bucket, key }: Place,
    bytes: Uint8Array,
    version: string | null,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const input = { Bucket: bucket, Key: key, Body: bufferOf(bytes) }
    const put = (condition: { IfNoneMatch?: string; IfMatch?: string }) =>
      this.#connection.once({
        operation: 'PutObject',
        path,
        signal,
        send: (client, sdk, sending) =>
          client.send(new sdk.PutObjectCommand({ ...input, ...condition }), sending),
      })
    try {
      await put(version === null ? { IfNoneMatch: '*' } : { IfMatch: version })
    } catch (error) {
      const isUnable = error instanceof S3Failure && error.status === 501
      if (!isUnable || !this.#config.allowUnconditionalCommit) throw error
      await put({})
    }
  }

  async #readBack(path: string, place: Place, deadlineMs: number): Promise<VersionedBytes | null> {
    const request = { path, ...place, signal: AbortSignal.timeout(deadlineMs) }
    return orNull(readWhole(this.#connection, request, { deadlineMs }))
  }

  async #requireConditions(bucket: string, key: string): Promise<void> {
    const path = `s3://${bucket}/${key}`
    const scratch = new Uint8Array(0)
    await requireConditions({
      store: `${this.#config.endpoint ?? 's3'}/${bucket}`,
      user: this.#config.credentials?.accessKey ?? '',
      host: this.#connection.lastHost,
      directory: key.slice(0, key.lastIndexOf('/') + 1),
      create: (scratchKey) =>
        this.#connection.request({
          operation: 'PutObject',
          path,
          send: (client, sdk) => {
            const input = { Bucket: bucket, Key: scratchKey, Body: scratch, IfNoneMatch: '*' }
            return client.send(new sdk.PutObjectCommand(input))
          },
        }),
      remove: (scratchKey) =>
        this.#connection.request({
          operation: 'DeleteObject',
          path,
          send: (client, sdk) =>
            client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: scratchKey })),
        }),
    })
  }
}

/** The S3 storage that a catalog's options describe. */
export function openS3(options: Readonly<Record<string, string>>): S3FileIO {
  return new S3FileIO(parseS3Options(options))
}

function belowOf(key: string): string {
  return key === '' ? '' : `${key}/`
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function statusOf(
  path: string,
  sizeBytes: number | undefined,
  modified: Date | undefined,
): FileStatus {
  if (sizeBytes === undefined) {
    throw new LakeError('IO', 'the store does not tell the size of an object', { path })
  }
  return { path, sizeBytes, modifiedMs: modified?.getTime() ?? 0 }
}

/** Null for an object that is not there; a bucket that is not there stays an error. */
async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work
  } catch (error) {
    const isMissing = isNotFound(error)
    if (isMissing && !(error instanceof S3Failure && error.reason === 'NoSuchBucket')) return null
    throw error
  }
}
