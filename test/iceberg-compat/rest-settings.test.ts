/** What the options say of the Iceberg REST catalog that a table is committed to. */
import { expect, test } from 'vitest'

import { restCatalogSettings, secretsOf } from '../../src/iceberg-compat/rest-settings.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { isSecretName } from '../../src/util/secret-name.ts'

const PREFIX = 'metadata.iceberg.rest.'

function settingsOf(
  rest: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = {},
  root = '/lake/db.db/t',
) {
  const named = Object.entries(rest).map(([name, value]) => [`${PREFIX}${name}`, value])
  const options = { ...(Object.fromEntries(named) as Record<string, string>), ...others }
  const keys = { partitionKeys: [], primaryKeys: [] }
  const schema: TableSchema = {
    version: 3,
    id: 0,
    fields: [],
    highestFieldId: 0,
    ...keys,
    options,
    timeMillis: 0,
  }
  return restCatalogSettings(root, schema)
}

const uri = 'https://lake.example/api'

test.each([
  ['https://lake.example/api/', uri],
  ['https://lake.example/api/v1/', uri],
  ['https://LAKE.example:8181', 'https://lake.example:8181'],
])('the address %s is what comes before /v1', (given, expected) => {
  expect(settingsOf({ uri: given }).uri).toBe(expected)
})

test('the address may stand under its older name', () => {
  expect(settingsOf({}, { 'metadata.iceberg.uri': uri }).uri).toBe(uri)
})

test('the name is that of Paimon unless options say another', () => {
  expect(settingsOf({ uri })).toMatchObject({ namespace: 'db', table: 't' })
  const named = { 'metadata.iceberg.database': 'other', 'metadata.iceberg.table': 'name' }
  expect(settingsOf({ uri }, named, '/somewhere/t')).toMatchObject({
    namespace: 'other',
    table: 'name',
  })
})

test('the server keeps some metadata files, and lets nobody delete files of the table', () => {
  const options = { 'metadata.iceberg.previous-versions-max': '0' }
  expect(settingsOf({ uri }, options).properties).toEqual({
    'gc.enabled': 'false',
    'write.metadata.delete-after-commit.enabled': 'true',
    'write.metadata.previous-versions-max': '1',
  })
})

test.each<[Record<string, string>, unknown]>([
  [{}, { kind: 'none' }],
  [{ token: 't' }, { kind: 'token', token: 't' }],
  [{ token: 't', 'rest.auth.type': 'none' }, { kind: 'none' }],
  [{ credential: 'a:b:c' }, { kind: 'credentials', clientId: 'a', clientSecret: 'b:c' }],
  [
    { credential: 's', token: 't' },
    { kind: 'credentials', clientSecret: 's' },
  ],
  [
    { credential: 's', scope: 'all', resource: 'r', 'oauth2-server-uri': 'https://login.example' },
    { parameters: { scope: 'all', resource: 'r' }, tokenUri: 'https://login.example' },
  ],
  [
    {
      'rest.auth.type': 'basic',
      'rest.auth.basic.username': 'u',
      'rest.auth.basic.password': 'p',
    },
    { kind: 'basic', username: 'u', password: 'p' },
  ],
])('%j signs in as told', (rest, expected) => {
  expect(settingsOf({ uri, ...rest }).signIn).toMatchObject(expected as object)
})

test.each<[string, Record<string, string>, string]>([
  ['no address', {}, 'INVALID'],
  ['a path for an address', { uri: '/lake' }, 'INVALID'],
  ['another protocol', { uri: 'thrift://lake:9083' }, 'INVALID'],
  ['a password in the address', { uri: 'https://me:secret@lake.example' }, 'INVALID'],
  ['a query in the address', { uri: 'https://lake.example?token=secret' }, 'INVALID'],
  ['a signature', { uri, 'rest.sigv4-enabled': 'true' }, 'UNSUPPORTED'],
  ['an unknown sign-in', { uri, 'rest.auth.type': 'google' }, 'UNSUPPORTED'],
  ['OAuth2 without a secret', { uri, 'rest.auth.type': 'oauth2' }, 'INVALID'],
  ['a user without a password', { uri, 'rest.auth.type': 'basic' }, 'INVALID'],
  ['a header of two lines', { uri, 'header.X': 'secret\r\nY: z' }, 'INVALID'],
  ['a timeout that is no number', { uri, 'rest.client.socket-timeout-ms': 'soon' }, 'INVALID'],
])('%s is refused with the way out, and without a secret', (_, rest, code) => {
  expect(() => settingsOf(rest)).toThrow(
    expect.objectContaining({
      code,
      hint: expect.any(String) as string,
      message: expect.not.stringContaining('secret') as string,
    }) as Error,
  )
})

test('secrets are known as such, by their values and by the names of their options', () => {
  const rest = { uri, credential: 'id:s3cret', 'header.X-Team': 'ours' }
  expect(secretsOf(settingsOf(rest))).toEqual(['ours', 's3cret'])
  const names = ['credential', 'token', 'header.X-Team', 'rest.auth.basic.password']
  expect(names.filter((name) => isSecretName(`${PREFIX}${name}`))).toEqual(names)
  expect(isSecretName(`${PREFIX}uri`)).toBe(false)
})
