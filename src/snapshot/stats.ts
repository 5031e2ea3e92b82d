/**
 * Column statistics of data files, from bounds to the bytes in manifests and back.
 *
 * Follows `SimpleStatsConverter`, `StatsCollectorFactories`, the classes `*SimpleColStatsCollector`, and
 * `ParquetSimpleStatsExtractor`, which decides what has bounds at all.
 */
import { hasBounds } from '../format/column-bounds.ts'
import { deserializeBinaryField } from '../types/binary-row-decode.ts'
import { serializeBinaryRow } from '../types/binary-row.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import {
  isSystemFieldName,
  KEY_FIELD_PREFIX,
  ROW_ID_FIELD,
  SEQUENCE_NUMBER_FIELD,
} from '../types/field-ids.ts'
import type { TableOptionValues } from '../types/options.ts'
import type { ColumnStats } from '../types/predicate-stats.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { corrupt, decoding, invalid } from '../util/errors.ts'
import type { DataFileMeta, SimpleStats } from './data-file-meta.ts'
import { truncatedMax, truncatedMin } from './stats-text.ts'

/** What is kept of a column's statistics; `truncate` cuts strings to so many code points. */
export type StatsMode = 'none' | 'counts' | 'full' | { readonly truncate: number }

/** Parses a value of `metadata.stats-mode`. */
function parseStatsMode(text: string): StatsMode {
  const name = text.toLowerCase()
  if (name === 'none' || name === 'counts' || name === 'full') return name
  const match = /^truncate\((\d{1,9})\)$/.exec(name)
  if (match !== null && Number(match[1]) > 0) return { truncate: Number(match[1]) }
  throw invalid(`"${text.slice(0, 100)}" is no mode of statistics`, {
    hint: 'use none, counts, full or truncate(16)',
  })
}

/** What Java keeps of key columns and system columns. */
const SYSTEM_MODE: StatsMode = { truncate: 128 }

/** What a data file is, as far as the modes of its columns go. */
export interface StatsTarget {
  /** The mode of columns that have none of their own; `metadata.stats-mode` unless told. */
  readonly mode?: string
  /** The `_KEY_` columns that a thin file leaves out. */
  readonly keyNames?: readonly string[]
  /** Whether it is an Avro file of a primary-key table. */
  readonly isKeyedAvro?: boolean
}

/**
 * The mode of each column of a data file: that of the option `fields.<name>.stats-mode`; `truncate(128)` for system
 * columns, and for the columns of `keyNames`; else that of `metadata.stats-mode`, or `none` after the first N columns
 * that `metadata.stats-keep-first-n-columns` counts. Avro files of primary-key tables treat no column as special.
 */
export function statsModes(
  names: readonly string[],
  options: TableOptionValues,
  { mode: general, keyNames = [], isKeyedAvro = false }: StatsTarget = {},
): StatsMode[] {
  const mode = parseStatsMode(general ?? options.get('metadata.stats-mode'))
  const kept = options.get('metadata.stats-keep-first-n-columns')
  let counted = 0
  return names.map((name) => {
    const own = isSystemFieldName(name) ? undefined : options.field(name, 'stats-mode')
    if (own !== undefined) {
      counted++
      return parseStatsMode(own)
    }
    const isSpecial = isSystemFieldName(name) || keyNames.includes(KEY_FIELD_PREFIX + name)
    if (isSpecial && !isKeyedAvro) return SYSTEM_MODE
    return kept >= 0 && counted++ >= kept ? 'none' : mode
  })
}

/** Statistics as a manifest entry has them. */
export interface BuiltStats {
  readonly stats: SimpleStats
  /** For `valueStatsCols`: the columns that the statistics are of; null when they are of all. */
  readonly columns: readonly string[] | null
}

/**
 * Statistics of the columns of one file. `bounds[i]` are those of `fields[i]`, with null for what is not known; bounds
 * that Java does not keep (of binary columns and of nanoseconds) are left out. `dense` is the option
 * `metadata.stats-dense-store`: columns of which nothing is known take no room.
 */
