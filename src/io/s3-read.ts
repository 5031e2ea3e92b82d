/** Reading objects of S3: whole or by range, never a short answer, never a mixture of two versions. */
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3'

import { corrupt, LakeError } from '../util/errors.ts'
import type { RetryPolicy } from '../util/retry.ts'
import { shortObject } from './range.ts'
import type { S3Connection } from './s3-connection.ts'
import { S3Failure } from './s3-error.ts'

export interface ReadRequest {
  readonly path: string
  readonly bucket: string
  readonly key: string
  readonly signal: AbortSignal | undefined
}

export interface RangeRequest extends ReadRequest {
  readonly offset: number
  readonly length: number
}

/**
 * The version of every object of which ranges were read lately: later ranges must come from the same one. An object that
 * is replaced between two reads is an error then, and never half of each.
 */
export class EtagMemory {
  readonly #etags = new Map<string, string>()

  get(bucket: string, key: string): string | undefined {
    return this.#etags.get(`${bucket}/${key}`)
  }

  remember(bucket: string, key: string, etag: string): void {
    // Inserted anew it becomes the youngest: a Map keeps the order of insertion.
    this.forget(bucket, key)
    this.#etags.set(`${bucket}/${key}`, etag)
    if (this.#etags.size <= ETAG_COUNT_MAX) return
    const [oldest] = this.#etags.keys()
    if (oldest !== undefined) this.#etags.delete(oldest)
  }

  forget(bucket: string, key: string): void {
    this.#etags.delete(`${bucket}/${key}`)
  }
}

const ETAG_COUNT_MAX = 4_096

export async function readWhole(
  connection: S3Connection,
  request: ReadRequest,
  policy: Partial<RetryPolicy> = {},
): Promise<{ bytes: Uint8Array; version: string }> {
  const { path } = request
  const get = async (answer: GetObjectCommandOutput) => {
    const bytes = await bodyOf(answer, path)
    if (answer.ETag === undefined) {
      throw new LakeError('IO', 'the store gives no ETag', { path })
    }
    return { bytes, version: answer.ETag }
  }
  return getObject(connection, request, {}, get, policy)
}

export async function readRangeOf(
  connection: S3Connection,
  request: RangeRequest,
  etags: EtagMemory,
): Promise<Uint8Array> {
  const { path, bucket, key, offset, length } = request
  const IfMatch = etags.get(bucket, key)
  const input = { Range: `bytes=${offset}-${offset + length - 1}`, IfMatch }
  try {
    const { bytes } = await getObject(connection, request, input, async (answer) => {
      checkRangeAnswer(answer, request)
      const body = await bodyOf(answer, path)
      if (body.byteLength !== length) throw brokenBody(path, body.byteLength, length)
      if (answer.ETag !== undefined) etags.remember(bucket, key, answer.ETag)
      return { bytes: body }
    })
    return bytes
  } catch (error) {
    throw rangeError(error, request, etags)
  }
}

async function getObject<Result extends { bytes: Uint8Array }>(
  connection: S3Connection,
  request: ReadRequest,
  input: Partial<GetObjectCommandInput>,
  take: (answer: GetObjectCommandOutput) => Promise<Result>,
  policy: Partial<RetryPolicy> = {},
): Promise<Result> {
  const { path, bucket, key, signal } = request
  return connection.request(
    {
      operation: 'GetObject',
      path,
      signal,
      send: async (client, sdk, sending) => {
        const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...input })
        const result = await take(await client.send(command, sending))
        connection.counters.read(result.bytes.byteLength)
        return result
      },
    },
    policy,
  )
}

/** The body to its end, which must be as long as the head said. */
async function bodyOf(answer: GetObjectCommandOutput, path: string): Promise<Uint8Array> {
  const body = await answer.Body?.transformToByteArray()
  const bytes = body === undefined ? new Uint8Array(0) : plain(body)
  const { ContentLength } = answer
  if (ContentLength !== undefined && ContentLength !== bytes.byteLength) {
    throw brokenBody(path, bytes.byteLength, ContentLength)
  }
  return bytes
}

/** A plain array over the same memory: the SDK hands out Buffers. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function checkRangeAnswer(answer: GetObjectCommandOutput, request: RangeRequest): void {
  const { path, offset, length } = request
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.ContentRange ?? '')
  if (match === null) {
    throw new LakeError('IO', 'the store answered a range without telling which', { path })
  }
  const [, first, last, total] = match
  const end = Number(last) + 1
  if (Number(first) === offset && end === offset + length) return
  if (Number(first) === offset && end === Number(total) && end < offset + length) {
    throw shortObject(path, offset, length, end)
  }
  throw new LakeError('IO', 'the store answered another range than the one asked for', { path })
}

function rangeError(error: unknown, request: RangeRequest, etags: EtagMemory): unknown {
  if (!(error instanceof S3Failure)) return error
  const { path, bucket, key, offset, length } = request
  if (error.status === 416) {
    return corrupt(`the file ends before the range [${offset}, ${offset + length})`, {
      path,
      cause: error,
      hint: 'restore the file: it is shorter than what refers to it says',
    })
  }
  if (error.status !== 412) return error
  etags.forget(bucket, key)
  return new LakeError('CONFLICT', 'the file was replaced while it was being read', {
    path,
    cause: error,
    hint: 'read it again from the beginning',
  })
}

function brokenBody(path: string, sizeBytes: number, expectedBytes: number): LakeError {
  return new LakeError('IO', `the answer broke off after ${sizeBytes} of ${expectedBytes} bytes`, {
    path,
    retriable: true,
  })
}
