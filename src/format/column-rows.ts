/** Rows to write: taken from one or several columns of the same type, in a chosen order, without copying them first. */
import { batchBytes } from '../types/batch-bytes.ts'
import { concatColumns, takeColumn } from '../types/column-take.ts'
import { type Batch, type Column, countNulls, isPresent } from '../types/column.ts'

/**
 * Value i is row `rows[i]` of `columns[sourceOf[i]]`; without `rows` it is row i, without `sourceOf` it is of the first
 * column. `length` counts the values.
 */
export interface ColumnRows {
  readonly columns: readonly Column[]
  readonly sourceOf: Uint16Array | null
  readonly rows: Int32Array | Uint32Array | null
  readonly length: number
}

/** The values `[from, to)` of `rows`. */
export interface ColumnPiece {
  readonly rows: ColumnRows
  readonly from: number
  readonly to: number
}

/** Rows of several columns, chosen alike in each. */
export interface BatchRows {
  readonly length: number
  /** What a row weighs in memory on average, where that is known: a first guess of what it will take in a file. */
  readonly rowBytes?: number | undefined
  /** All rows of a column. */
  column(index: number): ColumnRows
  /**
   * The rows `[from, to)` of a column, in order, as one piece or as several that are quicker to read. A piece is valid
   * until the next one is asked for.
   */
  pieces(index: number, from: number, to: number): Iterable<ColumnPiece>
}

/** Rows that are read as they are. */
export function batchRows(
  length: number,
  column: (index: number) => ColumnRows,
  rowBytes?: number,
): BatchRows {
  return {
    length,
    rowBytes,
    column,
    pieces: (index, from, to) => [{ rows: column(index), from, to }],
  }
}

/** Every row of a batch as it stands. */
export function allRows(batch: Batch): BatchRows {
  const { length } = batch
  const columns = batch.columns.map((column) => [column])
  return batchRows(
    length,
    (index) => ({ columns: columns[index]!, sourceOf: null, rows: null, length }),
    batchBytes(batch) / Math.max(1, length),
  )
}

export function hasNulls({ columns }: ColumnRows): boolean {
  return columns.some((column) => column.validity !== null && countNulls(column) > 0)
}

/** The values `[from, to)` as one column. */
export function materialize(from: number, to: number, source: ColumnRows): Column {
  const { columns, sourceOf, rows } = source
  const taken = new Int32Array(to - from)
  if (sourceOf === null || columns.length === 1) {
    for (let i = 0; i < taken.length; i++) taken[i] = rows === null ? from + i : rows[from + i]!
    return takeColumn(columns[0]!, taken)
  }
  // The columns are joined once; the bases turn a row of one of them into a row of the whole.
  const bases = new Int32Array(columns.length)
  for (let c = 1; c < columns.length; c++) bases[c] = bases[c - 1]! + columns[c - 1]!.length
  for (let i = 0; i < taken.length; i++)
    taken[i] = bases[sourceOf[from + i]!]! + (rows === null ? from + i : rows[from + i]!)
  return takeColumn(concatColumns(columns), taken)
}

/** Marks which of the values `[from, to)` are present: 1 or 0 each. Returns how many are. */
export function readPresence(
  source: ColumnRows,
  from: number,
  to: number,
  out: Uint8Array,
): number {
  const { columns, sourceOf, rows } = source
  let present = 0
  for (let i = from; i < to; i++) {
    const column = columns[sourceOf === null ? 0 : sourceOf[i]!]!
    const is = isPresent(column, rows === null ? i : rows[i]!) ? 1 : 0
    out[i - from] = is
    present += is
  }
  return present
}
