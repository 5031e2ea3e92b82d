import { expect, test } from 'vitest'

import { lastColumnId, icebergSchema, partitionSpec } from '../../src/iceberg-compat/schema.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'

function schemaOf(
  columns: readonly (readonly [string, unknown])[],
  more: object = {},
): TableSchema {
  const fields = columns.map(([name, type]) => ({ name, type }))
  return firstSchema(parseNewSchema({ fields, ...more }), 0)
}

const ofType = (type: unknown): TableSchema => schemaOf([['c', type]])

test.each([
  ['BOOLEAN', 'boolean'],
  ['TINYINT', 'int'],
  ['SMALLINT', 'int'],
  ['INT', 'int'],
  ['BIGINT', 'long'],
  ['FLOAT', 'float'],
  ['DOUBLE', 'double'],
  ['DECIMAL(38, 18)', 'decimal(38, 18)'],
  ['CHAR(3)', 'string'],
  ['STRING', 'string'],
  ['BINARY(3)', 'binary'],
  ['BYTES', 'binary'],
  ['DATE', 'date'],
  ['TIMESTAMP(0)', 'timestamp'],
  ['TIMESTAMP(6)', 'timestamp'],
  ['TIMESTAMP(3) WITH LOCAL TIME ZONE', 'timestamptz'],
])('%s is %s', (type, expected) => {
  expect(icebergSchema(ofType(`${type} NOT NULL`)).fields).toEqual([
    { id: 0, name: 'c', required: true, type: expected },
  ])
})

test.each([
  ['TIMESTAMP(7)', 'TIMESTAMP(7)', 'use TIMESTAMP(6)'],
  ['TIMESTAMP(9) WITH LOCAL TIME ZONE', 'TIMESTAMP(9)', 'use TIMESTAMP(6) WITH LOCAL TIME ZONE'],
  ['TIME(3)', 'TIME(3)', 'use INT'],
  ['MULTISET<INT>', 'MULTISET<INT>', 'use a MAP'],
  ['VARIANT', 'VARIANT', 'use STRING'],
  ['ARRAY<TIME(0)>', 'TIME(0)', 'use INT'],
])('%s is refused, with what can be used', (type, named, hint) => {
  expect(() => icebergSchema(ofType(type))).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(`column "c" has the type ${named}`) as string,
      hint: expect.stringContaining(hint) as string,
    }),
  )
})

test('arrays, maps and rows have the ids that Parquet files have, and their own nullability', () => {
  const element = {
    type: 'ROW',
    fields: [{ name: 'x', type: 'INT NOT NULL', description: 'of it' }],
  }
  const array = { type: 'ARRAY NOT NULL', element }
  const schema = ofType({ type: 'MAP', key: 'STRING NOT NULL', value: array })
  expect(icebergSchema(schema).fields[0]).toEqual({
    id: 0,
    name: 'c',
    required: false,
    type: {
      type: 'map',
      'key-id': 536_870_910,
      key: 'string',
      'value-id': 536_870_912,
      value: {
        type: 'list',
        'element-id': 536_870_913,
        element: {
          type: 'struct',
          fields: [{ id: 1, name: 'x', required: true, type: 'int', doc: 'of it' }],
        },
        'element-required': false,
      },
      'value-required': true,
    },
  })
  expect(lastColumnId([schema])).toBe(536_870_913)
})

test('parts that would have one id, and names that would be one, are refused', () => {
  const ints = { type: 'ARRAY', element: 'INT' }
  expect(() => icebergSchema(ofType({ type: 'MAP', key: ints, value: ints }))).toThrow(
    'column "c" has parts that Iceberg cannot tell apart',
  )
  const row = { type: 'ROW', fields: [{ name: 'b', type: 'INT' }] }
  const both = schemaOf([
    ['a', row],
    ['a.b', 'INT'],
  ])
  expect(() => icebergSchema(both)).toThrow('Iceberg takes two fields for the same: "a.b"')
})

test.each([
  ['INT', [1, 0]],
  ['DOUBLE', undefined],
])('a key of %s identifies rows or not', (type, expected) => {
  const columns = [
    ['v', type],
    ['k', 'INT'],
  ] as const
  const schema = schemaOf(columns, { primaryKeys: ['k', 'v'], options: { bucket: '1' } })
  expect(icebergSchema(schema)['identifier-field-ids']).toEqual(expected)
  // Files repeat the key in columns of their own.
  expect(lastColumnId([schema])).toBe(1_073_741_824)
})

test('partition keys are fields from 1000 on, under their names', () => {
  const columns = [
    ['v', 'INT'],
    ['day of', 'DATE'],
    ['p', 'STRING'],
  ] as const
  expect(partitionSpec(schemaOf(columns, { partitionKeys: ['p', 'day of'] }))).toEqual({
    'spec-id': 0,
    fields: [
      { 'source-id': 2, 'field-id': 1000, name: 'p', transform: 'identity' },
      { 'source-id': 1, 'field-id': 1001, name: 'day of', transform: 'identity' },
    ],
  })
  expect(partitionSpec(schemaOf(columns)).fields).toEqual([])
})
