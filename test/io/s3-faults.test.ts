/** What the storage makes of a store that is slow, fails, breaks connections or answers wrongly. */
import { expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import type { LakeError } from '../../src/util/errors.ts'
import { startTestS3 } from '../support/s3-file-io.ts'
import type { S3LogEntry } from '../support/s3-server.ts'
import type { FaultAction } from '../support/s3/faults.ts'
import type { S3Response } from '../support/s3/protocol.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const path = 's3://lake/t/file'

async function failureOf(work: Promise<unknown>): Promise<LakeError> {
  try {
    await work
  } catch (error) {
    return error as LakeError
  }
  throw new Error('the work was expected to fail')
}

/** Everything that may be done again without harm, with the request that it makes and what it must give. */
const REPEATABLE: Readonly<
  Record<string, { operation: string; run: (io: FileIO) => Promise<unknown>; gives: unknown }>
> = {
  read: { operation: 'GetObject', run: (io) => io.read(path), gives: text('0123456789') },
  readRange: {
    operation: 'GetObject',
    run: (io) => io.readRange(path, 2, 5),
    gives: text('23456'),
  },
  stat: {
    operation: 'HeadObject',
    run: async (io) => (await io.stat(path))?.sizeBytes,
    gives: 10,
  },
  list: {
    operation: 'ListObjectsV2',
    run: async (io) => (await Array.fromAsync(io.list('s3://lake/t'))).map((file) => file.path),
    gives: [path],
  },
  write: { operation: 'PutObject', run: (io) => io.write(path, text('x')), gives: undefined },
  delete: { operation: 'DeleteObject', run: (io) => io.delete(path), gives: undefined },
  deleteAll: {
    operation: 'DeleteObjects',
    run: (io) => io.deleteAll([path, `${path}2`]),
    gives: undefined,
  },
}

const PASSING: Readonly<Record<string, FaultAction>> = {
  'a 503': { kind: 'status', status: 503, code: 'SlowDown' },
  'a 500 after the work was done': { kind: 'status', status: 500, applied: true },
  'a 429': { kind: 'status', status: 429, code: 'TooManyRequests' },
  'a broken connection': { kind: 'reset' },
  'a broken connection after the work was done': { kind: 'reset', applied: true },
  'a request that is never answered': { kind: 'drop' },
}

test.for(
  Object.keys(REPEATABLE).flatMap((work) => Object.keys(PASSING).map((fault) => [work, fault])),
)('%s survives %s', async ([work = '', fault = '']) => {
  const { operation, run, gives } = REPEATABLE[work]!
  await using s3 = await startTestS3()
  await s3.io.write(path, text('0123456789'))
  s3.operations()
  s3.server.faults.add(operation, PASSING[fault]!)
  expect(await run(s3.io)).toEqual(gives)
  expect(s3.operations()).toEqual([operation, operation])
  expect(s3.io.stats().retryCount).toBe(1)
})

test.for([
  ['read', 'cut'],
  ['read', 'stall'],
  ['readRange', 'cut'],
  ['readRange', 'stall'],
  ['list', 'cut'],
] as const)('%s is made again when its answer ends in a %s', async ([work, kind]) => {
  const { operation, run, gives } = REPEATABLE[work]!
  await using s3 = await startTestS3()
  await s3.io.write(path, text('0123456789'))
  s3.server.faults.add(operation, { kind })
  expect(await run(s3.io)).toEqual(gives)
})

test.for(Object.keys(REPEATABLE))('%s gives up with a retriable IO error', async (work) => {
  const { operation, run } = REPEATABLE[work]!
  await using s3 = await startTestS3()
  await s3.io.write(path, text('0123456789'))
  s3.operations()
  s3.server.faults.add(operation, { kind: 'status', status: 503, code: 'SlowDown' }, 100)
  const error = await failureOf(run(s3.io))
  expect(error).toMatchObject({ code: 'IO', retriable: true })
  expect(error.message).toMatch(/503: (SlowDown|ServiceUnavailable)/)
  expect(error.path).toContain('s3://lake/t')
  expect(s3.operations()).toHaveLength(5)
})

test.for(Object.keys(REPEATABLE))('%s does not repeat a refusal', async (work) => {
  const { operation, run } = REPEATABLE[work]!
  await using s3 = await startTestS3()
  await s3.io.write(path, text('0123456789'))
  s3.operations()
  s3.server.faults.add(operation, { kind: 'status', status: 403, code: 'AccessDenied' }, 100)
  const error = await failureOf(run(s3.io))
  expect(error).toMatchObject({ code: 'IO', retriable: false })
  expect(error.hint ?? '').not.toBe('')
  expect(s3.operations()).toHaveLength(1)
})

test.for(Object.keys(REPEATABLE))('%s that hangs ends when its signal fires', async (work) => {
  const { operation } = REPEATABLE[work]!
  await using s3 = await startTestS3({}, { idleTimeoutMs: 60_000 })
  await s3.io.write(path, text('0123456789'))
  s3.server.faults.add(operation, { kind: 'drop' }, 100)
  const signal = AbortSignal.timeout(50)
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    read: () => s3.io.read(path, { signal }),
    readRange: () => s3.io.readRange(path, 0, 1, { signal }),
    stat: () => s3.io.stat(path, { signal }),
    list: () => Array.fromAsync(s3.io.list('s3://lake/t', { signal })),
    write: () => s3.io.write(path, text('x'), { signal }),
    delete: () => s3.io.delete(path, { signal }),
    deleteAll: () => s3.io.deleteAll([path], { signal }),
  }
  await expect(calls[work]!()).rejects.toMatchObject({ code: 'ABORTED' })
})

