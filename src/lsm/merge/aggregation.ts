/**
 * The merge engine aggregation: each column of a key is what its function makes of the values of all rows.
 *
 * Follows the Java class `AggregateMergeFunction`.
 */
import type { DataField } from '../../types/data-type.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { DELETE, INSERT, isRetract } from '../../types/row-kind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { checkNotNull, type ColumnEngine } from './column-engine.ts'
import { aggregateFunction, type ColumnFunction, ColumnMerge } from './column-merge.ts'
import { FlatMemory } from './flat-columns.ts'
import type { KeyedRows } from './keyed-rows.ts'
import { ADD, type Operations, RETRACT, SET } from './operations.ts'

/** Throws INVALID for functions that are not there, or not for the type of their column. */
export function aggregation(schema: TableSchema, options: TableOptionValues): ColumnEngine {
  const removesOnDelete = options.get('aggregation.remove-record-on-delete')
  const functions = new Map<number, ColumnFunction>(
    schema.fields.map((field) => [
      field.id,
      aggregateFunction(functionName(schema, field, options), field, options),
    ]),
  )
  const memory = new FlatMemory()
  return {
    ignoresDelete: false,
    reads: (fields) => fields,
    merge: (keyed, fields, { lengths, columnsOf }) => {
      const operations = operationsOf(keyed, removesOnDelete)
      const merge = new ColumnMerge(keyed, lengths, memory)
      const columns = fields.map((field) => {
        const sources = columnsOf(field)
        if (operations !== null) checkNotNull(field, keyed, operations, sources, false)
        return merge.merge(functions.get(field.id)!, operations, sources)
      })
      return { kinds: kindsOf(keyed, removesOnDelete), columns }
    },
  }
}

function functionName(
  schema: TableSchema,
  { name }: DataField,
  options: TableOptionValues,
): string {
  if (options.get('sequence.field')?.includes(name)) return 'last_value'
  if (schema.primaryKeys.includes(name)) return 'primary-key'
  return (
    options.field(name, 'aggregate-function') ??
    options.get('fields.default-aggregate-function') ??
    'last_non_null_value'
  )
}

/** A row of kind -D that removes its key leaves its own values, which later rows are merged with. */
function operationsOf(
  { length, keyCount, starts, kinds, isLone, hasRetracts }: KeyedRows,
  removesOnDelete: boolean,
): Operations {
  if (!hasRetracts) return null
  const operations = new Uint8Array(length).fill(ADD)
  for (let key = 0; key < keyCount; key++)
    for (let i = starts[key]!; i < starts[key + 1]!; i++)
      if (isLone[key] === 1) operations[i] = SET
      else if (isRetract(kinds[i]!))
        operations[i] = removesOnDelete && kinds[i] === DELETE ? SET : RETRACT
  return operations
}

function kindsOf(
  { keyCount, starts, kinds, isLone }: KeyedRows,
  removesOnDelete: boolean,
): Int8Array {
  const merged = new Int8Array(keyCount).fill(INSERT)
  for (let key = 0; key < keyCount; key++) {
    const last = kinds[starts[key + 1]! - 1]!
    if (isLone[key] === 1 || (removesOnDelete && last === DELETE)) merged[key] = last
  }
  return merged
}
