/**
 * Writes bit-sliced indexes of whole numbers: positive and negative ones apart, the latter by their amount.
 *
 * Follows the Java classes `BitSliceIndexBitmapFileIndex` and `BitSliceIndexRoaringBitmap`. The least number is always
 * stored as 0, as Java does.
 */
import type { DataType } from '../../../types/data-type.ts'
import { isSliced } from '../bsi.ts'
import type { ColumnIndexWriter } from './column-index-writer.ts'
import { IndexOutput } from './index-output.ts'
import { bitmapBytes } from './value-rows.ts'

const VERSION = 1
/** Its amount is no 64-bit number. */
const NO_AMOUNT = -(2n ** 63n)

/** Rows and their numbers, which are not negative. */
class Amounts {
  #rows = new Uint32Array(1024)
  #amounts = new BigInt64Array(1024)
  #count = 0
  #max = 0n

  get isEmpty(): boolean {
    return this.#count === 0
  }

  add(row: number, amount: bigint): void {
    if (this.#count === this.#rows.length) {
      const [rows, amounts] = [this.#rows, this.#amounts]
      this.#rows = new Uint32Array(2 * rows.length)
      this.#amounts = new BigInt64Array(2 * rows.length)
      this.#rows.set(rows)
      this.#amounts.set(amounts)
    }
    this.#rows[this.#count] = row
    this.#amounts[this.#count++] = amount
    if (amount > this.#max) this.#max = amount
  }

  write(out: IndexOutput): void {
    out.byte(VERSION)
    out.long(0n)
    out.long(this.#max)
    out.put(bitmapBytes(this.#rows.slice(0, this.#count)))
    const sliceCount = this.#max === 0n ? 0 : this.#max.toString(2).length
    out.int(sliceCount)
    const words = new Uint32Array(this.#amounts.buffer)
    for (let digit = 0; digit < sliceCount; digit++)
      out.put(bitmapBytes(this.#rowsWith(words, digit)))
  }

  /** The rows whose numbers have the binary digit. */
  #rowsWith(words: Uint32Array, digit: number): Uint32Array {
    const rows = new Uint32Array(this.#count)
    const word = digit >> 5
    let count = 0
    for (let i = 0; i < this.#count; i++)
      if ((words[2 * i + word]! >>> (digit & 31)) & 1) rows[count++] = this.#rows[i]!
    return rows.slice(0, count)
  }
}

/** The writer; undefined for a type that has no such index. */
export function bitSliceWriter(type: DataType): ColumnIndexWriter | undefined {
  if (!isSliced(type)) return undefined
  const [positive, negative] = [new Amounts(), new Amounts()]
  let rowCount = 0
  let isWritable = true
  return {
    add: (value) => {
      const row = rowCount++
      if (value === null) return
      const number = BigInt(value as number | bigint)
      if (number === NO_AMOUNT) isWritable = false
      else if (number < 0n) negative.add(row, -number)
      else positive.add(row, number)
    },
    finish: () => {
      if (!isWritable) return null
      const out = new IndexOutput()
      out.byte(VERSION)
      out.int(rowCount)
      for (const amounts of [positive, negative]) {
        out.byte(amounts.isEmpty ? 0 : 1)
        if (!amounts.isEmpty) amounts.write(out)
      }
      return out.finish()
    },
  }
}
