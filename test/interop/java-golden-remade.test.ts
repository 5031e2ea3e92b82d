/**
 * The golden tables made by this library: with the schemas, rows, commits and compactions of Java's. Java reads of them what
 * it reads of its own, batches and streams, and so does this library.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import {
  canonicalRow,
  comparableRows,
  expectedRows,
  type GoldenCase,
  goldenCases,
  readRows,
} from '../support/golden-expect.ts'
import {
  byKey,
  expectedStream,
  openStream,
  readStream,
  type StreamRow,
} from '../support/golden-streams.ts'
import { openGolden, optionsOf } from '../support/golden-suite.ts'
import { goldenTables } from '../support/golden-tables.ts'
import { remakeGoldenTable } from './support/golden-steps.ts'
import { findJava, writeGoldenTables } from './support/java.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const seed = Number(process.env['SEED'] ?? 7)
const both = sharedWarehouse(classPath, 'remade')
let directory: string

/** Tables that this library does not write, with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  blob_append: 'BLOB columns are read only',
  format_orc: 'ORC files are read only',
}

/** Columns of system tables that say the same of the tables of two writers. */
const COMPARED_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  audit_log: [],
  ro: [],
  row_tracking: [],
  schemas: [],
  options: [],
  snapshots: [
    'snapshot_id',
    'schema_id',
    'commit_kind',
    'total_record_count',
    'delta_record_count',
  ],
  files: ['partition', 'bucket', 'schema_id', 'level', 'record_count', 'min_key', 'max_key'],
  partitions: ['partition', 'record_count', 'file_count'],
  buckets: ['partition', 'bucket', 'record_count', 'file_count'],
  manifests: ['num_added_files', 'num_deleted_files', 'schema_id'],
  table_indexes: ['partition', 'bucket', 'index_type', 'row_count'],
  tags: ['tag_name', 'snapshot_id', 'record_count'],
  branches: ['branch_name'],
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-golden-'))
  await writeGoldenTables(classPath, directory, seed)
})

afterAll(async () => {
  await rm(directory, { recursive: true })
})

/** The columns of a row that are compared. */
function comparable({ systemTable }: GoldenCase, text: string): string {
  const columns = systemTable === undefined ? [] : COMPARED_COLUMNS[systemTable]!
  if (columns.length === 0) return text
  const row = JSON.parse(text) as Record<string, unknown>
  return canonicalRow(Object.fromEntries(columns.map((name) => [name, row[name]])))
}

function comparableCase(golden: GoldenCase, rows: string[]): string[] {
  return comparableRows(golden, rows)
    .map((text) => comparable(golden, text))
    .toSorted()
}

/** What Java reads of the table that was made here. */
async function javaReads(golden: GoldenCase): Promise<string[]> {
  const { table, systemTable, at } = golden
  const [, branch] = /^branch-(.+)$/.exec(at ?? '') ?? []
  if (branch !== undefined) return await both.java.read(`golden.${table}$branch_${branch}`)
  if (systemTable !== undefined) return await both.java.read(`golden.${table}$${systemTable}`)
  return await both.java.read(`golden.${table}`, at === undefined ? {} : { options: optionsOf(at) })
}

async function checkBatch(golden: GoldenCase): Promise<void> {
  const { name } = golden
  const expected = expectedRows(golden, both.directory, join(directory, 'expect'))
  const rows = comparableCase(golden, expected)
  const java = comparableCase(golden, await javaReads(golden))
  expect({ name, java }).toEqual({ name, java: rows })
  const read = await openGolden(new Catalog(both.io, both.directory), golden)
  const ours = comparableCase(golden, await readRows(read))
  expect({ name, ours }).toEqual({ name, ours: rows })
}

async function checkStream(golden: GoldenCase): Promise<void> {
  const { name } = golden
  const { stream, keys } = await openStream(new Catalog(both.io, both.directory), golden)
  const expected = inGroups(expectedStream(golden, join(directory, 'expect')), keys)
  const theirs = await both.java.stream(`golden.${golden.table}`)
  const java = inGroups(
    theirs.map((text) => JSON.parse(text) as StreamRow),
    keys,
  )
  expect({ name, java }).toEqual({ name, java: expected })
  const rows = (await readStream(stream)).map(({ row }) => row)
  expect({ name, ours: inGroups(rows, keys) }).toEqual({ name, ours: expected })
}

/** The rows of each key in order; rows without a key in any, as their buckets come in any. */
function inGroups(
  rows: readonly StreamRow[],
  keys: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const groups = byKey(rows, keys)
  if (keys.length > 0) return groups
  return { rows: Object.values(groups).flat().toSorted() }
}

describe(`tables of seed ${seed}`, () => {
  test.each(goldenTables.filter((table) => REFUSED[table] === undefined))('%s', async (table) => {
    await remakeGoldenTable(both, directory, table)
    const cases = goldenCases.filter((golden) => golden.table === table)
    expect(cases.length).toBeGreaterThan(0)
    for (const golden of cases)
      if (golden.isStream) await checkStream(golden)
      else await checkBatch(golden)
    const { damage } = await (await both.table(`golden.${table}`)).check({ allSnapshots: true })
    expect(damage).toEqual([])
  })

  test.each(Object.keys(REFUSED))('%s is refused', async (table) => {
    const remade = remakeGoldenTable(both, directory, table)
    await expect(remade).rejects.toMatchObject({ name: 'LakeError', code: 'UNSUPPORTED' })
  })
})
