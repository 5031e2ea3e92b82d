import { describe, expect, test } from 'vitest'

import {
  PHYSICAL,
  REPETITION,
  type SchemaElement,
  type Statistics,
} from '../../../../src/format/parquet/metadata.ts'
import { boundStats } from '../../../../src/format/parquet/read/bound-value.ts'
import { leavesOf, schemaTree } from '../../../../src/format/parquet/tree.ts'
import type { ColumnStats } from '../../../../src/types/predicate-stats.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'

const { NaN: nan } = Number

function statsOf(
  element: Partial<SchemaElement>,
  type: string,
  statistics: Statistics | undefined,
): ColumnStats {
  const leaf = { name: 'a', repetition: REPETITION.OPTIONAL, physical: PHYSICAL.INT32, ...element }
  const tree = schemaTree([{ name: 'root', childCount: 1 }, leaf])
  return boundStats(leavesOf(tree)[0]!, parseTypeText(type), statistics)
}

const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer)
const int64 = (value: bigint): Uint8Array => new Uint8Array(BigInt64Array.of(value).buffer)
const double = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer)
const float = (value: number): Uint8Array => new Uint8Array(Float32Array.of(value).buffer)
const between = (min: Uint8Array, max: Uint8Array): Statistics => ({ min, max, nullCount: 3 })

const { INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, BOOLEAN } = PHYSICAL
const decimal = { kind: 'DECIMAL', precision: 20, scale: 2 } as const
const micros = { kind: 'TIMESTAMP', utc: true, unit: 'MICROS' } as const
const text = new TextEncoder()

describe('bounds are values of the column', () => {
  test.each<[string, Partial<SchemaElement>, Statistics, unknown, unknown]>([
    ['BOOLEAN', { physical: BOOLEAN }, between(Uint8Array.of(0), Uint8Array.of(1)), false, true],
    ['TINYINT', { physical: INT32 }, between(int32(-3), int32(4)), -3, 4],
    [
      'INT',
      { physical: INT32 },
      between(int32(-(2 ** 31)), int32(2 ** 31 - 1)),
      -(2 ** 31),
      2 ** 31 - 1,
    ],
    ['DATE', { physical: INT32 }, between(int32(-1), int32(9)), -1, 9],
    ['BIGINT', { physical: INT64 }, between(int64(-(2n ** 63n)), int64(5n)), -(2n ** 63n), 5n],
    [
      'STRING',
      { physical: BYTE_ARRAY },
      between(text.encode('a'), text.encode('é')),
      text.encode('a'),
      text.encode('é'),
    ],
    ['TIMESTAMP(6)', { physical: INT64, logical: micros }, between(int64(-1n), int64(7n)), -1n, 7n],
    ['DECIMAL(9, 2)', { physical: INT32, logical: decimal }, between(int32(-5), int32(6)), -5n, 6n],
    [
      'DECIMAL(18, 2)',
      { physical: INT64, logical: decimal },
      between(int64(-5n), int64(6n)),
      -5n,
      6n,
    ],
    [
      'DECIMAL(20, 2)',
      { physical: FIXED_LEN_BYTE_ARRAY, typeLength: 9, logical: decimal },
      between(
        Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe),
        Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0),
      ),
      -2n,
      256n,
    ],
  ])('%s', (type, element, statistics, min, max) => {
    expect(statsOf(element, type, statistics)).toEqual({ min, max, nullCount: 3 })
  })
})

describe('of floats', () => {
  test('NaN, which bounds leave out, may lie above, and -0 below a zero', () => {
    expect(statsOf({ physical: DOUBLE }, 'DOUBLE', between(double(1), double(2)))).toEqual({
      min: 1,
      max: nan,
      nullCount: 3,
    })
    expect(statsOf({ physical: DOUBLE }, 'DOUBLE', between(double(0), double(2)))).toEqual({
      min: -0,
      max: nan,
      nullCount: 3,
    })
    expect(statsOf({ physical: FLOAT }, 'FLOAT', between(float(0), float(0)))).toEqual({
      min: -0,
      max: nan,
      nullCount: 3,
    })
  })

  test('a NaN bound tells nothing', () => {
    const none = { min: null, max: null, nullCount: 3 }
    expect(statsOf({ physical: DOUBLE }, 'DOUBLE', between(double(nan), double(nan)))).toEqual(none)
    // A writer whose order puts NaN last bounds the others by it.
    expect(statsOf({ physical: DOUBLE }, 'DOUBLE', between(double(1), double(nan)))).toEqual({
      min: 1,
      max: nan,
      nullCount: 3,
    })
  })
})

describe('what cannot be told is unknown', () => {
  const unknown = { min: null, max: null, nullCount: 3 }

  test.each<[string, string, Partial<SchemaElement>, Statistics]>([
    ['one bound alone', 'INT', {}, { min: int32(1), nullCount: 3 }],
    ['another width', 'INT', {}, between(Uint8Array.of(1), int32(5))],
    ['another physical type', 'BIGINT', { physical: INT32 }, between(int32(1), int32(5))],
    [
      'another unit',
      'TIMESTAMP(3)',
      { physical: INT64, logical: micros },
      between(int64(1n), int64(5n)),
    ],
    [
      'another scale',
      'DECIMAL(20, 3)',
      { physical: INT64, logical: decimal },
      between(int64(1n), int64(5n)),
    ],
    [
      'decimals in byte arrays',
      'DECIMAL(20, 2)',
      { physical: BYTE_ARRAY, logical: decimal },
      between(Uint8Array.of(1), Uint8Array.of(5)),
    ],
    [
      'decimals of more than 128 bits',
      'DECIMAL(20, 2)',
      { physical: FIXED_LEN_BYTE_ARRAY, typeLength: 17, logical: decimal },
      between(new Uint8Array(17), new Uint8Array(17)),
    ],
    ['times of 64 bits', 'TIME(3)', { physical: INT64 }, between(int64(1n), int64(5n))],
    [
      'nanoseconds in INT96',
      'TIMESTAMP(9)',
      { physical: INT96 },
      between(new Uint8Array(12), new Uint8Array(12)),
    ],
    [
      'bytes of fixed width',
      'BYTES',
      { physical: FIXED_LEN_BYTE_ARRAY, typeLength: 2 },
      between(new Uint8Array(2), new Uint8Array(2)),
    ],
    [
      'unsigned integers, whose order is another',
      'INT',
      { logical: { kind: 'INTEGER', bits: 32, signed: false } },
      between(int32(1), int32(-5)),
    ],
    [
      'unsigned 64-bit integers',
      'BIGINT',
      { physical: INT64, logical: { kind: 'INTEGER', bits: 64, signed: false } },
      between(int64(1n), int64(-5n)),
    ],
  ])('%s', (_, type, element, statistics) => {
    expect(statsOf(element, type, statistics)).toEqual(unknown)
  })

  test('without statistics not even the nulls are known', () => {
    expect(statsOf({}, 'INT', undefined)).toEqual({ min: null, max: null, nullCount: null })
  })
})
