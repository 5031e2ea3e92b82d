/** What a flush writes of random rows, by every merge engine and with spills, is what Java writes of the same rows. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import type { Table } from '../../src/table/table.ts'
import { ROW_KINDS } from '../../src/types/row-kind.ts'
import { differences } from '../support/golden-expect.ts'
import { type EngineName, randomMergeRow, randomMergeTable } from '../support/merge-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, type JavaFilter } from './support/java.ts'
import { parseJson, weWrite } from './support/our-writes.ts'
import { jsonSchema, kindedTexts } from './support/shared-table.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const TABLES_PER_ENGINE = isFull ? 200 : 10
const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']

const both = sharedWarehouse(classPath, 'flush')

/** With so little memory rows are spilled again and again; Java has enough for all. */
const TIGHT = { 'write-buffer-size': '4 kb', 'local-sort.max-num-file-handles': '3' }
const AMPLE = { 'write-buffer-size': '16 mb' }

const FORMS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'file.format': 'avro' },
  { 'file.format.per.level': '0:avro', 'metadata.stats-mode.per.level': '0:none' },
  { 'file.compression.per.level': '0:snappy', 'metadata.stats-mode': 'full' },
]
const CHANGELOGS: readonly Readonly<Record<string, string>>[] = [
  { 'changelog-producer': 'input' },
  { 'changelog-producer': 'input', 'changelog-file.format': 'avro', 'changelog-file.prefix': 'c-' },
  { 'changelog-producer': 'input', 'changelog-file.stats-mode': 'none' },
]

/** What Java tells of the files, and a reader of manifests of all of them, without what is no two tables' own. */
async function describedFiles(name: string): Promise<unknown[]> {
  const { store } = await both.table(name)
  const snapshot = await store.snapshots.readLatest()
  const found: unknown[] = []
  for (let id = 1; id <= snapshot!.id; id++)
    for (const what of ['delta', 'changelog'] as const) {
      const entries = await scanEntries(store.manifests, await store.snapshots.read(id), what)
      for (const { file, ...entry } of entries) {
        const [prefix] = file.fileName.split('-')
        const format = file.fileName.split('.').at(-1)
        found.push({ id, what, prefix, format, ...entry, ...file, ...NOT_COMPARED })
      }
    }
  return found
}

const NOT_COMPARED = { fileName: '', fileSize: 0, creationTime: 0n, embeddedFileIndex: null }

async function checkTable(engine: EngineName, i: number): Promise<number> {
  const random = seeded(seed * 1_000_000 + i)
  const name = `db.${engine.replace('-', '_')}_${i}`
  const changelog = engine !== 'first-row' && random() < 0.5 ? pick(random, CHANGELOGS) : {}
  const options = { 'write-only': 'true', ...pick(random, FORMS), ...changelog }
  const table = randomMergeTable(engine, random, { options })
  const told = `table ${i} of ${engine}, seed ${seed}: ${JSON.stringify(table.schema.options)}`
  const [ours, theirs] = [`${name}_ours`, `${name}_theirs`]
  for (const each of [ours, theirs]) await both.java.create(each, jsonSchema(table))
  for (let commit = between(random, 1, 4); commit > 0; commit--) {
    const rows = Array.from({ length: between(random, 1, 250) }, () => ({
      row: randomMergeRow(table, between(random, 0, 60), random),
      kind: ROW_KINDS[pick(random, table.kinds)]!,
    }))
    const texts = kindedTexts(table, rows)
    const opened = (await both.table(ours)).withOptions(TIGHT)
    await weWrite(opened, texts.map(parseJson))
    await both.java.write(theirs, texts, { options: AMPLE })
  }
  expect({ told, files: await describedFiles(ours) }).toEqual({
    told,
    files: await describedFiles(theirs),
  })
  // Reads of first-row show only what is compacted.
  if (engine === 'first-row') for (const each of [ours, theirs]) await both.java.compact(each)
  const [read, expected] = [await both.java.read(ours), await both.java.read(theirs)]
  const { missing, extra } = differences(read, expected)
  const isLogged = 'changelog-producer' in changelog
  const changes = isLogged ? await both.java.stream(ours) : []
  const expectedChanges = isLogged ? await both.java.stream(theirs) : []
  expect({ told, missing, extra, changes }).toEqual({
    told,
    missing: [],
    extra: [],
    changes: expectedChanges,
  })
  return expected.length
}

test.each(ENGINES)(
  `${TABLES_PER_ENGINE} tables of %s have the files that Java writes`,
  async (engine) => {
    let rowCount = 0
    for (let i = 0; i < TABLES_PER_ENGINE; i++) rowCount += await checkTable(engine, i)
    expect(rowCount).toBeGreaterThan(5 * TABLES_PER_ENGINE)
  },
  600_000,
)

