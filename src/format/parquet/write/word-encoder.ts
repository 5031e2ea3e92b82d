/** The encoder of values of one, two or three 32-bit words. */
import type { DataType } from '../../../types/data-type.ts'
import type { ColumnRows } from '../../column-rows.ts'
import { FloatBounds, IntBounds, LongBounds, NoBounds } from './bounds.ts'
import { WordDictionary } from './dictionary.ts'
import { gatherInstants, type WordGather, wordGather } from './gather-words.ts'
import { DictionaryEncoder, type EncodeLimits, HEADROOM } from './value-encoder.ts'

/** How many 32-bit words a Parquet value of the type has. */
function wordsOf(type: DataType): 1 | 2 | 3 {
  switch (type.kind) {
    case 'BIGINT':
    case 'DOUBLE':
      return 2
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return type.precision > 6 ? 3 : 2
    case 'DECIMAL':
      return type.precision > 9 ? 2 : 1
    default:
      return 1
  }
}

type WordBounds = IntBounds | LongBounds | FloatBounds | NoBounds

function boundsOf(type: DataType, words: number): WordBounds {
  if (type.kind === 'FLOAT') return new FloatBounds(Float32Array)
  if (type.kind === 'DOUBLE') return new FloatBounds(Float64Array)
  return words === 1 ? new IntBounds() : words === 2 ? new LongBounds() : new NoBounds()
}

/** INT32, INT64, INT96, FLOAT and DOUBLE values. */
export class WordEncoder extends DictionaryEncoder<WordDictionary> {
  readonly #words: 1 | 2 | 3
  readonly #gather: WordGather
  protected readonly bounds: WordBounds
  /** The PLAIN values of the open page. */
  #plain = new Int32Array(1024)
  #plainLength = 0
  #scratch = new Int32Array(1024)

  constructor(type: DataType, limits: EncodeLimits) {
    const words = wordsOf(type)
    super(limits, () => new WordDictionary(words))
    this.#words = words
    this.#gather = words === 3 ? gatherInstants : wordGather(type, words)
    this.bounds = boundsOf(type, words)
  }

  protected appendPlain(rows: ColumnRows, from: number, to: number): number {
    const words = this.#words
    const room = Math.floor((this.pageBytesMax - this.#plainLength * 4) / (4 * words))
    const count = Math.min(to - from, Math.max(room, this.#plainLength === 0 ? 1 : 0))
    this.#plain = withRoom(this.#plain, this.#plainLength, count * words)
    this.#gather(rows, from, from + count, this.#plain, this.#plainLength)
    const first = this.#plainLength / words
    this.bounds.add(this.#plain, first, first + count)
    this.#plainLength += count * words
    return count
  }

  protected appendIndices(
    rows: ColumnRows,
    from: number,
    to: number,
    dictionary: WordDictionary,
  ): number {
    const words = this.#words
    const room = Math.floor((this.pageBytesMax - this.rawBytes) / (4 * words))
    const count = Math.min(to - from, Math.max(room, this.indexCount === 0 ? 1 : 0))
    this.#scratch = withRoom(this.#scratch, 0, count * words)
    this.#gather(rows, from, from + count, this.#scratch, 0)
    this.bounds.add(this.#scratch, 0, count)
    const { indices } = this
    let at = this.indexCount
    for (let i = 0; i < count; i++) indices[at++] = dictionary.indexOf(this.#scratch, i * words)
    this.indexCount = at
    this.rawBytes += count * words * 4
    return count
  }

  protected indicesToPlain(dictionary: WordDictionary): void {
    const words = this.#words
    const values = dictionary.values()
    this.#plain = withRoom(this.#plain, 0, this.indexCount * words)
    for (let i = 0, to = 0; i < this.indexCount; i++)
      for (let w = 0; w < words; w++) this.#plain[to++] = values[this.indices[i]! * words + w]!
    this.#plainLength = this.indexCount * words
  }

  protected get plainBytes(): number {
    return this.#plainLength * 4
  }

  protected takePlain(): Uint8Array {
    const length = this.#plainLength * 4
    const page = this.buffers.take(HEADROOM + length).subarray(0, HEADROOM + length)
    page.set(new Uint8Array(this.#plain.buffer, 0, length), HEADROOM)
    this.#plainLength = 0
    return page
  }

  protected dictionaryBytes(dictionary: WordDictionary, length: number): Uint8Array {
    return new Uint8Array(dictionary.values().buffer, 0, length * this.#words * 4)
  }
}

function withRoom(
  array: Int32Array<ArrayBuffer>,
  used: number,
  count: number,
): Int32Array<ArrayBuffer> {
  if (used + count <= array.length) return array
  const grown = new Int32Array(Math.max(used + count, 2 * array.length))
  grown.set(array.subarray(0, used))
  return grown
}
