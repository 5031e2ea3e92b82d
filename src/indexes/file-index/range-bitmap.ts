/**
 * Range bitmaps of columns: a sorted dictionary of the values, and bit slices of the codes that rows have for them.
 *
 * Follows the Java classes `RangeBitmap`, `ChunkedDictionary`, `FixedLengthChunk`, `VariableLengthChunk` and
 * `BitSliceIndexBitmap`.
 */
import type { DataType } from '../../types/data-type.ts'
import { compareValues, type ScalarValue } from '../../types/predicate-literal.ts'
import { corrupt } from '../../util/errors.ts'
import {
  bitmapOf,
  bitmapOfRange,
  decodeBitmap,
  difference,
  type RoaringBitmap,
  union,
} from '../roaring.ts'
import { type BitSlices, rowsBetween } from './bit-slices.ts'
import type { ColumnIndex, ColumnNode } from './column-index.ts'
import { IndexBytes } from './index-bytes.ts'
import { isWhole, type ValueReader, valueReader } from './index-values.ts'

const VERSION = 1

/** Whether Java makes such an index of columns of the type; of those that it cuts values for nothing is read here. */
export function isRanged(type: DataType): boolean {
  return type.kind === 'DECIMAL' ? type.precision <= 18 : valueReader(type) !== undefined
}

/** The index; undefined for a type or a version that has none. */
export function rangeBitmapIndex(body: Uint8Array, type: DataType): ColumnIndex | undefined {
  const reader = isWhole(type) ? valueReader(type) : undefined
  if (reader === undefined) return undefined
  const bytes = new IndexBytes(body)
  const headAt = 4
  const headBytes = bytes.int()
  if (bytes.byte() !== VERSION) return undefined
  const rowCount = bytes.int()
  const cardinality = bytes.int()
  if (rowCount < 0 || cardinality < 0)
    throw corrupt(`a range bitmap is of ${rowCount} rows and ${cardinality} values`)
  if (cardinality === 0) return new RangeBitmapIndex(rowCount, [], null)
  reader.read(bytes)
  reader.read(bytes)
  const dictionaryBytes = bytes.int()
  const dictionaryAt = headAt + headBytes
  const values = readDictionary(bytes.range(dictionaryAt, dictionaryBytes), reader, cardinality)
  const slicesAt = dictionaryAt + dictionaryBytes
  return new RangeBitmapIndex(rowCount, values, readSlices(body, slicesAt))
}

/** The values in their order; a value's code is its place. */
function readDictionary(
  body: Uint8Array,
  reader: ValueReader,
  cardinality: number,
): readonly ScalarValue[] {
  const bytes = new IndexBytes(body)
  const headBytes = bytes.int()
  const version = bytes.byte()
  if (version !== VERSION) throw corrupt(`a dictionary is of the unknown version ${version}`)
  const chunkCount = bytes.count(4)
  const offsetsBytes = bytes.int()
  const chunksBytes = bytes.int()
  const offsets = new IndexBytes(bytes.range(4 + headBytes, offsetsBytes))
  const chunksAt = 4 + headBytes + offsetsBytes
  const chunks = bytes.range(chunksAt, chunksBytes)
  const keys = body.subarray(chunksAt + chunksBytes)
  const values: ScalarValue[] = []
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    readChunk(new IndexBytes(chunks, offsets.int()), keys, reader, values)
    if (values.length > cardinality) break
  }
  if (values.length !== cardinality)
    throw corrupt(`a dictionary has ${values.length} values where ${cardinality} are expected`)
  return values
}

