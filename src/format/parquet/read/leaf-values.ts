/**
 * What page kernels share: they put the present values of one column chunk, page after page, into output buffers.
 *
 * One class per physical shape. `append` writes values densely; where a column has nulls, `spread` then moves them
 * apart in place, from the back, so that no second buffer is needed.
 */
import { corrupt, unsupported } from '../../../util/errors.ts'
import { HybridReader } from '../hybrid.ts'
import { ENCODING } from '../metadata.ts'

/** The encoded values of one data page: `bytes[from, to)` holds `count` present values. */
export interface PageValues {
  readonly encoding: number
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  readonly count: number
  /** Whether the page is the only one to use the buffer of the bytes. */
  readonly isOwn: boolean
}

/** Decodes the values of one leaf. All calls of one output come between `start` and the output's own finish. */
export interface LeafValues {
  /** Whether an output points into the pages, so that they must stay. */
  readonly holdsPages?: boolean
  /** Begins an output of at most `slots` values and nulls. */
  start(slots: number): void
  /** Takes the chunk's dictionary page: `count` PLAIN values. */
  setDictionary(bytes: Uint8Array, count: number): void
  setPage(page: PageValues): void
  /** Decodes the next `count` values of the page to the slots from `at` on. */
  append(at: number, count: number): void
  /**
   * Decodes the next `flags.length` values of the page, and puts those whose flag is 1, `kept` of them, to the slots from
   * `at` on; for shapes that do so faster than by appending and skipping.
   */
  appendKept?(at: number, flags: Uint8Array, kept: number): void
  skip(count: number): void
  /** Moves the `present` values at the slots from `at` on to those of the `slots` slots whose bit is set. */
  spread(at: number, slots: number, present: number, validity: Uint8Array): void
}

/** Appends the next values of the page whose flag is 1, stretch by stretch, and skips the others. */
export function appendRuns(values: LeafValues, at: number, flags: Uint8Array): void {
  let slot = at
  for (let from = 0; from < flags.length;) {
    let to = from
    while (to < flags.length && flags[to] === flags[from]) to++
    if (flags[from] === 0) values.skip(to - from)
    else {
      values.append(slot, to - from)
      slot += to - from
    }
    from = to
  }
}

/** What the shapes share: a page is read as PLAIN bytes, as dictionary indices, or was decoded whole. */
export abstract class PageReader {
  protected indices: HybridReader | null = null
  readonly #hybrid = new HybridReader()
  protected scratch = new Int32Array(0)

  /** Sets `indices` for a dictionary page and says whether it is one. */
  protected openIndices({ encoding, bytes, from, to, count }: PageValues): boolean {
    this.indices = null
    if (encoding !== ENCODING.RLE_DICTIONARY && encoding !== ENCODING.PLAIN_DICTIONARY) return false
    if (from >= to) {
      if (count > 0) throw corrupt('a dictionary-encoded page has no indices')
      return true
    }
    this.#hybrid.reset(bytes, from + 1, to, bytes[from]!)
    this.indices = this.#hybrid
    return true
  }

  /** The next dictionary indices, in `scratch`. */
  protected readIndices(count: number): Int32Array {
    if (this.indices === null) throw corrupt('a dictionary-encoded page has no indices')
    if (this.scratch.length < count) this.scratch = new Int32Array(count)
    this.indices.read(this.scratch, 0, count)
    return this.scratch
  }
}

/**
 * CORRUPT where a page has other bytes than its values take. Bytes that are left over are levels, of a column that has
 * become one without nulls by damage to the footer, which has no checksum.
 */
export function checkSize(bytes: number, valueBytes: number): void {
  if (bytes < valueBytes) throw corrupt('a page is shorter than its values')
  if (bytes > valueBytes) throw corrupt('a page is longer than its values')
}

export function unknownEncoding(encoding: number): Error {
  return unsupported(`parquet encoding ${encoding} of this column type is not known`)
}

/** What the values of one output may come to: offsets are signed 32-bit. */
export const OUTPUT_BYTES_MAX = 2 ** 31 - 64

/** BYTE_STREAM_SPLIT: stream b holds byte b of every value. */
export function joinStreams(bytes: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(bytes.length / width)
  const joined = new Uint8Array(count * width)
  for (let b = 0; b < width; b++)
    for (let i = 0; i < count; i++) joined[i * width + b] = bytes[b * count + i]!
  return joined
}