test('a read whose body hangs ends when its signal fires', async () => {
  await using s3 = await startTestS3({}, { idleTimeoutMs: 60_000 })
  await s3.io.write(path, new Uint8Array(1 << 20))
  s3.server.faults.add('GetObject', { kind: 'stall' }, 100)
  const signal = AbortSignal.timeout(50)
  await expect(s3.io.read(path, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(s3.io.readRange(path, 0, 1 << 20, { signal })).rejects.toMatchObject({
    code: 'ABORTED',
  })
})

test('a store that is not there is named, with the option to check', async () => {
  await using s3 = await startTestS3()
  await s3.server.close()
  const error = await failureOf(s3.io.read(path))
  expect(error).toMatchObject({ code: 'IO', retriable: true, path })
  expect(error.hint).toContain('s3.endpoint')
})

const changed =
  (headers: Record<string, string>, body?: (bytes: Uint8Array) => Uint8Array) =>
  (response: S3Response): S3Response => ({
    ...response,
    headers: { ...response.headers, ...headers },
    body: body?.(response.body ?? new Uint8Array(0)) ?? response.body,
  })

test.for([
  ['names another place', changed({ 'content-range': 'bytes 3-7/10' })],
  ['names no place', changed({ 'content-range': '' })],
  ['has fewer bytes than it names', changed({ 'content-length': '3' }, (body) => body.slice(0, 3))],
  [
    'is the whole object',
    (response: S3Response): S3Response => ({ ...response, status: 200, headers: { etag: '"x"' } }),
  ],
] as const)('a range answer that %s is an error and no bytes', async ([, change]) => {
  await using s3 = await startTestS3()
  await s3.io.write(path, text('0123456789'))
  s3.server.faults.add('GetObject', { kind: 'answer', change }, 100)
  await expect(s3.io.readRange(path, 2, 5)).rejects.toMatchObject({ code: 'IO', path })
})

test('bytes that fail their checksum are an error and no bytes', async () => {
  await using s3 = await startTestS3()
  await s3.io.write(path, text('0123456789'))
  const flipped = changed({}, (body) => body.map((byte) => byte ^ 1))
  s3.server.faults.add('GetObject', { kind: 'answer', change: flipped }, 2)
  expect(await s3.io.read(path)).toEqual(text('0123456789'))
  s3.server.faults.add('GetObject', { kind: 'answer', change: flipped }, 100)
  await expect(s3.io.read(path)).rejects.toMatchObject({ code: 'IO', path })
})

test('an object that is replaced between two range reads is a conflict, then read anew', async () => {
  await using s3 = await startTestS3()
  const other = s3.open()
  await s3.io.write(path, text('0123456789'))
  expect(await s3.io.readRange(path, 0, 5)).toEqual(text('01234'))
  await other.write(path, text('abcdefghij'))
  await expect(s3.io.readRange(path, 5, 5)).rejects.toMatchObject({ code: 'CONFLICT', path })
  expect(await s3.io.readRange(path, 0, 5)).toEqual(text('abcde'))
  await s3.io.write(path, text('ABCDEFGHIJ'))
  expect(await s3.io.readRange(path, 5, 5)).toEqual(text('FGHIJ'))
})

const failing = (code: string) => (): S3Response => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: text(
    `<DeleteResult><Error><Key>t/b</Key><Code>${code}</Code><Message>no</Message></Error></DeleteResult>`,
  ),
})

