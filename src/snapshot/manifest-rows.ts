/**
 * The rows of manifests as columns, and their way to and from entries.
 *
 * A scan chooses rows by these columns, and only what is left becomes objects. Follows `ManifestEntrySerializer` and
 * `DataFileMetaSerializer`.
 */
import type {
  BytesBuilder,
  FixedBuilder,
  ListBuilder,
  StructBuilder,
} from '../types/column-builder.ts'
import { batchBuilder, finishBatch } from '../types/column-builder.ts'
import type { Batch, Column } from '../types/column.ts'
import { corrupt, decoding } from '../util/errors.ts'
import type { DataFileMeta } from './data-file-meta.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import { appendNullable, checkVersions } from './manifest-list.ts'
import { MANIFEST_FIELDS, MANIFEST_VERSION } from './manifest-types.ts'
import {
  bytesAt,
  bytesOrNull,
  children,
  countAt,
  countOrNull,
  intOrNull,
  ints,
  latin1Of,
  longOrNull,
  longs,
  textAt,
  textOrNull,
  textsOrNull,
  tinyInts,
} from './metadata-columns.ts'
import { appendSimpleStats, simpleStatsAt } from './simple-stats.ts'

/** Rows whose kinds, buckets and levels are checked. */
export interface ManifestRows {
  readonly length: number
  /** The columns of {@link MANIFEST_FIELDS}. */
  readonly batch: Batch
  readonly kinds: Int8Array
  readonly partitions: Column
  readonly buckets: Int32Array
  readonly totalBuckets: Int32Array
  /** The columns of `_FILE`. */
  readonly files: readonly Column[]
  readonly levels: Int32Array
  /** The manifest that the rows were read from, for errors. */
  readonly path?: string | undefined
}

/** Positions of columns within `_FILE`. */
const FILE = {
  NAME: 0,
  SIZE: 1,
  ROW_COUNT: 2,
  MIN_KEY: 3,
  MAX_KEY: 4,
  KEY_STATS: 5,
  VALUE_STATS: 6,
  MIN_SEQUENCE: 7,
  MAX_SEQUENCE: 8,
  SCHEMA_ID: 9,
  LEVEL: 10,
  EXTRA_FILES: 11,
  CREATION_TIME: 12,
  DELETE_ROW_COUNT: 13,
  EMBEDDED_INDEX: 14,
  FILE_SOURCE: 15,
  VALUE_STATS_COLS: 16,
  EXTERNAL_PATH: 17,
  FIRST_ROW_ID: 18,
  WRITE_COLS: 19,
} as const

/** CORRUPT for a kind, bucket or level that no entry can have, UNSUPPORTED for another version. */
export function manifestRows(batch: Batch, path?: string): ManifestRows {
  const [versions, kinds, partitions, buckets, totalBuckets, file] = batch.columns
  const files = children(file!)
  const rows: ManifestRows = {
    length: batch.length,
    batch,
    kinds: tinyInts(kinds!),
    partitions: partitions!,
    buckets: ints(buckets!),
    totalBuckets: ints(totalBuckets!),
    files,
    levels: ints(files[FILE.LEVEL]!),
    path,
  }
  checkVersions(ints(versions!), MANIFEST_VERSION, 'manifests')
  for (let row = 0; row < rows.length; row++) checkRow(rows, row)
  return rows
}

function checkRow({ kinds, buckets, levels }: ManifestRows, row: number): void {
  if (kinds[row] !== FILE_KIND.ADD && kinds[row] !== FILE_KIND.DELETE)
    throw corrupt(`a manifest entry is of the unknown kind ${kinds[row]}`)
  if (buckets[row]! < -2) throw corrupt(`a manifest entry is of the bucket ${buckets[row]}`)
  if (levels[row]! < 0) throw corrupt(`a manifest entry is of the level ${levels[row]}`)
}

export function fileNameAt(rows: ManifestRows, row: number): string {
  return textAt(rows.files[FILE.NAME]!, row)
}

/** The names of the files that belong to the data file and lie beside it. */
export function extraFilesAt(rows: ManifestRows, row: number): readonly string[] {
  return textsOrNull(rows.files[FILE.EXTRA_FILES]!, row) ?? []
}

export function partitionAt(rows: ManifestRows, row: number): Uint8Array {
  return bytesAt(rows.partitions, row)
}

