/**
 * Iceberg's manifest lists: the manifests of a snapshot, and what their partitions and counts are.
 *
 * Source: the Iceberg specification, "Manifest Lists".
 */
import type { AvroCodec } from '../format/avro/container.ts'
import { decodeAvro } from '../format/avro/reader.ts'
import { encodeAvro } from '../format/avro/writer.ts'
import { appendNullable } from '../snapshot/manifest-list.ts'
import {
  bytesOrNull,
  children,
  countAt,
  ints,
  longOrNull,
  textAt,
} from '../snapshot/metadata-columns.ts'
import {
  batchBuilder,
  type BooleanBuilder,
  type BytesBuilder,
  finishBatch,
  type FixedBuilder,
  type ListBuilder,
  type StructBuilder,
} from '../types/column-builder.ts'
import { type BooleanColumn, type Column, isPresent, type ListColumn } from '../types/column.ts'
import { corrupt, decoding, unsupported } from '../util/errors.ts'
import { CONTENT, type IcebergManifest, type PartitionSummary } from './entry.ts'
import { LISTED, MANIFEST_LIST_NAMES, manifestListFields } from './manifest-fields.ts'

export interface ManifestListForm {
  readonly formatVersion: 2 | 3
  readonly codec: AvroCodec
  /** The snapshot that the list is of, and what it says of itself in the file's header. */
  readonly snapshotId: number
  readonly parentId: number | null
  readonly sequenceNumber: number
  /** In version 3: the id of the first row that the snapshot added. */
  readonly firstRowId: bigint | null
}

/** The bytes of a list of the manifests; none at all is a list too. */
export function encodeIcebergManifestList(
  manifests: readonly IcebergManifest[],
  form: ManifestListForm,
): Uint8Array {
  const { formatVersion, codec, firstRowId } = form
  const fields = manifestListFields(formatVersion)
  const builder = batchBuilder(fields)
  for (const manifest of manifests) appendManifest(builder, manifest)
  const metadata: Record<string, string> = {
    'snapshot-id': String(form.snapshotId),
    'parent-snapshot-id': String(form.parentId),
    'sequence-number': String(form.sequenceNumber),
    'format-version': String(formatVersion),
  }
  if (formatVersion === 3 && firstRowId !== null) metadata['first-row-id'] = String(firstRowId)
  return encodeAvro(fields, [finishBatch(builder)], { codec, metadata, names: MANIFEST_LIST_NAMES })
}

/**
 * The manifests of a list. Errors name `path`: CORRUPT for damaged bytes and counts that cannot be, UNSUPPORTED for
 * manifests of other contents than there are.
 */
export function decodeIcebergManifestList(path: string, bytes: Uint8Array): IcebergManifest[] {
  const { length, columns } = decodeAvro(path, bytes, manifestListFields(3))
  return decoding(path, () => Array.from({ length }, (_, row) => manifestAt(columns, row)))
}

function appendManifest(builder: StructBuilder, manifest: IcebergManifest): void {
  const columns = builder.children
  const int = (at: number, value: number): void => (columns[at] as FixedBuilder).appendNumber(value)
  const long = (at: number, value: number): void =>
    (columns[at] as FixedBuilder).appendBigInt(BigInt(value))
  ;(columns[LISTED.PATH] as BytesBuilder).appendText(manifest.path)
  long(LISTED.LENGTH, manifest.length)
  int(LISTED.SPEC_ID, manifest.specId)
  int(LISTED.CONTENT, manifest.content)
  long(LISTED.SEQUENCE_NUMBER, manifest.sequenceNumber)
  long(LISTED.MIN_SEQUENCE_NUMBER, manifest.minSequenceNumber)
  long(LISTED.ADDED_SNAPSHOT_ID, manifest.addedSnapshotId)
  int(LISTED.ADDED_FILES, manifest.addedFiles)
  int(LISTED.EXISTING_FILES, manifest.existingFiles)
  int(LISTED.DELETED_FILES, manifest.deletedFiles)
  long(LISTED.ADDED_ROWS, manifest.addedRows)
  long(LISTED.EXISTING_ROWS, manifest.existingRows)
  long(LISTED.DELETED_ROWS, manifest.deletedRows)
  const summaries = columns[LISTED.PARTITIONS] as ListBuilder
  for (const summary of manifest.partitions)
    appendSummary(summaries.child as StructBuilder, summary)
  summaries.endRow()
  const firstRowId = columns[LISTED.FIRST_ROW_ID] as FixedBuilder | undefined
  if (firstRowId !== undefined) appendNullable(firstRowId, manifest.firstRowId)
  builder.endRow()
}

