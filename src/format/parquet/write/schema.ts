/**
 * The Parquet schema that a row type is written with: what Java Paimon writes, field ids included.
 *
 * Follows `ParquetSchemaConverter` and `SpecialFields`.
 */
import type { DataField, DataType } from '../../../types/data-type.ts'
import { decimalBytes } from '../../../types/decimal-text.ts'
import { ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD } from '../../../types/field-ids.ts'
import { unsupported } from '../../../util/errors.ts'
import {
  CONVERTED,
  type LogicalType,
  PHYSICAL,
  REPETITION,
  type SchemaElement,
} from '../metadata.ts'

/** Depth-first, the root first. */
export function writeSchema(fields: readonly DataField[]): SchemaElement[] {
  const out: SchemaElement[] = [{ name: 'paimon_schema', childCount: fields.length }]
  for (const field of fields) addColumn(out, field.name, field.type, field.id, field.id, 0)
  return out
}

/** Iceberg's ids of `_row_id` and `_last_updated_sequence_number`. */
const LINEAGE_IDS: ReadonlyMap<number, number> = new Map([
  [ROW_ID_FIELD.id, 2_147_483_540],
  [SEQUENCE_NUMBER_FIELD.id, 2_147_483_539],
])

/**
 * The fields of rows that carry their ids, with Iceberg's field ids for them: its sequence numbers are the ids of snapshots, as
 * `_SEQUENCE_NUMBER` beside `_ROW_ID` is. That of a merge tree is another, and stays as it is. Readers of Paimon go by names.
 */
export function lineageFields(fields: readonly DataField[]): readonly DataField[] {
  if (!fields.some(({ id }) => id === ROW_ID_FIELD.id)) return fields
  return fields.map((field) => ({ ...field, id: LINEAGE_IDS.get(field.id) ?? field.id }))
}

const NESTED_ID_BASE = 536870911
const NESTED_ID_STEP = 1024

/** `fieldId` is that of the nearest named field around the column, `depth` the containers between the two. */
function addColumn(
  out: SchemaElement[],
  name: string,
  type: DataType,
  id: number,
  fieldId: number,
  depth: number,
): void {
  const repetition = type.nullable ? REPETITION.OPTIONAL : REPETITION.REQUIRED
  const base = { name, repetition, fieldId: id }
  const elementId = (NESTED_ID_BASE + fieldId * NESTED_ID_STEP + depth + 1) | 0
  const keyId = (NESTED_ID_BASE - fieldId * NESTED_ID_STEP - depth - 1) | 0
  switch (type.kind) {
    case 'ARRAY': {
      const logical: LogicalType = { kind: 'LIST' }
      out.push({ ...base, childCount: 1, converted: CONVERTED.LIST, logical })
      out.push({ name: 'list', repetition: REPETITION.REPEATED, childCount: 1 })
      addColumn(out, 'element', type.element, elementId, fieldId, depth + 1)
      return
    }
    case 'MAP':
    case 'MULTISET': {
      const isMap = type.kind === 'MAP'
      const key = isMap ? type.key : type.element
      const value: DataType = isMap ? type.value : { kind: 'INT', nullable: false }
      out.push({ ...base, childCount: 1, converted: CONVERTED.MAP, logical: { kind: 'MAP' } })
      const converted = CONVERTED.MAP_KEY_VALUE
      out.push({ name: 'key_value', repetition: REPETITION.REPEATED, childCount: 2, converted })
      addColumn(out, 'key', { ...key, nullable: false }, keyId, fieldId, depth + 1)
      addColumn(out, 'value', value, elementId, fieldId, depth + 1)
      return
    }
    case 'ROW':
      out.push({ ...base, childCount: type.fields.length })
      for (const field of type.fields) addColumn(out, field.name, field.type, field.id, field.id, 0)
      return
    case 'VARIANT': {
      // Java leaves the annotation of VARIANT out, for readers that do not know it.
      const part = { repetition: REPETITION.REQUIRED, physical: PHYSICAL.BYTE_ARRAY }
      out.push({ ...base, childCount: 2 })
      out.push({ name: 'value', fieldId: 0, ...part }, { name: 'metadata', fieldId: 1, ...part })
      return
    }
    default:
      out.push({ ...base, ...leafElement(type) })
  }
}

function leafElement(type: DataType): Omit<SchemaElement, 'name'> {
  switch (type.kind) {
    case 'BOOLEAN':
      return { physical: PHYSICAL.BOOLEAN }
    case 'TINYINT':
      return integer(8, CONVERTED.INT_8)
    case 'SMALLINT':
      return integer(16, CONVERTED.INT_16)
    case 'INT':
      return { physical: PHYSICAL.INT32 }
    case 'BIGINT':
      return { physical: PHYSICAL.INT64 }
    case 'FLOAT':
      return { physical: PHYSICAL.FLOAT }
    case 'DOUBLE':
      return { physical: PHYSICAL.DOUBLE }
    case 'CHAR':
    case 'VARCHAR':
      return {
        physical: PHYSICAL.BYTE_ARRAY,
        converted: CONVERTED.UTF8,
        logical: { kind: 'STRING' },
      }
    case 'BINARY':
    case 'VARBINARY':
      return { physical: PHYSICAL.BYTE_ARRAY }
    case 'DATE':
      return { physical: PHYSICAL.INT32, converted: CONVERTED.DATE, logical: { kind: 'DATE' } }
    case 'TIME':
      return {
        physical: PHYSICAL.INT32,
        converted: CONVERTED.TIME_MILLIS,
        logical: { kind: 'TIME', utc: true, unit: 'MILLIS' },
      }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestamp(type.precision, type.kind === 'TIMESTAMP_LTZ')
    case 'DECIMAL':
      return decimal(type.precision, type.scale)
    default:
      throw unsupported(`${type.kind} columns are not written to Parquet files yet`)
  }
}

function integer(bits: number, converted: number): Omit<SchemaElement, 'name'> {
  const logical: LogicalType = { kind: 'INTEGER', bits, signed: true }
  return { physical: PHYSICAL.INT32, converted, logical }
}

/** Beyond microseconds Java writes INT96, without annotation. */
function timestamp(precision: number, utc: boolean): Omit<SchemaElement, 'name'> {
  if (precision > 6) return { physical: PHYSICAL.INT96 }
  const millis = precision <= 3
  return {
    physical: PHYSICAL.INT64,
    // The older annotation means an instant, but Java writes it for local timestamps too.
    converted: millis ? CONVERTED.TIMESTAMP_MILLIS : CONVERTED.TIMESTAMP_MICROS,
    logical: { kind: 'TIMESTAMP', utc, unit: millis ? 'MILLIS' : 'MICROS' },
  }
}

function decimal(precision: number, scale: number): Omit<SchemaElement, 'name'> {
  const annotation = {
    converted: CONVERTED.DECIMAL,
    precision,
    scale,
    logical: { kind: 'DECIMAL', precision, scale },
  } as const
  if (precision <= 9) return { physical: PHYSICAL.INT32, ...annotation }
  if (precision <= 18) return { physical: PHYSICAL.INT64, ...annotation }
  const typeLength = decimalBytes(precision)
  return { physical: PHYSICAL.FIXED_LEN_BYTE_ARRAY, typeLength, ...annotation }
}
