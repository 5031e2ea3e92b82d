/** Keys and tokens reach the storage, and nothing that is printed. */
import { readFileSync, writeFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Secrets } from '../../src/cli/secrets.ts'
import { cli, testWarehouse } from '../support/cli.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'

const SECRET = 'hunter22/+very=secret'
const TOKEN = 'session-token-4711'

function credentials(accessKey: string, secretKey: string): string[] {
  return ['--option', `s3.access-key=${accessKey}`, '--option', `s3.secret-key=${secretKey}`]
}

describe('texts', () => {
  const secrets = new Secrets({
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_SESSION_TOKEN: TOKEN,
    HOME: '/root',
  })

  test.each([
    [`signature of ${SECRET} is wrong`, 'signature of *** is wrong'],
    [`?token=${encodeURIComponent(SECRET)}&x`, '?token=***'],
    [`s3.secret-key=abcdefg and s3.access-key: xyz`, 's3.secret-key=*** and s3.access-key: ***'],
    ['cannot reach http://user:pass@host/x', 'cannot reach http://***@host/x'],
    ['/root is no secret', '/root is no secret'],
  ])('%s', (text, hidden) => {
    expect(secrets.hide(text)).toBe(hidden)
  })
})

describe('on S3', () => {
  let s3: TestS3
  const warehouse = ['--warehouse', 's3://lake/wh']
  let options: string[]
  let keys: string[]

  beforeAll(async () => {
    s3 = await startTestS3()
    const { accessKey, secretKey } = s3.server.credentials
    keys = [accessKey, secretKey]
    options = [
      `s3.endpoint=${s3.server.endpoint}`,
      's3.region=us-east-1',
      's3.path-style-access=true',
    ].flatMap((option) => ['--option', option])
  })
  afterAll(async () => await s3[Symbol.asyncDispose]())

  test('a table is made, written, read and checked, with the keys in a catalog file', async () => {
    using wh = testWarehouse()
    const lines = [
      'metastore: filesystem',
      'warehouse: s3://lake/wh',
      `fs.s3.endpoint: ${s3.server.endpoint}`,
      'fs.s3.region: us-east-1',
      "s3.path.style.access: 'true'",
      `fs.s3.accessKeyId: '${keys[0]}'`,
      `fs.s3.accessKeySecret: '${keys[1]}'`,
    ]
    writeFileSync(wh.file('paimon.yaml'), lines.join('\n'))
    const catalog = ['--catalog', wh.file('paimon.yaml')]
    const schema =
      '{"fields":[{"name":"id","type":"INT"}],"primaryKeys":["id"],"options":{"bucket":1}}'
    const said: string[] = []
    const ok = async (argv: string[], stdin = ''): Promise<string> => {
      const result = await cli([...argv, ...catalog, '--verbose'], { stdin })
      said.push(result.stderr)
      expect(result.stderr).not.toContain('error')
      expect(result.code).toBe(0)
      return result.stdout
    }
    await ok(['create', 'shop.ids', '--schema', '-'], schema)
    await ok(['write', 'shop.ids', '-'], '{"id":1}\n{"id":2}\n')
    expect(await ok(['read', 'shop.ids', '--format', 'csv'])).toBe('id\n1\n2\n')
    expect(await ok(['check', 'shop.ids'])).toContain('is whole')
    expect(said.join('')).toMatch(/GetObject \d+/)
    for (const secret of keys) expect(said.join('')).not.toContain(secret)
    expect(readFileSync(wh.file('paimon.yaml'), 'utf8')).toContain(keys[1])
  })

  test.each([
    ['a wrong secret', () => [keys[0]!, SECRET], warehouse],
    ['a wrong key', () => ['WRONGACCESSKEY', SECRET], warehouse],
  ])('%s is not repeated, even in a stack', async (_, given, where) => {
    const [accessKey = '', secretKey = ''] = given()
    const argv = ['read', 'shop.ids', ...where, ...options, ...credentials(accessKey, secretKey)]
    const { code, stdout, stderr } = await cli([...argv, '--verbose'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error IO: .*403/m)
    for (const secret of [SECRET, encodeURIComponent(SECRET), accessKey])
      expect(stdout + stderr).not.toContain(secret)
  })

  test('options that are mistyped do not show their values', async () => {
    for (const option of ['s3.secrt-key', 's3.secret-keyy', 'secret', 's3.token']) {
      const argv = ['databases', ...warehouse, ...options, '--option', `${option}=${SECRET}`]
      const { code, stderr } = await cli([...argv, '--verbose'])
      expect(code).toBeGreaterThan(0)
      expect(stderr).not.toContain(SECRET)
    }
  })
})
