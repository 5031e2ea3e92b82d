/** Reads a sorted run whose keys no other file has: nothing is merged, deletions are dropped. */
import { takeBatch } from '../types/column-take.ts'
import type { Batch } from '../types/column.ts'
import { VALUE_KIND_FIELD } from '../types/field-ids.ts'
import { isRetract } from '../types/row-kind.ts'
import { throwIfAborted } from '../util/async.ts'
import type { MergeRead } from './merge-reader.ts'
import { kindsOf } from './row-kinds.ts'
import type { RunFile } from './run-reader.ts'

/** The rows of the run, in ascending order of their keys. */
export async function* readRun(
  files: readonly RunFile[],
  { fields, windowRows, signal }: MergeRead,
): AsyncGenerator<Batch, void, undefined> {
  for (const runFile of files) {
    const file = await runFile.open()
    const rows = (await runFile.rows(file)) ?? undefined
    const stored = runFile.stored(fields)
    const wanted = runFile.hasDeletes ? [...stored, VALUE_KIND_FIELD] : stored
    const cursor = file.cursor({ fields: wanted, rows })
    for (;;) {
      throwIfAborted(signal)
      const batch = await cursor.read(windowRows)
      if (batch === null) break
      const kept = runFile.hasDeletes ? withoutDeletes(batch) : batch
      if (kept.length > 0) yield kept
    }
  }
}

/** The rows that do not retract, without their last column, which says whether they do. */
function withoutDeletes(batch: Batch): Batch {
  const kinds = kindsOf(batch.columns.at(-1)!)
  const columns = batch.columns.slice(0, -1)
  const rows = new Uint32Array(batch.length)
  let count = 0
  for (let i = 0; i < batch.length; i++) if (!isRetract(kinds[i]!)) rows[count++] = i
  const values = { length: batch.length, columns }
  return count === batch.length ? values : takeBatch(values, rows.subarray(0, count))
}
