/** Murmur3 as Paimon hashes binary rows with it: see the Java class `MurmurHashUtils`. */

const SEED = 42

/** Murmur3 x86 32 with seed 42 over whole words; the bytes that `words[from, to)` hold, little-endian. */
export function murmur32(words: Int32Array, from = 0, to = words.length): number {
  let hash = SEED
  for (let i = from; i < to; i++) hash = murmurMix(hash, words[i]!)
  return murmurFinish(hash, (to - from) * 4)
}

/** {@link murmur32} over `bytes[from, to)`, whose length must be a multiple of four. */
export function murmur32OfBytes(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let hash = SEED
  for (let i = from; i < to; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    hash = murmurMix(hash, word)
  }
  return murmurFinish(hash, to - from)
}

/** The state before the first word; feed it words with {@link murmurMix} and end with {@link murmurFinish}. */
export const MURMUR_START: number = SEED

export function murmurMix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const mixed = hash ^ k
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

export function murmurFinish(hash: number, lengthBytes: number): number {
  let h = hash ^ lengthBytes
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

const PRIME_1 = 0x9e3779b185ebca87n
const PRIME_2 = 0xc2b2ae3d27d4eb4fn
const PRIME_3 = 0x165667b19e3779f9n
const PRIME_4 = 0x85ebca77c2b2ae63n
const PRIME_5 = 0x27d4eb2f165667c5n

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotate = (value: bigint, by: bigint): bigint => wrap(value << by) | (value >> (64n - by))
const round = (sum: bigint, lane: bigint): bigint =>
  wrap(rotate(wrap(sum + lane * PRIME_2), 31n) * PRIME_1)

/** XXH64 with seed 0, for bloom filters; made for few values, not for speed. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  let at = 0
  let hash: bigint
  if (length >= 32) {
    const sums = [wrap(PRIME_1 + PRIME_2), PRIME_2, 0n, wrap(-PRIME_1)]
    for (; at + 32 <= length; at += 32)
      for (let i = 0; i < 4; i++) sums[i] = round(sums[i]!, view.getBigUint64(at + 8 * i, true))
    const [a, b, c, d] = sums as [bigint, bigint, bigint, bigint]
    hash = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n))
    for (const sum of sums) hash = wrap((hash ^ round(0n, sum)) * PRIME_1 + PRIME_4)
  } else hash = PRIME_5
  hash = wrap(hash + BigInt(length))
  for (; at + 8 <= length; at += 8) {
    hash ^= round(0n, view.getBigUint64(at, true))
    hash = wrap(rotate(hash, 27n) * PRIME_1 + PRIME_4)
  }
  if (at + 4 <= length) {
    hash ^= wrap(BigInt(view.getUint32(at, true)) * PRIME_1)
    hash = wrap(rotate(hash, 23n) * PRIME_2 + PRIME_3)
    at += 4
  }
  for (; at < length; at++) {
    hash ^= wrap(BigInt(bytes[at]!) * PRIME_5)
    hash = wrap(rotate(hash, 11n) * PRIME_1)
  }
  hash = wrap((hash ^ (hash >> 33n)) * PRIME_2)
  hash = wrap((hash ^ (hash >> 29n)) * PRIME_3)
  return hash ^ (hash >> 32n)
}
