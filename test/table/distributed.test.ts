import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts'
import { gte } from '../../src/types/predicate.ts'
import { defineSchema, t } from '../../src/types/schema.ts'

const WAREHOUSE = 'memory://distributed/warehouse'
const orders = defineSchema({
  columns: { region: t.string().notNull(), id: t.int().notNull(), amount: t.int() },
  primaryKey: ['region', 'id'],
  partitionBy: ['region'],
  options: { bucket: 3, 'source.split.target-size': '1 kb', 'source.split.open-file-cost': '1 kb' },
})
const rows = Array.from({ length: 300 }, (_, id) => ({
  region: id % 2 === 0 ? 'eu' : 'us',
  id,
  amount: id % 10,
}))

/** Each stands for a process: nothing is shared but the storage and what is sent. */
let catalogs: readonly Catalog[]

beforeAll(async () => {
  catalogs = await Promise.all(
    Array.from({ length: 3 }, () => createCatalog({ warehouse: WAREHOUSE })),
  )
  await catalogs[0]!.createTable('shop.orders', orders)
})
afterAll(async () => {
  for (const catalog of catalogs) await catalog.close()
})

test('what several writers prepared is committed by another, once', async () => {
  const parts = [rows.slice(0, 200), rows.slice(200)]
  const sent = await Promise.all(
    parts.map(async (part, i) => {
      const table = await catalogs[i]!.table('shop.orders', orders)
      await using writer = await table.writer()
      await writer.write(part)
      return structuredClone(await writer.prepareCommit())
    }),
  )
  const committer = await catalogs[2]!.table('shop.orders')
  const by = { user: 'job', identifier: 7n }
  const first = await committer.commit(sent.flat(), by)
  expect(first.snapshots.map(({ id, totalRecordCount }) => [id, totalRecordCount])).toEqual([
    [1, 300],
  ])
  expect(await committer.commit(sent.flat(), by)).toMatchObject({ alreadyCommitted: true })
  expect(await committer.snapshots()).toHaveLength(1)
})

test('the splits of a plan, read elsewhere, are the rows of the read', async () => {
  const request = { columns: ['id', 'amount'], where: gte('amount', 5) } as const
  const planner = await catalogs[0]!.table('shop.orders', orders)
  const { splits } = structuredClone(await planner.read(request).plan())
  expect(splits.length).toBeGreaterThan(3)
  const found: number[] = []
  for (const [i, split] of splits.entries()) {
    const table = await catalogs[1 + (i % 2)]!.table('shop.orders', orders)
    for await (const batch of table.read(request).readSplit(split)) {
      expect(batch.schema.names).toEqual(['id', 'amount'])
      for (const { id } of batch) found.push(id as number)
    }
  }
  const wanted = rows.filter(({ amount }) => amount >= 5).map(({ id }) => id)
  expect(found.toSorted((a, b) => a - b)).toEqual(wanted)
})
