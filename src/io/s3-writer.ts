/** Streaming to S3: one PutObject for a small file, an upload in parts for a large one. */
import { randomUUID } from 'node:crypto'

import type * as Sdk from '@aws-sdk/client-s3'

import { throwIfAborted } from '../util/async.ts'
import { invalid, LakeError } from '../util/errors.ts'
import type { FileWriter } from './file-io.ts'
import type { S3Connection } from './s3-connection.ts'
import { S3Failure } from './s3-error.ts'

/** S3 takes at most 10,000 parts. After every thousand their size doubles, which is room for more than S3's 5 TiB. */
const PARTS_OF_ONE_SIZE = 1_000
const PART_BYTES_MAX = 5 * 2 ** 30
/** Parts that are under way at the same time, as long as they are small. */
const PARTS_UNDER_WAY = 4
/** Marks the object as the result of one upload. */
const UPLOAD_MARK = 'millrace-upload'

export interface S3WriterOptions {
  readonly path: string
  readonly bucket: string
  readonly key: string
  readonly signal: AbortSignal | undefined
  readonly partSizeBytes: number
  /** Told when the object appeared. */
  readonly onVisible: () => void
}

type State = 'open' | 'failed' | 'closed' | 'aborted'

export class S3Writer implements FileWriter {
  readonly #connection: S3Connection
  readonly #options: S3WriterOptions
  readonly #mark = randomUUID()
  #state: State = 'open'
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #uploadId: string | undefined
  readonly #parts: Sdk.CompletedPart[] = []
  #partCount = 0
  readonly #underWay = new Map<Promise<void>, number>()
  #failure: unknown
  /** A begin whose answer never came may have left an upload that nobody knows. */
  #mayHaveLostUpload = false
  readonly #stop = new AbortController()
  /** Fires with the caller's signal, and when the writer is aborted. */
  readonly #signal: AbortSignal

