/** Reading ORC files of bytes: what a test asks of a file at once. */
import type { CursorOptions, OpenOptions } from '../../src/format/data-file.ts'
import { openOrcData } from '../../src/format/orc/data-file.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../src/types/internal-value.ts'
import { parseType } from '../../src/types/type-text.ts'
import { BytesIO } from './parquet.ts'

export const ORC_PATH = 'memory://orc/file.orc'

/** Nullable fields of the types, whose ids are no file's. */
export function orcFields(types: Readonly<Record<string, unknown>>): DataField[] {
  return Object.entries(types).map(([name, type], i) => ({
    id: 1000 + i,
    name,
    type: parseType(type),
  }))
}

/** The rows of each batch. */
export async function orcBatches(
  bytes: Uint8Array,
  cursor: CursorOptions,
  batchRows = 1000,
  options: OpenOptions = {},
): Promise<InternalValue[][][]> {
  const file = await openOrcData(new BytesIO(bytes).io, ORC_PATH, options)
  const opened = file.cursor(cursor)
  const batches: InternalValue[][][] = []
  for (let batch = await opened.read(batchRows); batch; batch = await opened.read(batchRows)) {
    const { length, columns } = batch
    batches.push(
      Array.from({ length }, (_, row) =>
        columns.map((column, i) => cellValue(column, cursor.fields[i]!.type, row)),
      ),
    )
  }
  return batches
}
