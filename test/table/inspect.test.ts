import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { shownOptions } from '../../src/table/inspect/schema-history.ts'
import { openSystemTable } from '../../src/table/system-tables.ts'
import { Table } from '../../src/table/table.ts'
import { goldenSchema, goldenStore } from '../support/golden-tables.ts'
import { createRowTable, openRowTable, type Row } from '../support/row-tables.ts'

async function goldenTable(name: string): Promise<Table> {
  return new Table(goldenStore(name), `golden.${name}`, await goldenSchema(name))
}

let tableCount = 0

function rowsOfDay(dt: string): Row[] {
  return Array.from({ length: 8 }, (_, id) => ({ dt, id, v: 'x' }))
}

/** A table of three partitions with two buckets each, of which one partition has been written to six times. */
async function unmerged(): Promise<Table> {
  const io = new MemoryFileIO()
  const root = `memory://inspect/t${tableCount++}`
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: 2, 'write-only': true },
  })
  const table = await openRowTable(io, root)
  await table.write(['a', 'b', 'c'].flatMap(rowsOfDay))
  for (let i = 0; i < 5; i++) await table.write(rowsOfDay('b'))
  await table.delete([{ dt: 'b', id: 1n }])
  return table
}

test('a bucket is shown as its sorted runs, and files by the places of their keys', async () => {
  const { buckets, totals } = await (await goldenTable('mor_levels')).inspect()
  expect(totals).toMatchObject({ files: 5, runsMax: 3, buckets: 2 })
  const [, second] = buckets
  expect(second!.runs.map(({ level, files, deleteRows }) => [level, files, deleteRows])).toEqual([
    [0, 1, 3],
    [0, 1, 3],
    [3, 1, 0],
  ])
  expect(second!.runs.map(({ shown }) => shown.map(({ keys }) => keys))).toEqual([
    [{ min: '[6000018]', max: '[58000174]', minPlace: 2, maxPlace: 4 }],
    [{ min: '[2000006]', max: '[58000174]', minPlace: 1, maxPlace: 4 }],
    [{ min: '[0]', max: '[55000165]', minPlace: 0, maxPlace: 3 }],
  ])
})

test.each(['mor', 'dv', 'changelog_lookup', 'typed_partitions', 'bucket_append'])(
  'sums and sizes over time of %s are those of its files',
  async (name) => {
    const table = await goldenTable(name)
    const { totals, snapshots, partitions, buckets } = await table.inspect()
    const read = openSystemTable(table.store, table.schema, table.name, 'files').read()
    const files = await Array.fromAsync(read.rows())
    const sum = (column: string): number =>
      files.reduce((total, file) => total + Number(file[column]), 0)
    const all = { files: files.length, rows: sum('record_count'), bytes: sum('file_size_in_bytes') }
    expect(totals).toMatchObject(all)
    for (const parts of [partitions, buckets])
      for (const what of ['files', 'rows', 'bytes'] as const)
        expect(parts.reduce((total, part) => total + part[what], 0)).toBe(all[what])
    const [first] = snapshots
    const { addedFiles, addedBytes } = first!.change!
    expect(first).toMatchObject({ id: 1, state: { files: addedFiles, bytes: addedBytes } })
  },
)

test('rows that deletion vectors take out are counted with their files', async () => {
  const table = await goldenTable('iceberg_v3_dv')
  const { buckets, totals } = await table.inspect()
  expect(totals.vectorRows).toBeGreaterThan(0)
  const merged = buckets.flatMap(({ runs }) => runs).filter(({ level }) => level > 0)
  const visible = merged.reduce((sum, { rows, vectorRows }) => sum + rows - vectorRows!, 0)
  expect(await Array.fromAsync(table.read().rows())).toHaveLength(visible)
})

test('what is not shown of a large table is told', async () => {
  const table = await unmerged()
  const bounds = { snapshotsMax: 2, bucketsMax: 1, filesMax: 3, partitionsMax: 1 }
  const seen = await table.inspect(bounds)
  expect(seen.snapshots.map(({ id }) => id)).toEqual([6, 7])
  expect(seen.partitions.map(({ name }) => name)).toEqual(['dt=b'])
  const [tallest] = seen.buckets
  const shownFiles = tallest!.runs.reduce((sum, { shown }) => sum + shown.length, 0)
  expect(tallest).toMatchObject({ partition: 'dt=b', runCount: seen.totals.runsMax })
  expect(shownFiles).toBe(3)
  expect(tallest!.runs.every(({ shown }) => shown.length > 0)).toBe(true)
  const { snapshots, buckets, files, partitions } = seen.leftOut
  expect({ snapshots, buckets, files }).toEqual({
    snapshots: 5,
    buckets: 5,
    files: tallest!.files - 3,
  })
  expect(partitions.count).toBe(2)
  expect(partitions.rows + seen.partitions[0]!.rows).toBe(seen.totals.rows)
  await expect(table.inspect({ filesMax: 0 })).rejects.toMatchObject({ code: 'INVALID' })
})

test('partitions are chosen by their values, while sums stay those of the table', async () => {
  const seen = await (await unmerged()).inspect({ where: "dt <> 'b'" })
  expect(seen.buckets.map(({ partition, bucket }) => [partition, bucket])).toEqual([
    ['dt=a', 0],
    ['dt=a', 1],
    ['dt=c', 0],
    ['dt=c', 1],
  ])
  expect(seen.totals).toMatchObject({ partitions: 3, buckets: 6, deleteRows: 1 })
})

test('buckets that are due for compaction are told with the command', async () => {
  const { notices } = await (await unmerged()).inspect()
  expect(notices[0]).toMatchObject({ severity: 'note', command: 'millrace compact db.t' })
  expect(notices[0]!.text).toContain('2 buckets are due for compaction: one has 7 sorted runs')
})

test('values of secret options are not shown', () => {
  const options = { bucket: '2', 'fs.s3a.access.key': 'canary' }
  expect(shownOptions(options)).toEqual({ bucket: '2', 'fs.s3a.access.key': '(secret)' })
})

test('the history of the schema tells each change', async () => {
  const { schemas } = await (await goldenTable('evolution')).inspect()
  expect(schemas.map(({ changes }) => changes)).toEqual([
    ['begins with 5 columns, primary key id'],
    ['changes a from INT to BIGINT', 'renames b to bb', 'adds d DATE'],
    [
      'drops c',
      'adds c STRING',
      'changes n from ROW<`x` INT, `y` STRING> to ROW<`x` INT, `y` STRING, `z` DOUBLE>',
    ],
    ['changes n from ROW<`x` INT, `y` STRING, `z` DOUBLE> to ROW<`xx` BIGINT, `z` DOUBLE>'],
  ])
})

test('a table without snapshots, and one of an earlier state, are shown too', async () => {
  const io = new MemoryFileIO()
  await createRowTable(io, 'memory://inspect/empty')
  const empty = await (await openRowTable(io, 'memory://inspect/empty')).inspect()
  expect(empty).toMatchObject({ snapshotId: null, buckets: [], notices: [], totals: { files: 0 } })
  const table = await goldenTable('tags_branches')
  const seen = await table.withOptions({ 'scan.snapshot-id': 2 }).inspect()
  expect(seen).toMatchObject({
    snapshotId: 2,
    totals: { files: 2 },
    snapshots: [{ state: { files: 1 } }, { state: { files: 2 } }, { state: { files: 3 } }],
    tags: [
      { name: 'v1', snapshotId: 1, isExpired: false },
      { name: 'v2', snapshotId: 2 },
    ],
    branches: [{ name: 'dev', snapshotId: 3 }],
  })
})
