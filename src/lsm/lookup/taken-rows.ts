/** Rows taken from several sources: copied together, or handed on to be written as they lie. */
import { batchRows } from '../../format/column-rows.ts'
import { batchBytes } from '../../types/batch-bytes.ts'
import type { Column } from '../../types/column.ts'
import { picksOf } from '../gather-prefixed.ts'
import { gatherColumn } from '../gather.ts'
import { kindsColumn } from '../row-kinds.ts'
import type { RunRows } from '../run-writer.ts'
import type { RowSources } from '../step-merge.ts'

/** Rows of sources: row i is row `rows[i]` of source `sourceOf[i]`; the arrays may be longer. */
export interface ChosenRows {
  readonly sourceOf: Uint16Array
  readonly rows: Uint32Array
  readonly length: number
}

/** Copies rows. Whoever is the last to take rows of the sources may use their memory up. */
export function gatherRows(
  sources: RowSources,
  columnCount: number,
  { sourceOf, rows, length }: ChosenRows,
  isLast: boolean,
): Column[] {
  const chosen = { sourceOf: sourceOf.subarray(0, length), rows: rows.subarray(0, length), length }
  // Picked values are looked for in pages once, whose memory is given back then.
  const picks = isLast ? picksOf(chosen.sourceOf, chosen.rows, sources.lengths) : null
  return Array.from({ length: columnCount }, (_, i) =>
    gatherColumn({ columns: sources.columns(i), ...chosen }, picks),
  )
}

/** Rows of sources whose columns are those of the table, and behind them the sequence numbers. */
export function takeRows(
  sources: readonly (readonly Column[])[],
  sourceOf: Uint16Array | null,
  rows: Uint32Array,
  kinds: Int8Array,
): RunRows {
  const { length } = rows
  const first = sources[0]!
  const last = first.length - 1
  // All rows of one source are taken as they lie.
  const places = sources.length === 1 && isWhole(rows, first[0]!.length) ? null : rows
  const columnOf = (index: number) => ({
    columns: sources.map((columns) => columns[index]!),
    sourceOf,
    rows: places,
    length,
  })
  const size = sources.reduce((sum, columns) => sum + sizeOf(columns), 0)
  const count = sources.reduce((sum, columns) => sum + columns[0]!.length, 0)
  return {
    length,
    values: batchRows(length, columnOf, size / Math.max(1, count)),
    sequences: columnOf(last),
    kinds: { columns: [kindsColumn(kinds)], sourceOf: null, rows: null, length },
  }
}

function sizeOf(columns: readonly Column[]): number {
  return batchBytes({ length: columns[0]!.length, columns })
}

function isWhole(rows: Uint32Array, length: number): boolean {
  if (rows.length !== length) return false
  for (let i = 0; i < length; i++) if (rows[i] !== i) return false
  return true
}
