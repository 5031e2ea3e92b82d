/** Writes one leaf column: values into pages, pages through the codec, a row group's pages into a column chunk. */
import { allocateBytes } from '../../../io/allocate.ts'
import type { FileWriter } from '../../../io/file-io.ts'
import type { DataType } from '../../../types/data-type.ts'
import { invalid, unsupported } from '../../../util/errors.ts'
import { compressInWorker } from '../../codec-workers.ts'
import { type Codec, compress } from '../../codec.ts'
import { type ColumnRows, hasNulls, readPresence } from '../../column-rows.ts'
import { bitWidthOf, hybridBound } from '../hybrid.ts'
import { CODEC, ENCODING, PAGE, PAGE_BYTES_MAX, PAGE_VALUES_MAX } from '../metadata.ts'
import { type BoundBytes, shortenedMax, shortenedMin } from './bounds.ts'
import { ChunkOutput } from './chunk-output.ts'
import type { CodecBacklog } from './codec-backlog.ts'
import { writeAllPresent, writeLevels } from './levels.ts'
import type { WrittenChunk, WrittenPage } from './metadata-writer.ts'
import type { PageBuffers } from './page-buffers.ts'
import type { LeafEntries, WriteLeaf } from './shred.ts'
import { HEADROOM, type ValueEncoder } from './value-encoder.ts'

export interface PageLimits {
  readonly codec: Codec
  readonly level: number | undefined
  readonly pageRows: number
  readonly pageBytes: number
  /** Whether the file tells the bounds of the column. */
  readonly bounds: boolean
}

/** A page whose values are encoded; its compression may still be under way. */
interface Page {
  readonly encoding: number
  readonly valueCount: number
  readonly rowCount: number
  readonly nullCount: number
  readonly rawBytes: number
  readonly packed: Promise<Uint8Array>
  readonly bounds: BoundBytes | null
}

/** Pages below this are compressed at once: handing them to another thread costs more. */
const SYNC_BYTES = 4 << 10

export class LeafWriter {
  readonly leaf: WriteLeaf
  readonly #encoder: ValueEncoder
  readonly #limits: PageLimits
  readonly #backlog: CodecBacklog
  readonly #buffers: PageBuffers
  readonly #physical: number
  readonly #isText: boolean
  #pages: Page[] = []
  /** Of the open page; `definitions` is null while every value is present. */
  #definitions: Uint8Array | null = null
  #repetitions: Uint8Array = new Uint8Array(0)
  #valueCount = 0
  #rowCount = 0
  #nullCount = 0
  /** What the finished pages of the chunk took before they were compressed. */
  rawBytes = 0
  /** What those of them took that are compressed already, and what they take now. */
  #packed = { rawBytes: 0, bytes: 0 }

  constructor(
    leaf: WriteLeaf,
    physical: number,
    encoder: ValueEncoder,
    limits: PageLimits,
    backlog: CodecBacklog,
    buffers: PageBuffers,
  ) {
    this.leaf = leaf
    this.#encoder = encoder
    this.#limits = limits
    this.#backlog = backlog
    this.#buffers = buffers
    this.#physical = physical
    this.#isText = isText(leaf.type)
  }

