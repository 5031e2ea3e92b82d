/**
 * Which field a column of a file is where the file has no field ids: the value of Iceberg's property `schema.name-mapping.default`.
 *
 * Source: the Iceberg specification, "Name Mapping Serialization".
 */
import type { DataField, DataType } from '../types/data-type.ts'
import {
  arrayElementId,
  keyField,
  mapKeyId,
  mapValueId,
  ROW_ID_FIELD,
  SEQUENCE_NUMBER_FIELD,
  VALUE_KIND_FIELD,
} from '../types/field-ids.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { fieldNamed } from '../types/schema-keys.ts'
import { printFlatJson } from '../util/json.ts'

/**
 * Has every field that a schema ever had, under each name that no other field ever had: which of them a file means by a name of
 * two, only its schema tells, and clients that find no field refuse the file rather than read the wrong one. It has the system
 * columns of the table's files for the same reason.
 */
export function nameMapping(schemas: readonly TableSchema[]): string {
  const newestFirst = schemas.toSorted((a, b) => b.id - a.id)
  const columns = newestFirst.map((schema) => [...schema.fields, ...systemColumns(schema)])
  return printFlatJson(mappedFields(columns))
}

interface MappedField {
  readonly 'field-id': number
  readonly names: readonly string[]
  readonly fields?: readonly MappedField[]
}

/** The columns beside its own that files of the table can have. */
function systemColumns(schema: TableSchema): DataField[] {
  if (schema.primaryKeys.length > 0) {
    const keys = schema.primaryKeys.map((name) => keyField(fieldNamed(schema, name)))
    return [...keys, SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD]
  }
  const tracksRows = tableOptions(schema.options).get('row-tracking.enabled')
  return tracksRows ? [ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD] : []
}

/** The fields of one struct, as its versions have them, the newest first. */
function mappedFields(versions: readonly (readonly DataField[])[]): MappedField[] {
  /** Null for a name that fields of several ids had. */
  const idByName = new Map<string, number | null>()
  const types = new Map<number, DataType[]>()
  for (const { id, name, type } of versions.flat()) {
    const known = idByName.get(name)
    idByName.set(name, known === undefined || known === id ? id : null)
    const before = types.get(id)
    if (before === undefined) types.set(id, [type])
    else before.push(type)
  }
  const named = new Map<number, string[]>([...types.keys()].map((id) => [id, []]))
  for (const [name, id] of idByName) if (id !== null) named.get(id)!.push(name)
  return [...named]
    .filter(([, names]) => names.length > 0)
    .map(([id, names]) => mappedField(id, names, types.get(id)!, id, 0))
}

/** `types` are those that the field had, `fieldId` and `depth` as for {@link arrayElementId}. */
function mappedField(
  id: number,
  names: readonly string[],
  types: readonly DataType[],
  fieldId: number,
  depth: number,
): MappedField {
  const part = (name: string, partId: number, parts: readonly DataType[]): MappedField =>
    mappedField(partId, [name], parts, fieldId, depth + 1)
  const rows = types.flatMap((type) => (type.kind === 'ROW' ? [type.fields] : []))
  const elements = types.flatMap((type) => (type.kind === 'ARRAY' ? [type.element] : []))
  const maps = types.flatMap((type) => (type.kind === 'MAP' ? [type] : []))
  const fields = mappedFields(rows)
  if (elements.length > 0)
    fields.push(part('element', arrayElementId(fieldId, depth + 1), elements))
  if (maps.length > 0) {
    const keys = maps.map(({ key }) => key)
    const values = maps.map(({ value }) => value)
    fields.push(part('key', mapKeyId(fieldId, depth + 1), keys))
    fields.push(part('value', mapValueId(fieldId, depth + 1), values))
  }
  return { 'field-id': id, names, ...(fields.length > 0 && { fields }) }
}
