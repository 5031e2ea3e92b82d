import {
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  Int32,
  LargeList,
  LargeUtf8,
  List,
  makeData,
  makeVector,
  Null,
  RecordBatch,
  Table,
  Timestamp,
  TimeUnit,
  Uint64,
  Utf8,
  Utf8View,
  Vector,
  vectorFromArray,
} from 'apache-arrow'
import * as arrow from 'apache-arrow'
import { describe, expect, test } from 'vitest'

import { toRecordBatch } from '../../src/types/arrow-export.ts'
import { fromRecordBatch } from '../../src/types/arrow-import.ts'
import type { FixedColumn } from '../../src/types/column.ts'
import { batchOfColumn, dataOf, fieldsOf, imported, rowsOf } from './arrow-support.ts'
import { toBatch } from './random-values.ts'

const times = (unit: TimeUnit, values: bigint[], zone?: string) =>
  makeData({ type: new Timestamp(unit, zone), data: BigInt64Array.from(values), nullCount: 0 })

describe('what comes in other forms is converted', () => {
  test.each([
    [vectorFromArray([1, null, -3], new arrow.Int8()), 'BIGINT', ['1', null, '-3']],
    [vectorFromArray([1, null, -3], new arrow.Int16()), 'INT', [1, null, -3]],
    [vectorFromArray([255, 0], new arrow.Uint8()), 'SMALLINT', [255, 0]],
    [vectorFromArray([4294967295], new arrow.Uint32()), 'BIGINT', ['4294967295']],
    [
      vectorFromArray([2n ** 64n - 1n, null], new Uint64()),
      'DECIMAL(20, 0)',
      ['18446744073709551615', null],
    ],
    [vectorFromArray([5, -5], new Int32()), 'DECIMAL(5, 2)', ['5.00', '-5.00']],
    [vectorFromArray([1.5, null], new arrow.Float32()), 'DOUBLE', [1.5, null]],
    [
      vectorFromArray([1.5, -0.25, 65_504, Infinity, 2 ** -24], new arrow.Float16()),
      'FLOAT',
      [1.5, -0.25, 65_504, 'Infinity', 5.9604645e-8],
    ],
    [vectorFromArray(['a', null, 'é'], new LargeUtf8()), 'STRING', ['a', null, 'é']],
    [
      vectorFromArray(['a', null, 'é'], new Dictionary(new Utf8(), new Int32())),
      'STRING',
      ['a', null, 'é'],
    ],
    [
      vectorFromArray([Uint8Array.of(1, 2), null], new FixedSizeBinary(2)),
      'BINARY(2)',
      ['0102', null],
    ],
    [
      vectorFromArray([new Date('2026-11-01T23:00:00Z'), null], new arrow.DateMillisecond()),
      'DATE',
      ['2026-11-01', null],
    ],
    [
      vectorFromArray([[1, null], null, []], new List(new Field('x', new Int32(), true))),
      'ARRAY<BIGINT>',
      [['1', null], null, []],
    ],
    [vectorFromArray([null, null], new Null()), 'ARRAY<INT>', [null, null]],
  ])('%# as %s', (vector, type, values) => {
    expect(imported(dataOf(vector as Vector), type)).toEqual(values)
  })

  test.each([
    [TimeUnit.SECOND, [-1n], 'TIMESTAMP(3)', ['1969-12-31T23:59:59.000']],
    [TimeUnit.SECOND, [1n], 'TIMESTAMP(9)', ['1970-01-01T00:00:01.000000000']],
    [TimeUnit.MILLISECOND, [-1n], 'TIMESTAMP(6)', ['1969-12-31T23:59:59.999000']],
    [TimeUnit.MICROSECOND, [-1n], 'TIMESTAMP(3)', ['1969-12-31T23:59:59.999']],
    [
      TimeUnit.NANOSECOND,
      [-1n, 1999n],
      'TIMESTAMP(6)',
      ['1969-12-31T23:59:59.999999', '1970-01-01T00:00:00.000001'],
    ],
    [TimeUnit.MICROSECOND, [123_456n], 'TIMESTAMP(4)', ['1970-01-01T00:00:00.1234']],
    [TimeUnit.MILLISECOND, [-1n], 'TIMESTAMP(0)', ['1969-12-31T23:59:59']],
  ])('timestamps in unit %s of %s as %s', (unit, values, type, expected) => {
    expect(imported(times(unit, values), type)).toEqual(expected)
  })

  test('digits beyond the precision are cut from the stored value too', () => {
    const batch = fromRecordBatch(
      batchOfColumn(times(TimeUnit.MICROSECOND, [123_456n])),
      fieldsOf({ x: 'TIMESTAMP(4)' }),
    )
    expect((batch.columns[0] as FixedColumn).values[0]).toBe(123_400n)
  })

  test('a zone makes an instant', () => {
    expect(imported(times(TimeUnit.MILLISECOND, [0n], 'Asia/Tokyo'), 'TIMESTAMP_LTZ(3)')).toEqual([
      '1970-01-01T00:00:00.000Z',
    ])
    expect(() => imported(times(TimeUnit.MILLISECOND, [0n], 'UTC'), 'TIMESTAMP(3)')).toThrow(
      /does not fit/,
    )
    expect(() => imported(times(TimeUnit.MILLISECOND, [0n]), 'TIMESTAMP_LTZ(3)')).toThrow(
      /does not fit/,
    )
  })

  test.each([
    [new arrow.TimeSecond(), Int32Array.of(45_000), '12:30:00.000'],
    [new arrow.TimeMicrosecond(), BigInt64Array.of(45_000_001_999n), '12:30:00.001'],
    [new arrow.TimeNanosecond(), BigInt64Array.of(45_000_001_999_999n), '12:30:00.001'],
  ])('%s', (type, data, text) => {
    expect(imported(makeData({ type, data, nullCount: 0 } as never), 'TIME(3)')).toEqual([text])
  })

  test.each([
    [32, [125], 1],
    [64, [0xffffff83, 0xffffffff], -1],
    [128, [125, 0, 0, 0], 1],
    [256, [0xffffff83, ...Array.from({ length: 7 }, () => 0xffffffff)], -1],
  ])('decimals of %i bits', (bitWidth, words, sign) => {
    const data = makeData({
      type: new Decimal(2, 9, bitWidth),
      data: Uint32Array.from(words),
      nullCount: 0,
    })
    expect(imported(data, 'DECIMAL(9, 2)')).toEqual([sign > 0 ? '1.25' : '-1.25'])
    expect(imported(data, 'DECIMAL(12, 4)')).toEqual([sign > 0 ? '1.2500' : '-1.2500'])
    expect(() => imported(data, 'DECIMAL(2, 2)')).toThrow('column x, row 1: ')
    expect(() => imported(data, 'DECIMAL(9, 1)')).toThrow(/does not fit/)
  })

  test('views point into several buffers, or hold the value', () => {
    const texts = [
      'inline',
      'longer than twelve',
      null,
      '',
      'twelve bytes',
      'also in the second one',
    ]
    const buffers = [texts[1]!, texts[5]!].map((text) => new TextEncoder().encode(`..${text}`))
    const views = new DataView(new ArrayBuffer(16 * texts.length))
    const bytes = new Uint8Array(views.buffer)
    for (const [i, text] of texts.entries()) {
      const value = new TextEncoder().encode(text ?? '')
      views.setInt32(16 * i, text === null ? 1_000_000 : value.length, true)
      if (value.length <= 12) bytes.set(value, 16 * i + 4)
      else {
        views.setInt32(16 * i + 8, i === 1 ? 0 : 1, true)
        views.setInt32(16 * i + 12, 2, true)
      }
    }
    const data = makeData({
      type: new Utf8View(),
      length: texts.length,
      nullBitmap: Uint8Array.of(0b111011),
      views: bytes,
      variadicBuffers: buffers,
    })
    expect(imported(data, 'STRING')).toEqual(texts)
    expect(imported(data.slice(1, 4), 'STRING')).toEqual(texts.slice(1, 5))
    views.setInt32(16 + 12, 1000, true)
    expect(() => imported(data, 'STRING')).toThrow(/damaged/)
  })

  test('large lists count their elements in 64 bits', () => {
    const child = dataOf(vectorFromArray([0, 1, 2, 3], new Int32()))
    const data = makeData({
      type: new LargeList(new Field('item', new Int32(), true)),
      length: 2,
      nullCount: 0,
      valueOffsets: BigInt64Array.of(1n, 3n, 4n),
      child,
    })
    expect(imported(data, 'ARRAY<INT>')).toEqual([[1, 2], [3]])
    expect(() => imported(data, 'VECTOR<INT, 2>')).toThrow(
      'column x, row 2: expected 2 elements, got 1',
    )
  })

  test('dictionaries of several chunks, with nulls in them, are joined', () => {
    const first = dataOf(vectorFromArray(['a', null], new Utf8()))
    const second = dataOf(vectorFromArray(['b'], new Utf8()))
    const data = makeData({
      type: new Dictionary(new Utf8(), new Int32()),
      data: Int32Array.of(2, 1, 0, 2),
      nullCount: 0,
      dictionary: new Vector([first, second]),
    })
    expect(imported(data, 'STRING')).toEqual(['b', null, 'a', 'b'])
  })

  test('a chunked table is imported batch by batch', () => {
    const fields = fieldsOf({ x: 'INT', s: 'STRING' })
    const table = new Table({
      x: vectorFromArray([1, 2, 3], new Int32()).concat(vectorFromArray([4, null], new Int32())),
      s: vectorFromArray(['a', 'b'], new Utf8()).concat(
        vectorFromArray(['c', 'd', 'e'], new Utf8()),
      ),
    })
    expect(table.batches.length).toBeGreaterThan(1)
    const rows = table.batches.flatMap((each) => rowsOf(fromRecordBatch(each, fields), fields))
    expect(rows.map((row) => Object.values(row))).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
      [null, 'e'],
    ])
  })
})

