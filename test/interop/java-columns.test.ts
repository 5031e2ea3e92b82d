/** Columns that Java writes apart (data evolution, BLOB), row ids, shredded variants and postponed buckets, read by both. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { decodeBlobDescriptor } from '../../src/types/blob-descriptor.ts'
import type { BytesColumn, StructColumn } from '../../src/types/column.ts'
import { isPresent } from '../../src/types/column.ts'
import { readRows } from '../support/golden-expect.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, JavaPaimon, type JavaWarehouse } from './support/java.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)

let java: JavaPaimon
let theirs: JavaWarehouse
let directory: string
let ours: Catalog
const io = new LocalFileIO()

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-interop-'))
  theirs = java.warehouse(directory)
  ours = new Catalog(io, directory)
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await io.close()
  await rm(directory, { recursive: true })
})

const field = (id: number, name: string, type: unknown): unknown => ({ id, name, type })

async function create(
  table: string,
  fields: readonly unknown[],
  options: Readonly<Record<string, string>>,
  primaryKeys: readonly string[] = [],
): Promise<void> {
  await theirs.create(table, { fields, partitionKeys: [], primaryKeys, options })
}

async function expectSameRows(table: string): Promise<void> {
  const open = table.includes('$') ? ours.systemTable(table) : ours.table(table)
  const rows = await readRows((await open).read())
  expect(rows).toEqual(await theirs.read(table))
}

describe('columns that are written apart read as in Java', () => {
  const COLUMNS = ['id', 'a', 'b', 'c', 'x', 'y'] as const
  const tables = Array.from({ length: isFull ? 60 : 12 }, (_, i) => i)

  const fields = [
    field(0, 'id', 'INT'),
    field(1, 'a', 'STRING'),
    field(2, 'b', 'BIGINT'),
    field(3, 'c', { type: 'ARRAY', element: 'DOUBLE' }),
    field(4, 'x', 'BLOB'),
    field(5, 'y', 'BLOB'),
  ]

  function value(random: Random, column: (typeof COLUMNS)[number]): unknown {
    if (between(random, 0, 5) === 0) return null
    switch (column) {
      case 'id':
        return between(random, 0, 1000)
      case 'a':
        return `text ${between(random, 0, 1e6)}`
      case 'b':
        return String(between(random, -1e9, 1e9))
      case 'c':
        return Array.from({ length: between(random, 0, 4) }, () => between(random, 0, 9) / 4)
      default: {
        const length = pick(random, [0, 3, 40, 900])
        return Buffer.from(Array.from({ length }, () => between(random, 0, 256))).toString('hex')
      }
    }
  }

  const rowsOf = (random: Random, columns: readonly (typeof COLUMNS)[number][], count: number) =>
    Array.from({ length: count }, () =>
      JSON.stringify(Object.fromEntries(columns.map((name) => [name, value(random, name)]))),
    )

  /** Some of the columns in their order, one at least that is no BLOB. */
  const someColumns = (random: Random): (typeof COLUMNS)[number][] => {
    const chosen = COLUMNS.filter(() => between(random, 0, 2) === 0)
    return chosen.some((name) => name < 'x') ? chosen : ['a', ...chosen]
  }

  test.each(tables)(`table %i of seed ${seed}`, async (i) => {
    const random = seeded(seed * 1000 + i)
    const table = `db.columns${i}`
    await create(table, fields, {
      bucket: '-1',
      'row-tracking.enabled': 'true',
      'data-evolution.enabled': 'true',
      'blob.target-file-size': pick(random, ['2 kb', '1 mb']),
      'file.format': pick(random, ['parquet', 'avro', 'orc']),
    })
    // Java cannot read what it compacted where some of the joined rows have no blob file.
    const isCompacted = i % 2 === 0
    const ranges: { from: number; count: number }[] = []
    let nextRowId = 0
    for (let step = 0; step < 8; step++) {
      const range = ranges.length > 0 ? pick(random, ranges) : undefined
      if (range !== undefined && between(random, 0, 2) === 0) {
        const columns = someColumns(random)
        const rows = rowsOf(random, columns, range.count)
        await theirs.writeColumns(table, columns, rows, { firstRowId: range.from })
        continue
      }
      const isPartial = !isCompacted && between(random, 0, 3) === 0
      const columns = isPartial ? someColumns(random) : COLUMNS
      const count = between(random, 1, 40)
      await theirs.writeColumns(table, columns, rowsOf(random, columns, count))
      ranges.push({ from: nextRowId, count })
      nextRowId += count
    }
    await expectSameRows(table)
    await expectSameRows(`${table}$row_tracking`)
    const all = await theirs.read(table)
    expect(all).toHaveLength(nextRowId)
    const least = between(random, 0, 1000)
    const isMatch = (row: string): boolean =>
      ((JSON.parse(row) as { id: number | null }).id ?? -1) >= least
    const matching = (await ours.table(table)).read({ where: `id >= ${least}` })
    expect(await readRows(matching)).toEqual(all.filter(isMatch))
    if (isCompacted) {
      await theirs.compactColumns(table, { 'compaction.min.file-num': '2' })
      await expectSameRows(table)
      await expectSameRows(`${table}$row_tracking`)
    }
  })
  test('after columns were renamed, added and changed their types', async () => {
    const random = seeded(seed)
    const table = 'db.evolved'
    const before = [field(0, 'id', 'INT'), field(1, 'a', 'STRING'), field(2, 'b', 'INT')]
    const after = [
      field(2, 'b', 'BIGINT'),
      field(0, 'key', 'STRING'),
      field(1, 'text', 'STRING'),
      field(3, 'a', 'DOUBLE'),
      field(4, 'x', 'BLOB'),
    ]
    await create(table, before, {
      bucket: '-1',
      'row-tracking.enabled': 'true',
      'data-evolution.enabled': 'true',
    })
    await theirs.writeColumns(table, ['id', 'a'], rowsOf(random, ['id', 'a'], 20))
    await theirs.writeColumns(
      table,
      ['id', 'a', 'b'],
      ['{"id":1,"a":"one","b":-5}', '{"id":2,"a":null,"b":null}'],
    )
    const first = `${directory}/db.db/evolved/schema/schema-0`
    const stored = JSON.parse(new TextDecoder().decode(await io.read(first))) as object
    const next = { ...stored, id: 1, fields: after, highestFieldId: 4 }
    await io.write(first.replace(/0$/, '1'), new TextEncoder().encode(JSON.stringify(next)))
    await expectSameRows(table)
    const values = ['{"a":1.5,"x":"00ff"}', '{"a":null,"x":null}']
    await theirs.writeColumns(table, ['a', 'x'], values, { firstRowId: 20 })
    const texts = Array.from({ length: 20 }, (_, i) => JSON.stringify({ text: `new ${i}` }))
    await theirs.writeColumns(table, ['text'], texts, { firstRowId: 0 })
    const rows = ['{"b":"7","key":"k","text":"t","a":0.25,"x":""}']
    await theirs.writeColumns(table, ['b', 'key', 'text', 'a', 'x'], rows)
    expect(await theirs.read(table)).toHaveLength(23)
    await expectSameRows(table)
    await expectSameRows(`${table}$row_tracking`)
  })

  test('where Java joined rows that have blob files with rows that have none', async () => {
    const random = seeded(seed)
    const table = 'db.gaps'
    const options = { 'row-tracking.enabled': 'true', 'data-evolution.enabled': 'true' }
    await create(table, fields, { bucket: '-1', ...options })
    await theirs.writeColumns(table, COLUMNS, rowsOf(random, COLUMNS, 5))
    await theirs.writeColumns(table, ['id', 'a'], rowsOf(random, ['id', 'a'], 3))
    await theirs.writeColumns(table, ['id', 'y'], rowsOf(random, ['id', 'y'], 4))
    await expectSameRows(table)
    const rows = await theirs.read(table)
    expect(await theirs.compactColumns(table, { 'compaction.min.file-num': '2' })).toBe(1)
    expect(await readRows((await ours.table(table)).read())).toEqual(rows)
    await expect(theirs.read(table)).rejects.toThrow('should be continuous')
  })
})

