/** Which keys have the same values before and after, for changelogs that leave those out. */
import { markDifferences } from '../../types/column-equal.ts'
import { type Column, isPresent } from '../../types/column.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import { cellValue } from '../../types/internal-value.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { assert } from '../../util/assert.ts'
import { fieldsIdentity } from '../merge/value-identity.ts'

/** Marks keys whose rows `before[i]` and `after[i]` are equal in the compared columns; -1 is no row. */
export type SameRows = (
  before: Int32Array,
  after: Int32Array,
  beforeColumns: readonly Column[],
  afterColumns: readonly Column[],
) => Uint8Array

/**
 * How rows of the table are compared: `changelog-producer.row-deduplicate` and its ignored fields; null where changes are
 * told whatever the values. Columns are those of the table, in order.
 */
export function sameRows(
  fields: readonly DataField[],
  options: TableOptionValues,
): SameRows | null {
  if (!options.get('changelog-producer.row-deduplicate')) return null
  const ignored = options.get('changelog-producer.row-deduplicate-ignore-fields') ?? []
  const compared = [...fields.keys()].filter((i) => !ignored.includes(fields[i]!.name))
  return (before, after, beforeColumns, afterColumns) => {
    const keys = Uint32Array.from(before.keys()).filter(
      (key) => before[key]! >= 0 && after[key]! >= 0,
    )
    const differs = new Uint8Array(keys.length)
    const [left, right] = [before, after].map((rows) => Int32Array.from(keys, (key) => rows[key]!))
    for (const i of compared)
      markUnequal(
        fields[i]!.type,
        { column: beforeColumns[i]!, rows: left! },
        { column: afterColumns[i]!, rows: right! },
        differs,
      )
    const isSame = new Uint8Array(before.length)
    for (let i = 0; i < keys.length; i++) if (differs[i] === 0) isSame[keys[i]!] = 1
    return isSame
  }
}

interface Values {
  readonly column: Column
  readonly rows: Int32Array
}

/**
 * Sets `differs[i]` where the i-th values are not equal as Java's generated `RecordEqualiser` has it: floats as numbers, so
 * that NaN equals nothing, and what is nested field by field.
 */
function markUnequal(type: DataType, a: Values, b: Values, differs: Uint8Array): void {
  switch (type.kind) {
    case 'FLOAT':
    case 'DOUBLE':
      markUnequalFloats(a, b, differs)
      return
    case 'ARRAY':
    case 'VECTOR':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
      markUnequalNested(type, a, b, differs)
      return
    default:
      markDifferences(a.column, a.rows, b.column, b.rows, differs)
  }
}

function markUnequalFloats(a: Values, b: Values, differs: Uint8Array): void {
  const [left, right] = [a.column, b.column]
  assert(left.layout === 'fixed' && right.layout === 'fixed', 'floats are fixed-width')
  for (let i = 0; i < differs.length; i++) {
    const [row, other] = [a.rows[i]!, b.rows[i]!]
    const isThere = isPresent(left, row)
    const isSame =
      isThere === isPresent(right, other) && (!isThere || left.values[row] === right.values[other])
    if (!isSame) differs[i] = 1
  }
}

function markUnequalNested(type: DataType, a: Values, b: Values, differs: Uint8Array): void {
  const identity = fieldsIdentity(type)
  for (let i = 0; i < differs.length; i++) {
    if (differs[i] === 1) continue
    const value = identity(cellValue(a.column, type, a.rows[i]!))
    if (value !== identity(cellValue(b.column, type, b.rows[i]!))) differs[i] = 1
  }
}
