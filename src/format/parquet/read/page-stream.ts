/** The pages of one column chunk in order, fetched and decompressed ahead of their decoding. */
import { corrupt, unsupported } from '../../../util/errors.ts'
import type { ByteRange, ByteRanges } from '../../byte-ranges.ts'
import type { Codec } from '../../codec.ts'
import {
  chunkStart,
  type ColumnChunk,
  PAGE,
  PAGE_VALUES_MAX,
  type PageHeader,
  type PageLocation,
} from '../metadata.ts'
import { ThriftReader } from '../thrift.ts'
import type { LeafNode } from '../tree.ts'
import { readPageHeader } from './page-metadata.ts'
import { codecOf, isDataPage, loadBody, type PageBody } from './page.ts'

/** Rows `[from, to)` of a row group. */
export interface RowRange {
  readonly from: number
  readonly to: number
}

export interface LoadedPage {
  readonly header: PageHeader
  readonly bytes: Uint8Array
  /** Whether nothing else lies in the buffer of the bytes, nor uses them. */
  readonly isOwn: boolean
  /** The page's rows in its row group; null where only its levels tell. */
  readonly rows: RowRange | null
}

/** A page whose bytes are on their way. */
interface QueuedPage extends Omit<LoadedPage, 'bytes' | 'isOwn'> {
  readonly body: PageBody
}

export interface Dictionary {
  readonly bytes: Uint8Array
  readonly valueCount: number
}

/** Bytes of a chunk that are fetched as one, and the rows of each data page in them where an index says so. */
interface Unit extends ByteRange {
  readonly pages: readonly RowRange[] | null
}

interface OpenUnit {
  readonly unit: Unit
  readonly bytes: Uint8Array
  position: number
  /** Data pages taken so far. */
  page: number
  /** Pages whose bytes here are still needed. */
  pending: number
}

/** Pages that an offset index places are fetched in units of about this size. */
const UNIT_BYTES = 4 << 20

export class PageStream {
  readonly #source: ByteRanges
  readonly #chunk: ColumnChunk
  readonly #leaf: LeafNode
  readonly #codec: Codec
  readonly #ranges: readonly RowRange[]
  readonly #rowCount: number
  readonly #units: Unit[]
  readonly #queue: QueuedPage[] = []
  #dictionary: (() => Promise<Dictionary>) | null = null
  #isDictionaryTaken = false
  /** What is left of the unit being walked. */
  #unit: OpenUnit | null = null
  #nextUnit = 0
  #announced = 0
  #valuesSeen = 0
  /** The row behind the last page put in the queue, as far as it is known without levels. */
  #rowsIssued = 0

  /** `ranges` are the rows that will be read; `locations` the chunk's offset index, where it was read. */
  constructor(
    source: ByteRanges,
    chunk: ColumnChunk,
    leaf: LeafNode,
    ranges: readonly RowRange[],
    rowCount: number,
    locations: readonly PageLocation[] | null,
  ) {
    this.#source = source
    this.#chunk = chunk
    this.#leaf = leaf
    this.#codec = codecOf(chunk.codec)
    this.#ranges = ranges
    this.#rowCount = rowCount
    this.#units = planUnits(chunk, locations, ranges, rowCount)
  }

  /** The row behind the last that will be read. */
  get endRow(): number {
    return this.#ranges.at(-1)?.to ?? 0
  }

  /** The ranges that reading asks for first; the caller announces them together with other columns'. */
  firstRanges(): ByteRange[] {
    const startsWithDictionary = this.#units[0]?.pages?.length === 0
    const first = this.#units.slice(0, startsWithDictionary ? 2 : 1)
    this.#announced = first.length
    return first
  }