/** The first value of a chunk lies in its head, the others in the area of keys. */
function readChunk(
  head: IndexBytes,
  keys: Uint8Array,
  reader: ValueReader,
  values: ScalarValue[],
): void {
  const version = head.byte()
  if (version !== VERSION) throw corrupt(`a chunk is of the unknown version ${version}`)
  const first = reader.read(head)
  const code = head.int()
  if (code !== values.length) throw corrupt(`a chunk starts with the code ${code}`)
  const offset = head.int()
  const size = head.int()
  // A length that the keys are held against: of offsets, or of the keys themselves.
  const lengthBytes = head.int()
  const last = head.int()
  values.push(first)
  const area = new IndexBytes(keys, offset)
  if (reader.width === null) {
    const valuesAt = offset + lengthBytes
    const places = new IndexBytes(area.range(offset, lengthBytes))
    for (let i = 0; i < size; i++) {
      area.at = valuesAt + places.int()
      values.push(reader.read(area))
    }
    return
  }
  if (last !== reader.width) throw corrupt(`values of a dictionary have ${last} bytes`)
  for (let i = 0; i < size; i++) values.push(reader.read(area))
}

/** The slices are decoded when they are asked for. */
function readSlices(body: Uint8Array, from: number): BitSlices {
  const bytes = new IndexBytes(body, from)
  const headBytes = bytes.int()
  const version = bytes.byte()
  if (version !== VERSION) throw corrupt(`bit slices are of the unknown version ${version}`)
  const sliceCount = bytes.byte()
  if (sliceCount < 0) throw corrupt(`a code has ${sliceCount} binary digits`)
  const existenceBytes = bytes.int()
  const placesBytes = bytes.int()
  const places = new IndexBytes(bytes.take(placesBytes))
  const offsets = Array.from({ length: sliceCount }, () => {
    const offset = places.int()
    places.int()
    return offset
  })
  const existenceAt = from + 4 + headBytes
  const slicesAt = existenceAt + existenceBytes
  return {
    existence: decodeBitmap(body, existenceAt).bitmap,
    sliceCount,
    slice: (digit) => decodeBitmap(body, slicesAt + offsets[digit]!).bitmap,
  }
}

class RangeBitmapIndex implements ColumnIndex {
  readonly #rowCount: number
  readonly #values: readonly ScalarValue[]
  /** Null where all rows are null. */
  readonly #slices: BitSlices | null

  constructor(rowCount: number, values: readonly ScalarValue[], slices: BitSlices | null) {
    this.#rowCount = rowCount
    this.#values = values
    this.#slices = slices
  }

  rows(node: ColumnNode): RoaringBitmap | null {
    const slices = this.#slices
    const notNull = slices?.existence ?? bitmapOf([])
    switch (node.op) {
      case 'isNull':
        return difference(bitmapOfRange(0, this.#rowCount), notNull)
      case 'isNotNull':
        return notNull
      case 'match':
        return null
      default:
        break
    }
    if (slices === null) return notNull
    let found = bitmapOf([])
    for (const [low, high] of this.#codes(node))
      found = union(found, rowsBetween(slices, BigInt(low), BigInt(high)))
    return node.negated ? difference(notNull, found) : found
  }

  /** Ranges of codes, both ends included, of the values that the node names, negation apart. */
  #codes(
    node: Extract<ColumnNode, { readonly op: 'range' | 'in' }>,
  ): (readonly [number, number])[] {
    if (node.op === 'in')
      return node.values.flatMap((value) => {
        const [low, high] = [this.#countBelow(value, 0), this.#countBelow(value, 1)]
        return low < high ? [[low, low] as const] : []
      })
    const low = node.low === undefined ? 0 : this.#countBelow(node.low, 0)
    const high =
      node.high === undefined
        ? this.#values.length
        : this.#countBelow(node.high, node.highOpen ? 0 : 1)
    return low < high ? [[low, high - 1]] : []
  }

  /** How many values compare with the given one below `end`: 0 for those before it, 1 for it too. */
  #countBelow(value: ScalarValue, end: 0 | 1): number {
    let low = 0
    let high = this.#values.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareValues(this.#values[middle]!, value) < end) low = middle + 1
      else high = middle
    }
    return low
  }
}
