import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeBinaryRow, deserializeBinaryRow } from '../../src/types/binary-row-decode.ts'
import { encodeBinaryRow, serializeBinaryRow } from '../../src/types/binary-row.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { encodeBinaryRowAt, rowHashes } from '../../src/types/row-writer.ts'
import { parseType, typeText } from '../../src/types/type-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { murmur32OfBytes } from '../../src/util/hash.ts'
import { columnOf, fixture, hexBytes, vectorValue } from '../support/java-vectors.ts'

interface RowSet {
  readonly types: readonly unknown[]
  readonly rows: readonly { readonly values: unknown[]; readonly bytes: string; hash: number }[]
}

const SETS = (fixture('binary-rows.json') as RowSet[]).map(({ types: jsons, rows }) => {
  const types = jsons.map((json) => parseType(json))
  return {
    types,
    name: types.length > 8 ? `${types.length} fields` : types.map(typeText).join(', '),
    rows: rows.map((row) => ({
      values: row.values.map((value, i) => vectorValue(types[i]!, value)),
      bytes: hexBytes(row.bytes),
      hash: row.hash,
    })),
  }
})

test('the vectors are many', () => {
  expect(SETS.length).toBeGreaterThan(130)
  expect(SETS.flatMap((set) => set.rows).length).toBeGreaterThan(1_000)
})

describe.each(SETS)('$name', ({ types, rows }) => {
  test('values encode to the bytes that Java writes', () => {
    for (const { values, bytes } of rows) expect(encodeBinaryRow(types, values)).toEqual(bytes)
  })

  test('the bytes that Java writes decode to the values', () => {
    for (const { values, bytes } of rows) expect(decodeBinaryRow(types, bytes)).toEqual(values)
  })

  test('rows of columns have the bytes and the hash that Java has', () => {
    const columns = types.map((type, i) =>
      columnOf(
        type,
        rows.map(({ values }) => columnValue(type, values[i]!)),
      ),
    )
    const hashes = rowHashes(types, columns, rows.length)
    for (const [row, { values, bytes, hash }] of rows.entries()) {
      expect(murmur32OfBytes(bytes)).toBe(hash)
      if (values.some((value, i) => columnValue(types[i]!, value) !== value)) continue
      expect(columns.map((column, i) => cellValue(column, types[i]!, row))).toEqual(values)
      expect(encodeBinaryRowAt(types, columns, row)).toEqual(bytes)
      expect(hashes[row]).toBe(hash)
    }
  })
})

/** Nanoseconds before 1677 and after 2262 do not fit into a column; their place is taken by a null. */
function columnValue(type: DataType, value: InternalValue): InternalValue {
  const fits = typeof value !== 'bigint' || BigInt.asIntN(64, value) === value
  return type.kind === 'DECIMAL' || fits ? value : null
}

describe('hostile bytes', () => {
  const types = [
    parseType('STRING'),
    parseType('DECIMAL(38, 2)'),
    parseType('TIMESTAMP(9)'),
    parseType({ type: 'ARRAY', element: { type: 'ARRAY', element: 'STRING' } }),
    parseType({ type: 'MAP', key: 'INT', value: 'STRING' }),
    parseType({ type: 'VECTOR', element: 'SMALLINT', length: 2 }),
    parseType('VARIANT'),
    parseType({ type: 'ROW', fields: [{ id: 0, name: 'a', type: 'BYTES' }] }),
  ]
  const long = utf8('a string that is longer than its slot')
  const row = serializeBinaryRow(types, [
    long,
    -(10n ** 30n),
    1n,
    [[long, long, null], null, []],
    [[1, long]],
    [1, 2],
    [utf8('value'), utf8('metadata')],
    [long],
  ])

  test('a row cut anywhere is CORRUPT', () => {
    for (let size = 0; size < row.length; size++)
      expect(['row', 'CORRUPT']).toContain(
        outcome(() => deserializeBinaryRow(types, row.subarray(0, size))),
      )
    expect(() => deserializeBinaryRow(types, row.subarray(0, 60))).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
  })

  test('a row with any four bytes replaced is CORRUPT or a row', () => {
    fc.assert(
      fc.property(fc.nat(row.length - 4), fc.integer(), (at, word) => {
        const damagedRow = row.slice()
        new DataView(damagedRow.buffer).setInt32(at, word, true)
        expect(['row', 'CORRUPT']).toContain(outcome(() => deserializeBinaryRow(types, damagedRow)))
      }),
      { numRuns: 3_000 },
    )
  })

  test('another number of fields is CORRUPT', () => {
    expect(() => deserializeBinaryRow(types.slice(1), row)).toThrow('has 8 fields where 7')
  })

  test('slots that share their data do not make a small row large', () => {
    const count = 5_000
    const nested: InternalValue[] = Array.from({ length: count }, () => null)
    nested[0] = long
    const array = parseType({ type: 'ARRAY', element: 'STRING' })
    const bytes = encodeBinaryRow([array], [nested])
    const view = new DataView(bytes.buffer)
    const elements = 16 + 4 + 4 * Math.ceil(count / 32)
    for (let i = 1; i < count; i++) {
      bytes[16 + 4 + (i >> 3)] = 0
      view.setBigInt64(elements + 8 * i, view.getBigInt64(elements, true), true)
    }
    expect(() => decodeBinaryRow([array], bytes)).toThrow('its parts overlap')
  })
})

/** `row` when the bytes were read, or the code of the error. */
function outcome(read: () => unknown): unknown {
  try {
    read()
    return 'row'
  } catch (error) {
    return error instanceof LakeError ? error.code : error
  }
}

describe('rows of columns equal rows of values', () => {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const bytes = fc.uint8Array({ maxLength: 40 })
  const cases: [string, fc.Arbitrary<InternalValue>][] = [
    ['BIGINT', int64],
    ['TIMESTAMP(3)', int64],
    ['TIMESTAMP(6)', int64],
    ['TIMESTAMP(9)', int64],
    ['DECIMAL(18, 2)', fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n })],
    ['DECIMAL(38, 2)', fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n })],
    ['INT', fc.integer()],
    ['SMALLINT', fc.integer({ min: -32_768, max: 32_767 })],
    ['BOOLEAN', fc.boolean()],
    ['FLOAT', fc.float({ noNaN: true })],
    ['DOUBLE', fc.double({ noNaN: true })],
    ['BYTES', bytes],
  ]

  test.each(cases)('%s, alone and beside a string', (text, arbitrary) => {
    const type = parseType(text)
    const cell = fc.option(arbitrary, { freq: 9 })
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, bytes), { minLength: 1, maxLength: 20 }), (rows) => {
        const string = parseType('BYTES')
        const types = [type, string]
        const columns = [columnOf(type, rows.map(first)), columnOf(string, rows.map(second))]
        const alone = rowHashes([type], [columns[0]!], rows.length)
        const together = rowHashes(types, columns, rows.length)
        for (const [i, row] of rows.entries()) {
          expect(encodeBinaryRowAt(types, columns, i)).toEqual(encodeBinaryRow(types, row))
          expect(alone[i]).toBe(murmur32OfBytes(encodeBinaryRow([type], [row[0]])))
          expect(together[i]).toBe(murmur32OfBytes(encodeBinaryRow(types, row)))
        }
      }),
    )
  })
})

function first(row: readonly InternalValue[]): InternalValue {
  return row[0]!
}

function second(row: readonly InternalValue[]): InternalValue {
  return row[1]!
}
