/**
 * The rows of Iceberg's manifests as columns, and their way to and from entries and files.
 *
 * Source: the Iceberg specification, "Manifests".
 */
import type { AvroCodec } from '../format/avro/container.ts'
import { decodeAvro, decodeAvroHeader } from '../format/avro/reader.ts'
import {
  children,
  ints,
  longOrNull,
  longs,
  textAt,
  textOrNull,
} from '../snapshot/metadata-columns.ts'
import { batchBuilder, finishBatch } from '../types/column-builder.ts'
import { concatColumns, takeBatch } from '../types/column-take.ts'
import {
  type Batch,
  type Column,
  countNulls,
  type FixedColumn,
  type ListColumn,
  type StructColumn,
} from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { corrupt, decoding, unsupported } from '../util/errors.ts'
import { CONTENT, ENTRY_STATUS, type IcebergEntry, type IcebergFile } from './entry.ts'
import { appendEntry, fileMetricsAt } from './manifest-entry-columns.ts'
import { ENTRY, FILE, icebergPartitionFields, manifestFields } from './manifest-fields.ts'
import type { IcebergPartitionSpec, IcebergSchema } from './metadata.ts'
import { checkPartitions, type PartitionForm, partitionBytes } from './partition-values.ts'

/** What all manifests of a state of the table have in common. */
export interface ManifestForm {
  readonly schema: IcebergSchema
  readonly spec: IcebergPartitionSpec
  /** The partition keys as Paimon has them, in the order of the spec. */
  readonly partitionFields: readonly DataField[]
  readonly formatVersion: 2 | 3
  readonly codec: AvroCodec
  /** A manifest that has reached it is followed by another. */
  readonly targetBytes: number
}

/** Rows whose statuses, contents, counts and numbers are checked. */
export interface IcebergRows {
  readonly length: number
  /** The columns of `manifestFields`. */
  readonly batch: Batch
  readonly statuses: Int32Array
  /** Between 0 and 2^53, as all that follow. */
  readonly snapshotIds: BigInt64Array
  readonly sequenceNumbers: BigInt64Array
  readonly recordCounts: BigInt64Array
  /** The columns of `data_file`. */
  readonly files: readonly Column[]
  readonly partition: PartitionForm
}

/** The rows of the entries; CORRUPT when a partition is none of the table. */
export function rowsOfEntries(form: ManifestForm, entries: Iterable<IcebergEntry>): IcebergRows {
  const partition = partitionForm(form)
  const builder = batchBuilder(manifestFields(partition.fields, form.formatVersion))
  for (const entry of entries) appendEntry(builder, partition, entry)
  return rowsOfBatch(finishBatch(builder), partition)
}

/**
 * The rows of a manifest, also of those that Java's Paimon writes. Errors name `path`: CORRUPT for damaged bytes, impossible
 * entries, or another partition than the form's; UNSUPPORTED for contents and formats that Paimon's tables do not have.
 */
export function decodeIcebergManifest(
  path: string,
  bytes: Uint8Array,
  form: ManifestForm,
): IcebergRows {
  const partition = partitionForm(form)
  const written = decoding(path, () => writtenPartition(path, bytes, form, partition))
  const batch = decodeAvro(path, bytes, manifestFields(written, form.formatVersion))
  return decoding(path, () => {
    const rows = rowsOfBatch(batch, partition)
    checkRows(rows)
    return rows
  })
}

/**
 * The chosen rows, in the given order, with other statuses: one for all or one for each. `snapshotId` becomes that of the
 * rows that are deleted now.
 */
export function takeRows(
  { batch, partition }: IcebergRows,
  selected: Int32Array,
  statuses: Int32Array | number,
  snapshotId?: number,
): IcebergRows {
  const { length, columns } = takeBatch(batch, selected)
  const changed = [...columns]
  const values = typeof statuses === 'number' ? new Int32Array(length).fill(statuses) : statuses
  changed[ENTRY.STATUS] = { layout: 'fixed', length, validity: null, values }
  if (snapshotId !== undefined) {
    const ids = longs(columns[ENTRY.SNAPSHOT_ID]!).slice()
    for (let row = 0; row < length; row++)
      if (values[row] === ENTRY_STATUS.DELETED) ids[row] = BigInt(snapshotId)
    changed[ENTRY.SNAPSHOT_ID] = { ...(columns[ENTRY.SNAPSHOT_ID] as FixedColumn), values: ids }
  }
  return rowsOfBatch({ length, columns: changed }, partition)
}

/** The rows of all, in order. */
export function joinRows(form: ManifestForm, parts: readonly IcebergRows[]): IcebergRows {
  const [first] = parts
  if (first === undefined) return rowsOfEntries(form, [])
  if (parts.length === 1) return first
  const columns = first.batch.columns.map((_, i) =>
    concatColumns(parts.map(({ batch }) => batch.columns[i]!)),
  )
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return rowsOfBatch({ length, columns }, first.partition)
}

export function statusAt({ statuses }: IcebergRows, row: number): number {
  return statuses[row]!
}

export function snapshotIdAt({ snapshotIds }: IcebergRows, row: number): number {
  return Number(snapshotIds[row]!)
}

export function sequenceNumberAt({ sequenceNumbers }: IcebergRows, row: number): number {
  return Number(sequenceNumbers[row]!)
}

export function pathAt({ files }: IcebergRows, row: number): string {
  return textAt(files[FILE.PATH]!, row)
}

export function recordCountAt({ recordCounts }: IcebergRows, row: number): number {
  return Number(recordCounts[row]!)
}

/** The BinaryRow of the partition keys, as Paimon's manifests have it. */
export function partitionAt({ files, partition }: IcebergRows, row: number): Uint8Array {
  return partitionBytes(partition, children(files[FILE.PARTITION]!), row)
}

