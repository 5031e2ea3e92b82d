import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  BooleanBounds,
  type Bounds,
  BytesBounds,
  compareBytes,
  FloatBounds,
  IntBounds,
  LongBounds,
  NoBounds,
  prefixOf,
  shortenedMax,
  shortenedMin,
} from '../../../../src/format/parquet/write/bounds.ts'
import { compareValues } from '../../../../src/types/predicate-literal.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const shown = (bounds: { min: Uint8Array; max: Uint8Array } | null): [string, string] | null =>
  bounds && [hex(bounds.min), hex(bounds.max)]

/** The bounds of the pages, then of the chunk. */
function gathered<B extends Bounds, V>(
  bounds: B,
  add: (bounds: B, value: V) => void,
  pages: readonly (readonly V[])[],
): { pages: ([string, string] | null)[]; chunk: [string, string] | null } {
  const of = pages.map((values) => {
    for (const value of values) add(bounds, value)
    return shown(bounds.takePage())
  })
  return { pages: of, chunk: shown(bounds.takeChunk()) }
}

const addInt = (bounds: IntBounds, value: number): void => bounds.add(Int32Array.of(value), 0, 1)
const addLong = (bounds: LongBounds, value: bigint): void =>
  bounds.add(new Int32Array(BigInt64Array.of(value).buffer), 0, 1)
const addDouble = (bounds: FloatBounds, value: number): void =>
  bounds.add(new Int32Array(Float64Array.of(value).buffer), 0, 1)
const addFloat = (bounds: FloatBounds, value: number): void =>
  bounds.add(new Int32Array(Float32Array.of(value).buffer), 0, 1)
const addBytes = (bounds: BytesBounds, value: Uint8Array): void =>
  bounds.add(value, 0, value.length, prefixOf(value, 0, value.length))
const addBoolean = (bounds: BooleanBounds, value: boolean): void => bounds.add(value)

const int = (value: number): string => hex(new Uint8Array(Int32Array.of(value).buffer))
const long = (value: bigint): string => hex(new Uint8Array(BigInt64Array.of(value).buffer))
const doubleBytes = (value: number): Uint8Array => new Uint8Array(Float64Array.of(value).buffer)
const double = (value: number): string => hex(doubleBytes(value))

const order = <N extends number | bigint>(a: N, b: N): number => (a < b ? -1 : a > b ? 1 : 0)
const byteOrder = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)
const pagesOf = <V>(value: fc.Arbitrary<V>): fc.Arbitrary<V[][]> =>
  fc.array(fc.array(value, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })

/** Nine bytes of two's complement, the highest first. */
function decimalBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 9 }, (_, i) =>
    Number(BigInt.asUintN(8, value >> BigInt(64 - 8 * i))),
  )
}

const decimal = (value: bigint): string => hex(decimalBytes(value))
const addDecimal = (bounds: BytesBounds, value: bigint): void => {
  const bytes = decimalBytes(value)
  bounds.add(bytes, 0, 9, (prefixOf(bytes, 0, 9) ^ 0x80000000) >>> 0)
}

/** The least and the greatest by an order. */
function extremes<V>(values: readonly V[], compare: (a: V, b: V) => number): [V, V] {
  const sorted = values.toSorted(compare)
  return [sorted[0]!, sorted.at(-1)!]
}

