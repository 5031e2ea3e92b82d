/**
 * The ids of fields: those of new tables, and the reserved ones of key columns, system columns and the parts of nested
 * types in Parquet files. Follows the Java classes `SpecialFields` and `ReassignFieldId`.
 */
import { type DataField, type DataType, MAX_LENGTH, ofKind, notNull } from './data-type.ts'

/** Ids from here on belong to system columns. */
export const SYSTEM_FIELD_ID_START = 1_073_741_823

/** What the names of key columns in data files start with. */
export const KEY_FIELD_PREFIX = '_KEY_'

/** `_SEQUENCE_NUMBER`, which orders the rows of a key. */
export const SEQUENCE_NUMBER_FIELD: DataField = {
  id: MAX_LENGTH - 1,
  name: '_SEQUENCE_NUMBER',
  type: notNull(ofKind('BIGINT')),
}

/** `_VALUE_KIND`, the row kind as a byte. */
export const VALUE_KIND_FIELD: DataField = {
  id: MAX_LENGTH - 2,
  name: '_VALUE_KIND',
  type: notNull(ofKind('TINYINT')),
}

/** `_LEVEL`, the level of the LSM tree that a row lies in. */
const LEVEL_FIELD: DataField = {
  id: MAX_LENGTH - 3,
  name: '_LEVEL',
  type: notNull(ofKind('INT')),
}

/** `rowkind`, the row kind as text in audit logs. */
export const ROW_KIND_FIELD: DataField = {
  id: MAX_LENGTH - 4,
  name: 'rowkind',
  type: { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true },
}

/** `_ROW_ID` of tables that track rows. */
export const ROW_ID_FIELD: DataField = {
  id: MAX_LENGTH - 5,
  name: '_ROW_ID',
  type: notNull(ofKind('BIGINT')),
}

const SYSTEM_FIELD_NAMES: ReadonlySet<string> = new Set(
  [SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD, LEVEL_FIELD, ROW_KIND_FIELD, ROW_ID_FIELD].map(
    (field) => field.name,
  ),
)

/** Whether no column may have the name. */
export function isSystemFieldName(name: string): boolean {
  return name.startsWith(KEY_FIELD_PREFIX) || SYSTEM_FIELD_NAMES.has(name)
}

/** The id of the column `_KEY_x` for a column x of the given id. */
export function keyFieldId(fieldId: number): number {
  return (SYSTEM_FIELD_ID_START + fieldId) | 0
}

/** The column of data files that repeats a primary-key column as part of the key. */
export function keyField(field: DataField): DataField {
  return { ...field, id: keyFieldId(field.id), name: `${KEY_FIELD_PREFIX}${field.name}` }
}

const STRUCTURED_ID_BASE = 536_870_911
const STRUCTURED_DEPTH_LIMIT = 1_024

/**
 * The Parquet field id of an array's element. `fieldId` is that of the nearest named field around it, `depth` how many
 * containers deep the element lies under that field, from 1.
 */
export function arrayElementId(fieldId: number, depth: number): number {
  return (STRUCTURED_ID_BASE + Math.imul(fieldId, STRUCTURED_DEPTH_LIMIT) + depth) | 0
}

/** The Parquet field id of a map's or multiset's key; see {@link arrayElementId}. */
export function mapKeyId(fieldId: number, depth: number): number {
  return (STRUCTURED_ID_BASE - Math.imul(fieldId, STRUCTURED_DEPTH_LIMIT) - depth) | 0
}

/** The Parquet field id of a map's or multiset's value; see {@link arrayElementId}. */
export function mapValueId(fieldId: number, depth: number): number {
  return arrayElementId(fieldId, depth)
}

/**
 * The fields with new ids, and the highest of them: a column takes the next id before its nested fields do, a nested
 * field takes its own after those inside it. `highestFieldId` is the highest id in use, -1 for a new table.
 */
export function assignFieldIds(
  fields: readonly DataField[],
  highestFieldId = -1,
): { readonly fields: readonly DataField[]; readonly highestFieldId: number } {
  const counter = { last: highestFieldId }
  const assigned = fields.map((field) => {
    const id = ++counter.last
    return { ...field, id, type: withNewIds(field.type, counter) }
  })
  return { fields: assigned, highestFieldId: counter.last }
}

/** The type with new ids for its nested fields, counted on from `counter.last`. */
function withNewIds(type: DataType, counter: { last: number }): DataType {
  switch (type.kind) {
    case 'ARRAY':
    case 'MULTISET':
    case 'VECTOR':
      return { ...type, element: withNewIds(type.element, counter) }
    case 'MAP': {
      const key = withNewIds(type.key, counter)
      return { ...type, key, value: withNewIds(type.value, counter) }
    }
    case 'ROW': {
      const fields = type.fields.map((field) => {
        const inner = withNewIds(field.type, counter)
        return { ...field, type: inner, id: ++counter.last }
      })
      return { ...type, fields }
    }
    default:
      return type
  }
}

/** The ids of the fields and of all fields nested in them, system columns left out, in no promised order. */
export function collectFieldIds(fields: readonly DataField[]): number[] {
  return fields.flatMap((field) => [
    ...(field.id < SYSTEM_FIELD_ID_START ? [field.id] : []),
    ...nestedIds(field.type),
  ])
}

function nestedIds(type: DataType): number[] {
  switch (type.kind) {
    case 'ARRAY':
    case 'MULTISET':
    case 'VECTOR':
      return nestedIds(type.element)
    case 'MAP':
      return [...nestedIds(type.key), ...nestedIds(type.value)]
    case 'ROW':
      return collectFieldIds(type.fields)
    default:
      return []
  }
}
