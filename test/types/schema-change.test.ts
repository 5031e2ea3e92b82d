import { describe, expect, test } from 'vitest'

import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import { changedSchema, type SchemaChange } from '../../src/types/schema-change.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { fieldText } from '../../src/types/type-text.ts'

const schema = firstSchema(
  parseNewSchema({
    fields: [
      { name: 'id', type: 'INT NOT NULL' },
      { name: 'dt', type: 'STRING NOT NULL' },
      { name: 'amount', type: 'INT', description: 'cents' },
      { name: 'version', type: 'BIGINT' },
      { name: 'lines', type: 'ARRAY<ROW<item STRING, count INT>>' },
      { name: 'labels', type: 'MAP<STRING, INT>' },
    ],
    primaryKeys: ['dt', 'id'],
    partitionKeys: ['dt'],
    options: {
      bucket: 2,
      'bucket-key': 'id',
      'sequence.field': 'version',
      'merge-engine': 'aggregation',
      'fields.amount.aggregate-function': 'sum',
    },
  }),
  0,
)

function changed(changes: readonly SchemaChange[], hasSnapshots = true): TableSchema {
  return changedSchema(schema, changes, { hasSnapshots, timeMillis: 7 })
}

/** The columns as texts, with their ids. */
function columns({ fields }: TableSchema): string[] {
  return fields.map((field) => `${field.id} ${fieldText(field).replaceAll('`', '')}`)
}

test('columns are added anywhere, and take ids that no field ever had', () => {
  const after = changed([
    { action: 'addColumn', column: 'note', type: 'ROW<text STRING>', position: { after: 'id' } },
    { action: 'addColumn', column: ['lines', 'element', 'price'], type: 'DECIMAL(10, 2)' },
    { action: 'dropColumn', column: 'note' },
    { action: 'addColumn', column: 'first', type: 'DATE', position: 'first', comment: 'a day' },
  ])
  expect(after).toMatchObject({ id: 1, highestFieldId: schema.highestFieldId + 4, timeMillis: 7 })
  expect(columns(after)).toEqual([
    `${schema.highestFieldId + 4} first DATE COMMENT 'a day'`,
    '0 id INT NOT NULL',
    '1 dt STRING NOT NULL',
    `2 amount INT COMMENT 'cents'`,
    '3 version BIGINT',
    '4 lines ARRAY<ROW<item STRING, count INT, price DECIMAL(10, 2)>>',
    '7 labels MAP<STRING, INT>',
  ])
})

test('keys and options follow the names of their columns, also when two take each other’s', () => {
  const after = changed([
    { action: 'renameColumn', column: 'id', to: 'key' },
    { action: 'renameColumn', column: 'amount', to: 'swap' },
    { action: 'renameColumn', column: 'version', to: 'amount' },
    { action: 'renameColumn', column: 'swap', to: 'version' },
  ])
  expect(after.primaryKeys).toEqual(['dt', 'key'])
  expect({ ...after.options }).toEqual({
    bucket: '2',
    'bucket-key': 'key',
    'sequence.field': 'amount',
    'merge-engine': 'aggregation',
    'fields.version.aggregate-function': 'sum',
  })
  expect(after.fields.map(({ id }) => id)).toEqual(schema.fields.map(({ id }) => id))
})

test('types, NOT NULL, comments, defaults and places change, within columns too', () => {
  const after = changed([
    { action: 'updateColumnType', column: 'amount', type: 'BIGINT' },
    {
      action: 'updateColumnType',
      column: ['labels', 'value'],
      type: 'BIGINT NOT NULL',
      keepNullability: true,
    },
    { action: 'updateColumnType', column: ['lines', 'element', 'count'], type: 'STRING' },
    { action: 'updateColumnComment', column: 'amount', comment: null },
    { action: 'updateColumnDefaultValue', column: 'amount', defaultValue: '5' },
    { action: 'updateColumnPosition', column: 'labels', position: { before: 'dt' } },
    { action: 'updateComment', comment: 'orders' },
    { action: 'removeOption', name: 'fields.amount.aggregate-function' },
    { action: 'setOption', name: 'target-file-size', value: '1 mb' },
  ])
  expect(columns(after)).toEqual([
    '0 id INT NOT NULL',
    '7 labels MAP<STRING, BIGINT>',
    '1 dt STRING NOT NULL',
    '2 amount BIGINT DEFAULT 5',
    '3 version BIGINT',
    '4 lines ARRAY<ROW<item STRING, count STRING>>',
  ])
  expect(after.comment).toBe('orders')
  expect(after.options['target-file-size']).toBe('1 mb')
  expect(after.options).not.toHaveProperty('fields.amount.aggregate-function')
})

describe('refused', () => {
  test.each<[string, SchemaChange]>([
    ['did you mean "amount"', { action: 'dropColumn', column: 'amuont' }],
    ['lines.element.itm', { action: 'dropColumn', column: ['lines', 'element', 'itm'] }],
    ['lines has no field "x"', { action: 'addColumn', column: ['lines', 'x'], type: 'INT' }],
    ['no name of its own', { action: 'dropColumn', column: ['labels', 'value'] }],
    ['in the primary key', { action: 'updateColumnType', column: 'id', type: 'BIGINT' }],
    ['a partition key', { action: 'renameColumn', column: 'dt', to: 'day' }],
    ['already', { action: 'renameColumn', column: 'amount', to: 'dt' }],
    ['must not be NOT NULL', { action: 'addColumn', column: 'x', type: 'INT NOT NULL' }],
    ['cannot change from INT', { action: 'updateColumnType', column: 'amount', type: 'TIME(3)' }],
    [
      'cannot become NOT NULL',
      { action: 'updateColumnNullability', column: 'amount', nullable: false },
    ],
    ['"x" is no INT', { action: 'updateColumnDefaultValue', column: 'amount', defaultValue: 'x' }],
    ['to where it is', { action: 'updateColumnPosition', column: 'id', position: 'first' }],
    ['sequence.field names "version"', { action: 'dropColumn', column: 'version' }],
    ['option fields.amount', { action: 'dropColumn', column: 'amount' }],
    ['keeps that name for itself', { action: 'renameColumn', column: 'amount', to: '_KEY_id' }],
    ['merge-engine', { action: 'setOption', name: 'merge-engine', value: 'deduplicate' }],
    ['did you mean "bucket"', { action: 'setOption', name: 'buckett', value: 3 }],
    ['primary key cannot', { action: 'dropPrimaryKey' }],
    ['did you mean "dropColumn"', { action: 'dropColum', column: 'amount' } as never],
  ])('%s', (message, change) => {
    expect(() => changed([change])).toThrow(message)
  })
})

test('a table without snapshots may lose its primary key, or get another', () => {
  const empty = { hasSnapshots: false, timeMillis: 0 }
  const without = changedSchema(
    { ...schema, options: { bucket: '2', 'bucket-key': 'id' } },
    [{ action: 'dropPrimaryKey' }],
    empty,
  )
  expect(without.primaryKeys).toEqual([])
  const again = changedSchema(
    without,
    [{ action: 'setOption', name: 'primary-key', value: 'dt, id' }],
    empty,
  )
  expect(again).toMatchObject({ primaryKeys: ['dt', 'id'], id: 2 })
})

test('a table keeps options that this library does not know, and gets none', () => {
  const foreign = { ...schema, options: { ...schema.options, 'some.engine': 'x' } }
  const after = changedSchema(foreign, [{ action: 'addColumn', column: 'n', type: 'INT' }], {
    hasSnapshots: true,
    timeMillis: 0,
  })
  expect(after.options['some.engine']).toBe('x')
})
