/** Checks of unions of theta sketches that hold more than they may keep; smaller ones are compared with Java's bytes. */
import { describe, expect, test } from 'vitest'

import { unionThetaSketches } from '../../../src/lsm/merge/theta-sketch.ts'
import { randomBits64, seeded } from '../../support/random.ts'

const EVERYTHING = 2n ** 63n - 1n

/** A compact, ordered sketch of three words of preamble. */
function sketch(hashes: readonly bigint[], theta = EVERYTHING): Uint8Array {
  const bytes = new Uint8Array(24 + 8 * hashes.length)
  const view = new DataView(bytes.buffer)
  bytes.set([3, 3, 3, 0, 0, 0x1a, 0xcc, 0x93])
  view.setInt32(8, hashes.length, true)
  view.setBigInt64(16, theta, true)
  for (const [i, hash] of ascending(hashes).entries()) view.setBigInt64(24 + 8 * i, hash, true)
  return bytes
}

function ascending(hashes: readonly bigint[]): bigint[] {
  return hashes.toSorted((a, b) => (a < b ? -1 : 1))
}

/** What a sketch of three words says. */
function parts(bytes: Uint8Array): { theta: bigint; hashes: bigint[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  expect(bytes[0]).toBe(3)
  const hashes = Array.from({ length: view.getInt32(8, true) }, (_, i) =>
    view.getBigInt64(24 + 8 * i, true),
  )
  return { theta: view.getBigInt64(16, true), hashes }
}

const random = seeded(5)
const all = Array.from({ length: 9000 }, () => randomBits64(random) >> 1n)
const sorted = ascending(all)

describe('a union of theta sketches', () => {
  test.each([
    [5000, 3000],
    [9000, 0],
    [4096, 4096],
  ])(
    'of %d hashes and those from %d on keeps the least 4096, and the next as theta',
    (to, from) => {
      const [a, b] = [sketch(all.slice(0, to)), sketch(all.slice(from))]
      const there = ascending([...new Set([...all.slice(0, to), ...all.slice(from)])])
      const union = unionThetaSketches(a, b)
      expect(parts(union)).toEqual({ theta: there[4096], hashes: there.slice(0, 4096) })
      expect(unionThetaSketches(b, a)).toEqual(union)
    },
  )

  test('keeps what is below both thetas', () => {
    const [first, second] = [sorted[100]!, sorted[50]!]
    const union = unionThetaSketches(
      sketch(sorted.slice(0, 100), first),
      sketch(sorted.slice(10, 50), second),
    )
    expect(parts(union)).toEqual({ theta: second, hashes: sorted.slice(0, 50) })
  })

  test.each([
    ['a seed of its own', 6, 0],
    ['a version to come', 1, 5],
    ['another family', 2, 4],
    ['a preamble of no length', 0, 0],
    ['more hashes than bytes', 9, 127],
    ['a negative theta', 23, 255],
    ['a negative hash', 31, 255],
  ])('with %s is CORRUPT', (_, at, value) => {
    const bytes = sketch(sorted.slice(0, 5), sorted[5])
    bytes[at] = value
    expect(() => unionThetaSketches(bytes, sketch([]))).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
  })
})
