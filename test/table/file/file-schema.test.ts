/** Tables whose schema file is replaced between commits: older files read under it, newer files under the older one. */
import { describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { Table } from '../../../src/table/table.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import type { NewSchema } from '../../../src/types/new-schema.ts'
import { schemaFileText, type TableSchema } from '../../../src/types/schema-file.ts'
import { parseField } from '../../../src/types/type-text.ts'

type Row = Record<string, unknown>

let warehouses = 0

class EvolvingTable implements AsyncDisposable {
  readonly #io = new MemoryFileIO()
  readonly #warehouse = `memory://evolved-${warehouses++}`
  readonly #catalog = new Catalog(this.#io, this.#warehouse)

  async create(
    fields: readonly unknown[],
    primaryKeys: string[] = [],
    format = 'parquet',
  ): Promise<void> {
    await this.#catalog.createTable('db.t', {
      fields: fields.map((each): DataField => parseField(each)),
      partitionKeys: [],
      primaryKeys,
      options: { bucket: primaryKeys.length > 0 ? '1' : '-1', 'file.format': format },
      hasIds: true,
    } satisfies NewSchema)
  }

  async open(): Promise<Table> {
    return await this.#catalog.table('db.t')
  }

  async write(rows: readonly Row[]): Promise<void> {
    await using writer = await (await this.open()).writer()
    await writer.write(rows as never)
    await writer.commit()
  }

  /** The next schema, with these fields. */
  async change(fields: readonly unknown[], primaryKeys?: string[]): Promise<void> {
    const { schema } = await this.open()
    const next: TableSchema = {
      ...schema,
      id: schema.id + 1,
      fields: fields.map((field): DataField => parseField(field)),
      primaryKeys: primaryKeys ?? schema.primaryKeys,
    }
    const path = `${this.#warehouse}/db.db/t/schema/schema-${next.id}`
    await this.#io.write(path, new TextEncoder().encode(schemaFileText(next)))
  }

  async read(options: Row = {}): Promise<unknown[]> {
    return await (await this.open()).read(options).toArray()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#catalog.close()
  }
}

const field = (id: number, name: string, type: unknown) => ({ id, name, type })

/** Rows of the keys `[from, to)`. */
const rowsOf = (from: number, to: number, v: string | null): Row[] =>
  Array.from({ length: to - from }, (_, i) => ({ k: from + i, v, w: `w${from + i}` }))

const keyed = (a: string, b: string) => [
  field(0, a, 'INT NOT NULL'),
  field(1, b, 'INT NOT NULL'),
  field(2, 'v', 'STRING'),
]

