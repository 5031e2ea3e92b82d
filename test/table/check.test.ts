/** What a check finds: nothing on a whole table, and each kind of damage at the file that it is in. */
import { describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import { dataLayout } from '../../src/snapshot/data-paths.ts'
import type { ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import { checkTable, type CheckReport, type Finding } from '../../src/table/check.ts'
import { checkBuckets } from '../../src/table/check/buckets.ts'
import { Findings } from '../../src/table/check/findings.ts'
import type { Table } from '../../src/table/table.ts'
import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import { defineSchema, t } from '../../src/types/schema.ts'
import { parseJson, printJson } from '../../src/util/json.ts'
import { goldenStore, goldenTables } from '../support/golden-tables.ts'

let count = 0

const ORDERS = defineSchema({
  columns: {
    region: t.string().notNull(),
    id: t.bigint().notNull(),
    amount: t.int(),
  },
  primaryKey: ['region', 'id'],
  partitionBy: ['region'],
  options: { bucket: 2 },
})

interface TestTable {
  readonly io: MemoryFileIO
  readonly catalog: Catalog
  readonly table: Table
}

const order = (region: string, id: number): Record<string, unknown> => ({
  region,
  id: BigInt(id),
  amount: id % 3 === 0 ? null : id,
})

/** A table of two snapshots, with rows of two partitions and two buckets, and deletes. */
async function ordersTable(): Promise<TestTable> {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, `memory://check-${++count}/wh`)
  await catalog.createTable('shop.orders', ORDERS)
  const table = await catalog.table('shop.orders')
  const rows = [...Array(20).keys()].flatMap((id) => [order('eu', id), order('us', id)])
  await table.write(rows)
  await table.write([order('eu', 3), { _kind: '-D', ...order('us', 7) }])
  return { io, catalog, table }
}

async function paths({ io, table }: TestTable, pattern: RegExp): Promise<string[]> {
  const found: string[] = []
  for await (const { path } of io.list(table.path, { recursive: true }))
    if (pattern.test(path)) found.push(path)
  return found.toSorted()
}

async function first(made: TestTable, pattern: RegExp): Promise<string> {
  const [path] = await paths(made, pattern)
  expect(path).toBeDefined()
  return path!
}

const DATA = /\/bucket-\d\/data-[^/]*\.parquet$/

async function editJson(
  { io }: TestTable,
  path: string,
  edit: (json: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const json = parseJson(new TextDecoder().decode(await io.read(path))) as Record<string, unknown>
  await io.write(path, new TextEncoder().encode(printJson(edit(json))))
}

describe('a whole table', () => {
  test.each(goldenTables)('%s, which Java wrote, has no damage', async (name) => {
    const report = await checkTable(goldenStore(name), { allSnapshots: true })
    expect(report.damage).toEqual([])
    expect(report.counts.dataFiles).toBeGreaterThan(0)
    for (const { what } of report.warnings)
      expect(what).toMatch(/^cannot be checked: |^Iceberg clients are behind: .* by another writer/)
  })

  test('that this library wrote has no damage, and is counted', async () => {
    const { table } = await ordersTable()
    const report = await table.check()
    expect(report).toMatchObject({ path: table.path, snapshotId: 2, damage: [], warnings: [] })
    const { schemas, snapshots, rows, orphanFiles } = report.counts
    expect({ schemas, snapshots, rows, orphanFiles }).toEqual({
      schemas: 1,
      snapshots: 2,
      rows: 42,
      orphanFiles: 0,
    })
  })

  test('without a snapshot has nothing to be damaged', async () => {
    const catalog = new Catalog(new MemoryFileIO(), `memory://check-${++count}/wh`)
    const table = await catalog.createTable('shop.orders', ORDERS)
    expect(await table.check()).toMatchObject({ snapshotId: null, damage: [] })
  })

  test('keeps its rows unread by a check that is not deep', async () => {
    const made = await ordersTable()
    const report = await made.table.check({ deep: false })
    expect(report.damage).toEqual([])
    expect(report.counts.rows).toBe(0)
  })

  test('may have files that nothing refers to: they are counted', async () => {
    const made = await ordersTable()
    await made.io.write(
      `${made.table.path}/region=eu/bucket-0/data-left-0.parquet`,
      new Uint8Array(9),
    )
    await made.io.write(`${made.table.path}/manifest/manifest-left-0`, new Uint8Array(9))
    const report = await made.table.check()
    expect(report.damage).toEqual([])
    expect(report.counts.orphanFiles).toBe(2)
  })

  test('tells how far the check has come', async () => {
    const { table } = await ordersTable()
    const phases: string[] = []
    await table.check({
      onProgress: ({ phase, done, total }) => phases.push(`${phase} ${done}/${total}`),
    })
    expect(phases).toContain('snapshots 2/2')
    const { dataFiles } = (await table.check()).counts
    expect(phases).toContain(`files ${dataFiles}/${dataFiles}`)
  })
})

/** Damage to stored files; it returns the path that the check must name, and the words it must say. */
type Damage = (made: TestTable) => Promise<readonly [path: string, what: RegExp]>

const cut = (pattern: RegExp, what: RegExp, keep: (size: number) => number): Damage => {
  return async (made) => {
    const path = await first(made, pattern)
    const bytes = await made.io.read(path)
    await made.io.write(path, bytes.subarray(0, keep(bytes.length)))
    return [path, what]
  }
}

const remove = (pattern: RegExp, what: RegExp): Damage => {
  return async (made) => {
    const path = await first(made, pattern)
    await made.io.delete(path)
    return [path, what]
  }
}

const SNAPSHOT = /\/snapshot-2$/

const snapshotLie = (edit: Record<string, unknown>, what: RegExp): Damage => {
  return async (made) => {
    const path = await first(made, SNAPSHOT)
    await editJson(made, path, (json) => ({ ...json, ...edit }))
    return [path, what]
  }
}

const FILE_DAMAGE: Readonly<Record<string, Damage>> = {
  'a missing data file': remove(DATA, /^is missing$/),
  'a cut data file': cut(DATA, /has \d+ bytes, and its manifest says/, (size) => size - 7),
  'an empty data file': cut(DATA, /has 0 bytes/, () => 0),
  'a missing manifest': remove(/\/manifest\/manifest-[0-9a-f-]+-\d+$/, /^there is no such file$/),
  'a cut manifest': cut(/\/manifest\/manifest-[0-9a-f-]+-\d+$/, /./, (size) => size >> 1),
  'a missing manifest list': remove(/\/manifest\/manifest-list-/, /^there is no such file$/),
  'a cut manifest list': cut(/\/manifest\/manifest-list-/, /./, (size) => size - 5),
  'a snapshot that is cut': cut(SNAPSHOT, /./, (size) => size >> 1),
  'a snapshot that counts too many rows': snapshotLie(
    { totalRecordCount: 43 },
    /totalRecordCount is 43, its files make it 42/,
  ),
  'a snapshot that counts too few new rows': snapshotLie(
    { deltaRecordCount: 1 },
    /deltaRecordCount is 1, its files make it 2/,
  ),
  'a snapshot of a schema that is not there': snapshotLie({ schemaId: 4 }, /is of schema 4/),
  async 'a missing snapshot between others'(made) {
    await made.table.write([{ region: 'eu', id: 1n, amount: 1 }])
    const path = await first(made, SNAPSHOT)
    await made.io.delete(path)
    return [path, /is missing: there are snapshots before and after it/]
  },
  async 'a hint that leads readers to an older snapshot'(made) {
    await made.table.write([{ region: 'eu', id: 1n, amount: 1 }])
    const path = await first(made, /\/LATEST$/)
    await made.io.write(path, new TextEncoder().encode('9'))
    return [path, /leads readers to snapshot 9, and the latest is 3/]
  },
  async 'a missing schema before others'(made) {
    const path = await first(made, /\/schema-0$/)
    await made.io.write(`${path.slice(0, -1)}1`, await made.io.read(path))
    await editJson(made, `${path.slice(0, -1)}1`, (json) => ({ ...json, id: 1 }))
    await made.io.delete(path)
    return [path, /is missing: there are later schemas/]
  },
  async 'a schema that has more fields than it counted'(made) {
    const path = await first(made, /\/schema-0$/)
    await editJson(made, path, (json) => ({ ...json, highestFieldId: 1 }))
    return [path, /highest field id is 1, and has a field 2/]
  },
  async 'a data file of other rows than its manifest says'(made) {
    const [path, ...others] = await paths(made, /\/region=eu\/.*data-[^/]*\.parquet$/)
    const size = async (each: string): Promise<number> => (await made.io.read(each)).length
    expect(others.length).toBeGreaterThan(0)
    const bytes = new Uint8Array(await size(path!))
    bytes.set((await made.io.read(others[0]!)).subarray(0, bytes.length))
    await made.io.write(path!, bytes)
    return [path!, /./]
  },
  async 'a flipped bit in the footer of a data file'(made) {
    const path = await first(made, DATA)
    const bytes = await made.io.read(path)
    bytes[bytes.length - 6]! ^= 0x40
    await made.io.write(path, bytes)
    return [path, /./]
  },
}

describe('damage to a file is reported at the file', () => {
  test.each(Object.entries(FILE_DAMAGE))('%s', async (_, damage) => {
    const made = await ordersTable()
    const [path, what] = await damage(made)
    const found = (await made.table.check()).damage.filter((finding) => finding.path === path)
    expect(found.map((finding) => finding.what).join('\n')).toMatch(what)
  })

  test('all damage of a table is found at once', async () => {
    const made = await ordersTable()
    const files = await paths(made, DATA)
    await made.io.delete(files[0]!)
    await made.io.write(files[1]!, new Uint8Array(3))
    const report = await made.table.check()
    expect(report.damage.map(({ path }) => path).toSorted()).toEqual(files.slice(0, 2))
  })

  test('a latest schema that cannot be read is reported while an older one can be', async () => {
    const made = await ordersTable()
    const path = `${made.table.path}/schema/schema-1`
    await made.io.write(path, new TextEncoder().encode('{'))
    await expect(made.catalog.table('shop.orders')).rejects.toMatchObject({ code: 'CORRUPT' })
    const report = await made.catalog.checkTable('shop.orders')
    expect(report.damage.map((finding) => finding.path)).toEqual([path])
  })

  test('a table whose only schema cannot be read is an error that names it', async () => {
    const made = await ordersTable()
    const path = `${made.table.path}/schema/schema-0`
    await made.io.write(path, new TextEncoder().encode('{'))
    await expect(made.catalog.checkTable('shop.orders')).rejects.toMatchObject({
      code: 'CORRUPT',
      path,
    })
  })

  test('a damaged data file of an older snapshot is found when all are looked at', async () => {
    const io = new MemoryFileIO()
    const catalog = new Catalog(io, `memory://check-${++count}/wh`)
    await catalog.createTable('shop.orders', ORDERS)
    const table = await catalog.table('shop.orders')
    const rows = [{ region: 'eu', id: 1n, amount: 1 }]
    await table.write(rows)
    const made = { io, catalog, table }
    const [old] = await paths(made, DATA)
    const [message] = await prepared(table, rows)
    const entries = await table.read().plan()
    const oldFiles = entries.splits.flatMap((split) => split.files)
    await table.commit([{ ...message!, deletedFiles: oldFiles }], { user: 'test' })
    await io.delete(old!)
    expect((await table.check()).damage).toEqual([])
    const report = await table.check({ allSnapshots: true })
    expect(report.damage).toEqual([{ path: old, what: 'is missing' }])
  })
})

/** Rows written to files that no snapshot has yet. */
async function prepared(table: Table, rows: Record<string, unknown>[]): Promise<CommitMessage[]> {
  await using writer = await table.writer()
  await writer.write(rows)
  return await writer.prepareCommit()
}

const key = (id: number): Uint8Array =>
  serializeBinaryRow([{ kind: 'BIGINT', nullable: false }], [BigInt(id)])

/** Lies of a manifest about a file of the rows 5, 6 and 7 of `eu`; the file is named, and what is said of it. */
const LIES: Readonly<
  Record<string, readonly [lie: (file: DataFileMeta) => Partial<DataFileMeta>, what: RegExp]>
> = {
  'a wrong row count': [() => ({ rowCount: 4 }), /has 3 rows, and its manifest says 4/],
  'a wrong size': [({ fileSize }) => ({ fileSize: fileSize + 1 }), /bytes, and its manifest says/],
  'a least key above the first': [() => ({ minKey: key(6) }), /has a key below the least/],
  'a greatest key below the last': [() => ({ maxKey: key(6) }), /has a key above the greatest/],
  'sequence numbers that the rows do not have': [
    ({ maxSequenceNumber }) => ({
      minSequenceNumber: maxSequenceNumber + 5n,
      maxSequenceNumber: maxSequenceNumber + 9n,
    }),
    /has the sequence number/,
  ],
  'a wrong count of deletes': [
    () => ({ deleteRowCount: 2 }),
    /has 0 rows that delete, and its manifest says 2/,
  ],
  'statistics that leave values out': [
    ({ valueStats }) => ({ valueStats: { ...valueStats, maxValues: valueStats.minValues } }),
    /the value statistics of amount do not bound its values/,
  ],
  'a wrong count of nulls': [
    ({ valueStats }) => ({
      valueStats: { ...valueStats, nullCounts: (valueStats.nullCounts ?? []).map(() => 2) },
    }),
    /statistics of amount say 2 nulls of 3 rows/,
  ],
}

const THREE = [5, 6, 7].map((id) => ({ region: 'eu', id: BigInt(id), amount: id }))

async function oneBucketTable(): Promise<TestTable> {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, `memory://check-${++count}/wh`)
  await catalog.createTable('shop.orders', { ...ORDERS, options: { bucket: 1 } })
  return { io, catalog, table: await catalog.table('shop.orders') }
}

async function committed(
  made: TestTable,
  change: (message: CommitMessage) => CommitMessage,
): Promise<CheckReport> {
  const messages = await prepared(made.table, THREE)
  expect(messages).toHaveLength(1)
  await made.table.commit(messages.map(change), { user: 'test' })
  return await made.table.check()
}

describe('what a manifest says of a file is held against its rows', () => {
  test('the truth is no damage', async () => {
    const report = await committed(await oneBucketTable(), (message) => message)
    expect(report.damage).toEqual([])
  })

  test.each(Object.entries(LIES))('%s', async (_, [lie, what]) => {
    const made = await oneBucketTable()
    const { damage } = await committed(made, (message) => ({
      ...message,
      newFiles: message.newFiles.map((file) => ({ ...file, ...lie(file) })),
    }))
    const path = await first(made, DATA)
    const said = damage.filter((finding) => finding.path === path).map((finding) => finding.what)
    expect(said.join('\n')).toMatch(what)
  })

  test('rows of another bucket', async () => {
    const made = await ordersTable()
    const messages = await prepared(made.table, THREE)
    const message = messages.find(({ bucket }) => bucket === 0)!
    await made.table.commit([{ ...message, bucket: 1 }], { user: 'test' })
    const { fileName } = message.newFiles[0]!
    const path = await first(made, new RegExp(fileName))
    await made.io.write(path.replace('bucket-0', 'bucket-1'), await made.io.read(path))
    const { damage } = await made.table.check()
    expect(damage).toEqual([
      { path: path.replace('bucket-0', 'bucket-1'), what: 'has rows of bucket 0 in bucket 1' },
    ])
  })

  test('rows of another partition', async () => {
    const made = await ordersTable()
    const eu = await prepared(made.table, THREE)
    const us = await prepared(
      made.table,
      THREE.map((row) => ({ ...row, region: 'us' })),
    )
    const message = { ...eu[0]!, partition: us[0]!.partition }
    await made.table.commit([message], { user: 'test' })
    const path = await first(made, new RegExp(eu[0]!.newFiles[0]!.fileName))
    await made.io.write(path.replace('region=eu', 'region=us'), await made.io.read(path))
    const { damage } = await made.table.check()
    expect(damage).toEqual([
      {
        path: path.replace('region=eu', 'region=us'),
        what: 'has rows of another partition, by region',
      },
    ])
  })

  test('files of one level that overlap', async () => {
    const made = await oneBucketTable()
    await made.table.write(THREE)
    await made.table.write(THREE.slice(1))
    const { store, schema } = made.table
    const layout = dataLayout(made.table.path, schema)
    const { splits } = await made.table.read().plan()
    // Commits refuse such files, so they are only described.
    const entries = splits.flatMap(({ partition, bucket, totalBuckets, files }) =>
      files.map((file): ManifestEntry => {
        return { kind: 0, partition, bucket, totalBuckets, file: { ...file, level: 3 } }
      }),
    )
    const check = async (live: readonly ManifestEntry[]): Promise<readonly Finding[]> => {
      const findings = new Findings()
      const schemas = new Map([[0, schema]])
      const context = { store, findings, schemas, schema, signal: undefined, onProgress: () => {} }
      await checkBuckets(context, layout, live)
      return findings.damage.map(({ path, what }) => ({ path, what }))
    }
    expect(await check(entries.slice(0, 1))).toEqual([])
    const [{ path, what } = { path: '', what: '' }] = await check(entries)
    expect(path).toBe(`${made.table.path}/region=eu/bucket-0`)
    expect(what).toMatch(/^data-\S+ and data-\S+ overlap on level 3$/)
    const [other] = await check([entries[0]!, { ...entries[1]!, totalBuckets: 2 }])
    expect(other).toEqual({
      path: `${made.table.path}/region=eu`,
      what: 'has files of a table with 1 and with 2 buckets',
    })
  })
})
