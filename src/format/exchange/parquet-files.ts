/** Parquet files of any writer as batches of the columns that they have. */
import type { FileIO } from '../../io/file-io.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { decoding } from '../../util/errors.ts'
import { openParquet, ParquetCursor } from '../parquet/read/file-reader.ts'
import { inferFields } from '../parquet/read/infer.ts'

const ROWS_PER_BATCH = 8192

export interface ParquetRows {
  /** The columns, with the types that the file itself tells. */
  readonly fields: readonly DataField[]
  readonly batches: () => AsyncGenerator<Batch, void, undefined>
}

export async function readParquetRows(
  io: FileIO,
  path: string,
  signal?: AbortSignal,
): Promise<ParquetRows> {
  const file = await openParquet(io, path, { signal })
  const fields = decoding(path, () => inferFields(file.root))
  return {
    fields,
    async *batches() {
      const cursor = new ParquetCursor(file, { fields, signal })
      for (;;) {
        const batch = await cursor.read(ROWS_PER_BATCH)
        if (batch === null) return
        yield batch
      }
    },
  }
}
