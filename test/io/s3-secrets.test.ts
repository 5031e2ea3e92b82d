/** Keys and tokens reach no error, whatever the store or the SDK say. */
import { inspect } from 'node:util'

import { afterEach, expect, test, vi } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { startTestS3 } from '../support/s3-file-io.ts'
import type { S3Response } from '../support/s3/protocol.ts'

const CANARIES = {
  accessKey: 'CANARYACCESSKEY00001',
  secretKey: 'canary/secret+key/00000000000000000002',
  sessionToken: 'canary-session-token-0003==',
}
const path = 's3://lake/t/file'
const bytes = new TextEncoder().encode('x')

afterEach(() => vi.unstubAllEnvs())

const told = Object.values(CANARIES).flatMap((canary) => [canary, encodeURIComponent(canary)])

/** A store that tells in its errors all that it was told. */
const tattling = (): S3Response => ({
  status: 403,
  headers: { 'content-type': 'application/xml', 'x-amz-request-id': CANARIES.accessKey },
  body: new TextEncoder().encode(
    `<Error><Code>SignatureDoesNotMatch</Code><Message>${told.join(' ')}</Message>` +
      `<AWSAccessKeyId>${CANARIES.accessKey}</AWSAccessKeyId>` +
      `<StringToSign>${encodeURIComponent(CANARIES.sessionToken)}</StringToSign>` +
      `<CanonicalRequest>x-amz-security-token:${CANARIES.sessionToken}</CanonicalRequest></Error>`,
  ),
})

async function everything(io: FileIO): Promise<unknown[]> {
  const upload = async (): Promise<void> => {
    const writer = await io.openWriter(path)
    await writer.write(new Uint8Array(9 << 20))
    await writer.close()
  }
  const results = await Promise.allSettled([
    io.read(path),
    io.readRange(path, 0, 1),
    io.readVersioned(path),
    io.stat(path),
    Array.fromAsync(io.list('s3://lake/t')),
    io.listDirectories('s3://lake/t'),
    io.createDirectory('s3://lake/t'),
    io.write(path, bytes),
    io.create(path, bytes),
    io.replace(path, bytes, '"x"'),
    io.delete(path),
    io.deleteAll([path]),
    io.deleteDirectory('s3://lake/t'),
    upload(),
  ])
  return results.map((result) => (result.status === 'rejected' ? result.reason : undefined))
}

function shown(error: unknown): string {
  const forms = [
    inspect(error, { depth: 10, showHidden: true, getters: true }),
    JSON.stringify(error),
    String(error),
  ]
  if (error instanceof Error) forms.push(error.message, error.stack ?? '', shown(error.cause))
  return forms.join('\n')
}

/** Looks at all that the failing operations throw. */
async function leaksOf(io: FileIO): Promise<string[]> {
  const errors = await everything(io)
  expect(errors.filter((error) => error instanceof Error)).toHaveLength(14)
  const texts = [...errors.map(shown), inspect(io, { depth: 10, showHidden: true })]
  return texts.filter((text) => /canary/i.test(text))
}

test('a store that repeats keys and tokens in its errors', async () => {
  await using s3 = await startTestS3(CANARIES)
  s3.server.faults.add(() => true, { kind: 'answer', change: tattling }, 1_000)
  expect(await leaksOf(s3.io)).toEqual([])
})

test('a store that knows another secret', async () => {
  await using s3 = await startTestS3({ ...CANARIES, secretKey: 'another' })
  expect(await leaksOf(s3.open({ credentials: CANARIES }))).toEqual([])
})

test('a store that breaks every connection', async () => {
  await using s3 = await startTestS3(CANARIES)
  s3.server.faults.add(() => true, { kind: 'reset' }, 1_000)
  expect(await leaksOf(s3.io)).toEqual([])
})

test('keys that the SDK found in the environment', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', CANARIES.accessKey)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CANARIES.secretKey)
  vi.stubEnv('AWS_SESSION_TOKEN', CANARIES.sessionToken)
  await using s3 = await startTestS3(CANARIES)
  const io = s3.open({ credentials: undefined })
  await io.write(path, bytes)
  s3.server.faults.add(() => true, { kind: 'answer', change: tattling }, 1_000)
  expect(await leaksOf(io)).toEqual([])
})

test('without any keys the error says which options to set', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) {
    vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent/config')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent/credentials')
  await using s3 = await startTestS3()
  const io = s3.open({ credentials: undefined })
  await expect(io.read(path)).rejects.toMatchObject({
    code: 'INVALID',
    hint: expect.stringContaining('s3.access-key'),
  })
  expect(s3.operations()).toEqual([])
})

test('without a region the error says which option to set', async () => {
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) {
    vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent/config')
  await using s3 = await startTestS3()
  const io = s3.open({ endpoint: undefined, region: undefined })
  await expect(io.read(path)).rejects.toMatchObject({
    code: 'INVALID',
    hint: expect.stringContaining('s3.region'),
  })
})
