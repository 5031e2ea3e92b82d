import { spawnSync } from 'node:child_process'
import { inspect } from 'node:util'

import { expect, test } from 'vitest'

import { openS3 } from '../../src/io/s3.ts'
import { fileIoSuite } from '../support/file-io-suite.ts'
import { PATIENT, startTestS3 } from '../support/s3-file-io.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

fileIoSuite(
  'S3FileIO',
  async () => {
    const s3 = await startTestS3({}, PATIENT)
    return {
      io: s3.io,
      root: 's3://lake/wh',
      leftovers: async () => [
        ...s3.server.unfinishedUploads('lake'),
        ...s3.server.keys('lake').filter((key) => key.endsWith('.tmp')),
      ],
      close: async () => s3[Symbol.asyncDispose](),
    }
  },
  { bigBytes: 20_000_000 },
)

test('the SDK is not loaded before the first request', () => {
  const script = `
    const { registerHooks } = await import('node:module')
    const seen = []
    registerHooks({ resolve: (name, context, next) => (seen.push(name), next(name, context)) })
    const loaded = () => seen.includes('@aws-sdk/client-s3')
    const { openS3 } = await import('./src/io/s3.ts')
    const io = openS3({ 's3.endpoint': 'http://127.0.0.1:9' })
    await io.openWriter('s3://b/k')
    const before = loaded()
    await io.stat('s3://b/k', { signal: AbortSignal.timeout(100) }).catch(() => {})
    await io.close()
    process.stdout.write([before, loaded()].join())
  `
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--no-warnings', '-e', script],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(stdout).toBe('false,true')
})

test('each operation costs the requests that it must', async () => {
  await using s3 = await startTestS3({ pageKeysMax: 3 }, PATIENT)
  const { io } = s3
  const path = 's3://lake/t/snapshot/snapshot-1'
  expect(await io.create(path, text('{}'))).toBe(true)
  expect(s3.operations()).toEqual(['PutObject', 'PutObject', 'DeleteObject', 'PutObject'])
  expect(await io.create('s3://lake/t/snapshot/snapshot-2', text('{}'))).toBe(true)
  expect(s3.operations()).toEqual(['PutObject'])
  expect(await s3.open().create('s3://lake/u/snapshot/snapshot-1', text('{}'))).toBe(true)
  expect(s3.operations()).toEqual(['PutObject'])
  expect(await io.create(path, text('other'))).toBe(false)
  expect(s3.operations()).toEqual(['PutObject', 'GetObject'])
  await io.write('s3://lake/t/a', text('0123456789'))
  await io.read('s3://lake/t/a')
  await io.readRange('s3://lake/t/a', 2, 3)
  await io.stat('s3://lake/t/a')
  expect(s3.operations()).toEqual(['PutObject', 'GetObject', 'GetObject', 'HeadObject'])
  const current = await io.readVersioned('s3://lake/t/a')
  await io.replace('s3://lake/t/a', text('new'), current?.version ?? '')
  expect(s3.operations()).toEqual(['GetObject', 'PutObject'])
  const writer = await io.openWriter('s3://lake/t/b')
  await writer.write(text('small'))
  await writer.close()
  expect(s3.operations()).toEqual(['PutObject'])
  await Array.fromAsync(io.list('s3://lake/t', { recursive: true }))
  expect(s3.operations()).toEqual(['ListObjectsV2', 'ListObjectsV2'])
  await io.deleteAll(['s3://lake/t/a', 's3://lake/t/b', path])
  expect(s3.operations()).toEqual(['DeleteObjects'])
})

test('the statistics agree with the log of the server', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const { io } = s3
  s3.server.faults.add('GetObject', { kind: 'status', status: 503, code: 'SlowDown' }, 2)
  await io.create('s3://lake/a', text('123'))
  await io.read('s3://lake/a')
  const writer = await io.openWriter('s3://lake/big')
  await writer.write(new Uint8Array(17 << 20))
  await writer.close()
  const counts: Record<string, number> = {}
  for (const name of s3.operations()) counts[name] = (counts[name] ?? 0) + 1
  const { requestCounts, retryCount, readBytes, writtenBytes } = io.stats()
  expect(requestCounts).toEqual(counts)
  expect(requestCounts['UploadPart']).toBe(3)
  expect({ retryCount, readBytes, writtenBytes }).toEqual({
    retryCount: 2,
    readBytes: 3,
    writtenBytes: (17 << 20) + 3,
  })
})