const INDEXED: readonly (readonly [
  name: string,
  type: string,
  value: (random: Random) => unknown,
])[] = [
  ['tiny', 'TINYINT', (random) => between(random, -5, 5)],
  ['number', 'INT', (random) => between(random, -40, 4000)],
  ['big', 'BIGINT', (random) => String(between(random, -1e9, 1e9) * 1e6)],
  ['day', 'DATE', (random) => `20${between(random, 10, 99)}-03-07`],
  ['moment', 'TIMESTAMP(6)', (random) => `20${between(random, 10, 99)}-03-07T01:02:03.123456`],
  ['text', 'STRING', (random) => `text ${between(random, 0, 60)} of ü`],
]
const names = INDEXED.map(([name]) => name).join(',')
const INDEXES: readonly (readonly [type: string, Readonly<Record<string, string>>])[] = [
  [
    'bloom-filter',
    {
      'file-index.bloom-filter.columns': names,
      ...Object.fromEntries(
        INDEXED.map(([name]) => [`file-index.bloom-filter.${name}.items`, '300']),
      ),
    },
  ],
  ['bitmap', { 'file-index.bitmap.columns': names, 'file-index.bitmap.big.version': '1' }],
  ['bsi', { 'file-index.bsi.columns': 'tiny,number,big,day,moment' }],
  [
    'range-bitmap',
    { 'file-index.range-bitmap.columns': names, 'file-index.range-bitmap.text.chunk-size': '90b' },
  ],
]

/** The indexes of the files, as they are stored. */
async function indexesOf(table: Table): Promise<Uint8Array[]> {
  const { store } = table
  const entries = await scanEntries(store.manifests, (await store.snapshots.readLatest())!, 'all')
  return await Promise.all(
    entries.map(async ({ file: { embeddedFileIndex, extraFiles } }) => {
      if (embeddedFileIndex !== null) return embeddedFileIndex
      return new Uint8Array(await readFile(join(store.location.root, 'bucket-0', extraFiles[0]!)))
    }),
  )
}

test.each(INDEXES)(
  '%s of our files lets Java find all rows, with a primary key and without',
  async (type, indexOptions) => {
    const random = seeded(seed)
    for (const keyed of [false, true]) {
      const name = `db.${type.replace('-', '_')}_${keyed ? 'keyed' : 'plain'}`
      // Java looks at the indexes of tables with a primary key only where vectors delete rows.
      const options = {
        bucket: keyed ? '1' : '-1',
        ...(keyed && { 'deletion-vectors.enabled': 'true', 'write-only': 'true' }),
        'file-index.in-manifest-threshold': random() < 0.5 ? '1 b' : '10 mb',
        ...indexOptions,
      }
      const fields = [
        { id: 0, name: 'id', type: 'INT NOT NULL' },
        ...INDEXED.map(([field, of], i) => ({ id: i + 1, name: field, type: of })),
      ]
      const schema = { fields, partitionKeys: [], primaryKeys: keyed ? ['id'] : [], options }
      const [ours, theirs] = [`${name}_ours`, `${name}_theirs`]
      for (const each of [ours, theirs]) await both.java.create(each, schema)
      for (const count of [300, 40, 900]) {
        const rows = Array.from({ length: count }, (_, id) => ({
          id,
          ...Object.fromEntries(
            INDEXED.map(([field, , value]) => [field, random() < 0.1 ? null : value(random)]),
          ),
        }))
        await weWrite(await both.table(ours), rows)
        await both.java.write(
          theirs,
          rows.map((row) => JSON.stringify(row)),
        )
      }
      if (keyed) for (const each of [ours, theirs]) await both.java.compact(each)
      const stored = await indexesOf(await both.table(ours))
      // Java keeps the bitmaps of values in the order of a hash map.
      const ofJava = type === 'bitmap' ? stored : await indexesOf(await both.table(theirs))
      expect(stored.map((bytes, at) => Buffer.compare(bytes, ofJava[at]!))).toEqual(
        ofJava.map(() => 0),
      )
      for (const where of filters(random)) {
        const found = await both.java.read(ours, { where })
        expect({ where, found }).toEqual({ where, found: await both.java.read(theirs, { where }) })
      }
    }
  },
  120_000,
)

function filters(random: Random): JavaFilter[] {
  return INDEXED.flatMap(([column, , value]) => [
    ...['eq', 'lt'].map((op) => ({ column, op, value: value(random) })),
    { column, op: 'isNull', value: null },
  ])
}

test('VARIANT values have the bytes of Java', async () => {
  const schema = {
    fields: [
      { id: 0, name: 'id', type: 'INT NOT NULL' },
      { id: 1, name: 'v', type: 'VARIANT' },
    ],
    partitionKeys: [],
    primaryKeys: ['id'],
    options: { bucket: '1', 'write-only': 'true' },
  }
  const values = [
    '{"b":[1,null,2.50],"a":"ü"}',
    'null',
    '[]',
    '12345678901',
    null,
    '{"x":{"y":1e3}}',
  ]
  const rows = values.map((v, id) => ({ id, v }))
  for (const name of ['db.variant_ours', 'db.variant_theirs']) await both.java.create(name, schema)
  await weWrite(await both.table('db.variant_ours'), rows)
  await both.java.write(
    'db.variant_theirs',
    rows.map((row) => JSON.stringify(row)),
  )
  const theirs = await both.java.variants('db.variant_theirs', 'v')
  expect(theirs.filter((value) => value !== null)).toHaveLength(5)
  expect(await both.java.variants('db.variant_ours', 'v')).toEqual(theirs)
  expect(await both.java.read('db.variant_ours')).toEqual(await both.java.read('db.variant_theirs'))
  expect(await describedFiles('db.variant_ours')).toEqual(await describedFiles('db.variant_theirs'))
})
