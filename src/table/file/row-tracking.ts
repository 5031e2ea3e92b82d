/**
 * The ids and sequence numbers of tracked rows: as a file stores them, else as the manifest says of the whole file.
 *
 * Follows `DataFileRecordReader` of Java.
 */
import type { DataFile, RowCursor, RowRange } from '../../format/data-file.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { type Column, type FixedColumn, isPresent } from '../../types/column.ts'
import { asNullable, type DataField } from '../../types/data-type.ts'
import { ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD } from '../../types/field-ids.ts'
import { tableOptions } from '../../types/options.ts'
import { projectTo } from '../../types/predicate-analysis.ts'
import { bindPredicate } from '../../types/predicate-bind.ts'
import { mayMatch } from '../../types/predicate-stats.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { corrupt } from '../../util/errors.ts'

export function tracksRows({ options }: TableSchema): boolean {
  return tableOptions(options).get('row-tracking.enabled')
}

/** Whether any row with an id in `[from, to)` may be wanted. */
export type RowIdTest = (from: bigint, to: bigint) => boolean

/** What a filter on the columns of a table and on `_ROW_ID` demands of the ids. */
export function rowIdTest(predicate: Predicate | undefined): RowIdTest | undefined {
  const demand = predicate && projectTo(predicate, [ROW_ID_FIELD.name])
  if (demand === undefined) return undefined
  const bound = bindPredicate(demand, [ROW_ID_FIELD])
  return (from, to) =>
    mayMatch(bound, Number(to - from), () => ({ min: from, max: to - 1n, nullCount: 0 }))
}

/** So many rows are asked about at a time. */
const ROWS_TOGETHER = 1024

/** The rows of files with the same rows whose ids may be wanted; null when all may. */
export function rowsWithIds(
  files: readonly DataFileMeta[],
  isWanted: RowIdTest,
): readonly RowRange[] | null {
  const { firstRowId, rowCount, writeCols } = firstOf(files)
  if (firstRowId === null || writeCols?.includes(ROW_ID_FIELD.name)) return null
  const ranges: { from: number; to: number }[] = []
  for (let from = 0; from < rowCount; from += ROWS_TOGETHER) {
    const to = Math.min(rowCount, from + ROWS_TOGETHER)
    if (!isWanted(firstRowId + BigInt(from), firstRowId + BigInt(to))) continue
    const last = ranges.at(-1)
    if (last?.to === from) last.to = to
    else ranges.push({ from, to })
  }
  return ranges
}

/** The file whose rows are those of all: others may have some of them only. */
function firstOf(files: readonly DataFileMeta[]): DataFileMeta {
  return files.reduce((most, file) => (file.rowCount > most.rowCount ? file : most))
}

/** The file with the columns `_ROW_ID` and `_SEQUENCE_NUMBER` filled in, where they are asked for. */
export function trackedFile(stored: DataFile, meta: DataFileMeta): DataFile {
  return {
    ...stored,
    cursor: (options) => {
      if (!options.fields.some(isTracking)) return stored.cursor(options)
      const fields = options.fields.map((field) =>
        isTracking(field) ? { ...field, type: asNullable(field.type) } : field,
      )
      return trackedCursor(stored.cursor({ ...options, fields }), meta, options)
    },
  }
}

function isTracking({ id }: DataField): boolean {
  return id === ROW_ID_FIELD.id || id === SEQUENCE_NUMBER_FIELD.id
}

function trackedCursor(
  cursor: RowCursor,
  { firstRowId, maxSequenceNumber }: DataFileMeta,
  { fields, rows }: { fields: readonly DataField[]; rows?: readonly RowRange[] | undefined },
): RowCursor {
  const positions = rowPositions(rows)
  return {
    read: async (rowCount) => {
      const batch = await cursor.read(rowCount)
      if (batch === null) return null
      const { length } = batch
      const at = positions(length)
      const columns = batch.columns.map((column, i) => {
        const { id } = fields[i]!
        if (id === SEQUENCE_NUMBER_FIELD.id) return filled(column, () => maxSequenceNumber)
        if (id !== ROW_ID_FIELD.id) return column
        return filled(column, (row) => {
          if (firstRowId === null) throw corrupt('rows without ids are in a table that tracks rows')
          return firstRowId + BigInt(at[row]!)
        })
      })
      return { length, columns }
    },
  }
}

/** Tells the places in the file of the next rows that a cursor over the ranges gives. */
function rowPositions(
  ranges: readonly RowRange[] = [{ from: 0, to: Infinity }],
): (count: number) => Float64Array {
  let range = 0
  let next = ranges[0]?.from ?? 0
  return (count) => {
    const positions = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      while (next >= ranges[range]!.to) next = ranges[++range]!.from
      positions[i] = next++
    }
    return positions
  }
}

/** The column with a value where it has none. */
function filled(column: Column, valueAt: (row: number) => bigint): FixedColumn {
  const { length } = column
  const stored = (column as FixedColumn).values as BigInt64Array
  const values = new BigInt64Array(length)
  for (let row = 0; row < length; row++)
    values[row] = isPresent(column, row) ? stored[row]! : valueAt(row)
  return { layout: 'fixed', length, validity: null, values }
}
