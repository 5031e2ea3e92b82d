import { describe, expect, test } from 'vitest'

import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import { schemaFileText, type TableSchema } from '../../src/types/schema-file.ts'
import { requireReadable, requireWritable } from '../../src/types/schema-validation.ts'

const COLUMNS = [
  { name: 'id', type: 'BIGINT NOT NULL' },
  { name: 'region', type: 'STRING NOT NULL' },
  { name: 'amount', type: 'DECIMAL(10, 2)' },
  { name: 'at', type: 'TIMESTAMP(6)' },
  { name: 'tags', type: 'ARRAY<STRING>' },
]
const KEYED = { fields: COLUMNS, primaryKeys: ['id'], options: { bucket: 2 } }
const APPEND = { fields: COLUMNS }

function create(json: object): TableSchema {
  return firstSchema(parseNewSchema(json), 1_700_000_000_000)
}

describe('what a new table gets', () => {
  test('ids, version, time, and options as text', () => {
    const schema = create({ ...KEYED, partitionKeys: [], comment: 'orders' })
    expect(schemaFileText(schema)).toBe(`{
  "version" : 3,
  "id" : 0,
  "fields" : [ {
    "id" : 0,
    "name" : "id",
    "type" : "BIGINT NOT NULL"
  }, {
    "id" : 1,
    "name" : "region",
    "type" : "STRING NOT NULL"
  }, {
    "id" : 2,
    "name" : "amount",
    "type" : "DECIMAL(10, 2)"
  }, {
    "id" : 3,
    "name" : "at",
    "type" : "TIMESTAMP(6)"
  }, {
    "id" : 4,
    "name" : "tags",
    "type" : {
      "type" : "ARRAY",
      "element" : "STRING"
    }
  } ],
  "highestFieldId" : 4,
  "partitionKeys" : [ ],
  "primaryKeys" : [ "id" ],
  "options" : {
    "bucket" : "2"
  },
  "comment" : "orders",
  "timeMillis" : 1700000000000
}`)
  })

  test('columns of the primary key become NOT NULL', () => {
    const schema = create({ ...KEYED, primaryKeys: ['id', 'at'] })
    expect(schema.fields[3]!.type.nullable).toBe(false)
  })

  test('ids that are given are kept', () => {
    const fields = COLUMNS.slice(0, 2).map((field, i) => ({ ...field, id: 10 * i + 3 }))
    const schema = create({ fields })
    expect(schema.fields.map(({ id }) => id)).toEqual([3, 13])
    expect(schema.highestFieldId).toBe(13)
  })

  test('the options primary-key, partition and bucket-key are normalised as Java expects them', () => {
    const schema = create({
      fields: COLUMNS,
      options: {
        'primary-key': 'id , region',
        partition: 'region',
        bucket: 2,
        'bucket-key': ' id ',
      },
    })
    expect(schema.primaryKeys).toEqual(['id', 'region'])
    expect(schema.partitionKeys).toEqual(['region'])
    expect({ ...schema.options }).toEqual({ bucket: '2', 'bucket-key': 'id' })
  })

  test('a whole schema file can be given', () => {
    const schema = create(KEYED)
    expect(create(JSON.parse(schemaFileText(schema)) as object)).toEqual(schema)
  })
})