const recordBatch = () =>
  new RecordBatch({
    b: dataOf(makeVector(Int32Array.of(1, 2))),
    a: dataOf(vectorFromArray(['x', 'y'], new Utf8())),
  })

describe('columns are matched by name', () => {
  test('in any order, and missing ones are nulls', () => {
    const fields = fieldsOf({ a: 'STRING', c: 'BIGINT', b: 'INT' })
    expect(rowsOf(fromRecordBatch(recordBatch(), fields), fields)).toEqual([
      { a: 'x', c: null, b: 1 },
      { a: 'y', c: null, b: 2 },
    ])
  })

  test.each([
    [{ a: 'STRING', c: 'INT' }, 'the Arrow data has the column "b", which is none of these'],
    [
      { a: 'STRING', b: 'INT', c: 'INT NOT NULL' },
      'the Arrow data lacks the column c, which is INT NOT NULL',
    ],
    [{ a: 'INT', b: 'INT' }, 'column a is INT, which Arrow Utf8 does not fit'],
    [{ a: 'STRING', b: 'SMALLINT' }, 'column b is SMALLINT, which Arrow Int32 does not fit'],
    [{ a: 'BYTES', b: 'INT' }, 'column a is BYTES, which Arrow Utf8 does not fit'],
    [{ a: 'STRING', b: 'ARRAY<INT>' }, 'which Arrow Int32 does not fit'],
    [{ a: 'STRING', b: 'MAP<INT, INT>' }, 'which Arrow Int32 does not fit'],
    [{ a: 'STRING', b: 'ROW<x INT>' }, 'which Arrow Int32 does not fit'],
    [{ a: 'STRING', b: 'BOOLEAN' }, 'which Arrow Int32 does not fit'],
    [{ a: 'STRING', b: 'DOUBLE' }, 'which Arrow Int32 does not fit'],
    [{ a: 'STRING', b: 'DATE' }, 'which Arrow Int32 does not fit'],
  ])('%j is refused', (columns, message) => {
    expect(() =>
      fromRecordBatch(recordBatch(), fieldsOf(columns as Record<string, string>)),
    ).toThrow(message)
  })

  test('the nearest column is named', () => {
    const data = new RecordBatch({ amuont: dataOf(makeVector(Int32Array.of(1))) })
    expect(() => fromRecordBatch(data, fieldsOf({ amount: 'INT' }))).toThrow(
      /did you mean "amount"/,
    )
  })

  test('columns to ignore are', () => {
    const fields = fieldsOf({ a: 'STRING' })
    expect(rowsOf(fromRecordBatch(recordBatch(), fields, { ignored: ['b'] }), fields)).toEqual([
      { a: 'x' },
      { a: 'y' },
    ])
  })
})