  constructor(connection: S3Connection, options: S3WriterOptions) {
    this.#connection = connection
    this.#options = options
    const { signal } = options
    this.#signal =
      signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal])
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#step(async () => {
      let offset = 0
      while (offset < bytes.byteLength) {
        const room = this.#partSize() - this.#gatheredBytes
        const taken = bytes.subarray(offset, offset + room)
        this.#gathered.push(taken)
        this.#gatheredBytes += taken.byteLength
        offset += taken.byteLength
        // The last part may be as large as any other, so a part is sent only when a byte follows it.
        if (offset < bytes.byteLength && this.#gatheredBytes === this.#partSize()) {
          await this.#sendPart()
        }
      }
    })
  }

  async close(): Promise<void> {
    await this.#step(async () => {
      if (this.#uploadId === undefined) await this.#putWhole()
      else await this.#finishUpload()
      this.#state = 'closed'
      this.#options.onVisible()
    })
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    this.#gathered = []
    this.#stop.abort(new Error('the file writer was aborted'))
    await Promise.allSettled(this.#underWay.keys())
    if (this.#uploadId !== undefined) await this.#abortUpload(this.#uploadId)
    if (this.#mayHaveLostUpload) await this.#abortLostUploads()
  }

  async #step(body: () => Promise<void>): Promise<void> {
    const { path, signal } = this.#options
    if (this.#state !== 'open') throw invalid(`the file writer is ${this.#state}`, { path })
    try {
      throwIfAborted(signal)
      if (this.#failure !== undefined) throw this.#failure
      await body()
    } catch (error) {
      this.#state = 'failed'
      throw error
    }
  }

  #partSize(): number {
    const doublings = Math.floor(this.#partCount / PARTS_OF_ONE_SIZE)
    return Math.min(this.#options.partSizeBytes * 2 ** doublings, PART_BYTES_MAX)
  }

  #takeGathered(): Buffer {
    const bytes = Buffer.concat(this.#gathered, this.#gatheredBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    return bytes
  }

  async #putWhole(): Promise<void> {
    const { path, bucket, key } = this.#options
    const bytes = this.#takeGathered()
    await this.#connection.request({
      operation: 'PutObject',
      path,
      signal: this.#signal,
      send: (client, { PutObjectCommand }, options) =>
        client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }), options),
    })
    this.#connection.counters.written(bytes.byteLength)
  }

  /** Starts the upload of what was gathered, and waits while too many bytes are under way. */
  async #sendPart(): Promise<void> {
    this.#uploadId ??= await this.#beginUpload()
    const uploadId = this.#uploadId
    const bytes = this.#takeGathered()
    const number = ++this.#partCount
    const sending = this.#uploadPart(uploadId, number, bytes)
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => this.#underWay.delete(sending))
    this.#underWay.set(sending, bytes.byteLength)
    const budget = PARTS_UNDER_WAY * this.#options.partSizeBytes
    while (this.#underWay.size > 1 && this.#bytesUnderWay() > budget) {
      await Promise.race(this.#underWay.keys())
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  #bytesUnderWay(): number {
    let sum = 0
    for (const sizeBytes of this.#underWay.values()) sum += sizeBytes
    return sum
  }

  async #beginUpload(): Promise<string> {
    const { path, bucket, key } = this.#options
    let tryCount = 1
    this.#mayHaveLostUpload = true
    const { UploadId } = await this.#connection.request({
      operation: 'CreateMultipartUpload',
      path,
      signal: this.#signal,
      onRetry: () => {
        tryCount++
      },
      send: async (client, { CreateMultipartUploadCommand }, options) => {
        const Metadata = { [UPLOAD_MARK]: this.#mark }
        const input = { Bucket: bucket, Key: key, Metadata, ...(await checksumOf(client)) }
        return client.send(new CreateMultipartUploadCommand(input), options)
      },
    })
    if (UploadId === undefined) throw new LakeError('IO', 'the store gave no upload id', { path })
    if (tryCount > 1) await this.#abortLostUploads(UploadId)
    this.#mayHaveLostUpload = false
    return UploadId
  }

  /** Without the caller's signal: it has fired, and yet the parts are not to be paid for until someone notices. */
  async #abortUpload(UploadId: string): Promise<void> {
    const { path, bucket, key } = this.#options
    try {
      await this.#connection.request({
        operation: 'AbortMultipartUpload',
        path,
        send: (client, { AbortMultipartUploadCommand }) =>
          client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId })),
      })
    } catch (error) {
      if (!isNoSuchUpload(error)) throw error
    }
  }

  /** Aborts all uploads to this key but one. The listing needs a permission of its own, so it is done if it can be. */
  async #abortLostUploads(kept?: string): Promise<void> {
    const { path, bucket, key } = this.#options
    try {
      const { Uploads = [] } = await this.#connection.request({
        operation: 'ListMultipartUploads',
        path,
        send: (client, { ListMultipartUploadsCommand }) =>
          client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key })),
      })
      for (const { Key, UploadId } of Uploads) {
        if (Key === key && UploadId !== undefined && UploadId !== kept) {
          await this.#abortUpload(UploadId)
        }
      }
    } catch {
      // The store's rule for unfinished uploads collects what is left.
    }
  }

  async #uploadPart(uploadId: string, number: number, bytes: Buffer): Promise<void> {
    const { path, bucket, key } = this.#options
    const answer = await this.#connection.request({
      operation: 'UploadPart',
      path,
      signal: this.#signal,
      send: async (client, { UploadPartCommand }, options) => {
        const part = { UploadId: uploadId, PartNumber: number, Body: bytes }
        const input = { Bucket: bucket, Key: key, ...part, ...(await checksumOf(client)) }
        return client.send(new UploadPartCommand(input), options)
      },
    })
    this.#connection.counters.written(bytes.byteLength)
    const { ETag, ChecksumCRC32 } = answer
    this.#parts[number - 1] = { PartNumber: number, ETag, ChecksumCRC32 }
  }

  async #finishUpload(): Promise<void> {
    await this.#sendPart()
    await Promise.all(this.#underWay.keys())
    if (this.#failure !== undefined) throw this.#failure
    const { path, bucket, key } = this.#options
    const UploadId = this.#uploadId
    try {
      await this.#connection.request({
        operation: 'CompleteMultipartUpload',
        path,
        signal: this.#signal,
        send: (client, { CompleteMultipartUploadCommand }, options) =>
          client.send(
            new CompleteMultipartUploadCommand({
              Bucket: bucket,
              Key: key,
              UploadId,
              MultipartUpload: { Parts: this.#parts },
            }),
            options,
          ),
      })
    } catch (error) {
      // The first try may have done it and lost its answer: then the upload is gone and the object carries our mark.
      if (!isNoSuchUpload(error) || !(await this.#isOurs())) throw error
    }
  }

  async #isOurs(): Promise<boolean> {
    const { path, bucket, key } = this.#options
    const { Metadata } = await this.#connection.request({
      operation: 'HeadObject',
      path,
      signal: this.#signal,
      send: (client, { HeadObjectCommand }, options) =>
        client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), options),
    })
    return Metadata?.[UPLOAD_MARK] === this.#mark
  }
}

/**
 * An upload that is begun with a checksum algorithm wants the checksum of each part, with the part and again when it is
 * completed; one that is begun without wants none. The SDK would send them with the parts only.
 */
async function checksumOf(client: Sdk.S3Client): Promise<{ ChecksumAlgorithm?: 'CRC32' }> {
  const wanted = await client.config.requestChecksumCalculation()
  return wanted === 'WHEN_SUPPORTED' ? { ChecksumAlgorithm: 'CRC32' } : {}
}

function isNoSuchUpload(error: unknown): boolean {
  return error instanceof S3Failure && error.status === 404
}
