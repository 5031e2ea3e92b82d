/** System tables that show small files of a table: tags, branches, consumers, statistics, options of columns. */
import { expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import {
  consumerPath,
  schemaPath,
  snapshotPath,
  statisticsPath,
  tagPath,
} from '../../../src/snapshot/paths.ts'
import { type Snapshot, snapshotText } from '../../../src/snapshot/snapshot.ts'
import { utf8 } from '../../../src/types/internal-value.ts'
import { parseNewSchema } from '../../../src/types/new-schema.ts'
import { schemaFileText } from '../../../src/types/schema-file.ts'
import { printJson } from '../../../src/util/json.ts'
import { readRows } from '../../support/golden-expect.ts'

const SCHEMA = {
  fields: [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(10, 2)', description: 'in euros' },
    { name: 'name', type: 'STRING' },
  ],
  primaryKeys: ['id'],
  options: { bucket: '1' },
}

let warehouses = 0

/** A table of one row, in a warehouse of its own. */
async function openTable() {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, `memory://system-tables-${++warehouses}/wh`)
  const table = await catalog.createTable('a.t', parseNewSchema(SCHEMA))
  await table.write([{ id: 1n, amount: '2.50', name: 'x' }])
  const { store } = table
  const put = async (path: string, text: string): Promise<void> => io.write(path, utf8(text))
  return { catalog, table, store, put, location: store.location }
}

async function readSystem(
  catalog: Catalog,
  kind: string,
  request: { options?: Record<string, string>; where?: string; columns?: string[] } = {},
): Promise<unknown[]> {
  const opened = await catalog.systemTable(`a.t$${kind}`)
  return (await readRows(opened.read(request))).map((row) => JSON.parse(row) as unknown)
}

test('$tags shows the tags with their snapshots', async () => {
  const { catalog, store, put, location } = await openTable()
  const { snapshot } = (await store.snapshots.find(1))!
  const text = snapshotText({ ...snapshot, timeMillis: Date.UTC(2026, 0, 2, 3, 4, 5, 678) })
  await put(tagPath(location, 'kept'), text)
  const times = '"tagCreateTime" : [2026,1,2,3,4,10,705999999], "tagTimeRetained" : 90000.5'
  await put(tagPath(location, 'dated'), text.replace(/\n\}$/, `,\n  ${times}\n}`))
  const common = { snapshot_id: '1', schema_id: '0', record_count: '1' }
  const commit_time = '2026-01-02T03:04:05.678'
  const dated = {
    tag_name: 'dated',
    ...common,
    commit_time,
    create_time: '2026-01-02T03:04:10.705',
    time_retained: 'PT25H0.5S',
  }
  const kept = { tag_name: 'kept', ...common, commit_time, create_time: null, time_retained: null }
  expect(await readSystem(catalog, 'tags')).toEqual([dated, kept])
  expect(await readSystem(catalog, 'tags', { where: `tag_name = 'kept'` })).toEqual([kept])
})

test('$branches shows the branches, not the table itself', async () => {
  const { catalog, table, store, put, location } = await openTable()
  expect(await readSystem(catalog, 'branches')).toEqual([])
  for (const branch of ['dev', 'b c'])
    await put(schemaPath({ ...location, branch }, 0), schemaFileText(table.schema))
  const rowOf = async (branch: string): Promise<unknown> => {
    const status = await store.io.stat(schemaPath({ ...location, branch }, 0))
    const time = new Date(status!.modifiedMs).toISOString()
    return { branch_name: branch, create_time: time.slice(0, -1) }
  }
  expect(await readSystem(catalog, 'branches')).toEqual([await rowOf('b c'), await rowOf('dev')])
})

test('$consumers shows where each consumer goes on', async () => {
  const { catalog, put, location } = await openTable()
  await put(consumerPath(location, 'job-2'), '{\n  "nextSnapshot" : 12\n}')
  await put(consumerPath(location, 'job-1'), '{"nextSnapshot":3,"more":true}')
  expect(await readSystem(catalog, 'consumers')).toEqual([
    { consumer_id: 'job-1', next_snapshot_id: '3' },
    { consumer_id: 'job-2', next_snapshot_id: '12' },
  ])
})

