/** Tables whose history is changed: tags, rollback, expiry, overwrites; and what the engines of primary keys show. */
import type { IcebergCase } from './case.ts'

const FIELDS = { id: 'INT', v: 'STRING' }
const HISTORY = 'Tags, rollback, expiry, overwrites'
const ENGINES = 'Primary keys'

const rowsOf = (from: number, to: number, v: string): Record<string, unknown>[] =>
  Array.from({ length: to - from }, (_, i) => ({ id: from + i, v }))

export const HISTORY_CASES: readonly IcebergCase[] = [
  {
    name: 'tags',
    group: HISTORY,
    fields: FIELDS,
    steps: async (table) => {
      await table.write(rowsOf(0, 5, 'a'))
      await table.tag('first')
      await table.write(rowsOf(5, 9, 'b'))
      await table.keep()
      await table.alter([{ action: 'addColumn', column: 'w', type: 'INT' }])
      await table.writeValues(4, 9)
      await table.tag('2026-11-22')
    },
  },
  {
    name: 'tags_expired_v3',
    group: HISTORY,
    version: 3,
    fields: FIELDS,
    steps: async (table) => {
      await table.write(rowsOf(0, 5, 'a'))
      await table.tag('kept')
      for (let i = 1; i < 6; i++) await table.write(rowsOf(i * 10, i * 10 + 3, 'b'))
      const now = { retainMin: 1, retainMax: 2, olderThan: new Date(Date.now() + 60_000) }
      await table.change(async (each) => await each.expire(now))
      await table.keep()
    },
  },
  {
    name: 'rolled_back',
    group: HISTORY,
    fields: FIELDS,
    steps: async (table) => {
      for (let i = 0; i < 4; i++) await table.write(rowsOf(i * 3, i * 3 + 3, `${i}`))
      await table.change(async (each) => await each.rollbackTo({ snapshot: 2 }))
    },
  },
  {
    name: 'rolled_back_and_on',
    group: HISTORY,
    fields: FIELDS,
    primaryKeys: ['id'],
    options: { 'deletion-vectors.enabled': 'true' },
    steps: async (table) => {
      for (let i = 0; i < 4; i++) await table.write(rowsOf(i * 3, i * 3 + 5, `${i}`))
      await table.change(async (each) => await each.rollbackTo({ snapshot: 4 }))
      await table.write(rowsOf(2, 30, 'after'))
      await table.keep()
    },
  },
  {
    name: 'rolled_back_to_tag_v3',
    group: HISTORY,
    version: 3,
    fields: FIELDS,
    steps: async (table) => {
      await table.write(rowsOf(0, 5, 'a'))
      await table.write(rowsOf(5, 9, 'b'))
      await table.tag('good')
      for (let i = 0; i < 3; i++) await table.write(rowsOf(20, 23, 'bad'))
      await table.change(async (each) => await each.rollbackTo({ tag: 'good' }))
      await table.write(rowsOf(30, 33, 'after'))
    },
  },
  {
    name: 'expired',
    group: HISTORY,
    fields: FIELDS,
    primaryKeys: ['id'],
    options: { 'full-compaction.delta-commits': '1' },
    steps: async (table) => {
      for (let i = 0; i < 6; i++) await table.write(rowsOf(i, i + 5, `${i}`))
      const now = { retainMin: 1, retainMax: 3, olderThan: new Date(Date.now() + 60_000) }
      await table.change(async (each) => await each.expire(now))
    },
  },
  {
    name: 'overwritten',
    group: HISTORY,
    fields: FIELDS,
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.keep()
      await table.change(async (each) => await each.overwrite(rowsOf(3, 6, 'b')))
    },
  },
  {
    name: 'emptied',
    group: HISTORY,
    fields: FIELDS,
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.change(async (each) => await each.truncate())
    },
  },
  {
    name: 'emptied_and_on_v3',
    group: HISTORY,
    version: 3,
    fields: FIELDS,
    primaryKeys: ['id'],
    options: { 'deletion-vectors.enabled': 'true', 'deletion-vectors.bitmap64': 'true' },
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.write(rowsOf(0, 4, 'b'))
      await table.change(async (each) => await each.truncate())
      await table.write(rowsOf(2, 6, 'c'))
    },
  },
]

const switchOn = {
  action: 'setOption',
  name: 'metadata.iceberg.storage',
  value: 'table-location',
} as const

