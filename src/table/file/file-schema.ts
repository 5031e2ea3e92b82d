/** The columns of a table as a data file has them: under the schema that the file was written with. */
import { CastError, unchanged } from '../../types/cast/rule.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { castStats, evolvePredicate } from '../../types/evolve-stats.ts'
import { type TypeMapping, typeMapping } from '../../types/evolve.ts'
import type { BoundPredicate } from '../../types/predicate-bind.ts'
import type { ColumnStats } from '../../types/predicate-stats.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { LakeError } from '../../util/errors.ts'
import { deferring, isDeferred } from './deferred-casts.ts'

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

/**
 * The columns to read from a file of the schema, at `path`, so that they fit `fields`, which are of the table's schema. Throws
 * UNSUPPORTED where a column's type changed to one that there is no cast to, and so does Java; the conversion throws
 * INVALID for a value that its cast refuses.
 */
export function columnMapping(
  fields: readonly DataField[],
  fileSchema: TableSchema,
  path: string,
): ColumnMapping {
  const mappings = fields.map((field) => fieldMapping(field, fileSchema, path))
  const stored = mappings.map((mapping) => mapping.field)
  if (mappings.every(({ convert }) => convert === unchanged)) return { stored, convert: null }
  const convert = ({ length, columns }: Batch): Batch => ({
    length,
    columns: columns.map((column, i) => mappings[i]!.convert(column)),
  })
  return { stored, convert }
}

/** Where the file has nothing of the column, it is asked for under a name that no column has, and so reads as nulls. */
function fieldMapping(
  field: DataField,
  fileSchema: TableSchema,
  path: string,
): { readonly field: DataField; readonly convert: TypeMapping['convert'] } {
  if (isDeferred(field)) {
    const { field: stored, convert } = fieldMapping(field.deferred, fileSchema, path)
    return { field: stored, convert: deferring(field.deferred, convert) }
  }
  const stored = storedField(field, fileSchema)
  const mapping = stored && named(field, path, () => typeMapping(stored.type, field.type))
  if (stored === undefined || mapping === undefined || mapping === null)
    return {
      field: { ...field, name: ABSENT, type: { ...field.type, nullable: true } },
      convert: unchanged,
    }
  const { convert } = mapping
  return {
    field: { ...stored, type: mapping.stored },
    convert:
      convert === unchanged ? unchanged : (column) => named(field, path, () => convert(column)),
  }
}

/** No column's name: names are never empty. */
const ABSENT = ''

/** Errors tell the column and the file that they are about. */
function named<Result>({ name }: DataField, path: string, body: () => Result): Result {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    const { code, hint, cause } = error
    const message = `column ${name}: ${error.message}`
    if (error instanceof CastError) throw new CastError(message, path)
    throw new LakeError(code, message, { hint, path, cause })
  }
}

/** The predicate over the file's own columns, as far as it can be told of those; of others anything may be true. */
export function storedPredicate(
  { fields, root }: BoundPredicate,
  fileSchema: TableSchema,
): BoundPredicate {
  const stored = fields.map((field) => storedField(field, fileSchema))
  const evolved = evolvePredicate(
    root,
    fields.map(({ type }, i) => ({ from: stored[i]?.type, to: type })),
  )
  return {
    fields: fields.map((field, i) => (evolved.known[i] ? stored[i]! : { ...field, name: ABSENT })),
    root: evolved.root,
  }
}

/**
 * What is known of a table's column in a file with so many rows, from the statistics of the file's own columns. A column
 * that is younger than the file holds nulls; undefined when nothing is known.
 */
export function evolvedStats(
  field: DataField,
  fileSchema: TableSchema,
  rowCount: number,
  statsOf: (name: string) => ColumnStats | undefined,
): ColumnStats | undefined {
  const stored = storedField(field, fileSchema)
  if (stored === undefined) return { min: null, max: null, nullCount: rowCount }
  const stats = statsOf(stored.name)
  return stats && castStats(stored.type, field.type, stats)
}
