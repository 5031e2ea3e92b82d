/**
 * Writes Parquet files of deleted positions: the path of a data file and the position of a row of it, for each deleted row.
 *
 * Source: the Iceberg specification, "Position Delete Files". Clients that do not know version 3 read them in place of
 * deletion vectors.
 */
import { allRows } from '../format/column-rows.ts'
import type { DataFileWriter } from '../format/data-file.ts'
import { createDataFile } from '../format/data-format.ts'
import { PARQUET_DEFAULTS } from '../format/parquet/write/file-writer.ts'
import { bitmapValues, cardinalityOf, type RoaringBitmap } from '../indexes/roaring.ts'
import type { FileIO, IoOptions } from '../io/file-io.ts'
import type { BytesColumn, FixedColumn } from '../types/column.ts'
import { type DataField, MAX_LENGTH, notNull, ofKind } from '../types/data-type.ts'
import { utf8 } from '../types/internal-value.ts'
import type { FileMetrics } from './entry.ts'

/** The deleted rows of one data file. */
export interface DeletedRows {
  /** Byte for byte as the manifest names the data file: clients match rows by it. */
  readonly dataFilePath: string
  readonly positions: RoaringBitmap
}

export interface PositionDeletes {
  readonly rowCount: number
  readonly sizeBytes: number
  readonly metrics: FileMetrics
}

/** The ids that the specification keeps for the two columns. */
const PATH_FIELD_ID = 2_147_483_546
const POSITION_FIELD_ID = 2_147_483_545

const FIELDS: readonly DataField[] = [
  {
    id: PATH_FIELD_ID,
    name: 'file_path',
    type: { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false },
  },
  { id: POSITION_FIELD_ID, name: 'pos', type: notNull(ofKind('BIGINT')) },
]

/** Rows that are handed to the Parquet writer at a time. */
const BATCH_ROWS = 1 << 16

/**
 * Writes the rows, sorted by the paths as bytes and then by position, as readers may rely on. There is at least one data file,
 * and each has deleted rows and is there once.
 */
export async function writePositionDeletes(
  io: FileIO,
  path: string,
  deleted: readonly DeletedRows[],
  options: IoOptions = {},
): Promise<PositionDeletes> {
  const sorted = deleted
    .map(({ dataFilePath, positions }) => ({ path: utf8(dataFilePath), positions }))
    .toSorted((a, b) => Buffer.compare(a.path, b.path))
  const format = { name: 'parquet', parquet: PARQUET_DEFAULTS } as const
  const writer = await createDataFile(io, path, FIELDS, format, options.signal)
  try {
    for (const each of sorted) await writeRows(writer, each.path, each.positions)
    await writer.close()
  } catch (error) {
    await writer.abort()
    throw error
  }
  return {
    rowCount: writer.rowCount,
    sizeBytes: writer.sizeBytes,
    metrics: pathMetrics(sorted[0]!.path, sorted.at(-1)!.path),
  }
}

async function writeRows(
  writer: DataFileWriter,
  path: Uint8Array,
  bitmap: RoaringBitmap,
): Promise<void> {
  const values = bitmapValues(bitmap)
  // Every row is a view of the one path.
  const length = Math.min(BATCH_ROWS, cardinalityOf(bitmap))
  const paths = { starts: new Int32Array(length), ends: new Int32Array(length).fill(path.length) }
  for (let from = 0; from < values.length; from += BATCH_ROWS) {
    const part = values.subarray(from, from + BATCH_ROWS)
    const words = new Uint32Array(2 * part.length)
    for (let i = 0; i < part.length; i++) words[2 * i] = part[i]!
    const pathColumn: BytesColumn = {
      layout: 'bytes',
      length: part.length,
      validity: null,
      data: path,
      starts: paths.starts.subarray(0, part.length),
      ends: paths.ends.subarray(0, part.length),
    }
    const positionColumn: FixedColumn = {
      layout: 'fixed',
      length: part.length,
      validity: null,
      values: new BigInt64Array(words.buffer),
    }
    const rows = allRows({ length: part.length, columns: [pathColumn, positionColumn] })
    await writer.write(rows, 0, part.length)
  }
}

/** Planning finds the deletes of a data file by the bounds of the paths, which are never cut short. */
function pathMetrics(first: Uint8Array, last: Uint8Array): FileMetrics {
  return {
    nullCounts: new Map([
      [PATH_FIELD_ID, 0n],
      [POSITION_FIELD_ID, 0n],
    ]),
    lowerBounds: new Map([[PATH_FIELD_ID, first]]),
    upperBounds: new Map([[PATH_FIELD_ID, last]]),
  }
}