export function buildStats(
  fields: readonly DataField[],
  bounds: readonly ColumnStats[],
  modes: readonly StatsMode[],
  dense: boolean,
): BuiltStats {
  const all = fields.map(({ type }, i) => keptStats(type, bounds[i]!, modes[i]!))
  const kept = [...fields.keys()].filter((i) => !dense || !isNothing(all[i]!))
  const stats = encodeStats(
    kept.map((i) => fields[i]!.type),
    kept.map((i) => all[i]!),
  )
  return {
    stats,
    columns: kept.length === fields.length ? null : kept.map((i) => fields[i]!.name),
  }
}

/** What a mode keeps of a column's statistics. */
function keptStats(type: DataType, stats: ColumnStats, mode: StatsMode): ColumnStats {
  if (mode === 'none') return NOTHING
  const { min, max, nullCount } = stats
  const unbounded = { min: null, max: null, nullCount }
  if (mode === 'counts' || min === null || max === null || !hasFileBounds(type)) return unbounded
  if (mode === 'full' || (type.kind !== 'CHAR' && type.kind !== 'VARCHAR')) return stats
  const upper = truncatedMax(max as Uint8Array, mode.truncate)
  if (upper === null) return unbounded
  return { min: truncatedMin(min as Uint8Array, mode.truncate), max: upper, nullCount }
}

const NOTHING: ColumnStats = { min: null, max: null, nullCount: null }

function isNothing({ min, max, nullCount }: ColumnStats): boolean {
  return min === null && max === null && nullCount === null
}

/** Parquet files keep no bounds of timestamps with nanoseconds (INT96). */
function hasFileBounds(type: DataType): boolean {
  const isTimestamp = type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
  return hasBounds(type) && !(isTimestamp && type.precision > 6)
}

/** The statistics of all columns, as bytes. */
export function encodeStats(
  types: readonly DataType[],
  columns: readonly ColumnStats[],
): SimpleStats {
  return {
    minValues: serializeBinaryRow(
      types,
      columns.map(({ min }) => min),
    ),
    maxValues: serializeBinaryRow(
      types,
      columns.map(({ max }) => max),
    ),
    nullCounts: columns.map(({ nullCount }) => nullCount),
  }
}

/** Finds the statistics of a column by its name; undefined when the file has none of it. */
export type StatsByName = (name: string) => ColumnStats | undefined

/**
 * Reads statistics column by column, only those that are asked for. `fields` are the columns that the file has, of
 * which `columns` (the file's `valueStatsCols`) have statistics; null means all. The lookup throws CORRUPT, naming
 * `path`, for bytes that are no statistics of these columns.
 */
export function statsByName(
  stats: SimpleStats,
  fields: readonly DataField[],
  columns: readonly string[] | null,
  path: string,
): StatsByName {
  const { minValues, maxValues, nullCounts } = stats
  return (name) => {
    const field = fields.find((candidate) => candidate.name === name)
    const index = columns === null ? fields.indexOf(field!) : columns.indexOf(name)
    if (field === undefined || index < 0) return undefined
    const arity = columns?.length ?? fields.length
    return decoding(path, () => {
      if (nullCounts !== null && nullCounts.length !== arity)
        throw corrupt(`the statistics of ${arity} columns have ${nullCounts.length} null counts`)
      return {
        min: deserializeBinaryField(arity, index, field.type, minValues),
        max: deserializeBinaryField(arity, index, field.type, maxValues),
        nullCount: nullCounts?.[index] ?? null,
      }
    })
  }
}

/**
 * The columns that the statistics of a file are laid out by: those that were written to it, with what rows bring along
 * where they are tracked.
 */
export function writtenFields(
  { writeCols }: Pick<DataFileMeta, 'writeCols'>,
  { fields }: TableSchema,
): readonly DataField[] {
  if (writeCols === null) return fields
  const isWritten = ({ name }: DataField): boolean => writeCols.includes(name)
  return [...fields, ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD].filter(isWritten)
}
