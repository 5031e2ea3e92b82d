/**
 * The statistics of a data file as `$files` shows them: a map from column to count or bound, sorted by name.
 *
 * Columns are those of the table's schema, found in the file by id: a column that the file is too old for has as many
 * nulls as the file has rows. Where a column's type has changed since, bounds are shown as the file has them. Follows
 * `FilesTable.StatsLazyGetter` and `SimpleStatsEvolution`.
 */
import { hasBounds } from '../../format/column-bounds.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { type StatsByName, statsByName } from '../../snapshot/stats.ts'
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { javaText } from '../../types/value-text.ts'
import { storedField } from '../file-schema.ts'

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

/** The columns that the file's statistics are laid out by. */
function writtenFields({ writeCols }: DataFileMeta, { fields }: TableSchema): readonly DataField[] {
  return writeCols === null ? fields : fields.filter(({ name }) => writeCols.includes(name))
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
    min: boundText(stored, known?.min ?? null),
    max: boundText(stored, known?.max ?? null),
  }
}

function boundText({ type }: DataField, bound: InternalValue): string {
  return bound === null || !hasBounds(type) ? 'null' : javaText(type, bound)
}
