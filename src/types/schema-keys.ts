/** What follows from a table's schema: the columns of its keys, partitions, buckets and data files. */
import { corrupt, invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import type { DataField } from './data-type.ts'
import { keyField, SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from './field-ids.ts'
import { tableOptions } from './options.ts'
import type { PartitionNaming } from './partition.ts'
import type { TableSchema } from './schema-file.ts'

export function hasPrimaryKey(schema: TableSchema): boolean {
  return schema.primaryKeys.length > 0
}

/** The column of the name. Throws INVALID, with the nearest right name, when there is none. */
export function fieldNamed(schema: Pick<TableSchema, 'fields'>, name: string): DataField {
  const field = schema.fields.find((candidate) => candidate.name === name)
  if (field !== undefined) return field
  const names = schema.fields.map((candidate) => candidate.name)
  throw invalid(`there is no column "${name.slice(0, 100)}"${didYouMean(name, names)}`, {
    hint: `the columns are ${names.slice(0, 50).join(', ')}${names.length > 50 ? ', ...' : ''}`,
  })
}

/** The columns of the names, in their order; see {@link fieldNamed}. */
export function fieldsNamed(
  schema: Pick<TableSchema, 'fields'>,
  names: readonly string[],
): DataField[] {
  return names.map((name) => fieldNamed(schema, name))
}

export function partitionFields(schema: TableSchema): DataField[] {
  return fieldsNamed(schema, schema.partitionKeys)
}

/** The primary key without partition keys, which are the same for all rows of a partition: what rows are sorted by. */
export function trimmedPrimaryKeys(schema: TableSchema): string[] {
  return schema.primaryKeys.filter((key) => !schema.partitionKeys.includes(key))
}

export function trimmedKeyFields(schema: TableSchema): DataField[] {
  return fieldsNamed(schema, trimmedPrimaryKeys(schema))
}

/**
 * The columns that buckets are computed from: the option `bucket-key` in its order, else the trimmed primary key. Throws
 * CORRUPT when the option names columns that cannot be.
 */
export function bucketKeys(schema: TableSchema): readonly string[] {
  const keys =
    tableOptions(schema.options)
      .get('bucket-key')
      ?.filter((key) => key !== '') ?? []
  if (keys.length === 0) return trimmedPrimaryKeys(schema)
  const problem = bucketKeyProblem(schema, keys)
  if (problem !== undefined) throw corrupt(problem)
  return keys
}

export function bucketKeyFields(schema: TableSchema): DataField[] {
  return fieldsNamed(schema, bucketKeys(schema))
}

/** Why the columns cannot be the table's bucket key; undefined when they can. */
export function bucketKeyProblem(schema: TableSchema, keys: readonly string[]): string | undefined {
  const names = schema.fields.map((field) => field.name)
  for (const key of keys) {
    if (!names.includes(key)) return `the bucket key "${key}" is no column${didYouMean(key, names)}`
    if (schema.partitionKeys.includes(key)) return `the bucket key "${key}" is a partition key`
    if (hasPrimaryKey(schema) && !schema.primaryKeys.includes(key))
      return `the bucket key "${key}" is not in the primary key`
  }
  return undefined
}

/** Whether a row may move from one partition to another: the primary key does not hold all partition keys. */
export function isCrossPartition(schema: TableSchema): boolean {
  const { primaryKeys, partitionKeys } = schema
  return primaryKeys.length > 0 && !partitionKeys.every((key) => primaryKeys.includes(key))
}

/** The columns `_KEY_x` of the trimmed primary key. */
export function keyFields(schema: TableSchema): DataField[] {
  return trimmedKeyFields(schema).map(keyField)
}

/**
 * The columns of the data files of a table with a primary key: the key columns (not with `thin`, the option
 * `data-file.thin-mode`), `_SEQUENCE_NUMBER`, `_VALUE_KIND`, and all columns of the table.
 */
export function keyValueFields(schema: TableSchema, thin: boolean): DataField[] {
  return [
    ...(thin ? [] : keyFields(schema)),
    SEQUENCE_NUMBER_FIELD,
    VALUE_KIND_FIELD,
    ...schema.fields,
  ]
}

/** How the table names the directories of its partitions. */
export function partitionNaming(schema: TableSchema): PartitionNaming {
  const options = tableOptions(schema.options)
  return {
    defaultName: options.get('partition.default-name'),
    legacyName: options.get('partition.legacy-name'),
  }
}
