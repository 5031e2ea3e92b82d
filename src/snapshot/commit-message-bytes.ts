/**
 * Commit messages as bytes, for those who write in one process and commit in another.
 *
 * A single message has the bytes of the Java class `CommitMessageSerializer` of Paimon 1.4, version 11, so that Java can
 * commit what was written here and the other way round: the partition behind its length; bucket (int); a byte 1 and the
 * number of buckets, or 0; then eight lists as `DataIncrement` and `CompactIncrement` have them. A list is its length and
 * that many BinaryRows of `DataFileMeta.SCHEMA` or `IndexFileMeta.SCHEMA`, each behind its length. Numbers are big-endian.
 *
 * Messages of a commit are kept together as `MRCM`, the version, their number, each behind its length, and a CRC32.
 */
import { crc32 } from 'node:zlib'

import { decodeBinaryRow } from '../types/binary-row-decode.ts'
import { encodeBinaryRow } from '../types/binary-row.ts'
import { type InternalValue, textOf, utf8 } from '../types/internal-value.ts'
import { BigEndianInput, BigEndianOutput } from '../util/big-endian.ts'
import { corrupt, unsupported } from '../util/errors.ts'
import type { CommitMessage } from './commit-message.ts'
import type { DataFileMeta, SimpleStats } from './data-file-meta.ts'
import type { DeletionVectorRange, GlobalIndexRange, IndexFileMeta } from './index-manifest.ts'
import { DATA_FILE_FIELDS, INDEX_FILE_FIELDS } from './manifest-types.ts'
import { checkedCount } from './metadata-columns.ts'

/** The version that Java's `CommitMessageSerializer.deserialize` is to be told. */
const MESSAGE_VERSION = 11

const MAGIC = 0x4d_52_43_4d
const DATA_FILE_TYPES = DATA_FILE_FIELDS.map(({ type }) => type)
const INDEX_FILE_TYPES = INDEX_FILE_FIELDS.map(({ type }) => type)

/** The lists of a message in their order. */
const LISTS = [
  { part: 'newFiles', isIndex: false },
  { part: 'deletedFiles', isIndex: false },
  { part: 'changelogFiles', isIndex: false },
  { part: 'newIndexFiles', isIndex: true },
  { part: 'deletedIndexFiles', isIndex: true },
  { part: 'compactBefore', isIndex: false },
  { part: 'compactAfter', isIndex: false },
  { part: 'compactChangelog', isIndex: false },
  { part: 'compactNewIndexFiles', isIndex: true },
  { part: 'compactDeletedIndexFiles', isIndex: true },
] as const

/** The messages of a commit in one piece of bytes; {@link decodeMessages} reads it. */
export function encodeMessages(messages: readonly CommitMessage[]): Uint8Array {
  const out = new BigEndianOutput()
  for (const number of [MAGIC, MESSAGE_VERSION, messages.length]) out.int(number)
  for (const message of messages) out.sized(encodeJavaMessage(message))
  out.int(crc32(out.finish()))
  return out.finish()
}

/** CORRUPT for damaged bytes, UNSUPPORTED for those of another version. */
export function decodeMessages(bytes: Uint8Array): CommitMessage[] {
  const input = new BigEndianInput(bytes)
  if (input.int() !== MAGIC) throw corrupt('the bytes are no commit messages')
  const version = input.int()
  const body = bytes.subarray(0, Math.max(0, bytes.length - 4))
  if (
    version === MESSAGE_VERSION &&
    (crc32(body) | 0) !== new BigEndianInput(bytes.subarray(-4)).int()
  )
    throw corrupt('the checksum of commit messages is wrong')
  const messages = Array.from({ length: input.count() }, () =>
    decodeJavaMessage(input.sized(), version),
  )
  if (input.left !== 4) throw corrupt('commit messages are longer than they say')
  return messages
}

