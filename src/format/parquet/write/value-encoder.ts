/**
 * Encoders of the present values of one column chunk into pages: by dictionary while that pays, then PLAIN.
 *
 * As parquet-mr does, a dictionary is kept only if the first page with it is smaller than without, and given up once
 * it outgrows its limit; the pages written before keep referring to it.
 */
import { allocateBytes } from '../../../io/allocate.ts'
import type { ColumnRows } from '../../column-rows.ts'
import { bitWidthOf, hybridBound, writeHybrid } from '../hybrid.ts'
import { ENCODING } from '../metadata.ts'
import type { BoundBytes, Bounds } from './bounds.ts'
import type { PageBuffers } from './page-buffers.ts'

export interface EncodeLimits {
  /** A page ends before its PLAIN values exceed this, unless a single value does. */
  readonly pageBytes: number
  readonly dictionary: boolean
  readonly dictionaryBytes: number
  readonly buffers: PageBuffers
}

export interface EncodedValues {
  readonly encoding: number
  /** Room for levels, then the values from {@link HEADROOM} on. */
  readonly bytes: Uint8Array
}

/** Bytes left free at the front of a page's values, so that short levels need no copy of the page. */
export const HEADROOM = 16

export interface ValueEncoder {
  /** The PLAIN size of the open page's values. */
  readonly pageBytes: number
  /**
   * Takes values of `[from, to)`, all of them present, for the open page; returns how many: none when the page is full.
   */
  append(rows: ColumnRows, from: number, to: number): number
  /** Ends the page. */
  takePage(): EncodedValues
  /** The bounds of the page that was taken last. */
  takePageBounds(): BoundBytes | null
  /** The order of two bounds. */
  compareBounds(a: Uint8Array, b: Uint8Array): number
  /** Ends the chunk: its bounds, and its dictionary page if a data page refers to one. */
  takeChunk(): {
    bounds: BoundBytes | null
    /** The bounds as Java keeps them for manifests. */
    range: BoundBytes | null
    dictionary: { bytes: Uint8Array; count: number } | null
  }
}

/** How a dictionary is looked at here, whatever its values. */
export interface Dictionary {
  readonly length: number
  readonly sizeBytes: number
}

/** Values of the first page after which a dictionary is dropped when nearly all of them differ. */
const TRIAL_VALUES = 2048
const TRIAL_DISTINCT = 0.98
/** Indices are packed in at most 24 bits. */
const DICTIONARY_LENGTH_MAX = 2 ** 24

/** What the encoders with dictionaries share: the choice between dictionary and PLAIN, and the index pages. */
export abstract class DictionaryEncoder<D extends Dictionary> implements ValueEncoder {
  readonly #limits: EncodeLimits
  protected dictionary: D | null = null
  /** The indices of the open page. */
  protected indices = new Int32Array(1024)
  protected indexCount = 0
  /** What the values of `indices` would take as PLAIN. */
  protected rawBytes = 0
  /** Pages of this chunk that refer to the dictionary, and its entries when the last of them was taken. */
  #dictionaryPages = 0
  #dictionaryLength = 0
  /** The dictionary that finished pages refer to, after it was given up for later ones. */
  #closed: D | null = null

  readonly #emptyDictionary: () => D

  constructor(limits: EncodeLimits, emptyDictionary: () => D) {
    this.#limits = limits
    this.#emptyDictionary = emptyDictionary
    if (limits.dictionary) this.dictionary = emptyDictionary()
  }

  protected abstract readonly bounds: Bounds
  /** Appends values to the PLAIN page. */
  protected abstract appendPlain(rows: ColumnRows, from: number, to: number): number
  /** Appends the indices of values; returns how many. */
  protected abstract appendIndices(
    rows: ColumnRows,
    from: number,
    to: number,
    dictionary: D,
  ): number
  /** Turns the open page's indices into PLAIN values. */
  protected abstract indicesToPlain(dictionary: D): void
  /** The size of the PLAIN page. */
  protected abstract readonly plainBytes: number
  /** Ends the PLAIN page. */
  protected abstract takePlain(): Uint8Array
  /** The dictionary's first `length` values, PLAIN. */
  protected abstract dictionaryBytes(dictionary: D, length: number): Uint8Array

