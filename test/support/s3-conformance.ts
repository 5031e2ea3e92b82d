/**
 * What Millrace needs of an S3 store, tested with the bare SDK: the project's own test server must behave as real ones do,
 * so this file runs against both.
 */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { mapAll } from '../../src/util/async.ts'

export interface S3Target {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken?: string | undefined
  close(): Promise<void>
}

export interface S3ConformanceOptions {
  readonly raceRounds?: number
  /** Whether so many keys are listed that they take several pages; true unless told. */
  readonly hasPaging?: boolean
}

export function s3Conformance(
  name: string,
  open: () => Promise<S3Target>,
  options: S3ConformanceOptions = {},
): void {
  describe(`${name} as an S3 store`, () => {
    let target: S3Target
    let client: S3Client
    const bucket = `conformance-${randomBytes(4).toString('hex')}`

    beforeAll(async () => {
      target = await open()
      client = clientOf(target)
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
    })
    afterAll(async () => {
      client.destroy()
      await target.close()
    })
    const context: Context = {
      target: () => target,
      client: () => client,
      bucket,
      rounds: options.raceRounds ?? 10,
    }
    objectTests(context)
    conditionTests(context)
    multipartTests(context)
    if (options.hasPaging !== false) pagingTests(context)
    listingTests(context)
    refusalTests(context)
  })
}

interface Context {
  readonly target: () => S3Target
  readonly client: () => S3Client
  readonly bucket: string
  readonly rounds: number
}

function clientOf(target: S3Target, secretKey = target.secretKey): S3Client {
  return new S3Client({
    endpoint: target.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {
      accessKeyId: target.accessKey,
      secretAccessKey: secretKey,
      ...(target.sessionToken === undefined ? {} : { sessionToken: target.sessionToken }),
    },
  })
}

/** The HTTP status that a request ends with, whether it succeeds or not. */
async function statusOf(
  work: Promise<{ $metadata: { httpStatusCode?: number } }>,
): Promise<number> {
  try {
    return (await work).$metadata.httpStatusCode ?? 0
  } catch (error) {
    const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
    return $metadata?.httpStatusCode ?? 0
  }
}

async function bytesOf({ client, bucket }: Context, Key: string): Promise<Uint8Array> {
  const { Body } = await client().send(new GetObjectCommand({ Bucket: bucket, Key }))
  return (await Body?.transformToByteArray()) ?? new Uint8Array(0)
}

function objectTests(context: Context): void {
  const { client, bucket } = context

  test('an object is read back whole, described, copied and deleted', async () => {
    const Body = randomBytes(100_000)
    await client().send(new PutObjectCommand({ Bucket: bucket, Key: 'object/a', Body }))
    expect(Buffer.compare(await bytesOf(context, 'object/a'), Body)).toBe(0)
    const head = await client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'object/a' }))
    expect(head.ContentLength).toBe(100_000)
    expect(head.LastModified).toBeInstanceOf(Date)
    const copy = { Bucket: bucket, Key: 'object/b', CopySource: `${bucket}/object/a` }
    await client().send(new CopyObjectCommand(copy))
    expect(Buffer.compare(await bytesOf(context, 'object/b'), Body)).toBe(0)
    for (let times = 0; times < 2; times++) {
      await client().send(new DeleteObjectCommand({ Bucket: bucket, Key: 'object/b' }))
    }
    const gone = client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'object/b' }))
    expect(await statusOf(gone)).toBe(404)
  })

  test('user metadata comes back', async () => {
    const Metadata = { 'upload-id': 'x-17' }
    await client().send(new PutObjectCommand({ Bucket: bucket, Key: 'meta', Body: 'x', Metadata }))
    const head = await client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'meta' }))
    expect(head.Metadata).toEqual(Metadata)
  })

  test('a streamed body arrives whole', async () => {
    const bytes = randomBytes(300_000)
    const stream = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)])
    await client().send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: 'streamed',
        Body: stream,
        ContentLength: bytes.length,
      }),
    )
    expect(Buffer.compare(await bytesOf(context, 'streamed'), bytes)).toBe(0)
  })

  test('ranges answer 206 with their place, and 416 past the end', async () => {
    const bytes = randomBytes(10_000)
    const Key = 'ranged'
    await client().send(new PutObjectCommand({ Bucket: bucket, Key, Body: bytes }))
    const get = (Range: string) =>
      client().send(new GetObjectCommand({ Bucket: bucket, Key, Range }))
    const middle = await get('bytes=1000-1999')
    expect(middle.$metadata.httpStatusCode).toBe(206)
    expect(middle.ContentRange).toBe('bytes 1000-1999/10000')
    expect(await middle.Body?.transformToByteArray()).toEqual(
      new Uint8Array(bytes.subarray(1_000, 2_000)),
    )
    const tail = await get('bytes=-8')
    expect(await tail.Body?.transformToByteArray()).toEqual(new Uint8Array(bytes.subarray(-8)))
    const over = await get('bytes=9990-10100')
    expect(over.ContentRange).toBe('bytes 9990-9999/10000')
    expect(await over.Body?.transformToByteArray()).toHaveLength(10)
    expect(await statusOf(get('bytes=10000-10010'))).toBe(416)
  })

  test('an object that is not there is 404', async () => {
    const Key = 'absent'
    expect(await statusOf(client().send(new GetObjectCommand({ Bucket: bucket, Key })))).toBe(404)
    expect(await statusOf(client().send(new HeadObjectCommand({ Bucket: bucket, Key })))).toBe(404)
  })
}