function appendSummary(builder: StructBuilder, summary: PartitionSummary): void {
  const [hasNull, hasNan, lower, upper] = builder.children
  ;(hasNull as BooleanBuilder).append(summary.containsNull)
  if (summary.containsNan === null) hasNan!.appendNull()
  else (hasNan as BooleanBuilder).append(summary.containsNan)
  if (summary.lowerBound === null) lower!.appendNull()
  else (lower as BytesBuilder).append(summary.lowerBound)
  if (summary.upperBound === null) upper!.appendNull()
  else (upper as BytesBuilder).append(summary.upperBound)
  builder.endRow()
}

function manifestAt(columns: readonly Column[], row: number): IcebergManifest {
  const count = (at: number, what: string): number => countAt(columns[at]!, row, what)
  const files = (at: number): number => {
    const value = ints(columns[at]!)[row]!
    if (value < 0) throw corrupt(`a count of files in a manifest is ${value}`)
    return value
  }
  const content = ints(columns[LISTED.CONTENT]!)[row]!
  if (content !== CONTENT.DATA && content !== CONTENT.DELETES)
    throw unsupported(`a manifest of content ${content} cannot be read`)
  return {
    path: textAt(columns[LISTED.PATH]!, row),
    length: count(LISTED.LENGTH, 'the size of a manifest'),
    specId: ints(columns[LISTED.SPEC_ID]!)[row]!,
    content,
    sequenceNumber: count(LISTED.SEQUENCE_NUMBER, 'a sequence number'),
    minSequenceNumber: count(LISTED.MIN_SEQUENCE_NUMBER, 'a sequence number'),
    addedSnapshotId: count(LISTED.ADDED_SNAPSHOT_ID, 'the snapshot of a manifest'),
    addedFiles: files(LISTED.ADDED_FILES),
    existingFiles: files(LISTED.EXISTING_FILES),
    deletedFiles: files(LISTED.DELETED_FILES),
    addedRows: count(LISTED.ADDED_ROWS, 'a count of rows'),
    existingRows: count(LISTED.EXISTING_ROWS, 'a count of rows'),
    deletedRows: count(LISTED.DELETED_ROWS, 'a count of rows'),
    partitions: summariesAt(columns[LISTED.PARTITIONS] as ListColumn, row),
    firstRowId: longOrNull(columns[LISTED.FIRST_ROW_ID]!, row),
  }
}

function summariesAt(column: ListColumn, row: number): PartitionSummary[] {
  if (!isPresent(column, row)) return []
  const [hasNull, hasNan, lower, upper] = children(column.child)
  const summaries: PartitionSummary[] = []
  for (let i = column.starts[row]!; i < column.ends[row]!; i++)
    summaries.push({
      containsNull: bitAt(hasNull!, i),
      containsNan: isPresent(hasNan!, i) ? bitAt(hasNan!, i) : null,
      lowerBound: bytesOrNull(lower!, i),
      upperBound: bytesOrNull(upper!, i),
    })
  return summaries
}

function bitAt(column: Column, row: number): boolean {
  return ((column as BooleanColumn).bits[row >> 3]! & (1 << (row & 7))) !== 0
}
