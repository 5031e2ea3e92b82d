/**
 * The row types of the table's metadata files, which become their Avro schemas.
 *
 * Follows `ManifestFileMeta.SCHEMA`, `ManifestEntry.SCHEMA`, `DataFileMeta.SCHEMA`, `IndexManifestEntry.SCHEMA`, and
 * `VersionedObjectSerializer`, which puts `_VERSION` first. Files are read by field name, so what a file of an older
 * version lacks is null.
 */
import { type DataField, type DataType, MAX_LENGTH } from '../types/data-type.ts'

/** What `_VERSION` is in each; Java reads no other, and newer fields do not change it. */
export const MANIFEST_LIST_VERSION = 2
export const MANIFEST_VERSION = 2
export const INDEX_MANIFEST_VERSION = 1

type PlainKind = 'TINYINT' | 'INT' | 'BIGINT'

const required = (kind: PlainKind): DataType => ({ kind, nullable: false })
const optional = (kind: PlainKind): DataType => ({ kind, nullable: true })
const string = (nullable: boolean): DataType => ({ kind: 'VARCHAR', length: MAX_LENGTH, nullable })
const bytes = (nullable: boolean): DataType => ({ kind: 'VARBINARY', length: MAX_LENGTH, nullable })
const arrayOf = (element: DataType, nullable: boolean): DataType => ({
  kind: 'ARRAY',
  element,
  nullable,
})
const rowOf = (fields: readonly DataField[], nullable = false): DataType => ({
  kind: 'ROW',
  fields,
  nullable,
})

/** Fields numbered in their order: in metadata files the ids say nothing. */
function fieldsOf(types: Readonly<Record<string, DataType>>): DataField[] {
  return Object.entries(types).map(([name, type], id) => ({ id, name, type }))
}

const SIMPLE_STATS = rowOf(
  fieldsOf({
    _MIN_VALUES: bytes(false),
    _MAX_VALUES: bytes(false),
    _NULL_COUNTS: arrayOf(optional('BIGINT'), true),
  }),
)

/** One row for each manifest. */
export const MANIFEST_LIST_FIELDS: readonly DataField[] = fieldsOf({
  _VERSION: required('INT'),
  _FILE_NAME: string(false),
  _FILE_SIZE: required('BIGINT'),
  _NUM_ADDED_FILES: required('BIGINT'),
  _NUM_DELETED_FILES: required('BIGINT'),
  _PARTITION_STATS: SIMPLE_STATS,
  _SCHEMA_ID: required('BIGINT'),
  _MIN_BUCKET: optional('INT'),
  _MAX_BUCKET: optional('INT'),
  _MIN_LEVEL: optional('INT'),
  _MAX_LEVEL: optional('INT'),
  _MIN_ROW_ID: optional('BIGINT'),
  _MAX_ROW_ID: optional('BIGINT'),
})

/** What a manifest, or a commit message, says of a data file. */
export const DATA_FILE_FIELDS: readonly DataField[] = fieldsOf({
  _FILE_NAME: string(false),
  _FILE_SIZE: required('BIGINT'),
  _ROW_COUNT: required('BIGINT'),
  _MIN_KEY: bytes(false),
  _MAX_KEY: bytes(false),
  _KEY_STATS: SIMPLE_STATS,
  _VALUE_STATS: SIMPLE_STATS,
  _MIN_SEQUENCE_NUMBER: required('BIGINT'),
  _MAX_SEQUENCE_NUMBER: required('BIGINT'),
  _SCHEMA_ID: required('BIGINT'),
  _LEVEL: required('INT'),
  _EXTRA_FILES: arrayOf(string(false), false),
  _CREATION_TIME: { kind: 'TIMESTAMP', precision: 3, nullable: true },
  _DELETE_ROW_COUNT: optional('BIGINT'),
  _EMBEDDED_FILE_INDEX: bytes(true),
  _FILE_SOURCE: optional('TINYINT'),
  _VALUE_STATS_COLS: arrayOf(string(false), true),
  _EXTERNAL_PATH: string(true),
  _FIRST_ROW_ID: optional('BIGINT'),
  _WRITE_COLS: arrayOf(string(false), true),
})

/** One row for each data file that was added or deleted. */
export const MANIFEST_FIELDS: readonly DataField[] = fieldsOf({
  _VERSION: required('INT'),
  _KIND: required('TINYINT'),
  _PARTITION: bytes(false),
  _BUCKET: required('INT'),
  _TOTAL_BUCKETS: required('INT'),
  _FILE: rowOf(DATA_FILE_FIELDS),
})

const DELETION_VECTOR_RANGE = rowOf(
  fieldsOf({
    f0: string(false),
    f1: required('INT'),
    f2: required('INT'),
    _CARDINALITY: optional('BIGINT'),
  }),
  true,
)

const GLOBAL_INDEX = rowOf(
  fieldsOf({
    _ROW_RANGE_START: required('BIGINT'),
    _ROW_RANGE_END: required('BIGINT'),
    _INDEX_FIELD_ID: required('INT'),
    _EXTRA_FIELD_IDS: arrayOf(required('INT'), true),
    _INDEX_META: bytes(true),
  }),
  true,
)

/** What a commit message says of an index file. Follows `IndexFileMeta.SCHEMA`. */
export const INDEX_FILE_FIELDS: readonly DataField[] = fieldsOf({
  _INDEX_TYPE: string(false),
  _FILE_NAME: string(false),
  _FILE_SIZE: required('BIGINT'),
  _ROW_COUNT: required('BIGINT'),
  _DELETIONS_VECTORS_RANGES: arrayOf(DELETION_VECTOR_RANGE, true),
  _EXTERNAL_PATH: string(true),
  _GLOBAL_INDEX: GLOBAL_INDEX,
})

/** One row for each index file of the table. */
export const INDEX_MANIFEST_FIELDS: readonly DataField[] = fieldsOf({
  _VERSION: required('INT'),
  _KIND: required('TINYINT'),
  _PARTITION: bytes(false),
  _BUCKET: required('INT'),
  _INDEX_TYPE: string(false),
  _FILE_NAME: string(false),
  _FILE_SIZE: required('BIGINT'),
  _ROW_COUNT: required('BIGINT'),
  _DELETIONS_VECTORS_RANGES: arrayOf(DELETION_VECTOR_RANGE, true),
  _EXTERNAL_PATH: string(true),
  _GLOBAL_INDEX: GLOBAL_INDEX,
})