function conditionTests(context: Context): void {
  const { client, bucket, rounds } = context
  const put = (Key: string, Body: Uint8Array | string, condition: object = {}) =>
    client().send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...condition }))

  const get = (Key: string, IfMatch: string | undefined) =>
    client().send(new GetObjectCommand({ Bucket: bucket, Key, IfMatch, Range: 'bytes=0-0' }))

  test('If-None-Match: * writes only where nothing is', async () => {
    expect(await statusOf(put('none/a', 'first', { IfNoneMatch: '*' }))).toBe(200)
    expect(await statusOf(put('none/a', 'second', { IfNoneMatch: '*' }))).toBe(412)
    expect(Buffer.from(await bytesOf(context, 'none/a')).toString()).toBe('first')
  })

  test('If-Match writes only over the version it names', async () => {
    const first = await put('match/a', 'v1')
    const second = await put('match/a', 'v2', { IfMatch: first.ETag })
    expect(await statusOf(put('match/a', 'v3', { IfMatch: first.ETag }))).toBe(412)
    expect(await statusOf(put('match/absent', 'v3', { IfMatch: first.ETag }))).toBe(404)
    expect(Buffer.from(await bytesOf(context, 'match/a')).toString()).toBe('v2')
    expect(await statusOf(get('match/a', second.ETag))).toBe(206)
    expect(await statusOf(get('match/a', first.ETag))).toBe(412)
  })

  test.for([1_024, 1 << 20])(
    'of 32 conditional writes of %i bytes at the same time exactly one wins, and its bytes stay',
    async (sizeBytes) => {
      for (let round = 0; round < rounds; round++) {
        const Key = `race-${sizeBytes}/snapshot-${round}`
        const results = await Promise.all(
          Array.from({ length: 32 }, (_, index) =>
            statusOf(put(Key, new Uint8Array(sizeBytes).fill(65 + index), { IfNoneMatch: '*' })),
          ),
        )
        expect(results.filter((status) => status === 200)).toHaveLength(1)
        expect(results.every((status) => [200, 409, 412].includes(status))).toBe(true)
        const bytes = await bytesOf(context, Key)
        expect(bytes).toHaveLength(sizeBytes)
        expect(bytes.every((byte) => byte === 65 + results.indexOf(200))).toBe(true)
      }
    },
  )

  test('of 32 that replace one version at the same time exactly one wins', async () => {
    for (let round = 0; round < rounds; round++) {
      const { ETag } = await put('race-match', `base ${round}`)
      const results = await Promise.all(
        Array.from({ length: 32 }, (_, index) =>
          statusOf(put('race-match', `${round} ${index}`, { IfMatch: ETag })),
        ),
      )
      expect(results.filter((status) => status === 200)).toHaveLength(1)
      expect(Buffer.from(await bytesOf(context, 'race-match')).toString()).toBe(
        `${round} ${results.indexOf(200)}`,
      )
    }
  })
}

