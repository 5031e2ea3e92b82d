import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { Batch, BytesColumn } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { rowAppender, rowReader } from '../../src/types/row-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { tables, toBatch } from './random-values.ts'

const fieldsOf = (columns: Record<string, string>): DataField[] =>
  Object.entries(columns).map(([name, type], id) => ({ id, name, type: parseTypeText(type) }))

function batchOf(fields: readonly DataField[], rows: readonly unknown[]): Batch {
  const builder = batchBuilder(fields)
  const append = rowAppender(fields)
  for (const [i, row] of rows.entries()) append(builder, row, i + 1)
  return finishBatch(builder)
}

function roundTrip(type: string, value: unknown): unknown {
  const fields = fieldsOf({ x: type })
  return rowReader(batchOf(fields, [{ x: value }]), fields)(0)['x']
}

test('the rows of any table read as objects that make the same table again', () => {
  fc.assert(
    fc.property(tables, (table) => {
      const { fields, rows } = table
      const batch = toBatch(table)
      const read = rowReader(batch, fields)
      const again = batchOf(
        fields,
        rows.map((_, row) => read(row)),
      )
      const json = jsonReader(again, fields)
      expect(rows.map((_, row) => json(row))).toEqual(rows)
    }),
    { numRuns: 300 },
  )
})

describe('forms', () => {
  test.each([
    ['BOOLEAN', true],
    ['INT', 5],
    ['BIGINT', 2n ** 63n - 1n],
    ['DOUBLE', Number.NaN],
    ['FLOAT', Math.fround(0.1)],
    ['DECIMAL(10, 2)', '9.99'],
    ['STRING', 'é'],
    ['BYTES', Uint8Array.of(1, 255)],
    ['DATE', '2026-11-01'],
    ['TIME(3)', '12:30:00.001'],
    ['TIMESTAMP(6)', '2026-11-01T12:30:00.123456'],
    ['TIMESTAMP_LTZ(3)', '2026-11-01T12:30:00.123Z'],
    ['ARRAY<INT>', [1, null]],
    [
      'MAP<STRING, BIGINT>',
      new Map([
        ['b', 1n],
        ['a', 2n],
      ]),
    ],
    ['MULTISET<INT>', new Map([[7, 2]])],
    ['ROW<a INT, b STRING>', { a: 1, b: null }],
    ['VECTOR<FLOAT NOT NULL, 2>', [1, 2]],
    ['VARIANT', '{"a":1}'],
    ['INT', null],
  ])('%s reads as it was written', (type, value) => {
    expect(roundTrip(type, value)).toEqual(value)
  })

  test.each([
    ['BIGINT', 42, 42n],
    ['DECIMAL(10, 2)', 42, '42.00'],
    ['DECIMAL(38, 2)', 10n ** 30n, `${10n ** 30n}.00`],
    ['DECIMAL(10, 2)', '1.005', '1.01'],
    ['DATE', new Date('2026-11-01'), '2026-11-01'],
    ['TIMESTAMP(6)', new Date('2026-11-01T12:30:00.123Z'), '2026-11-01T12:30:00.123000'],
    ['TIMESTAMP(0)', new Date(-1), '1969-12-31T23:59:59'],
    ['TIMESTAMP_LTZ(9)', new Date(0), '1970-01-01T00:00:00.000000000Z'],
    ['ARRAY<FLOAT>', Float32Array.of(1, 2), [1, 2]],
    ['ARRAY<BIGINT>', BigInt64Array.of(1n), [1n]],
    ['VECTOR<FLOAT NOT NULL, 2>', Float32Array.of(1, 2), [1, 2]],
    ['MAP<STRING, INT>', { a: 1 }, new Map([['a', 1]])],
    ['MAP<INT, INT>', [[1, 2]], new Map([[1, 2]])],
    ['MULTISET<STRING>', { a: 2 }, new Map([['a', 2]])],
    ['BYTES', Buffer.from('hi'), Uint8Array.of(104, 105)],
    ['INT', undefined, null],
    ['STRING', 'lone \uD800', 'lone \uFFFD'],
  ])('%s takes more forms than it reads as', (type, given, value) => {
    expect(roundTrip(type, given)).toEqual(value)
  })

  test.each([
    ['BIGINT', '42', 'expected a bigint, or an integer below 2^53, got "42"'],
    ['BIGINT', 2 ** 53, 'got 9007199254740992'],
    ['BIGINT', 2n ** 63n, 'to 9223372036854775807, got 9223372036854775808n'],
    ['INT', 5n, 'expected an integer from'],
    ['DECIMAL(10, 2)', 9.99, "expected a string such as '9.99', got 9.99"],
    ['DECIMAL(4, 2)', '100', 'expected a number that fits DECIMAL(4, 2), got "100"'],
    ['DOUBLE', '1', 'expected a number, got "1"'],
    ['BYTES', 'abcd', 'expected a Uint8Array, got "abcd"'],
    ['DATE', new Date('2026-11-01T23:00:00Z'), 'or a Date at midnight in UTC, got a Date'],
    ['DATE', new Date('x'), 'got a Date'],
    ['TIMESTAMP(6)', new Date('x'), 'got a Date'],
    ['TIMESTAMP(6)', 1_600_000_000, 'expected a Date, or a text such as'],
    ['ARRAY<INT>', 'abc', 'expected an array, got "abc"'],
    ['ARRAY<INT>', new DataView(new ArrayBuffer(1)), 'expected an array, got a DataView'],
    ['MAP<INT, INT>', { 1: 2 }, 'expected a Map, got an object'],
    ['ROW<a INT>', new Map(), 'expected an object, got a Map'],
    ['STRING', Symbol('x'), 'expected a string, got a symbol'],
  ])('%s refuses what could be meant otherwise', (type, value, message) => {
    expect(() => roundTrip(type, value)).toThrow(message)
  })
})

test('bytes are copied, so that a row outlives its batch', () => {
  const data = Buffer.from([1, 2, 3])
  const column: BytesColumn = {
    layout: 'bytes',
    length: 1,
    validity: null,
    data,
    starts: Int32Array.of(1),
    ends: Int32Array.of(3),
  }
  const row = rowReader({ length: 1, columns: [column] }, fieldsOf({ x: 'BYTES' }))(0)
  data.fill(0)
  expect(row).toEqual({ x: Uint8Array.of(2, 3) })
})

test('members can be getters of a class', () => {
  class Order {
    get id(): number {
      return 7
    }
  }
  const fields = fieldsOf({ id: 'INT NOT NULL' })
  expect(rowReader(batchOf(fields, [new Order()]), fields)(0)).toEqual({ id: 7 })
})
