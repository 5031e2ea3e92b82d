/** Reads a sorted run whose keys no other file has: nothing is merged, deletions are dropped. */
import type { Batch } from '../types/column.ts'
import { VALUE_KIND_FIELD } from '../types/field-ids.ts'
import { throwIfAborted } from '../util/async.ts'
import type { MergeRead } from './merge-reader.ts'
import { kindsOf, withoutDeletes } from './row-kinds.ts'
import type { RunFile } from './run-reader.ts'

/** The rows of the run, in ascending order of their keys. */
export async function* readRun(
  files: readonly RunFile[],
  { fields, windowRows, kinds = false, keepDeletes = false, signal }: MergeRead,
): AsyncGenerator<Batch, void, undefined> {
  for (const runFile of files) {
    const file = await runFile.open()
    const rows = (await runFile.rows(file)) ?? undefined
    const dropsDeletes = runFile.hasDeletes && !keepDeletes
    const wanted = dropsDeletes || kinds ? [...fields, VALUE_KIND_FIELD] : fields
    const cursor = file.cursor({ fields: wanted, rows })
    for (;;) {
      throwIfAborted(signal)
      const batch = await cursor.read(windowRows)
      if (batch === null) break
      const kept = dropsDeletes ? withoutDeletes(batch, kindsOf(batch.columns.at(-1)!)) : batch
      const { length, columns } = kept
      if (length > 0) yield kinds ? kept : { length, columns: columns.slice(0, fields.length) }
    }
  }
}
