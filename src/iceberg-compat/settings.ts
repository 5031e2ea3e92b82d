/**
 * What the options say of a table's Iceberg metadata: whether there is any, where it lies, and what it shows.
 *
 * Follows `IcebergOptions`, and `IcebergCommitCallback.catalogDatabasePath` for the places.
 */
import type { AvroCodec } from '../format/avro/container.ts'
import { avroCodec } from '../format/avro/writer.ts'
import { joinPath, nameOf, parentOf } from '../io/path.ts'
import { icebergStorage, tableOptions, topLevel } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { invalid } from '../util/errors.ts'

export interface IcebergSettings {
  readonly storage: 'table-location' | 'hadoop-catalog' | 'rest-catalog'
  /** Holds the `*.metadata.json`, manifest lists, manifests and delete files. */
  readonly metadataDirectory: string
  readonly formatVersion: 2 | 3
  readonly codec: AvroCodec
  /** A manifest that has reached it is followed by another. */
  readonly manifestTargetBytes: number
  /** So many small manifests are merged when they fill a large one, and so many always. */
  readonly mergeMinCount: number
  readonly mergeMaxCount: number
  /** Metadata files of earlier versions that stay. */
  readonly previousVersions: number
  readonly deletesOldVersions: boolean
  /** How deleted rows are told: not at all, in Puffin files (version 3), or in Parquet files of positions (version 2). */
  readonly deletes: 'none' | 'puffin' | 'positions'
  /** The lowest level that is shown: 0 where every file is, as in tables without a primary key. */
  readonly levelMin: number
}

/**
 * The settings of the table whose directory is `root`; null when it has no Iceberg metadata. INVALID for a version other than
 * 2 and 3, and for a table that is in no database of a warehouse but would have its metadata beside the databases.
 */
export function icebergSettings(root: string, schema: TableSchema): IcebergSettings | null {
  const options = tableOptions(schema.options)
  const storage = icebergStorage(options)
  if (storage === null) return null
  const formatVersion = options.get('metadata.iceberg.format-version')
  if (formatVersion !== 2 && formatVersion !== 3)
    throw invalid(`metadata.iceberg.format-version is ${formatVersion}`, { hint: 'use 2 or 3' })
  const location =
    options.get('metadata.iceberg.storage-location') ??
    (storage === 'table-location' ? 'table-location' : 'catalog-location')
  const hasVectors = options.get('deletion-vectors.enabled')
  const vectors = formatVersion === 3 ? 'puffin' : 'positions'
  return {
    storage,
    metadataDirectory:
      location === 'table-location' ? joinPath(root, 'metadata') : besideDatabases(root),
    formatVersion,
    codec: avroCodec(options.get('metadata.iceberg.manifest-compression')),
    manifestTargetBytes: options.get('manifest.target-file-size'),
    mergeMinCount: options.get('metadata.iceberg.compaction.min.file-num'),
    mergeMaxCount: options.get('metadata.iceberg.compaction.max.file-num'),
    previousVersions: options.get('metadata.iceberg.previous-versions-max'),
    deletesOldVersions: options.get('metadata.iceberg.delete-after-commit.enabled'),
    deletes: hasVectors ? vectors : 'none',
    levelMin: levelMin(schema, hasVectors),
  }
}

/** Without vectors only the top level has each key once; with them every level above 0 has. */
function levelMin(schema: TableSchema, hasVectors: boolean): number {
  if (schema.primaryKeys.length === 0) return 0
  return hasVectors ? 1 : topLevel(tableOptions(schema.options))
}

/** `WAREHOUSE/iceberg/DATABASE/TABLE/metadata`, of `WAREHOUSE/DATABASE.db/TABLE`. */
function besideDatabases(root: string): string {
  const database = parentOf(root)
  const name = nameOf(database)
  if (!name.endsWith('.db') || name === '.db')
    throw invalid('the table is in no database of a warehouse, so there is no place beside it', {
      path: root,
      hint: "set metadata.iceberg.storage-location to 'table-location'",
    })
  return joinPath(
    parentOf(database),
    'iceberg',
    name.slice(0, -'.db'.length),
    nameOf(root),
    'metadata',
  )
}
