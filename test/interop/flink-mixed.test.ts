/** Tables that Flink SQL and this library write and compact in turns: both read the rows that are right. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { Catalog } from '../../src/catalog/catalog.ts'
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

function keys(from: number): number[] {
  return Array.from({ length: 20 }, (_, i) => from + i)
}

test.each([
  ['plain', "'bucket' = '1', 'num-sorted-run.compaction-trigger' = '2'"],
  ['changes', "'bucket' = '2', 'changelog-producer' = 'lookup'"],
  ['vectors', "'bucket' = '2', 'deletion-vectors.enabled' = 'true'"],
])('%s', async (name, options) => {
  const columns = 'k INT, v STRING, PRIMARY KEY (k) NOT ENFORCED'
  await flink.sql(`CREATE TABLE shop.${name} (${columns}) WITH (${options})`)
  const table = await catalog.table(`shop.${name}`)
  const expected = new Map<number, string>()
  const flinkWrites = async (from: number): Promise<void> => {
    const rows = keys(from).map((k) => `(${k}, 'Flink ${from}')`)
    await flink.sql(`INSERT INTO shop.${name} VALUES ${rows.join(', ')}`)
    for (const k of keys(from)) expected.set(k, `Flink ${from}`)
  }
  const weWrite = async (from: number): Promise<void> => {
    await table.write(keys(from).map((k) => ({ k, v: `we ${from}` })))
    for (const k of keys(from)) expected.set(k, `we ${from}`)
  }
  const check = async (): Promise<void> => {
    const rows = [...expected].map(([k, v]) => canonicalRow({ k, v })).toSorted()
    expect(await readRows(table.read())).toEqual(rows)
    const theirs = await flink.sql(`SELECT * FROM shop.${name}`)
    expect(theirs.map(({ row }) => canonicalRow(row)).toSorted()).toEqual(rows)
  }
  await flinkWrites(0)
  await weWrite(10)
  await flinkWrites(5)
  await check()
  await table.write(keys(0).map((k) => ({ _kind: '-D', k, v: '' })))
  for (const k of keys(0)) expected.delete(k)
  await flink.sql(`CALL sys.compact(\`table\` => 'shop.${name}')`)
  await check()
  await weWrite(15)
  await table.compact({ full: true })
  await flinkWrites(30)
  await check()
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})
