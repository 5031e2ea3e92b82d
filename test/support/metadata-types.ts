/** The row types of Paimon's metadata files, as its Java classes have them. */
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

const fieldsOf = (types: Record<string, string | DataType>): DataField[] =>
  Object.entries(types).map(([name, type], id) => ({
    id,
    name,
    type: typeof type === 'string' ? parseTypeText(type) : type,
  }))

const row = (types: Record<string, string | DataType>, nullable = false): DataType => ({
  kind: 'ROW',
  nullable,
  fields: fieldsOf(types),
})

const array = (element: string | DataType, nullable = true): DataType => ({
  kind: 'ARRAY',
  nullable,
  element: typeof element === 'string' ? parseTypeText(element) : element,
})

/** `SimpleStats`. */
const stats = row({
  _MIN_VALUES: 'BYTES NOT NULL',
  _MAX_VALUES: 'BYTES NOT NULL',
  _NULL_COUNTS: array('BIGINT'),
})

/** `ManifestFileMeta`. */
export const MANIFEST_LIST: DataField[] = fieldsOf({
  _VERSION: 'INT NOT NULL',
  _FILE_NAME: 'STRING NOT NULL',
  _FILE_SIZE: 'BIGINT NOT NULL',
  _NUM_ADDED_FILES: 'BIGINT NOT NULL',
  _NUM_DELETED_FILES: 'BIGINT NOT NULL',
  _PARTITION_STATS: stats,
  _SCHEMA_ID: 'BIGINT NOT NULL',
  _MIN_BUCKET: 'INT',
  _MAX_BUCKET: 'INT',
  _MIN_LEVEL: 'INT',
  _MAX_LEVEL: 'INT',
  _MIN_ROW_ID: 'BIGINT',
  _MAX_ROW_ID: 'BIGINT',
})

/** `ManifestEntry`. */
export const MANIFEST: DataField[] = fieldsOf({
  _VERSION: 'INT NOT NULL',
  _KIND: 'TINYINT NOT NULL',
  _PARTITION: 'BYTES NOT NULL',
  _BUCKET: 'INT NOT NULL',
  _TOTAL_BUCKETS: 'INT NOT NULL',
  _FILE: row({
    _FILE_NAME: 'STRING NOT NULL',
    _FILE_SIZE: 'BIGINT NOT NULL',
    _ROW_COUNT: 'BIGINT NOT NULL',
    _MIN_KEY: 'BYTES NOT NULL',
    _MAX_KEY: 'BYTES NOT NULL',
    _KEY_STATS: stats,
    _VALUE_STATS: stats,
    _MIN_SEQUENCE_NUMBER: 'BIGINT NOT NULL',
    _MAX_SEQUENCE_NUMBER: 'BIGINT NOT NULL',
    _SCHEMA_ID: 'BIGINT NOT NULL',
    _LEVEL: 'INT NOT NULL',
    _EXTRA_FILES: array('STRING NOT NULL', false),
    _CREATION_TIME: 'TIMESTAMP(3)',
    _DELETE_ROW_COUNT: 'BIGINT',
    _EMBEDDED_FILE_INDEX: 'BYTES',
    _FILE_SOURCE: 'TINYINT',
    _VALUE_STATS_COLS: array('STRING NOT NULL'),
    _EXTERNAL_PATH: 'STRING',
    _FIRST_ROW_ID: 'BIGINT',
    _WRITE_COLS: array('STRING NOT NULL'),
  }),
})

/** `IndexManifestEntry`. */
export const INDEX_MANIFEST: DataField[] = fieldsOf({
  _VERSION: 'INT NOT NULL',
  _KIND: 'TINYINT NOT NULL',
  _PARTITION: 'BYTES NOT NULL',
  _BUCKET: 'INT NOT NULL',
  _INDEX_TYPE: 'STRING NOT NULL',
  _FILE_NAME: 'STRING NOT NULL',
  _FILE_SIZE: 'BIGINT NOT NULL',
  _ROW_COUNT: 'BIGINT NOT NULL',
  _DELETIONS_VECTORS_RANGES: array(
    row(
      { f0: 'STRING NOT NULL', f1: 'INT NOT NULL', f2: 'INT NOT NULL', _CARDINALITY: 'BIGINT' },
      true,
    ),
  ),
  _EXTERNAL_PATH: 'STRING',
  _GLOBAL_INDEX: row(
    {
      _ROW_RANGE_START: 'BIGINT NOT NULL',
      _ROW_RANGE_END: 'BIGINT NOT NULL',
      _INDEX_FIELD_ID: 'INT NOT NULL',
      _EXTRA_FIELD_IDS: array('INT NOT NULL'),
      _INDEX_META: 'BYTES',
    },
    true,
  ),
})
