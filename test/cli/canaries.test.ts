/**
 * Keys, tokens and passwords are told by nothing: every command does its work, and fails, on a store that repeats in its
 * errors all that it was told, and nothing that is printed, thrown or stored has them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { createCatalog } from '../../src/catalog/catalog.ts'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { cli, type CliResult, testWarehouse } from '../support/cli.ts'
import { storageOptionsOf, startTestS3, type TestS3 } from '../support/s3-file-io.ts'
import type { S3Response } from '../support/s3/protocol.ts'

const KEYS = {
  accessKey: 'CANARYACCESSKEY00004',
  secretKey: 'canary/secret+key/00000000000000000005',
  sessionToken: 'canary-session-token-0006==',
}
const CANARY = /canary/i

/** Every command, in an order in which they work one after another; `USERS` is a table, and `VISITS` one with partitions. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  create: ['USERS', '--schema', '-'],
  write: ['USERS', '--metrics', '-'],
  describe: ['USERS'],
  tables: [],
  databases: [],
  snapshots: ['USERS'],
  schemas: ['USERS'],
  files: ['USERS'],
  partitions: ['USERS'],
  buckets: ['USERS'],
  read: ['USERS'],
  explain: ['USERS', '--where', 'id = 1'],
  changes: ['USERS', '--consumer', 'job'],
  'consumer reset': ['USERS', 'job', '--next', 'earliest'],
  consumers: ['USERS'],
  'consumer delete': ['USERS', 'job'],
  'consumer expire': ['USERS', '--older-than', '7 d'],
  'tag create': ['USERS', 'v1'],
  'tag replace': ['USERS', 'v1'],
  'tag rename': ['USERS', 'v1', 'v2'],
  'tag expire': ['USERS'],
  tags: ['USERS'],
  'branch create': ['USERS', 'dev', '--tag', 'v2'],
  'branch rename': ['USERS', 'dev', 'next'],
  branches: ['USERS'],
  'branch fast-forward': ['USERS', 'next'],
  'branch delete': ['USERS', 'next'],
  'tag delete': ['USERS', 'v2'],
  alter: ['USERS', 'ADD COLUMN email STRING'],
  update: ['USERS', '--set', 'name=Ada', '--where', 'id = 1'],
  merge: ['USERS'],
  delete: ['USERS', '--where', 'id = 1'],
  compact: ['USERS', '--full'],
  'compact-manifests': ['USERS'],
  analyze: ['USERS'],
  rescale: ['USERS', '--buckets', '2'],
  'iceberg emit': ['USERS', '--option', 'metadata.iceberg.storage=table-location'],
  'iceberg show': ['USERS', '--option', 'metadata.iceberg.storage=table-location'],
  check: ['USERS'],
  inspect: ['USERS', '--html', '-'],
  rollback: ['USERS', '--snapshot', '1'],
  expire: ['USERS', '--retain-max', '1', '--retain-min', '1'],
  orphans: ['USERS'],
  'expire-partitions': ['VISITS', '--expiration-time', '1 d'],
  'mark-done': ['VISITS', 'dt=2026-11-21'],
  'drop-partitions': ['VISITS', 'dt=2026-11-21'],
  truncate: ['USERS'],
  rename: ['USERS', 'shop.people'],
  drop: ['VISITS'],
  'iceberg serve': ['--port', '0', '--token-file', 'TOKEN'],
  completion: ['bash'],
}

const isFull = process.env['RELIABILITY'] === 'full'
/** What is tried where there is not time for all: commands that work one after another, and every so many of all. */
const WORKING = isFull
  ? Object.keys(LINES)
  : ['create', 'write', 'tag create', 'alter', 'iceberg emit', 'iceberg show', 'iceberg serve']
const every = (count: number): string[] =>
  Object.keys(LINES).filter((_, i) => isFull || i % count === 0)
/** A directory of S3 cannot be renamed, and a server works until it is interrupted. */
const EXIT_CODES: Readonly<Record<string, number>> = { rename: 1, 'iceberg serve': 130 }

const SCHEMA = {
  fields: [
    { name: 'dt', type: 'STRING' },
    { name: 'id', type: 'BIGINT' },
    { name: 'name', type: 'STRING' },
  ],
  primaryKeys: ['id'],
  options: { bucket: '1' },
}
const ROWS = '{"dt":"2026-11-21","id":"1","name":"Ada"}\n'

