/** Rows whose columns lie in several files. */
import { describe, expect, test } from 'vitest'

import { openJoinedFile } from '../../../src/table/file/joined-file.ts'
import { readSplit } from '../../../src/table/split/split-read.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD } from '../../../src/types/field-ids.ts'
import { cellValue, type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { and, eq, gte, lt, type Predicate } from '../../../src/types/predicate.ts'
import { ColumnTable } from '../../support/column-files.ts'
import { between, pick, type Random, seeded } from '../../support/random.ts'

type Row = InternalValue[]

async function rowsOf(
  table: ColumnTable,
  fields: readonly DataField[] = table.context.schema.fields,
  where?: Predicate,
): Promise<Row[]> {
  const rows: Row[] = []
  for await (const { length, columns } of readSplit(table.context, table.split, { fields, where }))
    for (let row = 0; row < length; row++)
      rows.push(fields.map(({ type }, i) => cellValue(columns[i]!, type, row)))
  return rows
}

const FIELDS = [
  [0, 'id', 'INT'],
  [1, 'a', 'STRING'],
  [2, 'b', 'BIGINT'],
  [3, 'x', 'BLOB'],
  [4, 'v', { type: 'VECTOR', element: 'FLOAT', length: 2 }],
] as const

async function newTable(): Promise<ColumnTable> {
  const table = new ColumnTable()
  await table.addSchema(FIELDS)
  return table
}

const NAMES = ['id', 'a', 'b', 'x', 'v'] as const

function randomValue(random: Random, column: string): InternalValue {
  if (between(random, 0, 4) === 0) return null
  const number = between(random, 0, 50)
  switch (column) {
    case 'id':
      return number
    case 'a':
      return utf8(`text ${number}`)
    case 'b':
      return BigInt(number)
    case 'x':
      return new Uint8Array(number).fill(number)
    default:
      return [number, -1]
  }
}

/** Writes values of some columns of the rows, as Java would spread them over files, and notes them in `model`. */
async function writeRandom(
  table: ColumnTable,
  model: Row[],
  random: Random,
  { from, to, sequence }: { from: number; to: number; sequence: number },
): Promise<void> {
  const isNew = model.length < to
  while (model.length < to) model.push(NAMES.map(() => null))
  const chosen = NAMES.filter(() => isNew || between(random, 0, 2) === 0)
  const writes = (columns: readonly string[], first: number, end: number): Row[] =>
    Array.from({ length: end - first }, (_, i) =>
      columns.map((name) => {
        const value = randomValue(random, name)
        model[first + i]![NAMES.indexOf(name as (typeof NAMES)[number])] = value
        return value
      }),
    )
  const plain = chosen.filter((name) => name < 'v')
  if (plain.length > 0) {
    const format = pick(random, ['parquet', 'avro'] as const)
    const rows = writes(plain, from, to)
    await table.write({ columns: plain, rows, firstRowId: from, sequence, format })
  }
  for (const name of chosen.filter((column) => column >= 'v')) {
    const format = name === 'x' ? 'blob' : 'vector.avro'
    for (let first = from; first < to;) {
      const end = Math.min(to, first + between(random, 1, 30))
      const rows = writes([name], first, end)
      await table.write({ columns: [name], rows, firstRowId: first, sequence, format })
      first = end
    }
  }
}

test('each column comes from the latest file that has it', async () => {
  for (let seed = 0; seed < 25; seed++) {
    const random = seeded(seed)
    const table = await newTable()
    const model: Row[] = []
    const ranges = [
      { from: 0, to: 40 },
      { from: 40, to: 75 },
    ]
    for (const [i, range] of ranges.entries())
      await writeRandom(table, model, random, { ...range, sequence: 1 + i })
    for (let sequence = 3; sequence < 7; sequence++)
      await writeRandom(table, model, random, { ...pick(random, ranges), sequence })
    expect(await rowsOf(table), `seed ${seed}`).toEqual(model)

    const { fields } = table.context.schema
    const chosen = fields.filter(() => between(random, 0, 2) === 0)
    const places = chosen.map(({ name }) => NAMES.indexOf(name as 'id'))
    const projected = model.map((row) => places.map((place) => row[place]!))
    expect(await rowsOf(table, chosen), `columns of seed ${seed}`).toEqual(projected)

    const where = and(gte('id', 10), lt('b', 30n))
    const matching = model.filter(([id, , b]) => Number(id ?? -1) >= 10 && Number(b ?? 99n) < 30)
    expect(await rowsOf(table, fields, where), `filter of seed ${seed}`).toEqual(matching)
  }
})

const text = (row: number): Uint8Array => utf8(`t${row}`)

test('a filter reads only the rows that the statistics of each column leave', async () => {
  const table = await newTable()
  const count = 60_000
  const column = (value: (row: number) => InternalValue): Row[] =>
    Array.from({ length: count }, (_, row) => [value(row)])
  await table.write({ columns: ['id'], rows: column((row) => row), firstRowId: 0, sequence: 1 })
  // The column is in the other file too, where it is not the latest.
  const old = await table.write({
    columns: ['a'],
    rows: column(() => utf8('old')),
    firstRowId: 0,
    sequence: 1,
  })
  await table.write({ columns: ['a'], rows: column(text), firstRowId: 0, sequence: 2 })
  const fields = table.context.schema.fields.slice(0, 2)
  expect(await rowsOf(table, fields, eq('id', 50_000))).toEqual([[50_000, text(50_000)]])
  expect(await rowsOf(table, fields, eq('a', 't7'))).toEqual([[7, text(7)]])
  // What is not needed is not opened.
  await table.io.delete(table.pathOf(old))
  expect(await rowsOf(table, fields, eq('id', 3))).toEqual([[3, text(3)]])
})

test('columns are matched by their ids, whatever they are called', async () => {
  const table = await newTable()
  await table.write({ columns: ['id', 'a'], rows: [[1, utf8('one')]], firstRowId: 0, sequence: 1 })
  await table.addSchema([
    [0, 'key', 'BIGINT'],
    [1, 'text', 'STRING'],
    [9, 'a', 'STRING'],
  ])
  await table.write({
    schemaId: 1,
    columns: ['a'],
    rows: [[utf8('new')]],
    firstRowId: 0,
    sequence: 2,
  })
  expect(await rowsOf(table)).toEqual([[1n, utf8('one'), utf8('new')]])
})

test('rows that no file has values of are null in a column', async () => {
  const table = await newTable()
  const rows: Row[] = Array.from({ length: 6 }, (_, id) => [id])
  await table.write({ columns: ['id'], rows, firstRowId: 10, sequence: 1 })
  const blob = { columns: ['x'], sequence: 1, format: 'blob' } as const
  await table.write({ ...blob, rows: [[Uint8Array.of(1)]], firstRowId: 11 })
  await table.write({ ...blob, rows: [[Uint8Array.of(2)]], firstRowId: 14 })
  const fields = table.context.schema.fields.filter(({ name }) => name === 'x')
  const values = (await rowsOf(table, fields)).map(([value]) => (value as Uint8Array | null)?.[0])
  expect(values).toEqual([undefined, 1, undefined, undefined, 2, undefined])
})

describe('row ids and sequence numbers', () => {
  const SYSTEM = [ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD]

  test('come from the manifest, of the latest file', async () => {
    const table = await newTable()
    const rows: Row[] = [[1], [2], [3]]
    await table.write({ columns: ['id'], rows, firstRowId: 7, sequence: 1 })
    await table.write({ columns: ['b'], rows: [[1n], [2n], [3n]], firstRowId: 7, sequence: 4 })
    expect(await rowsOf(table, SYSTEM)).toEqual([
      [7n, 4n],
      [8n, 4n],
      [9n, 4n],
    ])
    expect(await rowsOf(table, SYSTEM, eq('id', 3))).toEqual([[9n, 4n]])
  })

  test('come from the file where it has them', async () => {
    const table = await newTable()
    const nullable = { kind: 'BIGINT', nullable: true } as const
    const extra = SYSTEM.map((field) => ({ ...field, type: nullable }))
    const rows: Row[] = [
      [1, 100n, 5n],
      [2, null, null],
    ]
    await table.write({ columns: ['id'], rows, firstRowId: 20, sequence: 9, extra })
    expect(await rowsOf(table, SYSTEM)).toEqual([
      [100n, 5n],
      [21n, 9n],
    ])
  })
})

describe('is CORRUPT where', () => {
  const rows: Row[] = [[1], [2]]
  const first = { columns: ['id'], rows, firstRowId: 0, sequence: 1 } as const
  const blob = { columns: ['x'], firstRowId: 0, sequence: 1, format: 'blob' } as const

  test.each([
    ['files of rows overlap in part', { ...first, columns: ['id'], firstRowId: 1 }],
    ['values are of rows that are not there', { ...blob, rows: [[null], [null], [null]] }],
    ['values are of rows before', { ...blob, rows: [[null], [null]], firstRowId: -1 }],
    ['a file does not say what it has', { ...blob, columns: ['?'], rows: [[null]] }],
  ])('%s', async (_, second) => {
    const table = await newTable()
    await table.write(first)
    await table.write(second)
    await expect(rowsOf(table)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('two files hold the same values', async () => {
    const table = await newTable()
    await table.write(first)
    await table.write({ ...blob, rows: [[null], [null]] })
    await table.write({ ...blob, rows: [[null], [null]] })
    await expect(rowsOf(table)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('there are no rows that values belong to', async () => {
    const table = await newTable()
    await table.write({ ...blob, rows: [[null], [null]] })
    await table.write({ ...blob, rows: [[null]], sequence: 2 })
    await expect(rowsOf(table)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('rows have no ids', async () => {
    const table = await newTable()
    const file = { ...(await table.write(first)), firstRowId: null }
    const read = readSplit(
      table.context,
      { ...table.split, files: [file] },
      { fields: [ROW_ID_FIELD] },
    )
    await expect(read.next()).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('a file has fewer rows than its manifest says', async () => {
    const table = await newTable()
    const file = await table.write(first)
    const other = await table.write({ ...first, columns: ['b'], rows: [[1n]], sequence: 2 })
    const group = [file, { ...other, rowCount: 2 }]
    const open = await openJoinedFile(table.context, table.split, group, undefined)
    const cursor = open.cursor({ fields: table.context.schema.fields.slice(0, 3) })
    await cursor.read(1)
    await expect(cursor.read(1)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('a column that is never null is in no file', async () => {
    const table = new ColumnTable()
    await table.addSchema([
      [0, 'id', 'INT'],
      [1, 'b', 'BIGINT'],
      [2, 'c', 'INT NOT NULL'],
    ])
    await table.write(first)
    await table.write({ ...first, columns: ['b'], rows: [[1n], [2n]], sequence: 2 })
    await expect(rowsOf(table)).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