  get pageBytes(): number {
    return this.dictionary === null ? this.plainBytes : this.rawBytes
  }

  protected get buffers(): PageBuffers {
    return this.#limits.buffers
  }

  protected get pageBytesMax(): number {
    return this.#limits.pageBytes
  }

  append(rows: ColumnRows, from: number, to: number): number {
    const { dictionary } = this
    if (dictionary === null) return this.appendPlain(rows, from, to)
    this.#reserveIndices(to - from)
    const onTrial = this.#dictionaryPages === 0 && this.indexCount < TRIAL_VALUES
    const until = onTrial ? Math.min(to, from + TRIAL_VALUES - this.indexCount) : to
    const taken = this.appendIndices(rows, from, until, dictionary)
    if (
      onTrial &&
      this.indexCount >= TRIAL_VALUES &&
      dictionary.length > TRIAL_DISTINCT * this.indexCount
    )
      this.#giveUp(dictionary)
    return taken
  }

  #reserveIndices(count: number): void {
    const length = this.indexCount + count
    if (length <= this.indices.length) return
    const grown = new Int32Array(Math.max(length, 2 * this.indices.length))
    grown.set(this.indices.subarray(0, this.indexCount))
    this.indices = grown
  }

  takePage(): EncodedValues {
    const { dictionary } = this
    // A page of nulls alone does not tell whether a dictionary pays.
    if (dictionary !== null && this.indexCount === 0 && this.#dictionaryPages === 0)
      return { encoding: ENCODING.PLAIN, bytes: allocateBytes(HEADROOM) }
    if (dictionary !== null) {
      const page = this.#indexPage(dictionary)
      const isWorthwhile =
        this.#dictionaryPages > 0 || page.length - HEADROOM + dictionary.sizeBytes < this.rawBytes
      if (isWorthwhile && this.#isWithinLimits(dictionary)) {
        this.#dictionaryPages++
        this.#dictionaryLength = dictionary.length
        this.indexCount = 0
        this.rawBytes = 0
        return { encoding: ENCODING.PLAIN_DICTIONARY, bytes: page }
      }
      this.#giveUp(dictionary)
    }
    this.rawBytes = 0
    return { encoding: ENCODING.PLAIN, bytes: this.takePlain() }
  }

  #isWithinLimits({ sizeBytes, length }: Dictionary): boolean {
    return sizeBytes <= this.#limits.dictionaryBytes && length <= DICTIONARY_LENGTH_MAX
  }

  #giveUp(dictionary: D): void {
    this.indicesToPlain(dictionary)
    this.indexCount = 0
    if (this.#dictionaryPages > 0) this.#closed = dictionary
    this.dictionary = null
  }

  #indexPage({ length }: Dictionary): Uint8Array {
    const bitWidth = bitWidthOf(Math.max(0, length - 1))
    const out = this.buffers.take(HEADROOM + 1 + hybridBound(this.indexCount, bitWidth))
    out[HEADROOM] = bitWidth
    const end = writeHybrid(this.indices, 0, this.indexCount, bitWidth, out, HEADROOM + 1)
    return out.subarray(0, end)
  }

  compareBounds(a: Uint8Array, b: Uint8Array): number {
    return this.bounds.compare(a, b)
  }

  takePageBounds(): BoundBytes | null {
    return this.bounds.takePage()
  }

  takeChunk(): ReturnType<ValueEncoder['takeChunk']> {
    const used = this.#dictionaryPages > 0 ? (this.#closed ?? this.dictionary) : null
    // Entries that only a page that was given up referred to are left out.
    const count = this.#dictionaryLength
    const dictionary = used === null ? null : { bytes: this.dictionaryBytes(used, count), count }
    this.#dictionaryPages = 0
    this.#closed = null
    this.dictionary = this.#limits.dictionary ? this.#emptyDictionary() : null
    const bounds = this.bounds.takeChunk()
    return { bounds, range: this.bounds.chunkRange(), dictionary }
  }
}