test.each(['{}', '[]', 'null', '{"nextSnapshot": "3"}', '{"nextSnapshot": -1}', '{'])(
  'a consumer file %j is damaged, and named',
  async (text) => {
    const { catalog, put, location } = await openTable()
    await put(consumerPath(location, 'job'), text)
    const path = consumerPath(location, 'job')
    await expect(readSystem(catalog, 'consumers')).rejects.toMatchObject({ code: 'CORRUPT', path })
  },
)

async function withStatistics(statistics: object) {
  const opened = await openTable()
  const { table, store, put, location } = opened
  await put(statisticsPath(location.root, 'stat-a-0'), printJson(statistics))
  const { snapshot } = (await store.snapshots.find(1))!
  const analyze: Snapshot = { ...snapshot, commitKind: 'ANALYZE', statistics: 'stat-a-0' }
  await put(snapshotPath(location, 1), snapshotText(analyze))
  await table.write([{ id: 2n, amount: null, name: null }])
  return opened
}

test('$statistics shows what the snapshot names, and hands on', async () => {
  const { catalog, store } = await withStatistics({
    snapshotId: 1,
    schemaId: 0,
    mergedRecordCount: 1,
    colStats: {
      name: { colId: 2, maxLen: 1, avgLen: 1, nullCount: 0, max: 'x', min: 'x', later: 5 },
      id: { colId: 0, distinctCount: 9007199254740993n },
    },
  })
  const colstat = `{
  "name" : {
    "colId" : 2,
    "min" : "x",
    "max" : "x",
    "nullCount" : 0,
    "avgLen" : 1,
    "maxLen" : 1
  },
  "id" : {
    "colId" : 0,
    "distinctCount" : 9007199254740993
  }
}`
  const row = { snapshot_id: '1', schema_id: '0', mergedRecordCount: '1', mergedRecordSize: null }
  expect(await readSystem(catalog, 'statistics')).toEqual([{ ...row, colstat }])
  const { snapshot } = (await store.snapshots.find(2))!
  expect(snapshot.statistics).toBe('stat-a-0')
})

test('$statistics is empty where there are none', async () => {
  const { catalog } = await openTable()
  expect(await readSystem(catalog, 'statistics')).toEqual([])
})

test.each([
  {},
  { snapshotId: 1, schemaId: 0, colStats: { id: 5 } },
  { snapshotId: 1, schemaId: 0, colStats: { id: { colId: 'x' } } },
  { snapshotId: 1, schemaId: 0, mergedRecordCount: 'many' },
])('statistics %j are damaged, and their file is named', async (statistics) => {
  const { catalog, put, location } = await withStatistics({ snapshotId: 1, schemaId: 0 })
  const path = statisticsPath(location.root, 'stat-a-0')
  await put(path, printJson(statistics))
  await expect(readSystem(catalog, 'statistics')).rejects.toMatchObject({ code: 'CORRUPT', path })
})

test('$aggregation_fields shows the options of each column', async () => {
  const { catalog, table, put, location } = await openTable()
  const options = {
    'fields.name.distinct': 'true',
    'fields.name.aggregate-function': 'listagg',
    'fields.name.list-agg-delimiter': ';',
    'fields.name.a.b..': 'x',
    'fields.default-aggregate-function': 'last_value',
  }
  await put(schemaPath(location, 1), schemaFileText({ ...table.schema, id: 1, options }))
  expect(await readSystem(catalog, 'aggregation_fields')).toEqual([
    {
      field_name: 'amount',
      field_type: 'DECIMAL(10, 2)',
      function: '[]',
      function_options: '[]',
      comment: 'in euros',
    },
    {
      field_name: 'id',
      field_type: 'BIGINT NOT NULL',
      function: '[]',
      function_options: '[]',
      comment: null,
    },
    {
      field_name: 'name',
      field_type: 'STRING',
      function: '[x, true, listagg, ;]',
      function_options:
        '[fields.name.a.b.., fields.name.distinct, fields.name.aggregate-function, fields.name.list-agg-delimiter]',
      comment: null,
    },
  ])
})

test('$file_key_ranges shows of each file what $files shows', async () => {
  const { catalog } = await openTable()
  const rows = await readSystem(catalog, 'file_key_ranges')
  const columns = Object.keys(rows[0] as object)
  expect(rows).toEqual(await readSystem(catalog, 'files', { columns }))
  expect(rows).toEqual([expect.objectContaining({ min_key: '[1]', max_key: '[1]', level: 0 })])
})
