/**
 * Parquet's split-block bloom filters: whether a column chunk cannot hold any of some values.
 *
 * Specification: BloomFilter.md of parquet-format. Only the blocks that the values fall in are fetched.
 */
import type { DataType } from '../../../types/data-type.ts'
import type { InNode, RangeNode } from '../../../types/predicate-bind.ts'
import type { ScalarValue } from '../../../types/predicate-literal.ts'
import { corrupt } from '../../../util/errors.ts'
import { xxHash64 } from '../../../util/hash.ts'
import type { ByteRanges } from '../../byte-ranges.ts'
import { type ColumnChunk, PHYSICAL } from '../metadata.ts'
import { THRIFT, ThriftReader } from '../thrift.ts'
import type { LeafNode } from '../tree.ts'

const BLOCK_BYTES = 32
/** The header is a few bytes; this much of the filter is read to find its end. */
const HEADER_BYTES_MAX = 64
/** Longer lists of values are not worth a fetch each. */
const VALUES_MAX = 16
const SALT = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
]

/** True when the chunk has a filter and it rules out every value that the condition asks for. */
export async function bloomExcludes(
  source: ByteRanges,
  chunk: ColumnChunk,
  leaf: LeafNode,
  type: DataType,
  node: RangeNode | InNode,
): Promise<boolean> {
  const { bloomFilterOffset } = chunk
  if (bloomFilterOffset === undefined || bloomFilterOffset <= 0) return false
  const values = node.op === 'in' ? node.values : pointOf(node)
  if (values === null || values.length > VALUES_MAX) return false
  const encoded = values.map((value) => plainBytes(leaf, type, value))
  const headerBytes = Math.min(HEADER_BYTES_MAX, source.sizeBytes - bloomFilterOffset)
  const header = readHeader(await source.read(bloomFilterOffset, headerBytes))
  if (header === null) return false
  for (const bytes of encoded) {
    if (bytes === null) return false
    const hash = xxHash64(bytes)
    const blocks = BigInt(header.filterBytes / BLOCK_BYTES)
    const block = Number(((hash >> 32n) * blocks) >> 32n)
    const offset = bloomFilterOffset + header.headerBytes + block * BLOCK_BYTES
    if (mayContain(await source.read(offset, BLOCK_BYTES), Number(hash & 0xffffffffn))) return false
  }
  return true
}

function pointOf({ low, high, highOpen }: RangeNode): ScalarValue[] | null {
  if (low === undefined || high === undefined || highOpen) return null
  if (low instanceof Uint8Array && high instanceof Uint8Array)
    return Buffer.compare(low, high) === 0 ? [low] : null
  return low === high ? [low] : null
}

/** The value as PLAIN encodes it, without the length of a byte array; null where the types are not the same. */
function plainBytes(leaf: LeafNode, type: DataType, value: ScalarValue): Uint8Array | null {
  const isInt = type.kind === 'INT' || type.kind === 'DATE' || type.kind === 'BIGINT'
  if (leaf.physical === PHYSICAL.BYTE_ARRAY && value instanceof Uint8Array) return value
  if (!isInt) return null
  if (leaf.physical === PHYSICAL.INT32 && typeof value === 'number')
    return new Uint8Array(Int32Array.of(value).buffer)
  if (leaf.physical === PHYSICAL.INT64 && typeof value === 'bigint')
    return new Uint8Array(BigInt64Array.of(value).buffer)
  return null
}

/** Null for a filter of another algorithm, hash or compression than the one that the format knows. */
function readHeader(bytes: Uint8Array): { filterBytes: number; headerBytes: number } | null {
  const reader = new ThriftReader(bytes)
  let filterBytes = 0
  let isKnown = true
  reader.struct((id, type) => {
    if (id === 1) filterBytes = reader.int(type)
    else if (type === THRIFT.STRUCT)
      reader.struct((variant, inner) => {
        if (variant !== 1) isKnown = false
        reader.skip(inner)
      })
    else reader.skip(type)
  })
  if (!isKnown) return null
  if (filterBytes <= 0 || filterBytes % BLOCK_BYTES !== 0)
    throw corrupt(`a bloom filter of ${filterBytes} bytes`)
  return { filterBytes, headerBytes: reader.position }
}

function mayContain(block: Uint8Array, key: number): boolean {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  return SALT.every((salt, i) => {
    const bit = Math.imul(key, salt) >>> 27
    return (view.getUint32(4 * i, true) & (1 << bit)) !== 0
  })
}