export function rowCountAt(rows: ManifestRows, row: number): number {
  return countAt(rows.files[FILE.ROW_COUNT]!, row, 'the row count of a file')
}

export function fileSizeAt(rows: ManifestRows, row: number): number {
  return countAt(rows.files[FILE.SIZE]!, row, 'the size of a file')
}

export function creationTimeAt(rows: ManifestRows, row: number): bigint | null {
  return longOrNull(rows.files[FILE.CREATION_TIME]!, row)
}

export function maxSequenceAt(rows: ManifestRows, row: number): bigint {
  return longs(rows.files[FILE.MAX_SEQUENCE]!)[row]!
}

export function deleteRowCountAt(rows: ManifestRows, row: number): number | null {
  return countOrNull(rows.files[FILE.DELETE_ROW_COUNT]!, row, 'a count of deleted rows')
}

export function schemaIdAt(rows: ManifestRows, row: number): number {
  return countAt(rows.files[FILE.SCHEMA_ID]!, row, 'the schema of a file')
}

export function firstRowIdAt(rows: ManifestRows, row: number): bigint | null {
  return longOrNull(rows.files[FILE.FIRST_ROW_ID]!, row)
}

/** The entry of the row. Its byte arrays are views of the columns. Errors name the manifest. */
export function entryAt(rows: ManifestRows, row: number): ManifestEntry {
  const { path } = rows
  return path === undefined ? readEntry(rows, row) : decoding(path, () => readEntry(rows, row))
}

function readEntry(rows: ManifestRows, row: number): ManifestEntry {
  return {
    kind: rows.kinds[row]!,
    partition: partitionAt(rows, row),
    bucket: rows.buckets[row]!,
    totalBuckets: rows.totalBuckets[row]!,
    file: fileAt(rows, row),
  }
}

function fileAt({ files }: ManifestRows, row: number): DataFileMeta {
  return {
    fileName: textAt(files[FILE.NAME]!, row),
    fileSize: countAt(files[FILE.SIZE]!, row, 'the size of a file'),
    rowCount: countAt(files[FILE.ROW_COUNT]!, row, 'the row count of a file'),
    minKey: bytesAt(files[FILE.MIN_KEY]!, row),
    maxKey: bytesAt(files[FILE.MAX_KEY]!, row),
    keyStats: simpleStatsAt(files[FILE.KEY_STATS]!, row),
    valueStats: simpleStatsAt(files[FILE.VALUE_STATS]!, row),
    minSequenceNumber: longs(files[FILE.MIN_SEQUENCE]!)[row]!,
    maxSequenceNumber: longs(files[FILE.MAX_SEQUENCE]!)[row]!,
    schemaId: countAt(files[FILE.SCHEMA_ID]!, row, 'the schema of a file'),
    level: ints(files[FILE.LEVEL]!)[row]!,
    extraFiles: textsOrNull(files[FILE.EXTRA_FILES]!, row) ?? [],
    creationTime: longOrNull(files[FILE.CREATION_TIME]!, row),
    deleteRowCount: countOrNull(files[FILE.DELETE_ROW_COUNT]!, row, 'a count of deleted rows'),
    embeddedFileIndex: bytesOrNull(files[FILE.EMBEDDED_INDEX]!, row),
    fileSource: intOrNull(files[FILE.FILE_SOURCE]!, row),
    valueStatsCols: textsOrNull(files[FILE.VALUE_STATS_COLS]!, row),
    externalPath: textOrNull(files[FILE.EXTERNAL_PATH]!, row),
    firstRowId: longOrNull(files[FILE.FIRST_ROW_ID]!, row),
    writeCols: textsOrNull(files[FILE.WRITE_COLS]!, row),
  }
}

/**
 * What tells the files of entries apart: an added file is gone when there is a deletion of the same identity. Follows
 * `FileEntry.Identifier`; a file that only moved to another level is another one.
 */
export function identityOf({ partition, bucket, file }: ManifestEntry): string {
  const { fileName, level, extraFiles, embeddedFileIndex, externalPath } = file
  const place = `${latin1Of(partition)}|${bucket}|${level}|${fileName}`
  return place + belongings(extraFiles, embeddedFileIndex, externalPath)
}

