/**
 * The statistics of a data file as `$files` shows them: a map from column to count or bound, sorted by name.
 *
 * Columns are those of the table's schema, found in the file by id: a column that the file is too old for has as many
 * nulls as the file has rows. Where a column's type has changed since, bounds are cast as values are. Follows
 * `FilesTable.StatsLazyGetter` and `SimpleStatsEvolution`.
 */
import { hasBounds } from '../../format/column-bounds.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { type StatsByName, statsByName, writtenFields } from '../../snapshot/stats.ts'
import { findCast } from '../../types/cast.ts'
import { columnBuilder } from '../../types/column-builder.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import { appendValue, cellValue, type InternalValue } from '../../types/internal-value.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { javaText } from '../../types/value-text.ts'
import { LakeError } from '../../util/errors.ts'
import { storedField } from '../file/file-schema.ts'

export interface FileStatsTexts {
  readonly nullCounts: string
  readonly minValues: string
  readonly maxValues: string
}

export function fileStatsTexts(
  file: DataFileMeta,
  fileSchema: TableSchema,
  schema: TableSchema,
): FileStatsTexts {
  const written = writtenFields(file, fileSchema)
  const stats = statsByName(file.valueStats, written, file.valueStatsCols, file.fileName)
  const columns = schema.fields
    .filter((field) => isShown(file, field))
    .map((field) => columnTexts(field, file, fileSchema, stats))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const mapOf = (pick: (texts: ColumnTexts) => string): string =>
    `{${columns.map((each) => `${each.name}=${pick(each)}`).join(', ')}}`
  return {
    nullCounts: mapOf(({ nullCount }) => nullCount),
    minValues: mapOf(({ min }) => min),
    maxValues: mapOf(({ max }) => max),
  }
}

/** A file with some columns only has statistics of those, and shows no others. */
function isShown({ writeCols, valueStatsCols }: DataFileMeta, { name }: DataField): boolean {
  return writeCols === null || valueStatsCols !== null || writeCols.includes(name)
}

interface ColumnTexts {
  readonly name: string
  readonly nullCount: string
  readonly min: string
  readonly max: string
}

function columnTexts(
  field: DataField,
  file: DataFileMeta,
  fileSchema: TableSchema,
  stats: StatsByName,
): ColumnTexts {
  const { name } = field
  const stored = storedField(field, fileSchema)
  if (stored === undefined)
    return { name, nullCount: String(file.rowCount), min: 'null', max: 'null' }
  const known = stats(stored.name)
  return {
    name,
    nullCount: String(known?.nullCount ?? null),
    min: boundText(stored.type, field.type, known?.min ?? null),
    max: boundText(stored.type, field.type, known?.max ?? null),
  }
}

/** The bound as a value of the column now; as the file has it where it cannot be one. */
function boundText(from: DataType, to: DataType, bound: InternalValue): string {
  if (bound === null || !hasBounds(from)) return 'null'
  const cast = hasBounds(to) ? findCast(from, to) : undefined
  if (cast === undefined) return javaText(from, bound)
  const builder = columnBuilder(from)
  appendValue(builder, from, bound)
  try {
    const value = cellValue(cast(builder.finish()), to, 0)
    return value === null ? 'null' : javaText(to, value)
  } catch (error) {
    // A text that was cut short may be no number any more.
    if (error instanceof LakeError && error.code === 'INVALID') return javaText(from, bound)
    throw error
  }
}
