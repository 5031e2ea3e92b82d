/**
 * Index manifests: all index files of a snapshot (hashes of dynamic buckets, deletion vectors, global indexes).
 *
 * Unlike manifests they hold the whole state and not a change. Follows `IndexManifestFile`,
 * `IndexManifestEntrySerializer` and `IndexManifestFileHandler`.
 */
import type { AvroCodec } from '../format/avro/container.ts'
import { decodeAvro } from '../format/avro/reader.ts'
import { encodeAvro } from '../format/avro/writer.ts'
import {
  batchBuilder,
  type BytesBuilder,
  finishBatch,
  type FixedBuilder,
  type ListBuilder,
  type StructBuilder,
} from '../types/column-builder.ts'
import { type Batch, type Column, isPresent } from '../types/column.ts'
import { assert } from '../util/assert.ts'
import { corrupt, decoding } from '../util/errors.ts'
import { FILE_KIND } from './manifest-entry.ts'
import { appendNullable, checkVersions } from './manifest-list.ts'
import { INDEX_MANIFEST_FIELDS, INDEX_MANIFEST_VERSION } from './manifest-types.ts'
import {
  bytesAt,
  bytesOrNull,
  checkedCount,
  children,
  countAt,
  countOrNull,
  ints,
  longs,
  textAt,
  textOrNull,
  tinyInts,
} from './metadata-columns.ts'

/** Where the deletion vector of one data file lies in an index file. */
export interface DeletionVectorRange {
  readonly dataFileName: string
  readonly offset: number
  readonly length: number
  /** How many rows it deletes; null where an older writer did not say. */
  readonly cardinality: number | null
}

/** Follows `GlobalIndexMeta`. */
export interface GlobalIndexRange {
  readonly rowRangeStart: bigint
  readonly rowRangeEnd: bigint
  readonly indexFieldId: number
  readonly extraFieldIds: readonly number[] | null
  readonly indexMeta: Uint8Array | null
}

/** Follows `IndexFileMeta`. */
export interface IndexFileMeta {
  /** {@link HASH_INDEX}, {@link DELETION_VECTORS_INDEX}, or the name of a global index. */
  readonly indexType: string
  readonly fileName: string
  readonly fileSize: number
  /** Hashes, or deletion vectors. */
  readonly rowCount: number
  readonly deletionVectors: readonly DeletionVectorRange[] | null
  readonly externalPath: string | null
  readonly globalIndex: GlobalIndexRange | null
}

export const HASH_INDEX = 'HASH'
export const DELETION_VECTORS_INDEX = 'DELETION_VECTORS'

/**
 * Stands among the index files that a change replaces where a bucket had no deletion vectors: whoever commits it knows that it
 * builds on that. Java, which does not look at what is replaced, takes it for a file that is gone already.
 */
export const NO_VECTORS: IndexFileMeta = {
  indexType: DELETION_VECTORS_INDEX,
  fileName: '',
  fileSize: 0,
  rowCount: 0,
  deletionVectors: [],
  externalPath: null,
  globalIndex: null,
}

export interface IndexManifestEntry {
  /** A stored index manifest has added files only; a change may delete some. */
  readonly kind: number
  readonly partition: Uint8Array
  readonly bucket: number
  readonly indexFile: IndexFileMeta
}

/** The entries of an index manifest. CORRUPT for damaged bytes and deletions, UNSUPPORTED for another version. */
export function decodeIndexManifest(path: string, bytes: Uint8Array): IndexManifestEntry[] {
  const batch = decodeAvro(path, bytes, INDEX_MANIFEST_FIELDS)
  return decoding(path, () => {
    checkVersions(ints(batch.columns[0]!), INDEX_MANIFEST_VERSION, 'index manifests')
    return Array.from({ length: batch.length }, (_, row) => entryAt(batch, row))
  })
}

export function encodeIndexManifest(
  entries: readonly IndexManifestEntry[],
  codec: AvroCodec,
): Uint8Array {
  const builder = batchBuilder(INDEX_MANIFEST_FIELDS)
  for (const entry of entries) appendEntry(builder, entry)
  return encodeAvro(INDEX_MANIFEST_FIELDS, [finishBatch(builder)], { codec })
}

function entryAt({ columns }: Batch, row: number): IndexManifestEntry {
  const [, kind, partition, bucket, type, name, size, rowCount, vectors, external, global] = columns
  if (tinyInts(kind!)[row] !== FILE_KIND.ADD)
    throw corrupt(`an index manifest has an entry of the kind ${tinyInts(kind!)[row]}`)
  return {
    kind: FILE_KIND.ADD,
    partition: bytesAt(partition!, row),
    bucket: ints(bucket!)[row]!,
    indexFile: {
      indexType: textAt(type!, row),
      fileName: textAt(name!, row),
      fileSize: countAt(size!, row, 'the size of an index file'),
      rowCount: countAt(rowCount!, row, 'the row count of an index file'),
      deletionVectors: vectorsAt(vectors!, row),
      externalPath: textOrNull(external!, row),
      globalIndex: isPresent(global!, row) ? globalIndexAt(children(global!), row) : null,
    },
  }
}

