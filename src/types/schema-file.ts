/**
 * Schema files (`schema/schema-N`): a table's columns, keys and options as they were from one change to the next.
 *
 * Follows the Java classes `TableSchema` and `SchemaSerializer`.
 */
import * as z from 'zod'

import { corrupt, decoding, unsupported } from '../util/errors.ts'
import { parseJson, printJson } from '../util/json.ts'
import type { DataField } from './data-type.ts'
import type { RawOptions } from './options.ts'
import { fieldToJson, parseField } from './type-text.ts'

export interface TableSchema {
  /** Version of the file's form: 1 of Paimon up to 0.7, 2 of 0.8, 3 since. */
  readonly version: number
  readonly id: number
  readonly fields: readonly DataField[]
  /** The highest id that any field ever had, nested ones included. */
  readonly highestFieldId: number
  readonly partitionKeys: readonly string[]
  readonly primaryKeys: readonly string[]
  readonly options: RawOptions
  readonly comment?: string
  readonly timeMillis: number
}

/** The version that new schema files have. */
export const SCHEMA_VERSION = 3

/**
 * Parses a schema file. Unknown properties are ignored; files of older versions get the options that were the defaults
 * then. Throws CORRUPT, naming `path`, for anything that is no schema, and UNSUPPORTED for a newer version.
 */
export function parseSchemaFile(text: string, path: string): TableSchema {
  return decoding(path, () => {
    const parsed = SCHEMA_JSON.safeParse(parseJson(text, path))
    if (!parsed.success) throw corrupt(`is no schema: ${z.prettifyError(parsed.error)}`)
    const { comment, fields: fieldJsons, ...json } = parsed.data
    if (json.version > SCHEMA_VERSION)
      throw unsupported(`schema files of version ${json.version} are newer than this library`)
    const fields = fieldJsons.map((field) => parseField(field, path))
    const schema: TableSchema = {
      ...json,
      fields,
      options: optionsOf(json.options, json.version),
      ...(typeof comment === 'string' && { comment }),
    }
    checkConsistent(schema)
    return schema
  })
}

/** The text of the schema file, byte for byte as Java writes it. */
export function schemaFileText(schema: TableSchema): string {
  const { version, id, fields, highestFieldId, partitionKeys, primaryKeys } = schema
  const { options, comment, timeMillis } = schema
  return printJson({
    version,
    id,
    fields: fields.map(fieldToJson),
    highestFieldId,
    partitionKeys,
    primaryKeys,
    options,
    comment,
    timeMillis,
  })
}

const SAFE_COUNT = z.int().min(0)

const SCHEMA_JSON = z.object({
  version: z.int().min(0).default(1),
  id: SAFE_COUNT,
  fields: z.array(z.unknown()),
  highestFieldId: z.int().min(-1).max(2147483647),
  partitionKeys: z.array(z.string()),
  primaryKeys: z.array(z.string()),
  options: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.bigint()]).transform(String),
  ),
  comment: z.string().nullish(),
  timeMillis: z.int().default(0),
})

/** What was the default when the file was written is set; the object has no prototype, whose names would be options. */
function optionsOf(json: Readonly<Record<string, string>>, version: number): RawOptions {
  const options = Object.assign(Object.create(null) as Record<string, string>, json)
  if (version <= 1) options['bucket'] ??= '1'
  if (version <= 2) options['file.format'] ??= 'orc'
  return options
}

function checkConsistent({ fields, partitionKeys, primaryKeys }: TableSchema): void {
  const names = new Set<string>()
  const ids = new Set<number>()
  for (const { name, id } of fields) {
    if (name.trim() === '') throw corrupt('a column of the schema has a blank name')
    if (names.has(name)) throw corrupt(`two columns of the schema are named "${name}"`)
    if (ids.has(id)) throw corrupt(`two columns of the schema have the id ${id}`)
    names.add(name)
    ids.add(id)
  }
  for (const key of [...partitionKeys, ...primaryKeys])
    if (!names.has(key)) throw corrupt(`the key column "${key}" is not among the columns`)
  if (new Set(partitionKeys).size < partitionKeys.length)
    throw corrupt('a partition key is named twice')
  if (new Set(primaryKeys).size < primaryKeys.length)
    throw corrupt('a primary-key column is named twice')
  if (primaryKeys.length > 0 && primaryKeys.every((key) => partitionKeys.includes(key)))
    throw corrupt('the primary key consists of partition keys only')
}
