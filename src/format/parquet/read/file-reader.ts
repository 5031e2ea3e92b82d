/** Reads Parquet files: the footer once, then any choice of columns and rows, in batches. */
import type { FileIO } from '../../../io/file-io.ts'
import type { Batch } from '../../../types/column.ts'
import type { DataField } from '../../../types/data-type.ts'
import { assert } from '../../../util/assert.ts'
import { corrupt, decodingError, notFound, unsupported } from '../../../util/errors.ts'
import { ByteRanges } from '../../byte-ranges.ts'
import { chunkStart, type FileMetadata, type RowGroup } from '../metadata.ts'
import { type GroupNode, leavesOf, schemaTree } from '../tree.ts'
import { readFileMetadata } from './footer.ts'
import type { RowRange } from './page-stream.ts'
import { resolveColumns } from './resolve.ts'
import { RowGroupReader } from './row-group-reader.ts'

export interface ParquetFile {
  readonly io: FileIO
  readonly path: string
  readonly sizeBytes: number
  readonly metadata: FileMetadata
  readonly root: GroupNode
  /** The file's last bytes: the footer, and as a rule the page indexes. */
  readonly tail: Uint8Array
}

/** Read at once from the end of a file: footers and page indexes as a rule are smaller. */
const TAIL_BYTES = 1 << 16
/** A footer above this is refused. */
const FOOTER_BYTES_MAX = 1 << 26
const MAGIC = 0x31524150
const ENCRYPTED_MAGIC = 0x45524150

/** Opens the file. `sizeBytes` saves a request where the caller knows it. */
export async function openParquet(
  io: FileIO,
  path: string,
  options: { sizeBytes?: number; signal?: AbortSignal | undefined } = {},
): Promise<ParquetFile> {
  const { signal } = options
  const sizeBytes = options.sizeBytes ?? (await io.stat(path, { signal }))?.sizeBytes
  try {
    if (sizeBytes === undefined) throw notFound('the file is not there')
    if (sizeBytes < 12) throw corrupt(`a file of ${sizeBytes} bytes is no Parquet file`)
    const source = new ByteRanges(io, path, sizeBytes, { signal })
    const tailBytes = Math.min(sizeBytes, TAIL_BYTES)
    let tail = await source.read(sizeBytes - tailBytes, tailBytes)
    const footerBytes = footerLength(tail, sizeBytes)
    if (footerBytes + 8 > tail.length) {
      const wanted = footerBytes + 8
      tail = Buffer.concat([await source.read(sizeBytes - wanted, wanted - tail.length), tail])
    }
    const footer = tail.subarray(tail.length - 8 - footerBytes, tail.length - 8)
    const metadata = readFileMetadata(footer)
    const root = schemaTree(metadata.schema)
    checkMetadata(metadata, root, sizeBytes)
    return { io, path, sizeBytes, metadata: withDictionaryPadding(metadata, sizeBytes), root, tail }
  } catch (error) {
    throw decodingError(path, error)
  }
}

function footerLength(tail: Uint8Array, sizeBytes: number): number {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  const magic = view.getUint32(tail.length - 4, true)
  if (magic === ENCRYPTED_MAGIC) throw unsupported('the Parquet file is encrypted')
  if (magic !== MAGIC) throw corrupt('the file does not end as a Parquet file')
  const length = view.getUint32(tail.length - 8, true)
  if (length + 12 > sizeBytes) throw corrupt(`a footer of ${length} bytes is longer than the file`)
  if (length > FOOTER_BYTES_MAX)
    throw unsupported(`a footer of ${length} bytes; ${FOOTER_BYTES_MAX} are the most`)
  return length
}

/** parquet-mr before 1.2.9 left the header of the dictionary page out of the chunk's size. */
const FORGETS_DICTIONARY_HEADER = /^parquet-mr(?: version (?:0|1\.[01]|1\.2\.[0-8])\b|$)/
const DICTIONARY_HEADER_MAX = 100

function withDictionaryPadding(metadata: FileMetadata, sizeBytes: number): FileMetadata {
  if (!FORGETS_DICTIONARY_HEADER.test(metadata.createdBy ?? '')) return metadata
  const rowGroups = metadata.rowGroups.map((group) => ({
    ...group,
    columns: group.columns.map((chunk) => {
      const most = Math.max(chunk.compressedBytes, sizeBytes - chunkStart(chunk))
      const compressedBytes = Math.min(most, chunk.compressedBytes + DICTIONARY_HEADER_MAX)
      return { ...chunk, compressedBytes }
    }),
  }))
  return { ...metadata, rowGroups }
}

