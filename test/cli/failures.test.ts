import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

const SCHEMA = JSON.stringify({
  fields: [
    { name: 'id', type: 'BIGINT' },
    { name: 'name', type: 'STRING NOT NULL' },
  ],
  primaryKeys: ['id'],
  options: { bucket: 1 },
})

let wh: TestWarehouse

beforeAll(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'shop.users', '--schema', '-'], { stdin: SCHEMA })
})
afterAll(() => wh[Symbol.dispose]())

const FAILURES: readonly (readonly [argv: string[], stdin: string, error: string, hint: string])[] =
  [
    [
      ['create', 'shop.users', '--schema', '-'],
      SCHEMA,
      'EXISTS: there is a table shop.users already',
      'choose another name, or leave what is there alone with --if-not-exists',
    ],
    [
      ['write', 'shop.users'],
      '{"id": 1, "name": "Ada"}\n{"id": 2, "name": "Grace", "_kind": "X"}\n',
      'INVALID: row 2: "X" is no row kind, in stdin',
      'use +I, -U, +U or -D',
    ],
    [
      ['write', 'shop.users'],
      '{"id": 1, "name": "Ada"}\n{"id": 2, "nme": "Grace"}\n',
      'INVALID: row 2: there is no column "nme" (did you mean "name"?), in stdin',
      'nothing was written: mend the input, and write it again',
    ],
    [
      ['write', 'shop.users', '--format', 'csv'],
      'id,name\nx,Ada\n',
      'INVALID: row 1, column id: expected an integer as a string, such as "42", got "x", in stdin',
      'nothing was written: mend the input, and write it again',
    ],
    [
      ['read', 'shop.users', '--where', 'nme = 1'],
      '',
      'INVALID: there is no column "nme" (did you mean "name"?), at character 1\n  nme = 1\n  ^',
      "a condition looks like amount > 5 AND region IN ('eu', 'us'); texts stand in single quotes",
    ],
    [
      ['read', 'shop.users', '--where', 'name = "Ada"'],
      '',
      'INVALID: expected a value, found ""Ada"", at character 8\n  name = "Ada"\n         ^',
      "a condition looks like amount > 5 AND region IN ('eu', 'us'); texts stand in single quotes",
    ],
    [
      ['read', 'no-table'],
      '',
      'INVALID: "no-table" is no name of a table',
      'write DATABASE.TABLE, such as sales.orders',
    ],
    [
      ['read', 'a?.b'],
      '',
      'INVALID: "a?" cannot be the name of a database',
      'use letters, digits, _ and -',
    ],
  ]

describe('a failure says what to do', () => {
  test.each(FAILURES)('%j', async (argv, stdin, error, hint) => {
    const { stderr, stdout } = await wh.run(argv, { stdin })
    expect(stderr.replace(/, in \/.*\/users$/m, '')).toBe(`error ${error}\nhint: ${hint}\n`)
    expect(stdout).toBe('')
  })
})

test('rows are not written in one format to a file that is named for another', async () => {
  const file = wh.file('users.orc')
  const { code, stderr } = await wh.run(['read', 'shop.users', '-o', file])
  expect(code).toBe(2)
  expect(stderr).toContain('rows cannot be written as ".orc"')
  expect(stderr).toContain('hint: --format takes table, jsonl, csv, arrow, parquet')
  expect(existsSync(file)).toBe(false)
  await wh.ok(['read', 'shop.users', '-o', file, '--format', 'csv'])
  expect(existsSync(file)).toBe(true)
})

test.each(['users.txt', 'users'])('a file called %s takes the format for people', async (name) => {
  await wh.ok(['read', 'shop.users', '-o', wh.file(name)])
  expect(existsSync(wh.file(name))).toBe(true)
})

test('the help of a family of commands is told in either way', async () => {
  const help = await wh.ok(['help', 'tag'])
  expect(help).toContain('tag rename')
  expect(await wh.ok(['tag', '--help'])).toBe(help)
})

test('help shows no marks of the documentation', async () => {
  expect(await wh.ok(['read', '--help'])).not.toContain('`')
})

test('a Node without zstd is told to be too old when the library is loaded', async () => {
  const script = wh.file('old.mjs')
  const library = join(import.meta.dirname, '../../src/index.ts')
  writeFileSync(
    script,
    `import zlib from 'node:zlib'
delete zlib.zstdCompress
await import(${JSON.stringify(library)}).catch(({ code, message, hint }) => console.log(code, message, hint))`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  expect(stdout).toMatch(/^UNSUPPORTED Node [\d.]+ has no zstd .* install Node 22\.15 or newer\n$/)
})
