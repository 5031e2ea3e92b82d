/**
 * Reading past values that no cast takes, up to the rows that are shown: Java casts a value when it is looked at, so one
 * in a row that is merged away or filtered out does no harm.
 *
 * A deferred column is read as a row of three fields: the value, null where the cast failed; then the message and the file.
 */
import { CastError, type Cast } from '../../types/cast/rule.ts'
import { BytesBuilder } from '../../types/column-builder.ts'
import { sliceColumn } from '../../types/column-slice.ts'
import { concatColumns, nullColumn } from '../../types/column-take.ts'
import {
  type Batch,
  type BytesColumn,
  type Column,
  isPresent,
  type StructColumn,
} from '../../types/column.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../../types/data-type.ts'
import { textOf } from '../../types/internal-value.ts'

export interface DeferredField extends DataField {
  /** The column that is meant. */
  readonly deferred: DataField
}

export function deferredField(field: DataField): DeferredField {
  const texts = ['message', 'path'].map((name) => ({ id: field.id, name, type: TEXT }))
  const fields = [field, ...texts]
  return { ...field, type: { kind: 'ROW', fields, nullable: true }, deferred: field }
}

const TEXT: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }

export function isDeferred(field: DataField): field is DeferredField {
  return 'deferred' in field
}

/** The conversion to a deferred column. */
export function deferring(field: DataField, convert: Cast): Cast {
  return (column) => deferredColumn(column, field.type, convert)
}

/** Halves the rows until those that fail are alone. */
function deferredColumn(column: Column, type: DataType, convert: Cast): Column {
  const { length } = column
  try {
    return deferredParts(convert(column), nullColumn(TEXT, length), nullColumn(TEXT, length))
  } catch (error) {
    if (!(error instanceof CastError)) throw error
    const { message, path = '' } = error
    if (length === 1)
      return deferredParts(nullColumn(type, 1), textColumn(message), textColumn(path))
  }
  const middle = length >> 1
  const halves = [sliceColumn(column, 0, middle), sliceColumn(column, middle, length)]
  return concatColumns(halves.map((half) => deferredColumn(half, type, convert)))
}

function deferredParts(value: Column, message: Column, path: Column): StructColumn {
  const { length } = value
  return { layout: 'struct', length, validity: null, children: [value, message, path] }
}

function textColumn(text: string): Column {
  const builder = new BytesBuilder()
  builder.appendText(text)
  return builder.finish()
}

/** The values of deferred columns, and the other columns as they are. */
export function valuesOf({ length, columns }: Batch, fields: readonly DataField[]): Batch {
  return {
    length,
    columns: columns.map((column, i) =>
      fields[i] !== undefined && isDeferred(fields[i])
        ? (column as StructColumn).children[0]!
        : column,
    ),
  }
}

/** Throws INVALID where a row of the batch has a value that was not cast, in one of the deferred columns that are `shown`. */
export function throwDeferred(
  { columns, length }: Batch,
  fields: readonly DataField[],
  shown: (field: DataField) => boolean = () => true,
): void {
  for (const [i, field] of fields.entries()) {
    if (!isDeferred(field) || !shown(field)) continue
    const [, messages, paths] = (columns[i] as StructColumn).children as BytesColumn[]
    for (let row = 0; row < length; row++)
      if (isPresent(messages!, row))
        throw new CastError(textAt(messages!, row), textAt(paths!, row))
  }
}

function textAt({ data, starts, ends }: BytesColumn, row: number): string {
  return textOf(data.subarray(starts[row], ends[row]))
}
