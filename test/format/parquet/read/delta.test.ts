import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  readDeltaIntegers,
  readDeltaLengths,
  readDeltaStrings,
} from '../../../../src/format/parquet/read/delta.ts'
import { LakeError } from '../../../../src/util/errors.ts'
import {
  deltaIntegers,
  deltaLengths,
  deltaStrings,
  varint,
} from '../../../support/parquet-encode.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const shapes = fc.constantFrom(
  { blockSize: 128, miniblocks: 4 },
  { blockSize: 128, miniblocks: 1 },
  { blockSize: 256, miniblocks: 8 },
  { blockSize: 1024, miniblocks: 4 },
  { blockSize: 8, miniblocks: 1 },
)
const integers = fc.oneof(
  fc.array(int64, { maxLength: 400 }),
  fc.array(fc.bigInt({ min: -3n, max: 3n }), { maxLength: 400 }),
  fc
    .tuple(int64, fc.bigInt({ min: -5n, max: 5n }), fc.nat(300))
    .map(([first, step, length]) =>
      Array.from({ length }, (_, i) => BigInt.asIntN(64, first + step * BigInt(i))),
    ),
)
const strings = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom('', 'a', 'abc', 'abcd', 'abx').map((text) => Buffer.from(text)),
  ),
  { maxLength: 300 },
)

/** Bytes with other bytes on both sides, which must not be read. */
function framed(bytes: Uint8Array): { bytes: Uint8Array; from: number; to: number } {
  const whole = new Uint8Array(bytes.length + 20).fill(0xff)
  whole.set(bytes, 10)
  return { bytes: whole, from: 10, to: 10 + bytes.length }
}

function textsOf({ data, starts, ends }: ReturnType<typeof readDeltaLengths>): string[] {
  return Array.from(starts, (start, i) =>
    Buffer.from(data.subarray(start, ends[i])).toString('hex'),
  )
}

const hexes = (values: readonly Uint8Array[]): string[] =>
  values.map((value) => Buffer.from(value).toString('hex'))

describe('integers', () => {
  test('of any value, in blocks of any shape, are read as they were encoded', () => {
    fc.assert(
      fc.property(integers, shapes, (values, shape) => {
        const { bytes, from, to } = framed(deltaIntegers(values, shape))
        const { values: read, end } = readDeltaIntegers(bytes, from, to, values.length)
        expect(Array.from(read)).toEqual(values)
        expect(end).toBe(to)
      }),
    )
  })

  test('of 32 bits, whose differences wrap, are the low halves', () => {
    const values = [2n ** 31n - 1n, -(2n ** 31n), 0n, -1n, 2n ** 31n - 1n, 5n]
    const bytes = deltaIntegers(values, { bits: 32 })
    const { values: read } = readDeltaIntegers(bytes, 0, bytes.length, 6)
    expect(Array.from(read, (value) => BigInt.asIntN(32, value))).toEqual(values)
  })

  test('may end without the padding of their last miniblock', () => {
    for (let length = 2; length < 300; length += 7) {
      const values = Array.from({ length }, (_, i) => BigInt((i * i) % 1000))
      const bytes = deltaIntegers(values, { cutPadding: true })
      expect(Array.from(readDeltaIntegers(bytes, 0, bytes.length, length).values)).toEqual(values)
    }
  })
})

describe('byte strings', () => {
  test('behind their lengths are read as they were encoded', () => {
    fc.assert(
      fc.property(strings, shapes, (values, shape) => {
        const { bytes, from, to } = framed(deltaLengths(values, shape))
        expect(textsOf(readDeltaLengths(bytes, from, to, values.length))).toEqual(hexes(values))
      }),
    )
  })

  test('behind the prefixes that they share are read as they were encoded', () => {
    fc.assert(
      fc.property(strings, shapes, (values, shape) => {
        const { bytes, from, to } = framed(deltaStrings(values, shape))
        const read = readDeltaStrings(bytes, from, to, values.length, 1 << 20)
        expect(textsOf(read)).toEqual(hexes(values))
      }),
    )
  })
})

const head = (...numbers: number[]): Uint8Array =>
  new Uint8Array(Buffer.concat(numbers.map(varint)))

describe('damage is CORRUPT', () => {
  test.each([
    ['no bytes', new Uint8Array(0), 'ends early'],
    ['a header cut short', head(128, 4), 'ends early'],
    ['blocks of no values', head(0, 4, 9, 0), 'bad block size'],
    ['no miniblocks', head(128, 0, 9, 0), 'bad block size'],
    ['miniblocks that do not divide the block', head(128, 3, 9, 0), 'bad block size'],
    ['miniblocks that are not whole bytes', head(12, 1, 9, 0), 'bad block size'],
    ['a vast block', head(2 ** 30, 4, 9, 0), 'claims 9 values'],
    ['more values than the page has', head(128, 4, 101, 0), 'claims 101 values'],
    [
      'more values than its bytes can hold',
      head(128, 4, 2 ** 31 - 1, 0),
      'claims 2147483647 values',
    ],
    ['a header beyond 31 bits', head(2 ** 32, 4, 9, 0), 'too large a header'],
    ['a varint without end', new Uint8Array(20).fill(255), 'too long a varint'],
    ['a delta of 65 bits', new Uint8Array([...head(8, 1, 2, 0), 0, 65]), 'a delta of 65 bits'],
    ['deltas cut short', new Uint8Array([...head(8, 1, 9, 0), 0, 64, 1, 2]), 'ends early'],
    ['widths cut short', new Uint8Array([...head(256, 32, 9, 0), 0, 1, 2, 3]), 'ends early'],
  ])('%s', (_, bytes, words) => {
    const read = (): unknown => readDeltaIntegers(bytes, 0, bytes.length, 100)
    expect(read).toThrow(LakeError)
    expect(read).toThrow(words)
  })

  test('a string that runs past the end, or has a negative length', () => {
    for (const length of [-1n, 4n, 2n ** 40n]) {
      const bytes = Buffer.concat([deltaIntegers([length]), Buffer.from('abc')])
      expect(() => readDeltaLengths(bytes, 0, bytes.length, 1)).toThrow('runs past the end')
    }
  })

  test('a prefix that the string before does not have', () => {
    for (const prefixes of [[1n], [0n, 4n], [0n, -1n], [0n, 2n ** 40n]]) {
      const suffixes = deltaLengths(prefixes.map(() => Buffer.from('abc')))
      const bytes = Buffer.concat([deltaIntegers(prefixes), suffixes])
      const read = (): unknown => readDeltaStrings(bytes, 0, bytes.length, 9, 1000)
      expect(read).toThrow('a shared prefix is longer than the string before it')
    }
  })

  test('prefixes and suffixes of different number', () => {
    const bytes = Buffer.concat([deltaIntegers([0n, 0n]), deltaLengths([Buffer.from('abc')])])
    expect(() => readDeltaStrings(bytes, 0, bytes.length, 9, 1000)).toThrow('differ in number')
  })

  test('strings that expand beyond what a page may hold', () => {
    // Each string repeats the one before and adds a byte, so that a thousand of them come to half a million bytes.
    const values = Array.from({ length: 1000 }, (_, i) => new Uint8Array(i))
    const bytes = deltaStrings(values)
    expect(() => readDeltaStrings(bytes, 0, bytes.length, 1000, 499_499)).toThrow(
      'expand to more than',
    )
    expect(readDeltaStrings(bytes, 0, bytes.length, 1000, 499_500).data.length).toBe(499_500)
  })
})
