/** The schema of a table that is to be created: field ids, normalised keys and options, validated. */
import * as z from 'zod'

import { invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { type DataField, notNull } from './data-type.ts'
import { assignFieldIds, collectFieldIds } from './field-ids.ts'
import { type RawOptions, rawOptions, tableOptions } from './options.ts'
import { SCHEMA_VERSION, type TableSchema } from './schema-file.ts'
import { validateSchema } from './schema-validation.ts'
import { parseNewFields } from './type-text.ts'

/** A table as it is asked for. */
export interface NewSchema {
  readonly fields: readonly DataField[]
  /** Whether the fields have ids that are to be kept; else they are numbered. */
  readonly hasIds: boolean
  readonly partitionKeys: readonly string[]
  readonly primaryKeys: readonly string[]
  readonly options: RawOptions
  readonly comment?: string
}

/**
 * The first schema of a new table. Columns of the primary key become NOT NULL, and the options `primary-key` and
 * `partition` are moved where they belong, as in Java. Throws INVALID or UNSUPPORTED for what {@link validateSchema}
 * refuses.
 */
export function firstSchema(definition: NewSchema, timeMillis: number): TableSchema {
  const { fields, keys, options } = normalized(definition)
  const numbered = definition.hasIds
    ? { fields, highestFieldId: collectFieldIds(fields).reduce((a, b) => Math.max(a, b), -1) }
    : assignFieldIds(fields)
  const schema: TableSchema = {
    version: SCHEMA_VERSION,
    id: 0,
    ...numbered,
    ...keys,
    options,
    ...(definition.comment !== undefined && { comment: definition.comment }),
    timeMillis,
  }
  validateSchema(schema)
  return schema
}

/**
 * The keys, the columns with those of the primary key NOT NULL, and the options without those that state keys; `bucket-key`
 * without blanks, which Java would not find.
 */
export function normalized(definition: Omit<NewSchema, 'hasIds'>): {
  readonly fields: readonly DataField[]
  readonly keys: Pick<TableSchema, 'partitionKeys' | 'primaryKeys'>
  readonly options: RawOptions
} {
  const { 'primary-key': primaryText, partition: partitionText, ...rest } = definition.options
  const options = Object.assign(Object.create(null) as Record<string, string>, rest)
  const bucketKey = tableOptions(options).get('bucket-key')
  if (bucketKey !== undefined) options['bucket-key'] = bucketKey.join(',')
  const keys = {
    partitionKeys: keyOption(definition.partitionKeys, 'partition', partitionText),
    primaryKeys: keyOption(definition.primaryKeys, 'primary-key', primaryText),
  }
  const fields = definition.fields.map((field) =>
    keys.primaryKeys.includes(field.name) ? { ...field, type: notNull(field.type) } : field,
  )
  return { fields, keys, options }
}

function keyOption(keys: readonly string[], name: string, text: string | undefined): string[] {
  if (text === undefined) return [...keys]
  if (keys.length > 0)
    throw invalid(`the option ${name} is set although the schema states the same`, {
      hint: `leave the option ${name} out`,
    })
  return text
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '')
}

/**
 * The table that a JSON object asks for: `{"fields", "partitionKeys", "primaryKeys", "options", "comment"}` as in a
 * schema file, where ids may be left out and all but `fields` may be missing. Throws INVALID.
 */
export function parseNewSchema(json: unknown): NewSchema {
  const parsed = NEW_SCHEMA_JSON.safeParse(json)
  if (!parsed.success) throw invalid(`the schema is wrong: ${z.prettifyError(parsed.error)}`)
  checkNames(json as object)
  const { fields, comment, options, ...keys } = parsed.data
  return {
    ...keys,
    ...parseNewFields(fields),
    options: rawOptions(options),
    ...(typeof comment === 'string' && { comment }),
  }
}

const NEW_SCHEMA_JSON = z.object({
  fields: z.array(z.unknown()),
  partitionKeys: z.array(z.string()).default([]),
  primaryKeys: z.array(z.string()).default([]),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  comment: z.string().nullish(),
})

/** What a whole schema file has besides; a new table gets its own. */
const IGNORED = ['version', 'id', 'highestFieldId', 'timeMillis']

/** A mistyped property would otherwise be a silent loss. */
function checkNames(json: object): void {
  const known = Object.keys(NEW_SCHEMA_JSON.shape)
  for (const name of Object.keys(json))
    if (!known.includes(name) && !IGNORED.includes(name))
      throw invalid(`the schema has an unknown property "${name}"${didYouMean(name, known)}`, {
        hint: `a schema has ${known.join(', ')}`,
      })
}
