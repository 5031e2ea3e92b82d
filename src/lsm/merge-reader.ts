/**
 * Merges the sorted runs of a section into batches of the rows that stay.
 *
 * What the runs hold comes step by step (`merge-steps.ts`) and is merged there and then (`step-merge.ts`); the rows that
 * stay are gathered, column by column.
 */
import { takeColumn } from '../types/column-take.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { picksOf } from './gather-prefixed.ts'
import { gatherColumn } from './gather.ts'
import type { KeyValueLayout } from './key-value.ts'
import { mergeSteps } from './merge-steps.ts'
import { kindsColumn } from './row-kinds.ts'
import type { RunFile } from './run-reader.ts'
import { type MergedStep, mergeStep, type StepColumns, stepColumns } from './step-merge.ts'

export interface MergeRead {
  readonly layout: KeyValueLayout
  /** The columns of the table to return, in this order. */
  readonly fields: readonly DataField[]
  /** Rows of a window of one run. */
  readonly windowRows: number
  /** Gives the kind of each row behind the fields: a TINYINT column of {@link RowKind} codes. */
  readonly kinds?: boolean | undefined
  /** Gives keys whose last row deletes too, as rows of kind -D; goes with `kinds`. */
  readonly keepDeletes?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** The rows of a section that stay after merging, deletions dropped, in ascending order of their keys. */
export async function* mergeRuns(
  runs: readonly (readonly RunFile[])[],
  read: MergeRead,
): AsyncGenerator<Batch, void, undefined> {
  const { layout, fields, kinds = false, keepDeletes = false } = read
  const columns = stepColumns(layout, fields)
  for await (const step of mergeSteps(runs, { ...read, values: columns.values })) {
    const merged = mergeStep(step, columns, { layout, keepDeletes })
    if (merged.length === 0) continue
    const gathered = gatherRows(merged, columns)
    const shown = kinds ? [...gathered, kindsColumn(merged.kinds)] : gathered
    yield { length: merged.length, columns: shown }
  }
}

/** The columns of the rows that stay. */
function gatherRows(
  { length, runOf, rows, sources, isMade }: MergedStep,
  { count, places }: StepColumns,
): Column[] {
  const indices = Array.from({ length: count }, (_, i) => i)
  if (isMade)
    return indices.map((index) => {
      const made = sources.columns(index).at(-1)!
      return length === made.length ? made : takeColumn(made, rows)
    })
  const picks = picksOf(runOf, rows, sources.lengths)
  return indices.map((index) => {
    const columns = sources.columns(index)
    // Other steps need the columns that are merged by too.
    const isRead = places[index]!.of === 'values'
    return gatherColumn({ columns, sourceOf: runOf, rows, length }, isRead ? picks : null)
  })
}