  get #name(): string {
    return this.leaf.path.join('.')
  }

  /** The bytes of the open page's values. */
  get openBytes(): number {
    return this.#encoder.pageBytes
  }

  /** What the chunk would take if it ended here; a guess where pages are open or still being compressed. */
  get estimatedBytes(): number {
    const { rawBytes, bytes } = this.#packed
    const ratio = rawBytes > 0 ? Math.min(1, bytes / rawBytes) : 0.5
    return bytes + (this.rawBytes - rawBytes + this.openBytes) * ratio
  }

  /** Appends the rows `[from, to)` of a column that is neither nested nor repeated. */
  append(rows: ColumnRows, from: number, to: number): void {
    const nulls = hasNulls(rows)
    if (nulls && this.leaf.definition === 0) this.#refuseNulls(rows, from, to)
    const withNulls = nulls && this.leaf.definition > 0
    for (let row = from; row < to;) {
      const end = Math.min(to, row + this.#limits.pageRows - this.#rowCount)
      const taken = withNulls
        ? this.#appendNullable(rows, row, end)
        : this.#encoder.append(rows, row, end)
      if (!withNulls) this.#countPresent(taken)
      row += taken
      if (taken === 0 || this.#rowCount >= this.#limits.pageRows) this.#finishPage()
    }
  }

  /** Other rows of the columns may be null. */
  #refuseNulls(rows: ColumnRows, from: number, to: number): void {
    if (readPresence(rows, from, to, new Uint8Array(to - from)) < to - from)
      throw invalid(`column ${this.#name} is NOT NULL and is given a null`)
  }

  #countPresent(count: number): void {
    this.#definitions?.fill(1, this.#valueCount, this.#valueCount + count)
    this.#valueCount += count
    this.#rowCount += count
  }

  /** Appends rows of which some are null; returns how many fitted in the page. */
  #appendNullable(rows: ColumnRows, from: number, to: number): number {
    const presence = new Uint8Array(to - from)
    const present = readPresence(rows, from, to, presence)
    const dense = presentRows(rows, from, presence, present)
    const taken = this.#encoder.append(dense, 0, present)
    let count = to - from
    if (taken < present) {
      count = 0
      for (let seen = 0; seen < taken || presence[count] === 0; count++) seen += presence[count]!
    }
    const definitions = this.#openDefinitions()
    definitions.set(presence.subarray(0, count), this.#valueCount)
    this.#valueCount += count
    this.#rowCount += count
    this.#nullCount += count - taken
    return count
  }

  #openDefinitions(): Uint8Array {
    if (this.#definitions === null) {
      this.#definitions = new Uint8Array(this.#limits.pageRows)
      this.#definitions.fill(1, 0, this.#valueCount)
    }
    return this.#definitions
  }

  /** Appends whole rows of a nested column. */
  appendEntries(entries: LeafEntries): void {
    const { definitions, repetitions, length, column, rows } = entries
    const source: ColumnRows = {
      columns: column === null ? [] : [column],
      sourceOf: null,
      rows,
      length: entries.valueCount,
    }
    let value = 0
    for (let at = 0; at < length;) {
      let end = at + 1
      while (end < length && repetitions[end] !== 0) end++
      let present = 0
      for (let i = at; i < end; i++) if (definitions[i] === this.leaf.definition) present++
      for (let taken = 0; taken < present;)
        taken += this.#encoder.append(source, value + taken, value + present)
      value += present
      this.#addLevels(definitions, repetitions, at, end, present)
      at = end
      if (this.#rowCount >= this.#limits.pageRows || this.openBytes >= this.#limits.pageBytes)
        this.#finishPage()
    }
  }

  #addLevels(
    definitions: Uint8Array,
    repetitions: Uint8Array,
    from: number,
    to: number,
    present: number,
  ): void {
    const end = this.#valueCount + to - from
    this.#definitions = withRoom(this.#definitions ?? new Uint8Array(256), end)
    this.#repetitions = withRoom(this.#repetitions, end)
    this.#definitions.set(definitions.subarray(from, to), this.#valueCount)
    this.#repetitions.set(repetitions.subarray(from, to), this.#valueCount)
    this.#valueCount = end
    this.#rowCount++
    this.#nullCount += to - from - present
  }

  #finishPage(): void {
    const { encoding, bytes } = this.#encoder.takePage()
    const page = this.#withLevels(bytes)
    const { codec, level } = this.#limits
    const rawBytes = page.length
    if (rawBytes > PAGE_BYTES_MAX || this.#valueCount > PAGE_VALUES_MAX)
      throw unsupported(
        `a single value of column ${this.#name} takes ${rawBytes} bytes in ${this.#valueCount} parts`,
        { hint: `${PAGE_BYTES_MAX} bytes and ${PAGE_VALUES_MAX} parts are the most` },
      )
    const packed =
      rawBytes <= SYNC_BYTES
        ? Promise.resolve(compress(codec, page, level))
        : compressInWorker(codec, page, level)
    this.#backlog.track(rawBytes, packed)
    void this.#whenPacked(packed, page)
    this.rawBytes += rawBytes
    const taken = this.#encoder.takePageBounds()
    const bounds = this.#limits.bounds ? taken : null
    const counts = {
      valueCount: this.#valueCount,
      rowCount: this.#rowCount,
      nullCount: this.#nullCount,
    }
    this.#pages.push({ encoding, rawBytes, packed, bounds, ...counts })
    this.#valueCount = 0
    this.#rowCount = 0
    this.#nullCount = 0
    this.#definitions = null
  }

  /** Counts what the page came to, and lets its buffer be used again. */
  async #whenPacked(packed: Promise<Uint8Array>, page: Uint8Array): Promise<void> {
    // The next chunk has sums of its own.
    const sums = this.#packed
    let bytes: Uint8Array
    try {
      bytes = await packed
    } catch {
      return
    }
    sums.rawBytes += page.length
    sums.bytes += bytes.length
    // Uncompressed, a page is the very bytes that will be written.
    if (bytes.buffer !== page.buffer) this.#buffers.give(page)
  }

  /** Puts the levels of the open page in front of its values. */
  #withLevels(bytes: Uint8Array): Uint8Array {
    const { definition, repetition } = this.leaf
    if (definition === 0 && repetition === 0) return bytes.subarray(HEADROOM)
    const count = this.#valueCount
    const room =
      8 + hybridBound(count, bitWidthOf(definition)) + hybridBound(count, bitWidthOf(repetition))
    const levels = allocateBytes(this.#definitions === null ? HEADROOM : room)
    let length = 0
    if (repetition > 0) length = writeLevels(this.#repetitions, count, repetition, levels, length)
    if (this.#definitions !== null)
      length = writeLevels(this.#definitions, count, definition, levels, length)
    else if (definition > 0) length = writeAllPresent(count, levels, length)
    if (length <= HEADROOM) {
      bytes.set(levels.subarray(0, length), HEADROOM - length)
      return bytes.subarray(HEADROOM - length)
    }
    const page = allocateBytes(length + bytes.length - HEADROOM)
    page.set(levels.subarray(0, length))
    page.set(bytes.subarray(HEADROOM), length)
    this.#buffers.give(bytes)
    return page
  }

  /** Ends the chunk: writes its pages at `offset` and says what the footer must know of them. */
  async finishChunk(out: FileWriter, offset: number): Promise<WrittenChunk> {
    if (this.#valueCount > 0 || this.#pages.length === 0) this.#finishPage()
    const { codec, level, bounds: isBounded } = this.#limits
    const { dictionary, bounds, range } = this.#encoder.takeChunk()
    const chunk = new ChunkOutput(out, offset, codec)
    if (dictionary !== null) {
      const packed = compress(codec, dictionary.bytes, level)
      const { bytes, count } = dictionary
      await chunk.write(PAGE.DICTIONARY, packed, bytes.length, count, ENCODING.PLAIN_DICTIONARY)
    }
    const dataPageOffset = chunk.offset
    const written: WrittenPage[] = []
    let firstRow = 0
    let nullCount = 0
    let valueCount = 0
    for (const page of this.#pages) {
      const pageOffset = chunk.offset
      const { encoding, rawBytes } = page
      await chunk.write(PAGE.DATA, await page.packed, rawBytes, page.valueCount, encoding)
      written.push(this.#indexed(page, pageOffset, chunk.offset - pageOffset, firstRow))
      firstRow += page.rowCount
      nullCount += page.nullCount
      valueCount += page.valueCount
    }
    const encodings = new Set(this.#pages.map((page) => page.encoding))
    const result: WrittenChunk = {
      physical: this.#physical,
      encodings: [...encodings, ENCODING.RLE],
      path: this.leaf.path,
      codec: codecNumber(codec),
      valueCount,
      uncompressedBytes: chunk.rawBytes,
      compressedBytes: chunk.offset - offset,
      dataPageOffset,
      dictionaryPageOffset: dictionary === null ? undefined : offset,
      statistics: { nullCount, ...(isBounded && bounds !== null && isShort(bounds) && bounds) },
      range,
      encodingStats: this.#encodingStats(dictionary !== null),
      pages: written,
      boundaryOrder: this.#boundaryOrder(written),
      compareBounds: (a, b) => this.#encoder.compareBounds(a, b),
      hasColumnIndex: this.#pages.every(
        (page) => page.bounds !== null || page.nullCount === page.valueCount,
      ),
    }
    this.#pages = []
    this.rawBytes = 0
    this.#packed = { rawBytes: 0, bytes: 0 }
    return result
  }

  /** 1 where the pages' bounds ascend, as they are written, 2 where they descend, 0 where they do neither. */
  #boundaryOrder(pages: readonly WrittenPage[]): number {
    const bounds = pages.filter((page) => !page.isNull)
    const isOrdered = (direction: number): boolean =>
      bounds.every((bound, i) => {
        const next = bounds[i + 1] ?? bound
        const min = this.#encoder.compareBounds(bound.min, next.min)
        return (
          min * direction <= 0 && this.#encoder.compareBounds(bound.max, next.max) * direction <= 0
        )
      })
    return isOrdered(1) ? 1 : isOrdered(-1) ? 2 : 0
  }

  #indexed(page: Page, offset: number, compressedBytes: number, firstRow: number): WrittenPage {
    const { bounds, nullCount } = page
    return {
      offset,
      compressedBytes,
      firstRow,
      nullCount,
      isNull: bounds === null,
      min: bounds === null ? EMPTY : shortenedMin(bounds.min, this.#isText),
      max: bounds === null ? EMPTY : shortenedMax(bounds.max, this.#isText),
    }
  }

  #encodingStats(hasDictionary: boolean): WrittenChunk['encodingStats'] {
    const counts = new Map<number, number>()
    for (const { encoding } of this.#pages) counts.set(encoding, (counts.get(encoding) ?? 0) + 1)
    const pages = [...counts].map(([encoding, count]) => ({ pageType: PAGE.DATA, encoding, count }))
    const dictionary = { pageType: PAGE.DICTIONARY, encoding: ENCODING.PLAIN_DICTIONARY, count: 1 }
    return hasDictionary ? [dictionary, ...pages] : pages
  }
}

const EMPTY: Uint8Array = new Uint8Array(0)
/** Longer bounds are left out of the footer, as in Java's `ParquetMetadataConverter.MAX_STATS_SIZE`. */
const STATISTICS_BYTES_MAX = 4096

function isShort({ min, max }: BoundBytes): boolean {
  return min.length + max.length < STATISTICS_BYTES_MAX
}

function isText(type: DataType): boolean {
  return type.kind === 'CHAR' || type.kind === 'VARCHAR'
}

/** The present ones of the rows from `from` on, as rows of their own. */
function presentRows(
  { columns, sourceOf, rows }: ColumnRows,
  from: number,
  presence: Uint8Array,
  present: number,
): ColumnRows {
  const dense = new Int32Array(present)
  const sources = sourceOf === null ? null : new Uint16Array(present)
  for (let i = 0, at = 0; i < presence.length; i++) {
    if (presence[i] === 0) continue
    dense[at] = rows === null ? from + i : rows[from + i]!
    if (sources !== null) sources[at] = sourceOf![from + i]!
    at++
  }
  return { columns, sourceOf: sources, rows: dense, length: present }
}

function withRoom(array: Uint8Array, length: number): Uint8Array {
  if (length <= array.length) return array
  const grown = new Uint8Array(Math.max(length, 2 * array.length))
  grown.set(array)
  return grown
}

const CODEC_NUMBERS: Partial<Record<Codec, number>> = {
  none: CODEC.UNCOMPRESSED,
  snappy: CODEC.SNAPPY,
  gzip: CODEC.GZIP,
  brotli: CODEC.BROTLI,
  lz4: CODEC.LZ4,
  zstd: CODEC.ZSTD,
  lz4_raw: CODEC.LZ4_RAW,
}

function codecNumber(codec: Codec): number {
  const number = CODEC_NUMBERS[codec]
  if (number === undefined) throw new Error(`Parquet has no codec ${codec}`)
  return number
}
