/** Merges the runs of a write buffer, whose rows may be of one key in one run: into one row a key, or into one run. */
import type { Column } from '../../types/column.ts'
import { SEQUENCE_NUMBER_FIELD } from '../../types/field-ids.ts'
import { gatherColumn } from '../gather.ts'
import type { KeyValueLayout } from '../key-value.ts'
import { mergeSteps, type MergeStep } from '../merge-steps.ts'
import { allRows, keyedRows } from '../merge/keyed-rows.ts'
import type { RunFile } from '../run-reader.ts'
import type { RunRows } from '../run-writer.ts'
import { rowsOf } from '../sorted-rows.ts'
import { mergeStep, rangeSources, type StepColumns, stepColumns } from '../step-merge.ts'

/** Rows of some keys: all of them, and one of each key. */
export interface FlushedStep {
  all(): RunRows
  merged(): RunRows
}

/** What windows of all runs come to while they are merged. */
const WINDOW_BYTES = 32 << 20
const WINDOW_ROWS_MIN = 256
const WINDOW_ROWS_MAX = 16_384

/** Rows of a window of each of so many runs, which are held at the same time. */
export function flushWindowRows(runCount: number, rowBytes: number): number {
  const rows = Math.floor(WINDOW_BYTES / runCount / Math.max(1, rowBytes))
  return Math.min(WINDOW_ROWS_MAX, Math.max(WINDOW_ROWS_MIN, rows))
}

/** The rows of all runs, step by step in ascending order of their keys. */
export async function* flushSteps(
  runs: readonly RunFile[],
  table: KeyValueLayout,
  windowRows: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<FlushedStep, void, undefined> {
  // Within a flush sequence fields always ascend, and nothing above level 0 is met.
  const layout: KeyValueLayout = { ...table, sequenceDescending: false, looksUp: false }
  const columns = stepColumns(layout, [...layout.fields, SEQUENCE_NUMBER_FIELD])
  const files = runs.map((run) => [run])
  for await (const step of mergeSteps(files, {
    layout,
    values: columns.values,
    windowRows,
    signal,
  }))
    yield {
      all: () => allOf(step, columns),
      merged: () => mergedOf(step, columns, layout),
    }
}

/** The rows of a step by key, those of a key in the order in which they are merged. */
function allOf(step: MergeStep, columns: StepColumns): RunRows {
  const ranges = step.ranges.map(({ window, run, from, to }) => {
    return { precedence: window.precedence, level: window.level, run, from, to }
  })
  const { runOf, rows, kinds } = keyedRows(allRows(step.order), ranges)
  const sources = rangeSources(step, columns)
  return gathered(columns.count, kinds, (index) =>
    gatherColumn({
      columns: sources.columns(index),
      sourceOf: runOf,
      rows,
      length: rows.length,
    }),
  )
}

function mergedOf(step: MergeStep, columns: StepColumns, layout: KeyValueLayout): RunRows {
  const { length, runOf, rows, kinds, sources, isMade } = mergeStep(step, columns, {
    layout,
    keepDeletes: true,
  })
  return gathered(columns.count, kinds, (index) => {
    const of = sources.columns(index)
    // Rows that were made are those of the last source, and all of them stay.
    return isMade ? of.at(-1)! : gatherColumn({ columns: of, sourceOf: runOf, rows, length })
  })
}

/** The columns of the table, and the sequence number behind them. */
function gathered(count: number, kinds: Int8Array, column: (index: number) => Column): RunRows {
  const columns = Array.from({ length: count }, (_, index) => column(index))
  return rowsOf(columns.slice(0, -1), columns.at(-1)!, kinds)
}
