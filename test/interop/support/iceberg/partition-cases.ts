/** Partitioned tables: every type that a partition key can have, with nulls, and what happens to partitions. */
import type { IcebergCase } from './case.ts'

const GROUP = 'Partitions'

const KEYS: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  tinyint: 'TINYINT',
  smallint: 'SMALLINT',
  int: 'INT',
  bigint: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  decimal: 'DECIMAL(9, 2)',
  decimal_large: 'DECIMAL(38, 10)',
  string: 'STRING',
  binary: 'BYTES',
  date: 'DATE',
  ts_3: 'TIMESTAMP(3)',
  ts_6: 'TIMESTAMP(6)',
  ltz_3: 'TIMESTAMP_LTZ(3)',
  ltz_6: 'TIMESTAMP_LTZ(6)',
}

/** Commits, a compaction, and partitions that only later commits have. */
const byType = Object.entries(KEYS).map(([name, type]): IcebergCase => ({
  name: `part_${name}`,
  group: GROUP,
  fields: { id: 'INT', p: type, v: 'STRING' },
  partitionKeys: ['p'],
  // Bytes have no stable legacy name.
  options: { 'partition.legacy-name': 'false' },
  steps: async (table) => {
    await table.writeValues(8)
    await table.writeValues(12, 8)
    await table.compact()
    await table.writeValues(5, 20)
  },
}))

const keyedRows = (v: string): Record<string, unknown>[] =>
  Array.from({ length: 30 }, (_, id) => ({ dt: `2026-11-${10 + (id % 5)}`, n: `${id % 2}`, id, v }))

export const PARTITION_CASES: readonly IcebergCase[] = [
  ...byType,
  {
    name: 'part_several_v3',
    group: GROUP,
    version: 3,
    fields: { id: 'INT', dt: 'DATE', n: 'SMALLINT', price: 'DECIMAL(5, 2)', v: 'STRING' },
    partitionKeys: ['dt', 'n', 'price'],
    steps: async (table) => {
      await table.writeValues(40)
      await table.compact()
      await table.writeValues(10, 40)
    },
  },
  {
    name: 'part_key',
    group: GROUP,
    fields: { dt: 'STRING', n: 'BIGINT', id: 'INT', v: 'STRING' },
    partitionKeys: ['dt', 'n'],
    primaryKeys: ['dt', 'n', 'id'],
    steps: async (table) => {
      await table.write(keyedRows('first'))
      await table.write(keyedRows('second').slice(0, 12))
      await table.compact()
    },
  },
  {
    name: 'part_odd_names',
    group: GROUP,
    fields: {
      id: 'INT',
      'p a': 'STRING',
      größe: 'INT',
      '1st': 'DATE',
      'a-b/c': 'INT',
      v: 'STRING',
    },
    partitionKeys: ['p a', 'größe', '1st', 'a-b/c'],
    steps: async (table) => {
      const values = ['x y', 'a=b/c', '%20', 'é漢', null]
      await table.write(
        values.map((p, id) => ({
          id,
          'p a': p,
          größe: id,
          '1st': '2026-11-22',
          'a-b/c': id % 2,
          v: `v${id}`,
        })),
      )
      await table.write([{ id: 9, 'p a': 'x y', größe: 1, '1st': null, 'a-b/c': null, v: null }])
    },
  },
  {
    name: 'part_dropped',
    group: GROUP,
    fields: { id: 'INT', p: 'INT', v: 'STRING' },
    partitionKeys: ['p'],
    steps: async (table) => {
      await table.writeValues(30)
      await table.keep()
      await table.change(async (each) => await each.dropPartitions([{ p: 7 }, { p: null }]))
      await table.change(async (each) => await each.overwrite([{ id: 1, p: 0, v: 'over' }]))
    },
  },
]
