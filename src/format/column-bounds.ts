/**
 * The least and the greatest value of columns, for formats whose files do not keep them.
 *
 * Follows Java's `SimpleStatsCollector`: values of types without an order of their own (binaries and nested types) are
 * only counted when null.
 */
import type { Batch, Column } from '../types/column.ts'
import { isPresent } from '../types/column.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import { cellValue } from '../types/internal-value.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'
import type { ColumnBounds } from './data-file.ts'

interface Open {
  min: ScalarValue | null
  max: ScalarValue | null
  nullCount: number
}

export class BoundsCollector {
  readonly #fields: readonly DataField[]
  readonly #open: Open[]

  constructor(fields: readonly DataField[]) {
    this.#fields = fields
    this.#open = fields.map(() => ({ min: null, max: null, nullCount: 0 }))
  }

  add(batch: Batch): void {
    for (const [i, { type }] of this.#fields.entries())
      addColumn(this.#open[i]!, batch.columns[i]!, type)
  }

  finish(): ColumnBounds[] {
    return this.#open
  }
}

function addColumn(open: Open, column: Column, type: DataType): void {
  const ordered = hasBounds(type)
  for (let row = 0; row < column.length; row++) {
    if (!isPresent(column, row)) open.nullCount++
    else if (ordered) {
      const value = cellValue(column, type, row) as ScalarValue
      if (open.min === null || compareValues(value, open.min) < 0) open.min = value
      if (open.max === null || compareValues(value, open.max) > 0) open.max = value
    }
  }
}

/** Whether values of the type have an order that Java's statistics use. */
export function hasBounds(type: DataType): boolean {
  switch (type.kind) {
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
    case 'VARIANT':
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
    case 'VECTOR':
      return false
    default:
      return true
  }
}
