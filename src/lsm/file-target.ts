/** Where and how a bucket's new data files are written, and what manifests are to say of them. */
import type { ColumnBounds } from '../format/data-file.ts'
import { createDataFile } from '../format/data-format.ts'
import { type IndexSpec, indexSpecs } from '../indexes/file-index/write/index-specs.ts'
import type { FileIO } from '../io/file-io.ts'
import { joinPath } from '../io/path.ts'
import { FILE_SOURCE, type DataFileMeta, type SimpleStats } from '../snapshot/data-file-meta.ts'
import { dataFileNames } from '../snapshot/data-paths.ts'
import { buildStats, type StatsMode, statsModes } from '../snapshot/stats.ts'
import type { TableMetrics } from '../snapshot/table-metrics.ts'
import type { DataField } from '../types/data-type.ts'
import { type TableOptionValues, tableOptions, targetFileSizeBytes } from '../types/options.ts'
import type { ColumnStats } from '../types/predicate-stats.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey, keyFields, keyValueFields, trimmedKeyFields } from '../types/schema-keys.ts'
import { type FileForm, type FileForms, fileForms } from './file-form.ts'
import { indexed } from './indexed-file.ts'
import type { OpenedFile, WrittenFile } from './rolling-writer.ts'
import { spillOptions, SpillSpace } from './spill/spill-space.ts'

/** What all buckets of a table have in common; one per writer, so that file names are counted up. */
export interface FileTarget {
  readonly io: FileIO
  readonly schema: TableSchema
  readonly options: TableOptionValues
  /** The columns of data files. */
  readonly fields: readonly DataField[]
  readonly forms: FileForms
  readonly targetBytes: number
  /** The most rows of a file. */
  readonly targetRows: number
  /** The name of the next file of a format. */
  readonly nextName: (format: string, isChangelog: boolean) => string
  /** The indexes that every file gets. */
  readonly indexes: readonly IndexSpec[]
  /** Where rows go that do not fit into memory; null where they may not. */
  readonly spill: SpillSpace | null
  readonly signal?: AbortSignal | undefined
  readonly metrics?: TableMetrics | undefined
}

export function fileTarget(
  io: FileIO,
  schema: TableSchema,
  signal?: AbortSignal,
  metrics?: TableMetrics,
): FileTarget {
  const options = tableOptions(schema.options)
  const keyed = hasPrimaryKey(schema)
  const spill = spillOptions(options)
  const names = dataFileNames({
    dataPrefix: options.get('data-file.prefix'),
    changelogPrefix: options.get('changelog-file.prefix'),
    compression: options.get('file.compression'),
    suffixHasCompression: options.get('file.suffix.include.compression'),
  })
  return {
    io,
    schema,
    options,
    fields: keyed ? keyValueFields(schema, options.get('data-file.thin-mode')) : schema.fields,
    forms: fileForms(schema),
    targetBytes: targetFileSizeBytes(options, keyed),
    targetRows: options.get('target-file-row-num') ?? Infinity,
    nextName: (format, isChangelog) => (isChangelog ? names.changelog(format) : names.data(format)),
    indexes: indexSpecs(schema),
    spill: spill === null ? null : new SpillSpace(spill),
    signal,
    metrics,
  }
}

/** What decides the form of a new file. */
export interface FileKind {
  readonly level: number
  /** Whether it holds changes and not rows of the table: it has another name, and format options of its own. */
  readonly isChangelog?: boolean | undefined
}

/** What a new file is for. */
export interface FilePlace extends FileKind {
  /** The directory of the bucket. */
  readonly directory: string
  /** How its rows came: see {@link FILE_SOURCE}. */
  readonly source: number
}

/** Starts a new data file in the directory of a bucket. */
export async function openFile(target: FileTarget, place: FilePlace): Promise<OpenedFile> {
  const { io, fields, signal } = target
  const { format } = formOf(target, place)
  const name = target.nextName(format.name, place.isChangelog ?? false)
  const path = joinPath(place.directory, name)
  const writer = await createDataFile(io, path, fields, format, signal)
  const opened = { name, path, writer, finishIndex: null }
  return target.indexes.length === 0 ? opened : indexed(target, opened)
}

function formOf({ forms }: FileTarget, { level, isChangelog = false }: FileKind): FileForm {
  return forms(level, isChangelog)
}

/** Where files of tables without levels lie. */
const LEVEL_0: FileKind = { level: 0 }

const NO_STATS: ColumnStats = { min: null, max: null, nullCount: null }

/** The statistics of the key, given the bounds of its columns, which are those of the `_KEY_` columns too. */
export function keyStats(
  target: FileTarget,
  kind: FileKind,
  bounds: readonly ColumnBounds[],
): SimpleStats {
  const { schema, fields } = target
  const modes = columnModes(target, kind)
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
function columnModes(target: FileTarget, kind: FileKind): StatsMode[] {
  const { schema, options, fields } = target
  const { format, statsMode } = formOf(target, kind)
  const names = fields.map(({ name }) => name)
  return statsModes(names, options, {
    mode: statsMode,
    keyNames: isThin(target) ? keyFields(schema).map(({ name }) => name) : [],
    isKeyedAvro: hasPrimaryKey(schema) && format.name === 'avro',
  })
}

/** What a manifest says of every new file, whatever the kind of table. */
export function commonMeta(
  target: FileTarget,
  file: WrittenFile,
  kind: FileKind = LEVEL_0,
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
    columnModes(target, kind).slice(offset),
    options.get('metadata.stats-dense-store'),
  )
  return {
    fileName: file.name,
    fileSize: file.sizeBytes,
    rowCount: file.rowCount,
    valueStats: stats,
    valueStatsCols: columns,
    schemaId: schema.id,
    extraFiles: file.extraFiles.map(({ name }) => name),
    creationTime: localClock(new Date()),
    embeddedFileIndex: file.embeddedIndex,
    fileSource: FILE_SOURCE.APPEND,
    externalPath: null,
    firstRowId: null,
    writeCols: null,
  }
}

/** The wall clock of this machine's zone, as if it were UTC: how Java's LocalDateTime is stored. */
export function localClock(now: Date): bigint {
  return BigInt(now.getTime() - now.getTimezoneOffset() * 60_000)
}
