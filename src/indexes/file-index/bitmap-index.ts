/**
 * Bitmap indexes of columns: for each distinct value the rows that have it.
 *
 * Follows the Java classes `BitmapFileIndex`, `BitmapFileIndexMeta` (version 1) and `BitmapFileIndexMetaV2`.
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
import type { ColumnIndex, ColumnNode } from './column-index.ts'
import { IndexBytes } from './index-bytes.ts'
import { indexedValue, isWhole, type ValueReader, valueReader } from './index-values.ts'

/** Where a value's rows are: a bitmap at an offset of the bodies, or, below 0, the row `-1 - offset` alone. */
interface Entry {
  readonly value: ScalarValue
  readonly offset: number
}

interface Contents {
  readonly rowCount: number
  readonly entries: readonly Entry[]
  /** Null without null rows. */
  readonly nullOffset: number | null
  /** Where offsets count from. */
  readonly bodiesAt: number
}

/** The index; undefined for a type or a version that has none. */
export function bitmapIndex(body: Uint8Array, type: DataType): ColumnIndex | undefined {
  const reader = type.kind === 'DECIMAL' ? undefined : valueReader(type)
  if (reader === undefined) return undefined
  const bytes = new IndexBytes(body)
  const version = bytes.byte()
  if (version !== 1 && version !== 2) return undefined
  const contents = version === 1 ? readFirst(bytes, reader) : readSecond(bytes, reader)
  return new BitmapIndex(body, type, contents)
}

function readFirst(bytes: IndexBytes, reader: ValueReader): Contents {
  const rowCount = rowsOf(bytes)
  const valueCount = bytes.count(4)
  const nullOffset = bytes.boolean() ? bytes.int() : null
  const entries = Array.from({ length: valueCount }, () => ({
    value: reader.read(bytes),
    offset: bytes.int(),
  }))
  return { rowCount, entries, nullOffset, bodiesAt: bytes.at }
}

/** Values lie in blocks, so that a reader may skip some; all are read here. */
function readSecond(bytes: IndexBytes, reader: ValueReader): Contents {
  const rowCount = rowsOf(bytes)
  bytes.int()
  const hasNull = bytes.boolean()
  const nullOffset = hasNull ? bytes.int() : null
  if (hasNull) bytes.int()
  const blockCount = bytes.count(4)
  const offsets = Array.from({ length: blockCount }, () => {
    reader.read(bytes)
    return bytes.int()
  })
  const blocksBytes = bytes.int()
  const blocksAt = bytes.at
  const entries: Entry[] = []
  for (const offset of offsets) {
    const block = new IndexBytes(bytes.range(blocksAt, blocksBytes), offset)
    for (let left = block.count(8); left > 0; left--) {
      entries.push({ value: reader.read(block), offset: block.int() })
      block.int()
    }
  }
  return { rowCount, entries, nullOffset, bodiesAt: blocksAt + blocksBytes }
}

function rowsOf(bytes: IndexBytes): number {
  const rowCount = bytes.int()
  if (rowCount < 0) throw corrupt(`a bitmap index is of ${rowCount} rows`)
  return rowCount
}

class BitmapIndex implements ColumnIndex {
  readonly #body: Uint8Array
  readonly #type: DataType
  readonly #contents: Contents

  constructor(body: Uint8Array, type: DataType, contents: Contents) {
    this.#body = body
    this.#type = type
    this.#contents = contents
  }

  rows(node: ColumnNode): RoaringBitmap | null {
    if (node.op === 'isNull') return this.#nulls()
    if (node.op === 'isNotNull') return this.#notNull()
    if (node.op === 'match') return null
    if (!isWhole(this.#type) && (node.negated || node.op === 'range')) return this.#atLeast(node)
    const matches = matcher(this.#type, node)
    const found = this.#having(matches)
    return node.negated ? difference(this.#notNull(), found) : found
  }

  /** For values that are cut: those that a value in a closed range may have become. */
  #atLeast(
    node: Exclude<ColumnNode, { readonly op: 'isNull' | 'isNotNull' | 'match' }>,
  ): RoaringBitmap | null {
    return node.negated ? null : this.#having(matcher(this.#type, node))
  }

  #having(matches: (value: ScalarValue) => boolean): RoaringBitmap {
    let found = bitmapOf([])
    for (const { value, offset } of this.#contents.entries)
      if (matches(value)) found = union(found, this.#bitmapAt(offset))
    return found
  }

  #nulls(): RoaringBitmap {
    const { nullOffset } = this.#contents
    return nullOffset === null ? bitmapOf([]) : this.#bitmapAt(nullOffset)
  }

  #notNull(): RoaringBitmap {
    return difference(bitmapOfRange(0, this.#contents.rowCount), this.#nulls())
  }

  #bitmapAt(offset: number): RoaringBitmap {
    if (offset < 0) return bitmapOf([-1 - offset])
    return decodeBitmap(this.#body, this.#contents.bodiesAt + offset).bitmap
  }
}

/** Whether an indexed value lies in the range or the list, negation apart. */
function matcher(
  type: DataType,
  node: Extract<ColumnNode, { readonly op: 'range' | 'in' }>,
): (value: ScalarValue) => boolean {
  if (node.op === 'in') {
    const values = node.values.map((value) => indexedValue(type, value))
    return (value) => values.some((each) => compareValues(value, each) === 0)
  }
  const low = node.low === undefined ? undefined : indexedValue(type, node.low)
  const high = node.high === undefined ? undefined : indexedValue(type, node.high)
  const end = node.highOpen ? 0 : 1
  return (value) =>
    (low === undefined || compareValues(value, low) >= 0) &&
    (high === undefined || compareValues(value, high) < end)
}