describe.each(['parquet', 'avro'])('%s files', (format) => {
  test('are read by ids, and cast, under newer and older schemas', async () => {
    await using table = new EvolvingTable()
    await table.create([field(0, 'a', 'INT'), field(1, 'b', 'STRING')], [], format)
    await table.write([
      { a: 1, b: '7' },
      { a: null, b: null },
    ])
    await table.change([field(1, 'a', 'BIGINT'), field(0, 'b', 'STRING'), field(2, 'c', 'INT')])
    await table.write([{ a: 5_000_000_000n, b: '2', c: 3 }])
    expect(await table.read()).toEqual([
      { a: 7n, b: '1', c: null },
      { a: null, b: null, c: null },
      { a: 5_000_000_000n, b: '2', c: 3 },
    ])
    expect(await table.read({ where: 'a = 7' })).toEqual([{ a: 7n, b: '1', c: null }])
    expect(await table.read({ where: 'c is null and a > 0' })).toEqual([{ a: 7n, b: '1', c: null }])
    const older = (await table.open()).changes({
      follow: false,
      options: { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': 1 },
    })
    const rows: unknown[] = []
    for await (const change of older) rows.push(change)
    expect(JSON.stringify(rows)).toContain('"b":"5000000000"')
  })

  test('key columns that swapped their names keep their values', async () => {
    await using table = new EvolvingTable()
    await table.create(keyed('a', 'b'), ['a', 'b'], format)
    await table.write([
      { a: 1, b: 2, v: 'x' },
      { a: 1, b: 3, v: 'y' },
    ])
    await table.change(keyed('b', 'a'), ['b', 'a'])
    await table.write([
      { b: 1, a: 3, v: 'z' },
      { b: 3, a: 1, v: 'w' },
    ])
    expect(await table.read()).toEqual([
      { b: 1, a: 2, v: 'x' },
      { b: 1, a: 3, v: 'z' },
      { b: 3, a: 1, v: 'w' },
    ])
    expect(await table.read({ where: 'b = 3' })).toEqual([{ b: 3, a: 1, v: 'w' }])
  })
})

test('a value that cannot be cast fails the read by its column, its file and what to do', async () => {
  await using table = new EvolvingTable()
  await table.create([field(0, 'a', 'STRING')])
  await table.write([{ a: '1' }, { a: 'one' }])
  await table.change([field(0, 'n', 'INT')])
  await expect(table.read()).rejects.toMatchObject({
    code: 'INVALID',
    message: expect.stringMatching(
      /^column n: the value "one" cannot be cast to INT, in .*\.parquet$/,
    ) as string,
    path: expect.stringMatching(/\.parquet$/) as string,
    hint: expect.stringContaining('read an older snapshot') as string,
  })
  await table.change([field(0, 'n', 'STRING')])
  expect(await table.read()).toEqual([{ n: '1' }, { n: 'one' }])
})

describe('a value that cannot be cast does no harm', () => {
  const before = [field(0, 'k', 'INT NOT NULL'), field(1, 'v', 'STRING'), field(2, 'w', 'STRING')]
  const after = [field(0, 'k', 'INT NOT NULL'), field(1, 'v', 'INT'), field(2, 'w', 'STRING')]

  test('where another row of its key took its place', async () => {
    await using table = new EvolvingTable()
    await table.create(before, ['k'])
    await table.write(rowsOf(0, 50, 'bad'))
    await table.write(rowsOf(0, 40, '7'))
    await table.change(after)
    await table.write([{ k: 49, v: 3, w: 'new' }])
    await expect(table.read()).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(/^column v: the value "bad" .*, in .*\.parquet$/) as string,
      path: expect.stringMatching(/\.parquet$/) as string,
    })
    await table.write(rowsOf(40, 49, null))
    const rows = await table.read()
    expect(rows).toHaveLength(50)
    expect(rows[0]).toEqual({ k: 0, v: 7, w: 'w0' })
    expect(rows[45]).toEqual({ k: 45, v: null, w: 'w45' })
    expect(rows[49]).toEqual({ k: 49, v: 3, w: 'new' })
    expect(await table.read({ where: 'v = 3' })).toEqual([{ k: 49, v: 3, w: 'new' }])
  })

  test('where a filter on other columns leaves its row out', async () => {
    await using table = new EvolvingTable()
    await table.create(before)
    await table.write([...rowsOf(0, 20, '5'), ...rowsOf(20, 30, 'bad'), ...rowsOf(30, 40, '6')])
    await table.change(after)
    expect(await table.read({ where: 'k in (19, 30)' })).toEqual([
      { k: 19, v: 5, w: 'w19' },
      { k: 30, v: 6, w: 'w30' },
    ])
    expect(await table.read({ where: 'k < 20 or k >= 30' })).toHaveLength(30)
    expect(await table.read({ columns: ['k'] })).toHaveLength(40)
    await expect(table.read({ where: 'k in (19, 20)' })).rejects.toThrow('"bad" cannot be cast')
    await expect(table.read({ where: 'v = 5' })).rejects.toThrow('"bad" cannot be cast')
  })
})

test('a type that there is no cast from is refused by its column and file', async () => {
  await using table = new EvolvingTable()
  await table.create([field(0, 'a', 'DATE'), field(1, 'b', 'INT')])
  await table.write([{ a: '2020-01-01', b: 1 }])
  await table.change([field(0, 'n', 'INT'), field(1, 'b', 'INT')])
  await expect(table.read()).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(
      /^column n: there is no cast from DATE to INT, in .*\.parquet$/,
    ) as string,
  })
  expect(await table.read({ columns: ['b'] })).toEqual([{ b: 1 }])
})

test('files are ruled out by statistics of the type that they have', async () => {
  await using table = new EvolvingTable()
  await table.create([field(0, 'a', 'INT'), field(1, 'd', 'DATE')])
  await table.write([
    { a: 1, d: '2020-01-01' },
    { a: 2, d: '2020-01-02' },
  ])
  await table.write([{ a: 1000, d: '2021-01-01' }])
  await table.change([field(0, 'a', 'BIGINT'), field(1, 'd', 'TIMESTAMP(3)'), field(2, 'c', 'INT')])
  const files = async (where: string): Promise<number> => {
    const plan = await (await table.open()).read({ where }).plan()
    return plan.splits.flatMap((split) => split.files).length
  }
  expect(await files('a = 2')).toBe(1)
  expect(await files('a > 5000000000')).toBe(0)
  expect(await files(`d < timestamp '2020-06-01 00:00:00'`)).toBe(1)
  expect(await files('c = 1')).toBe(0)
  expect(await files('c is null')).toBe(2)
})