/** All forms of the keys, as a store might repeat them. */
const told = Object.values(KEYS).flatMap((key) => [key, encodeURIComponent(key)])

const tattling = (): S3Response => ({
  status: 403,
  headers: { 'content-type': 'application/xml', 'x-amz-request-id': KEYS.accessKey },
  body: new TextEncoder().encode(
    `<Error><Code>AccessDenied</Code><Message>${told.join(' ')}</Message>` +
      `<AWSAccessKeyId>${KEYS.accessKey}</AWSAccessKeyId>` +
      `<StringToSign>https://lake/wh?X-Amz-Credential=${KEYS.accessKey}&amp;X-Amz-Signature=canary</StringToSign></Error>`,
  ),
})

let s3: TestS3
let tokenFile: string
let options: Readonly<Record<string, string>>

beforeAll(async () => {
  s3 = await startTestS3(KEYS)
  tokenFile = join(mkdtempSync(join(tmpdir(), 'millrace-canaries-')), 'token.txt')
  writeFileSync(tokenFile, 'canary-token-of-the-server')
  options = { ...storageOptionsOf(s3.server), 's3.session-token': KEYS.sessionToken }
})
afterAll(async () => {
  rmSync(dirname(tokenFile), { recursive: true })
  await s3[Symbol.asyncDispose]()
})

/** Runs one of the lines, as verbose as it gets. */
async function run(command: string, warehouse: string): Promise<CliResult> {
  const names: Readonly<Record<string, string>> = {
    USERS: 'shop.users',
    VISITS: 'shop.visits',
    TOKEN: tokenFile,
  }
  const words = LINES[command]!.map((word) => names[word] ?? word)
  const given = Object.entries(options).flatMap(([name, value]) => ['--option', `${name}=${value}`])
  const stored = command === 'completion' ? [] : ['--warehouse', warehouse, ...given]
  const stdin = command === 'create' ? JSON.stringify(SCHEMA) : ROWS
  const argv = [...command.split(' '), ...words, ...stored, '--verbose']
  const env = { AWS_SECRET_ACCESS_KEY: KEYS.secretKey }
  if (command !== 'iceberg serve') return await cli(argv, { stdin, env })
  const controller = new AbortController()
  const onOutput = (text: string): void => {
    if (text.includes('http://')) controller.abort()
  }
  return await cli(argv, { stdin, env, onOutput, signal: controller.signal })
}

async function createVisits(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse, ...options })
  const { parseNewSchema } = await import('../../src/types/new-schema.ts')
  const definition = { ...SCHEMA, primaryKeys: [], partitionKeys: ['dt'], options: { bucket: -1 } }
  await catalog.createTable('shop.visits', parseNewSchema(definition))
}

test('there is a line for every command', () => {
  expect(Object.keys(LINES).toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted())
})

test('commands that work print and store no key', async () => {
  const warehouse = 's3://lake/works'
  await createVisits(warehouse)
  for (const command of WORKING) {
    const { code, stdout, stderr } = await run(command, warehouse)
    expect({ command, code, stderr }).toMatchObject({ code: EXIT_CODES[command] ?? 0 })
    expect(stdout + stderr).not.toMatch(CANARY)
  }
  const keys = s3.server.keys('lake')
  expect(keys.length).toBeGreaterThan(8)
  for (const key of keys)
    expect(Buffer.from(s3.server.bytes('lake', key)!).toString('latin1')).not.toMatch(CANARY)
})

const FAILING: readonly [what: string, operations: RegExp, commands: readonly string[]][] = [
  ['nothing', /./, every(6)],
  ['no object', /^GetObject/, every(12)],
  ['no write', /^(Put|Post|Create|Delete|Copy|Complete)/, every(12)],
]

test.each(FAILING)(
  'commands print no key where the store answers %s',
  async (what, operations, commands) => {
    const warehouse = `s3://lake/fails${what.replaceAll(' ', '-')}`
    await createVisits(warehouse)
    for (const command of ['create', 'write']) await run(command, warehouse)
    s3.server.faults.add(
      ({ operation }) => operations.test(operation),
      { kind: 'answer', change: tattling },
      1_000_000,
    )
    let failedCount = 0
    try {
      for (const command of commands) {
        const { code, stdout, stderr } = await run(command, warehouse)
        expect(stdout + stderr).not.toMatch(CANARY)
        if (code !== 0) failedCount++
      }
    } finally {
      s3.server.faults.clear()
    }
    expect(failedCount).toBeGreaterThan(0)
  },
)

