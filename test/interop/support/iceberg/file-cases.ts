/** Tables whose files, statistics and places are unlike what the defaults make. */
import type { CaseTable, IcebergCase } from './case.ts'
import { PRIMITIVES } from './type-cases.ts'

const STATS = 'Statistics'
const FILES = 'Files and layout'

async function writeTwice(table: CaseTable): Promise<void> {
  await table.writeValues(20)
  await table.writeValues(10, 20)
}

const MODES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  none: { 'metadata.stats-mode': 'none' },
  counts: { 'metadata.stats-mode': 'counts' },
  truncated: { 'metadata.stats-mode': 'truncate(2)' },
  full: { 'metadata.stats-mode': 'full' },
  not_dense: { 'metadata.stats-mode': 'counts', 'metadata.stats-dense-store': 'false' },
  by_column: { 'metadata.stats-mode': 'none', 'fields.string_.stats-mode': 'full' },
}

const required = Object.fromEntries(
  Object.entries(PRIMITIVES).map(([name, type], i) => [
    name,
    i % 2 === 0 ? type : `${type} NOT NULL`,
  ]),
)

const statistics = Object.entries(MODES).map(([name, options]): IcebergCase => ({
  name: `stats_${name}`,
  group: STATS,
  fields: { id: 'INT', ...required },
  options,
  steps: writeTwice,
}))

const COLUMNS = { id: 'INT', p: 'INT', v: 'STRING' }

const keyRows = (v: string): Record<string, unknown>[] =>
  Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, part: `p${i % 2}`, v }))

export const FILE_CASES: readonly IcebergCase[] = [
  ...statistics,
  {
    name: 'stats_key_counts',
    group: STATS,
    fields: { id: 'INT', ...required },
    primaryKeys: ['id'],
    options: { 'metadata.stats-mode': 'counts' },
    steps: async (table) => {
      await writeTwice(table)
      await table.compact()
    },
  },
  {
    name: 'thin',
    group: FILES,
    fields: { id: 'BIGINT', part: 'STRING', v: 'STRING' },
    primaryKeys: ['id', 'part'],
    options: { 'data-file.thin-mode': 'true' },
    steps: async (table) => {
      await table.write(keyRows('a'))
      await table.write(keyRows('b').slice(3, 9))
      await table.compact()
    },
  },
  {
    name: 'hadoop_catalog',
    group: FILES,
    fields: COLUMNS,
    partitionKeys: ['p'],
    options: { 'metadata.iceberg.storage': 'hadoop-catalog' },
    steps: writeTwice,
  },
  {
    name: 'hadoop_catalog_dv_v3',
    group: FILES,
    version: 3,
    fields: COLUMNS,
    primaryKeys: ['id'],
    options: {
      'metadata.iceberg.storage': 'hadoop-catalog',
      'deletion-vectors.enabled': 'true',
      'deletion-vectors.bitmap64': 'true',
    },
    steps: async (table) => {
      await table.writeValues(20)
      await table.writeValues(20, 10)
    },
  },
  {
    name: 'data_directory',
    group: FILES,
    fields: COLUMNS,
    partitionKeys: ['p'],
    options: { 'data-file.path-directory': 'data' },
    steps: writeTwice,
  },
  {
    name: 'odd_columns',
    group: FILES,
    fields: {
      id: 'INT',
      'a b': 'STRING',
      select: 'INT',
      größe: 'DOUBLE',
      '1st': 'DATE',
      'x-y': 'BYTES',
    },
    steps: writeTwice,
  },
  {
    name: 'row_tracking_v3',
    group: FILES,
    version: 3,
    fields: COLUMNS,
    options: { 'row-tracking.enabled': 'true' },
    steps: async (table) => {
      await writeTwice(table)
      await table.compact()
      await table.writeValues(3, 30)
    },
  },
  {
    name: 'many_commits',
    group: FILES,
    fields: COLUMNS,
    partitionKeys: ['p'],
    options: { 'metadata.iceberg.compaction.min.file-num': '4' },
    steps: async (table) => {
      for (let i = 0; i < 25; i++) await table.writeValues(2, i * 2)
      await table.keep()
      await table.compact()
      await table.writeValues(2, 50)
    },
  },
  {
    name: 'compressed',
    group: FILES,
    fields: COLUMNS,
    options: { 'file.compression': 'snappy', 'metadata.iceberg.manifest-compression': 'null' },
    steps: writeTwice,
  },
  {
    name: 'avro',
    group: FILES,
    fields: COLUMNS,
    options: { 'file.format': 'avro' },
    steps: writeTwice,
  },
  {
    name: 'many_rows',
    group: FILES,
    fields: { id: 'INT', n: 'BIGINT', v: 'STRING' },
    options: { 'file.block-size': '512 kb' },
    steps: async (table) => {
      const rows = Array.from({ length: 300_000 }, (_, i) => ({
        id: i,
        n: BigInt(i) * 1_000_003n,
        v: i % 11 === 0 ? null : `row ${i % 1000}`,
      }))
      await table.change(async (each) => await each.write(rows))
    },
  },
]
