/** Writes Parquet files as Java Paimon's defaults do: pages, row groups, statistics and page indexes, in bounded memory. */
import type { FileWriter } from '../../../io/file-io.ts'
import { timestampUnit } from '../../../types/column.ts'
import type { DataField, DataType } from '../../../types/data-type.ts'
import type { Codec } from '../../codec.ts'
import {
  type BatchRows,
  type ColumnPiece,
  type ColumnRows,
  materialize,
} from '../../column-rows.ts'
import { PHYSICAL, type SchemaElement } from '../metadata.ts'
import { BytesEncoder } from './bytes-encoder.ts'
import { CodecBacklog } from './codec-backlog.ts'
import { LeafWriter } from './leaf-writer.ts'
import {
  columnIndexBytes,
  fileMetadataBytes,
  offsetIndexBytes,
  type WrittenChunk,
  type WrittenRowGroup,
} from './metadata-writer.ts'
import { PageBuffers } from './page-buffers.ts'
import { BooleanEncoder, WideDecimalEncoder } from './plain-encoders.ts'
import { lineageFields, writeSchema } from './schema.ts'
import { leavesBelow, shred, type WriteLeaf, type WriteNode, writeNode } from './shred.ts'
import type { EncodeLimits, ValueEncoder } from './value-encoder.ts'
import { WordEncoder } from './word-encoder.ts'

export interface ParquetWriteOptions {
  readonly codec: Codec
  /** The codec's own level; undefined for its default. */
  readonly level?: number | undefined
  readonly rowGroupBytes: number
  readonly pageBytes: number
  readonly pageRows: number
  readonly dictionary: boolean
  readonly dictionaryBytes: number
  /**
   * Whether timestamps in milliseconds have neither dictionaries nor bounds in the footer, for Iceberg's readers: they take the
   * numbers in both for microseconds.
   */
  readonly plainMillis: boolean
  /** Whether ids of rows, and what orders their changes, have the field ids by which Iceberg's readers look for them. */
  readonly icebergLineage: boolean
}

/** Java Paimon's defaults, from parquet-mr and `CoreOptions`. */
export const PARQUET_DEFAULTS: ParquetWriteOptions = {
  codec: 'zstd',
  level: 1,
  rowGroupBytes: 128 << 20,
  pageBytes: 1 << 20,
  pageRows: 20_000,
  dictionary: true,
  dictionaryBytes: 1 << 20,
  plainMillis: false,
  icebergLineage: false,
}

const MAGIC = new TextEncoder().encode('PAR1')
const CREATED_BY = 'millrace version 0.1.0 (build parquet)'
/** Raw pages that may wait for the codec. */
const BACKLOG_BYTES = 16 << 20
/** How much of its size a row group may be larger, to take in the last rows. */
const GROUP_SLACK = 0.25
/** Rows of a new row group by which the size of the others is judged, if not more. */
const FIRST_ROWS = 4096
/** Rows of a nested column that are taken apart at a time. */
const NESTED_ROWS = 4096

interface TopColumn {
  readonly node: WriteNode
  readonly writers: readonly LeafWriter[]
}

export class ParquetWriter {
  readonly #out: FileWriter
  readonly #options: ParquetWriteOptions
  readonly #schema: SchemaElement[]
  readonly #columns: readonly TopColumn[]
  readonly #backlog = new CodecBacklog()
  readonly #buffers: PageBuffers
  readonly #rowGroups: WrittenRowGroup[] = []
  #offset = 0
  #groupRows = 0
  #rowCount = 0

