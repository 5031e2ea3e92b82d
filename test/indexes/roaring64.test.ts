import { crc32 } from 'node:zlib'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  bitmap64Of,
  decodeBitmap64,
  EMPTY_BITMAP_64,
  encodeBitmap64,
  union64,
} from '../../src/indexes/roaring64.ts'
import { LakeError } from '../../src/util/errors.ts'
import { fixture } from '../support/java-vectors.ts'

/** Base64, or the length and CRC32 of long bytes. */
type StoredBytes = string | readonly [number, number]

const { longs } = fixture('roaring.json') as {
  readonly longs: readonly {
    /** For each bitmap the upper 48 bits and the span of the lower 16 of its values, in the order of adding. */
    parts: readonly (readonly (readonly [string, number, number, number])[])[]
    each: readonly StoredBytes[]
    union: StoredBytes
  }[]
}

function* valuesOf(spans: (typeof longs)[number]['parts'][number]): Generator<bigint> {
  for (const [key, from, to, step] of spans)
    for (let v = from; v < to; v += step) yield BigInt.asIntN(64, (BigInt(key) << 16n) | BigInt(v))
}

function asStored(bytes: Uint8Array, expected: StoredBytes): StoredBytes {
  return typeof expected === 'string'
    ? Buffer.from(bytes).toString('base64')
    : [bytes.length, crc32(bytes)]
}

test('bitmaps and their unions have the bytes that the aggregate of Java stores', () => {
  for (const { parts, each, union } of longs) {
    let all = EMPTY_BITMAP_64
    for (const [i, spans] of parts.entries()) {
      const bytes = encodeBitmap64(bitmap64Of(valuesOf(spans)))
      expect(asStored(bytes, each[i]!)).toEqual(each[i])
      const read = decodeBitmap64(bytes)
      expect(encodeBitmap64(read)).toEqual(bytes)
      all = union64(all, read)
    }
    expect(asStored(encodeBitmap64(all), union)).toEqual(union)
  }
})

const SAMPLE = encodeBitmap64(
  bitmap64Of(Array.from({ length: 400 }, (_, i) => BigInt(i * i) << BigInt(8 + (i % 40)))),
)

test('bytes that are cut short are CORRUPT', () => {
  for (let length = 0; length < SAMPLE.length - 16; length += 7)
    expect(() => decodeBitmap64(SAMPLE.subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
})

test('changed bytes read as a bitmap or are CORRUPT', () => {
  fc.assert(
    fc.property(fc.nat(SAMPLE.length - 1), fc.nat(255), (at, value) => {
      const changed = SAMPLE.slice()
      changed[at] = value
      expect(outcome(changed)).toBeOneOf(['valid', 'CORRUPT'])
    }),
    { numRuns: 300 },
  )
})

function outcome(bytes: Uint8Array): unknown {
  try {
    const { keys, containers } = decodeBitmap64(bytes)
    return new Set(keys).size === containers.length ? 'valid' : 'wrong'
  } catch (error) {
    return error instanceof LakeError ? error.code : error
  }
}

test('a list of containers that claims to be long is CORRUPT, and takes no memory', () => {
  const bytes = encodeBitmap64(bitmap64Of([1n]))
  const claim = bytes.slice()
  new DataView(claim.buffer).setUint32(1 + 8 + 18 + 5, 0xfffffff0, true)
  expect(() => decodeBitmap64(claim)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
})
