import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { parseS3Options } from '../../src/io/s3-options.ts'

beforeEach(() => {
  vi.stubEnv('AWS_REGION', undefined)
  vi.stubEnv('AWS_DEFAULT_REGION', undefined)
})
afterEach(() => vi.unstubAllEnvs())

test.for<[Record<string, string>, object]>([
  [{}, { endpoint: undefined, region: undefined, pathStyle: false, credentials: undefined }],
  [
    { 's3.endpoint': 'http://127.0.0.1:9000/' },
    { endpoint: 'http://127.0.0.1:9000', pathStyle: true, region: 'us-east-1' },
  ],
  [{ 's3.endpoint': 'http://[::1]:9000' }, { pathStyle: true }],
  [{ 's3.endpoint': 'http://localhost:9000' }, { pathStyle: true }],
  [
    { 's3.endpoint': 'http://localhost:9000', 's3.path.style.access': 'false' },
    { pathStyle: false },
  ],
  [
    { 's3.endpoint': 'minio.example.org' },
    { endpoint: 'https://minio.example.org', pathStyle: false },
  ],
  [
    { 's3.endpoint': 'minio.example.org:9000', 's3.connection.ssl.enabled': 'false' },
    { endpoint: 'http://minio.example.org:9000' },
  ],
  [{ 's3.endpoint': 'https://s3.eu-west-1.amazonaws.com' }, { region: 'eu-west-1' }],
  [
    { 's3.endpoint': 'https://s3.eu-west-1.amazonaws.com', 's3.region': 'us-west-2' },
    { region: 'us-west-2' },
  ],
  [{ 'fs.s3a.endpoint.region': 'eu-north-1' }, { region: 'eu-north-1' }],
  [{ 's3.path.style.access': 'TRUE' }, { pathStyle: true }],
  [{ 's3.path-style-access': 'true' }, { pathStyle: true }],
  [{ 'fs.s3a.path.style.access': 'true' }, { pathStyle: true }],
  [
    { 's3.access-key': 'A', 's3.secret-key': 'B' },
    { credentials: { accessKey: 'A', secretKey: 'B', sessionToken: undefined } },
  ],
  [
    { 's3a.access.key': 'A', 's3a.secret.key': 'B', 's3a.session.token': 'C' },
    { credentials: { accessKey: 'A', secretKey: 'B', sessionToken: 'C' } },
  ],
  [
    { 'fs.s3a.access.key': 'A', 'fs.s3a.secret.key': 'B', 'fs.s3a.session.token': 'C' },
    { credentials: { accessKey: 'A', secretKey: 'B', sessionToken: 'C' } },
  ],
  [
    { 'fs.s3.accessKeyId': 'A', 'fs.s3.accessKeySecret': 'B', 'fs.s3.securityToken': 'C' },
    { credentials: { accessKey: 'A', secretKey: 'B', sessionToken: 'C' } },
  ],
  [{ 's3.endpoint': 'http://a', 'fs.s3a.endpoint': 'http://a' }, { endpoint: 'http://a' }],
  [{ 's3.connection.maximum': '1000' }, { connectionCountMax: 1_000 }],
  [{ 's3.multipart.size': '64M' }, { partSizeBytes: 64 << 20 }],
  [{ 's3.multipart.size': '8388608' }, { partSizeBytes: 8 << 20 }],
  [{ 's3.allow-unconditional-commit': 'true' }, { allowUnconditionalCommit: true }],
  [
    { warehouse: 's3://x', 'fs.oss.endpoint': 'y', metastore: 'filesystem' },
    { endpoint: undefined },
  ],
])('%j is read', ([options, expected]) => {
  expect(parseS3Options(options)).toMatchObject(expected)
})

test('another store takes the region of the environment', () => {
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  expect(parseS3Options({ 's3.endpoint': 'http://minio' }).region).toBe('eu-central-1')
})

test.for<[Record<string, string>, string]>([
  [{ 's3.endpoint': 'ftp://a' }, 's3.endpoint'],
  [{ 's3.endpoint': 'http://canary:canary@a' }, 's3.endpoint'],
  [{ 's3.endpoint': 'http://' }, 's3.endpoint'],
  [{ 's3.access-key': 'canary' }, 's3.secret-key'],
  [{ 's3.secret-key': 'canary' }, 's3.access-key'],
  [{ 's3.session-token': 'canary' }, 's3.access-key'],
  [
    { 's3.access-key': 'canary1', 'fs.s3a.access.key': 'canary2', 's3.secret-key': 'x' },
    'contradict',
  ],
  [{ 's3.path.style.access': 'yes' }, 's3.path.style.access'],
  [{ 's3.connection.maximum': '0' }, 's3.connection.maximum'],
  [{ 's3.connection.maximum': 'many' }, 's3.connection.maximum'],
  [{ 's3.multipart.size': '1M' }, 's3.multipart.size'],
  [{ 's3.multipart.size': '6G' }, 's3.multipart.size'],
  [{ 's3.multipart.size': 'big' }, 's3.multipart.size'],
])('%j is refused as INVALID, naming the option and no value', ([options, named]) => {
  expect(() => parseS3Options(options)).toThrow(
    expect.objectContaining({ code: 'INVALID', message: expect.stringContaining(named) }),
  )
  expect(() => parseS3Options(options)).not.toThrow(/canary/)
})

test.for(['s3.server-side-encryption', 's3.acess-key', 'fs.s3a.fast.upload', 's3.constructor'])(
  'the unknown option %s is refused, not ignored',
  (option) => {
    expect(() => parseS3Options({ [option]: 'canary' })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(option) }),
    )
  },
)

test('the nearest known option is named', () => {
  expect(() => parseS3Options({ 's3.acess-key': 'x' })).toThrow('access-key')
})
