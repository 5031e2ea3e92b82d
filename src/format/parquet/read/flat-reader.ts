/** Reads the rows of one column that is neither nested nor repeated, within one row group, in ascending order. */
import { releaseBytes } from '../../../io/allocate.ts'
import { copyBits, countBits, setBits } from '../../../util/bits.ts'
import { corrupt } from '../../../util/errors.ts'
import { HybridReader, readBitPackedLevels } from '../hybrid.ts'
import { ENCODING } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'
import { appendRuns, type LeafValues } from './leaf-values.ts'
import type { LoadedPage, PageStream, RowRange } from './page-stream.ts'
import { type DataPage, splitPage } from './page.ts'

/** A column that is neither nested nor repeated: a slot a row. */
export class FlatReader {
  readonly #stream: PageStream
  readonly #leaf: LeafNode
  readonly #values: LeafValues
  readonly #levels = new HybridReader()
  /** Presence of the open page's rows; null when all are present. */
  #validity: Uint8Array | null = null
  #page: LoadedPage | null = null
  #firstRow = 0
  #rowCount = 0
  /** The next row to decode, relative to the page. */
  #row = 0
  #flags = new Uint8Array(0)

  constructor(stream: PageStream, leaf: LeafNode, values: LeafValues) {
    this.#stream = stream
    this.#leaf = leaf
    this.#values = values
  }

  /**
   * Decodes the rows of the ranges, which lie behind all that was read before; or only those that have a 1 in `flags`, one
   * for each row of the ranges. They are `slots` rows. Returns which of them are present, or null when all are.
   */
  async read(
    ranges: readonly RowRange[],
    slots: number,
    flags: Uint8Array | null = null,
  ): Promise<Uint8Array | null> {
    this.#values.start(slots)
    const validity = this.#leaf.definition > 0 ? new Uint8Array((slots + 7) >> 3) : null
    let present = 0
    let at = 0
    let seen = 0
    for (const range of ranges) {
      for (let row = range.from; row < range.to;) {
        if (row >= this.#firstRow + this.#rowCount) await this.#openPage(row)
        this.#skipTo(row - this.#firstRow)
        const count = Math.min(range.to, this.#firstRow + this.#rowCount) - row
        const kept = flags === null ? count : countOnes(flags, seen, seen + count)
        present +=
          flags === null || kept === count
            ? this.#decode(at, count, validity)
            : this.#decodeKept(at, kept, flags.subarray(seen, seen + count), validity)
        at += kept
        seen += count
        row += count
        if (this.#row === this.#rowCount || row >= this.#stream.endRow) this.#leavePage()
      }
    }
    return present < at ? validity : null
  }

  /** Decodes the next `count` rows of the page to the slots from `at` on; returns how many are present. */
  #decode(at: number, count: number, validity: Uint8Array | null): number {
    const from = this.#row
    this.#row += count
    if (this.#validity === null) {
      this.#values.append(at, count)
      if (validity !== null) setBits(validity, at, count)
      return count
    }
    copyBits(this.#validity, from, validity!, at, count)
    const present = countBits(this.#validity, from, count)
    this.#values.append(at, present)
    if (present < count) this.#values.spread(at, count, present, validity!)
    return present
  }

  /** Decodes the next rows of the page, of which `kept` are flagged and go to the slots from `at` on; see {@link #decode}. */
  #decodeKept(at: number, kept: number, flags: Uint8Array, validity: Uint8Array | null): number {
    const from = this.#row
    this.#row += flags.length
    const valid = this.#validity
    if (valid === null) {
      this.#appendKept(at, flags, kept)
      if (validity !== null) setBits(validity, at, kept)
      return kept
    }
    if (this.#flags.length < flags.length) this.#flags = new Uint8Array(flags.length)
    // The page has values of its present rows only.
    const ofValues = this.#flags
    let values = 0
    let slot = at
    let present = 0
    for (let i = 0; i < flags.length; i++) {
      const flag = flags[i]!
      const row = from + i
      if ((valid[row >> 3]! & (1 << (row & 7))) !== 0) {
        ofValues[values++] = flag
        if (flag === 1) {
          validity![slot >> 3]! |= 1 << (slot & 7)
          present++
        }
      }
      slot += flag
    }
    this.#appendKept(at, ofValues.subarray(0, values), present)
    if (present < kept) this.#values.spread(at, kept, present, validity!)
    return present
  }

  #appendKept(at: number, flags: Uint8Array, kept: number): void {
    if (flags.length === 0) return
    if (this.#values.appendKept === undefined) appendRuns(this.#values, at, flags)
    else this.#values.appendKept(at, flags, kept)
  }

  #skipTo(row: number): void {
    const count = row - this.#row
    if (count === 0) return
    if (count < 0) throw corrupt('pages overlap')
    this.#values.skip(this.#validity === null ? count : countBits(this.#validity, this.#row, count))
    this.#row = row
  }

  async #openPage(row: number): Promise<void> {
    let page: LoadedPage | null
    do {
      page = await this.#stream.next()
      if (page === null) throw corrupt(`a column has no page for row ${row}`)
      this.#leavePage()
      this.#page = page
    } while (page.rows!.to <= row)
    if (page.rows!.from > row) throw corrupt(`a column has no page for row ${row}`)
    const data = splitPage(page.header, page.bytes, this.#leaf)
    this.#firstRow = page.rows!.from
    this.#rowCount = data.valueCount
    this.#row = 0
    const present = this.#readValidity(data)
    await openValues(this.#stream, this.#values, data, present, page.isOwn)
  }

  /** Gives the memory of the page back, which was decoded to its end or is not needed. */
  #leavePage(): void {
    if (this.#page?.isOwn && this.#values.holdsPages !== true) releaseBytes(this.#page.bytes)
    this.#page = null
  }

  /** Sets the page's validity and returns how many rows are present. */
  #readValidity(data: DataPage): number {
    const { definition, valueCount } = data
    this.#validity = null
    if (definition === null) return valueCount
    const bits = new Uint8Array((valueCount + 7) >> 3)
    if (definition.encoding === ENCODING.BIT_PACKED) {
      const levels = new Int32Array(valueCount)
      readBitPackedLevels(definition.bytes, definition.from, 1, levels, valueCount)
      for (let i = 0; i < valueCount; i++) if (levels[i]) bits[i >> 3]! |= 1 << (i & 7)
    } else if (valueCount > 0) {
      this.#levels.reset(definition.bytes, definition.from, definition.to, 1)
      this.#levels.readBits(bits, 0, valueCount)
    }
    const present = countBits(bits, 0, valueCount)
    if (present < valueCount) this.#validity = bits
    return present
  }
}

function countOnes(flags: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) count += flags[i]!
  return count
}

/** Makes the page's values the next that `values` decodes. */
export async function openValues(
  stream: PageStream,
  values: LeafValues,
  data: DataPage,
  present: number,
  isOwn = false,
): Promise<void> {
  const { encoding, bytes, from, to } = data
  if (encoding === ENCODING.PLAIN_DICTIONARY || encoding === ENCODING.RLE_DICTIONARY) {
    const dictionary = await stream.takeDictionary()
    if (dictionary !== null) values.setDictionary(dictionary.bytes, dictionary.valueCount)
  }
  values.setPage({ encoding, bytes, from, to, count: present, isOwn })
}
