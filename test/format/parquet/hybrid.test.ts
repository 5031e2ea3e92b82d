import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  bitWidthOf,
  hybridBound,
  HybridReader,
  readBitPackedLevels,
  writeHybrid,
} from '../../../src/format/parquet/hybrid.ts'
import { packBits, packedRun, repeatedRun } from '../../support/parquet-encode.ts'

/** Values of a width, some of them in runs of every length around the one that is worth a run. */
function valuesOf(width: number): fc.Arbitrary<number[]> {
  const max = width === 0 ? 0 : 2 ** width - 1
  const value = fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, max))
  const run = fc
    .tuple(value, fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 })))
    .map(([each, length]) => Array.from({ length }, () => each))
  return fc.array(run, { maxLength: 40 }).map((runs) => runs.flat())
}

function encoded(values: readonly number[], width: number): Uint8Array {
  const out = new Uint8Array(hybridBound(values.length, width))
  const end = writeHybrid(Int32Array.from(values), 0, values.length, width, out, 0)
  expect(end).toBeLessThanOrEqual(out.length)
  return out.subarray(0, end)
}

function readerOf(bytes: Uint8Array, width: number): HybridReader {
  const reader = new HybridReader()
  reader.reset(bytes, 0, bytes.length, width)
  return reader
}