/** Tables that are published from some point on, or in another way or place. */
export const CHANGED_CASES: readonly IcebergCase[] = [
  {
    name: 'switched_on',
    group: HISTORY,
    fields: FIELDS,
    primaryKeys: ['id'],
    options: { 'metadata.iceberg.storage': 'disabled', 'deletion-vectors.enabled': 'true' },
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.write(rowsOf(4, 12, 'b'))
      await table.alter([switchOn])
      await table.keep()
      await table.write(rowsOf(10, 14, 'c'))
    },
  },
  {
    name: 'switched_on_last',
    group: HISTORY,
    fields: FIELDS,
    options: { 'metadata.iceberg.storage': 'disabled' },
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.write(rowsOf(9, 12, 'b'))
      await table.alter([switchOn])
    },
  },
  {
    name: 'version_raised',
    group: HISTORY,
    fields: FIELDS,
    primaryKeys: ['id'],
    options: { 'deletion-vectors.enabled': 'true' },
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.write(rowsOf(4, 12, 'b'))
      await table.keep()
      await table.alter([
        { action: 'setOption', name: 'metadata.iceberg.format-version', value: '3' },
      ])
      await table.write(rowsOf(10, 14, 'c'))
    },
  },
  {
    name: 'to_be_renamed',
    group: HISTORY,
    fields: FIELDS,
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.rename('renamed')
      await table.write(rowsOf(9, 12, 'b'))
    },
  },
  {
    name: 'to_be_renamed_beside',
    group: HISTORY,
    fields: FIELDS,
    options: { 'metadata.iceberg.storage': 'hadoop-catalog' },
    steps: async (table) => {
      await table.write(rowsOf(0, 9, 'a'))
      await table.rename('renamed_beside')
      await table.write(rowsOf(9, 12, 'b'))
    },
  },
]

const KEYED = { group: ENGINES, fields: FIELDS, primaryKeys: ['id'] }

export const ENGINE_CASES: readonly IcebergCase[] = [
  {
    ...KEYED,
    name: 'key_not_compacted',
    steps: async (table) => {
      await table.write(rowsOf(0, 20, 'a'), { 'write-only': 'true' })
      await table.write(rowsOf(5, 10, 'b'), { 'write-only': 'true' })
    },
  },
  {
    ...KEYED,
    name: 'key_behind',
    steps: async (table) => {
      await table.write(rowsOf(0, 20, 'a'))
      await table.compact()
      await table.write(rowsOf(5, 10, 'b'), { 'write-only': 'true' })
    },
  },
  {
    ...KEYED,
    name: 'key_never_behind',
    options: { 'full-compaction.delta-commits': '1' },
    steps: async (table) => {
      await table.write(rowsOf(0, 20, 'a'))
      await table.keep()
      await table.write(rowsOf(5, 10, 'b'))
      await table.write([{ id: 3, v: 'x', _kind: '-D' }])
    },
  },
  {
    ...KEYED,
    name: 'key_first_row',
    options: { 'merge-engine': 'first-row' },
    steps: async (table) => {
      await table.write(rowsOf(0, 20, 'a'))
      await table.write(rowsOf(5, 30, 'b'))
      await table.compact()
      table.forget()
    },
  },
  {
    ...KEYED,
    name: 'key_sequence',
    fields: { ...FIELDS, at: 'TIMESTAMP(3)' },
    options: { 'sequence.field': 'at' },
    steps: async (table) => {
      await table.writeValues(20)
      await table.writeValues(20, 7)
      await table.compact()
      table.forget()
    },
  },
  {
    ...KEYED,
    name: 'key_partial_update',
    fields: { ...FIELDS, w: 'INT' },
    options: { 'merge-engine': 'partial-update' },
    steps: async (table) => {
      await table.write(rowsOf(0, 20, 'a'))
      await table.write([{ id: 3, w: 7 }])
      await table.compact()
      table.forget()
    },
  },
  {
    ...KEYED,
    name: 'key_aggregation',
    fields: { id: 'INT', n: 'BIGINT', high: 'DOUBLE' },
    options: {
      'merge-engine': 'aggregation',
      'fields.n.aggregate-function': 'sum',
      'fields.high.aggregate-function': 'max',
    },
    steps: async (table) => {
      for (const n of ['1', '20', '300'])
        await table.write([1, 2, 3].map((id) => ({ id, n, high: id * n.length })))
      await table.compact()
      table.forget()
    },
  },
  {
    ...KEYED,
    name: 'key_dynamic_buckets',
    options: { bucket: '-1', 'dynamic-bucket.target-row-num': '10' },
    steps: async (table) => {
      await table.write(rowsOf(0, 40, 'a'))
      await table.write(rowsOf(30, 50, 'b'))
      await table.compact()
    },
  },
  {
    ...KEYED,
    name: 'key_postponed_buckets',
    options: { bucket: '-2' },
    steps: async (table) => {
      await table.write(rowsOf(0, 40, 'a'))
      await table.compact()
      await table.compact()
      table.forget()
    },
  },
  {
    ...KEYED,
    name: 'key_rescaled',
    steps: async (table) => {
      await table.write(rowsOf(0, 40, 'a'))
      await table.change(async (each) => await each.rescale({ buckets: 5 }))
      await table.write(rowsOf(30, 50, 'b'))
      await table.compact()
    },
  },
  {
    ...KEYED,
    name: 'key_changelog',
    options: { 'changelog-producer': 'lookup' },
    steps: async (table) => {
      await table.write(rowsOf(0, 20, 'a'))
      await table.write(rowsOf(5, 10, 'b'))
      await table.compact()
    },
  },
]
