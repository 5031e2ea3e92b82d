/** Data files of any format, as the table's stages see them: columns of chosen rows out, batches of rows in. */
import type { FileIO } from '../io/file-io.ts'
import type { Batch } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import type { InternalValue } from '../types/internal-value.ts'
import type { BoundPredicate } from '../types/predicate-bind.ts'
import { unsupported } from '../util/errors.ts'
import type { BatchRows } from './column-rows.ts'

/** Rows `[from, to)` of a file. */
export interface RowRange {
  readonly from: number
  readonly to: number
}

/** Reads chosen columns of chosen rows front to back. */
export interface RowCursor {
  /**
   * The next rows: `rowCount` of them, or fewer where the file has an inner boundary, which lies at the same rows for
   * every cursor of a file. Null when all are read.
   */
  read(rowCount: number): Promise<Batch | null>
  /**
   * The same without the rows that are dropped, bit i for the i-th of the next rows; it tells how many rows were passed in
   * all. For formats that leave rows out while they decode; others decode them first.
   */
  readKept?(rowCount: number, dropped: Uint32Array): Promise<KeptRows | null>
}

export interface KeptRows {
  readonly batch: Batch
  readonly passed: number
}

export interface CursorOptions {
  /** The columns, by name; one that the file lacks reads as nulls. */
  readonly fields: readonly DataField[]
  /** The rows, ascending; all when left out. */
  readonly rows?: readonly RowRange[] | undefined
  /** Leave strings where they were decoded, for a reader that will keep few of them. */
  readonly views?: boolean
  /** Give rows too that a deletion vector of the file deletes. */
  readonly keepsDeleted?: boolean
}

/** An open data file. */
export interface DataFile {
  readonly path: string
  readonly columnNames: ReadonlySet<string>
  /** The rows of the file; null where only reading it would tell. */
  readonly rowCount: number | null
  /** The rows that may pass the predicate, by the file's own statistics; null when it has none, or all may. */
  prune(predicate: BoundPredicate): Promise<readonly RowRange[] | null>
  cursor(options: CursorOptions): RowCursor
}

export interface OpenOptions {
  readonly sizeBytes?: number | undefined
  /** Gives the values of a blob file as descriptors of where they lie, without reading them. */
  readonly blobsAsDescriptors?: boolean | undefined
  /** Whether TIMESTAMP_LTZ lies in ORC files as Java's `orc.timestamp-ltz.legacy.type` says; true when left out. */
  readonly isLegacyOrcLtz?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Least and greatest value and nulls of a written column; null bounds where the column's type or values have none. */
export interface ColumnBounds {
  readonly min: InternalValue
  readonly max: InternalValue
  readonly nullCount: number
}

/** A data file being written. */
export interface DataFileWriter {
  readonly rowCount: number
  /** What the file would take if it were closed now. */
  readonly sizeBytes: number
  /** Appends the rows `[from, to)`; what they are taken from must not change before `close`. */
  write(rows: BatchRows, from: number, to: number): Promise<void>
  /** Makes the file visible. The bounds of the columns in order; null for a column of a nested type. */
  close(): Promise<readonly (ColumnBounds | null)[]>
  abort(): Promise<void>
}

const FORMATS = ['parquet', 'avro', 'orc', 'blob'] as const

/** The format that a data file's name tells: its last extension. */
function formatOf(path: string): (typeof FORMATS)[number] {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  const format = FORMATS.find((name) => name === extension)
  if (format !== undefined) return format
  const [, compressed = extension] = COMPRESSED_TEXT.exec(path) ?? []
  throw unsupported(`data files of the format "${compressed}" cannot be read`, {
    path,
    hint: 'Parquet, Avro, ORC and blob files can: read the table with Flink, Spark or Java Paimon, or rewrite it there with another file.format',
  })
}

/** Files of text have the compression behind the format: `data-1.json.zst`. */
const COMPRESSED_TEXT = /\.(json|csv|txt)\.[a-z0-9]+$/i

/** Opens a data file of the format that its name tells. The formats' modules are loaded when they are needed. */
export async function openDataFile(
  io: FileIO,
  path: string,
  options: OpenOptions = {},
): Promise<DataFile> {
  const format = formatOf(path)
  if (format === 'parquet') {
    const { openParquetData } = await import('./parquet/data-file.ts')
    return await openParquetData(io, path, options)
  }
  if (format === 'blob') {
    const { openBlobData } = await import('./blob/data-file.ts')
    return await openBlobData(io, path, options)
  }
  if (format === 'orc') {
    const { openOrcData } = await import('./orc/data-file.ts')
    return await openOrcData(io, path, options)
  }
  const { openAvroData } = await import('./avro/data-file.ts')
  return await openAvroData(io, path, options)
}
