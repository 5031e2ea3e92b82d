/**
 * A table's columns and partition keys as Iceberg's metadata has them.
 *
 * Follows `IcebergSchema`, `IcebergDataField` and `IcebergPartitionSpec` of Java, save that the elements of arrays are required as
 * they themselves are, and that short timestamps are carried. Field ids are Paimon's, and those that its Parquet files have
 * within arrays and maps.
 */
import type { DataField, DataType } from '../types/data-type.ts'
import {
  arrayElementId,
  collectFieldIds,
  keyFieldId,
  mapKeyId,
  mapValueId,
} from '../types/field-ids.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { fieldNamed } from '../types/schema-keys.ts'
import { typeText } from '../types/type-text.ts'
import { type LakeError, unsupported } from '../util/errors.ts'
import type { IcebergField, IcebergPartitionSpec, IcebergSchema, IcebergType } from './metadata.ts'

/**
 * UNSUPPORTED, naming the column, for types that Iceberg's readers cannot take from Paimon's files, and for names and ids that
 * Iceberg takes for the same.
 */
export function icebergSchema(schema: TableSchema): IcebergSchema {
  const fields = schema.fields.map((field) => icebergField(field, field.name))
  requireDistinct(fields)
  const identifiers = identifierIds(schema)
  return {
    type: 'struct',
    'schema-id': schema.id,
    ...(identifiers.length > 0 && { 'identifier-field-ids': identifiers }),
    fields,
  }
}

/** Every partition key as it is; also the empty specification of a table without partitions. */
export function partitionSpec(schema: TableSchema): IcebergPartitionSpec {
  const fields = schema.partitionKeys.map((name, i) => ({
    'source-id': fieldNamed(schema, name).id,
    'field-id': FIRST_PARTITION_FIELD_ID + i,
    name,
    transform: 'identity',
  }))
  return { 'spec-id': 0, fields }
}

const FIRST_PARTITION_FIELD_ID = 1000

/**
 * The highest id of all columns of the schemas, of the parts of nested ones, and of the `_KEY_` columns that files of primary-key
 * tables repeat their keys in: some clients take a file that has a higher id for damaged.
 */
export function lastColumnId(schemas: readonly TableSchema[]): number {
  let last = 0
  for (const schema of schemas) {
    const { fields, highestFieldId, primaryKeys } = schema
    for (const id of collectFieldIds(fields)) last = Math.max(last, id)
    for (const { type, id } of fields) last = Math.max(last, highestPartId(type, id, 0))
    for (const name of primaryKeys) last = Math.max(last, keyFieldId(fieldNamed(schema, name).id))
    last = Math.max(last, highestFieldId)
  }
  return last
}

/** The highest id that Parquet files give to elements, keys and values. */
function highestPartId(type: DataType, fieldId: number, depth: number): number {
  switch (type.kind) {
    case 'ARRAY':
      return Math.max(
        arrayElementId(fieldId, depth + 1),
        highestPartId(type.element, fieldId, depth + 1),
      )
    case 'MAP':
      return Math.max(
        mapKeyId(fieldId, depth + 1),
        mapValueId(fieldId, depth + 1),
        highestPartId(type.key, fieldId, depth + 1),
        highestPartId(type.value, fieldId, depth + 1),
      )
    case 'ROW':
      return Math.max(-1, ...type.fields.map((field) => highestPartId(field.type, field.id, 0)))
    default:
      return -1
  }
}

function icebergField({ id, name, type, description }: DataField, path: string): IcebergField {
  return {
    id,
    name,
    required: !type.nullable,
    type: icebergType(type, id, 0, path),
    ...(description !== undefined && { doc: description }),
  }
}

