import { expect, test } from 'vitest'

import {
  MURMUR_START,
  murmur32,
  murmur32OfBytes,
  murmurFinish,
  murmurMix,
} from '../../src/util/hash.ts'

test('bytes, words and single steps give the same hash', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff)
  const words = new Int32Array(bytes.buffer)
  for (let count = 0; count <= words.length; count++) {
    let hash = MURMUR_START
    for (let i = 0; i < count; i++) hash = murmurMix(hash, words[i]!)
    const expected = murmurFinish(hash, count * 4)
    expect(murmur32(words, 0, count)).toBe(expected)
    expect(murmur32OfBytes(bytes, 0, count * 4)).toBe(expected)
  }
})

test('a range is hashed as if it stood alone', () => {
  const words = Int32Array.from([7, -1, 2 ** 31 - 1, -(2 ** 31), 42])
  expect(murmur32(words, 1, 4)).toBe(murmur32(words.slice(1, 4)))
})

test('hashes are what Java computes for whole words with seed 42', () => {
  expect(murmur32(new Int32Array(0))).toBe(142593372)
  expect(murmur32(Int32Array.of(0, 0, 1, 0))).toBe(1465514398)
})
