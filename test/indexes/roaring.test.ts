import { crc32 } from 'node:zlib'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  bitmapHas,
  bitmapOf,
  bitmapOfRange,
  bitmapRanges,
  bitmapValues,
  cardinalityOf,
  decodeBitmap,
  difference,
  encodeBitmap,
  fillBits,
  intersection,
  lastOf,
  longRanges,
  type RoaringBitmap,
  sameBitmap,
  union,
  withRuns,
} from '../../src/indexes/roaring.ts'
import { LakeError } from '../../src/util/errors.ts'
import { fixture } from '../support/java-vectors.ts'

type Spans = readonly (readonly [number, number, number])[]
/** Base64, or the length and CRC32 of long bytes. */
type StoredBytes = string | readonly [number, number]

const { sets, unions, ranges } = fixture('roaring.json') as {
  readonly sets: readonly { spans: Spans; plain: StoredBytes; optimized: StoredBytes }[]
  readonly unions: readonly {
    a: Spans
    b: Spans
    stored: readonly [boolean, boolean]
    bytes: StoredBytes
  }[]
  readonly ranges: readonly { from: number; to: number; bytes: StoredBytes }[]
}

function* valuesOf(spans: Spans): Generator<number> {
  for (const [from, to, step] of spans) for (let v = from; v < to; v += step) yield v
}

/** What the fixture has of the bytes. */
function asStored(bytes: Uint8Array, expected: StoredBytes): StoredBytes {
  return typeof expected === 'string'
    ? Buffer.from(bytes).toString('base64')
    : [bytes.length, crc32(bytes)]
}

function sorted(values: Iterable<number>): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b)
}

test('sets have the bytes that Java writes, with runs and without', () => {
  for (const { spans, plain, optimized } of sets) {
    const bitmap = bitmapOf(valuesOf(spans))
    expect(asStored(encodeBitmap(bitmap), plain)).toEqual(plain)
    expect(asStored(encodeBitmap(withRuns(bitmap)), optimized)).toEqual(optimized)
    const bytes = encodeBitmap(withRuns(bitmap))
    const read = decodeBitmap(Uint8Array.of(9, ...bytes, 9), 1)
    expect(read.end).toBe(1 + bytes.length)
    expect(sameBitmap(read.bitmap, bitmap)).toBe(true)
    expect([...bitmapValues(read.bitmap)]).toEqual(sorted(valuesOf(spans)))
    expect(lastOf(read.bitmap)).toBe(sorted(valuesOf(spans)).at(-1) ?? -1)
  }
})

test('a union has the bytes that the aggregate of Java stores', () => {
  for (const { a, b, stored, bytes } of unions) {
    const [left, right] = [a, b].map((spans, i) => {
      const bitmap = bitmapOf(valuesOf(spans))
      return stored[i] === true ? decodeBitmap(encodeBitmap(withRuns(bitmap))).bitmap : bitmap
    }) as [RoaringBitmap, RoaringBitmap]
    expect(asStored(encodeBitmap(withRuns(union(left, right))), bytes)).toEqual(bytes)
  }
})

test('ranges have the bytes that Java writes', () => {
  for (const { from, to, bytes } of ranges)
    expect(asStored(encodeBitmap(bitmapOfRange(from, to)), bytes)).toEqual(bytes)
})

const spansArbitrary = fc.array(
  fc
    .tuple(
      fc.nat(3),
      fc.nat(65_535),
      fc.constantFrom(1, 2, 30, 5000, 70_000),
      fc.constantFrom(1, 1, 2, 13),
    )
    .map(([key, low, count, step]): [number, number, number] => {
      const from = key * 65_536 + low
      return [from, from + count, step]
    }),
  { maxLength: 4 },
)

test('operations are those of sets, whatever the forms', () => {
  fc.assert(
    fc.property(spansArbitrary, spansArbitrary, fc.boolean(), (a, b, isOptimized) => {
      const left = bitmapOf(valuesOf(a))
      const right = isOptimized ? withRuns(bitmapOf(valuesOf(b))) : bitmapOf(valuesOf(b))
      const [lefts, rights] = [new Set(valuesOf(a)), new Set(valuesOf(b))]
      expect([...bitmapValues(union(left, right))]).toEqual(sorted([...lefts, ...rights]))
      const shared = [...lefts].filter((v) => rights.has(v))
      for (const both of [intersection(left, right), intersection(right, left)])
        expect([...bitmapValues(both)]).toEqual(sorted(shared))
      const rest = difference(left, right)
      expect([...bitmapValues(rest)]).toEqual(sorted([...lefts].filter((v) => !rights.has(v))))
      expect(cardinalityOf(rest)).toBe(lefts.size - shared.length)
      for (const v of [0, 65_535, 65_536, ...[...rights].slice(0, 50)])
        expect(bitmapHas(right, v)).toBe(rights.has(v))
    }),
    { numRuns: 20 },
  )
})

