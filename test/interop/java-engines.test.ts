/** Random tables of every merge engine that Java writes, with compactions or without, read alike by both. */
import { expect, test } from 'vitest'

import type { Table } from '../../src/table/table.ts'
import { eq } from '../../src/types/predicate.ts'
import { ROW_KINDS } from '../../src/types/row-kind.ts'
import { canonicalRow, differences, readRows } from '../support/golden-expect.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../support/merge-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import { jsonSchema, kindedTexts } from './support/shared-table.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const TABLES_PER_ENGINE = isFull ? 500 : 55
const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']

const both = sharedWarehouse(classPath, 'engines')

/** Options under which Java compacts as it writes, and looks older rows up or does not. */
const COMPACTING = { 'write-only': 'false', 'num-sorted-run.compaction-trigger': '2' }
const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { 'write-only': 'true' },
  { 'write-only': 'true', 'changelog-producer': 'lookup' },
  { ...COMPACTING, 'num-levels': '4' },
  { ...COMPACTING, 'changelog-producer': 'lookup', 'num-levels': '4' },
  { ...COMPACTING, 'force-lookup': 'true', 'num-levels': '6' },
]
const VECTORS = { ...COMPACTING, 'deletion-vectors.enabled': 'true', 'num-levels': '4' }

/** What keeps Java from merging again and again what it writes. */
const MEMORY = { 'write-buffer-size': '16 mb' }

async function writeCommits(name: string, table: MergeTable, random: Random): Promise<void> {
  for (let commit = between(random, 2, 6); commit > 0; commit--) {
    const rows = Array.from({ length: between(random, 1, 20) }, () => ({
      row: randomMergeRow(table, between(random, 0, 12), random),
      kind: ROW_KINDS[pick(random, table.kinds)]!,
    }))
    await both.java.write(name, kindedTexts(table, rows), { options: MEMORY })
  }
}

/** Parts of the table read as the same parts of what Java reads of the whole. */
async function checkParts(
  ours: Table,
  theirs: readonly string[],
  random: Random,
): Promise<string[]> {
  const columns = ours.schema.fields.map(({ name }) => name).filter(() => random() < 0.4)
  const wanted = columns.length === 0 ? ['k'] : columns
  const value = between(random, 0, 5)
  const rows = theirs
    .map((text) => JSON.parse(text) as Record<string, unknown>)
    .filter(({ s0 }) => s0 === value)
    .map((row) => canonicalRow(Object.fromEntries(wanted.map((name) => [name, row[name]]))))
  const read = await readRows(ours.read({ columns: wanted, where: eq('s0', value) }))
  return differenceTexts(read, rows)
}

function differenceTexts(actual: readonly string[], expected: readonly string[]): string[] {
  const { missing, extra } = differences(actual, expected)
  return [...missing.map((row) => `missing ${row}`), ...extra.map((row) => `extra ${row}`)]
}

/** How many rows the table has. */
async function checkTable(engine: EngineName, i: number): Promise<number> {
  const random = seeded(seed * 1_000_000 + i)
  const name = `db.${engine.replace('-', '_')}_${i}`
  // Reads of first-row show only what is compacted, and it goes without deletion vectors.
  const settings = engine === 'first-row' ? SETTINGS.slice(2) : [...SETTINGS, VECTORS]
  const format = { 'file.format': pick(random, ['parquet', 'avro']) }
  const options = { ...pick(random, settings), ...format }
  const table = randomMergeTable(engine, random, { options })
  const told = `table ${i} of ${engine}, seed ${seed}: ${JSON.stringify(table.schema.options)}`
  await both.java.create(name, jsonSchema(table))
  await writeCommits(name, table, random)
  const ours = await both.table(name)
  const theirs = await both.java.read(name)
  const whole = differenceTexts(await readRows(ours.read()), theirs)
  const parts = await checkParts(ours, theirs, random)
  expect({ told, whole, parts }).toEqual({ told, whole: [], parts: [] })
  return theirs.length
}

test.each(ENGINES)(
  `${TABLES_PER_ENGINE} tables of %s read as in Java`,
  async (engine) => {
    let rowCount = 0
    for (let i = 0; i < TABLES_PER_ENGINE; i++) rowCount += await checkTable(engine, i)
    expect(rowCount).toBeGreaterThan(2 * TABLES_PER_ENGINE)
  },
  600_000,
)