const rowType = (fields: Readonly<Record<string, unknown>>): unknown => ({
  type: 'ROW',
  fields: Object.entries(fields).map(([name, type], i) => field(i, name, type)),
})

/** A JSON text, often of the types that tables are shredded by. */
function json(random: Random, depth: number): unknown {
  switch (between(random, 0, depth > 0 ? 9 : 5)) {
    case 0:
      return null
    case 1:
      return between(random, 0, 2) === 0
    case 2:
      return pick(random, [0, 7, 300, -70_000, 1e9])
    case 3:
      return pick(random, ['', 'text', 'é'.repeat(40)])
    case 4:
      return pick(random, [1.25, -300.5, 12_345_678.75])
    case 5:
      return Array.from({ length: between(random, 0, 4) }, () => json(random, depth - 1))
    default: {
      const names = ['a', 'b', 'c', 'n', 's', 'x', 'z', 'more'].filter(() => random() < 0.6)
      const typical: Readonly<Record<string, () => unknown>> = {
        a: () => Array.from({ length: between(random, 0, 4) }, () => between(random, 0, 999)),
        c: () => random() < 0.5,
        n: () => between(random, -40_000, 40_000),
        s: () => `s${between(random, 0, 99)}`,
        x: () => between(random, 100, 10_000) / 4,
      }
      const value = (name: string): unknown =>
        random() < 0.7 ? (typical[name]?.() ?? json(random, depth - 1)) : json(random, depth - 1)
      return Object.fromEntries(names.map((name) => [name, value(name)]))
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function variantsOf(table: string): Promise<(string | null)[]> {
  const found: (string | null)[] = []
  for await (const batch of (await ours.table(table)).read({ columns: ['v'] }).batches()) {
    const column = batch.columns[0] as StructColumn
    const parts = column.children as BytesColumn[]
    for (let row = 0; row < batch.length; row++) {
      const hex = parts.map(({ data, starts, ends }) =>
        Buffer.from(data.subarray(starts[row], ends[row])).toString('hex'),
      )
      found.push(isPresent(column, row) ? hex.join(' ') : null)
    }
  }
  return found
}

describe('variants have the bytes that Java reads', () => {
  const shapes: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['whole', {}],
    [
      'objects',
      shredded(
        rowType({
          a: { type: 'ARRAY', element: 'BIGINT' },
          b: rowType({ n: 'INT', s: 'STRING' }),
          c: 'BOOLEAN',
          n: 'SMALLINT',
          s: 'STRING',
          x: 'DECIMAL(9, 2)',
          z: 'VARIANT',
        }),
      ),
    ],
    [
      'arrays of objects',
      shredded({ type: 'ARRAY', element: rowType({ n: 'DOUBLE', s: 'STRING' }) }),
    ],
    ['numbers', shredded('BIGINT')],
    ['what Java infers', { 'variant.inferShreddingSchema': 'true' }],
  ]

  function shredded(type: unknown): Readonly<Record<string, string>> {
    return { 'parquet.variant.shreddingSchema': JSON.stringify(rowType({ v: type })) }
  }

  test.each(shapes)('%s', async (name, options) => {
    const random = seeded(seed + name.length)
    const table = `db.variants_${name.replaceAll(' ', '_')}`
    await create(table, [field(0, 'id', 'INT'), field(1, 'v', 'VARIANT')], {
      bucket: '-1',
      ...options,
    })
    const isArray = name.startsWith('arrays')
    const isInferred = 'variant.inferShreddingSchema' in options
    const rows = Array.from({ length: 300 }, (_, id) => {
      let value = isArray ? [json(random, 3), json(random, 2)] : json(random, 3)
      // Java infers a schema only where values are much alike.
      if (isInferred) while (!isObject(value)) value = json(random, 3)
      return JSON.stringify({ id, v: id % 10 === 0 ? null : JSON.stringify(value) })
    })
    await theirs.write(table, rows)
    await expectSameRows(table)
    expect(await variantsOf(table)).toEqual(await theirs.variants(table, 'v'))
  })
})

test('rows whose bucket is decided later are there once it is', async () => {
  const table = 'db.postponed'
  const fields = [field(0, 'k', 'INT NOT NULL'), field(1, 'v', 'STRING')]
  await create(table, fields, { bucket: '-2', 'write-only': 'true' }, ['k'])
  await theirs.write(table, ['{"k":1,"v":"a"}', '{"k":2,"v":"b"}'])
  expect(await theirs.read(table)).toEqual([])
  await expectSameRows(table)
  // A write of a fixed number of buckets decides at once.
  const decided = { bucket: '2' }
  await theirs.write(table, ['{"k":3,"v":"c"}', '{"k":1,"v":"d"}'], { options: decided })
  expect(await theirs.read(table)).toHaveLength(2)
  await expectSameRows(table)
})

/** The value that a descriptor stands for, in hexadecimal digits. */
async function valueOf(descriptor: unknown): Promise<string | null> {
  if (descriptor === null) return null
  const { uri, offset, lengthBytes } = decodeBlobDescriptor(descriptor as Uint8Array)
  return Buffer.from(await io.readRange(uri, offset, lengthBytes)).toString('hex')
}

describe('BLOB values that lie elsewhere', () => {
  const fields = [field(0, 'id', 'INT'), field(1, 'x', 'BLOB'), field(2, 'y', 'BLOB')]
  const rows = [
    '{"id":1,"x":"0102","y":"ff"}',
    '{"id":2,"x":null,"y":null}',
    '{"id":3,"x":"","y":""}',
  ]

  test('are read from where Java put them', async () => {
    await create('db.external', fields, {
      bucket: '-1',
      'row-tracking.enabled': 'true',
      'data-evolution.enabled': 'true',
      'blob-descriptor-field': 'x',
      'blob-external-storage-field': 'x',
      'blob-external-storage-path': `${directory}/external`,
    })
    await theirs.writeColumns('db.external', ['id', 'x', 'y'], rows)
    expect(await theirs.read('db.external')).toEqual(rows)
    await expectSameRows('db.external')
  })

  test.each(['external', 'internal'])('%s ones are described', async (kind) => {
    const table = `db.${kind}`
    if (kind === 'internal') {
      const options = { 'row-tracking.enabled': 'true', 'data-evolution.enabled': 'true' }
      await create(table, fields, { bucket: '-1', ...options })
      await theirs.writeColumns(table, ['id', 'x', 'y'], rows)
    }
    const options = { 'blob-as-descriptor': 'true' }
    const found = await (await ours.table(table)).read({ options }).toArray()
    const values = found.map(async ({ id, x, y }) => ({
      id,
      x: await valueOf(x),
      y: await valueOf(y),
    }))
    expect((await Promise.all(values)).map((row) => JSON.stringify(row))).toEqual(rows)
  })
})

const vector = (element: string, length: number): unknown => ({ type: 'VECTOR', element, length })

test.each([
  ['Avro files', { 'file.format': 'avro' }],
  [
    'files of their own',
    {
      'vector.file.format': 'avro',
      'row-tracking.enabled': 'true',
      'data-evolution.enabled': 'true',
    },
  ],
])('vectors in %s read as in Java', async (name, options) => {
  const table = `db.vectors_in_${name.replaceAll(' ', '_')}`
  const fields = [
    field(0, 'id', 'INT'),
    field(1, 'v', vector('FLOAT', 3)),
    field(2, 'w', vector('BIGINT', 1)),
  ]
  await create(table, fields, { bucket: '-1', ...options })
  await theirs.write(table, [
    '{"id":1,"v":[1.5,-2,0],"w":["7"]}',
    '{"id":2,"v":null,"w":["-9223372036854775808"]}',
    '{"id":3,"v":[0,0,0.25],"w":null}',
  ])
  expect(await theirs.read(table)).toHaveLength(3)
  await expectSameRows(table)
})

test('keys of all partitions together, and rows without fixed buckets, read as in Java', async () => {
  const fields = [
    field(0, 'p', 'INT NOT NULL'),
    field(1, 'k', 'INT NOT NULL'),
    field(2, 'v', 'STRING'),
  ]
  const table = 'db.cross_partition'
  const schema = { fields, partitionKeys: ['p'], primaryKeys: ['k'], options: { bucket: '-1' } }
  await theirs.create(table, schema)
  const columns = ['p', 'k', 'v']
  await theirs.writeColumns(table, columns, ['{"p":1,"k":1,"v":"a"}', '{"p":1,"k":2,"v":"b"}'], {
    bucket: 0,
  })
  await theirs.writeColumns(table, columns, ['{"p":1,"k":2,"v":"c"}', '{"p":2,"k":3,"v":"d"}'], {
    bucket: 0,
  })
  await theirs.writeColumns(table, columns, ['{"p":2,"k":4,"v":"e"}'], { bucket: 1 })
  expect(await theirs.read(table)).toHaveLength(4)
  await expectSameRows(table)
})

/** Whether a row of `$row_tracking` has an id from 45 to 159. */
function isChosen(row: string): boolean {
  const id = Number(/"_ROW_ID":"(\d+)"/.exec(row)?.[1])
  return id >= 45 && id < 160
}

/** Fifty rows, which are numbered from `first` on. */
const numbered = (first: number): string[] =>
  Array.from({ length: 50 }, (_, i) => JSON.stringify({ id: first + i, v: `text ${first + i}` }))

test('rows keep their ids when Java rewrites their files', async () => {
  const table = 'db.tracked'
  const fields = [field(0, 'id', 'INT'), field(1, 'v', 'STRING')]
  await create(table, fields, { bucket: '-1', 'row-tracking.enabled': 'true' })
  for (const first of [0, 100, 200]) await theirs.write(table, numbered(first))
  const before = await theirs.read(`${table}$row_tracking`)
  await theirs.compact(table)
  await theirs.write(table, numbered(300))
  const rows = await theirs.read(`${table}$row_tracking`)
  expect(rows).toEqual(expect.arrayContaining(before))
  await expectSameRows(`${table}$row_tracking`)
  await expectSameRows(table)
  const where = '_ROW_ID >= 45 and _ROW_ID < 160'
  const chosen = await readRows((await ours.systemTable(`${table}$row_tracking`)).read({ where }))
  expect(chosen).toEqual(rows.filter(isChosen))
})

test('rows keep their ids where Java deleted others', async () => {
  const table = 'db.tracked_deletes'
  const fields = [field(0, 'id', 'INT'), field(1, 'v', 'STRING')]
  await create(table, fields, {
    bucket: '-1',
    'row-tracking.enabled': 'true',
    'deletion-vectors.enabled': 'true',
  })
  for (const first of [0, 100, 200]) await theirs.write(table, numbered(first))
  await theirs.deleteRows(table, 0.3, seed)
  const rows = await theirs.read(`${table}$row_tracking`)
  expect(rows.length).toBeLessThan(150)
  await expectSameRows(`${table}$row_tracking`)
  const where = '_ROW_ID >= 45 and _ROW_ID < 160'
  const chosen = await readRows((await ours.systemTable(`${table}$row_tracking`)).read({ where }))
  expect(chosen).toEqual(rows.filter(isChosen))
  await theirs.compact(table)
  await expectSameRows(`${table}$row_tracking`)
})