function multipartTests(context: Context): void {
  const { client, bucket } = context
  const partBytes = 5 << 20
  const begin = async (Key: string, Metadata: Record<string, string> = {}): Promise<string> => {
    const input = { Bucket: bucket, Key, Metadata, ChecksumAlgorithm: 'CRC32' as const }
    const begun = await client().send(new CreateMultipartUploadCommand(input))
    return begun.UploadId ?? ''
  }
  const upload = async (
    Key: string,
    UploadId: string,
    number: number,
    Body: Uint8Array,
  ): Promise<CompletedPart> => {
    const part = { Bucket: bucket, Key, UploadId, PartNumber: number, Body }
    const { ETag, ChecksumCRC32 } = await client().send(new UploadPartCommand(part))
    return { PartNumber: number, ETag, ChecksumCRC32 }
  }
  const complete = (Key: string, UploadId: string, Parts: CompletedPart[], condition = {}) =>
    client().send(
      new CompleteMultipartUploadCommand({
        Bucket: bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts },
        ...condition,
      }),
    )
  const unfinished = async (): Promise<number> => {
    const { Uploads } = await client().send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    return Uploads?.length ?? 0
  }

  test('an upload in parts is invisible until it is complete, then whole', async () => {
    const Key = 'parts/whole'
    const all = randomBytes(2 * partBytes + 12_345)
    const id = await begin(Key, { 'upload-id': 'mine' })
    const parts = await mapAll([2, 0, 1], 3, (index) =>
      upload(Key, id, index + 1, all.subarray(index * partBytes, (index + 1) * partBytes)),
    )
    const head = () => client().send(new HeadObjectCommand({ Bucket: bucket, Key }))
    expect(await statusOf(head())).toBe(404)
    expect(await unfinished()).toBe(1)
    await complete(
      Key,
      id,
      parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)),
    )
    expect(Buffer.compare(await bytesOf(context, Key), all)).toBe(0)
    expect((await head()).Metadata).toEqual({ 'upload-id': 'mine' })
    expect(await unfinished()).toBe(0)
    expect(await statusOf(complete('parts/never', id, parts))).toBe(404)
  })

  test('the checksums of the parts are wanted back when the upload was begun with them, and only then', async () => {
    const Key = 'parts/checksums'
    const id = await begin(Key)
    const { PartNumber, ETag, ChecksumCRC32 } = await upload(Key, id, 1, new Uint8Array(1_000))
    expect(ChecksumCRC32).toBeDefined()
    expect(await statusOf(complete(Key, id, [{ PartNumber, ETag }]))).toBe(400)
    const wrong = { PartNumber, ETag, ChecksumCRC32: 'AAAAAA==' }
    expect(await statusOf(complete(Key, id, [wrong]))).toBe(400)
    expect(await statusOf(complete(Key, id, [{ PartNumber, ETag, ChecksumCRC32 }]))).toBe(200)
    const bare = await client().send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
    const part = await upload(Key, bare.UploadId ?? '', 1, new Uint8Array(2_000))
    expect(
      await statusOf(complete(Key, bare.UploadId ?? '', [{ PartNumber: 1, ETag: part.ETag }])),
    ).toBe(200)
    expect(await bytesOf(context, Key)).toHaveLength(2_000)
  })

  test('completing with If-None-Match: * does not replace an object', async () => {
    const Key = 'parts/conditional'
    await client().send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'kept' }))
    const id = await begin(Key)
    const part = await upload(Key, id, 1, new Uint8Array(1_000))
    expect(await statusOf(complete(Key, id, [part], { IfNoneMatch: '*' }))).toBe(412)
    expect(Buffer.from(await bytesOf(context, Key)).toString()).toBe('kept')
    await client().send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId: id }))
  })

  test('wrong part tags and short parts are refused, and an aborted upload leaves nothing', async () => {
    const Key = 'parts/refused'
    const id = await begin(Key)
    const short = [
      await upload(Key, id, 1, new Uint8Array(10)),
      await upload(Key, id, 2, new Uint8Array(10)),
    ]
    expect(await statusOf(complete(Key, id, short))).toBe(400)
    const wrong = [{ ...short[0], ETag: `"${createHash('md5').digest('hex')}"` }]
    expect(await statusOf(complete(Key, id, wrong))).toBe(400)
    await client().send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId: id }))
    expect(await unfinished()).toBe(0)
    const gone = client().send(new HeadObjectCommand({ Bucket: bucket, Key }))
    expect(await statusOf(gone)).toBe(404)
  })
}