function checkMetadata(
  { rowGroups, rowCount }: FileMetadata,
  root: GroupNode,
  sizeBytes: number,
): void {
  const leaves = leavesOf(root)
  let rows = 0
  for (const group of rowGroups) {
    rows += group.rowCount
    if (group.columns.length !== leaves.length)
      throw corrupt(`a row group has ${group.columns.length} columns, the schema ${leaves.length}`)
    for (const [i, chunk] of group.columns.entries()) {
      const leaf = leaves[i]!
      if (!isSamePath(chunk.path, leaf.path))
        throw corrupt(`column ${leaf.path.join('.')} is called ${chunk.path.join('.')} as well`)
      if (chunk.physical !== leaf.physical)
        throw corrupt(`column ${leaf.name} has two physical types`)
      const isRepeated = leaf.repetitionLevel > 0
      if (chunk.valueCount < group.rowCount || (chunk.valueCount > group.rowCount && !isRepeated))
        throw corrupt(
          `column ${leaf.name} has ${chunk.valueCount} values of ${group.rowCount} rows`,
        )
    }
  }
  // Some writers leave the count of the file at zero.
  if (rows < rowCount)
    throw corrupt(`the row groups have ${rows} rows together, the file has ${rowCount}`)
  checkPlaces(rowGroups, sizeBytes)
}

/** Chunks that shared bytes would be another column's, and a way to make a reader fetch more than the file holds. */
function checkPlaces(rowGroups: readonly RowGroup[], sizeBytes: number): void {
  const chunks = rowGroups
    .flatMap((group) => group.columns)
    .filter((chunk) => chunk.valueCount > 0)
    .toSorted((a, b) => chunkStart(a) - chunkStart(b))
  let end = 0
  for (const chunk of chunks) {
    const start = chunkStart(chunk)
    if (start < end) throw corrupt(`column ${chunk.path.join('.')} shares bytes with another`)
    end = start + chunk.compressedBytes
    if (end > sizeBytes) throw corrupt(`column ${chunk.path.join('.')} ends behind the file`)
  }
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

export interface ReadOptions {
  /** The columns to read, by name, as the types they are declared with. */
  readonly fields: readonly DataField[]
  /** The rows to read, ascending; default all. */
  readonly rows?: readonly RowRange[] | undefined
  /** Leave strings in their pages, for a reader that will keep few of them. */
  readonly views?: boolean
  readonly signal?: AbortSignal | undefined
}

/** Some rows of a file, and the stretches of the file that were read. */
export interface FileBatch extends Batch {
  readonly rows: readonly RowRange[]
}

/** Reads chosen columns of chosen rows front to back. */
export class ParquetCursor {
  readonly #file: ParquetFile
  readonly #options: ReadOptions
  readonly #source: ByteRanges
  readonly #groups: { index: number; firstRow: number; rows: RowRange[] }[]
  #next = 0
  #reader: RowGroupReader | null = null
  #ahead: RowGroupReader | null = null

  constructor(file: ParquetFile, options: ReadOptions) {
    this.#file = file
    this.#options = options
    const { tail } = file
    const { signal } = options
    this.#source = new ByteRanges(file.io, file.path, file.sizeBytes, { tail, signal })
    this.#groups = groupRows(file.metadata, options.rows)
  }

  /**
   * The next rows, at most `rowCount` and never of two row groups; null when all are read. Those that are dropped (bit i is
   * of the i-th of the next rows) are left out, though the batch says that they were passed.
   */
  async read(rowCount: number, dropped: Uint32Array | null = null): Promise<FileBatch | null> {
    assert(rowCount > 0, `a batch of ${rowCount} rows is asked for`)
    try {
      for (;;) {
        this.#reader ??= this.#ahead ?? this.#openNext()
        if (this.#reader === null) return null
        this.#ahead = null
        const reader = this.#reader
        const window = await reader.next(rowCount)
        // The pages of the next batch are fetched and decompressed while this one is decoded and worked on.
        if (reader.isDone) {
          this.#reader = null
          this.#ahead = this.#openNext()
          this.#ahead?.prefetch(rowCount)
        } else reader.prefetch(rowCount)
        const batch = await reader.read(window, dropped)
        if (batch !== null) return batch
      }
    } catch (error) {
      throw decodingError(this.#file.path, error)
    }
  }

  #openNext(): RowGroupReader | null {
    const group = this.#groups[this.#next]
    if (group === undefined) return null
    this.#next++
    const { fields, views = false } = this.#options
    return new RowGroupReader({
      source: this.#source,
      group: this.#file.metadata.rowGroups[group.index]!,
      firstRow: group.firstRow,
      ranges: group.rows,
      plans: resolveColumns(this.#file.root, fields),
      views,
    })
  }
}

/** The row groups that hold wanted rows, and those rows relative to each. */
function groupRows(
  { rowGroups }: FileMetadata,
  wanted: readonly RowRange[] = [{ from: 0, to: Infinity }],
): { index: number; firstRow: number; rows: RowRange[] }[] {
  const found = []
  let firstRow = 0
  for (const [index, group] of rowGroups.entries()) {
    const end = firstRow + group.rowCount
    const rows: RowRange[] = []
    for (const range of wanted) {
      const from = Math.max(range.from, firstRow)
      const to = Math.min(range.to, end)
      if (from < to) rows.push({ from: from - firstRow, to: to - firstRow })
    }
    if (rows.length > 0) found.push({ index, firstRow, rows })
    firstRow = end
  }
  return found
}
