/** Our Parquet files as pyarrow and DuckDB read them: every type, codec and kind of page that tables are written with. */
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { differences, NO_DIFFERENCES } from '../support/golden-expect.ts'
import { vectorValue } from '../support/java-vectors.ts'
import { RandomRows, type RandomTable } from '../support/random-tables.ts'
import { type KindedRow, rowTexts, TableModel } from '../support/table-model.ts'
import { TYPE_TABLES, typeTable } from '../support/type-tables.ts'
import { writeInput } from '../support/write-inputs.ts'
import { findPython, runScript } from './support/python.ts'

type Found = Record<'pyarrow' | 'duckdb', { readonly name: string; readonly values: unknown[] }[]>

const VARIANTS: readonly Readonly<Record<string, string>>[] = [
  { 'file.compression': 'zstd' },
  { 'file.compression': 'snappy' },
  { 'file.compression': 'gzip' },
  { 'file.compression': 'lz4' },
  { 'file.compression': 'lz4_raw' },
  { 'file.compression': 'none' },
  { 'parquet.enable.dictionary': 'false' },
  { 'parquet.page.row.count.limit': '30', 'parquet.page.size': '2000' },
  { 'file.block-size': '20 kb' },
  { 'data-file.thin-mode': 'true' },
]
const cases = TYPE_TABLES.flatMap((like) =>
  VARIANTS.map((options, i) => ({
    like,
    options,
    id: TYPE_TABLES.indexOf(like) * VARIANTS.length + i,
    title: JSON.stringify(options),
  })),
).filter(({ like, options }) => like !== 'types_append' || !('data-file.thin-mode' in options))

const python = await findPython()
const io = new LocalFileIO()
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-python-'))
})

afterAll(async () => {
  await io.close()
  await rm(directory, { recursive: true })
})

/** Writes rows to a table of one bucket in one commit, and finds the file. */
async function writeFile(name: string, table: RandomTable, rows: KindedRow[]): Promise<string> {
  const opened = await new Catalog(io, directory).createTable(`db.${name}`, table.definition)
  await using writer = await opened.writer()
  await writer.write(writeInput(table.schema.fields, rows, 'batches'))
  await writer.commit()
  const bucket = join(opened.path, 'bucket-0')
  const files = readdirSync(bucket)
  expect(files).toHaveLength(1)
  return join(bucket, files[0]!)
}

const unitNanos = (precision: number): bigint =>
  precision <= 3 ? 1_000_000n : precision <= 6 ? 1000n : 1n

/** A value as this library holds it, of what a reader found: timestamps are found in nanoseconds. */
function heldValue(type: DataType, found: unknown): InternalValue {
  const value = vectorValue(type, found)
  const isTimestamp = type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
  return isTimestamp && value !== null ? (value as bigint) / unitNanos(type.precision) : value
}

/** DuckDB reads timestamps of nanoseconds, which are INT96, as microseconds. */
function asMicros(type: DataType, value: InternalValue): InternalValue {
  const isTimestamp = type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
  if (!isTimestamp || type.precision <= 6 || value === null) return value
  return ((value as bigint) / 1000n - ((value as bigint) % 1000n < 0n ? 1n : 0n)) * 1000n
}

function rowsFound(fields: readonly DataField[], columns: Found['pyarrow']): string[] {
  const values = fields.map(({ name, type }) => {
    const column = columns.find((each) => each.name === name)
    return column!.values.map((value) => heldValue(type, value))
  })
  const rows = values[0]!.map((_, i) => ({ row: values.map((column) => column[i]!), kind: '+I' }))
  return rowTexts(fields, rows)
}

/** Rows enough for two row groups, where those are to be small. */
const rowCountOf = (options: Readonly<Record<string, string>>): number =>
  'file.block-size' in options ? 9000 : 400

test.each(cases)('$like with $title', async ({ like, options, id }) => {
  const bucketCount = like === 'types_append' ? -1 : 1
  const table = await typeTable({ like, bucketCount, isPartitioned: false, isThin: false, options })
  const { fields } = table.schema
  const rows = new RandomRows(table, id)
    .next(rowCountOf(options))
    .map(({ row }) => ({ row, kind: '+I' }))
  // Random keys of one column are few.
  const key = fields.findIndex(({ name, type }) => name === 'k0' && type.kind === 'INT')
  for (const [i, { row }] of rows.entries()) if (key >= 0 && i % 10 > 0) row[key] = i
  const model = new TableModel(table)
  model.flush(rows)
  const path = await writeFile(`t${id}`, table, rows)
  const { rowGroups } = (await openParquet(io, path)).metadata
  expect(rowGroups.length > 1).toBe('file.block-size' in options)
  const [line] = await runScript(python, 'read_parquet.py', [path])
  const found = JSON.parse(line!) as Found
  const micros = model
    .rows()
    .map(({ row, kind }) => ({ row: row.map((v, i) => asMicros(fields[i]!.type, v)), kind }))
  expect(model.rows().length).toBeGreaterThan(200)
  expect(differences(rowsFound(fields, found.pyarrow), model.texts())).toEqual(NO_DIFFERENCES)
  expect(differences(rowsFound(fields, found.duckdb), rowTexts(fields, micros))).toEqual(
    NO_DIFFERENCES,
  )
})