describe.each(Array.from({ length: 25 }, (_, width) => width))('values of %i bits', (width) => {
  test('are read as they were written, in any pieces', () => {
    fc.assert(
      fc.property(
        valuesOf(width),
        fc.array(fc.record({ count: fc.nat(30), skip: fc.boolean() })),
        (values, steps) => {
          const reader = readerOf(encoded(values, width), width)
          const out = new Int32Array(values.length)
          let at = 0
          for (const { count, skip } of [...steps, { count: values.length, skip: false }]) {
            const n = Math.min(count, values.length - at)
            if (skip) {
              reader.skip(n)
              out.set(values.slice(at, at + n), at)
            } else reader.read(out, at, n)
            at += n
          }
          expect(Array.from(out)).toEqual(values)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('take no more room than the bound', () => {
    // The worst for the bound: runs of just the length at which one is begun, one after the other.
    for (const run of [1, 7, 8, 9, 15, 16, 17]) {
      const max = width === 0 ? 0 : 2 ** width - 1
      const values = Array.from({ length: 500 }, (_, i) =>
        Math.floor(i / run) % 2 === 0 ? 0 : max,
      )
      expect(encoded(values, width).length).toBeLessThanOrEqual(hybridBound(500, width))
    }
  })
})

test('a part of an array is written alone', () => {
  const values = Int32Array.from([9, 9, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 9])
  const out = new Uint8Array(100)
  const end = writeHybrid(values, 2, 11, 2, out, 5)
  const reader = new HybridReader()
  reader.reset(out, 5, end, 2)
  const read = new Int32Array(11)
  reader.read(read, 0, 11)
  expect(Array.from(read)).toEqual([1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3])
})

test('values of 25 to 32 bits are read from both kinds of runs', () => {
  for (let width = 25; width <= 32; width++) {
    const values = Array.from({ length: 16 }, (_, i) => (i * 0x9e3779b1) % 2 ** width)
    const top = 2 ** width - 1
    const bytes = Buffer.concat([packedRun(values, width), repeatedRun(top, 5, width)])
    const reader = readerOf(bytes, width)
    const out = new Int32Array(21)
    reader.read(out, 0, 3)
    reader.skip(2)
    reader.read(out, 5, 16)
    const wanted = [...values.slice(0, 3), 0, 0, ...values.slice(5), top, top, top, top, top]
    expect(Array.from(out)).toEqual(wanted.map((value) => value | 0))
  }
})

describe('bits', () => {
  test('are read into a bitmap at any place, in any pieces', () => {
    fc.assert(
      fc.property(valuesOf(1), fc.nat(20), fc.array(fc.nat(20)), (values, at, steps) => {
        const reader = readerOf(encoded(values, 1), 1)
        const out = new Uint8Array((at + values.length + 8) >> 3)
        let to = at
        for (const step of [...steps, values.length]) {
          const n = Math.min(step, at + values.length - to)
          reader.readBits(out, to, n)
          to += n
        }
        const bits = Array.from(
          { length: at + values.length },
          (_, i) => (out[i >> 3]! >> (i & 7)) & 1,
        )
        expect(bits).toEqual([...Array.from({ length: at }, () => 0), ...values])
      }),
    )
  })
})

describe('what other writers do', () => {
  test('the padding of the last packed group may be missing', () => {
    const whole = packedRun([1, 2, 3, 0, 1, 2, 3, 0, 3, 2], 2)
    const cut = whole.subarray(0, whole.length - 1)
    const out = new Int32Array(10)
    readerOf(cut, 2).read(out, 0, 10)
    expect(Array.from(out)).toEqual([1, 2, 3, 0, 1, 2, 3, 0, 3, 2])
  })

  test('a stream without width holds nothing but zeros', () => {
    const out = new Int32Array(3).fill(7)
    readerOf(Uint8Array.of(6), 0).read(out, 0, 3)
    expect(Array.from(out)).toEqual([0, 0, 0])
  })
})

describe('damage', () => {
  test.each([
    ['no bytes', [], 2, 'RLE data ends early'],
    ['a header cut short', [0x80], 2, 'RLE data ends early'],
    ['a header of six bytes', [255, 255, 255, 255, 255, 1], 2, 'too long a header'],
    ['a header beyond 32 bits', [255, 255, 255, 255, 127], 2, 'too long a header'],
    ['a run without values', [0, 1], 2, 'an RLE run has no values'],
    ['a packed run without groups', [1], 2, 'an RLE run has no values'],
    ['a repeated value cut short', [8, 1], 12, 'runs past the end'],
    ['packed values cut short', [3, 1], 12, 'run past the end'],
    ['packed values by the billion', [255, 255, 255, 255, 15, 1, 2, 3], 3, 'run past the end'],
    ['fewer values than asked for', [4, 1], 1, 'RLE data ends early'],
  ])('%s is CORRUPT', (_, bytes, width, words) => {
    const read = (): void => readerOf(Uint8Array.from(bytes), width).read(new Int32Array(9), 0, 9)
    expect(read).toThrow(words)
    const skipAndRead = (): void => {
      const reader = readerOf(Uint8Array.from(bytes), width)
      reader.skip(5)
      reader.read(new Int32Array(9), 0, 9)
    }
    expect(skipAndRead).toThrow(words)
  })

  test('a width of more than 32 bits is CORRUPT', () => {
    expect(() => readerOf(new Uint8Array(9), 33)).toThrow('values of 33 bits')
  })

  test('bits that run out are CORRUPT', () => {
    expect(() => readerOf(Uint8Array.of(3, 255), 1).readBits(new Uint8Array(4), 0, 17)).toThrow(
      'RLE data ends early',
    )
    expect(() => readerOf(Uint8Array.of(5, 255), 1).readBits(new Uint8Array(4), 0, 16)).toThrow(
      'run past the end',
    )
  })
})

test('levels in the deprecated encoding are read from the highest bit down', () => {
  for (const width of [1, 2, 3, 5]) {
    const values = Array.from({ length: 30 }, (_, i) => (i * 7) % 2 ** width)
    const bytes = new Uint8Array(Math.ceil((30 * width) / 8) + 1)
    for (const [i, value] of values.entries())
      for (let b = 0; b < width; b++) {
        const bit = 8 + i * width + b
        if (value & (1 << (width - 1 - b))) bytes[bit >> 3]! |= 128 >> (bit & 7)
      }
    const out = new Int32Array(30)
    readBitPackedLevels(bytes, 1, width, out, 30)
    expect(Array.from(out)).toEqual(values)
  }
})

test('the width of values is that of the greatest', () => {
  const widths = [0, 1, 2, 3, 4, 7, 8, 255, 256, 2 ** 24 - 1].map(bitWidthOf)
  expect(widths).toEqual([0, 1, 2, 2, 3, 3, 4, 8, 9, 24])
  expect(packBits([1, 0, 1], 1)).toEqual(Uint8Array.of(5))
})
