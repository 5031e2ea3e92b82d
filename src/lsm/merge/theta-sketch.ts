/**
 * Theta sketches: samples of the hashes of a set's members, from which its size is estimated.
 *
 * The stored form is that of Apache DataSketches, little-endian: byte 0 long words of the preamble (1 to 3), byte 1
 * version, byte 2 family (3 compact; 1 and 2 hash tables that are still being filled), byte 4 log2 of a table's length,
 * byte 5 flags, short 6 hash of the seed; with two words int 8 the number of hashes; with three long 16 theta, the bound
 * that all hashes are below; then the hashes, positive longs. Follows `UnionImpl`, `ForwardCompatibility` and
 * `CompactSketch` of DataSketches 4.2, which Paimon's `ThetaSketch` uses.
 */
import { corrupt } from '../../util/errors.ts'

/** The union of two sketches as a compact, ordered one. Throws CORRUPT for bytes that are no theta sketch. */
export function unionThetaSketches(a: Uint8Array, b: Uint8Array): Uint8Array {
  const samples = [decode(a), decode(b)]
  const bound = least(samples[0]!.theta, samples[1]!.theta)
  const hashes = new Set<bigint>()
  for (const sample of samples)
    for (const hash of sample.hashes) if (hash > 0n && hash < bound) hashes.add(hash)
  const sorted = BigInt64Array.from(hashes).toSorted()
  // Java drops hashes while it fills its table, but never one of those that are the least in the end.
  return encode(
    least(bound, sorted[RESULT_HASHES_MAX] ?? EVERYTHING),
    sorted.subarray(0, RESULT_HASHES_MAX),
  )
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

const VERSION = 3
const FAMILY_COMPACT = 3
const FLAG_READ_ONLY = 2
const FLAG_EMPTY = 4
const FLAG_COMPACT = 8
const FLAG_ORDERED = 16
const FLAG_SINGLE = 32
/** What the seed 9001, with which all sketches hash unless told otherwise, hashes to. */
const SEED_HASH = 0x93cc
/** Theta while every hash is kept. */
const EVERYTHING = 2n ** 63n - 1n
/** The hashes that a union's result keeps at most. */
const RESULT_HASHES_MAX = 4096

/** What a stored sketch says. */
interface Sample {
  readonly theta: bigint
  /** Some may be 0, negative or not below theta, where they lie in a table; those mean nothing. */
  readonly hashes: BigInt64Array
}

const NOTHING: Sample = { theta: EVERYTHING, hashes: new BigInt64Array(0) }

function encode(theta: bigint, hashes: BigInt64Array): Uint8Array {
  const isExact = theta === EVERYTHING
  const isEmpty = isExact && hashes.length === 0
  const isSingle = isExact && hashes.length === 1
  const words = isEmpty || isSingle ? 1 : isExact ? 2 : 3
  const bytes = new Uint8Array(8 * (words + hashes.length))
  const view = new DataView(bytes.buffer)
  bytes.set([words, VERSION, FAMILY_COMPACT])
  const kind = isEmpty ? FLAG_EMPTY : isSingle ? FLAG_SINGLE : 0
  bytes[5] = FLAG_READ_ONLY | FLAG_COMPACT | FLAG_ORDERED | kind
  // Java's empty sketch has no seed.
  if (!isEmpty) view.setUint16(6, SEED_HASH, true)
  if (words > 1) {
    view.setUint32(8, hashes.length, true)
    view.setFloat32(12, 1, true)
  }
  if (words > 2) view.setBigInt64(16, theta, true)
  for (const [i, hash] of hashes.entries()) view.setBigInt64(8 * (words + i), hash, true)
  return bytes
}

function decode(bytes: Uint8Array): Sample {
  // An empty sketch has 8 bytes, every other one more.
  if (bytes.length < 16) return NOTHING
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  switch (bytes[1]) {
    case 1:
      return decodeVersion1(view)
    case 2:
      return decodeVersion2(view)
    case VERSION:
      return decodeVersion3(view)
    case 4:
      return decodeVersion4(view)
    default:
      throw damaged(`version ${bytes[1]} is unknown`)
  }
}

function decodeVersion3(view: DataView): Sample {
  const words = preambleWords(view)
  const family = view.getUint8(2)
  requireFamily(family, 3)
  const flags = view.getUint8(5)
  if (words === 1) {
    const isSingle = family === FAMILY_COMPACT && (flags & 0x1f) === 0x1a
    return isSingle || (flags & FLAG_SINGLE) !== 0 ? exact(hashesAt(view, 1, 1)) : NOTHING
  }
  requireSeed(view)
  const count = view.getInt32(8, true)
  if (words === 2 && count === 0) return NOTHING
  const isTable = (flags & (FLAG_ORDERED | FLAG_COMPACT)) === 0
  if (isTable)
    return { theta: thetaAt(view, words), hashes: longsAt(view, words, 2 ** view.getUint8(4)) }
  return { theta: thetaAt(view, words), hashes: hashesAt(view, words, count) }
}

function exact(hashes: BigInt64Array): Sample {
  return { theta: EVERYTHING, hashes }
}

/** As of 2014: always three words, ordered, and without a seed. */
function decodeVersion1(view: DataView): Sample {
  if (preambleWords(view) !== 3) throw damaged('its preamble is too short')
  requireFamily(view.getUint8(2), 3)
  const theta = thetaAt(view, 3)
  return view.byteLength <= 24
    ? NOTHING
    : { theta, hashes: hashesAt(view, 3, view.getInt32(8, true)) }
}

/** As of 2015: ordered. */
function decodeVersion2(view: DataView): Sample {
  requireSeed(view)
  requireFamily(view.getUint8(2), 4)
  const words = preambleWords(view)
  if (words === 1) return NOTHING
  return { theta: thetaAt(view, words), hashes: hashesAt(view, words, view.getInt32(8, true)) }
}

/**
 * Compressed: byte 3 bits of a difference, byte 4 bytes of the count, long 8 theta if there are two words, the count, and
 * the differences from hash to hash, bit by bit from the greatest on.
 */
function decodeVersion4(view: DataView): Sample {
  requireSeed(view)
  requireFamily(view.getUint8(2), FAMILY_COMPACT, FAMILY_COMPACT)
  const hasTheta = (view.getUint8(0) & 0x3f) > 1
  const entryBits = view.getUint8(3)
  const countBytes = view.getUint8(4)
  if ((view.getUint8(5) & FLAG_EMPTY) !== 0) return NOTHING
  let at = hasTheta ? 16 : 8
  if (entryBits < 1 || entryBits > 63 || countBytes > 4 || at + countBytes > view.byteLength)
    throw damaged('its preamble is wrong')
  let count = 0
  for (let i = 0; i < countBytes; i++) count += view.getUint8(at++) * 256 ** i
  if (at + (count * entryBits) / 8 > view.byteLength)
    throw damaged(`${view.byteLength} bytes cannot hold ${count} hashes`)
  const theta = hasTheta ? boundAt(view, 8) : EVERYTHING
  return { theta, hashes: unpacked(view, at, count, entryBits) }
}

function unpacked(view: DataView, start: number, count: number, bits: number): BigInt64Array {
  const hashes = new BigInt64Array(count)
  let at = start
  let [buffer, held, previous] = [0n, 0, 0n]
  for (let i = 0; i < count; i++) {
    for (; held < bits; held += 8) buffer = (buffer << 8n) | BigInt(view.getUint8(at++))
    held -= bits
    previous += buffer >> BigInt(held)
    buffer &= (1n << BigInt(held)) - 1n
    hashes[i] = previous
  }
  return hashes
}

function preambleWords(view: DataView): number {
  const words = view.getUint8(0) & 0x3f
  if (words < 1 || words > 3) throw damaged(`its preamble has ${words} words`)
  return words
}

function requireFamily(family: number, last: number, first = 1): void {
  if (family < first || family > last) throw damaged(`it is of family ${family}`)
}

function requireSeed(view: DataView): void {
  const seed = view.getUint16(6, true)
  if (seed !== SEED_HASH)
    throw damaged(`its seed hashes to ${seed}, that of Paimon's sketches to ${SEED_HASH}`)
}

function thetaAt(view: DataView, words: number): bigint {
  return words > 2 ? boundAt(view, 16) : EVERYTHING
}

function boundAt(view: DataView, offset: number): bigint {
  if (view.byteLength < offset + 8) throw damaged('its preamble is cut off')
  const theta = view.getBigInt64(offset, true)
  if (theta <= 0n) throw damaged(`its theta is ${theta}`)
  return theta
}

function hashesAt(view: DataView, words: number, count: number): BigInt64Array {
  const hashes = longsAt(view, words, count)
  if (hashes.some((hash) => hash < 0n)) throw damaged('a hash is negative')
  return hashes
}

function longsAt(view: DataView, words: number, count: number): BigInt64Array {
  if (count < 0 || 8 * (words + count) > view.byteLength)
    throw damaged(`${view.byteLength} bytes cannot hold ${count} hashes`)
  return BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(8 * (words + i), true))
}

function damaged(reason: string) {
  return corrupt(`a theta sketch is damaged: ${reason}`)
}
