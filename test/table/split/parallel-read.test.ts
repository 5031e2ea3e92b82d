import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Catalog, createCatalog } from '../../../src/catalog/catalog.ts'
import type { Table } from '../../../src/table/table.ts'
import { gte } from '../../../src/types/predicate.ts'
import { defineSchema, t } from '../../../src/types/schema.ts'

const THREADS = 2
const events = defineSchema({
  columns: { id: t.int().notNull(), name: t.string(), tags: t.array(t.string()) },
  primaryKey: ['id'],
  options: { bucket: 6 },
})
const rowsOf = (from: number): { id: number; name: string | null; tags: string[] }[] =>
  Array.from({ length: 600 }, (_, i) => ({
    id: from + i,
    name: i % 7 === 0 ? null : `name ${i} of ${from}`,
    tags: Array.from({ length: i % 3 }, (__, tag) => `tag ${tag}`),
  }))

let root: string
let catalog: Catalog

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-parallel-'))
  catalog = await createCatalog({ warehouse: root })
})
afterAll(async () => {
  await catalog.close()
  rmSync(root, { recursive: true })
})

async function tableOf(name: string): Promise<Table<typeof events.columns>> {
  const table = await catalog.createTable(`shop.${name}`, events)
  await table.write(rowsOf(0))
  await table.write(rowsOf(300))
  return table
}

test('threads give the rows of every split in the order of the splits', async () => {
  const table = await tableOf('ordered')
  const where = gte('id', 100)
  const alone = await table.read({ where, threads: 0 }).toArray()
  expect(alone).toHaveLength(800)
  // The first read may be over before the threads have started; the second finds them ready.
  for (let run = 0; run < 2; run++)
    expect(await table.read({ where, threads: THREADS }).toArray()).toEqual(alone)
})

test('what threads ask of the storage is counted', async () => {
  const table = await tableOf('counted')
  const bytesOf = async (threads: number): Promise<number> => {
    const before = table.io.stats().readBytes
    await table.read({ threads }).toArray()
    return table.io.stats().readBytes - before
  }
  await bytesOf(THREADS)
  const alone = await bytesOf(0)
  // Each thread reads the schema for itself.
  expect(await bytesOf(THREADS)).toBeGreaterThanOrEqual(alone)
})

test('a read that ends early leaves threads that can be used again', async () => {
  const table = await tableOf('abandoned')
  for (let run = 0; run < 3; run++)
    for await (const batch of table.read({ threads: THREADS })) {
      expect(batch.numRows).toBeGreaterThan(0)
      break
    }
  expect(await table.read({ threads: THREADS }).toArray()).toHaveLength(900)
})

test('two reads at a time share the threads', async () => {
  const table = await tableOf('shared')
  const read = () => table.read({ threads: THREADS }).toArray()
  const [first, second] = await Promise.all([read(), read()])
  expect(first).toHaveLength(900)
  expect(second).toEqual(first)
})

test('damage that a thread finds names the file', async () => {
  const table = await tableOf('damaged')
  const directory = join(root, 'shop.db/damaged/bucket-5')
  for (const file of readdirSync(directory)) truncateSync(join(directory, file), 100)
  const read = async () => await table.read({ threads: THREADS }).toArray()
  // Once while the threads may still start, and once when they read.
  for (let run = 0; run < 2; run++)
    await expect(read()).rejects.toMatchObject({
      name: 'LakeError',
      code: 'CORRUPT',
      path: expect.stringContaining(directory) as unknown,
    })
})

test('a signal ends a read whose splits threads read', async () => {
  const table = await tableOf('aborted')
  const controller = new AbortController()
  const seen = async (): Promise<void> => {
    for await (const _ of table.read({ threads: THREADS, signal: controller.signal }))
      controller.abort()
  }
  await expect(seen()).rejects.toMatchObject({ code: 'ABORTED' })
})
