/** Entries of Iceberg's manifests into the columns of a manifest, and what they say of columns out of them. */
import { appendNullable } from '../snapshot/manifest-list.ts'
import { bytesAt, ints, longs } from '../snapshot/metadata-columns.ts'
import type {
  BytesBuilder,
  ColumnBuilder,
  FixedBuilder,
  ListBuilder,
  StructBuilder,
} from '../types/column-builder.ts'
import { type Column, isPresent, type ListColumn, type StructColumn } from '../types/column.ts'
import type { FileMetrics, IcebergEntry, IcebergFile } from './entry.ts'
import { ENTRY, FILE } from './manifest-fields.ts'
import { appendPartition, type PartitionForm } from './partition-values.ts'

/** Appends the entry to a builder of `manifestFields`; CORRUPT when its partition is none of the form's. */
export function appendEntry(
  builder: StructBuilder,
  partition: PartitionForm,
  entry: IcebergEntry,
): void {
  const columns = builder.children
  const long = (at: number, value: number): void =>
    (columns[at] as FixedBuilder).appendBigInt(BigInt(value))
  ;(columns[ENTRY.STATUS] as FixedBuilder).appendNumber(entry.status)
  long(ENTRY.SNAPSHOT_ID, entry.snapshotId)
  long(ENTRY.SEQUENCE_NUMBER, entry.sequenceNumber)
  long(ENTRY.FILE_SEQUENCE_NUMBER, entry.fileSequenceNumber)
  appendFile(columns[ENTRY.DATA_FILE] as StructBuilder, partition, entry.file)
  builder.endRow()
}

function appendFile(builder: StructBuilder, partition: PartitionForm, file: IcebergFile): void {
  const columns = builder.children
  const text = (at: number, value: string): void => (columns[at] as BytesBuilder).appendText(value)
  const long = (at: number, value: number): void =>
    (columns[at] as FixedBuilder).appendBigInt(BigInt(value))
  ;(columns[FILE.CONTENT] as FixedBuilder).appendNumber(file.content)
  text(FILE.PATH, file.filePath)
  text(FILE.FORMAT, file.fileFormat)
  appendPartition(partition, file.partition, columns[FILE.PARTITION] as StructBuilder)
  long(FILE.RECORD_COUNT, file.recordCount)
  long(FILE.SIZE, file.fileSize)
  const { metrics } = file
  appendById(columns[FILE.NULL_COUNTS]!, metrics?.nullCounts, appendLong)
  appendById(columns[FILE.LOWER_BOUNDS]!, metrics?.lowerBounds, appendBytes)
  appendById(columns[FILE.UPPER_BOUNDS]!, metrics?.upperBounds, appendBytes)
  if (file.referencedDataFile === null) columns[FILE.REFERENCED_DATA_FILE]!.appendNull()
  else text(FILE.REFERENCED_DATA_FILE, file.referencedDataFile)
  const ofVersion3 = [
    [FILE.FIRST_ROW_ID, file.firstRowId],
    [FILE.CONTENT_OFFSET, file.contentOffset],
    [FILE.CONTENT_SIZE, file.contentSize],
  ] as const
  for (const [at, value] of ofVersion3)
    if (columns[at] !== undefined)
      appendNullable(columns[at] as FixedBuilder, value === null ? null : BigInt(value))
  builder.endRow()
}

/** A map by field id, in ascending order: null where nothing is known. */
function appendById<V>(
  column: ColumnBuilder,
  values: ReadonlyMap<number, V> | undefined,
  append: (builder: ColumnBuilder, value: V) => void,
): void {
  if (values === undefined) {
    column.appendNull()
    return
  }
  const list = column as ListBuilder
  const entry = list.child as StructBuilder
  for (const [id, value] of values) {
    ;(entry.children[0] as FixedBuilder).appendNumber(id)
    append(entry.children[1]!, value)
    entry.endRow()
  }
  list.endRow()
}

const appendLong = (builder: ColumnBuilder, value: bigint): void =>
  (builder as FixedBuilder).appendBigInt(value)
const appendBytes = (builder: ColumnBuilder, value: Uint8Array): void =>
  (builder as BytesBuilder).append(value)

/** The metrics of the row, by the columns of `data_file`; null where there are none. */
export function fileMetricsAt(files: readonly Column[], row: number): FileMetrics | null {
  const [counts, lower, upper] = [FILE.NULL_COUNTS, FILE.LOWER_BOUNDS, FILE.UPPER_BOUNDS].map(
    (at) => files[at] as ListColumn,
  )
  if (![counts!, lower!, upper!].some((column) => isPresent(column, row))) return null
  return {
    nullCounts: byIdAt(counts!, row, (values, i) => longs(values)[i]!),
    lowerBounds: byIdAt(lower!, row, bytesAt),
    upperBounds: byIdAt(upper!, row, bytesAt),
  }
}

function byIdAt<V>(
  column: ListColumn,
  row: number,
  valueAt: (values: Column, i: number) => V,
): Map<number, V> {
  const found = new Map<number, V>()
  if (!isPresent(column, row)) return found
  const [ids, values] = (column.child as StructColumn).children
  for (let i = column.starts[row]!; i < column.ends[row]!; i++)
    found.set(ints(ids!)[i]!, valueAt(values!, i))
  return found
}