test('keys of a batch that were not deleted are tried again, and told when they stay', async () => {
  await using s3 = await startTestS3()
  const paths = ['a', 'b', 'c'].map((name) => `s3://lake/t/${name}`)
  for (const each of paths) await s3.io.write(each, text('x'))
  s3.server.faults.add('DeleteObjects', { kind: 'answer', change: failing('InternalError') })
  await s3.io.deleteAll(paths)
  expect(s3.server.keys('lake')).toEqual([])
  s3.server.faults.add('DeleteObjects', { kind: 'answer', change: failing('AccessDenied') })
  const error = await failureOf(s3.io.deleteAll(paths))
  expect(error).toMatchObject({ code: 'IO', retriable: false, path: 's3://lake/t/b' })
})

const PARTS = { partBytesMin: 1 }
const SMALL_PARTS = { partSizeBytes: 1_000 }
const UPLOAD_STEPS = ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']

test.for(
  UPLOAD_STEPS.flatMap((step) => Object.keys(PASSING).map((fault) => [step, fault] as const)),
)('%s survives %s, and no upload stays behind', async ([step, fault]) => {
  await using s3 = await startTestS3(PARTS, SMALL_PARTS)
  s3.server.faults.add(step, PASSING[fault]!)
  const all = new Uint8Array(5_500).map((_, index) => index % 251)
  const writer = await s3.io.openWriter(path)
  await writer.write(all)
  await writer.close()
  expect(await s3.io.read(path)).toEqual(all)
  expect(s3.server.unfinishedUploads('lake')).toEqual([])
})

test.for(UPLOAD_STEPS)('%s that is refused fails the writer, and abort cleans up', async (step) => {
  await using s3 = await startTestS3(PARTS, SMALL_PARTS)
  s3.server.faults.add(step, { kind: 'status', status: 403, code: 'AccessDenied' }, 100)
  const writer = await s3.io.openWriter(path)
  const work = (async () => {
    for (let times = 0; times < 20; times++) await writer.write(new Uint8Array(1_000))
    await writer.close()
  })()
  await expect(work).rejects.toMatchObject({ code: 'IO' })
  await expect(writer.close()).rejects.toMatchObject({ code: 'INVALID' })
  await writer.abort()
  expect(s3.server.unfinishedUploads('lake')).toEqual([])
  expect(await s3.io.stat(path)).toBeNull()
})

test('an upload that vanished and is not ours is not taken for a success', async () => {
  await using s3 = await startTestS3(PARTS, SMALL_PARTS)
  await s3.io.write(path, text('another file'))
  s3.server.faults.add(
    'CompleteMultipartUpload',
    { kind: 'status', status: 404, code: 'NoSuchUpload' },
    9,
  )
  const writer = await s3.io.openWriter(path)
  await writer.write(new Uint8Array(2_500))
  await expect(writer.close()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await writer.abort()
  expect(await s3.io.read(path)).toEqual(text('another file'))
  expect(s3.server.unfinishedUploads('lake')).toEqual([])
})

test('a signal that fires during an upload stops it, and abort still cleans up', async () => {
  await using s3 = await startTestS3(PARTS, { ...SMALL_PARTS, idleTimeoutMs: 60_000 })
  s3.server.faults.add('UploadPart', { kind: 'drop' }, 100)
  const controller = new AbortController()
  const writer = await s3.io.openWriter(path, { signal: controller.signal })
  const work = writer.write(new Uint8Array(20_000))
  setTimeout(() => controller.abort(), 30)
  await expect(work).rejects.toMatchObject({ code: 'ABORTED' })
  await writer.abort()
  expect(s3.server.unfinishedUploads('lake')).toEqual([])
})

test('a signal that fires while an upload is begun leaves no upload behind after abort', async () => {
  await using s3 = await startTestS3(PARTS, { ...SMALL_PARTS, idleTimeoutMs: 60_000 })
  s3.server.faults.add('CreateMultipartUpload', { kind: 'drop', applied: true })
  const writer = await s3.io.openWriter(path, { signal: AbortSignal.timeout(30) })
  await expect(writer.write(new Uint8Array(2_000))).rejects.toMatchObject({ code: 'ABORTED' })
  expect(s3.server.unfinishedUploads('lake')).toHaveLength(1)
  await writer.abort()
  expect(s3.server.unfinishedUploads('lake')).toEqual([])
})

test('no more parts are under way than the budget allows, however fast the writer', async () => {
  await using s3 = await startTestS3(PARTS, { ...SMALL_PARTS, idleTimeoutMs: 60_000 })
  s3.server.faults.add('UploadPart', { kind: 'drop' }, 100)
  const writer = await s3.io.openWriter(path)
  const work = failureOf(writer.write(new Uint8Array(100_000)))
  const parts = (): S3LogEntry[] =>
    s3.server.log.filter((entry) => entry.operation === 'UploadPart')
  for (let tries = 0; tries < 100 && parts().length < 5; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(parts()).toHaveLength(5)
  await writer.abort()
  await work
})
