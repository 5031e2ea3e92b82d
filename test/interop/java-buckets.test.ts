/** Buckets that are not computed from the row: Java reads and goes on with what this library writes, and the other way round. */
import { expect, test } from 'vitest'

import { readHashIndex } from '../../src/indexes/hash-index.ts'
import { dataLayout, partitionDirectory } from '../../src/snapshot/data-paths.ts'
import { readRows } from '../support/golden-expect.ts'
import { seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const shared = sharedWarehouse(await findJava(), 'buckets')

const FIELDS = [
  { id: 0, name: 'dt', type: 'STRING NOT NULL' },
  { id: 1, name: 'id', type: 'BIGINT NOT NULL' },
  { id: 2, name: 'name', type: 'STRING NOT NULL' },
  { id: 3, name: 'v', type: 'STRING' },
]

interface JsonRow {
  readonly dt: string
  readonly id: string
  readonly name: string
  readonly v: string
  readonly _kind?: string
}

async function create(
  name: string,
  primaryKeys: readonly string[],
  options: Readonly<Record<string, string>>,
): Promise<void> {
  await shared.java.create(name, { fields: FIELDS, partitionKeys: ['dt'], primaryKeys, options })
}

function randomRows(random: () => number, count: number, v: string, keys = 200): JsonRow[] {
  return Array.from({ length: count }, () => {
    const id = Math.floor(random() * keys)
    const kind = random() < 0.1 ? { _kind: '-D' } : {}
    return { dt: random() < 0.5 ? 'a' : 'b', id: `${id}`, name: `name of ${id % 17}`, v, ...kind }
  })
}

async function expectSame(name: string): Promise<string[]> {
  const table = await shared.table(name)
  const ours = await readRows(table.read())
  expect(ours).toEqual(await shared.java.read(name))
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
  return ours
}

interface BucketHashes {
  readonly partition: string
  readonly bucket: number
  readonly hashes: number[]
}

/** The index as this library reads it, as Java tells it. */
async function ourHashes(name: string): Promise<BucketHashes[]> {
  const table = await shared.table(name)
  const layout = dataLayout(table.path, table.schema)
  const entries = await table.store.manifests.readIndexEntries((await table.latestSnapshot())!)
  return await Promise.all(
    entries.map(async (entry) => ({
      partition: partitionDirectory(layout, entry.partition).slice(table.path.length + 1) + '/',
      bucket: entry.bucket,
      hashes: [...(await readHashIndex(shared.io, layout, entry))].toSorted((a, b) => a - b),
    })),
  )
}

const byPlace = (a: BucketHashes, b: BucketHashes): number =>
  a.partition < b.partition ? -1 : a.partition > b.partition ? 1 : a.bucket - b.bucket

async function expectSameIndex(name: string): Promise<void> {
  const theirs = (await shared.java.buckets(name, 'hashes')) as BucketHashes[]
  expect((await ourHashes(name)).toSorted(byPlace)).toEqual(theirs.toSorted(byPlace))
  for (const partition of new Set(theirs.map((each) => each.partition))) {
    const own = theirs.filter((each) => each.partition === partition)
    const all = own.flatMap(({ hashes }) => hashes)
    expect(new Set(all).size).toBe(all.length)
  }
}

test('a table with dynamic buckets is written in turns, and no key gets into two buckets', async () => {
  const random = seeded(1)
  const name = 'db.dynamic'
  await create(name, ['dt', 'id', 'name'], { bucket: '-1', 'dynamic-bucket.target-row-num': '20' })
  const table = await shared.table(name)
  await using writer = await table.writer()
  for (let turn = 0; turn < 8; turn++) {
    const rows = randomRows(random, 60, `turn ${turn}`)
    if (turn % 2 === 0) {
      await writer.writeJson([rows])
      await writer.commit()
    } else await shared.java.buckets(name, 'dynamicWrite', { rows })
    await expectSameIndex(name)
  }
  expect((await expectSame(name)).length).toBeGreaterThan(150)
})

test('the same rows get the same buckets as by Java', async () => {
  const random = seeded(2)
  const options = { bucket: '-1', 'dynamic-bucket.target-row-num': '15' }
  await create('db.by_java', ['dt', 'id'], options)
  await create('db.by_us', ['dt', 'id'], options)
  for (let turn = 0; turn < 3; turn++) {
    const rows = randomRows(random, 80, `turn ${turn}`)
    await shared.java.buckets('db.by_java', 'dynamicWrite', { rows })
    const table = await shared.table('db.by_us')
    await using writer = await table.writer()
    await writer.writeJson([rows])
    await writer.commit()
    expect((await ourHashes('db.by_us')).toSorted(byPlace)).toEqual(
      (await ourHashes('db.by_java')).toSorted(byPlace),
    )
  }
  expect(await expectSame('db.by_us')).toEqual(await expectSame('db.by_java'))
})
