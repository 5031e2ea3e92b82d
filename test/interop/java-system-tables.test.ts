/** System tables of tables that Java wrote, of every merge engine and kind of bucket: Java and we show the same. */
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { canonicalRow, GOLDEN_WAREHOUSE, readRows } from '../support/golden-expect.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, JavaPaimon, type JavaWarehouse } from './support/java.ts'

const classPath = await findJava()
const seed = Number(process.env['SEED'] ?? 7)
const io = new LocalFileIO()
let directory: string
let paimon: JavaPaimon
let java: JavaWarehouse
let catalog: Catalog

beforeAll(async () => {
  paimon = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-system-tables-'))
  java = paimon.warehouse(directory)
  catalog = new Catalog(io, directory)
})

afterAll(async () => {
  await paimon[Symbol.asyncDispose]()
  await io.close()
  await rm(directory, { recursive: true })
})

const FIELDS = [
  { id: 0, name: 'dt', type: 'STRING NOT NULL' },
  { id: 1, name: 'id', type: 'INT NOT NULL' },
  { id: 2, name: 'name', type: 'STRING', description: 'what it is called' },
  { id: 3, name: 'amount', type: 'DECIMAL(10, 2)' },
  { id: 4, name: 'at', type: 'TIMESTAMP(3)' },
]

interface Shape {
  readonly keyed: boolean
  readonly deletes: boolean
  readonly options: Readonly<Record<string, string>>
}

const SHAPES: Readonly<Record<string, Shape>> = {
  deduplicate: {
    keyed: true,
    deletes: true,
    options: { bucket: '2', 'num-levels': '4', 'table-read.sequence-number.enabled': 'true' },
  },
  sequence_field: {
    keyed: true,
    deletes: true,
    options: { bucket: '1', 'sequence.field': 'at', 'table-read.sequence-number.enabled': 'true' },
  },
  input: { keyed: true, deletes: true, options: { bucket: '1', 'changelog-producer': 'input' } },
  lookup: { keyed: true, deletes: true, options: { bucket: '2', 'changelog-producer': 'lookup' } },
  vectors: {
    keyed: true,
    deletes: true,
    options: { bucket: '2', 'deletion-vectors.enabled': 'true' },
  },
  first_row: { keyed: true, deletes: false, options: { bucket: '1', 'merge-engine': 'first-row' } },
  partial_update: {
    keyed: true,
    deletes: false,
    options: {
      bucket: '1',
      'merge-engine': 'partial-update',
      'fields.at.sequence-group': 'amount,name',
      'fields.amount.aggregate-function': 'sum',
      'fields.name.aggregate-function': 'listagg',
      'fields.name.list-agg-delimiter': ';',
    },
  },
  aggregation: {
    keyed: true,
    deletes: true,
    options: {
      bucket: '1',
      'merge-engine': 'aggregation',
      'fields.amount.aggregate-function': 'sum',
      'fields.name.ignore-retract': 'true',
      'fields.at.aggregate-function': 'max',
      'fields.at.ignore-retract': 'true',
      'table-read.sequence-number.enabled': 'true',
    },
  },
  append: { keyed: false, deletes: false, options: { bucket: '-1' } },
  tracked: {
    keyed: false,
    deletes: false,
    options: { bucket: '-1', 'row-tracking.enabled': 'true' },
  },
}

/** Everything that Java has; a table without row tracking has no `$row_tracking`. */
const KINDS = [
  'snapshots',
  'schemas',
  'options',
  'files',
  'partitions',
  'buckets',
  'manifests',
  'tags',
  'branches',
  'consumers',
  'statistics',
  'aggregation_fields',
  'file_key_ranges',
  'table_indexes',
  'audit_log',
  'binlog',
  'ro',
]

/** Java's `$buckets` is of the latest snapshot whatever is asked for. */
const travels = (kind: string): boolean => kind !== 'buckets'

/** Rows of a view are inserts all. */
function withoutKind(text: string): string {
  const { _kind: kind, ...row } = JSON.parse(text) as Record<string, unknown>
  expect(kind).toBe('+I')
  return canonicalRow(row)
}

function rowsOf(random: Random, { deletes }: Shape): string[] {
  return Array.from({ length: between(random, 5, 30) }, (_, i) =>
    JSON.stringify({
      _kind: deletes && random() < 0.25 ? '-D' : pick(random, ['+I', '+I', '+U']),
      dt: pick(random, ['2026-11-01', 'b c']),
      id: between(random, 0, 25),
      name: random() < 0.2 ? null : `n${i}`,
      amount: random() < 0.2 ? null : (between(random, -9999, 9999) / 100).toFixed(2),
      at: random() < 0.1 ? null : `2026-01-0${between(random, 1, 9)}T00:00:00.${100 + i}`,
    }),
  )
}

