import { readdirSync, readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { Batch, BytesColumn } from '../../src/types/column.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { jsonLines, type JsonLinesOptions } from '../../src/types/json-lines.ts'
import { jsonAppender, jsonReader } from '../../src/types/json-value.ts'
import { parseField, parseTypeText } from '../../src/types/type-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { parseJson } from '../../src/util/json.ts'
import { tables, toBatch } from './random-values.ts'

function linesOf(batch: Batch, fields: readonly DataField[], options?: JsonLinesOptions): string[] {
  const text = Buffer.concat([...jsonLines(batch, fields, options)]).toString()
  return text === '' ? [] : text.slice(0, -1).split('\n')
}

function fieldsOf(columns: Record<string, DataType | string>): DataField[] {
  return Object.entries(columns).map(([name, type], id) => ({
    id,
    name,
    type: typeof type === 'string' ? parseTypeText(type) : type,
  }))
}

function batchOf(fields: readonly DataField[], rows: readonly unknown[]): Batch {
  const builder = batchBuilder(fields)
  const append = jsonAppender(fields)
  for (const [i, row] of rows.entries()) append(builder, row, i + 1)
  return finishBatch(builder)
}

/** The single value as it is read and as it is printed. */
function roundTrip(type: string, value: unknown): unknown {
  const fields = fieldsOf({ x: type })
  const batch = batchOf(fields, [{ x: value }])
  const read = jsonReader(batch, fields)(0)
  const [line] = linesOf(batch, fields)
  expect(JSON.parse(line!)).toEqual(read)
  return read['x']
}

const GOLDEN = new URL('../../fixtures/golden/', import.meta.url)

/** Tables whose expected rows have the columns of the newest schema. */
const goldenTables = readdirSync(new URL('expect/', GOLDEN))
  .filter((name) => /^[^$@.]+\.jsonl$/.test(name))
  .map((name) => name.replace('.jsonl', ''))

describe('what Java printed', () => {
  test('covers all golden tables', () => {
    expect(goldenTables.length).toBeGreaterThanOrEqual(60)
  })

  test.each(goldenTables)('the rows of %s are read and printed again to the letter', (table) => {
    const folder = new URL(`warehouse/golden.db/${table}/schema/`, GOLDEN)
    const newest = Math.max(...readdirSync(folder).map((name) => Number(name.slice(7))))
    const schema = JSON.parse(readFileSync(new URL(`schema-${newest}`, folder), 'utf8')) as {
      fields: unknown[]
    }
    const fields = schema.fields.map((field) => parseField(field))
    const lines = readFileSync(new URL(`expect/${table}.jsonl`, GOLDEN), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    const batch = batchOf(
      fields,
      lines.map((line) => parseJson(line)),
    )
    expect(linesOf(batch, fields)).toEqual(lines)
    const read = jsonReader(batch, fields)
    expect(lines.map((_, row) => read(row))).toEqual(lines.map((line) => JSON.parse(line)))
  })
})

describe('any table', () => {
  test('reads as the rows it was made of, and prints them', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const { fields, rows } = table
        const batch = toBatch(table)
        const read = jsonReader(batch, fields)
        expect(rows.map((_, row) => read(row))).toEqual(rows)
        const lines = linesOf(batch, fields, { chunkBytes: 100 })
        expect(lines.map((line) => JSON.parse(line))).toEqual(rows)
      }),
      { numRuns: 400 },
    )
  })
})

