/** Tables whose files Java indexed, in every form that its options have, read with filters: no row is missing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts'
import type { Table } from '../../src/table/table.ts'
import { canonicalRow, readRows } from '../support/golden-expect.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, JavaPaimon, type JavaWarehouse } from './support/java.ts'

const classPath = await findJava()
const seed = Number(process.env['SEED'] ?? 1)

let java: JavaPaimon
let directory: string
let warehouse: JavaWarehouse
let catalog: Catalog

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-indexes-'))
  warehouse = java.warehouse(directory)
  catalog = await createCatalog({ warehouse: directory })
})

afterAll(async () => {
  await catalog.close()
  await java[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** A column, a value of it that is one of few or of many, and how a condition writes it. */
interface ColumnCase {
  readonly name: string
  readonly type: string
  readonly value: (random: Random) => unknown
  readonly literal: (value: unknown) => string
}

const quoted = (value: unknown): string => `'${String(value)}'`
const plain = (value: unknown): string => String(value)

const COLUMNS: readonly ColumnCase[] = [
  { name: 'tiny', type: 'TINYINT', value: (random) => between(random, -5, 5), literal: plain },
  {
    name: 'small',
    type: 'SMALLINT',
    value: (random) => between(random, -900, 900),
    literal: plain,
  },
  { name: 'number', type: 'INT', value: (random) => between(random, -40, 4000), literal: plain },
  {
    name: 'big',
    type: 'BIGINT',
    value: (random) => String(between(random, -1e9, 1e9) * 1e6),
    literal: plain,
  },
  {
    name: 'day',
    type: 'DATE',
    value: (random) => `20${between(random, 10, 99)}-03-07`,
    literal: (value) => `DATE '${String(value)}'`,
  },
  {
    name: 'moment',
    type: 'TIMESTAMP(6)',
    value: (random) =>
      `20${between(random, 10, 99)}-03-07T01:02:03.${between(random, 100_000, 999_999)}`,
    literal: (value) => `TIMESTAMP '${String(value)}'`,
  },
  {
    name: 'text',
    type: 'STRING',
    value: (random) => `text ${between(random, 0, 60)} of ü`,
    literal: quoted,
  },
]
/** What each kind of index takes. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  'bloom-filter': COLUMNS.map(({ name }) => name),
  bitmap: COLUMNS.map(({ name }) => name),
  bsi: COLUMNS.map(({ name }) => name).filter((name) => name !== 'text'),
  'range-bitmap': COLUMNS.map(({ name }) => name),
}

interface IndexCase {
  readonly name: string
  readonly type: string
  readonly options: Readonly<Record<string, string>>
}

const perColumn = (type: string, setting: string, value: string): Record<string, string> =>
  Object.fromEntries(TAKEN[type]!.map((name) => [`file-index.${type}.${name}.${setting}`, value]))

const CASES: readonly IndexCase[] = [
  {
    name: 'bloom',
    type: 'bloom-filter',
    options: { ...perColumn('bloom-filter', 'items', '500') },
  },
  { name: 'bitmap_1', type: 'bitmap', options: perColumn('bitmap', 'version', '1') },
  { name: 'bitmap_2', type: 'bitmap', options: perColumn('bitmap', 'index-block-size', '128b') },
  { name: 'slices', type: 'bsi', options: {} },
  { name: 'ranges', type: 'range-bitmap', options: perColumn('range-bitmap', 'chunk-size', '64b') },
  {
    name: 'in_manifests',
    type: 'range-bitmap',
    options: { 'file-index.in-manifest-threshold': '10 mb' },
  },
]

function rowsOf(random: Random, count: number): string[] {
  return Array.from({ length: count }, (_, id) =>
    JSON.stringify({
      id,
      ...Object.fromEntries(
        COLUMNS.map(({ name, value }) => [name, random() < 0.1 ? null : value(random)]),
      ),
    }),
  )
}

/** Conditions on one column, with a value that the rows have or one of its own making. */
function conditions(random: Random, rows: readonly string[]): string[] {
  return COLUMNS.flatMap(({ name, value, literal }) => {
    const some = (): string => {
      const found = (JSON.parse(pick(random, rows)) as Record<string, unknown>)[name]
      return literal(found === null || random() < 0.3 ? value(random) : found)
    }
    const a = some()
    return [
      `${name} = ${a}`,
      `${name} <> ${a}`,
      `${name} < ${a}`,
      `${name} >= ${some()}`,
      `${name} IN (${a}, ${some()}, ${some()})`,
      `${name} NOT IN (${a}, ${some()})`,
      `${name} IS NULL`,
      `${name} IS NOT NULL AND ${name} <= ${some()}`,
      `${name} = ${a} OR number = ${between(random, -40, 4000)}`,
    ]
  })
}

describe.each(CASES)('$name', ({ name, type, options }) => {
  test('no filter loses a row, and indexes in manifests leave out files', async () => {
    const random = seeded(seed * 100 + name.length)
    await warehouse.create(`db.${name}`, {
      fields: [
        { id: 0, name: 'id', type: 'INT' },
        ...COLUMNS.map((column, i) => ({ id: i + 1, name: column.name, type: column.type })),
      ],
      partitionKeys: [],
      primaryKeys: [],
      options: { [`file-index.${type}.columns`]: TAKEN[type]!.join(','), ...options },
    })
    const batches = [rowsOf(random, 300), rowsOf(random, 40), rowsOf(random, 900)]
    for (const rows of batches) await warehouse.write(`db.${name}`, rows)
    const table = await catalog.table(`db.${name}`)
    const all = batches.flat()
    expect(await readRows(table.read())).toHaveLength(all.length)
    let leftOut = 0
    for (const where of conditions(random, all)) {
      const indexed = await readRows(table.read({ where }))
      expect({ where, rows: indexed }).toEqual({ where, rows: await withoutIndexes(table, where) })
      leftOut += await filesLeftOut(table, where)
    }
    // Only indexes in the manifest leave out files while a read is planned.
    const isEmbedded = 'file-index.in-manifest-threshold' in options
    expect(leftOut > 0).toBe(isEmbedded)
  })
})

async function withoutIndexes(table: Table, where: string): Promise<string[]> {
  const options = { 'file-index.read.enabled': 'false' }
  return (await readRows(table.read({ where, options }))).map((row) =>
    canonicalRow(JSON.parse(row)),
  )
}

async function filesLeftOut(table: Table, where: string): Promise<number> {
  const { steps } = await table.read({ where }).explain()
  const left = Object.fromEntries(steps.map(({ step, files }) => [step, files]))
  return left['values']! - left['indexes']!
}
