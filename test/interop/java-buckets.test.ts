/** Buckets that are not computed from the row: Java reads and goes on with what this library writes, and the other way round. */
import { expect, test } from 'vitest'

import { readHashIndex } from '../../src/indexes/hash-index.ts'
import { dataLayout, partitionDirectory } from '../../src/snapshot/data-paths.ts'
import { canonicalRow, readRows } from '../support/golden-expect.ts'
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
  expect(await indexRows('db.by_us')).toEqual(await indexRows('db.by_java'))
})

/** What Java's system table tells of the index files, without their names. */
async function indexRows(name: string): Promise<string[]> {
  const rows = await shared.java.read(`${name}$table_indexes`)
  return rows.map((row) => row.replace(/index-[-0-9a-f]+/, '')).toSorted()
}

test.each(['deduplicate', 'partial-update', 'aggregation', 'first-row'])(
  'Java reads a table whose keys move between partitions, with %s',
  async (engine) => {
    const random = seeded(3)
    const name = `db.moving_${engine.replace('-', '_')}`
    const options = { bucket: '-1', 'merge-engine': engine, 'dynamic-bucket.target-row-num': '10' }
    const isPlain = engine === 'deduplicate'
    await create(name, ['id', 'name'], { ...options, 'changelog-producer': 'lookup' })
    const model = new Map<string, JsonRow>()
    for (let turn = 0; turn < 4; turn++) {
      const rows = randomRows(random, 50, `turn ${turn}`, 60).map(({ _kind, ...row }) =>
        isPlain && _kind !== undefined ? { ...row, _kind } : row,
      )
      for (const row of rows) move(model, row, engine)
      const table = await shared.table(name)
      await using writer = await table.writer()
      await writer.writeJson([rows])
      await writer.commit({ waitForCompaction: true })
    }
    const expected = [...model.values()].map((row) => canonicalRow(row)).toSorted()
    expect(await expectSame(name)).toEqual(expected)
    expect(replayed(await shared.java.stream(name))).toEqual(expected)
  },
)

/** What the row does to a table of which a key has one row, whatever partition it comes with. */
function move(model: Map<string, JsonRow>, row: JsonRow, engine: string): void {
  const { _kind: kind } = row
  const before = model.get(row.id)
  if (kind === '-D') model.delete(row.id)
  else if (before === undefined || engine === 'deduplicate') model.set(row.id, row)
  else if (engine !== 'first-row') model.set(row.id, { ...row, dt: before.dt })
}

/** The rows that are left when all changes were made. */
function replayed(changes: readonly string[]): string[] {
  const rows = new Map<string, number>()
  for (const change of changes) {
    const { _kind: kind, ...row } = JSON.parse(change) as JsonRow
    const text = canonicalRow(row)
    const isAdded = kind === '+I' || kind === '+U'
    rows.set(text, (rows.get(text) ?? 0) + (isAdded ? 1 : -1))
  }
  return [...rows].flatMap(([text, count]) => Array<string>(Math.abs(count)).fill(text)).toSorted()
}

test('Java reads rows and changes of postponed buckets once this library has decided them', async () => {
  const random = seeded(4)
  const options = {
    bucket: '-2',
    'postpone.default-bucket-num': '2',
    'changelog-producer': 'lookup',
  }
  const name = 'db.postponed'
  await create(name, ['dt', 'id', 'name'], options)
  for (let turn = 0; turn < 3; turn++) {
    const table = await shared.table(name)
    await using writer = await table.writer()
    await writer.writeJson([randomRows(random, 50, `turn ${turn}`)])
    await writer.commit()
    const rows = randomRows(random, 50, `turn ${turn} of Java`)
    await shared.java.write(
      name,
      rows.map((row) => JSON.stringify(row)),
    )
    await table.compact()
  }
  const rows = await expectSame(name)
  expect(rows.length).toBeGreaterThan(100)
  expect(replayed(await shared.java.stream(name))).toEqual(rows)
})

test('Java goes on with a table that was rescaled, and refuses partitions of another number', async () => {
  const name = 'db.rescaled'
  await create(name, ['dt', 'id', 'name'], { bucket: '2', 'deletion-vectors.enabled': 'true' })
  const random = seeded(5)
  const write = async (rows: readonly JsonRow[]): Promise<void> =>
    await shared.java.write(
      name,
      rows.map((row) => JSON.stringify(row)),
    )
  await write(randomRows(random, 80, 'before'))
  const before = await expectSame(name)
  await (await shared.table(name)).rescale({ buckets: 3 })
  expect(await expectSame(name)).toEqual(before)
  await write(randomRows(random, 40, 'after'))
  expect(await expectSame(name)).not.toEqual(before)
  await (await shared.table(name)).rescale({ buckets: 5, partition: { dt: 'a' } })
  await expectSame(name)
  const files = (await shared.java.buckets(name, 'files')) as { totalBuckets: number }[]
  expect(new Set(files.map(({ totalBuckets }) => totalBuckets))).toEqual(new Set([3, 5]))
  await expect(write([{ dt: 'a', id: '1', name: 'x', v: 'refused' }])).rejects.toThrow(/bucket/)
  await write([{ dt: 'b', id: '1', name: 'x', v: 'taken' }])
})