const nulls = (values: unknown[], type: string) => {
  const nullable = fieldsOf({ x: type.replaceAll(' NOT NULL', '') })
  const batch = toBatch({ fields: nullable, rows: values.map((x) => ({ x })) })
  return fromRecordBatch(toRecordBatch(batch, nullable), fieldsOf({ x: type }))
}

describe('nulls where none may be', () => {
  test.each([
    ['INT NOT NULL', [1, null], 'column x is INT NOT NULL, and row 2 has no value'],
    ['ARRAY<INT NOT NULL>', [[1], [2, null]], 'column x[] is INT NOT NULL, and row 3 has no value'],
    ['ROW<a INT NOT NULL>', [{ a: null }], 'column x.a is INT NOT NULL'],
    ['MAP<INT, INT NOT NULL>', [[[1, null]]], 'column x.value is INT NOT NULL'],
    ['ARRAY<ROW<a ARRAY<INT NOT NULL>>>', [[{ a: [null] }]], 'column x[].a[] is INT NOT NULL'],
  ])('%s refuses %j', (type, values, message) => {
    expect(() => nulls(values, type)).toThrow(message)
  })

  test.each([
    ['ROW<a INT NOT NULL>', [null, { a: 1 }]],
    ['ARRAY<ROW<a INT NOT NULL>>', [[null], null, []]],
    ['VECTOR<FLOAT NOT NULL, 2>', [null, [1, 2]]],
  ])('what lies under a null counts for nothing: %s', (type, values) => {
    expect(rowsOf(nulls(values, type), fieldsOf({ x: type })).map(({ x }) => x)).toEqual(values)
  })
})

