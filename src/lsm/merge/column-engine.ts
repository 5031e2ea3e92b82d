/** What the merge engines that work column by column have in common. */
import type { Column } from '../../types/column.ts'
import { isPresent } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { corrupt } from '../../util/errors.ts'
import type { KeyedRows } from './keyed-rows.ts'
import { ADD, type Operations, SET } from './operations.ts'

/** The sources of the rows of a merge. */
export interface Sources {
  /** The rows of each source. */
  readonly lengths: readonly number[]
  /** A column of each source. */
  readonly columnsOf: (field: DataField) => readonly Column[]
}

export interface MergedKeys {
  /** The kind of each key's row: +I, or -D where it is deleted; a key's only row keeps its own. */
  readonly kinds: Int8Array
  /** A column for each field that was asked for. */
  readonly columns: readonly Column[]
}

/** An engine whose rows are made of the values of several: partial-update and aggregation. */
export interface ColumnEngine {
  /** Whether rows that take back count for nothing where a key has others. */
  readonly ignoresDelete: boolean
  /** The columns that have to be read so that the given ones can be merged: these, and others behind them. */
  readonly reads: (fields: readonly DataField[]) => readonly DataField[]
  readonly merge: (keyed: KeyedRows, fields: readonly DataField[], sources: Sources) => MergedKeys
}

/** Throws CORRUPT where a row that is set, or with `adds` one that is added, has no value in a column that is NOT NULL. */
export function checkNotNull(
  { type, name }: DataField,
  { length, keyCount, starts, runOf, rows, isLone }: KeyedRows,
  operations: Operations,
  columns: readonly Column[],
  adds: boolean,
): void {
  if (type.nullable || length === 0 || columns.every(({ validity }) => validity === null)) return
  for (let key = 0; key < keyCount; key++) {
    if (isLone[key] === 1) continue
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const step = operations === null ? ADD : operations[i]!
      if (step !== SET && (step !== ADD || !adds)) continue
      if (!isPresent(columns[runOf[i]!]!, rows[i]!))
        throw corrupt(`a row has no value in column "${name}", which is NOT NULL`)
    }
  }
}