describe('what is refused', () => {
  test.each<[string, object]>([
    ['the schema is wrong', {}],
    ['the schema is wrong', { fields: 'INT' }],
    [
      'unknown property "primarykeys" (did you mean "primaryKeys"?)',
      { ...APPEND, primarykeys: [] },
    ],
    ['some fields of the schema have an id', { fields: [{ ...COLUMNS[0], id: 1 }, COLUMNS[1]] }],
    ['a table needs at least one column', { fields: [] }],
    ['two columns are named "id"', { fields: [COLUMNS[0], COLUMNS[0]] }],
    ['the name of a column is blank', { fields: [{ name: ' ', type: 'INT' }] }],
    ['"STRNG" is no type (did you mean "STRING"?)', { fields: [{ name: 'a', type: 'STRNG' }] }],
    ['no column may be named "_KEY_a"', { fields: [{ name: '_KEY_a', type: 'INT' }] }],
    ['no column may be named "rowkind"', { fields: [{ name: 'rowkind', type: 'INT' }] }],
    [
      'two fields of the schema have the id 1',
      {
        fields: [
          { ...COLUMNS[0], id: 1 },
          { ...COLUMNS[1], id: 1 },
        ],
      },
    ],
    [
      'the default value of column "a": "five" is no INT',
      { fields: [{ name: 'a', type: 'INT', defaultValue: 'five' }] },
    ],
    [
      'primary key names "idd", which is no column (did you mean "id"?)',
      { ...KEYED, primaryKeys: ['idd'] },
    ],
    ['primary key names "id" twice', { ...KEYED, primaryKeys: ['id', 'id'] }],
    [
      'primary key names "tags", whose type ARRAY<STRING> NOT NULL',
      { ...KEYED, primaryKeys: ['tags'] },
    ],
    ['the partition keys name "zz"', { ...APPEND, partitionKeys: ['zz'] }],
    ['the primary key consists of partition keys only', { ...KEYED, partitionKeys: ['id'] }],
    ['the option primary-key is set although', { ...KEYED, options: { 'primary-key': 'id' } }],
    ['bucket-key is set although', { ...APPEND, options: { 'bucket-key': 'id' } }],
    ['the bucket key "zz" is no column', { ...KEYED, options: { bucket: 2, 'bucket-key': 'zz' } }],
    [
      'the bucket key "region" is not in the primary key',
      { ...KEYED, options: { bucket: 2, 'bucket-key': 'region' } },
    ],
    [
      'the bucket key "region" is a partition key',
      {
        ...KEYED,
        primaryKeys: ['id', 'region'],
        partitionKeys: ['region'],
        options: { bucket: 2, 'bucket-key': 'region' },
      },
    ],
    [
      'the bucket key "tags" has the type',
      { ...APPEND, options: { bucket: 2, 'bucket-key': 'tags' } },
    ],
    ['must not be 0', { ...KEYED, options: { bucket: 0 } }],
    ['is no whole number from -2 on', { ...KEYED, options: { bucket: -3 } }],
    ['needs a bucket-key', { ...APPEND, options: { bucket: 2 } }],
    ['postponed buckets (bucket = -2) need a primary key', { ...APPEND, options: { bucket: -2 } }],
    [
      'bucket-function.type = mod needs one bucket key',
      {
        ...KEYED,
        primaryKeys: ['id', 'region'],
        options: { bucket: 2, 'bucket-function.type': 'mod' },
      },
    ],
    [
      'option merge-engin is unknown (did you mean "merge-engine"?)',
      { ...KEYED, options: { 'merge-engin': 'x' } },
    ],
    [
      'sequence.field names "att", which is no column (did you mean "at"?)',
      { ...KEYED, options: { bucket: 2, 'sequence.field': 'att' } },
    ],
    [
      'sequence.field names "at" twice',
      { ...KEYED, options: { bucket: 2, 'sequence.field': 'at,at' } },
    ],
    [
      'sequence.field needs all partition keys',
      { ...KEYED, partitionKeys: ['region'], options: { bucket: 2, 'sequence.field': 'at' } },
    ],
    ['rowkind.field names "op"', { ...KEYED, options: { bucket: 2, 'rowkind.field': 'op' } }],
    [
      'rowkind.field "amount" must be a string',
      { ...KEYED, options: { bucket: 2, 'rowkind.field': 'amount' } },
    ],
    [
      'changelog-producer = input needs a primary key',
      { ...APPEND, options: { 'changelog-producer': 'input' } },
    ],
    [
      'streaming-read-overwrite needs a primary key',
      { ...APPEND, options: { 'streaming-read-overwrite': 'true' } },
    ],
    [
      'streaming-read-overwrite does not go with changelog-producer = lookup',
      {
        ...KEYED,
        options: { bucket: 2, 'streaming-read-overwrite': 'true', 'changelog-producer': 'lookup' },
      },
    ],
    [
      'merge-engine = first-row goes with changelog-producer',
      {
        ...KEYED,
        options: { bucket: 2, 'merge-engine': 'first-row', 'changelog-producer': 'input' },
      },
    ],
    [
      'takes no sequence.field',
      { ...KEYED, options: { bucket: 2, 'merge-engine': 'first-row', 'sequence.field': 'at' } },
    ],
    [
      'must have no aggregate function',
      {
        ...KEYED,
        options: { bucket: 2, 'sequence.field': 'at', 'fields.at.aggregate-function': 'max' },
      },
    ],
    [
      'deletion vectors do not go with changelog-producer',
      {
        ...KEYED,
        options: {
          bucket: 2,
          'deletion-vectors.enabled': true,
          'changelog-producer': 'full-compaction',
        },
      },
    ],
    [
      'deletion vectors do not go with merge-engine',
      {
        ...KEYED,
        options: { bucket: 2, 'deletion-vectors.enabled': true, 'merge-engine': 'first-row' },
      },
    ],
    [
      'row tracking goes with tables without primary key',
      { ...KEYED, options: { bucket: 2, 'row-tracking.enabled': true } },
    ],
    [
      'row tracking goes with bucket = -1 only',
      { ...APPEND, options: { bucket: 2, 'bucket-key': 'id', 'row-tracking.enabled': true } },
    ],
    [
      'data-evolution.enabled needs row-tracking.enabled',
      { ...APPEND, options: { 'data-evolution.enabled': true } },
    ],
    [
      'full-compaction.delta-commits needs',
      { ...APPEND, options: { 'full-compaction.delta-commits': 1 } },
    ],
    [
      'snapshot.num-retained.min is larger than',
      {
        ...KEYED,
        options: { bucket: 2, 'snapshot.num-retained.min': 5, 'snapshot.num-retained.max': 2 },
      },
    ],
    [
      'changelog.num-retained.min must be at least 1',
      { ...KEYED, options: { bucket: 2, 'changelog.num-retained.min': 0 } },
    ],
    [
      'partition.expiration-time needs partition keys',
      { ...KEYED, options: { bucket: 2, 'partition.expiration-time': '1 d' } },
    ],
    [
      'record-level.time-field "amount" must be INT',
      { ...KEYED, options: { bucket: 2, 'record-level.time-field': 'amount' } },
    ],
    [
      'scan.mode = from-snapshot needs one of scan.snapshot-id',
      { ...APPEND, options: { 'scan.mode': 'from-snapshot' } },
    ],
    [
      'does not go with scan.mode = latest',
      { ...APPEND, options: { 'scan.mode': 'latest', 'scan.snapshot-id': '1' } },
    ],
  ])('INVALID: %s', (message, json) => {
    expect(() => create(json)).toThrow(
      expect.objectContaining({ code: 'INVALID', message: expect.stringContaining(message) }),
    )
  })

  test.each<[string, object]>([
    [
      'option sequence.snapshot-ordering = "true"',
      { ...KEYED, options: { bucket: 2, 'sequence.snapshot-ordering': true } },
    ],
    [
      'VARIANT is written to Parquet files only',
      { fields: [{ name: 'a', type: 'VARIANT' }], options: { 'file.format': 'avro' } },
    ],
    ['BLOB cannot be written yet', { fields: [{ name: 'a', type: 'ARRAY<BLOB>' }] }],
    ['VECTOR cannot be written yet', { fields: [{ name: 'a', type: 'VECTOR<FLOAT, 3>' }] }],
    [
      'Avro holds timestamps of at most microseconds',
      { fields: [{ name: 'a', type: 'TIMESTAMP(9)' }], options: { 'file.format': 'avro' } },
    ],
    [
      'Avro holds times of at most milliseconds',
      { fields: [{ name: 'a', type: 'MAP<INT, TIME(6)>' }], options: { 'file.format': 'avro' } },
    ],
  ])('UNSUPPORTED: %s', (message, json) => {
    expect(() => create(json)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(message) }),
    )
  })
})

describe('tables of other engines', () => {
  test.each([
    [{ bucket: '2' }, true, true],
    [{}, true, true],
    [{ bucket: '-2' }, true, true],
    [{ bucket: '2', 'changelog-producer': 'lookup' }, true, true],
    [{ bucket: '2', 'deletion-vectors.enabled': 'true' }, true, true],
    [{ bucket: '-1', 'query-auth.enabled': 'true' }, false, true],
  ])('%j: read %s, written %s', (options, readable, writable) => {
    const schema: TableSchema = { ...create(KEYED), options }
    expect(succeeds(() => requireReadable(schema))).toBe(readable)
    expect(succeeds(() => requireWritable(schema))).toBe(writable)
  })
})

function succeeds(action: () => void): boolean {
  try {
    action()
    return true
  } catch {
    return false
  }
}
