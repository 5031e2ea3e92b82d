/**
 * Manifest lists: the manifests of a snapshot, with what each holds, so that many need not be opened.
 *
 * Follows `ManifestList`, `ManifestFileMeta` and `ManifestFileMetaSerializer`.
 */
import type { AvroCodec } from '../format/avro/container.ts'
import { decodeAvro } from '../format/avro/reader.ts'
import { encodeAvro } from '../format/avro/writer.ts'
import {
  batchBuilder,
  type BytesBuilder,
  finishBatch,
  type FixedBuilder,
  type StructBuilder,
} from '../types/column-builder.ts'
import type { Batch } from '../types/column.ts'
import { decoding, unsupported } from '../util/errors.ts'
import type { SimpleStats } from './data-file-meta.ts'
import { MANIFEST_LIST_FIELDS, MANIFEST_LIST_VERSION } from './manifest-types.ts'
import { countAt, intOrNull, ints, longOrNull, textAt } from './metadata-columns.ts'
import { appendSimpleStats, simpleStatsAt } from './simple-stats.ts'

/** What a manifest list says of one manifest. */
export interface ManifestFileMeta {
  readonly fileName: string
  readonly fileSize: number
  readonly numAddedFiles: number
  readonly numDeletedFiles: number
  /** Of the partition columns over all entries. */
  readonly partitionStats: SimpleStats
  /** The highest schema that a file of an entry has. */
  readonly schemaId: number
  /** Null in lists of older writers, as all that follow. */
  readonly minBucket: number | null
  readonly maxBucket: number | null
  readonly minLevel: number | null
  readonly maxLevel: number | null
  /** Null where a file has no row ids. */
  readonly minRowId: bigint | null
  readonly maxRowId: bigint | null
}

/**
 * The manifests of a list. Errors name `path`: CORRUPT for damaged bytes, UNSUPPORTED for another version.
 */
export function decodeManifestList(path: string, bytes: Uint8Array): ManifestFileMeta[] {
  const batch = decodeAvro(path, bytes, MANIFEST_LIST_FIELDS)
  return decoding(path, () => {
    checkVersions(ints(batch.columns[0]!), MANIFEST_LIST_VERSION, 'manifest lists')
    return Array.from({ length: batch.length }, (_, row) => metaAt(batch, row))
  })
}

/** The bytes of a list of the manifests; none at all is a list too. */
export function encodeManifestList(
  metas: readonly ManifestFileMeta[],
  codec: AvroCodec,
): Uint8Array {
  const builder = batchBuilder(MANIFEST_LIST_FIELDS)
  for (const meta of metas) appendMeta(builder, meta)
  return encodeAvro(MANIFEST_LIST_FIELDS, [finishBatch(builder)], { codec })
}

/** UNSUPPORTED when a row is of another version than the one there is. */
export function checkVersions(versions: Int32Array, known: number, what: string): void {
  for (const version of versions)
    if (version !== known)
      throw unsupported(`${what} of version ${version} cannot be read, only those of ${known}`)
}

function metaAt({ columns }: Batch, row: number): ManifestFileMeta {
  const [, name, size, added, deleted, stats, schema, ...ranges] = columns
  const [minBucket, maxBucket, minLevel, maxLevel, minRowId, maxRowId] = ranges
  return {
    fileName: textAt(name!, row),
    fileSize: countAt(size!, row, 'the size of a manifest'),
    numAddedFiles: countAt(added!, row, 'a count of added files'),
    numDeletedFiles: countAt(deleted!, row, 'a count of deleted files'),
    partitionStats: simpleStatsAt(stats!, row),
    schemaId: countAt(schema!, row, 'the schema of a manifest'),
    minBucket: intOrNull(minBucket!, row),
    maxBucket: intOrNull(maxBucket!, row),
    minLevel: intOrNull(minLevel!, row),
    maxLevel: intOrNull(maxLevel!, row),
    minRowId: longOrNull(minRowId!, row),
    maxRowId: longOrNull(maxRowId!, row),
  }
}

function appendMeta(builder: StructBuilder, meta: ManifestFileMeta): void {
  const [version, name, size, added, deleted, stats, schema, ...ranges] = builder.children
  ;(version as FixedBuilder).appendNumber(MANIFEST_LIST_VERSION)
  ;(name as BytesBuilder).appendText(meta.fileName)
  ;(size as FixedBuilder).appendBigInt(BigInt(meta.fileSize))
  ;(added as FixedBuilder).appendBigInt(BigInt(meta.numAddedFiles))
  ;(deleted as FixedBuilder).appendBigInt(BigInt(meta.numDeletedFiles))
  appendSimpleStats(stats as StructBuilder, meta.partitionStats)
  ;(schema as FixedBuilder).appendBigInt(BigInt(meta.schemaId))
  const values = [meta.minBucket, meta.maxBucket, meta.minLevel, meta.maxLevel]
  for (const [i, value] of [...values, meta.minRowId, meta.maxRowId].entries())
    appendNullable(ranges[i] as FixedBuilder, value)
  builder.endRow()
}

export function appendNullable(builder: FixedBuilder, value: number | bigint | null): void {
  if (value === null) builder.appendNull()
  else if (typeof value === 'bigint') builder.appendBigInt(value)
  else builder.appendNumber(value)
}
