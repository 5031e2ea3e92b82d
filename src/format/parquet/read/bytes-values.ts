/**
 * What page kernels of BYTE_ARRAY columns share. They come in two forms: `CompactBytes` copies the values one behind the
 * other, as Arrow wants them; `BytesViews` leaves them in their pages, for a merge that will keep only some of them.
 */
import type { BytesColumn } from '../../../types/column.ts'
import { corrupt } from '../../../util/errors.ts'
import { locatePiece, PrefixedPage } from '../../prefixed-bytes.ts'
import { ENCODING } from '../metadata.ts'
import { type ByteStrings, readDeltaLengths, readDeltaStrings } from './delta.ts'
import { type LeafValues, PageReader, type PageValues, unknownEncoding } from './leaf-values.ts'

/** What a page's delta-encoded strings may expand to. */
const MAX_EXPANDED_BYTES = 2 ** 28

export interface BytesOutput {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

export interface BytesValues extends LeafValues {
  /** The first `length` values. */
  column(length: number, validity: Uint8Array | null): BytesColumn
  /** The first `slots` values; a null's start and end are equal. */
  finish(slots: number): BytesOutput
}

/** Where the `count` PLAIN strings of `bytes` lie. */
function plainStrings(bytes: Uint8Array, count: number): ByteStrings {
  if (count > bytes.length / 4)
    throw corrupt(`a dictionary of ${bytes.length} bytes claims ${count} strings`)
  const starts = new Int32Array(count)
  const ends = new Int32Array(count)
  const page = new PrefixedPage({ bytes, from: 0, to: bytes.length, count, isOwn: false })
  return { data: locatePiece(page.piece(0, count), starts, ends, 0, 0), starts, ends }
}

/** What both forms share: the page's bytes, the dictionary, and strings that were decoded whole. */
export abstract class BytesReader extends PageReader {
  protected dictionary: ByteStrings | null = null
  protected strings: ByteStrings | null = null
  /** The next of `strings`. */
  protected nextString = 0

  setDictionary(bytes: Uint8Array, count: number): void {
    this.dictionary = plainStrings(bytes, count)
  }

  setPage(page: PageValues): void {
    this.strings = null
    if (this.openIndices(page)) return
    const { encoding, bytes, from, to, count } = page
    if (encoding === ENCODING.PLAIN) this.openPlain(page)
    else if (encoding === ENCODING.DELTA_LENGTH_BYTE_ARRAY)
      this.strings = readDeltaLengths(bytes, from, to, count)
    else if (encoding === ENCODING.DELTA_BYTE_ARRAY)
      this.strings = readDeltaStrings(bytes, from, to, count, MAX_EXPANDED_BYTES)
    else throw unknownEncoding(encoding)
    this.nextString = 0
  }

  protected abstract openPlain(page: PageValues): void

  skip(count: number): void {
    if (this.indices !== null) this.indices.skip(count)
    else if (this.strings !== null) this.nextString += count
    else this.skipPlain(count)
  }

  /** Passes over the next values of a PLAIN page. */
  protected abstract skipPlain(count: number): void

  protected needDictionary(): ByteStrings {
    if (this.dictionary === null) throw corrupt('a page refers to a dictionary that is not there')
    return this.dictionary
  }

  /** The strings that were decoded whole, from which `count` more are taken. */
  protected takeStrings(strings: ByteStrings, count: number): number {
    const from = this.nextString
    if (from + count > strings.starts.length) throw corrupt('a page is shorter than its values')
    this.nextString += count
    return from
  }
}