  /** Puts the pages of the rows below `row` under way. */
  async prefetch(row: number): Promise<void> {
    while (this.#rowsIssued < row) if (!(await this.#issue())) return
  }

  /** The next page that holds a row to read; null behind the last. */
  async next(): Promise<LoadedPage | null> {
    while (this.#queue.length === 0) if (!(await this.#issue())) return null
    const { header, rows, body } = this.#queue.shift()!
    return { header, rows, bytes: await body.take(), isOwn: body.isOwn }
  }

  /** The chunk's dictionary, which lies before its first data page; null when there is none, or it was taken before. */
  async takeDictionary(): Promise<Dictionary | null> {
    if (this.#isDictionaryTaken) return null
    if (this.#dictionary === null) return null
    this.#isDictionaryTaken = true
    return await this.#dictionary()
  }

  /** Takes the next page of the chunk; false behind the last. */
  async #issue(): Promise<boolean> {
    while (this.#unit === null) if (!(await this.#openUnit())) return false
    const open = this.#unit
    const { bytes } = open
    const reader = new ThriftReader(bytes, open.position)
    const header = readPageHeader(reader)
    const start = reader.position
    const end = start + header.compressedBytes
    if (end > bytes.length) throw corrupt('a page runs past the end of its column')
    if (header.valueCount > PAGE_VALUES_MAX)
      throw unsupported(`a page of ${header.valueCount} values; ${PAGE_VALUES_MAX} are the most`)
    const body = bytes.subarray(start, end)
    open.position = end
    if (header.type === PAGE.DICTIONARY) this.#loadDictionary(open, header, body)
    else if (isDataPage(header)) this.#issueData(open, header, body)
    if (end >= bytes.length || this.#isBehindLastPage(open)) this.#unit = null
    this.#releaseUnit(open)
    return true
  }

  /** Gives the bytes of a unit back once no page of it needs them. */
  #releaseUnit(open: OpenUnit): void {
    if (open !== this.#unit && open.pending === 0) this.#source.release(open.bytes)
  }

  #issueData(open: OpenUnit, header: PageHeader, body: Uint8Array): void {
    const rows = this.#rowsOf(open, header.valueCount)
    this.#valuesSeen += header.valueCount
    if (open.unit.pages === null && this.#valuesSeen > this.#chunk.valueCount)
      throw corrupt('the pages of a column hold more values than it has')
    // Without an index a page of a repeated column is taken to hold rows in proportion to its values.
    const share = this.#valuesSeen / Math.max(1, this.#chunk.valueCount)
    this.#rowsIssued = Math.max(this.#rowsIssued, rows?.to ?? Math.ceil(this.#rowCount * share))
    const isWanted =
      rows === null || this.#ranges.some((range) => range.from < rows.to && rows.from < range.to)
    if (!isWanted) return
    this.#queue.push({ header, rows, body: this.#loadBody(open, header, body) })
  }

  /** The rows of the next data page of the unit, which has `valueCount` values. */
  #rowsOf(open: OpenUnit, valueCount: number): RowRange | null {
    const isFlat = this.#leaf.repetitionLevel === 0
    if (open.unit.pages === null)
      return isFlat ? { from: this.#valuesSeen, to: this.#valuesSeen + valueCount } : null
    const located = open.unit.pages[open.page++]
    if (located === undefined) throw corrupt('a page lies where the offset index has none')
    if (isFlat && located.to - located.from !== valueCount)
      throw corrupt(
        `a page has ${valueCount} rows, by the offset index ${located.to - located.from}`,
      )
    return located
  }

  /** A unit without an index ends with the chunk's last value, whatever padding follows. */
  #isBehindLastPage({ unit, page }: OpenUnit): boolean {
    if (unit.pages === null) return this.#valuesSeen >= this.#chunk.valueCount
    return unit.pages.length > 0 && page >= unit.pages.length
  }

  async #openUnit(): Promise<boolean> {
    const unit = this.#units[this.#nextUnit]
    if (unit === undefined) return false
    this.#nextUnit++
    const bytes = await this.#source.read(unit.offset, unit.length)
    const ahead = this.#units[this.#nextUnit]
    if (ahead !== undefined && this.#nextUnit >= this.#announced) this.#source.announce([ahead])
    if (bytes.length > 0) this.#unit = { bytes, position: 0, unit, page: 0, pending: 0 }
    return true
  }

  #loadDictionary(open: OpenUnit, header: PageHeader, body: Uint8Array): void {
    if (this.#dictionary !== null) throw corrupt('a column has two dictionaries')
    const { valueCount } = header
    const raw = this.#loadBody(open, header, body)
    this.#dictionary = async () => ({ bytes: await raw.take(), valueCount })
  }

  #taken(open: OpenUnit, bytes: Uint8Array): Uint8Array {
    open.pending--
    this.#releaseUnit(open)
    return bytes
  }

  /** A failure is reported when the page is read, which may never be. */
  #loadBody(open: OpenUnit, header: PageHeader, body: Uint8Array): PageBody {
    open.pending++
    try {
      const { take, isOwn } = loadBody(header, body, this.#codec)
      return isOwn ? { take: async () => this.#taken(open, await take()), isOwn } : { take, isOwn }
    } catch (error) {
      const take = (): never => {
        throw error
      }
      return { take, isOwn: false }
    }
  }
}

/** The whole chunk as one unit, or, by its offset index, the dictionary and the pages that the ranges touch. */
function planUnits(
  chunk: ColumnChunk,
  locations: readonly PageLocation[] | null,
  ranges: readonly RowRange[],
  rowCount: number,
): Unit[] {
  const { compressedBytes } = chunk
  const start = chunkStart(chunk)
  const end = start + compressedBytes
  const first = locations?.[0]
  if (locations === null || first === undefined)
    return [{ offset: start, length: compressedBytes, pages: null }]
  const units: Unit[] = []
  if (first.offset > start) units.push({ offset: start, length: first.offset - start, pages: [] })
  let open: { offset: number; length: number; pages: RowRange[] } | null = null
  let behind = start
  for (const [i, page] of locations.entries()) {
    const rows = { from: page.firstRow, to: locations[i + 1]?.firstRow ?? rowCount }
    const pageEnd = page.offset + page.compressedBytes
    if (page.offset < behind || pageEnd > end || rows.from > rows.to || page.compressedBytes <= 0)
      throw corrupt('an offset index points outside its column, or twice to the same page')
    behind = pageEnd
    if (!ranges.some((range) => range.from < rows.to && rows.from < range.to)) continue
    const extended = open === null ? 0 : pageEnd - open.offset
    if (open === null || page.offset !== open.offset + open.length || extended > UNIT_BYTES) {
      open = { offset: page.offset, length: 0, pages: [] }
      units.push(open)
    }
    open.pages.push(rows)
    open.length = pageEnd - open.offset
  }
  return units
}
