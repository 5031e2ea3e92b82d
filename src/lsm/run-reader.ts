/**
 * Reads one sorted run in two steps: the columns that decide the merge, a window at a time, then the other columns of
 * the rows that the merge has passed.
 */
import type { DataFile, RowCursor, RowRange } from '../format/data-file.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { corrupt } from '../util/errors.ts'
import { keyOrder, type KeyValueLayout, SYSTEM_FIELDS, sequenceOrder } from './key-value.ts'
import type { Precedence } from './merge/deduplicate.ts'
import { kindsOf, sequenceNumbers } from './row-kinds.ts'
import { type SortKeys, sortKeys } from './sort-keys.ts'

/** A data file of a primary-key table, as a merge reads it. */
export interface RunFile {
  /** The file with the columns of the table, whichever schema it was written with, and `_KEY_` and system columns. */
  open(): Promise<DataFile>
  /** The rows to read, chosen by key; null for all. */
  rows(file: DataFile): Promise<readonly RowRange[] | null>
  readonly level: number
  /** Whether some rows may take their key away. */
  readonly hasDeletes: boolean
}

/** What a merge reads, in which step. */
export interface RunColumns {
  readonly layout: KeyValueLayout
  /** Columns of the table that are read after the merge has chosen. */
  readonly values: readonly DataField[]
}

/** Rows of a run whose merging columns are at hand. */
export interface RunWindow {
  readonly length: number
  /** The level of the file. */
  readonly level: number
  readonly keys: SortKeys
  readonly precedence: Precedence
  /** The key columns, then the columns of `sequence.field`. */
  readonly columns: readonly Column[]
  /** The other columns of the same rows, read front to back, window after window of a file; null without any. */
  readonly values: RowCursor | null
}

interface OpenFile {
  readonly level: number
  readonly keys: RowCursor
  readonly values: RowCursor | null
}

export class RunReader {
  readonly #files: readonly RunFile[]
  readonly #columns: RunColumns
  #next = 0
  #open: OpenFile | null = null

  constructor(files: readonly RunFile[], columns: RunColumns) {
    this.#files = files
    this.#columns = columns
  }

  /** The next rows, at most `rowCount`; null at the end. */
  async next(rowCount: number): Promise<RunWindow | null> {
    for (;;) {
      this.#open ??= await this.#openNext()
      if (this.#open === null) return null
      const batch = await this.#open.keys.read(rowCount)
      if (batch !== null) {
        const { level, values } = this.#open
        return runWindow(this.#columns.layout, batch, level, values)
      }
      this.#open = null
    }
  }

  async #openNext(): Promise<OpenFile | null> {
    const runFile = this.#files[this.#next]
    if (runFile === undefined) return null
    this.#next++
    const { layout, values } = this.#columns
    const file = await runFile.open()
    const rows = (await runFile.rows(file)) ?? undefined
    const fields = [...storedKeyFields(layout, file), ...SYSTEM_FIELDS, ...layout.sequence]
    return {
      level: runFile.level,
      keys: file.cursor({ fields, rows, views: true }),
      values: values.length === 0 ? null : file.cursor({ fields: values, rows, views: true }),
    }
  }
}

/** A window of a batch that has the key columns, the system columns and the columns of `sequence.field`. */
export function runWindow(
  layout: KeyValueLayout,
  { length, columns }: Batch,
  level: number,
  values: RowCursor | null,
): RunWindow {
  const keyCount = layout.keys.length
  const keyColumns = columns.slice(0, keyCount)
  const sequence = columns.slice(keyCount + SYSTEM_FIELDS.length)
  for (const [i, column] of columns.slice(0, keyCount + SYSTEM_FIELDS.length).entries())
    if (column.validity !== null)
      throw corrupt(`key or system column ${i} of a data file has nulls`)
  return {
    length,
    level,
    keys: sortKeys(keyOrder(layout), keyColumns, length),
    precedence: {
      sequence:
        sequence.length === 0
          ? null
          : sortKeys(sequenceOrder(layout, layout.sequenceDescending), sequence, length),
      numbers: sequenceNumbers(columns[keyCount]!),
      kinds: kindsOf(columns[keyCount + 1]!),
    },
    columns: [...keyColumns, ...sequence],
    values,
  }
}

/** The key columns stand apart in a file, or, in thin mode, only among the table's columns. */
export function storedKeyFields(
  { storedKeys, keys }: KeyValueLayout,
  { columnNames }: DataFile,
): readonly DataField[] {
  const isApart = storedKeys.every((field) => columnNames.has(field.name))
  return isApart ? storedKeys : keys
}
