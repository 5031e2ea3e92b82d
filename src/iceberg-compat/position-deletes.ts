/**
 * Writes Parquet files of deleted positions: the path of a data file and the position of a row of it, for each deleted row.
 *
 * Source: the Iceberg specification, "Position Delete Files". Clients that do not know version 3 read them in place of
 * deletion vectors.
 */
import { allRows } from '../format/column-rows.ts'
import { createDataFile } from '../format/data-format.ts'
import { PARQUET_DEFAULTS } from '../format/parquet/write/file-writer.ts'
import { bitmapValues, type RoaringBitmap } from '../indexes/roaring.ts'
import type { FileIO, IoOptions } from '../io/file-io.ts'
import type { Batch } from '../types/column.ts'
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

interface SortedRows {
  readonly path: Uint8Array
  readonly positions: RoaringBitmap
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
    for (const batch of batchesOf(sorted)) await writer.write(allRows(batch), 0, batch.length)
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

/** The rows of the data files, as many to a batch as it takes. */
function* batchesOf(sorted: readonly SortedRows[]): Generator<Batch> {
  let rows = new RowsBuffer()
  for (const { path, positions } of sorted) {
    const values = bitmapValues(positions)
    for (let from = 0; from < values.length;) {
      from += rows.add(path, values.subarray(from))
      if (rows.room > 0) continue
      yield rows.finish()
      rows = new RowsBuffer()
    }
  }
  if (rows.room < BATCH_ROWS) yield rows.finish()
}

/** A batch in the making, in which the rows of a data file are views of the one path. */
class RowsBuffer {
  readonly #paths: Uint8Array[] = []
  readonly #starts = new Int32Array(BATCH_ROWS)
  readonly #ends = new Int32Array(BATCH_ROWS)
  /** Two to a position, the lower half first. */
  readonly #words = new Uint32Array(2 * BATCH_ROWS)
  #pathBytes = 0
  #length = 0

  get room(): number {
    return BATCH_ROWS - this.#length
  }

  /** Takes as many of the positions as there is room for, and tells how many. */
  add(path: Uint8Array, positions: Uint32Array): number {
    const count = Math.min(positions.length, this.room)
    const start = this.#pathBytes
    this.#paths.push(path)
    this.#pathBytes += path.length
    const end = this.#length + count
    this.#starts.fill(start, this.#length, end)
    this.#ends.fill(this.#pathBytes, this.#length, end)
    for (let i = 0; i < count; i++) this.#words[2 * (this.#length + i)] = positions[i]!
    this.#length = end
    return count
  }

  finish(): Batch {
    const length = this.#length
    const starts = this.#starts.subarray(0, length)
    const ends = this.#ends.subarray(0, length)
    const data = new Uint8Array(Buffer.concat(this.#paths))
    const values = new BigInt64Array(this.#words.buffer, 0, length)
    return {
      length,
      columns: [
        { layout: 'bytes', length, validity: null, data, starts, ends },
        { layout: 'fixed', length, validity: null, values },
      ],
    }
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
