import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { unpackBits } from '../../../src/format/orc/bit-packing.ts'
import { BitRuns, ByteRuns } from '../../../src/format/orc/byte-runs.ts'
import { ChunkedBytes } from '../../../src/format/orc/chunks.ts'
import { IntRuns } from '../../../src/format/orc/int-runs.ts'
import { literals, varint, zigzag } from '../../support/orc-bytes.ts'

const source = (bytes: readonly number[]): ChunkedBytes =>
  new ChunkedBytes(Uint8Array.from(bytes), { codec: 'none', blockBytes: 1 })

function longs(
  bytes: readonly number[],
  count: number,
  form: { isSigned: boolean; version: 1 | 2 },
): bigint[] {
  const out = new BigInt64Array(count)
  new IntRuns(source(bytes), form).readLongs(new Int32Array(out.buffer), count)
  return [...out]
}

function readInt(value: bigint): Int32Array {
  const out = new Int32Array(1)
  const runs = new IntRuns(source(literals(zigzag(value))), { isSigned: true, version: 1 })
  runs.readInts(out, 1, -(2 ** 31), 2 ** 31 - 1)
  return out
}

const hex = (text: string): number[] => [...Buffer.from(text, 'hex')]
const big = (...values: number[]): bigint[] => values.map(BigInt)

describe('integers', () => {
  const first = { isSigned: false, version: 1 } as const
  const second = { isSigned: false, version: 2 } as const
  const patched = [2030, 2000, 2020, 1_000_000]
  for (let value = 2040; value <= 2190; value += 10) patched.push(value)

  test.each([
    ['a run of one value', first, hex('610007'), Array.from({ length: 100 }, () => 7)],
    ['a falling run', first, hex('61ff64'), Array.from({ length: 100 }, (_, i) => 100 - i)],
    ['literals', first, hex('fb020306070b'), [2, 3, 6, 7, 11]],
    ['a repeated value', second, hex('0a2710'), [10000, 10000, 10000, 10000, 10000]],
    ['packed values', second, hex('5e035ca1ab1edeadbeef'), [23713, 43806, 57005, 48879]],
    [
      'values with a patch',
      second,
      hex('8e132b2107d01e00147028323c46505a646e78828c96a0aab4befce8'),
      patched,
    ],
    ['deltas', second, hex('c609020222424246'), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]],
  ] as const)('are read from %s, as the specification has it', (_, form, bytes, expected) => {
    expect(longs(bytes, expected.length, form)).toEqual(big(...expected))
  })

  test('of 64 bits are read from varints, in zigzag form or not', () => {
    const values = [0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, -(2n ** 31n) - 1n]
    const signed = literals(...values.map(zigzag))
    expect(longs(signed, values.length, { isSigned: true, version: 1 })).toEqual(values)
    const raw = literals(...values.map(varint))
    expect(longs(raw, values.length, first)).toEqual(values)
  })

  test('grow and fall across 32 bits', () => {
    const up = [5, 1, ...varint(2n ** 32n - 3n)]
    const rising = Array.from({ length: 8 }, (_, i) => 2n ** 32n - 3n + BigInt(i))
    expect(longs(up, 8, first)).toEqual(rising)
    // A delta run of version 2 with a fixed step, and one that subtracts four-bit steps.
    const step = [0xc0, 7, ...zigzag(3), ...zigzag(-2)]
    const signed = { isSigned: true, version: 2 } as const
    expect(longs(step, 8, signed)).toEqual(big(3, 1, -1, -3, -5, -7, -9, -11))
    const falling = [0xc6, 3, ...zigzag(2n ** 32n + 1n), ...zigzag(-1), 0x2f]
    const start = 2n ** 32n
    expect(longs(falling, 4, signed)).toEqual([start + 1n, start, start - 2n, start - 17n])
  })

  test('outside the range of a column are CORRUPT', () => {
    expect(readInt(-(2n ** 31n))).toEqual(Int32Array.of(-(2 ** 31)))
    for (const value of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 32n, 2n ** 63n - 1n])
      expect(() => readInt(value)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })

  test('are unpacked from every width', () => {
    const widths = [...Array.from({ length: 24 }, (_, i) => i + 1), 26, 28, 30, 32, 40, 48, 56, 64]
    const values = fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(fc.constantFrom(...widths), values, (width, raw) => {
        const wanted = raw.map((value) => BigInt.asUintN(width, value))
        const bits = wanted.map((value) => value.toString(2).padStart(width, '0')).join('')
        const bytes = bits.match(/.{1,8}/g)!.map((each) => Number.parseInt(each.padEnd(8, '0'), 2))
        const [low, high] = [new Int32Array(raw.length + 1), new Int32Array(raw.length + 1)]
        unpackBits(Uint8Array.from(bytes), width, raw.length, low, high, 1)
        const got = wanted.map(
          (_, i) => (BigInt(high[i + 1]! >>> 0) << 32n) | BigInt(low[i + 1]! >>> 0),
        )
        expect(got).toEqual(wanted)
      }),
    )
  })

  test.each([
    ['a patch behind the last value', [0x80, 0, 0, 1, 5, 0x80, 0xff]],
    ['a patch of more than 64 bits', [0x80, 0, 0x1f, 0xe1, 5, 0x80, 0xff]],
    ['a varint without an end', [0xc0, 1, ...Array.from({ length: 11 }, () => 0x80)]],
    ['packed values that are not there', [0x7e, 255, 1, 2]],
    ['deltas that are cut', hex('c6090202224246')],
  ])('with %s are CORRUPT', (_, bytes) => {
    expect(() => longs(bytes, 1, second)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })
})

describe('bytes and bits', () => {
  test('are read from runs and literals, in any portions', () => {
    const out = new Uint8Array(5)
    const runs = new ByteRuns(source([0, 9, 0xfe, 0x44, 0x45]))
    runs.read(out.subarray(0, 2))
    runs.read(out.subarray(2))
    expect([...out]).toEqual([9, 9, 9, 0x44, 0x45])
    expect(() => runs.read(out)).toThrow('ends before')
  })

  test('in portions are those of the whole', () => {
    const portions = fc.array(fc.nat(20), { maxLength: 30 })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 128, maxLength: 128 }), portions, (raw, counts) => {
        const runs = new BitRuns(source([128, ...raw]))
        let at = 0
        for (const count of counts) {
          const bits = runs.read(count)
          for (let i = 0; i < 8 * bits.length; i++) {
            const expected = i < count ? (raw[(at + i) >> 3]! >> (7 - ((at + i) & 7))) & 1 : 0
            expect((bits[i >> 3]! >> (i & 7)) & 1).toBe(expected)
          }
          at += count
        }
      }),
    )
  })
})
