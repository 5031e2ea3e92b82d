/** The golden tables, which Java began with options of every kind, are written on by this library, and Java reads and compacts them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { Table } from '../../src/table/table.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { rowReader } from '../../src/types/row-value.ts'
import {
  canonicalRow,
  comparableRows,
  copyGoldenTables,
  differences,
  NO_DIFFERENCES,
  readRows,
} from '../support/golden-expect.ts'
import { goldenTables } from '../support/golden-tables.ts'
import { findJava, JavaPaimon, type JavaWarehouse } from './support/java.ts'

/** What is refused to be written, for its type or format. */
const REFUSED: ReadonlySet<string> = new Set(['blob_append', 'format_orc'])

/** Tables whose rows are not those that were written last, and which may take no deletes. */
const MERGED: ReadonlySet<string> = new Set([
  'aggregation',
  'aggregation_retract',
  'first_row',
  'nested_update',
  'partial_update',
  'partial_update_delete',
  'partial_update_groups',
  'changelog_partial',
])

const classPath = await findJava()
const io = new LocalFileIO()
let java: JavaPaimon
let warehouse: JavaWarehouse
let directory: string
let catalog: Catalog

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-continued-'))
  await copyGoldenTables(io, directory)
  warehouse = java.warehouse(directory)
  catalog = new Catalog(io, directory)
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await io.close()
  await rm(directory, { recursive: true })
})

interface FoundRow {
  readonly row: Record<string, unknown>
  readonly text: string
}

/** The rows of a table, as they are written and as they are compared. */
async function rowsOf(table: Table): Promise<FoundRow[]> {
  const { fields } = table.schema
  const found: FoundRow[] = []
  for await (const batch of table.read().batches()) {
    const [row, json] = [rowReader(batch, fields), jsonReader(batch, fields)]
    for (let i = 0; i < batch.length; i++) found.push({ row: row(i), text: canonicalRow(json(i)) })
  }
  return found
}

const textsOf = (rows: readonly FoundRow[]): string[] => rows.map(({ text }) => text)

/** Both read these rows, and the table is whole. */
async function checkRows(table: Table, expected: readonly string[]): Promise<void> {
  const [ours, theirs] = [await readRows(table.read()), await warehouse.read(table.name)]
  expect({ we: differences(ours, expected), Java: differences(theirs, expected) }).toEqual({
    we: NO_DIFFERENCES,
    Java: NO_DIFFERENCES,
  })
  const { damage } = await table.check()
  expect(damage).toEqual([])
}

/** Writes half of the rows again, then deletes a third, has Java compact, and writes them anew. */
async function writeOn(name: string): Promise<void> {
  const table = await catalog.table(`golden.${name}`)
  const { primaryKeys, options } = table.schema
  const before = await rowsOf(table)
  const again = before.filter((_, i) => i % 2 === 0)
  await table.write(again.map(({ row }) => row))
  const isKeyed = primaryKeys.length > 0
  const after = isKeyed ? before : [...before, ...again]
  await checkRows(table, textsOf(after))
  if (isKeyed) {
    const gone = before.filter((_, i) => i % 3 === 0)
    const kindField = options['rowkind.field']
    const kind = { [kindField ?? '_kind']: '-D' }
    await table.write(gone.map(({ row }) => ({ ...row, ...kind })))
    const left = options['ignore-delete'] === 'true' ? after : after.filter((_, i) => i % 3 > 0)
    await checkRows(table, textsOf(left))
    await warehouse.compact(table.name)
    await checkRows(table, textsOf(left))
    await table.write(gone.map(({ row }) => row))
  } else await warehouse.compact(table.name)
  await checkRows(table, textsOf(after))
}

/** Writes all rows again, and both compact: whatever the rows are then, both read the same. */
async function mergeOn(name: string): Promise<void> {
  const table = await catalog.table(`golden.${name}`)
  const golden = { name, table: name, systemTable: undefined, at: undefined, isStream: false }
  const before = await rowsOf(table)
  for (const compact of [
    () => warehouse.compact(table.name),
    () => table.compact({ full: true }),
  ]) {
    await table.write(before.map(({ row }) => row))
    await compact()
    const [ours, theirs] = [await readRows(table.read()), await warehouse.read(table.name)]
    expect(ours).toHaveLength(before.length)
    expect(comparableRows(golden, ours)).toEqual(comparableRows(golden, theirs))
    expect((await table.check()).damage).toEqual([])
  }
}

test.each([...MERGED])('%s', async (name) => {
  await expect(mergeOn(name)).resolves.toBeUndefined()
})

const replaced = goldenTables.filter((name) => !REFUSED.has(name) && !MERGED.has(name))

test.each(replaced)('%s', async (name) => {
  await expect(writeOn(name)).resolves.toBeUndefined()
})

test.each([...REFUSED])('%s is refused', async (name) => {
  await expect(writeOn(name)).rejects.toMatchObject({ name: 'LakeError', code: 'UNSUPPORTED' })
})
