/** Column functions that have no faster form: each key's values one by one. */
import { columnBuilder } from '../../types/column-builder.ts'
import type { Column } from '../../types/column.ts'
import { asNullable, type DataType } from '../../types/data-type.ts'
import { appendValue, cellValue, type InternalValue } from '../../types/internal-value.ts'
import type { KeyedRows } from './keyed-rows.ts'
import { ADD, ADD_BEFORE, CLEAR, type Operations, RETRACT, SET, SET_RETRACT } from './operations.ts'
import type { ValueAggregate } from './value-aggregates.ts'

/** The value of each key. */
export function foldValues(
  type: DataType,
  aggregate: ValueAggregate,
  keyed: KeyedRows,
  operations: Operations,
  columns: readonly Column[],
): Column {
  const { keyCount, starts, runOf, rows, isLone } = keyed
  const nullable = asNullable(type)
  const builder = columnBuilder(nullable)
  for (let key = 0; key < keyCount; key++) {
    aggregate.reset()
    let value: InternalValue = null
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const step = isLone[key] === 1 ? SET : operations === null ? ADD : operations[i]!
      const input = cellValue(columns[runOf[i]!]!, type, rows[i]!)
      value = applied(aggregate, step, value, input)
    }
    appendValue(builder, nullable, value)
  }
  return builder.finish()
}

function applied(
  aggregate: ValueAggregate,
  step: number,
  value: InternalValue,
  input: InternalValue,
): InternalValue {
  switch (step) {
    case ADD:
      return aggregate.agg(value, input)
    case ADD_BEFORE:
      return aggregate.aggReversed(value, input)
    case RETRACT:
      return aggregate.retract(value, input)
    case SET:
      return input
    case SET_RETRACT:
      return aggregate.retract(input, input)
    case CLEAR:
      return null
    default:
      return value
  }
}