const keysOf = (page: ListObjectsV2CommandOutput): string[] =>
  (page.Contents ?? []).map((object) => object.Key ?? '')

function pagingTests({ client, bucket }: Context): void {
  const list = (input: object): Promise<ListObjectsV2CommandOutput> =>
    client().send(new ListObjectsV2Command({ Bucket: bucket, ...input }))

  test('2,500 keys come in pages, in order, by prefix, delimiter and start', async () => {
    const keys = Array.from(
      { length: 2_500 },
      (_, index) => `list/p=${index % 10}/f-${String(index).padStart(5, '0')}`,
    )
    await mapAll(keys, 50, (Key) =>
      client().send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' })),
    )
    const listed: string[] = []
    const sizes: number[] = []
    let token: string | undefined
    do {
      const page = await list({ Prefix: 'list/', ContinuationToken: token })
      sizes.push(page.Contents?.length ?? 0)
      listed.push(...keysOf(page))
      token = page.NextContinuationToken
    } while (token !== undefined)
    expect(sizes).toEqual([1_000, 1_000, 500])
    expect(listed).toEqual(keys.toSorted())
    const { CommonPrefixes, Contents } = await list({ Prefix: 'list/', Delimiter: '/' })
    expect(CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(
      Array.from({ length: 10 }, (_, index) => `list/p=${index}/`),
    )
    expect(Contents ?? []).toEqual([])
    const rest = await list({ Prefix: 'list/p=9/', StartAfter: 'list/p=9/f-02400' })
    expect(rest.Contents).toHaveLength(10)
    const few = await list({ Prefix: 'list/', Delimiter: '/', MaxKeys: 3 })
    expect(few.CommonPrefixes).toHaveLength(3)
    expect(few.IsTruncated).toBe(true)
    await deleteInBatches(client(), bucket, listed)
    expect((await list({ Prefix: 'list/' })).KeyCount).toBe(0)
  })
}

function listingTests({ client, bucket }: Context): void {
  const list = (input: object): Promise<ListObjectsV2CommandOutput> =>
    client().send(new ListObjectsV2Command({ Bucket: bucket, ...input }))

  test.for([
    "we ird/é+%20&=key'(1)",
    'odd/a+b',
    'odd/%2F',
    'odd/<&>"',
    'odd/日本語-🜁',
    'odd/~!@$*',
  ])('the key %j is listed, read and deleted as it is', async (Key) => {
    await client().send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))
    expect(keysOf(await list({ Prefix: Key }))).toEqual([Key])
    const { Body } = await client().send(new GetObjectCommand({ Bucket: bucket, Key }))
    expect(await Body?.transformToString()).toBe(Key)
    await deleteInBatches(client(), bucket, [Key, 'odd/absent'])
    expect((await list({ Prefix: Key })).KeyCount).toBe(0)
  })
}

async function deleteInBatches(client: S3Client, bucket: string, keys: string[]): Promise<void> {
  for (let offset = 0; offset < keys.length; offset += 1_000) {
    const Objects = keys.slice(offset, offset + 1_000).map((Key) => ({ Key }))
    const result = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    )
    expect(result.Errors ?? []).toEqual([])
  }
}

function refusalTests({ target, client, bucket }: Context): void {
  const put = (input: object) =>
    client().send(new PutObjectCommand({ Bucket: bucket, Key: 'refused', Body: 'abc', ...input }))

  test('a body that does not match its digest is refused', async () => {
    const ContentMD5 = createHash('md5').update('abd').digest('base64')
    expect(await statusOf(put({ ContentMD5 }))).toBe(400)
    expect(await statusOf(put({ ChecksumCRC32: 'AAAAAA==' }))).toBe(400)
    const head = client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'refused' }))
    expect(await statusOf(head)).toBe(404)
  })

  test('a wrong secret is refused', async () => {
    const stranger = clientOf(target(), `${target().secretKey}x`)
    const head = stranger.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'refused', Body: 'abc' }),
    )
    expect(await statusOf(head)).toBe(403)
    stranger.destroy()
  })

  test('a bucket that is not there is refused', async () => {
    const absent = client().send(
      new PutObjectCommand({ Bucket: `absent-${bucket}`, Key: 'a', Body: 'abc' }),
    )
    expect(await statusOf(absent)).toBe(404)
  })
}
