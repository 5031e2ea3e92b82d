/** Random tables with deletion vectors, of all engines and without primary key, that Java writes and both read alike. */
import { expect, test } from 'vitest'

import type { Table } from '../../src/table/table.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { firstSchema } from '../../src/types/new-schema.ts'
import { eq } from '../../src/types/predicate.ts'
import { ROW_KINDS } from '../../src/types/row-kind.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { canonicalRow, differences, readRows } from '../support/golden-expect.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../support/merge-tables.ts'
import { fieldsOf, presentValue } from '../support/random-columns.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import { jsonSchema, kindedTexts } from './support/shared-table.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const TABLES_OF_EACH = isFull ? 200 : 20

const both = sharedWarehouse(classPath, 'vectors')

/** What keeps Java from merging again and again what it writes. */
const MEMORY = { 'write-buffer-size': '16 mb' }
/** With it Java 1.4 reads all levels, which later versions call merge-on-read. */
const ALL_LEVELS = { 'batch-scan-mode': 'compact' }

function differenceTexts(actual: readonly string[], expected: readonly string[]): string[] {
  const { missing, extra } = differences(actual, expected)
  return [...missing.map((row) => `missing ${row}`), ...extra.map((row) => `extra ${row}`)]
}

/** The table in its state now and in each snapshot, its files, and how many vectors its snapshots have together. */
async function checkHistory(
  name: string,
  ours: Table,
): Promise<{ found: Record<string, string[]>; vectors: number }> {
  const found: Record<string, string[]> = {}
  found['whole'] = differenceTexts(await readRows(ours.read()), await both.java.read(name))
  let vectors = 0
  const { snapshots, manifests } = ours.store
  for (const id of await snapshots.ids()) {
    const theirs = await both.java.read(name, { options: { 'scan.snapshot-id': String(id) } })
    const read = await readRows(ours.read({ at: { snapshot: id } }))
    found[`snapshot ${id}`] = differenceTexts(read, theirs)
    const entries = await manifests.readIndexEntries(await snapshots.read(id))
    vectors += entries.reduce((sum, { indexFile }) => sum + indexFile.rowCount, 0)
  }
  const { damage } = await ours.check({ allSnapshots: true })
  // Java counts a decimal sum among the values of a column that has no room for it, and stores a null.
  const told = damage.filter(({ what }) => !/^the value statistics of \w+ say \d+ nulls/.test(what))
  found['damage'] = told.map((finding) => JSON.stringify(finding))
  return { found, vectors }
}

/** No difference, whatever was looked at. */
function expectSame(told: string, found: Readonly<Record<string, string[]>>): void {
  const wrong = Object.entries(found).filter(([, texts]) => texts.length > 0)
  expect({ told, wrong }).toEqual({ told, wrong: [] })
}

/** Options of a table with vectors; some commits look older rows up, and mark them, as they compact. */
function vectorOptions(random: Random): Record<string, string> {
  return {
    'deletion-vectors.enabled': 'true',
    'deletion-vectors.bitmap64': String(random() < 0.5),
    'file.format': pick(random, ['parquet', 'avro']),
  }
}

/** A large commit, whose file stays apart from those of the small ones behind it, in which rows are written again. */
async function writeCommits(name: string, table: MergeTable, random: Random): Promise<void> {
  const commits = between(random, 2, 6)
  for (let commit = 0; commit < commits; commit++) {
    const rows = Array.from({ length: commit === 0 ? 400 : between(random, 1, 40) }, () => ({
      row: randomMergeRow(table, between(random, 0, 300), random),
      kind: ROW_KINDS[pick(random, table.kinds)]!,
    }))
    const isLookedAt = random() < 0.7
    const compact = isLookedAt && random() < 0.1
    const options = isLookedAt ? MEMORY : { ...MEMORY, 'write-only': 'true' }
    await both.java.write(name, kindedTexts(table, rows), { options, compact })
  }
}

