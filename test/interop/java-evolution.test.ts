/** Tables whose schema Java changed in all ways between commits, at any depth: Java and this library read the same. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { LakeError } from '../../src/util/errors.ts'
import { canonicalRow, differences, NO_DIFFERENCES } from '../support/golden-expect.ts'
import {
  type EvolvedRead,
  type EvolvedTable,
  readEvolved,
  writeEvolvedTables,
} from './support/evolved-tables.ts'
import { findJava } from './support/java.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const TABLES = isFull ? 300 : 60

let directory: string
let catalog: Catalog
let tables: EvolvedTable[]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-evolution-'))
  tables = await writeEvolvedTables(classPath, directory, seed, TABLES)
  catalog = new Catalog(new LocalFileIO(), join(directory, 'warehouse'))
})

afterAll(async () => {
  await catalog.close()
  await rm(directory, { recursive: true })
})

/** The rows of both that only one has; where Java fails, so does this library. */
async function compare(table: string, read: EvolvedRead): Promise<unknown> {
  try {
    const rows = await readEvolved(catalog, table, read)
    if (read.rows === undefined) return { error: read.error, rows }
    return differences(rows, read.rows.map(canonicalRow))
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    const isRefused = error.code === 'INVALID' || error.code === 'UNSUPPORTED'
    return read.error !== undefined && isRefused ? NO_DIFFERENCES : { read, message: error.message }
  }
}

test(`${TABLES} tables of seed ${seed} read as in Java, now, before, by filters and as streams`, async () => {
  expect(tables).toHaveLength(TABLES)
  const readable = tables.flatMap(({ table, reads }) =>
    reads.filter(({ unprintable }) => unprintable !== true).map((read) => ({ table, read })),
  )
  for (const { table, read } of readable) {
    const request = JSON.stringify({ ...read, rows: undefined })
    expect(await compare(table, read), `${table} ${request}`).toEqual(NO_DIFFERENCES)
  }
})

test('every kind of change was made, at the top and within columns, and some casts failed', () => {
  const made = tables.flatMap(({ changes }) => changes)
  const deep = ['AddColumn', 'DropColumn', 'RenameColumn', 'UpdateColumnType']
  const kinds = [
    'UpdateColumnPosition',
    'UpdateColumnNullability',
    'UpdateColumnDefaultValue',
    'RenameColumn swap',
  ]
  expect(made).toEqual(
    expect.arrayContaining([...deep, ...deep.map((kind) => `${kind} nested`), ...kinds]),
  )
  const reads = tables.flatMap((table) => table.reads)
  expect(reads.some(({ error }) => error !== undefined)).toBe(true)
})
