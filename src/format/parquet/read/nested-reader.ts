/**
 * Reads the entries of one column inside a list, a map or a struct, within one row group, in ascending order.
 *
 * An entry is a value or the place where one is missing; its repetition level is 0 where a row starts. How many
 * entries a row has is known only from the levels, so a window is read in two steps: its entries are collected, page
 * after page, then their values are decoded.
 */
import { corrupt, unsupported } from '../../../util/errors.ts'
import { bitWidthOf, HybridReader, readBitPackedLevels } from '../hybrid.ts'
import { ENCODING } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'
import { openValues } from './flat-reader.ts'
import type { LeafValues } from './leaf-values.ts'
import type { PageStream, RowRange } from './page-stream.ts'
import { type DataPage, type Levels, splitPage } from './page.ts'

/** A window of rows: its levels, and how many values were decoded, densely, from slot 0 on. */
export interface NestedEntries {
  readonly definitions: Uint8Array
  readonly repetitions: Uint8Array
  readonly presentCount: number
}

interface OpenPage {
  readonly data: DataPage
  readonly rows: RowRange | null
  readonly definitions: Uint8Array
  readonly repetitions: Uint8Array
}

/** Entries of a page that belong to the window, or that lie before it and are skipped. */
interface Piece {
  readonly page: OpenPage
  readonly from: number
  readonly to: number
  readonly keep: boolean
}

export class NestedReader {
  readonly #stream: PageStream
  readonly #leaf: LeafNode
  readonly #values: LeafValues
  #page: OpenPage | null = null
  /** The next entry of the page. */
  #entry = 0
  /** The row of the entry before it. */
  #row = -1
  /** The page whose values `#values` stands in. */
  #opened: OpenPage | null = null

  constructor(stream: PageStream, leaf: LeafNode, values: LeafValues) {
    this.#stream = stream
    this.#leaf = leaf
    this.#values = values
  }

  /** Decodes the rows of the ranges, which lie behind all that was read before. */
  async read(ranges: readonly RowRange[]): Promise<NestedEntries> {
    const pieces: Piece[] = []
    for (const { from, to } of ranges) {
      await this.#collect(from, false, pieces)
      if (this.#row !== from - 1) throw corrupt(`a column has no page for row ${from}`)
      await this.#collect(to, true, pieces)
      if (this.#row !== to - 1) throw corrupt(`a column ends before row ${to}`)
    }
    return await this.#decode(pieces)
  }

  /** Walks over the entries of the rows below `end`. */
  async #collect(end: number, keep: boolean, pieces: Piece[]): Promise<void> {
    for (;;) {
      const page = this.#page
      if (page === null || this.#entry >= page.definitions.length) {
        // Where the page's rows are not known, the row before `end` may go on in the next page, so that one must be
        // seen before the row is complete.
        if (page !== null && page.rows !== null && page.rows.to >= end) return
        if (!(await this.#nextPage())) return
        continue
      }
      const from = this.#entry
      const { repetitions } = page
      let to = from
      while (to < repetitions.length) {
        if (repetitions[to] === 0) {
          if (this.#row + 1 >= end) break
          this.#row++
        }
        to++
      }
      if (to > from) pieces.push({ page, from, to, keep })
      this.#entry = to
      if (to < repetitions.length) return
    }
  }

  async #nextPage(): Promise<boolean> {
    const loaded = await this.#stream.next()
    if (loaded === null) return false
    const data = splitPage(loaded.header, loaded.bytes, this.#leaf)
    const { definition, repetition, valueCount } = data
    const repetitions = readLevels(repetition, this.#leaf.repetitionLevel, valueCount)
    const definitions = readLevels(definition, this.#leaf.definition, valueCount)
    const { rows } = loaded
    const startsRow = valueCount === 0 || repetitions[0] === 0
    if (!startsRow && (this.#row < 0 || rows !== null))
      throw corrupt('the first entry of a column, or of a page with an index, continues a row')
    if (rows !== null) {
      this.#row = rows.from - 1
      if (countOf(repetitions, 0, 0, valueCount) !== rows.to - rows.from)
        throw corrupt('a page has another number of rows than its index says')
    }
    this.#page = { data, rows, definitions, repetitions }
    this.#entry = 0
    return true
  }

  async #decode(pieces: readonly Piece[]): Promise<NestedEntries> {
    const kept = pieces.filter((piece) => piece.keep)
    const entryCount = kept.reduce((sum, piece) => sum + piece.to - piece.from, 0)
    if (entryCount > ENTRIES_MAX)
      throw unsupported(`the rows of one batch have ${entryCount} elements in one column`, {
        hint: `read fewer rows at a time; ${ENTRIES_MAX} elements are the most`,
      })
    const definitions = new Uint8Array(entryCount)
    const repetitions = new Uint8Array(entryCount)
    this.#values.start(entryCount)
    let at = 0
    let presentCount = 0
    for (const { page, from, to, keep } of pieces) {
      const present = countOf(page.definitions, this.#leaf.definition, from, to)
      if (this.#opened !== page) {
        const all = countOf(page.definitions, this.#leaf.definition, 0, page.definitions.length)
        await openValues(this.#stream, this.#values, page.data, all)
        this.#opened = page
      }
      if (!keep) {
        this.#values.skip(present)
        continue
      }
      this.#values.append(presentCount, present)
      presentCount += present
      definitions.set(page.definitions.subarray(from, to), at)
      repetitions.set(page.repetitions.subarray(from, to), at)
      at += to - from
    }
    return { definitions, repetitions, presentCount }
  }
}

function countOf(levels: Uint8Array, level: number, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) if (levels[i] === level) count++
  return count
}

/** A few bytes of levels can stand for any number of entries; a batch of more than these is refused. */
const ENTRIES_MAX = 2 ** 27
/** Levels are read this many at a time. */
const LEVEL_CHUNK = 4096

function readLevels(levels: Levels | null, max: number, count: number): Uint8Array {
  const out = new Uint8Array(count)
  if (levels === null || count === 0) return out
  const { bytes, from, to, encoding } = levels
  const width = bitWidthOf(max)
  if (encoding === ENCODING.BIT_PACKED) {
    const wide = new Int32Array(count)
    readBitPackedLevels(bytes, from, width, wide, count)
    narrow(wide, count, max, out, 0)
    return out
  }
  const reader = new HybridReader()
  reader.reset(bytes, from, to, width)
  const wide = new Int32Array(LEVEL_CHUNK)
  for (let at = 0; at < count; at += LEVEL_CHUNK) {
    const n = Math.min(LEVEL_CHUNK, count - at)
    reader.read(wide, 0, n)
    narrow(wide, n, max, out, at)
  }
  return out
}

function narrow(wide: Int32Array, count: number, max: number, out: Uint8Array, at: number): void {
  for (let i = 0; i < count; i++) {
    const level = wide[i]!
    if (level < 0 || level > max) throw corrupt(`a level of ${level} where ${max} is the highest`)
    out[at + i] = level
  }
}