describe('values', () => {
  test.each([
    ['INT', -2147483648],
    ['BIGINT', '-9223372036854775808'],
    ['BIGINT', '9007199254740993'],
    ['FLOAT', 0.1],
    ['FLOAT', 1e10],
    ['FLOAT', 'NaN'],
    ['DOUBLE', '-Infinity'],
    ['DOUBLE', -0],
    ['DOUBLE', 5e-324],
    ['DOUBLE', 123456789.125],
    ['DECIMAL(38, 10)', '-9999999999999999999999999999.9999999999'],
    ['DECIMAL(5, 5)', '0.00001'],
    ['DECIMAL(18, 0)', '-1'],
    ['DATE', '-0001-12-31'],
    ['DATE', '+10000-01-01'],
    ['TIME(0)', '12:30:15.123'],
    ['TIMESTAMP(0)', '2020-01-01T00:00:00'],
    ['TIMESTAMP(9)', '1677-09-21T00:12:43.145224193'],
    ['TIMESTAMP(4)', '-0005-01-01T23:59:59.1234'],
    ['TIMESTAMP_LTZ(3)', '2020-01-01T00:00:00.000Z'],
    ['STRING', 'quote " backslash \\ control \u0001\u001f\n delete \u007f é 漢 🚀 \u2028'],
    ['BYTES', '00ff7f'],
    ['ARRAY<INT>', []],
    ['MAP<STRING, INT>', []],
    ['VECTOR<FLOAT NOT NULL, 2>', [1.5, -2]],
    ['VARIANT', '{"a":[1,null,true,2.5]}'],
  ])('%s %j comes back', (type, value) => {
    expect(roundTrip(type, value)).toEqual(value)
  })

  test.each([
    ['BIGINT', 42, '42'],
    ['BIGINT', 12345678901234567890n % 2n ** 62n, String(12345678901234567890n % 2n ** 62n)],
    ['BIGINT', '+7', '7'],
    ['DECIMAL(5, 2)', 9.99, '9.99'],
    ['DECIMAL(5, 2)', '1.005', '1.01'],
    ['DECIMAL(5, 2)', '-1.005', '-1.01'],
    ['DECIMAL(5, 2)', '1e2', '100.00'],
    ['DOUBLE', 2n ** 70n, 2 ** 70],
    ['BYTES', 'ABCD', 'abcd'],
    ['TIMESTAMP(3)', '2020-01-01 10:00', '2020-01-01T10:00:00.000'],
    ['TIMESTAMP(3)', '2020-01-01T10:00:00.9999Z', '2020-01-01T10:00:00.999'],
    ['TIMESTAMP_LTZ(0)', '2020-01-01T10:00:00+02:00', '2020-01-01T08:00:00Z'],
    [
      'MAP<STRING, INT>',
      { b: 1, a: 2 },
      [
        ['a', 2],
        ['b', 1],
      ],
    ],
    ['FLOAT', 1e39, 'Infinity'],
  ])('%s takes %s as well', (type, given, value) => {
    expect(roundTrip(type, given)).toEqual(value)
  })

  test('map entries are sorted by the JSON text of their keys, in UTF-16', () => {
    expect(
      roundTrip('MAP<STRING, INT>', [
        ['\uFFFD', 1],
        ['🚀', 2],
        ['a"', 3],
        ['a', 4],
        ['ab', 5],
      ]),
    ).toEqual([
      ['a', 4],
      ['a"', 3],
      ['ab', 5],
      ['🚀', 2],
      ['\uFFFD', 1],
    ])
    expect(
      roundTrip('MAP<INT, INT>', [
        [2, 1],
        [10, 2],
      ]),
    ).toEqual([
      [10, 2],
      [2, 1],
    ])
  })

  test('control characters are escaped as Java does', () => {
    const fields = fieldsOf({ x: 'STRING' })
    expect(linesOf(batchOf(fields, [{ x: '\b\t\n\f\r\u001f"\\/' }]), fields)).toEqual([
      String.raw`{"x":"\b\t\n\f\r\u001F\"\\/"}`,
    ])
  })

  test('floats print as Java prints them', () => {
    const fields = fieldsOf({ f: 'FLOAT', d: 'DOUBLE' })
    const rows = [26, 1e10, 0.1, 1e-5, -0, 9_999_999, 1e7, 0.001].map((x) => ({ f: x, d: x }))
    expect(linesOf(batchOf(fields, rows), fields)).toEqual([
      '{"f":26.0,"d":26.0}',
      '{"f":1.0E10,"d":1.0E10}',
      '{"f":0.1,"d":0.1}',
      '{"f":1.0E-5,"d":1.0E-5}',
      '{"f":-0.0,"d":-0.0}',
      '{"f":9999999.0,"d":9999999.0}',
      '{"f":1.0E7,"d":1.0E7}',
      '{"f":0.001,"d":0.001}',
    ])
  })

  test('bytes that are no UTF-8 do not spoil the output', () => {
    const fields = fieldsOf({ x: 'STRING' })
    const data = Uint8Array.of(0x61, 0xff, 0x62, 0xc3)
    const column: BytesColumn = {
      layout: 'bytes',
      length: 2,
      validity: null,
      data,
      starts: Int32Array.of(0, 2),
      ends: Int32Array.of(3, 4),
    }
    expect(linesOf({ length: 2, columns: [column] }, fields)).toEqual([
      '{"x":"a\uFFFDb"}',
      '{"x":"b\uFFFD"}',
    ])
  })
})