/** {@link identityOf} the row's entry. */
export function identityAt(rows: ManifestRows, row: number): string {
  const { files, buckets, levels } = rows
  const partition = latin1Of(partitionAt(rows, row))
  const place = `${partition}|${buckets[row]}|${levels[row]}|${fileNameAt(rows, row)}`
  return (
    place +
    belongings(
      textsOrNull(files[FILE.EXTRA_FILES]!, row) ?? [],
      bytesOrNull(files[FILE.EMBEDDED_INDEX]!, row),
      textOrNull(files[FILE.EXTERNAL_PATH]!, row),
    )
  )
}

function belongings(
  extraFiles: readonly string[],
  embeddedIndex: Uint8Array | null,
  externalPath: string | null,
): string {
  if (extraFiles.length === 0 && embeddedIndex === null && externalPath === null) return ''
  const index = embeddedIndex === null ? null : latin1Of(embeddedIndex)
  return `|${JSON.stringify([extraFiles, index, externalPath])}`
}

/** The rows of the entries. */
export function rowsOfEntries(entries: Iterable<ManifestEntry>): ManifestRows {
  const builder = batchBuilder(MANIFEST_FIELDS)
  for (const entry of entries) appendEntry(builder, entry)
  return manifestRows(finishBatch(builder))
}

function appendEntry(builder: StructBuilder, entry: ManifestEntry): void {
  const [version, kind, partition, bucket, totalBuckets, file] = builder.children
  ;(version as FixedBuilder).appendNumber(MANIFEST_VERSION)
  ;(kind as FixedBuilder).appendNumber(entry.kind)
  ;(partition as BytesBuilder).append(entry.partition)
  ;(bucket as FixedBuilder).appendNumber(entry.bucket)
  ;(totalBuckets as FixedBuilder).appendNumber(entry.totalBuckets)
  appendFile(file as StructBuilder, entry.file)
  builder.endRow()
}

function appendFile(builder: StructBuilder, file: DataFileMeta): void {
  const columns = builder.children
  const fixed = (at: number): FixedBuilder => columns[at] as FixedBuilder
  const bytes = (at: number): BytesBuilder => columns[at] as BytesBuilder
  bytes(FILE.NAME).appendText(file.fileName)
  fixed(FILE.SIZE).appendBigInt(BigInt(file.fileSize))
  fixed(FILE.ROW_COUNT).appendBigInt(BigInt(file.rowCount))
  bytes(FILE.MIN_KEY).append(file.minKey)
  bytes(FILE.MAX_KEY).append(file.maxKey)
  appendSimpleStats(columns[FILE.KEY_STATS] as StructBuilder, file.keyStats)
  appendSimpleStats(columns[FILE.VALUE_STATS] as StructBuilder, file.valueStats)
  fixed(FILE.MIN_SEQUENCE).appendBigInt(file.minSequenceNumber)
  fixed(FILE.MAX_SEQUENCE).appendBigInt(file.maxSequenceNumber)
  fixed(FILE.SCHEMA_ID).appendBigInt(BigInt(file.schemaId))
  fixed(FILE.LEVEL).appendNumber(file.level)
  appendTexts(columns[FILE.EXTRA_FILES] as ListBuilder, file.extraFiles)
  appendNullable(fixed(FILE.CREATION_TIME), file.creationTime)
  const { deleteRowCount } = file
  appendNullable(
    fixed(FILE.DELETE_ROW_COUNT),
    deleteRowCount === null ? null : BigInt(deleteRowCount),
  )
  if (file.embeddedFileIndex === null) bytes(FILE.EMBEDDED_INDEX).appendNull()
  else bytes(FILE.EMBEDDED_INDEX).append(file.embeddedFileIndex)
  appendNullable(fixed(FILE.FILE_SOURCE), file.fileSource)
  appendTexts(columns[FILE.VALUE_STATS_COLS] as ListBuilder, file.valueStatsCols)
  if (file.externalPath === null) bytes(FILE.EXTERNAL_PATH).appendNull()
  else bytes(FILE.EXTERNAL_PATH).appendText(file.externalPath)
  appendNullable(fixed(FILE.FIRST_ROW_ID), file.firstRowId)
  appendTexts(columns[FILE.WRITE_COLS] as ListBuilder, file.writeCols)
  builder.endRow()
}

function appendTexts(builder: ListBuilder, texts: readonly string[] | null): void {
  if (texts === null) {
    builder.appendNull()
    return
  }
  for (const text of texts) (builder.child as BytesBuilder).appendText(text)
  builder.endRow()
}
