/** Lists of names as rows, so that they print in every format. */
import type { BatchSource } from '../table/batch-result.ts'
import { batchBuilder, finishBatch } from '../types/column-builder.ts'
import { type DataField, MAX_LENGTH } from '../types/data-type.ts'
import { jsonAppender } from '../types/json-value.ts'

/** Rows of columns of strings. */
export function rowsOfTexts(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): BatchSource {
  const fields: DataField[] = columns.map((name, id) => ({
    id,
    name,
    type: { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false },
  }))
  return {
    fields: async () => await Promise.resolve(fields),
    async *batches() {
      const append = jsonAppender(fields)
      const builder = batchBuilder(fields)
      for (const [i, row] of rows.entries())
        append(builder, Object.fromEntries(columns.map((name, c) => [name, row[c]])), i + 1)
      if (rows.length > 0) yield await Promise.resolve(finishBatch(builder))
    },
  }
}