/** Five commits, the third with a compaction; then tags, branches, consumers and statistics. */
async function fill(name: string, shape: Shape): Promise<void> {
  const random = seeded(seed)
  const { keyed, options } = shape
  const primaryKeys = keyed ? ['dt', 'id'] : []
  const trigger = { 'num-sorted-run.compaction-trigger': '50' }
  const schema = { fields: FIELDS, partitionKeys: ['dt'], primaryKeys }
  await java.create(name, { ...schema, options: { ...trigger, ...options } })
  for (let i = 1; i <= 5; i++) {
    const rows = rowsOf(random, shape).map((row) => (keyed ? row : row.replace('"+U"', '"+I"')))
    await java.write(name, rows, { compact: i === 3 && keyed })
    if (i === 2) await java.tag(name, { name: 'early', snapshot: 1, retained: 'P3DT1.5S' })
  }
  await java.tag(name, { name: 'late' })
  await java.branch(name, 'dev', 'early')
  await java.branch(name, 'empty')
  await java.consumer(name, 'job-1', 2)
  await java.consumer(name, 'job-2', 17)
  const at = { min: '2026-01-01T00:00:00.1', max: '2026-01-09T00:00:00' }
  await java.analyze(name, {
    rows: 100,
    bytes: 12_345,
    columns: {
      name: { min: 'ä"b', max: 'z', nulls: 3, length: 4 },
      id: { min: -5, max: 7 },
      amount: { min: '-1.50', max: '1234567.00', nulls: 0 },
      at,
    },
  })
  await java.write(`${name}$branch_dev`, rowsOf(random, { ...shape, deletes: false }))
  await java.consumer(`${name}$branch_dev`, 'on-branch', 3)
  await java.tag(`${name}$branch_dev`, { name: 'on-branch' })
}

/** What both show; a branch's `create_time` is left out, since Java takes the directory's. */
async function readBoth(
  name: string,
  options: Readonly<Record<string, string>> = {},
): Promise<{ ours: string[]; expected: string[] }> {
  const timeless = (rows: readonly string[]): string[] =>
    rows.map((row) => (name.endsWith('$branches') ? row.replace(/,"create_time":.*/, '') : row))
  const read = (await catalog.systemTable(name)).read({ options })
  return {
    ours: timeless(await readRows(read)),
    expected: timeless(await java.read(name, { options })),
  }
}

describe.each(Object.entries(SHAPES))('the table %s', (shapeName, shape) => {
  const name = `db.${shapeName}`
  const kinds = shapeName === 'tracked' ? [...KINDS, 'row_tracking'] : KINDS

  beforeAll(async () => {
    await fill(name, shape)
  })

  test.each(kinds)('$%s', async (kind) => {
    const { ours, expected } = await readBoth(`${name}$${kind}`)
    expect(ours).toEqual(expected)
  })

  test.each(kinds.filter(travels))('$%s of a snapshot', async (kind) => {
    const { ours, expected } = await readBoth(`${name}$${kind}`, { 'scan.snapshot-id': '2' })
    expect(ours).toEqual(expected)
  })

  test.each(kinds.filter(travels))('$%s of a tag', async (kind) => {
    const { ours, expected } = await readBoth(`${name}$${kind}`, { 'scan.tag-name': 'early' })
    expect(ours).toEqual(expected)
  })

  test.each(['audit_log', 'binlog', 'ro'])('$%s of what changed', async (kind) => {
    for (const mode of ['auto', 'delta', 'changelog']) {
      const options = { 'incremental-between': '1,4', 'incremental-between-scan-mode': mode }
      const { ours, expected } = await readBoth(`${name}$${kind}`, options)
      expect(ours).toEqual(expected)
    }
  })

  test.each(['audit_log', 'binlog'])('a stream of $%s', async (kind) => {
    const expected = (await java.stream(`${name}$${kind}`)).map(withoutKind)
    const opened = await catalog.systemTable(`${name}$${kind}`)
    const ours: string[] = []
    for await (const batch of opened.changes({ from: 1, follow: false }).batches()) {
      const row = jsonReader(batch.batch, batch.fields)
      for (let i = 0; i < batch.length; i++) ours.push(canonicalRow(row(i)))
    }
    expect(ours.toSorted()).toEqual(expected.toSorted())
  })

  // Java does not see a key whose row was deleted and made anew with a lower sequence field.
  const differing = shapeName === 'sequence_field' ? ['ro'] : ['audit_log', 'ro']
  test.each(differing)('$%s of the difference between tags', async (kind) => {
    const options = { 'incremental-between': 'early,late' }
    const { ours, expected } = await readBoth(`${name}$${kind}`, options)
    expect(ours).toEqual(expected)
  })

  test.each(kinds)('$%s of a branch', async (kind) => {
    const { ours, expected } = await readBoth(`${name}$branch_dev$${kind}`)
    expect(ours).toEqual(expected)
  })
})

test.each(['tables', 'partitions', 'all_table_options'])('sys.%s', async (name) => {
  const { ours, expected } = await readBoth(`sys.${name}`)
  expect(ours).toEqual(expected)
})

test('sys.catalog_options', async () => {
  const expected = (await java.read('sys.catalog_options')).filter((row) =>
    row.includes('warehouse'),
  )
  const ours = await readRows((await catalog.systemTable('sys.catalog_options')).read())
  expect(ours).toEqual(expected)
})

describe('the golden tables', () => {
  /** The arrays of these are sets in Java, in any order. */
  const sets = ['aggregation_retract', 'nested_update']
  const rowKinds = ['audit_log', 'binlog', 'ro']

  const tables = readdirSync(join(GOLDEN_WAREHOUSE, 'golden.db')).toSorted()
  test.each(tables)('%s', async (table) => {
    const golden = new Catalog(io, GOLDEN_WAREHOUSE)
    const javaGolden = paimon.warehouse(GOLDEN_WAREHOUSE)
    for (const kind of KINDS) {
      const isUnordered = sets.includes(table)
      // Java shows where binary keys lie in memory.
      if (table === 'types_key' && ['files', 'file_key_ranges'].includes(kind)) continue
      if (kind === 'branches' || (isUnordered && rowKinds.includes(kind))) continue
      const name = `golden.${table}$${kind}`
      const ours = await readRows((await golden.systemTable(name)).read())
      expect({ name, rows: ours }).toEqual({ name, rows: await javaGolden.read(name) })
    }
  })
})
