/** Where a column goes among the others. Follows `SchemaChange.Move` and `SchemaManager.applyMove`. */
import { invalid } from '../../util/errors.ts'
import type { DataField } from '../data-type.ts'
import { noField } from './field-path.ts'

/** Beside which other field a field goes, or to which end. */
export type ColumnPosition =
  | 'first'
  | 'last'
  | { readonly after: string }
  | { readonly before: string }

/** The fields with another one among them. INVALID where the field that it goes beside is not there. */
export function insertField(
  siblings: readonly DataField[],
  field: DataField,
  position: ColumnPosition,
): readonly DataField[] {
  return siblings.toSpliced(indexFor(siblings, position), 0, field)
}

/** The columns in another order. INVALID where one is to go beside itself, or is there already as the first or last. */
export function moveColumn(
  fields: readonly DataField[],
  name: string,
  position: ColumnPosition,
): readonly DataField[] {
  const from = indexOf(fields, name)
  const field = fields[from]!
  const end = position === 'first' ? 0 : position === 'last' ? fields.length - 1 : undefined
  const isItself = end === undefined ? reference(position) === name : end === from
  if (isItself)
    throw invalid(`the column "${name}" cannot be moved to where it is`, {
      hint: 'leave the move out, or name another column',
    })
  const others = fields.toSpliced(from, 1)
  return insertField(others, field, position)
}

function indexFor(siblings: readonly DataField[], position: ColumnPosition): number {
  if (position === 'first') return 0
  if (position === 'last') return siblings.length
  if ('after' in position) return indexOf(siblings, position.after) + 1
  return indexOf(siblings, position.before)
}

function reference(position: ColumnPosition): string | undefined {
  if (typeof position === 'string') return undefined
  return 'after' in position ? position.after : position.before
}

function indexOf(siblings: readonly DataField[], name: string): number {
  const index = siblings.findIndex((each) => each.name === name)
  if (index < 0) throw noField(siblings, name)
  return index
}
