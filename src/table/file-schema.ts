/** The columns of a table as a data file has them: under the schema that the file was written with. */
import type { Batch } from '../types/column.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import type { BoundPredicate } from '../types/predicate-bind.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { unsupported } from '../util/errors.ts'

/** The column of the file's schema with the same id; undefined when the file is older than the column. */
export function storedField(field: DataField, fileSchema: TableSchema): DataField | undefined {
  return fileSchema.fields.find(({ id }) => id === field.id)
}

/** How columns of a file become columns of the table. */
export interface ColumnMapping {
  /** The columns to read from the file, one for each of the table's. */
  readonly stored: readonly DataField[]
  /** Makes the table's columns of those that were read; null where they are the same. */
  readonly convert: ((batch: Batch) => Batch) | null
}

/** The columns to read from a file of the schema so that they fit `fields`, which are of the table's schema. */
export function columnMapping(
  fields: readonly DataField[],
  fileSchema: TableSchema,
): ColumnMapping {
  return { stored: storedFields(fields, fileSchema), convert: null }
}

/**
 * The columns to read from a file so that they fit `fields`. A column that the file does not have is asked for under a
 * name that no column has, and so reads as nulls.
 */
function storedFields(fields: readonly DataField[], fileSchema: TableSchema): DataField[] {
  return fields.map((field) => {
    const stored = storedField(field, fileSchema)
    if (stored === undefined)
      return { ...field, name: ABSENT, type: { ...field.type, nullable: true } }
    if (!isSameType(stored.type, field.type))
      throw unsupported(
        `column ${field.name} had another type when some files were written (schema ${fileSchema.id})`,
        { hint: 'reading across changes of a column type is not supported yet' },
      )
    return stored
  })
}

/** No column's name: names are never empty. */
const ABSENT = ''

/** Whether values of the types are stored alike; only NOT NULL may differ. */
function isSameType(a: DataType, b: DataType): boolean {
  return JSON.stringify({ ...a, nullable: true }) === JSON.stringify({ ...b, nullable: true })
}

/** The predicate over the file's own columns; a column whose type changed is left unknown. */
export function storedPredicate(
  predicate: BoundPredicate,
  fileSchema: TableSchema,
): BoundPredicate {
  const fields = predicate.fields.map((field) => {
    const stored = storedField(field, fileSchema)
    return stored !== undefined && isSameType(stored.type, field.type)
      ? stored
      : { ...field, name: ABSENT }
  })
  return { fields, root: predicate.root }
}

/** What is known of a column in a file of the schema. */
export type ColumnPresence = 'same' | 'absent' | 'changed'

export function columnPresence(field: DataField, fileSchema: TableSchema): ColumnPresence {
  const stored = storedField(field, fileSchema)
  if (stored === undefined) return 'absent'
  return isSameType(stored.type, field.type) ? 'same' : 'changed'
}