  constructor(fields: readonly DataField[], out: FileWriter, options: ParquetWriteOptions) {
    this.#out = out
    this.#options = options
    this.#schema = writeSchema(options.icebergLineage ? lineageFields(fields) : fields)
    // Uncompressed pages are handed to the file as they are, which may not take shared memory.
    this.#buffers = new PageBuffers(options.codec !== 'none')
    this.#columns = this.#openColumns(fields)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** What the file would take if it were closed now; the open row group is estimated. */
  get sizeBytes(): number {
    let open = 0
    for (const { writers } of this.#columns)
      for (const { estimatedBytes } of writers) open += estimatedBytes
    return this.#offset + open
  }

  /** Appends the rows `[from, to)`. What they are taken from must not change until the writer is closed. */
  async write(rows: BatchRows, from = 0, to = rows.length): Promise<void> {
    for (let at = from; at < to;) {
      const end = at + this.#rowsToFill(to - at, rows.rowBytes)
      // A whole column of the rows at a time, so that the buffers that it is taken from stay at hand.
      for (const [i, column] of this.#columns.entries())
        if (column.node.kind === 'leaf') await this.#appendFlat(column, rows.pieces(i, at, end))
        else await this.#appendNested(column, rows.column(i), at, end)
      this.#groupRows += end - at
      this.#rowCount += end - at
      at = end
      if (this.#groupBytes() >= this.#options.rowGroupBytes) await this.#finishRowGroup()
    }
  }

  async #appendFlat({ writers }: TopColumn, pieces: Iterable<ColumnPiece>): Promise<void> {
    const [writer] = writers
    for (const { rows, from, to } of pieces)
      for (let at = from; at < to; at += this.#options.pageRows) {
        writer!.append(rows, at, Math.min(to, at + this.#options.pageRows))
        await this.#backlog.below(BACKLOG_BYTES)
      }
  }

  async #appendNested(
    { node, writers }: TopColumn,
    rows: ColumnRows,
    from: number,
    to: number,
  ): Promise<void> {
    for (let at = from; at < to;) {
      const end = Math.min(to, at + NESTED_ROWS)
      const column = materialize(at, end, rows)
      const entries = shred(node, column, 0, column.length)
      for (const writer of writers) writer.appendEntries(entries.get(writer.leaf)!)
      await this.#backlog.below(BACKLOG_BYTES)
      at = end
    }
  }

  /**
   * Of the next rows, those that should fill the row group, judged by what rows weigh in memory, then by those in it. A
   * few more are taken into the group where they are the last: taking rows in parts costs a walk over all of them.
   */
  #rowsToFill(left: number, memoryBytes: number | undefined): number {
    const isEmpty = this.#groupRows === 0
    if (isEmpty && memoryBytes === undefined) return Math.min(left, FIRST_ROWS)
    const groupBytes = this.#groupBytes()
    const rowBytes = Math.max(1, isEmpty ? memoryBytes! : groupBytes / this.#groupRows)
    const room = (this.#options.rowGroupBytes - groupBytes) / rowBytes
    const slack = (this.#options.rowGroupBytes * GROUP_SLACK) / rowBytes
    const least = isEmpty ? FIRST_ROWS : 64
    return left <= room + slack ? left : Math.min(left, Math.max(least, Math.ceil(room)))
  }

  #groupBytes(): number {
    let bytes = 0
    for (const { writers } of this.#columns)
      for (const writer of writers) bytes += writer.rawBytes + writer.openBytes
    return bytes
  }

  async #finishRowGroup(): Promise<void> {
    if (this.#offset === 0) await this.#put(MAGIC)
    const fileOffset = this.#offset
    const columns: WrittenChunk[] = []
    for (const { writers } of this.#columns)
      for (const writer of writers) {
        const chunk = await writer.finishChunk(this.#out, this.#offset)
        this.#offset += chunk.compressedBytes
        columns.push(chunk)
      }
    this.#rowGroups.push({ columns, rowCount: this.#groupRows, fileOffset })
    this.#groupRows = 0
  }

  /** Writes the indexes and the footer. The file itself is closed by its owner. */
  async close(): Promise<WrittenRowGroup[]> {
    if (this.#groupRows > 0) await this.#finishRowGroup()
    if (this.#offset === 0) await this.#put(MAGIC)
    await this.#writeIndexes()
    const footer = fileMetadataBytes({
      schema: this.#schema,
      rowCount: this.#rowCount,
      rowGroups: this.#rowGroups,
      createdBy: CREATED_BY,
      leafCount: this.#columns.reduce((sum, { writers }) => sum + writers.length, 0),
    })
    const tail = new Uint8Array(footer.length + 8)
    tail.set(footer)
    new DataView(tail.buffer).setUint32(footer.length, footer.length, true)
    tail.set(MAGIC, footer.length + 4)
    await this.#put(tail)
    return this.#rowGroups
  }

  /** As parquet-mr lays them out: the column indexes of every row group, then the offset indexes. */
  async #writeIndexes(): Promise<void> {
    const chunks = this.#rowGroups.flatMap((group) => group.columns)
    const parts: Uint8Array[] = []
    let offset = this.#offset
    const add = (bytes: Uint8Array): { offset: number; length: number } => {
      parts.push(bytes)
      offset += bytes.length
      return { offset: offset - bytes.length, length: bytes.length }
    }
    for (const chunk of chunks)
      if (chunk.hasColumnIndex) chunk.columnIndex = add(columnIndexBytes(chunk))
    for (const chunk of chunks) chunk.offsetIndex = add(offsetIndexBytes(chunk.pages))
    if (parts.length > 0) await this.#put(Buffer.concat(parts))
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await this.#out.write(bytes)
    this.#offset += bytes.length
  }

  #openColumns(fields: readonly DataField[]): TopColumn[] {
    const physicals = this.#schema.flatMap(({ physical }) => physical ?? [])
    let next = 0
    return fields.map((field) => {
      const node = writeNode(field.name, field.type, next)
      const writers = leavesBelow(node).map((leaf) =>
        this.#openLeaf(leaf, physicals[leaf.index]!, node.kind !== 'leaf'),
      )
      next += writers.length
      return { node, writers }
    })
  }

  #openLeaf(leaf: WriteLeaf, physical: number, isNested: boolean): LeafWriter {
    const { codec, level, pageRows, pageBytes, dictionary, dictionaryBytes } = this.#options
    const isPlain = this.#options.plainMillis && isMillis(leaf.type)
    // A nested column's page ends between rows, so its encoder takes all values of a row.
    const limits = {
      pageBytes: isNested ? Number.MAX_SAFE_INTEGER : pageBytes,
      dictionary: dictionary && !isPlain,
      dictionaryBytes,
      buffers: this.#buffers,
    }
    const encoder = encoderOf(leaf.type, physical, limits)
    return new LeafWriter(
      leaf,
      physical,
      encoder,
      { codec, level, pageRows, pageBytes, bounds: !isPlain },
      this.#backlog,
      this.#buffers,
    )
  }
}

function isMillis(type: DataType): boolean {
  const isTimestamp = type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
  return isTimestamp && timestampUnit(type.precision) === 3
}

function encoderOf(type: DataType, physical: number, limits: EncodeLimits): ValueEncoder {
  switch (physical) {
    case PHYSICAL.BOOLEAN:
      return new BooleanEncoder()
    case PHYSICAL.BYTE_ARRAY:
      return new BytesEncoder(limits)
    case PHYSICAL.FIXED_LEN_BYTE_ARRAY:
      return new WideDecimalEncoder(type, limits.pageBytes)
    default:
      return new WordEncoder(type, limits)
  }
}