test('s3a is another word for s3, and listings keep the word', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await s3.io.write('s3a://lake/wh/a', text('x'))
  expect(await s3.io.read('s3://lake/wh/a')).toEqual(text('x'))
  const [file] = await Array.fromAsync(s3.io.list('s3a://lake/wh'))
  expect(file?.path).toBe('s3a://lake/wh/a')
})

test('keys that stand for directories, as Hadoop writes them, are directories and no files', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await s3.io.createDirectory('s3://lake/wh/empty.db')
  expect(s3.server.keys('lake')).toEqual(['wh/empty.db/'])
  expect(await s3.io.listDirectories('s3://lake/wh')).toEqual(['empty.db'])
  expect(await Array.fromAsync(s3.io.list('s3://lake/wh', { recursive: true }))).toEqual([])
  expect(await Array.fromAsync(s3.io.list('s3://lake/wh/empty.db'))).toEqual([])
  await s3.io.deleteDirectory('s3://lake/wh/empty.db')
  expect(s3.server.keys('lake')).toEqual([])
})

test('a whole bucket is not deleted', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  for (const path of ['s3://lake', 's3://lake/']) {
    await expect(s3.io.deleteDirectory(path)).rejects.toMatchObject({ code: 'INVALID' })
  }
  expect(s3.operations()).toEqual([])
})

test('a bucket that is not there is NOT_FOUND with the way out, not an empty directory', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  for (const work of [
    Array.fromAsync(s3.io.list('s3://absent/wh')),
    s3.io.read('s3://absent/wh/a'),
    s3.io.readVersioned('s3://absent/wh/a'),
    s3.io.write('s3://absent/wh/a', text('x')),
    s3.io.create('s3://absent/wh/a', text('x')),
  ]) {
    await expect(work).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('bucket'),
    })
  }
})

test('a closed storage refuses work', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await s3.io.close()
  await expect(s3.io.read('s3://lake/a')).rejects.toMatchObject({ code: 'INVALID' })
})

test('parts are sent side by side within a bound, in parts that grow', async () => {
  await using s3 = await startTestS3({ partBytesMin: 1 }, { ...PATIENT, partSizeBytes: 10 })
  const all = new Uint8Array(10 * 1_000 + 20 * 5 + 7).map((_, index) => index % 251)
  const writer = await s3.io.openWriter('s3://lake/parts')
  for (let offset = 0; offset < all.length; offset += 1_003) {
    await writer.write(all.subarray(offset, offset + 1_003))
  }
  await writer.close()
  expect(await s3.io.read('s3://lake/parts')).toEqual(all)
  expect(s3.operations().filter((name) => name === 'UploadPart')).toHaveLength(1_006)
})

test('a dump of the storage shows no key', async () => {
  const io = openS3({ 's3.access-key': 'CANARYACCESS', 's3.secret-key': 'canary-secret' })
  expect(inspect(io, { depth: 10, showHidden: true }) + JSON.stringify(io)).not.toMatch(/canary/i)
  await io.close()
})

test('keys that XML cannot hold are listed and deleted as others are', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const { io } = s3
  const names = ['p=\uffff', 'p=a+b c', 'p=\ufffe\u0001', 'p=%7F', 'p=\r\n']
  const files = names.map((name) => `s3://lake/t/${name}/f`)
  for (const path of files) await io.write(path, text('x'))
  const listed = async (): Promise<string[]> =>
    (await Array.fromAsync(io.list('s3://lake/t', { recursive: true }))).map(({ path }) => path)
  expect((await listed()).toSorted()).toEqual(files.toSorted())
  expect((await io.listDirectories('s3://lake/t')).toSorted()).toEqual(names.toSorted())
  s3.operations()
  await io.deleteAll(files)
  // Two can be named together, the others are deleted one by one.
  const requests = ['DeleteObject', 'DeleteObject', 'DeleteObject', 'DeleteObjects']
  expect(s3.operations().toSorted()).toEqual(requests)
  expect(await listed()).toEqual([])
  await io.write(files[0]!, text('x'))
  await io.deleteDirectory('s3://lake/t')
  expect(await listed()).toEqual([])
})
