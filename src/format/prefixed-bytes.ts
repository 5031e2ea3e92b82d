/**
 * Bytes columns that lie as a page of PLAIN strings has them: each value behind its length in four bytes.
 *
 * Where a value lies is known only once those before it were passed. A merge passes them in order anyway, and copies the
 * few that it picks, so nothing is noted of the others. Whoever asks such a column for `data`, `starts` and `ends` has
 * them noted then.
 */
import { allocateBytes, releaseBytes } from '../io/allocate.ts'
import type { BytesColumn } from '../types/column.ts'
import { corrupt, unsupported } from '../util/errors.ts'

/** `count` values in `bytes[from, to)`; `isOwn` where nothing else uses the buffer of the bytes. */
export interface PrefixedValues {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  readonly count: number
  readonly isOwn: boolean
}

/** The values of a page, and how far they were walked. Its memory is given back once all its pieces are finished. */
export class PrefixedPage {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** The end of the values in `bytes`. */
  readonly to: number
  /** The file, for errors. */
  readonly path: string | undefined
  readonly #from: number
  /** The next value, and where it lies. */
  row = 0
  position: number

  /** The mean length of the values; of none, 0. */
  readonly meanBytes: number

  readonly #count: number
  readonly #isOwn: boolean
  /** Pieces that may still be asked for their values. */
  #pending = 0
  #isLeft = false

  constructor({ bytes, from, to, count, isOwn }: PrefixedValues, path?: string) {
    this.bytes = bytes
    this.#count = count
    this.#isOwn = isOwn
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#from = from
    this.position = from
    this.to = to
    this.path = path
    this.meanBytes = count === 0 ? 0 : Math.max(0, (to - from) / count - 4)
  }

  piece(row: number, count: number): PrefixedPiece {
    this.#pending++
    if (row + count === this.#count) this.#isLeft = true
    return { page: this, row, count }
  }

  /** The values of a piece were copied, and will not be asked for again. */
  finishPiece(): void {
    this.#pending--
    this.#releaseUnused()
  }

  /** There will be no further pieces. */
  leave(): void {
    this.#isLeft = true
    this.#releaseUnused()
  }

  #releaseUnused(): void {
    if (this.#isOwn && this.#isLeft && this.#pending === 0) releaseBytes(this.bytes)
  }

  /** Says where a value lies that was walked to. */
  pass(row: number, position: number): void {
    if (row <= this.row) return
    this.row = row
    this.position = position
  }

  /** CORRUPT where bytes are left behind the last value: they are levels, of a column whose schema was damaged. */
  checkEnd(): void {
    if (this.row === this.#count && this.position < this.to)
      throw corrupt('a page is longer than its values', { path: this.path })
  }

  /** Walks to a value; CORRUPT where the page ends before it. */
  seek(row: number): void {
    if (row < this.row) {
      this.row = 0
      this.position = this.#from
    }
    let position = this.position
    for (let left = row - this.row; left > 0; left--)
      position += 4 + lengthAt(this.view, position, this.to, this.path)
    this.row = row
    this.position = position
  }
}

/** Values `[row, row + count)` of a page. */
export interface PrefixedPiece {
  readonly page: PrefixedPage
  readonly row: number
  readonly count: number
}

function lengthAt(view: DataView, position: number, to: number, path?: string): number {
  const length = to - position < 4 ? -1 : view.getInt32(position, true)
  if (length < 0 || length > to - position - 4) throw pastEnd(path)
  return length
}

function pastEnd(path: string | undefined): Error {
  return corrupt('a string runs past the end of a page', { path })
}

const piecesOf = new WeakMap<BytesColumn, readonly PrefixedPiece[]>()

/** A column without nulls of the values of the pieces, one piece behind the other. */
export function prefixedColumn(pieces: readonly PrefixedPiece[], length: number): BytesColumn {
  let located: Pick<BytesColumn, 'data' | 'starts' | 'ends'> | null = null
  const locate = () => (located ??= locateValues(pieces, length))
  const column: BytesColumn = {
    layout: 'bytes',
    length,
    validity: null,
    get data() {
      return locate().data
    },
    get starts() {
      return locate().starts
    },
    get ends() {
      return locate().ends
    },
  }
  piecesOf.set(column, pieces)
  return column
}

/** The pieces of a column that {@link prefixedColumn} made. */
export function prefixedPieces(column: BytesColumn): readonly PrefixedPiece[] | undefined {
  return piecesOf.get(column)
}

/** The values of one column must not come to more. */
const DATA_BYTES_MAX = 2 ** 31 - 9

function locateValues(pieces: readonly PrefixedPiece[], length: number) {
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  const blocks: Uint8Array[] = []
  let base = 0
  let at = 0
  for (const piece of pieces) {
    const block = locatePiece(piece, starts, ends, at, base)
    blocks.push(block)
    base += block.length
    at += piece.count
    if (base > DATA_BYTES_MAX)
      throw unsupported('the strings of one batch come to more than 2 GiB', {
        path: piece.page.path,
      })
  }
  return { data: joinBlocks(blocks, base), starts, ends }
}

/**
 * Notes from `at` on where the values of a piece lie in the bytes that are returned, when `base` bytes lie before these.
 */
export function locatePiece(
  { page, row, count }: PrefixedPiece,
  starts: Int32Array,
  ends: Int32Array,
  at: number,
  base: number,
): Uint8Array {
  page.seek(row)
  const { view, to, path } = page
  const from = page.position
  let position = from
  for (let i = at; i < at + count; i++) {
    const length = lengthAt(view, position, to, path)
    starts[i] = base + position + 4 - from
    position += 4 + length
    ends[i] = base + position - from
  }
  page.position = position
  page.row += count
  page.checkEnd()
  return page.bytes.subarray(from, position)
}

/** The blocks one behind the other. */
export function joinBlocks(blocks: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  if (blocks.length === 1) return blocks[0]!
  const joined = allocateBytes(sizeBytes)
  let at = 0
  for (const block of blocks) {
    joined.set(block, at)
    at += block.length
  }
  return joined
}
