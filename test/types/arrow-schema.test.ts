import {
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  Int32,
  LargeList,
  LargeUtf8,
  Null,
  Schema,
  Timestamp,
  TimeUnit,
  Uint64,
  Utf8,
  Utf8View,
} from 'apache-arrow'
import * as arrow from 'apache-arrow'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { toRecordBatch } from '../../src/types/arrow-export.ts'
import { arrowSchema, arrowText, fieldsFromArrow } from '../../src/types/arrow-schema.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { fieldsOf, throughIpc } from './arrow-support.ts'
import { tables, toBatch } from './random-values.ts'

describe('types', () => {
  test('the types come back from the Arrow schema, also from a file', () => {
    fc.assert(
      fc.property(tables, ({ fields, rows }) => {
        const schema = arrowSchema(fields)
        expect(fieldsFromArrow(schema).map(withoutIds)).toEqual(fields.map(withoutIds))
        const again = throughIpc(toRecordBatch(toBatch({ fields, rows }), fields, schema)).schema
        expect(fieldsFromArrow(again).map(withoutIds)).toEqual(fields.map(withoutIds))
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['CHAR(5)', 'Utf8', 'CHAR(5)'],
    ['STRING', 'Utf8', undefined],
    ['BYTES', 'Binary', undefined],
    ['BLOB', 'Binary', 'BLOB'],
    ['DECIMAL(10, 2)', 'Decimal[10e+2]', undefined],
    ['DATE', 'Date32<DAY>', undefined],
    ['TIME(3)', 'Time32<MILLISECOND>', undefined],
    ['TIME(0)', 'Time32<MILLISECOND>', 'TIME(0)'],
    ['TIMESTAMP(3)', 'Timestamp<MILLISECOND>', undefined],
    ['TIMESTAMP(4)', 'Timestamp<MICROSECOND>', 'TIMESTAMP(4)'],
    ['TIMESTAMP_LTZ(9)', 'Timestamp<NANOSECOND, UTC>', undefined],
    ['ARRAY<INT>', 'List<Int32>', undefined],
    ['VECTOR<FLOAT, 3>', 'FixedSizeList[3]<Float32>', undefined],
    ['MULTISET<STRING>', 'Map<{key:Utf8, value:Int32}>', 'MULTISET'],
    ['ROW<a INT>', 'Struct<{a:Int32}>', undefined],
    ['VARIANT', 'Struct<{value:Binary, metadata:Binary}>', 'VARIANT'],
  ])('%s is Arrow %s', (type, text, metadata) => {
    const field = arrowSchema(fieldsOf({ x: type })).fields[0]!
    expect(arrowText(field.type)).toContain(text.startsWith('Map') ? 'Map' : text)
    expect(field.metadata.get('paimon.type')).toBe(metadata)
    expect(field.nullable).toBe(true)
  })

  test.each([
    [new arrow.Uint8(), 'SMALLINT'],
    [new arrow.Uint16(), 'INT'],
    [new arrow.Uint32(), 'BIGINT'],
    [new Uint64(), 'DECIMAL(20, 0)'],
    [new arrow.Float16(), 'FLOAT'],
    [new LargeUtf8(), 'STRING'],
    [new Utf8View(), 'STRING'],
    [new arrow.LargeBinary(), 'BYTES'],
    [new FixedSizeBinary(7), 'BINARY(7)'],
    [new arrow.DateMillisecond(), 'DATE'],
    [new arrow.TimeNanosecond(), 'TIME(3)'],
    [new Timestamp(TimeUnit.SECOND), 'TIMESTAMP(0)'],
    [new Timestamp(TimeUnit.NANOSECOND, 'Europe/Berlin'), 'TIMESTAMP_LTZ(9)'],
    [new Dictionary(new Utf8(), new Int32()), 'STRING'],
    [new LargeList(new Field('x', new Int32(), false)), 'ARRAY<INT NOT NULL>'],
    [new arrow.FixedSizeList(2, new Field('x', new Utf8(), true)), 'ARRAY<STRING>'],
  ])('%s becomes %s', (type, text) => {
    const [field] = fieldsFromArrow(new Schema([new Field('x', type, true)]))
    expect(field!.type).toEqual(parseTypeText(text))
  })

  test.each([
    new Null(),
    new arrow.DurationSecond(),
    new Decimal(2, 50, 256),
    new Decimal(-2, 10, 128),
  ])('%s has no Paimon type', (type) => {
    expect(() => fieldsFromArrow(new Schema([new Field('x', type, true)]))).toThrow(
      /column x is Arrow .*no Paimon type/,
    )
  })

  test.each(['INT', 'CHAR(5', 'TIMESTAMP(9)', 'nonsense'])(
    'metadata %s that does not fit is ignored',
    (hint) => {
      const field = new Field('x', new Utf8(), true, new Map([['paimon.type', hint]]))
      expect(fieldsFromArrow(new Schema([field]))[0]!.type).toEqual(parseTypeText('STRING'))
    },
  )

  test('ids are given in order, a field before those inside of it', () => {
    const schema = arrowSchema(fieldsOf({ a: 'ROW<x INT, y ROW<z INT>>', b: 'ARRAY<ROW<w INT>>' }))
    const text = JSON.stringify(fieldsFromArrow(schema), (key, value: unknown) =>
      key === 'nullable' ? undefined : value,
    )
    expect(text.match(/"id":\d+/g)).toEqual([
      '"id":0',
      '"id":1',
      '"id":2',
      '"id":3',
      '"id":4',
      '"id":5',
    ])
    expect(fieldsFromArrow(schema)[1]!.id).toBe(4)
  })

  test('a name that stands twice is refused', () => {
    const schema = new Schema([
      new Field('x', new Int32(), true),
      new Field('x', new Int32(), true),
    ])
    expect(() => fieldsFromArrow(schema)).toThrow('two columns named "x"')
  })
})

function withoutIds(field: DataField): unknown {
  return { name: field.name, type: bareType(field.type) }
}

function bareType(type: DataType): unknown {
  switch (type.kind) {
    case 'ROW':
      return { ...type, fields: type.fields.map(withoutIds) }
    case 'ARRAY':
    case 'MULTISET':
    case 'VECTOR':
      return { ...type, element: bareType(type.element) }
    case 'MAP':
      return { ...type, key: bareType(type.key), value: bareType(type.value) }
    default:
      return type
  }
}