/** The bytes that Java's `CommitMessageSerializer.serialize` gives of the same message. */
export function encodeJavaMessage(message: CommitMessage): Uint8Array {
  const { partition, bucket, totalBuckets } = message
  const out = new BigEndianOutput()
  out.sized(partition)
  out.int(bucket)
  out.byte(1)
  out.int(totalBuckets)
  for (const { part, isIndex } of LISTS) {
    const files = message[part]
    out.int(files.length)
    for (const file of files)
      out.sized(
        isIndex
          ? encodeBinaryRow(INDEX_FILE_TYPES, indexFileValues(file as IndexFileMeta))
          : encodeBinaryRow(DATA_FILE_TYPES, dataFileValues(file as DataFileMeta)),
      )
  }
  return out.finish()
}

/**
 * The message of Java's bytes. `bucketCount` is the table's, for messages that do not say it. CORRUPT for damaged bytes,
 * UNSUPPORTED for another version than {@link MESSAGE_VERSION}.
 */
export function decodeJavaMessage(
  bytes: Uint8Array,
  version: number = MESSAGE_VERSION,
  bucketCount = -1,
): CommitMessage {
  if (version !== MESSAGE_VERSION)
    throw unsupported(`commit messages of version ${version} cannot be read`, {
      hint: `messages of Paimon 1.4 have version ${MESSAGE_VERSION}`,
    })
  const input = new BigEndianInput(bytes)
  const partition = input.sized().slice()
  const bucket = input.int()
  const isCounted = input.byte() !== 0
  const totalBuckets = isCounted ? input.int() : bucketCount
  const lists: Record<string, readonly (DataFileMeta | IndexFileMeta)[]> = {}
  for (const { part, isIndex } of LISTS)
    lists[part] = Array.from({ length: input.count() }, () =>
      isIndex
        ? indexFileOf(decodeBinaryRow(INDEX_FILE_TYPES, input.sized()))
        : dataFileOf(decodeBinaryRow(DATA_FILE_TYPES, input.sized())),
    )
  if (input.left !== 0) throw corrupt('a commit message is longer than it says')
  const increment = lists as unknown as Omit<CommitMessage, 'partition' | 'bucket' | 'totalBuckets'>
  return { partition, bucket, totalBuckets, ...increment }
}

function dataFileValues(file: DataFileMeta): InternalValue[] {
  return [
    utf8(file.fileName),
    BigInt(file.fileSize),
    BigInt(file.rowCount),
    file.minKey,
    file.maxKey,
    statsValues(file.keyStats),
    statsValues(file.valueStats),
    file.minSequenceNumber,
    file.maxSequenceNumber,
    BigInt(file.schemaId),
    file.level,
    file.extraFiles.map(utf8),
    file.creationTime,
    longOrNull(file.deleteRowCount),
    file.embeddedFileIndex,
    file.fileSource,
    file.valueStatsCols?.map(utf8) ?? null,
    textValue(file.externalPath),
    file.firstRowId,
    file.writeCols?.map(utf8) ?? null,
  ]
}

function statsValues({ minValues, maxValues, nullCounts }: SimpleStats): InternalValue[] {
  return [minValues, maxValues, nullCounts?.map(longOrNull) ?? null]
}

function longOrNull(value: number | null): bigint | null {
  return value === null ? null : BigInt(value)
}

function textValue(text: string | null): Uint8Array | null {
  return text === null ? null : utf8(text)
}

function dataFileOf(values: readonly InternalValue[]): DataFileMeta {
  const [name, size, rows, minKey, maxKey, keyStats, valueStats, minNumber, maxNumber, ...rest] =
    values
  const [schemaId, level, extra, created, deleted, index, source, statsCols, path, rowId, cols] =
    rest
  return {
    fileName: textAt(name),
    fileSize: countOf(size, 'the size of a file'),
    rowCount: countOf(rows, 'the row count of a file'),
    minKey: bytesOf(minKey),
    maxKey: bytesOf(maxKey),
    keyStats: statsOf(keyStats),
    valueStats: statsOf(valueStats),
    minSequenceNumber: present(minNumber) as bigint,
    maxSequenceNumber: present(maxNumber) as bigint,
    schemaId: countOf(schemaId, 'the schema of a file'),
    level: present(level) as number,
    extraFiles: textsOrNull(extra) ?? [],
    creationTime: (created ?? null) as bigint | null,
    deleteRowCount: countOrNull(deleted, 'a count of deleted rows'),
    embeddedFileIndex: index === null ? null : bytesOf(index),
    fileSource: (source ?? null) as number | null,
    valueStatsCols: textsOrNull(statsCols),
    externalPath: path === null ? null : textAt(path),
    firstRowId: (rowId ?? null) as bigint | null,
    writeCols: textsOrNull(cols),
  }
}