const strings = (offsets: number[], bytes = 'abc') =>
  makeData({
    type: new Utf8(),
    length: 2,
    nullCount: 0,
    valueOffsets: Int32Array.from(offsets),
    data: new TextEncoder().encode(bytes),
  })

describe('damaged data is refused', () => {
  test.each([
    ['offsets past the data', strings([0, 1, 9])],
    ['falling offsets', strings([0, 2, 1])],
    ['negative offsets', strings([-1, 0, 1])],
    ['missing offsets', strings([0, 1])],
    ['a character cut in two', strings([0, 1, 2], 'é')],
    [
      'bytes that are no UTF-8',
      makeData({
        type: new Utf8(),
        length: 1,
        nullCount: 0,
        valueOffsets: Int32Array.of(0, 1),
        data: Uint8Array.of(0xff),
      }),
    ],
    [
      'large offsets past the data',
      makeData({
        type: new LargeUtf8(),
        length: 1,
        nullCount: 0,
        valueOffsets: BigInt64Array.of(0n, 9n),
        data: Uint8Array.of(65),
      }),
    ],
    [
      'huge large offsets',
      makeData({
        type: new LargeUtf8(),
        length: 1,
        nullCount: 0,
        valueOffsets: BigInt64Array.of(0n, 2n ** 40n),
        data: Uint8Array.of(65),
      }),
    ],
    [
      'a short validity bitmap',
      makeData({
        type: new Utf8(),
        length: 9,
        nullCount: 1,
        nullBitmap: Uint8Array.of(1),
        valueOffsets: new Int32Array(10),
        data: new Uint8Array(0),
      }),
    ],
    [
      'a dictionary index out of range',
      makeData({
        type: new Dictionary(new Utf8(), new Int32()),
        data: Int32Array.of(1),
        nullCount: 0,
        dictionary: vectorFromArray(['a'], new Utf8()),
      }),
    ],
  ])('%s', (_, data) => {
    expect(() => imported(data, 'STRING')).toThrow(/column x/)
  })

  test('a list past its elements', () => {
    const child = dataOf(makeVector(Int32Array.of(1)))
    const type = new List(new Field('item', new Int32(), true))
    const data = makeData({
      type,
      length: 1,
      nullCount: 0,
      valueOffsets: Int32Array.of(0, 5),
      child,
    })
    expect(() => imported(data, 'ARRAY<INT>')).toThrow(/damaged/)
  })

  test('values that overflow the unit', () => {
    const data = makeData({
      type: new Timestamp(TimeUnit.SECOND),
      data: BigInt64Array.of(0n, 2n ** 40n),
      nullCount: 0,
    })
    expect(() => imported(data, 'TIMESTAMP(9)')).toThrow(
      'column x, row 2: 1099511627776 is out of the range of TIMESTAMP(9)',
    )
  })
})
