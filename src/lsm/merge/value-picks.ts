/** Aggregate functions that keep one of the values they are given: first, last, least, greatest, and, or. */
import type { DataType } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { typeText } from '../../types/type-text.ts'
import { invalid } from '../../util/errors.ts'
import { type MergeOfColumn, unlessNull, wrongType } from './value-merge.ts'

/** The value itself, whatever it is and whatever the row's kind; Java's `FieldPrimaryKeyAgg`. */
export const primaryKey: MergeOfColumn = () => ({
  agg: (_, input) => input,
  retract: (_, input) => input,
})

/** The last value, null too; taking anything back leaves null. */
export const lastValue: MergeOfColumn = () => ({
  agg: (_, input) => input,
  retract: () => null,
})

/** The last value that is not null; taking one back leaves null, whichever it is. */
export const lastNonNullValue: MergeOfColumn = () => ({
  agg: (acc, input) => input ?? acc,
  retract: (acc, input) => (input === null ? acc : null),
})

/** The first value since the reset, null too. */
export const firstValue: MergeOfColumn = () => firstOf(() => true)

export const firstNonNullValue: MergeOfColumn = () => firstOf((input) => input !== null)

function firstOf(counts: (input: InternalValue) => boolean): ReturnType<MergeOfColumn> {
  let found = false
  return {
    agg: (acc, input) => {
      if (found || !counts(input)) return acc
      found = true
      return input
    },
    reset: () => {
      found = false
    },
  }
}

/** The greatest value; of equal ones the one that was there. */
export const max: MergeOfColumn = ({ type }) => ({
  agg: unlessNull((acc, input) => (compareValues(type, acc, input) < 0 ? input : acc)),
})

/** The least value; of equal ones the new one. */
export const min: MergeOfColumn = ({ type }) => ({
  agg: unlessNull((acc, input) => (compareValues(type, acc, input) < 0 ? acc : input)),
})

export const boolAnd: MergeOfColumn = (field) => {
  if (field.type.kind !== 'BOOLEAN') throw wrongType('bool_and', field, 'BOOLEAN')
  return { agg: unlessNull((acc, input) => acc === true && input === true) }
}

export const boolOr: MergeOfColumn = (field) => {
  if (field.type.kind !== 'BOOLEAN') throw wrongType('bool_or', field, 'BOOLEAN')
  return { agg: unlessNull((acc, input) => acc === true || input === true) }
}

/**
 * The order of two values as Java's `InternalRowUtils.compare` has it. Types without an order are an error only here,
 * once two values meet: tables whose keys have one row each are read in Java too.
 */
export function compareValues(
  type: DataType,
  a: NonNullable<InternalValue>,
  b: NonNullable<InternalValue>,
): number {
  switch (type.kind) {
    case 'FLOAT':
    case 'DOUBLE':
      return compareFloats(a as number, b as number)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return Buffer.compare(a as Uint8Array, b as Uint8Array)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'DECIMAL':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      if (a === b) return 0
      return (a as number | bigint) < (b as number | bigint) ? -1 : 1
    default:
      throw invalid(`values of type ${typeText(type)} have no order`)
  }
}

/** Java's order: NaN is greater than all others, and -0 is less than 0. */
function compareFloats(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (Object.is(a, b)) return 0
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1
  return Object.is(a, -0) ? -1 : 1
}
