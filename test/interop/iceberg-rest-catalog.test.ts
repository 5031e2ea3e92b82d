/** Tables that are committed to an Iceberg REST catalog: its Java library judges the commits, and clients read what it serves. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts'
import type { Table } from '../../src/table/table.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import { CREDENTIAL, IcebergCatalogServer, READER_TOKEN } from './support/iceberg-catalog-server.ts'
import { chosenClients, icebergJar, installClients, pythonOf } from './support/iceberg-clients.ts'

const PROGRAM = join(import.meta.dirname, 'iceberg/rest.py')
const clients = chosenClients().filter((client) =>
  ['pyiceberg', 'duckdb', 'spark'].includes(client),
)

const VECTORS = { 'deletion-vectors.enabled': 'true', bucket: '1' }
const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  visits: { bucket: '-1' },
  users2: VECTORS,
  users3: { ...VECTORS, 'metadata.iceberg.format-version': '3' },
}
const NAMES = Object.keys(TABLES)

let directory: string
let catalog: Catalog
let server: IcebergCatalogServer

beforeAll(async () => {
  await installClients(clients)
  directory = await mkdtemp(join(tmpdir(), 'millrace-rest-catalog-'))
  server = await IcebergCatalogServer.start(join(directory, 'server'))
  catalog = await createCatalog({ warehouse: join(directory, 'lake') })
  for (const name of NAMES) await createTable(name)
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await catalog.close()
  await rm(directory, { recursive: true })
})

async function createTable(name: string): Promise<void> {
  const options = TABLES[name]!
  const isKeyed = options['bucket'] === '1'
  const definition = {
    fields: [
      { name: 'id', type: 'BIGINT NOT NULL' },
      { name: 'page', type: 'STRING' },
      { name: 'dt', type: 'STRING' },
    ],
    primaryKeys: isKeyed ? ['id'] : [],
    partitionKeys: isKeyed ? [] : ['dt'],
    options: {
      'metadata.iceberg.storage': 'rest-catalog',
      'metadata.iceberg.rest.uri': server.uri,
      'metadata.iceberg.rest.credential': CREDENTIAL,
      ...options,
    },
  }
  await catalog.createTable(`shop.${name}`, parseNewSchema(definition))
  await write(name, 0, 50)
  await write(name, 40, 60)
}

async function write(name: string, from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, i) => ({
    id: from + i,
    page: `/${from}/${i}`,
    dt: i % 3 === 0 ? null : '2026-11-22',
  }))
  await using writer = await (await catalog.table(`shop.${name}`)).writer()
  await writer.writeJson([rows])
  await writer.commit({ waitForCompaction: true })
}

async function eachTable(body: (table: Table) => Promise<unknown>): Promise<void> {
  for (const name of NAMES) await body(await catalog.table(`shop.${name}`))
}

async function rowsNow(): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {}
  for (const name of NAMES) {
    const table = await catalog.table(`shop.${name}`)
    const rows = await table.read({ columns: ['id', 'page'] }).toArray()
    all[`shop.${name}`] = rows
      .map(({ id, page }): [number, string] => [Number(id), String(page)])
      .toSorted(([a, aPage], [b, bPage]) => a - b || (aPage < bPage ? -1 : 1))
  }
  return all
}

/** A client that reads all tables whenever it is asked. */
class Reader {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #stderr = ''

  constructor(client: (typeof clients)[number]) {
    const env = { ICEBERG_JAR: icebergJar, LC_ALL: 'C.UTF-8', SPARK_LOCAL_IP: '127.0.0.1' }
    const args = ['-B', PROGRAM, client, server.uri, READER_TOKEN]
    this.#child = spawn(pythonOf(client), args, { env: { ...process.env, ...env } })
    this.#child.stderr.on('data', (part: Buffer) => (this.#stderr += String(part)))
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  async hear(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the client ended: ${this.#stderr}`)
    return JSON.parse(value) as Record<string, unknown>
  }

  async again(): Promise<Record<string, unknown>> {
    this.#child.stdin.write('again\n')
    return await this.hear()
  }

  end(): void {
    this.#child.stdin.end()
  }
}

test('what is committed is read through the server, after every kind of change', async () => {
  const readers = clients.map((client) => new Reader(client))
  const readAll = async (): Promise<void> => {
    const rows = await rowsNow()
    for (const reader of readers) expect(await reader.again()).toEqual({ rows })
  }
  const rows = await rowsNow()
  for (const reader of readers) expect(await reader.hear()).toMatchObject({ rows })

  await eachTable((table) => table.deleteWhere('id < 5'))
  await eachTable((table) => table.alter([{ action: 'addColumn', column: 'extra', type: 'INT' }]))
  for (const name of NAMES) await write(name, 55, 80)
  await readAll()

  // What is written after a rollback has sequence numbers that the server has seen.
  await eachTable((table) => table.rollbackTo({ snapshot: 2 }))
  await readAll()
  for (const name of NAMES) await write(name, 100, 120)
  await readAll()

  await server.drop('shop', 'visits')
  await write('visits', 200, 210)
  await readAll()
  for (const reader of readers) reader.end()
})

test('the server has the columns by their ids, the tags, and what has not expired', async () => {
  for (const name of NAMES) await write(name, 300, 301)
  await eachTable((table) => table.tags.create('kept'))
  for (const name of NAMES) await write(name, 301, 302)
  await eachTable((table) => table.expire({ retainMax: 1, retainMin: 1 }))
  for (const name of NAMES) {
    const metadata = (await server.table('shop', name)) as unknown as {
      'table-uuid': string
      'format-version': number
      'last-column-id': number
      schemas: { fields: { id: number }[] }[]
      'partition-specs': { fields: { 'source-id': number; 'field-id': number }[] }[]
      refs: Record<string, { 'snapshot-id': number }>
      snapshots: { 'snapshot-id': number }[]
    }
    const isKeyed = TABLES[name]!['bucket'] === '1'
    expect(metadata['format-version']).toBe(name === 'users3' ? 3 : 2)
    expect(metadata.schemas[0]!.fields.map(({ id }) => id)).toEqual([0, 1, 2])
    expect(metadata['partition-specs']).toMatchObject([
      { fields: isKeyed ? [] : [{ 'source-id': 2, 'field-id': 1000 }] },
    ])
    expect(metadata['last-column-id'] > 1_000_000_000).toBe(isKeyed)
    const { kept, main } = metadata.refs
    expect(metadata.snapshots.map((each) => each['snapshot-id']).toSorted((a, b) => a - b)).toEqual(
      [kept!['snapshot-id'], main!['snapshot-id']],
    )
  }
})

test('the server has a renamed table under its new name alone, and no table that was dropped', async () => {
  const uuid = (await server.table('shop', 'users3'))!['table-uuid']
  await catalog.renameTable('shop.users3', 'shop.renamed')
  expect(await server.table('shop', 'users3')).toBeNull()
  expect(await server.table('shop', 'renamed')).toMatchObject({ 'table-uuid': uuid })
  await catalog.dropTable('shop.renamed')
  expect(await server.table('shop', 'renamed')).toBeNull()
})
