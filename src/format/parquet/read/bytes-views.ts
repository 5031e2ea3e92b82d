/** Strings left where they were decoded. */
import type { BytesColumn } from '../../../types/column.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import {
  joinBlocks,
  locatePiece,
  prefixedColumn,
  PrefixedPage,
  type PrefixedPiece,
} from '../../prefixed-bytes.ts'
import { type BytesOutput, BytesReader, type BytesValues } from './bytes-values.ts'
import type { ByteStrings } from './delta.ts'
import { OUTPUT_BYTES_MAX as MAX_BYTES, type PageValues } from './leaf-values.ts'

export class BytesViews extends BytesReader implements BytesValues {
  readonly holdsPages = true
  readonly #path: string
  #slots = 0
  /** The output's values, as long as all are PLAIN and none is null; null once each is located. */
  #pieces: PrefixedPiece[] | null = []
  #page: PrefixedPage | null = null
  /** The next value of the PLAIN page. */
  #row = 0
  #starts = new Int32Array(0)
  #ends = new Int32Array(0)
  /** The buffers that the located values point into, laid end to end. */
  #blocks: Uint8Array[] = []
  #blockBytes = 0
  #dictionaryBase: number | null = null
  #stringsBase: number | null = null

  /** `path` is the file, for errors that show when a value is looked for. */
  constructor(path: string) {
    super()
    this.#path = path
  }

  start(slots: number): void {
    this.#slots = slots
    this.#pieces = []
  }

  override setPage(page: PageValues): void {
    this.#page?.leave()
    this.#page = null
    this.#row = 0
    this.#stringsBase = null
    super.setPage(page)
  }

  protected override openPlain(page: PageValues): void {
    this.#page = new PrefixedPage(page, this.#path)
  }

  protected override skipPlain(count: number): void {
    this.#row += count
  }

  append(at: number, count: number): void {
    if (count === 0) return
    if (this.#page !== null) {
      const piece = this.#page.piece(this.#row, count)
      this.#row += count
      if (this.#pieces === null) this.#locate(piece, at)
      else this.#pieces.push(piece)
      return
    }
    this.#locateAll()
    if (this.strings !== null) {
      const from = this.takeStrings(this.strings, count)
      this.#appendLocated(at, count, this.strings, from)
    } else this.#appendIndexed(at, count, this.needDictionary())
  }

  #locateAll(): void {
    const pieces = this.#pieces
    if (pieces === null) return
    this.#pieces = null
    this.#starts = new Int32Array(this.#slots)
    this.#ends = new Int32Array(this.#slots)
    this.#blocks = []
    this.#blockBytes = 0
    this.#dictionaryBase = null
    this.#stringsBase = null
    let at = 0
    for (const piece of pieces) {
      this.#locate(piece, at)
      at += piece.count
    }
  }

  #locate(piece: PrefixedPiece, at: number): void {
    this.#addBlock(locatePiece(piece, this.#starts, this.#ends, at, this.#blockBytes))
  }

  #appendLocated(at: number, count: number, strings: ByteStrings, from: number): void {
    const { data, starts, ends } = strings
    const base = (this.#stringsBase ??= this.#addBlock(data))
    for (let i = 0; i < count; i++) {
      this.#starts[at + i] = base + starts[from + i]!
      this.#ends[at + i] = base + ends[from + i]!
    }
  }

  #appendIndexed(at: number, count: number, { data, starts, ends }: ByteStrings): void {
    const base = (this.#dictionaryBase ??= this.#addBlock(data))
    const indices = this.readIndices(count)
    const entries = starts.length
    for (let i = 0; i < count; i++) {
      const index = indices[i]!
      if (index >>> 0 >= entries) throw corrupt(`dictionary index ${index} of ${entries}`)
      this.#starts[at + i] = base + starts[index]!
      this.#ends[at + i] = base + ends[index]!
    }
  }

  #addBlock(block: Uint8Array): number {
    const base = this.#blockBytes
    this.#blocks.push(block)
    this.#blockBytes += block.length
    if (this.#blockBytes > MAX_BYTES)
      throw unsupported('the strings of one batch come to more than 2 GiB')
    return base
  }

  spread(at: number, slots: number, present: number, validity: Uint8Array): void {
    this.#locateAll()
    const starts = this.#starts
    const ends = this.#ends
    for (let slot = at + slots - 1, from = at + present - 1; slot >= at; slot--) {
      if (validity[slot >> 3]! & (1 << (slot & 7))) {
        starts[slot] = starts[from]!
        ends[slot] = ends[from]!
        from--
      } else starts[slot] = ends[slot] = 0
    }
  }

  column(length: number, validity: Uint8Array | null): BytesColumn {
    const pieces = this.#pieces
    if (pieces !== null && validity === null) return prefixedColumn(pieces, length)
    return { layout: 'bytes', length, validity, ...this.finish(length) }
  }

  finish(slots: number): BytesOutput {
    this.#locateAll()
    return {
      data: joinBlocks(this.#blocks, this.#blockBytes),
      starts: this.#starts.subarray(0, slots),
      ends: this.#ends.subarray(0, slots),
    }
  }
}
