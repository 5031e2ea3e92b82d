/** What one aggregate function does to the values of one column, without what all functions have in common. */
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { typeText } from '../../types/type-text.ts'
import { invalid, type LakeError } from '../../util/errors.ts'

export interface ValueMerge {
  readonly agg: (acc: InternalValue, input: InternalValue) => InternalValue
  /** Left out when the function cannot take a value back. */
  readonly retract?: (acc: InternalValue, input: InternalValue) => InternalValue
  /** Left out when it is `agg` with the arguments swapped. */
  readonly aggReversed?: (acc: InternalValue, input: InternalValue) => InternalValue
  /** Left out when the function remembers nothing between values. */
  readonly reset?: () => void
}

/** Makes the merge of a column; throws INVALID when the function does not take the column's type. */
export type MergeOfColumn = (field: DataField, options: TableOptionValues) => ValueMerge

/** An `agg` for which null on either side means "the other one". */
export function unlessNull(
  merge: (acc: NonNullable<InternalValue>, input: NonNullable<InternalValue>) => InternalValue,
): ValueMerge['agg'] {
  return (acc, input) => {
    if (acc === null) return input
    return input === null ? acc : merge(acc, input)
  }
}

/** The INVALID error for a column of a type that the function does not take. */
export function wrongType(name: string, field: DataField, takes: string): LakeError {
  return invalid(
    `aggregate function ${name} takes columns of ${takes}, but "${field.name}" is ${typeText(field.type)}`,
    { hint: `set fields.${field.name}.aggregate-function to a function of the column's type` },
  )
}