describe('the least and the greatest value', () => {
  test('of integers, page by page and of the chunk', () => {
    const values = fc.oneof(fc.integer(), fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 0))
    fc.assert(
      fc.property(pagesOf(values), (pages) => {
        const found = gathered(new IntBounds(), addInt, pages)
        expect(found.pages).toEqual(pages.map((page) => extremes(page, order).map(int)))
        expect(found.chunk).toEqual(extremes(pages.flat(), order).map(int))
      }),
    )
  })

  test('of 64-bit integers', () => {
    const values = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
    )
    fc.assert(
      fc.property(pagesOf(values), (pages) => {
        const found = gathered(new LongBounds(), addLong, pages)
        expect(found.pages).toEqual(pages.map((page) => extremes(page, order).map(long)))
        expect(found.chunk).toEqual(extremes(pages.flat(), order).map(long))
      }),
    )
  })

  test('of byte strings, unsigned', () => {
    const values = fc.oneof(
      fc.uint8Array({ maxLength: 7 }),
      fc
        .array(fc.constantFrom(0, 127, 128, 255), { maxLength: 6 })
        .map((bytes) => Uint8Array.from(bytes)),
    )
    fc.assert(
      fc.property(pagesOf(values), (pages) => {
        const found = gathered(new BytesBounds(), addBytes, pages)
        expect(found.pages).toEqual(pages.map((page) => extremes(page, byteOrder).map(hex)))
        expect(found.chunk).toEqual(extremes(pages.flat(), byteOrder).map(hex))
      }),
      { numRuns: 300 },
    )
  })

  test('of decimals in bytes, by sign', () => {
    const values = fc.bigInt({ min: -(2n ** 71n), max: 2n ** 71n - 1n })
    fc.assert(
      fc.property(pagesOf(values), (pages) => {
        const found = gathered(new BytesBounds(true), addDecimal, pages)
        expect(found.pages).toEqual(pages.map((page) => extremes(page, order).map(decimal)))
        expect(found.chunk).toEqual(extremes(pages.flat(), order).map(decimal))
      }),
    )
  })

  test('of booleans', () => {
    const cases: [boolean[][], unknown][] = [
      [[[true, false]], { pages: [['00', '01']], chunk: ['00', '01'] }],
      [
        [[true, true], [false]],
        {
          pages: [
            ['01', '01'],
            ['00', '00'],
          ],
          chunk: ['00', '01'],
        },
      ],
      [[[], [true]], { pages: [null, ['01', '01']], chunk: ['01', '01'] }],
    ]
    for (const [pages, wanted] of cases)
      expect(gathered(new BooleanBounds(), addBoolean, pages)).toEqual(wanted)
  })
})

describe('floats follow parquet-mr', () => {
  const { NaN: nan } = Number

  test.each<[string, number[][], ([string, string] | null)[], [string, string] | null]>([
    ['a zero minimum is -0', [[0, 5]], [[double(-0), double(5)]], [double(-0), double(5)]],
    ['a zero maximum is +0', [[-5, -0]], [[double(-5), double(0)]], [double(-5), double(0)]],
    [
      'zeros alone',
      [[0], [-0]],
      [
        [double(-0), double(0)],
        [double(-0), double(0)],
      ],
      [double(-0), double(0)],
    ],
    [
      'infinities are values',
      [[Infinity, -Infinity]],
      [[double(-Infinity), double(Infinity)]],
      [double(-Infinity), double(Infinity)],
    ],
    [
      'infinity alone',
      [[Infinity]],
      [[double(Infinity), double(Infinity)]],
      [double(Infinity), double(Infinity)],
    ],
    [
      'a page with NaN has no bounds, and then the chunk has none',
      [[1], [nan, 2], [3]],
      [[double(1), double(1)], null, [double(3), double(3)]],
      null,
    ],
    ['NaN alone', [[nan]], [null], null],
    [
      'a page without values has none either, but the chunk has',
      [[1], [], [3]],
      [[double(1), double(1)], null, [double(3), double(3)]],
      [double(1), double(3)],
    ],
  ])('%s', (_, values, pages, chunk) => {
    expect(gathered(new FloatBounds(Float64Array), addDouble, values)).toEqual({ pages, chunk })
  })

  test('of 32 bits alike', () => {
    const { chunk } = gathered(new FloatBounds(Float32Array), addFloat, [[0, 1.5], [-0.25]])
    expect(chunk).toEqual(['000080be', '0000c03f'])
  })

  test('a chunk does not inherit from the one before', () => {
    const bounds = new FloatBounds(Float64Array)
    expect(gathered(bounds, addDouble, [[nan], [1]]).chunk).toBeNull()
    expect(gathered(bounds, addDouble, [[7]]).chunk).toEqual([double(7), double(7)])
  })

  test('infinities compare as equal to themselves', () => {
    const bounds = new FloatBounds(Float64Array)
    const compare = (a: number, b: number): number => bounds.compare(doubleBytes(a), doubleBytes(b))
    expect([compare(Infinity, Infinity), compare(-Infinity, Infinity), compare(1, -2)]).toEqual([
      0, -1, 1,
    ])
  })
})