describe('rows', () => {
  const fields = fieldsOf({ id: 'INT NOT NULL', name: 'STRING' })

  test('missing members are nulls', () => {
    expect(linesOf(batchOf(fields, [{ id: 1 }]), fields)).toEqual(['{"id":1,"name":null}'])
  })

  test('rows can be chosen, and their kind printed first', () => {
    const batch = batchOf(fields, [{ id: 0 }, { id: 1 }, { id: 2 }])
    const kinds = ['+I', '-U', '+U']
    const options = { rows: Uint32Array.of(2, 0), kind: (row: number) => kinds[row]! }
    expect(linesOf(batch, fields, options)).toEqual([
      '{"_kind":"+U","id":2,"name":null}',
      '{"_kind":"+I","id":0,"name":null}',
    ])
  })

  test('a batch without columns prints empty objects', () => {
    expect(linesOf({ length: 2, columns: [] }, [])).toEqual(['{}', '{}'])
    expect(linesOf({ length: 1, columns: [] }, [], { kind: () => '+I' })).toEqual([
      '{"_kind":"+I"}',
    ])
  })

  test('chunks end with a line and stay as they were handed out', () => {
    const batch = batchOf(
      fields,
      Array.from({ length: 100 }, (_, id) => ({ id, name: 'x'.repeat(50) })),
    )
    const chunks = [...jsonLines(batch, fields, { chunkBytes: 256 })]
    expect(chunks.length).toBeGreaterThan(10)
    for (const chunk of chunks) expect(chunk.at(-1)).toBe(0x0a)
    expect(Buffer.concat(chunks).toString()).toBe(`${linesOf(batch, fields).join('\n')}\n`)
  })

  test('columns may be called like what every object inherits', () => {
    const odd = fieldsOf({ constructor: 'INT', toString: 'STRING' })
    odd.push({ id: 2, name: '__proto__', type: { kind: 'INT', nullable: true } })
    const lines = [
      '{"constructor":1,"toString":"a","__proto__":7}',
      '{"constructor":null,"toString":null,"__proto__":null}',
    ]
    const batch = batchOf(odd, [JSON.parse(lines[0]!), {}])
    expect(linesOf(batch, odd)).toEqual(lines)
    expect(JSON.stringify(jsonReader(batch, odd)(0))).toBe(lines[0])
  })

  test('members that are to be ignored are, others must be columns', () => {
    const append = jsonAppender(fields, { ignored: ['_kind'] })
    const builder = batchBuilder(fields)
    append(builder, { _kind: '+I', id: 1 }, 1)
    expect(() => append(builder, { id: 1, nmae: 'x' }, 2)).toThrow(
      'row 2: there is no column "nmae" (did you mean "name"?)',
    )
  })
})

