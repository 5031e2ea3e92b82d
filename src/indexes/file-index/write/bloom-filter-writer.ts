/**
 * Writes bloom filters: bits that tell that a value is in no row.
 *
 * Follows the Java classes `BloomFilterFileIndex` and `BloomFilter64`.
 */
import type { DataType } from '../../../types/data-type.ts'
import { invalid } from '../../../util/errors.ts'
import { bloomHasher, halves, setBits } from '../bloom-filter.ts'
import type { ColumnIndexWriter } from './column-index-writer.ts'
import { hashBytes, hashed, hashInteger } from './hash-words.ts'
import { IndexOutput } from './index-output.ts'

export interface BloomOptions {
  /** How many distinct values are expected. */
  readonly items: number
  /** The share of values that are not there and seem to be. */
  readonly fpp: number
}

const BITS_MAX = 2 ** 31 - 8

/** The writer; undefined for a type that has no such index. */
export function bloomFilterWriter(
  type: DataType,
  { items, fpp }: BloomOptions,
): ColumnIndexWriter | undefined {
  const hash = bloomHasher(type)
  if (hash === undefined) return undefined
  const least = Math.trunc((-items * Math.log(fpp)) / Math.LN2 ** 2)
  const bitCount = least + 8 - (least % 8)
  if (!(items > 0 && fpp > 0 && fpp < 1 && bitCount <= BITS_MAX))
    throw invalid(`a bloom filter cannot be of ${items} items with a share of ${fpp} wrong ones`, {
      hint: 'items is at least 1, fpp lies between 0 and 1',
    })
  const hashCount = Math.max(1, Math.round((bitCount / items) * Math.LN2))
  const bits = new Uint8Array(bitCount / 8)
  return {
    add: (value) => {
      if (value === null) return
      const { low, high } = halves(hash(value))
      setBits(bits, hashCount, low, high)
    },
    addWords: (low, high) => {
      hashInteger(low, high)
      setBits(bits, hashCount, hashed[0]!, hashed[1]!)
    },
    addBytes: (data, from, to) => {
      hashBytes(data, from, to)
      setBits(bits, hashCount, hashed[0]!, hashed[1]!)
    },
    finish: () => {
      const out = new IndexOutput()
      out.int(hashCount)
      out.put(bits)
      return out.finish()
    },
  }
}
