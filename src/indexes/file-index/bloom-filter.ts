/**
 * Bloom filters of columns: they tell that a value is in no row.
 *
 * Follows the Java classes `BloomFilterFileIndex`, `BloomFilter64` and `FastHash`.
 */
import type { DataType } from '../../types/data-type.ts'
import { compareValues, type ScalarValue } from '../../types/predicate-literal.ts'
import { corrupt } from '../../util/errors.ts'
import { xxHash64 } from '../../util/hash.ts'
import { bitmapOf, type RoaringBitmap } from '../roaring.ts'
import type { ColumnIndex, ColumnNode } from './column-index.ts'
import { IndexBytes } from './index-bytes.ts'
import { indexedValue } from './index-values.ts'

const NO_ROWS: RoaringBitmap = bitmapOf([])
/** No filter asks for more hashes, and each costs time. */
const HASHES_MAX = 1_000

/** The filter; undefined for a type that has none. */
export function bloomFilter(body: Uint8Array, type: DataType): ColumnIndex | undefined {
  const hash = bloomHasher(type)
  if (hash === undefined) return undefined
  const bytes = new IndexBytes(body)
  const hashCount = bytes.int()
  if (hashCount < 1 || hashCount > HASHES_MAX)
    throw corrupt(`a bloom filter has ${hashCount} hash functions`)
  const bits = body.subarray(bytes.at)
  if (bits.length === 0) throw corrupt('a bloom filter has no bits')
  const mayHold = (value: ScalarValue): boolean =>
    hasBits(bits, hashCount, hash(indexedValue(type, value)))
  return {
    rows: (node) => {
      const values = wantedValues(node)
      return values === null || values.some(mayHold) ? null : NO_ROWS
    },
  }
}

/** The values of which a row must have one; null where it may have others. */
function wantedValues(node: ColumnNode): readonly ScalarValue[] | null {
  if (node.op === 'in') return node.negated ? null : node.values
  if (node.op !== 'range' || node.negated || node.highOpen) return null
  const { low, high } = node
  if (low === undefined || high === undefined || compareValues(low, high) !== 0) return null
  return [low]
}

function hasBits(bits: Uint8Array, hashCount: number, hash: bigint): boolean {
  const { low, high } = halves(hash)
  for (let i = 1; i <= hashCount; i++) {
    const at = placeOf(low, high, i, 8 * bits.length)
    if ((bits[at >> 3]! & (1 << (at & 7))) === 0) return false
  }
  return true
}

/** Sets the bits that tell of a value with the hash. */
export function setBits(bits: Uint8Array, hashCount: number, low: number, high: number): void {
  for (let i = 1; i <= hashCount; i++) {
    const at = placeOf(low, high, i, 8 * bits.length)
    bits[at >> 3]! |= 1 << (at & 7)
  }
}

/** The low and the high word of a hash. */
export function halves(hash: bigint): { low: number; high: number } {
  return { low: Number(BigInt.asIntN(32, hash)), high: Number(BigInt.asIntN(32, hash >> 32n)) }
}

/** The bit that the i-th hash of a value stands for. */
function placeOf(low: number, high: number, i: number, bitCount: number): number {
  const combined = (low + Math.imul(i, high)) | 0
  return (combined < 0 ? ~combined : combined) % bitCount
}

/** The hash of values as `indexedValue` gives them; undefined for a type that has no filter. */
export function bloomHasher(type: DataType): ((value: ScalarValue) => bigint) | undefined {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return (value) => xxHash64(value as Uint8Array)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'DATE':
    case 'TIME':
      return (value) => hashLong(BigInt(value as number))
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return (value) => hashLong(value as bigint)
    case 'FLOAT':
      return (value) => hashLong(floatBits(value as number))
    case 'DOUBLE':
      return (value) => hashLong(doubleBits(value as number))
    default:
      return undefined
  }
}

const scratch = new DataView(new ArrayBuffer(8))

function floatBits(value: number): bigint {
  scratch.setFloat32(0, value)
  return BigInt(Number.isNaN(value) ? 0x7fc00000 : scratch.getInt32(0))
}

function doubleBits(value: number): bigint {
  scratch.setFloat64(0, value)
  return Number.isNaN(value) ? 0x7ff8000000000000n : scratch.getBigInt64(0)
}

const int64 = (value: bigint): bigint => BigInt.asIntN(64, value)

/** Thomas Wang's hash, with shifts that keep the sign. */
function hashLong(value: bigint): bigint {
  let key = int64(~value + (value << 21n))
  key ^= key >> 24n
  key = int64(key + (key << 3n) + (key << 8n))
  key ^= key >> 14n
  key = int64(key + (key << 2n) + (key << 4n))
  key ^= key >> 28n
  return int64(key + (key << 31n))
}