test('bits are filled for a window of the values', () => {
  fc.assert(
    fc.property(spansArbitrary, fc.nat(300_000), fc.nat(100_000), (spans, from, count) => {
      const words = new Uint32Array(Math.ceil(count / 32))
      fillBits(withRuns(bitmapOf(valuesOf(spans))), from, count, words)
      const expected = new Uint32Array(words.length)
      for (const v of valuesOf(spans))
        if (v >= from && v < from + count)
          expected[(v - from) >> 5] = expected[(v - from) >> 5]! | (1 << ((v - from) & 31))
      expect(words).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

test('values that lie near each other make one range', () => {
  const bitmap = bitmapOf([1, 2, 3, 10, 20, 65_530, 65_536, 70_000])
  expect(bitmapRanges(bitmap, 6)).toEqual([
    { from: 1, to: 11 },
    { from: 20, to: 21 },
    { from: 65_530, to: 65_537 },
    { from: 70_000, to: 70_001 },
  ])
  expect(bitmapRanges(withRuns(bitmap))).toHaveLength(6)
  const all = bitmapRanges(bitmapOfRange(0, 2 ** 32))
  expect(all).toEqual([{ from: 0, to: 2 ** 32 }])
})

test('long ranges are found across containers, and short ones are not', () => {
  const spans: Spans = [
    [10, 5000, 1],
    [60_000, 140_000, 1],
    [150_000, 160_000, 2],
    [170_000, 174_200, 1],
  ]
  const expected = [
    { from: 10, to: 5000 },
    { from: 60_000, to: 140_000 },
    { from: 170_000, to: 174_200 },
  ]
  const bitmap = bitmapOf(valuesOf(spans))
  for (const each of [bitmap, withRuns(bitmap)]) expect(longRanges(each, 4200)).toEqual(expected)
  expect(longRanges(bitmap, 5000)).toEqual([expected[1]])
})

const MIXED: Spans = [
  [1, 90, 7],
  [65_536, 70_000, 1],
  [131_072, 190_000, 3],
  [200_000, 200_010, 2],
]

test('bytes that are cut short are CORRUPT', () => {
  for (const isOptimized of [false, true]) {
    const bitmap = bitmapOf(valuesOf(MIXED))
    const bytes = encodeBitmap(isOptimized ? withRuns(bitmap) : bitmap)
    for (let length = 0; length < bytes.length; length += length < 200 ? 1 : 997)
      expect(() => decodeBitmap(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'CORRUPT' }),
      )
  }
})

test('changed bytes read as a valid bitmap or are CORRUPT', () => {
  const bytes = encodeBitmap(withRuns(bitmapOf(valuesOf(MIXED))))
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = bytes.slice()
      changed[at] = value
      expect(outcome(changed)).toBeOneOf(['valid', 'CORRUPT'])
    }),
    { numRuns: 150 },
  )
})

function outcome(bytes: Uint8Array): unknown {
  try {
    const { bitmap } = decodeBitmap(bytes)
    const values = bitmapValues(bitmap)
    const isAscending = values.every((value, i) => i === 0 || value > values[i - 1]!)
    return isAscending && values.length === cardinalityOf(bitmap) ? 'valid' : 'wrong'
  } catch (error) {
    return error instanceof LakeError ? error.code : error
  }
}

test.each([
  ['another cookie', [1, 2, 3, 4]],
  ['more containers than keys', [0x3a, 0x30, 0, 0, 1, 0, 1, 0]],
  ['containers out of order', [0x3a, 0x30, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, ...zeros(12)]],
  ['values out of order', [0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, ...zeros(4), 5, 0, 5, 0]],
  ['runs out of order', [0x3b, 0x30, 0, 0, 1, 0, 0, 3, 0, 2, 0, 5, 0, 1, 0, 6, 0, 1, 0]],
  ['a run beyond its container', [0x3b, 0x30, 0, 0, 1, 0, 0, 1, 0, 1, 0, 255, 255, 1, 0]],
  ['a run container of none', [0x3b, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0]],
  [
    'another count of values than its runs have',
    [0x3b, 0x30, 0, 0, 1, 0, 0, 5, 0, 1, 0, 0, 0, 1, 0],
  ],
])('%s is CORRUPT', (_, bytes) => {
  expect(() => decodeBitmap(Uint8Array.from(bytes))).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }),
  )
})

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0)
}