test('a type without an order has no bounds', () => {
  expect(gathered(new NoBounds(), () => {}, [[1], []])).toEqual({
    pages: [null, null],
    chunk: null,
  })
})

describe('shortened bounds', () => {
  const long64 = fc.oneof(
    fc.uint8Array({ minLength: 60, maxLength: 90 }),
    fc
      .tuple(
        fc.constantFrom(0, 0x7e, 0x7f, 0x80, 0xfe, 0xff),
        fc.integer({ min: 60, max: 90 }),
        fc.uint8Array({ maxLength: 4 }),
      )
      .map(([byte, length, tail]) => {
        const bytes = new Uint8Array(length + tail.length).fill(byte)
        bytes.set(tail, length)
        return bytes
      }),
  )
  const texts = fc
    .array(fc.constantFrom('a', '~', '\u007f', 'é', '漢', '🚀', '\uffff', '\u{10ffff}'), {
      minLength: 15,
      maxLength: 90,
    })
    .map((parts) => new TextEncoder().encode(parts.join('')))

  test('stay bounds, and are as short as they can be', () => {
    fc.assert(
      fc.property(fc.oneof(long64, texts), fc.boolean(), (value, isText) => {
        const min = shortenedMin(value, isText)
        const max = shortenedMax(value, isText)
        expect(compareBytes(min, value)).toBeLessThanOrEqual(0)
        expect(compareBytes(max, value)).toBeGreaterThanOrEqual(0)
        expect(min.length).toBeLessThanOrEqual(64)
        expect(max.length <= 64 || compareBytes(max, value) === 0).toBe(true)
        expect(value.length > 64 || (min === value && max === value)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('of text are text', () => {
    const strict = new TextDecoder('utf-8', { fatal: true })
    fc.assert(
      fc.property(texts, (value) => {
        const texts64 = [shortenedMin(value, true), shortenedMax(value, true)]
        expect(() => texts64.map((each) => strict.decode(each))).not.toThrow('invalid')
      }),
    )
  })

  test('a value that no shorter one is above stays whole', () => {
    const top = new Uint8Array(80).fill(255)
    expect(shortenedMax(top, false)).toBe(top)
    const emoji = new TextEncoder().encode('🚀'.repeat(20))
    expect(shortenedMax(emoji, true)).toBe(emoji)
    expect(hex(shortenedMin(emoji, true))).toBe(hex(emoji.subarray(0, 64)))
  })

  test('of bytes that are no text are bounds too', () => {
    const broken = new Uint8Array(80).fill(0x80)
    expect(shortenedMin(broken, true).length).toBe(0)
    expect(shortenedMax(broken, true)).toBe(broken)
  })
})

describe('the range of a chunk that manifests tell', () => {
  const special = fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1, -1)

  test('has NaN above all floats and -0 below 0', () => {
    fc.assert(
      fc.property(pagesOf(fc.oneof(special, fc.double())), (pages) => {
        const bounds = new FloatBounds(Float64Array)
        // A chunk before leaves nothing behind.
        gathered(bounds, addDouble, [[Number.NaN, -0, 0, -Infinity]])
        gathered(bounds, addDouble, pages)
        const [min, max] = extremes<number>(pages.flat(), compareValues)
        expect(shown(bounds.chunkRange())).toEqual([double(min), double(max)])
      }),
    )
  })

  test('has the sign of zeros where no other value is as small or as great', () => {
    const zeros = fc.constantFrom(0, -0)
    const chunks = fc.constantFrom<readonly number[]>([], [-1], [1])
    fc.assert(
      fc.property(pagesOf(zeros), chunks, (pages, others) => {
        const bounds = new FloatBounds(Float64Array)
        gathered(bounds, addDouble, [...pages, [...others, ...pages[0]!]])
        const [min, max] = extremes<number>([...pages.flat(), ...others], compareValues)
        expect(shown(bounds.chunkRange())).toEqual([double(min), double(max)])
      }),
    )
  })

  test('is what the footer has of other types', () => {
    const bounds = new IntBounds()
    const { chunk } = gathered(bounds, addInt, [[3, 1], [7]])
    expect(shown(bounds.chunkRange())).toEqual(chunk)
    expect(new FloatBounds(Float32Array).chunkRange()).toBeNull()
  })
})
