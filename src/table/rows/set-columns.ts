/** New values for some columns of rows that were read: constants, or made of the row as it was. */
import { batchBuilder, finishBatch } from '../../types/column-builder.ts'
import { takeColumn } from '../../types/column-take.ts'
import { type Batch, type Column, countNulls } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { tableOptions } from '../../types/options.ts'
import { rowAppender, rowReader } from '../../types/row-value.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import { invalid, unsupported } from '../../util/errors.ts'

/** By the name of a column: a value as rows have it, or what makes one of the row as it was. */
export type SetValues = Readonly<Record<string, unknown>>

/**
 * Gives rows their new values. INVALID for a column that is not there and a value that does not fit.
 */
export function columnSetter(schema: TableSchema, set: SetValues): (batch: Batch) => Batch {
  const names = Object.keys(set)
  if (names.length === 0) throw invalid('an update sets no column', { hint: 'name one in set' })
  const fields = names.map((name) => fieldNamed(schema, name))
  const isPartial =
    hasPrimaryKey(schema) && tableOptions(schema.options).get('merge-engine') === 'partial-update'
  const columns = fields.map((field) => newColumn(schema, field, set[field.name]))
  const positions = fields.map((field) => schema.fields.indexOf(field))
  return (batch) => {
    const changed = [...batch.columns]
    for (const [i, position] of positions.entries()) {
      const column = columns[i]!(batch)
      if (isPartial && countNulls(column) > 0)
        throw unsupported(
          `the column ${fields[i]!.name} cannot be set to null: the merge engine partial-update keeps the value before`,
        )
      changed[position] = column
    }
    return { length: batch.length, columns: changed }
  }
}

function newColumn(
  { fields }: TableSchema,
  field: DataField,
  value: unknown,
): (batch: Batch) => Column {
  if (typeof value !== 'function') {
    const constant = columnOf(field, [value])
    return ({ length }) => takeColumn(constant, new Uint32Array(length))
  }
  return (batch) => {
    const read = rowReader(batch, fields)
    const values = Array.from({ length: batch.length }, (_, row): unknown => value(read(row)))
    return columnOf(field, values)
  }
}

function columnOf(field: DataField, values: readonly unknown[]): Column {
  const builder = batchBuilder([field])
  const append = rowAppender([field])
  for (const [i, value] of values.entries()) append(builder, { [field.name]: value }, i + 1)
  return finishBatch(builder).columns[0]!
}
