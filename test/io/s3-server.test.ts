import { createHash, createHmac } from 'node:crypto'

import { expect, test } from 'vitest'

import { sleep } from '../../src/util/async.ts'
import { s3Conformance } from '../support/s3-conformance.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'

s3Conformance('the test server', async () => {
  const server = await startS3Server()
  return { endpoint: server.endpoint, ...server.credentials, close: server.close }
})

s3Conformance(
  'the test server with temporary credentials and short races',
  async () => {
    const server = await startS3Server({ sessionToken: 'a session token' })
    return { endpoint: server.endpoint, ...server.credentials, close: server.close }
  },
  { raceRounds: 1, hasPaging: false },
)

const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest()

interface SignedChunks {
  readonly headers: Record<string, string>
  /** The size line of each chunk and its bytes, the empty last one included. */
  readonly chunks: { readonly head: string; readonly data: string }[]
}

/** A PUT of `/lake/a` whose chunks are signed one by one, as Hadoop's client sends it. */
function signChunks(server: S3Server, data: readonly string[], date = new Date()): SignedChunks {
  const time = date.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`
  const host = server.endpoint.slice('http://'.length)
  const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const length = String(data.join('').length)
  const signed = 'host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length'
  const canonical = `PUT\n/lake/a\n\nhost:${host}\nx-amz-content-sha256:${payload}\nx-amz-date:${time}\nx-amz-decoded-content-length:${length}\n\n${signed}\n${payload}`
  const { accessKey, secretKey } = server.credentials
  const key = scope.split('/').reduce<Buffer | string>(hmac, `AWS4${secretKey}`)
  const sign = (text: string): string => hmac(key, text).toString('hex')
  const seed = sign(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`)
  let previous = seed
  const chunks = [...data, ''].map((chunk) => {
    const head = `AWS4-HMAC-SHA256-PAYLOAD\n${time}\n${scope}\n${previous}`
    previous = sign(`${head}\n${sha256('')}\n${sha256(chunk)}`)
    return { head: `${chunk.length.toString(16)};chunk-signature=${previous}`, data: chunk }
  })
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signed}, Signature=${seed}`,
    'x-amz-date': time,
    'x-amz-content-sha256': payload,
    'x-amz-decoded-content-length': length,
  }
  return { headers, chunks }
}

async function send(server: S3Server, { headers, chunks }: SignedChunks): Promise<string> {
  const body = chunks.map(({ head, data }) => `${head}\r\n${data}\r\n`).join('')
  const answer = await fetch(`${server.endpoint}/lake/a`, { method: 'PUT', headers, body })
  return `${answer.status} ${/<Code>(\w+)/.exec(await answer.text())?.[1] ?? ''}`.trim()
}

test('chunks that are signed one by one are put together', async () => {
  await using server = await startS3Server({ buckets: ['lake'] })
  expect(await send(server, signChunks(server, ['hello ', 'world']))).toBe('200')
  expect(Buffer.from(server.bytes('lake', 'a') ?? []).toString()).toBe('hello world')
})

test.for<[string, (signed: SignedChunks) => void, string]>([
  [
    'of other bytes',
    ({ chunks }) => chunks.splice(1, 1, { ...chunks[1]!, data: 'WORLD' }),
    '403 SignatureDoesNotMatch',
  ],
  [
    'in another order',
    ({ chunks }) => chunks.splice(0, 2, chunks[1]!, chunks[0]!),
    '403 SignatureDoesNotMatch',
  ],
  ['of which one is missing', ({ chunks }) => chunks.splice(1, 1), '403 SignatureDoesNotMatch'],
  ['without the last one', ({ chunks }) => chunks.pop(), '400 IncompleteBody'],
  [
    'after a head that was changed',
    ({ headers }) => (headers['x-amz-decoded-content-length'] = '12'),
    '403 SignatureDoesNotMatch',
  ],
])('chunks %s are refused', async ([, spoil, expected]) => {
  await using server = await startS3Server({ buckets: ['lake'] })
  const signed = signChunks(server, ['hello ', 'world'])
  spoil(signed)
  expect(await send(server, signed)).toBe(expected)
  expect(server.keys('lake')).toEqual([])
})

test('a request that is not signed, or was signed long ago, is refused', async () => {
  await using server = await startS3Server({ buckets: ['lake'] })
  const old = signChunks(server, ['x'], new Date(Date.now() - 20 * 60_000))
  expect(await send(server, old)).toBe('403 RequestTimeTooSkewed')
  expect(await send(server, { ...old, headers: {} })).toBe('403 AccessDenied')
})

test('the log tells every request, its answer and its fault', async () => {
  await using server = await startS3Server({ buckets: ['lake'] })
  server.faults.add('PutObject', { kind: 'status', status: 503, code: 'SlowDown' })
  expect(await send(server, signChunks(server, ['x']))).toBe('503 SlowDown')
  expect(await send(server, signChunks(server, ['x']))).toBe('200')
  expect(server.log).toEqual([
    { number: 1, operation: 'PutObject', bucket: 'lake', key: 'a', status: 503, fault: 'status' },
    { number: 2, operation: 'PutObject', bucket: 'lake', key: 'a', status: 200 },
  ])
})

test('a slow copy does not hold up other requests', async () => {
  await using server = await startS3Server({ buckets: ['lake'], copyDelayMs: 2_000 })
  const copying = fetch(`${server.endpoint}/lake/b`, {
    method: 'PUT',
    headers: { 'x-amz-copy-source': '/lake/a' },
  })
  while (server.log.length === 0) await sleep(1)
  expect(await send(server, signChunks(server, ['x']))).toBe('200')
  expect(server.log.map(({ operation, status }) => [operation, status])).toEqual([
    ['CopyObject', 0],
    ['PutObject', 200],
  ])
  await server.close()
  await expect(copying).rejects.toThrow('fetch failed')
})
