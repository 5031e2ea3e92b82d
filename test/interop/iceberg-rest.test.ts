/** Iceberg's clients read a warehouse through `millrace iceberg serve`, while rows are committed to its tables. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import {
  chosenClients,
  icebergClassPath,
  type IcebergClient,
  icebergJar,
  installClients,
  pythonOf,
} from './support/iceberg-clients.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const SOURCES = join(import.meta.dirname, 'iceberg')
const TOKEN = 'the-token-of-the-interop-suite'

/** How each is started that is tried. */
const PROGRAMS: Readonly<Partial<Record<IcebergClient, () => readonly string[]>>> = {
  pyiceberg: () => [pythonOf('pyiceberg'), '-B', join(SOURCES, 'rest.py'), 'pyiceberg'],
  duckdb: () => [pythonOf('duckdb'), '-B', join(SOURCES, 'rest.py'), 'duckdb'],
  spark: () => [pythonOf('spark'), '-B', join(SOURCES, 'rest.py'), 'spark'],
  java: () => ['java', '-cp', icebergClassPath, join(SOURCES, 'IcebergRest.java')],
}

const clients = chosenClients().filter((client) => PROGRAMS[client] !== undefined)

/** Tables by their options, beside the storage of metadata. */
const VECTORS = { 'deletion-vectors.enabled': 'true', bucket: '1' }
const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'shop.visits': { bucket: '-1' },
  'shop.odd name+x': { bucket: '-1' },
  'shop.users2': VECTORS,
  'shop.users3': {
    ...VECTORS,
    'deletion-vectors.bitmap64': 'true',
    'metadata.iceberg.format-version': '3',
  },
  'archive.visits': { bucket: '-1', 'metadata.iceberg.storage': 'hadoop-catalog' },
}

/** A process whose lines of JSON are read one by one. */
class Talk {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #stderr = ''

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env } })
    this.#child.stderr.on('data', (part: Buffer) => (this.#stderr += String(part)))
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  async hear(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the process ended: ${this.#stderr}`)
    return JSON.parse(value) as Record<string, unknown>
  }

  say(text: string): void {
    this.#child.stdin.write(`${text}\n`)
  }

  /** The code that the process ended with, and what it said on stderr. */
  async end(signal?: NodeJS.Signals): Promise<{ code: number | null; stderr: string }> {
    const { exitCode } = this.#child
    if (exitCode !== null) return { code: exitCode, stderr: this.#stderr }
    const exit = once(this.#child, 'exit') as Promise<[number | null]>
    if (signal === undefined) this.#child.stdin.end()
    else this.#child.kill(signal)
    const [code] = await exit
    return { code, stderr: this.#stderr }
  }
}

let directory: string
let catalog: Catalog
let server: Talk
let url: string

beforeAll(async () => {
  await installClients(clients)
  directory = await mkdtemp(join(tmpdir(), 'millrace-rest-'))
  catalog = await createCatalog({ warehouse: join(directory, 'lake') })
  for (const [name, options] of Object.entries(TABLES)) await createTable(name, options)
  await createTable('shop.plain', { 'metadata.iceberg.storage': 'disabled', bucket: '-1' })
  await writeFile(join(directory, 'token'), TOKEN)
  const place = ['--warehouse', catalog.warehouse, '--token-file', join(directory, 'token')]
  server = new Talk(
    process.execPath,
    [MAIN, 'iceberg', 'serve', '--port', '0', '--json', ...place],
    {},
  )
  url = (await server.hear())['url'] as string
})

afterAll(async () => {
  await server.end('SIGKILL')
  await catalog.close()
  await rm(directory, { recursive: true })
})

function rowsOf(from: number, to: number): object[] {
  return Array.from({ length: to - from }, (_, i) => ({
    id: from + i,
    page: `/${from + i}`,
    dt: i % 3 === 0 ? null : '2026-11-22',
  }))
}

async function createTable(name: string, options: Readonly<Record<string, string>>): Promise<void> {
  const definition = {
    fields: [
      { name: 'id', type: 'BIGINT NOT NULL' },
      { name: 'page', type: 'STRING' },
      { name: 'dt', type: 'STRING' },
    ],
    primaryKeys: options['bucket'] === '1' ? ['id'] : [],
    partitionKeys: options['bucket'] === '1' ? [] : ['dt'],
    options: { 'metadata.iceberg.storage': 'table-location', ...options },
  }
  const table = await catalog.createTable(name, parseNewSchema(definition))
  for (const [from, to] of [
    [0, 50],
    [40, 60],
  ] as const) {
    await using writer = await table.writer()
    await writer.writeJson([rowsOf(from, to)])
    await writer.commit({ waitForCompaction: true })
  }
  await table.deleteWhere('id = 7')
}

/** What clients have to see: of tables with vectors what is above level 0, which is everything once compactions are awaited. */
async function rowsNow(): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {}
  for (const name of Object.keys(TABLES)) {
    const rows = await (await catalog.table(name)).read({ columns: ['id', 'page'] }).toArray()
    all[name] = rows
      .map(({ id, page }) => [Number(id), page])
      .toSorted(([a], [b]) => Number(a) - Number(b))
  }
  return all
}

describe.each(clients)('%s', (client) => {
  test('reads what is served, also what is committed meanwhile, and is refused what it writes', async () => {
    const env = { ICEBERG_JAR: icebergJar, LC_ALL: 'C.UTF-8', SPARK_LOCAL_IP: '127.0.0.1' }
    const [program = '', ...args] = PROGRAMS[client]!()
    const talk = new Talk(program, [...args, url, TOKEN], env)
    const { tables, rows, missing, write } = await talk.hear()
    expect(tables).toEqual(Object.keys(TABLES).toSorted())
    expect(rows).toEqual(await rowsNow())
    expect(missing).toMatch(/NoSuchTable|NOT_FOUND|does not exist/)
    expect(write).toMatch(/read-only|not support/)
    for (const name of ['shop.visits', 'shop.users2', 'shop.users3']) {
      await using writer = await (await catalog.table(name)).writer()
      await writer.writeJson([[{ id: 1000 + clients.indexOf(client), page: client }]])
      await writer.commit({ waitForCompaction: true })
    }
    talk.say('again')
    const now = await rowsNow()
    expect(await talk.hear()).toEqual({ rows: now })
    expect(now).not.toEqual(rows)
    expect(await talk.end()).toMatchObject({ code: 0 })
  })
})

test('nobody is answered without the token, and an interrupted server ends in order', async () => {
  const { status } = await fetch(`${url}/v1/config`)
  expect(status).toBe(401)
  const { code, stderr } = await server.end('SIGTERM')
  expect(code).toBe(143)
  expect(stderr).toMatch(/stopped serving, after \d+ requests\n$/)
  expect(stderr).not.toContain(TOKEN)
})
