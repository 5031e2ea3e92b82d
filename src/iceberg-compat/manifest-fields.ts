/**
 * The row types of Iceberg's manifests and manifest lists, which become their Avro schemas; ids are those of the fields.
 *
 * Source: the Iceberg specification, "Manifests", "Manifest Lists" and "Avro".
 */
import type { RowNames } from '../format/avro/row-schema.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../types/data-type.ts'
import { typeText } from '../types/type-text.ts'
import { unsupported } from '../util/errors.ts'
import type { IcebergPartitionSpec } from './metadata.ts'

const int: DataType = { kind: 'INT', nullable: false }
const long: DataType = { kind: 'BIGINT', nullable: false }
const optionalLong: DataType = { kind: 'BIGINT', nullable: true }
const string: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false }
const optionalString: DataType = { ...string, nullable: true }
const binary: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false }
const optionalBinary: DataType = { ...binary, nullable: true }

const field = (id: number, name: string, type: DataType): DataField => ({ id, name, type })
const row = (fields: readonly DataField[]): DataType => ({ kind: 'ROW', fields, nullable: false })
const byId = (value: DataType): DataType => ({ kind: 'MAP', key: int, value, nullable: true })

/** Positions of columns within an entry of a manifest, and within its `data_file`. */
export const ENTRY = {
  STATUS: 0,
  SNAPSHOT_ID: 1,
  SEQUENCE_NUMBER: 2,
  FILE_SEQUENCE_NUMBER: 3,
  DATA_FILE: 4,
} as const
export const FILE = {
  CONTENT: 0,
  PATH: 1,
  FORMAT: 2,
  PARTITION: 3,
  RECORD_COUNT: 4,
  SIZE: 5,
  NULL_COUNTS: 6,
  LOWER_BOUNDS: 7,
  UPPER_BOUNDS: 8,
  REFERENCED_DATA_FILE: 9,
  FIRST_ROW_ID: 10,
  CONTENT_OFFSET: 11,
  CONTENT_SIZE: 12,
} as const

/** One row for each file; `partition` are the fields of {@link icebergPartitionFields}. */
export function manifestFields(
  partition: readonly DataField[],
  formatVersion: 2 | 3,
): readonly DataField[] {
  const file = [
    field(134, 'content', int),
    field(100, 'file_path', string),
    field(101, 'file_format', string),
    field(102, 'partition', row(partition)),
    field(103, 'record_count', long),
    field(104, 'file_size_in_bytes', long),
    field(110, 'null_value_counts', byId(long)),
    field(125, 'lower_bounds', byId(binary)),
    field(128, 'upper_bounds', byId(binary)),
    field(143, 'referenced_data_file', optionalString),
  ]
  if (formatVersion === 3)
    file.push(
      field(142, 'first_row_id', optionalLong),
      field(144, 'content_offset', optionalLong),
      field(145, 'content_size_in_bytes', optionalLong),
    )
  return [
    field(0, 'status', int),
    field(1, 'snapshot_id', optionalLong),
    field(3, 'sequence_number', optionalLong),
    field(4, 'file_sequence_number', optionalLong),
    field(2, 'data_file', row(file)),
  ]
}

/** The names of the records in a manifest, and the ids within its maps. */
export function manifestNames(
  partition: readonly DataField[],
  spec: IcebergPartitionSpec,
): RowNames {
  const names = new Map([
    ['iceberg', 'true'],
    ['org.apache.paimon.avro.generated.record', 'manifest_entry'],
    ['manifest_entry_data_file', 'r2'],
    ['r2_partition', 'r102'],
  ])
  for (const [name, key, value] of MAPS) {
    const record = `k${key}_v${value}`
    names.set(`kv_name_r2_${name}`, record)
    names.set(`k_id_${record}`, String(key))
    names.set(`v_id_${record}`, String(value))
  }
  for (const [i, { name }] of spec.fields.entries())
    if (partition[i]!.name !== name) names.set(`iceberg_name_r102_${partition[i]!.name}`, name)
  return names
}

