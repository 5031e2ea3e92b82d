/** Which keys have the same values before and after, for changelogs that leave those out. */
import { markDifferences } from '../../types/column-equal.ts'
import type { Column } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { TableOptionValues } from '../../types/options.ts'

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
      markDifferences(beforeColumns[i]!, left!, afterColumns[i]!, right!, differs)
    const isSame = new Uint8Array(before.length)
    for (let i = 0; i < keys.length; i++) if (differs[i] === 0) isSame[keys[i]!] = 1
    return isSame
  }
}