/** Null in version 2, and where it is to be inherited from the manifest. */
export function firstRowIdAt({ files }: IcebergRows, row: number): bigint | null {
  const column = files[FILE.FIRST_ROW_ID]
  return column === undefined ? null : longOrNull(column, row)
}

export function referencedDataFileAt({ files }: IcebergRows, row: number): string | null {
  return textOrNull(files[FILE.REFERENCED_DATA_FILE]!, row)
}

/** The file of the row. Its bounds are views of the columns. */
export function fileAt(_form: ManifestForm, rows: IcebergRows, row: number): IcebergFile {
  const { files } = rows
  const longIn = (at: number): number | null => {
    const value = files[at] === undefined ? null : longOrNull(files[at], row)
    return value === null ? null : Number(value)
  }
  return {
    content: ints(files[FILE.CONTENT]!)[row]!,
    filePath: pathAt(rows, row),
    fileFormat: formatAt(files[FILE.FORMAT]!, row),
    partition: partitionAt(rows, row),
    recordCount: recordCountAt(rows, row),
    fileSize: longIn(FILE.SIZE)!,
    metrics: fileMetricsAt(files, row),
    firstRowId: firstRowIdAt(rows, row),
    referencedDataFile: referencedDataFileAt(rows, row),
    contentOffset: longIn(FILE.CONTENT_OFFSET),
    contentSize: longIn(FILE.CONTENT_SIZE),
  }
}

const FORMATS = ['parquet', 'orc', 'avro', 'puffin'] as const

/** Iceberg's own writers print it in capitals. */
function formatAt(column: Column, row: number): IcebergFile['fileFormat'] {
  const text = textAt(column, row).toLowerCase()
  const format = FORMATS.find((each) => each === text)
  if (format === undefined)
    throw unsupported(`a file of a manifest has the format ${JSON.stringify(text.slice(0, 40))}`)
  return format
}

function partitionForm({ spec, partitionFields }: ManifestForm): PartitionForm {
  return { keys: partitionFields, fields: icebergPartitionFields(spec, partitionFields) }
}

function rowsOfBatch(batch: Batch, partition: PartitionForm): IcebergRows {
  const { columns } = batch
  const files = children(columns[ENTRY.DATA_FILE]!)
  return {
    length: batch.length,
    batch,
    statuses: ints(columns[ENTRY.STATUS]!),
    snapshotIds: longs(columns[ENTRY.SNAPSHOT_ID]!),
    sequenceNumbers: longs(columns[ENTRY.SEQUENCE_NUMBER]!),
    recordCounts: longs(files[FILE.RECORD_COUNT]!),
    files,
    partition,
  }
}

/**
 * The fields of the partition by the names that the file has for them, which in Java's files are always those of the columns.
 * What is not found by its name would be null in every row.
 */
function writtenPartition(
  path: string,
  bytes: Uint8Array,
  { spec }: ManifestForm,
  { fields }: PartitionForm,
): readonly DataField[] {
  const file = decodeAvroHeader(path, bytes).record.fields.find(({ name }) => name === 'data_file')
  const { schema: record } = { ...file }
  const partition =
    record?.kind === 'record' && record.fields.find(({ name }) => name === 'partition')?.schema
  if (!partition || partition.kind !== 'record')
    throw corrupt('is no Iceberg manifest: its entries have no partition')
  const names = partition.fields.map(({ name }) => name)
  if (
    names.length !== fields.length ||
    names.some((name, i) => name !== fields[i]!.name && name !== spec.fields[i]!.name)
  )
    throw corrupt('its entries are of another partition than the table')
  return fields.map((field, i) => ({ ...field, name: names[i]! }))
}

function checkRows({ batch, statuses, files, partition }: IcebergRows): void {
  const { columns } = batch
  for (const status of statuses)
    if (status < ENTRY_STATUS.EXISTING || status > ENTRY_STATUS.DELETED)
      throw corrupt(`a manifest entry is of the status ${status}`)
  for (const content of ints(files[FILE.CONTENT]!))
    if (content !== CONTENT.DATA && content !== CONTENT.DELETES)
      throw unsupported(`a file of content ${content} cannot be read`)
  for (const at of [ENTRY.SNAPSHOT_ID, ENTRY.SEQUENCE_NUMBER, ENTRY.FILE_SEQUENCE_NUMBER])
    if (countNulls(columns[at]!) > 0)
      throw unsupported('a manifest entry leaves its snapshot to be inherited')
  const numbers = [columns[ENTRY.SNAPSHOT_ID], columns[ENTRY.SEQUENCE_NUMBER]]
  const sizes = [columns[ENTRY.FILE_SEQUENCE_NUMBER], files[FILE.RECORD_COUNT], files[FILE.SIZE]]
  const places = [files[FILE.CONTENT_OFFSET], files[FILE.CONTENT_SIZE]]
  for (const column of [...numbers, ...sizes, ...places])
    if (column !== undefined) checkCounts(longs(column))
  const nullCounts = (files[FILE.NULL_COUNTS] as ListColumn).child as StructColumn
  checkCounts(longs(nullCounts.children[1]!))
  for (let row = 0; row < batch.length; row++) formatAt(files[FILE.FORMAT]!, row)
  checkPartitions(partition, children(files[FILE.PARTITION]!))
}

/** Not negative and below 2^53, judged by the upper halves; where there is no value, that is 0. */
function checkCounts(values: BigInt64Array): void {
  const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
  for (let i = 1; i < halves.length; i += 2)
    if (halves[i]! < 0 || halves[i]! >= 2 ** 21)
      throw corrupt(`a number in a manifest entry is ${values[i >> 1]}`)
}
