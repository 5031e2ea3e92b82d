import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { bloomHasher } from '../../src/indexes/file-index/bloom-filter.ts'
import { hashBytes, hashed, hashInteger } from '../../src/indexes/file-index/write/hash-words.ts'

const result = (): bigint => (BigInt(hashed[1]!) << 32n) | BigInt(hashed[0]! >>> 0)

test('integers have the hash that readers ask for', () => {
  const hash = bloomHasher({ kind: 'BIGINT', nullable: true })!
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      hashInteger(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
      expect(result()).toBe(BigInt.asIntN(64, hash(value)))
    }),
    { numRuns: 300, examples: [[0n], [-1n], [2n ** 63n - 1n], [-(2n ** 63n)]] },
  )
})

test('bytes have the hash that readers ask for', () => {
  const hash = bloomHasher({ kind: 'VARBINARY', length: 1000, nullable: true })!
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), fc.nat(5), (bytes, skip) => {
      const padded = new Uint8Array([...new Uint8Array(skip), ...bytes, 1, 2])
      hashBytes(padded, skip, skip + bytes.length)
      expect(result()).toBe(BigInt.asIntN(64, hash(bytes)))
    }),
    { numRuns: 300 },
  )
})