const URL_TEXT =
  'https://CANARYKEY:canary-password@host/lake?X-Amz-Credential=CANARYKEY&X-Amz-Signature=canary'

/** What people get wrong, with something in it that is nobody's business. */
const MISTAKES: readonly (readonly [what: string, argv: readonly string[]])[] = [
  ['a password of a metastore', ['--option', 'metastore=jdbc', '--option', 'jdbc.password=canary']],
  [
    'an option that is mistyped',
    ['--option', 's3.secrt-key=canary', '--warehouse', 's3://lake/wh'],
  ],
  ['a key of a storage that is not S3', ['--option', 'fs.oss.accessKeySecret=canary-password']],
  ['an option of two values', ['--option', 's3.secret-key=canary', '--option', 's3.secret-key=x']],
  ['an option without a name', ['--option', '=canary-password']],
  [
    'an endpoint that is none',
    ['--option', `s3.endpoint=${URL_TEXT}`, '--warehouse', 's3://lake/wh'],
  ],
  ['an address of a catalog', ['--option', 'metastore=rest', '--option', `uri=${URL_TEXT}`]],
  ['a token of a catalog', ['--option', 'metastore=rest', '--option', 'token=canary-token']],
]

test.each(MISTAKES)('%s is not repeated', async (_, argv) => {
  using wh = testWarehouse()
  const { code, stdout, stderr } = await wh.run(['databases', ...argv, '--verbose'])
  expect(code).toBeGreaterThan(0)
  expect(stdout + stderr).not.toMatch(CANARY)
})

test.each([URL_TEXT, 's3://CANARYKEY:canary-password@lake/wh'])(
  'a warehouse %s is not repeated',
  async (warehouse) => {
    const { code, stdout, stderr } = await cli(['databases', '--warehouse', warehouse, '--verbose'])
    expect(code).toBeGreaterThan(0)
    expect(stdout + stderr).not.toMatch(CANARY)
  },
)

test('a catalog file that is damaged is not repeated', async () => {
  using wh = testWarehouse()
  const file = wh.file('paimon.yaml')
  for (const text of [
    's3.secret-key: "canary',
    's3.secret-key canary',
    'jdbc.password: [canary]',
    `warehouse: ${URL_TEXT}`,
  ]) {
    writeFileSync(file, `metastore: filesystem\n${text}\n`)
    const { code, stdout, stderr } = await cli(['databases', '--catalog', file, '--verbose'])
    expect({ text, code }).not.toMatchObject({ code: 0 })
    expect(stdout + stderr).not.toMatch(CANARY)
  }
})

test('errors of the library have no key, however deep one looks', async () => {
  const warehouse = 's3://lake/library'
  await createVisits(warehouse)
  await using catalog = await createCatalog({ warehouse, ...options })
  const table = await catalog.table('shop.visits')
  await table.write([{ dt: '2026-11-21', id: 1n, name: 'Ada' }])
  s3.server.faults.add(() => true, { kind: 'answer', change: tattling }, 1_000_000)
  const work: readonly (() => Promise<unknown>)[] = [
    async () => await table.write([{ dt: '2026-11-21', id: 1n, name: 'Ada' }]),
    async () => await table.read().toArray(),
    async () => await table.analyze(),
    async () => await table.compactManifests(),
    async () => await table.expirePartitions({ expirationTime: '1 d' }),
    async () => await table.markPartitionsDone([{ dt: '2026-11-21' }]),
    async () => await table.expire(),
    async () => await table.removeOrphans(),
    async () => await table.tags.create('v1'),
    async () => await table.alter([{ action: 'updateComment', comment: 'x' }]),
  ]
  try {
    for (const each of work) {
      const error: unknown = await each().then(
        () => null,
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(Error)
      const shown = [inspect(error, { depth: 12, showHidden: true }), JSON.stringify(error)]
      expect(shown.join('\n')).not.toMatch(CANARY)
    }
    const shown = inspect([table, catalog, catalog.metrics()], { depth: 12, showHidden: true })
    expect(shown).not.toMatch(CANARY)
  } finally {
    s3.server.faults.clear()
  }
})