function vectorsAt(column: Column, row: number): DeletionVectorRange[] | null {
  assert(column.layout === 'list', 'an ARRAY column')
  if (!isPresent(column, row)) return null
  const { child, starts, ends } = column
  const [names, offsets, lengths, cardinalities] = children(child)
  const ranges: DeletionVectorRange[] = []
  for (let i = starts[row]!; i < ends[row]!; i++) {
    if (!isPresent(child, i)) throw corrupt('an index manifest has a null deletion vector')
    ranges.push({
      dataFileName: textAt(names!, i),
      offset: checkedCount(BigInt(ints(offsets!)[i]!), 'the offset of a deletion vector'),
      length: checkedCount(BigInt(ints(lengths!)[i]!), 'the length of a deletion vector'),
      cardinality: countOrNull(cardinalities!, i, 'the cardinality of a deletion vector'),
    })
  }
  return ranges
}

function globalIndexAt(columns: readonly Column[], row: number): GlobalIndexRange {
  const [start, end, fieldId, extraIds, meta] = columns
  assert(extraIds?.layout === 'list', 'an ARRAY column')
  const extra = ints(extraIds.child).slice(extraIds.starts[row], extraIds.ends[row])
  return {
    rowRangeStart: longs(start!)[row]!,
    rowRangeEnd: longs(end!)[row]!,
    indexFieldId: ints(fieldId!)[row]!,
    extraFieldIds: isPresent(extraIds, row) ? [...extra] : null,
    indexMeta: bytesOrNull(meta!, row),
  }
}

function appendEntry(builder: StructBuilder, entry: IndexManifestEntry): void {
  const [version, kind, partition, bucket, ...rest] = builder.children
  const [type, name, size, rowCount, vectors, external, global] = rest
  const { indexFile } = entry
  ;(version as FixedBuilder).appendNumber(INDEX_MANIFEST_VERSION)
  ;(kind as FixedBuilder).appendNumber(entry.kind)
  ;(partition as BytesBuilder).append(entry.partition)
  ;(bucket as FixedBuilder).appendNumber(entry.bucket)
  ;(type as BytesBuilder).appendText(indexFile.indexType)
  ;(name as BytesBuilder).appendText(indexFile.fileName)
  ;(size as FixedBuilder).appendBigInt(BigInt(indexFile.fileSize))
  ;(rowCount as FixedBuilder).appendBigInt(BigInt(indexFile.rowCount))
  appendVectors(vectors as ListBuilder, indexFile.deletionVectors)
  if (indexFile.externalPath === null) external!.appendNull()
  else (external as BytesBuilder).appendText(indexFile.externalPath)
  appendGlobalIndex(global as StructBuilder, indexFile.globalIndex)
  builder.endRow()
}

function appendVectors(builder: ListBuilder, ranges: readonly DeletionVectorRange[] | null): void {
  if (ranges === null) {
    builder.appendNull()
    return
  }
  const range = builder.child as StructBuilder
  const [name, offset, length, cardinality] = range.children
  for (const each of ranges) {
    ;(name as BytesBuilder).appendText(each.dataFileName)
    ;(offset as FixedBuilder).appendNumber(each.offset)
    ;(length as FixedBuilder).appendNumber(each.length)
    const rows = each.cardinality
    appendNullable(cardinality as FixedBuilder, rows === null ? null : BigInt(rows))
    range.endRow()
  }
  builder.endRow()
}

function appendGlobalIndex(builder: StructBuilder, index: GlobalIndexRange | null): void {
  if (index === null) {
    builder.appendNull()
    return
  }
  const [start, end, fieldId, extraIds, meta] = builder.children
  ;(start as FixedBuilder).appendBigInt(index.rowRangeStart)
  ;(end as FixedBuilder).appendBigInt(index.rowRangeEnd)
  ;(fieldId as FixedBuilder).appendNumber(index.indexFieldId)
  if (index.extraFieldIds === null) extraIds!.appendNull()
  else {
    const ids = extraIds as ListBuilder
    for (const id of index.extraFieldIds) (ids.child as FixedBuilder).appendNumber(id)
    ids.endRow()
  }
  if (index.indexMeta === null) meta!.appendNull()
  else (meta as BytesBuilder).append(index.indexMeta)
  builder.endRow()
}
