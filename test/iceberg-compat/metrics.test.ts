import { expect, test } from 'vitest'

import { fileMetrics, singleValue } from '../../src/iceberg-compat/metrics.ts'
import { encodeStats } from '../../src/snapshot/stats.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { fileMeta } from '../support/commit-tables.ts'

test.each([
  ['BOOLEAN', true, '01'],
  ['TINYINT', -2, 'feffffff'],
  ['SMALLINT', 300, '2c010000'],
  ['DATE', 1, '01000000'],
  ['BIGINT', -1n, 'ffffffffffffffff'],
  ['FLOAT', 1.5, '0000c03f'],
  ['DOUBLE', -0, '0000000000000080'],
  ['TIMESTAMP(3)', 1n, 'e803000000000000'],
  ['TIMESTAMP(6)', 1n, '0100000000000000'],
  ['TIMESTAMP(0) WITH LOCAL TIME ZONE', -1n, '18fcffffffffffff'],
  ['DECIMAL(9, 2)', 127n, '7f'],
  ['DECIMAL(9, 2)', 128n, '0080'],
  ['DECIMAL(38, 0)', -129n, 'ff7f'],
  ['DECIMAL(9, 2)', 0n, '00'],
  ['STRING', utf8('ä'), 'c3a4'],
  ['BINARY(2)', Uint8Array.of(0, 1), '0001'],
])('%s %s is %s', (type, value, expected) => {
  expect(hex(singleValue(parseTypeText(type), value))).toBe(expected)
})

const FIELDS = [
  { name: 'i', type: 'INT NOT NULL' },
  { name: 'd', type: 'DOUBLE' },
  { name: 's', type: 'STRING' },
  { name: 't', type: 'TIMESTAMP(3)' },
  { name: 'l', type: { type: 'ARRAY', element: 'INT' } },
]
const schema = firstSchema(parseNewSchema({ fields: FIELDS }), 0)

/** The metrics of a file with statistics of the columns that are named, in that order. */
function metricsOf(
  stats: Readonly<
    Record<string, readonly [min: InternalValue, max: InternalValue, nulls: number | null]>
  >,
  of: TableSchema = schema,
): unknown {
  const names = Object.keys(stats)
  const types = names.map((name) => of.fields.find((field) => field.name === name)!.type)
  const columns = Object.values(stats).map(([min, max, nullCount]) => ({ min, max, nullCount }))
  const file = { ...fileMeta(), valueStats: encodeStats(types, columns), valueStatsCols: names }
  const metrics = fileMetrics(file, of)
  return (
    metrics && {
      nulls: [...metrics.nullCounts],
      lower: [...metrics.lowerBounds].map(([id, bytes]) => [id, hex(bytes)]),
      upper: [...metrics.upperBounds].map(([id, bytes]) => [id, hex(bytes)]),
    }
  )
}

test('statistics that cover some columns alone go to the fields of their names', () => {
  expect(metricsOf({ s: [utf8('a'), utf8('c'), 2], i: [1, 2, 0], l: [null, null, 3] })).toEqual({
    nulls: [
      [0, 0n],
      [2, 2n],
      [4, 3n],
    ],
    lower: [
      [0, '01000000'],
      [2, '61'],
    ],
    upper: [
      [0, '02000000'],
      [2, '63'],
    ],
  })
})

test('what is not known has no bound, though the column is NOT NULL', () => {
  expect(metricsOf({ i: [null, null, 0], d: [null, null, null] })).toEqual({
    nulls: [[0, 0n]],
    lower: [],
    upper: [],
  })
  expect(metricsOf({ i: [null, null, null] })).toBeNull()
  expect(metricsOf({})).toBeNull()
  expect(fileMetrics({ ...fileMeta(), valueStats: encodeStats([], []) }, schema)).toBeNull()
})

test('no bound is NaN, no zero lies beyond a bound, and no bound is no text or out of range', () => {
  const bounds = (min: InternalValue, max: InternalValue, name = 'd'): unknown => {
    const { lower, upper } = metricsOf({ [name]: [min, max, null] }) as Record<string, unknown[][]>
    return [lower![0]?.[1], upper![0]?.[1]]
  }
  expect(metricsOf({ d: [Number.NaN, Number.NaN, null] })).toBeNull()
  expect(bounds(1, Number.NaN)).toEqual(['000000000000f03f', undefined])
  expect(bounds(0, -0)).toEqual(['0000000000000080', '0000000000000000'])
  expect(bounds(Uint8Array.of(0xff), utf8('b'), 's')).toEqual([undefined, '62'])
  expect(bounds(1n - 2n ** 63n, 1n, 't')).toEqual([undefined, 'e803000000000000'])
})

test('statistics of other columns are corrupt', () => {
  const valueStats = encodeStats([parseTypeText('INT')], [{ min: 1, max: 1, nullCount: 0 }])
  expect(() => fileMetrics({ ...fileMeta(), valueStats, valueStatsCols: null }, schema)).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }),
  )
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
