/**
 * Aggregate functions over single values: how the columns of rows with one key become one value.
 *
 * These are the rules of the Java package `org.apache.paimon.mergetree.compact.aggregate`; see
 * docs/format/aggregates.md.
 */
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { invalid } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { collect, listagg } from './value-lists.ts'
import { mergeMap, mergeMapWithKeyTime } from './value-maps.ts'
import type { MergeOfColumn, ValueMerge } from './value-merge.ts'
import { nestedPartialUpdate, nestedUpdate } from './value-nested.ts'
import { product, sum } from './value-numbers.ts'
import {
  boolAnd,
  boolOr,
  firstNonNullValue,
  firstValue,
  lastNonNullValue,
  lastValue,
  max,
  min,
  primaryKey,
} from './value-picks.ts'
import { hllSketch, rbm32, rbm64, thetaSketch } from './value-sketches.ts'

/**
 * The aggregate of one column. `acc` is what it gave before, null at first; values are never changed in place, and a
 * result may be one of the arguments itself.
 */
export interface ValueAggregate {
  readonly agg: (acc: InternalValue, input: InternalValue) => InternalValue
  /** Takes a value back. Throws INVALID for functions that cannot. */
  readonly retract: (acc: InternalValue, input: InternalValue) => InternalValue
  /** Merges an input that belongs before what is accumulated. */
  readonly aggReversed: (acc: InternalValue, input: InternalValue) => InternalValue
  /** Has to be called before the first row of every key. */
  readonly reset: () => void
}

/**
 * The aggregate function of the name for a column with its `fields.<column>.*` options. Throws INVALID, with the nearest
 * name, for an unknown function, and for one that does not take the column's type or options.
 */
export function valueAggregate(
  name: string,
  field: DataField,
  options: TableOptionValues,
): ValueAggregate {
  const make = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (make === undefined)
    throw invalid(
      `column "${field.name}": there is no aggregate function "${name}"${didYouMean(name, AGGREGATE_FUNCTIONS)}`,
      { hint: `the functions are ${AGGREGATE_FUNCTIONS.join(', ')}` },
    )
  const ignoresRetract = options.field(field.name, 'ignore-retract')
  if (ignoresRetract && options.get('aggregation.remove-record-on-delete'))
    throw invalid(
      `fields.${field.name}.ignore-retract and aggregation.remove-record-on-delete exclude each other`,
      { hint: 'unset one of them' },
    )
  return completed(name, field, make(field, options), ignoresRetract)
}

const FUNCTIONS: Readonly<Record<string, MergeOfColumn>> = {
  sum,
  product,
  max,
  min,
  last_value: lastValue,
  last_non_null_value: lastNonNullValue,
  first_value: firstValue,
  first_non_null_value: firstNonNullValue,
  // The name that it had before Paimon 0.9.
  first_not_null_value: firstNonNullValue,
  bool_and: boolAnd,
  bool_or: boolOr,
  listagg,
  collect,
  merge_map: mergeMap,
  merge_map_with_keytime: mergeMapWithKeyTime,
  nested_update: nestedUpdate,
  nested_partial_update: nestedPartialUpdate,
  rbm32,
  rbm64,
  theta_sketch: thetaSketch,
  hll_sketch: hllSketch,
  'primary-key': primaryKey,
}

/** The names of all functions. */
const AGGREGATE_FUNCTIONS: readonly string[] = Object.keys(FUNCTIONS)

function completed(
  name: string,
  field: DataField,
  merge: ValueMerge,
  ignoresRetract: boolean,
): ValueAggregate {
  const agg: ValueMerge['agg'] = (acc, input) => merge.agg(acc, input)
  const swapped: ValueMerge['agg'] = (acc, input) => merge.agg(input, acc)
  const reset = (): void => merge.reset?.()
  // Java's FieldIgnoreRetractAgg wraps the function, and does not pass on its own way of merging in reverse.
  if (ignoresRetract) return { agg, aggReversed: swapped, retract: (acc) => acc, reset }
  const aggReversed: ValueMerge['agg'] =
    merge.aggReversed === undefined ? swapped : (acc, input) => merge.aggReversed!(acc, input)
  const retract: ValueMerge['agg'] = (acc, input) => {
    if (merge.retract !== undefined) return merge.retract(acc, input)
    throw invalid(
      `aggregate function ${name} of column "${field.name}" cannot take back what it has merged`,
      { hint: `fields.${field.name}.ignore-retract = true leaves out what rows take back` },
    )
  }
  return { agg, retract, aggReversed, reset }
}