/** `fieldId` is that of the nearest named field around the type, `depth` the arrays and maps between the two. */
function icebergType(type: DataType, fieldId: number, depth: number, path: string): IcebergType {
  switch (type.kind) {
    case 'ARRAY':
      return {
        type: 'list',
        'element-id': arrayElementId(fieldId, depth + 1),
        element: icebergType(type.element, fieldId, depth + 1, path),
        'element-required': !type.element.nullable,
      }
    case 'MAP':
      return {
        type: 'map',
        'key-id': mapKeyId(fieldId, depth + 1),
        key: icebergType(type.key, fieldId, depth + 1, path),
        'value-id': mapValueId(fieldId, depth + 1),
        value: icebergType(type.value, fieldId, depth + 1, path),
        'value-required': !type.value.nullable,
      }
    case 'ROW':
      return {
        type: 'struct',
        fields: type.fields.map((field) => icebergField(field, `${path}.${field.name}`)),
      }
    default: {
      const name = primitiveName(type)
      if (name === undefined) throw notCarried(path, type)
      return name
    }
  }
}

/** Iceberg's name of the type; undefined where it has none, or none that its readers find in Paimon's files. */
function primitiveName(type: DataType): string | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return 'boolean'
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
      return 'int'
    case 'BIGINT':
      return 'long'
    case 'FLOAT':
      return 'float'
    case 'DOUBLE':
      return 'double'
    case 'DATE':
      return 'date'
    case 'CHAR':
    case 'VARCHAR':
      return 'string'
    case 'BINARY':
    case 'VARBINARY':
      return 'binary'
    case 'DECIMAL':
      return `decimal(${type.precision}, ${type.scale})`
    case 'TIMESTAMP':
      return type.precision > 6 ? undefined : 'timestamp'
    case 'TIMESTAMP_LTZ':
      return type.precision > 6 ? undefined : 'timestamptz'
    default:
      return undefined
  }
}

function notCarried(path: string, type: DataType): LakeError {
  return unsupported(
    `column "${path}" has the type ${typeText(type)}, which Iceberg metadata cannot carry`,
    { hint: `${insteadOf(type)}, or set metadata.iceberg.storage to 'disabled'` },
  )
}

function insteadOf(type: DataType): string {
  switch (type.kind) {
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return `use ${typeText({ ...type, precision: 6, nullable: true })}`
    case 'TIME':
      return 'use INT (milliseconds of the day) or STRING'
    case 'MULTISET':
      return 'use a MAP of the elements to INT'
    case 'VECTOR':
      return 'use an ARRAY'
    case 'VARIANT':
      return 'use STRING'
    default:
      return 'use BYTES'
  }
}

const MAX_FIELD_ID = 2_147_483_447

/** Iceberg knows a field by its id, and looks it up by the path of names to it, so both are of one field only. */
function requireDistinct(fields: readonly IcebergField[]): void {
  const ids = new Set<number>()
  const paths = new Set<string>()
  const visit = (column: string, path: string, id: number, type: IcebergType): void => {
    if (ids.has(id) || id < 0 || id > MAX_FIELD_ID)
      throw unsupported(
        `column "${column}" has parts that Iceberg cannot tell apart by their ids`,
        {
          hint: `give it fewer nested arrays and maps: "${path}" has the id ${id}`,
        },
      )
    if (paths.has(path))
      throw unsupported(`Iceberg takes two fields for the same: "${path}"`, {
        hint: `rename the column "${column}"`,
      })
    ids.add(id)
    paths.add(path)
    if (typeof type === 'string') return
    if (type.type === 'struct')
      for (const field of type.fields) visit(column, `${path}.${field.name}`, field.id, field.type)
    else if (type.type === 'list')
      visit(column, `${path}.element`, type['element-id'], type.element)
    else {
      visit(column, `${path}.key`, type['key-id'], type.key)
      visit(column, `${path}.value`, type['value-id'], type.value)
    }
  }
  for (const { id, name, type } of fields) visit(name, name, id, type)
}

/** The ids of the primary key; none where Iceberg does not take one of its columns for an identifier. */
function identifierIds(schema: TableSchema): number[] {
  const keys = schema.primaryKeys.map((name) => fieldNamed(schema, name))
  const isIdentifier = keys.every(
    ({ type }) => !type.nullable && type.kind !== 'FLOAT' && type.kind !== 'DOUBLE',
  )
  return isIdentifier ? keys.map(({ id }) => id) : []
}
