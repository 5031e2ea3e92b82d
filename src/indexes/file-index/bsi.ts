/**
 * Bit-sliced indexes of whole numbers: positive and negative ones apart, the latter by their amount.
 *
 * Follows the Java classes `BitSliceIndexBitmapFileIndex` and `BitSliceIndexRoaringBitmap`.
 */
import type { DataType } from '../../types/data-type.ts'
import type { ScalarValue } from '../../types/predicate-literal.ts'
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
import { indexedValue, isWhole } from './index-values.ts'

const VERSION = 1
const SLICES_MAX = 64

/** Numbers, of which the least is stored as 0. */
interface SlicedNumbers extends BitSlices {
  readonly min: bigint
  readonly max: bigint
}

/** The index; undefined for a type or a version that has none. */
export function bitSliceIndex(body: Uint8Array, type: DataType): ColumnIndex | undefined {
  if (!isSliced(type)) return undefined
  const bytes = new IndexBytes(body)
  if (bytes.byte() !== VERSION) return undefined
  const rowCount = bytes.int()
  if (rowCount < 0) throw corrupt(`a bit-sliced index is of ${rowCount} rows`)
  const positive = bytes.boolean() ? readNumbers(bytes) : null
  const negative = bytes.boolean() ? readNumbers(bytes) : null
  return new BitSliceIndex(type, rowCount, positive, negative)
}

/** Whether columns of the type can have such an index. */
export function isSliced(type: DataType): boolean {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return true
    case 'DECIMAL':
      return type.precision <= 18
    default:
      return false
  }
}

function readNumbers(bytes: IndexBytes): SlicedNumbers | null {
  const version = bytes.byte()
  if (version !== VERSION) throw corrupt(`bit slices are of the unknown version ${version}`)
  const min = bytes.long()
  const max = bytes.long()
  const existence = readBitmap(bytes)
  const sliceCount = bytes.count(1)
  if (sliceCount > SLICES_MAX) throw corrupt(`a number has ${sliceCount} binary digits`)
  const slices = Array.from({ length: sliceCount }, () => readBitmap(bytes))
  return { min, max, existence, sliceCount, slice: (digit) => slices[digit]! }
}

function readBitmap(bytes: IndexBytes): RoaringBitmap {
  const { bitmap, end } = decodeBitmap(bytes.bytes, bytes.at)
  bytes.at = end
  return bitmap
}

const LEAST = -(2n ** 63n)
const GREATEST = 2n ** 63n - 1n

class BitSliceIndex implements ColumnIndex {
  readonly #type: DataType
  readonly #rowCount: number
  readonly #positive: SlicedNumbers | null
  readonly #negative: SlicedNumbers | null

  constructor(
    type: DataType,
    rowCount: number,
    positive: SlicedNumbers | null,
    negative: SlicedNumbers | null,
  ) {
    this.#type = type
    this.#rowCount = rowCount
    this.#positive = positive
    this.#negative = negative
  }

  rows(node: ColumnNode): RoaringBitmap | null {
    switch (node.op) {
      case 'isNull':
        return difference(bitmapOfRange(0, this.#rowCount), this.#notNull())
      case 'isNotNull':
        return this.#notNull()
      case 'match':
        return null
      default:
        break
    }
    if (node.negated && !isWhole(this.#type)) return null
    const found =
      node.op === 'in'
        ? node.values
            .map((value) => this.#number(value))
            .reduce<RoaringBitmap>(
              (rows, value) => union(rows, this.#between(value, value)),
              bitmapOf([]),
            )
        : this.#between(
            node.low === undefined ? LEAST : this.#number(node.low),
            node.high === undefined ? GREATEST : this.#number(node.high),
          )
    return node.negated ? difference(this.#notNull(), found) : found
  }

  #number(value: ScalarValue): bigint {
    return BigInt(indexedValue(this.#type, value) as number | bigint)
  }

  #notNull(): RoaringBitmap {
    const none = bitmapOf([])
    return union(this.#positive?.existence ?? none, this.#negative?.existence ?? none)
  }

  /** Both included. Zero counts as positive. */
  #between(low: bigint, high: bigint): RoaringBitmap {
    let found = bitmapOf([])
    if (this.#positive !== null && high >= 0n)
      found = union(found, amountsBetween(this.#positive, low < 0n ? 0n : low, high))
    if (this.#negative !== null && low < 0n)
      found = union(found, amountsBetween(this.#negative, high < 0n ? -high : 0n, -low))
    return found
  }
}

function amountsBetween(numbers: SlicedNumbers, low: bigint, high: bigint): RoaringBitmap {
  return rowsBetween(numbers, low - numbers.min, high - numbers.min)
}