/** How many vectors the table ends with. */
async function checkKeyedTable(engine: EngineName, i: number): Promise<number> {
  const random = seeded(seed * 1_000_000 + i)
  const name = `db.${engine.replace('-', '_')}_${i}`
  const options = {
    ...vectorOptions(random),
    'write-only': 'false',
    'num-levels': pick(random, ['3', '4', '6']),
    'changelog-producer': pick(random, ['none', 'input', 'lookup']),
  }
  const table = randomMergeTable(engine, random, { options })
  const told = `table ${i} of ${engine}, seed ${seed}: ${JSON.stringify(table.schema.options)}`
  await both.java.create(name, jsonSchema(table))
  await writeCommits(name, table, random)
  const ours = await both.table(name)
  const { found, vectors } = await checkHistory(name, ours)
  const merged = await readRows(ours.read({ options: { 'deletion-vectors.merge-on-read': true } }))
  found['merged'] = differenceTexts(merged, await both.java.read(name, { options: ALL_LEVELS }))
  const value = between(random, 0, 5)
  const filtered = (await both.java.read(name)).filter(
    (text) => (JSON.parse(text) as Record<string, unknown>)['s0'] === value,
  )
  found['filtered'] = differenceTexts(
    await readRows(ours.read({ where: eq('s0', value) })),
    filtered,
  )
  expectSame(told, found)
  return vectors
}

test.each<EngineName>(['deduplicate', 'partial-update', 'aggregation'])(
  `${TABLES_OF_EACH} tables of %s with deletion vectors read as in Java, in each snapshot, merged and filtered`,
  async (engine) => {
    let vectors = 0
    for (let i = 0; i < TABLES_OF_EACH; i++) vectors += await checkKeyedTable(engine, i)
    expect(vectors).toBeGreaterThan(TABLES_OF_EACH)
  },
  600_000,
)

const COLUMNS: readonly DataType[] = [
  'BIGINT NOT NULL',
  'STRING NOT NULL',
  'STRING',
  'INT',
  'DECIMAL(20, 3)',
  'BOOLEAN',
  'TIMESTAMP(9)',
  'ARRAY<STRING>',
  'ROW<`a` INT, `b` STRING>',
].map((text) => parseTypeText(text))

/** How many vectors the table ends with. */
async function checkAppendTable(i: number): Promise<number> {
  const random = seeded(seed * 1_000_000 + 500_000 + i)
  const name = `db.append_${i}`
  const chosen = COLUMNS.filter((_, at) => at < 2 || random() < 0.6)
  const format = vectorOptions(random)
  // Avro files hold timestamps of at most six digits.
  const types = chosen.filter(
    ({ kind }) => kind !== 'TIMESTAMP' || format['file.format'] !== 'avro',
  )
  const fields = fieldsOf(types)
  const isBucketed = random() < 0.4
  const buckets = isBucketed ? { bucket: '2', 'bucket-key': fields[0]!.name } : { bucket: '-1' }
  const partitionKeys = random() < 0.3 ? [fields[1]!.name] : []
  const definition = { fields, hasIds: false, partitionKeys, primaryKeys: [], options: buckets }
  const plain = firstSchema(definition, 1_700_000_000_000)
  const schema = { ...plain, options: { ...plain.options, ...format, 'write-only': 'true' } }
  const told = `table ${i}, seed ${seed}: ${JSON.stringify(schema.options)}`
  await both.java.create(name, jsonSchema({ schema }))
  const partitions = ['a', 'b'].map((text) => new TextEncoder().encode(text))
  for (let round = between(random, 2, 6); round > 0; round--) {
    const rows = Array.from({ length: between(random, 1, 300) }, () => ({
      row: fields.map(({ type }, at) => {
        if (at === 1 && partitionKeys.length > 0) return pick(random, partitions)
        return type.nullable && random() < 0.2 ? null : presentValue(type, random)
      }),
      kind: '+I' as const,
    }))
    await both.java.write(name, kindedTexts({ schema }, rows), { options: MEMORY })
    if (random() < 0.7) await both.java.deleteRows(name, pick(random, [0.02, 0.3, 0.97]), round)
  }
  const ours = await both.table(name)
  const { found, vectors } = await checkHistory(name, ours)
  const all = await both.java.read(name)
  const [first] = fields
  const some = (
    JSON.parse(pick(random, all.length > 0 ? all : ['{"f0":"1"}'])) as Record<string, string>
  )[first!.name]!
  const filtered = all.filter(
    (text) => (JSON.parse(text) as Record<string, unknown>)[first!.name] === some,
  )
  found['filtered'] = differenceTexts(
    await readRows(ours.read({ where: eq(first!.name, BigInt(some)) as never })),
    filtered.map((text) => canonicalRow(JSON.parse(text))),
  )
  expectSame(told, found)
  return vectors
}

test(`${2 * TABLES_OF_EACH} tables without primary key read as in Java once rows are deleted`, async () => {
  let vectors = 0
  for (let i = 0; i < 2 * TABLES_OF_EACH; i++) vectors += await checkAppendTable(i)
  expect(vectors).toBeGreaterThan(TABLES_OF_EACH)
}, 600_000)
