/**
 * Which files can hold matching rows where columns are written apart: told of all files of the same rows together, each
 * column by the latest file that has it.
 *
 * Follows `DataEvolutionFileStoreScan` of Java.
 */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { statsByName, writtenFields } from '../../snapshot/stats.ts'
import { asNullable, type DataField } from '../../types/data-type.ts'
import type { BoundPredicate } from '../../types/predicate-bind.ts'
import { type ColumnStats, mayMatch } from '../../types/predicate-stats.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { typeText } from '../../types/type-text.ts'
import { storedField } from '../file/file-schema.ts'
import { groupByRowIds, type PlacedRows, rowRangeFiles } from '../file/row-ranges.ts'
import { isKeptApart } from '../file/stored-file.ts'
import { widened } from './scan-filter.ts'

/** The files that a filter leaves: all of a group, or none. */
export function filterRowRanges(
  files: readonly DataFileMeta[],
  rows: BoundPredicate | undefined,
  schemaOf: (file: DataFileMeta) => TableSchema,
): readonly DataFileMeta[] {
  if (rows === undefined) return files
  return groupByRowIds(files)
    .filter((group) => groupMayMatch(group, rows, schemaOf))
    .flat()
}

function groupMayMatch(
  group: readonly DataFileMeta[],
  rows: BoundPredicate,
  schemaOf: (file: DataFileMeta) => TableSchema,
): boolean {
  const { parts, rowCount } = rowRangeFiles(group, schemaOf)
  return mayMatch(rows, rowCount, (column) => {
    const field = rows.fields[column]!
    const owner = parts.find(({ fieldIds }) => fieldIds.has(field.id))
    if (owner === undefined) return { min: null, max: null, nullCount: rowCount }
    const [{ file }] = owner.files as [PlacedRows]
    // Writers do not agree on what they say of columns that are kept apart; Java does not look at it.
    if (isKeptApart(file)) return undefined
    return statsOf(field, file, schemaOf(file))
  })
}

function statsOf(
  field: DataField,
  file: DataFileMeta,
  fileSchema: TableSchema,
): ColumnStats | undefined {
  const stored = storedField(field, fileSchema)
  if (stored === undefined || plainType(stored) !== plainType(field)) return undefined
  const { valueStats, valueStatsCols, fileName } = file
  const fields = writtenFields(file, fileSchema)
  return widened(field, statsByName(valueStats, fields, valueStatsCols, fileName)(stored.name))
}

function plainType({ type }: DataField): string {
  return typeText(asNullable(type))
}
