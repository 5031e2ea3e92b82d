/** Where and how a bucket's new data files are written, and what manifests are to say of them. */
import type { ColumnBounds } from '../format/data-file.ts'
import { createDataFile, type DataFormat, dataFormat } from '../format/data-format.ts'
import type { FileIO } from '../io/file-io.ts'
import { joinPath } from '../io/path.ts'
import { FILE_SOURCE, type DataFileMeta, type SimpleStats } from '../snapshot/data-file-meta.ts'
import { dataFileNames } from '../snapshot/data-paths.ts'
import { buildStats, type StatsMode, statsModes } from '../snapshot/stats.ts'
import type { DataField } from '../types/data-type.ts'
import { type TableOptionValues, tableOptions, targetFileSizeBytes } from '../types/options.ts'
import type { ColumnStats } from '../types/predicate-stats.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey, keyFields, keyValueFields, trimmedKeyFields } from '../types/schema-keys.ts'
import type { OpenedFile, WrittenFile } from './rolling-writer.ts'

/** What all buckets of a table have in common; one per writer, so that file names are counted up. */
export interface FileTarget {
  readonly io: FileIO
  readonly schema: TableSchema
  readonly options: TableOptionValues
  /** The columns of data files. */
  readonly fields: readonly DataField[]
  readonly format: DataFormat
  readonly targetBytes: number
  readonly nextName: () => string
  readonly nextChangelogName: () => string
  readonly signal?: AbortSignal | undefined
}

export function fileTarget(io: FileIO, schema: TableSchema, signal?: AbortSignal): FileTarget {
  const options = tableOptions(schema.options)
  const keyed = hasPrimaryKey(schema)
  const names = dataFileNames({
    dataPrefix: options.get('data-file.prefix'),
    changelogPrefix: options.get('changelog-file.prefix'),
    format: options.get('file.format').toLowerCase(),
    compression: options.get('file.compression'),
    suffixHasCompression: options.get('file.suffix.include.compression'),
  })
  return {
    io,
    schema,
    options,
    fields: keyed ? keyValueFields(schema, options.get('data-file.thin-mode')) : schema.fields,
    format: dataFormat(options),
    targetBytes: targetFileSizeBytes(options, keyed),
    nextName: () => names.data(),
    nextChangelogName: () => names.changelog(),
    signal,
  }
}

/** What a new file is for. */
export interface FilePlace {
  /** The directory of the bucket. */
  readonly directory: string
  readonly level: number
  /** How its rows came: see {@link FILE_SOURCE}. */
  readonly source: number
  /** Whether it holds changes and not rows of the table: it has another name, and format options of its own. */
  readonly isChangelog?: boolean | undefined
}

/** Starts a new data file in the directory of a bucket. */
export async function openFile(
  target: FileTarget,
  { directory, isChangelog = false }: FilePlace,
): Promise<OpenedFile> {
  const name = isChangelog ? target.nextChangelogName() : target.nextName()
  const path = joinPath(directory, name)
  const { io, fields, format, signal } = target
  return { name, path, writer: await createDataFile(io, path, fields, format, signal) }
}

const NO_STATS: ColumnStats = { min: null, max: null, nullCount: null }

/** The statistics of the key, given the bounds of its columns, which are those of the `_KEY_` columns too. */
export function keyStats(target: FileTarget, bounds: readonly ColumnBounds[]): SimpleStats {
  const { schema, fields } = target
  const modes = columnModes(target)
  const names = isThin(target)
    ? trimmedKeyFields(schema).map(({ name }) => name)
    : keyFields(schema).map(({ name }) => name)
  const keyModes = names.map((name) => modes[fields.findIndex((field) => field.name === name)]!)
  return buildStats(keyFields(schema), bounds, keyModes, false).stats
}

function isThin({ schema, options }: FileTarget): boolean {
  return hasPrimaryKey(schema) && options.get('data-file.thin-mode')
}

/** What is kept of each column of a file. */
function columnModes(target: FileTarget): StatsMode[] {
  const { schema, options, fields, format } = target
  const names = fields.map(({ name }) => name)
  return statsModes(names, options, {
    keyNames: isThin(target) ? keyFields(schema).map(({ name }) => name) : [],
    isKeyedAvro: hasPrimaryKey(schema) && format.name === 'avro',
  })
}

/** What a manifest says of every new file, whatever the kind of table. */
export function commonMeta(
  target: FileTarget,
  file: WrittenFile,
): Pick<
  DataFileMeta,
  | 'fileName'
  | 'fileSize'
  | 'rowCount'
  | 'valueStats'
  | 'valueStatsCols'
  | 'schemaId'
  | 'extraFiles'
  | 'creationTime'
  | 'embeddedFileIndex'
  | 'fileSource'
  | 'externalPath'
  | 'firstRowId'
  | 'writeCols'
> {
  const { schema, options, fields } = target
  const offset = fields.length - schema.fields.length
  const { stats, columns } = buildStats(
    schema.fields,
    schema.fields.map((_, i) => file.bounds[offset + i] ?? NO_STATS),
    columnModes(target).slice(offset),
    options.get('metadata.stats-dense-store'),
  )
  return {
    fileName: file.name,
    fileSize: file.sizeBytes,
    rowCount: file.rowCount,
    valueStats: stats,
    valueStatsCols: columns,
    schemaId: schema.id,
    extraFiles: [],
    creationTime: localClock(new Date()),
    embeddedFileIndex: null,
    fileSource: FILE_SOURCE.APPEND,
    externalPath: null,
    firstRowId: null,
    writeCols: null,
  }
}

/** The wall clock of this machine's zone, as if it were UTC: how Java's LocalDateTime is stored. */
function localClock(now: Date): bigint {
  return BigInt(now.getTime() - now.getTimezoneOffset() * 60_000)
}
