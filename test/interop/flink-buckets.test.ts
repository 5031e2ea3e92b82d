/** Buckets that Flink decides and this library too: keys that move between partitions, postponed buckets, rescaling. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { Catalog } from '../../src/catalog/catalog.ts'
import { bucketCounts } from '../../src/snapshot/bucket-counts.ts'
import { canonicalRow, readRows } from '../support/golden-expect.ts'
import { type Flink, type FlinkShop, openFlinkShop } from './support/flink.ts'

let shop: FlinkShop
let flink: Flink
let catalog: Catalog

beforeAll(async () => {
  shop = await openFlinkShop()
  ;({ flink, catalog } = shop)
})
afterAll(() => shop[Symbol.asyncDispose]())

async function create(name: string, key: string, options: Readonly<Record<string, string>>) {
  const given = Object.entries(options).map(([option, value]) => `'${option}' = '${value}'`)
  await flink.sql(
    `CREATE TABLE shop.${name} (dt STRING, id INT, v STRING, PRIMARY KEY (${key}) NOT ENFORCED) PARTITIONED BY (dt) WITH (${given.join(', ')})`,
  )
  return await catalog.table(`shop.${name}`)
}

type Row = Readonly<Record<'dt' | 'v', string> & Record<'id', number>>

const rowsFrom = (from: number, count: number, v: string, dt: string): Row[] =>
  Array.from({ length: count }, (_, i) => ({ dt, id: from + i, v }))

async function flinkInserts(name: string, rows: readonly Row[]): Promise<void> {
  const values = rows.map(({ dt, id, v }) => `('${dt}', ${id}, '${v}')`)
  await flink.sql(`INSERT INTO shop.${name} VALUES ${values.join(', ')}`)
}

/** The rows of the table, which both read alike and in which no damage is found. */
async function rowsOf(name: string): Promise<string[]> {
  const table = await catalog.table(`shop.${name}`)
  const ours = await readRows(table.read())
  const theirs = await flink.sql(`SELECT * FROM shop.${name}`)
  expect(ours).toEqual(theirs.map(({ row }) => canonicalRow(row)).toSorted())
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
  return ours
}

const moved = (rows: readonly Row[], to: string): Row[] => rows.map((row) => ({ ...row, dt: to }))

const texts = (rows: readonly Row[]): string[] => rows.map((row) => canonicalRow(row)).toSorted()

test.each([
  ['deduplicate', 'new'],
  ['partial-update', 'old'],
])('keys move between partitions by either, with %s', async (engine, stays) => {
  const name = `moving_${engine.replace('-', '_')}`
  const options = { bucket: '-1', 'merge-engine': engine, 'dynamic-bucket.target-row-num': '10' }
  const table = await create(name, 'id', options)
  await flinkInserts(name, rowsFrom(0, 25, 'first', 'a'))
  await table.write(rowsFrom(15, 20, 'ours', 'b'))
  await flinkInserts(name, rowsFrom(30, 10, 'last', 'c'))
  await (await catalog.table(`shop.${name}`)).write(rowsFrom(5, 5, 'again', 'c'))
  const isOld = stays === 'old'
  expect(await rowsOf(name)).toEqual(
    texts([
      ...rowsFrom(0, 5, 'first', 'a'),
      ...moved(rowsFrom(5, 5, 'again', 'c'), isOld ? 'a' : 'c'),
      ...rowsFrom(10, 5, 'first', 'a'),
      ...moved(rowsFrom(15, 10, 'ours', 'b'), isOld ? 'a' : 'b'),
      ...rowsFrom(25, 5, 'ours', 'b'),
      ...moved(rowsFrom(30, 5, 'last', 'c'), isOld ? 'b' : 'c'),
      ...rowsFrom(35, 5, 'last', 'c'),
    ]),
  )
})

test('buckets that one postpones the other decides', async () => {
  const name = 'postponed'
  const table = await create(name, 'dt, id', { bucket: '-2', 'postpone.default-bucket-num': '2' })
  const stream = async (rows: readonly Row[]): Promise<void> => {
    await using writer = await table.writer()
    await writer.write(rows)
    await writer.commit()
  }
  await stream(rowsFrom(0, 20, 'first', 'a'))
  await stream(rowsFrom(10, 20, 'second', 'a'))
  expect(await rowsOf(name)).toEqual([])
  await flink.sql(`CALL sys.compact(\`table\` => 'shop.${name}')`)
  const decided = [...rowsFrom(0, 10, 'first', 'a'), ...rowsFrom(10, 20, 'second', 'a')]
  expect(await rowsOf(name)).toEqual(texts(decided))

  await flink.sql(
    `INSERT INTO shop.${name} /*+ OPTIONS('postpone.batch-write-fixed-bucket' = 'false') */ VALUES ('a', 5, 'flink'), ('b', 1, 'flink')`,
  )
  expect(await rowsOf(name)).toEqual(texts(decided))
  await table.compact()
  const all = [
    ...decided.filter(({ id }) => id !== 5),
    ...rowsFrom(5, 1, 'flink', 'a'),
    ...rowsFrom(1, 1, 'flink', 'b'),
  ]
  expect(await rowsOf(name)).toEqual(texts(all))
  await table.write(rowsFrom(100, 10, 'batch', 'a'))
  await flinkInserts(name, rowsFrom(105, 10, 'flink batch', 'a'))
  expect(await rowsOf(name)).toEqual(
    texts([...all, ...rowsFrom(100, 5, 'batch', 'a'), ...rowsFrom(105, 10, 'flink batch', 'a')]),
  )
})

test('what one rescales the other reads and writes on', async () => {
  const name = 'rescaled'
  const table = await create(name, 'dt, id', { bucket: '2' })
  await table.write([...rowsFrom(0, 20, 'v', 'a'), ...rowsFrom(0, 20, 'v', 'b')])
  await table.rescale({ buckets: 5 })
  await flinkInserts(name, rowsFrom(10, 5, 'flink', 'a'))
  const rows = [
    ...rowsFrom(0, 10, 'v', 'a'),
    ...rowsFrom(10, 5, 'flink', 'a'),
    ...rowsFrom(15, 5, 'v', 'a'),
    ...rowsFrom(0, 20, 'v', 'b'),
  ]
  expect(await rowsOf(name)).toEqual(texts(rows))
  await flink.sql(
    `CALL sys.rescale(\`table\` => 'shop.${name}', bucket_num => 3, \`partition\` => 'dt=b')`,
  )
  expect(await rowsOf(name)).toEqual(texts(rows))
  const again = await catalog.table(`shop.${name}`)
  const counts = await bucketCounts(again.store, (await again.latestSnapshot())!)
  const numbers = new Set([...counts.values()].map(({ totalBuckets }) => totalBuckets))
  expect(numbers).toEqual(new Set([3, 5]))
})