describe('what does not fit is refused with row, column, form and value', () => {
  test.each([
    ['TINYINT', 128, 'expected an integer from -128 to 127, got 128'],
    ['SMALLINT', 1.5, 'expected an integer from -32768 to 32767, got 1.5'],
    ['INT', '5', 'expected an integer from -2147483648 to 2147483647, got "5"'],
    ['BIGINT', 2 ** 53, 'expected an integer as a string, such as "42", got 9007199254740992'],
    ['BIGINT', '9223372036854775808', 'to 9223372036854775807, got "9223372036854775808"'],
    ['BIGINT', '1.0', 'got "1.0"'],
    ['BOOLEAN', 1, 'expected true or false, got 1'],
    ['DOUBLE', '1.5', 'expected a number, "NaN"'],
    ['DOUBLE', 'toString', 'expected a number, "NaN"'],
    ['STRING', 5, 'expected a string, got 5'],
    ['BYTES', 'abc', 'expected hexadecimal digits, such as "0aff", got "abc"'],
    ['BYTES', 'zz', 'got "zz"'],
    ['DECIMAL(4, 2)', '99.995', 'expected a number that fits DECIMAL(4, 2), got "99.995"'],
    ['DECIMAL(4, 2)', 'x', 'expected a decimal as a string, such as "9.99", got "x"'],
    ['DATE', '2023-02-29', 'expected a date such as "2026-11-01", got "2023-02-29"'],
    ['DATE', '+9999999-01-01', 'expected a date'],
    ['TIME(3)', '25:00', 'expected a time such as "12:30:00.000", got "25:00"'],
    ['TIMESTAMP(9)', '9999-01-01T00:00:00', 'expected a timestamp such as'],
    ['TIMESTAMP(6)', '2020-01-01T00:00:00+01:00', 'expected a timestamp such as'],
    ['INT NOT NULL', null, 'is INT NOT NULL, and there is no value'],
    ['VARIANT', '{', 'the text of a variant is no JSON at character 2'],
    ['VARIANT', 5, 'expected the JSON text of a variant, got 5'],
    ['ARRAY<INT>', {}, 'expected an array, got an object'],
    ['ARRAY<INT NOT NULL>', [1, null], '[1]: is INT NOT NULL'],
    ['ARRAY<ROW<a INT, b INT>>', [{ a: 1 }, { b: 'x' }], '[1].b: expected an integer'],
    ['ROW<a INT>', { b: 1 }, 'there is no column "b"'],
    ['ROW<a INT>', [1], 'expected an object, got an array'],
    ['MAP<STRING, INT>', 5, 'expected an array of [key, value], got 5'],
    ['MAP<STRING, INT>', [['a']], '[0]: expected an array of a key and a value'],
    [
      'MAP<STRING, INT>',
      [
        ['a', 1],
        ['a', 2],
      ],
      '[1]: the key "a" stands twice',
    ],
    ['MAP<STRING, INT>', [[null, 1]], '[0]: is STRING NOT NULL'],
    ['MULTISET<INT>', [[1, null]], '[0]: is INT NOT NULL'],
    ['VECTOR<FLOAT NOT NULL, 2>', [1], 'expected 2 elements, got 1'],
  ])('%s %j', (type, value, message) => {
    const error = caught(() =>
      batchOf(fieldsOf({ x: type }), [{ x: null }, { x: value }].slice(type.endsWith('L') ? 1 : 0)),
    )
    expect(error.code).toBe('INVALID')
    expect(error.message).toMatch(/^row [12], column x/)
    expect(error.message).toContain(message)
  })

  test.each([null, 5, 'x', [1]])('the row %j', (row) => {
    expect(() => batchOf(fieldsOf({ x: 'INT' }), [row])).toThrow(
      'row 1: expected an object with the columns as members, got',
    )
  })
})

function caught(body: () => unknown): LakeError {
  try {
    body()
  } catch (error) {
    if (error instanceof LakeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
