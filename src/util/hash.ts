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