const MAPS = [
  ['null_value_counts', 121, 122],
  ['lower_bounds', 126, 127],
  ['upper_bounds', 129, 130],
] as const

/**
 * The fields of the `partition` record: named as Avro can, ids as in the spec, types in which Iceberg has the values of the
 * partition keys. UNSUPPORTED for a type of which it has none.
 */
export function icebergPartitionFields(
  spec: IcebergPartitionSpec,
  keys: readonly DataField[],
): readonly DataField[] {
  const taken = new Set<string>()
  return spec.fields.map((each, i) => {
    const id = each['field-id']
    const plain = avroName(each.name)
    const name = taken.has(plain) ? `${plain}_${id}` : plain
    taken.add(name)
    return { id, name, type: partitionType(keys[i]!) }
  })
}

function partitionType({ name, type }: DataField): DataType {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
      return { kind: 'INT', nullable: true }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      if (type.precision <= 6) return { kind: type.kind, precision: 6, nullable: true }
      break
    case 'BOOLEAN':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'DATE':
    case 'DECIMAL':
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return { ...type, nullable: true }
    default:
  }
  throw unsupported(
    `the partition key ${JSON.stringify(name)} is of type ${typeText(type)}, by which Iceberg cannot partition`,
  )
}

/**
 * The name with every UTF-16 unit that may not be there replaced by its number, as Iceberg's Java does, except that letters
 * beyond ASCII count among them: the Avro specification has none in names, and its C and C++ libraries read none.
 */
function avroName(name: string): string {
  const text = name.replaceAll(
    /[^\w]/g,
    (unit) => `_x${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return /^\d/.test(text) ? `_${text}` : text
}

/** Positions of columns within an entry of a manifest list. */
export const LISTED = {
  PATH: 0,
  LENGTH: 1,
  SPEC_ID: 2,
  CONTENT: 3,
  SEQUENCE_NUMBER: 4,
  MIN_SEQUENCE_NUMBER: 5,
  ADDED_SNAPSHOT_ID: 6,
  ADDED_FILES: 7,
  EXISTING_FILES: 8,
  DELETED_FILES: 9,
  ADDED_ROWS: 10,
  EXISTING_ROWS: 11,
  DELETED_ROWS: 12,
  PARTITIONS: 13,
  FIRST_ROW_ID: 14,
} as const

const SUMMARY = row([
  field(509, 'contains_null', { kind: 'BOOLEAN', nullable: false }),
  field(518, 'contains_nan', { kind: 'BOOLEAN', nullable: true }),
  field(510, 'lower_bound', optionalBinary),
  field(511, 'upper_bound', optionalBinary),
])

/** One row for each manifest. */
export function manifestListFields(formatVersion: 2 | 3): readonly DataField[] {
  const fields = [
    field(500, 'manifest_path', string),
    field(501, 'manifest_length', long),
    field(502, 'partition_spec_id', int),
    field(517, 'content', int),
    field(515, 'sequence_number', long),
    field(516, 'min_sequence_number', long),
    field(503, 'added_snapshot_id', long),
    field(504, 'added_files_count', int),
    field(505, 'existing_files_count', int),
    field(506, 'deleted_files_count', int),
    field(512, 'added_rows_count', long),
    field(513, 'existing_rows_count', long),
    field(514, 'deleted_rows_count', long),
    field(507, 'partitions', { kind: 'ARRAY', element: SUMMARY, nullable: true }),
  ]
  if (formatVersion === 3) fields.push(field(520, 'first_row_id', optionalLong))
  return fields
}

export const MANIFEST_LIST_NAMES: RowNames = new Map([
  ['iceberg', 'true'],
  ['org.apache.paimon.avro.generated.record', 'manifest_file'],
  ['manifest_file_partitions', 'r508'],
  ['array_id_r508', '508'],
])
