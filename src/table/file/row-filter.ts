/** Which rows of a data file may pass a filter: told by its statistics, then by the values of the columns filtered on. */
import type { DataFile, RowRange } from '../../format/data-file.ts'
import { nthRowOf } from '../../format/row-ranges.ts'
import { CastError } from '../../types/cast/rule.ts'
import type { DataField } from '../../types/data-type.ts'
import { columnsOf } from '../../types/predicate-analysis.ts'
import { bindPredicate, type BoundPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import { throwIfAborted } from '../../util/async.ts'

/** A predicate, bound to look at statistics and to look at rows. */
export interface RowFilter {
  readonly statistics: BoundPredicate
  readonly values: BoundPredicate
}

/** A filter by columns among `fields`. */
export function rowFilter(predicate: Predicate, fields: readonly DataField[]): RowFilter {
  const names = new Set(columnsOf(predicate))
  const used = fields.filter(({ name }) => names.has(name))
  return { statistics: bindPredicate(predicate, fields), values: bindPredicate(predicate, used) }
}

/** Where statistics leave more rows than this, the filter is left to whoever reads them. */
const LOOKED_AT_MAX = 1 << 18
const BATCH_ROWS = 1 << 16
/** Rows are read one by one only where less than one in so many passes. */
const SELECTIVE = 8
/** Fewer rows than this between two that pass are read along. */
const GAP_ROWS = 32

/** The rows of the file that may pass, ascending; null when all may. */
export async function chooseRows(
  file: DataFile,
  filter: RowFilter,
  signal: AbortSignal | undefined,
): Promise<readonly RowRange[] | null> {
  const pruned = await file.prune(filter.statistics)
  if (file.rowCount === null) return pruned
  const ranges = pruned ?? [{ from: 0, to: file.rowCount }]
  const rowCount = countRows(ranges)
  if (rowCount === 0 || rowCount > LOOKED_AT_MAX) return pruned
  try {
    return (await passingRows(file, filter, ranges, signal)) ?? pruned
  } catch (error) {
    // Whether rows with values that cannot be cast are read at all is told by who reads them.
    if (error instanceof CastError) return pruned
    throw error
  }
}

/** The rows of the ranges that pass the filter; null where they are too many to be read one by one. */
async function passingRows(
  file: DataFile,
  filter: RowFilter,
  ranges: readonly RowRange[],
  signal: AbortSignal | undefined,
): Promise<readonly RowRange[] | null> {
  // Rows are told by where they stand in the file, so none may be missing.
  const cursor = file.cursor({ fields: filter.values.fields, rows: ranges, keepsDeleted: true })
  const chosen: { from: number; to: number }[] = []
  const rowAt = nthRowOf(ranges)
  for (let seen = 0; ;) {
    throwIfAborted(signal)
    const batch = await cursor.read(BATCH_ROWS)
    if (batch === null) break
    const passed = selectRows(filter.values, batch)
    if (passed === null || passed.length > batch.length / SELECTIVE) return null
    for (const row of passed) addRow(chosen, rowAt(seen + row))
    seen += batch.length
  }
  return chosen
}

function countRows(ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0)
}

function addRow(ranges: { from: number; to: number }[], row: number): void {
  const last = ranges.at(-1)
  if (last !== undefined && row <= last.to + GAP_ROWS) last.to = row + 1
  else ranges.push({ from: row, to: row + 1 })
}