function statsOf(value: InternalValue | undefined): SimpleStats {
  const [min, max, counts] = present(value) as readonly InternalValue[]
  return {
    minValues: bytesOf(min),
    maxValues: bytesOf(max),
    nullCounts:
      counts === null
        ? null
        : (counts as readonly InternalValue[]).map((each) => countOrNull(each, 'a count of nulls')),
  }
}

function indexFileValues(file: IndexFileMeta): InternalValue[] {
  const { indexType, fileName, fileSize, rowCount, deletionVectors, externalPath } = file
  const vectors = deletionVectors?.map((range) => [
    utf8(range.dataFileName),
    range.offset,
    range.length,
    longOrNull(range.cardinality),
  ])
  return [
    utf8(indexType),
    utf8(fileName),
    BigInt(fileSize),
    BigInt(rowCount),
    vectors ?? null,
    textValue(externalPath),
    globalIndexValues(file.globalIndex),
  ]
}

function globalIndexValues(index: GlobalIndexRange | null): InternalValue[] | null {
  if (index === null) return null
  const { rowRangeStart, rowRangeEnd, indexFieldId, extraFieldIds, indexMeta } = index
  return [rowRangeStart, rowRangeEnd, indexFieldId, extraFieldIds && [...extraFieldIds], indexMeta]
}

function indexFileOf(values: readonly InternalValue[]): IndexFileMeta {
  const [type, name, size, rows, vectors, path, index] = values
  return {
    indexType: textAt(type),
    fileName: textAt(name),
    fileSize: countOf(size, 'the size of an index file'),
    rowCount: countOf(rows, 'the row count of an index file'),
    deletionVectors:
      vectors === null ? null : (present(vectors) as readonly InternalValue[]).map(vectorOf),
    externalPath: path === null ? null : textAt(path),
    globalIndex: index === null ? null : globalIndexOf(present(index) as readonly InternalValue[]),
  }
}

function vectorOf(value: InternalValue): DeletionVectorRange {
  const [name, offset, length, cardinality] = present(value) as readonly InternalValue[]
  return {
    dataFileName: textAt(name),
    offset: countOf(BigInt(present(offset) as number), 'the offset of a deletion vector'),
    length: countOf(BigInt(present(length) as number), 'the length of a deletion vector'),
    cardinality: countOrNull(cardinality, 'the cardinality of a deletion vector'),
  }
}

function globalIndexOf(values: readonly InternalValue[]): GlobalIndexRange {
  const [start, end, field, extra, meta] = values
  return {
    rowRangeStart: present(start) as bigint,
    rowRangeEnd: present(end) as bigint,
    indexFieldId: present(field) as number,
    extraFieldIds: extra as readonly number[] | null,
    indexMeta: meta === null ? null : bytesOf(meta),
  }
}

/** Fields that must not be null are checked, since the bytes may say anything. */
function present(value: InternalValue | undefined): Exclude<InternalValue, null> {
  if (value === null || value === undefined) throw corrupt('a commit message lacks a value')
  return value
}

/** In memory of its own, so that the whole message is not kept for it. */
function bytesOf(value: InternalValue | undefined): Uint8Array {
  return (present(value) as Uint8Array).slice()
}

function textAt(value: InternalValue | undefined): string {
  return textOf(present(value) as Uint8Array)
}

function textsOrNull(value: InternalValue | undefined): string[] | null {
  return value === null ? null : (present(value) as readonly InternalValue[]).map(textAt)
}

function countOf(value: InternalValue | undefined, what: string): number {
  return checkedCount(present(value) as bigint, what)
}

function countOrNull(value: InternalValue | undefined, what: string): number | null {
  return value === null ? null : countOf(value, what)
}
