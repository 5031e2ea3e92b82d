/** Which tables take deletes and updates of rows that are in them. */
import { laterSchemaError } from '../../lsm/append-rewrite.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import { invalid, unsupported } from '../../util/errors.ts'
import { requireRewritable } from '../append/compact.ts'

/** The schema without options that name another state than the latest: rows are changed in that one alone. */
export function stateSchema(schema: TableSchema): TableSchema {
  const names = Object.keys(schema.options).filter(
    (name) => name.startsWith('scan.') || name.startsWith('incremental-between'),
  )
  if (names.length === 0) return schema
  const options = { ...schema.options }
  for (const name of names) delete options[name]
  return { ...schema, options }
}

/** CONFLICT where the schema is not the latest any more: rows written with it would lose the columns that it lacks. */
export async function requireLatestSchema(
  { schemas, location }: TableStore,
  { id }: TableSchema,
  signal: AbortSignal | undefined,
): Promise<void> {
  if ((await schemas.latestId({ signal })) > id) throw laterSchemaError(location.root)
}

/** UNSUPPORTED where a row of kind -D would not take the row of its key away. */
export function requireDeletable(schema: TableSchema): void {
  const options = tableOptions(schema.options)
  if (!hasPrimaryKey(schema)) {
    requireRewritable(schema)
    return
  }
  if (options.get('ignore-delete'))
    throw unsupported('rows of a table with ignore-delete = true cannot be deleted')
  const engine = options.get('merge-engine')
  if (engine === 'deduplicate') return
  if (engine === 'partial-update') {
    const removes =
      options.get('partial-update.remove-record-on-delete') ||
      options.isSet('partial-update.remove-record-on-sequence-group')
    if (removes) return
    throw unsupported('the merge engine partial-update does not delete rows as it is set', {
      hint: 'set partial-update.remove-record-on-delete = true, or partial-update.remove-record-on-sequence-group where there are sequence groups',
    })
  }
  if (engine === 'aggregation' && options.get('aggregation.remove-record-on-delete')) return
  throw unsupported(`the merge engine ${engine} does not delete rows as it is set`, {
    hint:
      engine === 'aggregation'
        ? 'set aggregation.remove-record-on-delete = true when the table is made'
        : 'make a table with another merge engine, and write the rows there',
  })
}

/** UNSUPPORTED where a new row of a key would not replace the old one; INVALID for columns that tell rows apart. */
export function requireUpdatable(schema: TableSchema, columns: readonly string[]): void {
  fieldsNamed(schema, columns)
  if (!hasPrimaryKey(schema)) {
    requireRewritable(schema)
    if (tableOptions(schema.options).get('row-tracking.enabled'))
      throw unsupported('rows of a table with row-tracking.enabled cannot be updated yet', {
        hint: 'delete them and write others, which get ids of their own',
      })
    return
  }
  const keys = new Set([...schema.primaryKeys, ...schema.partitionKeys])
  const key = columns.find((column) => keys.has(column))
  if (key !== undefined)
    throw invalid(
      `the column ${key} is of the primary key or of the partition, and cannot be set`,
      {
        hint: 'delete the row and write another',
      },
    )
  const engine = tableOptions(schema.options).get('merge-engine')
  if (engine !== 'deduplicate' && engine !== 'partial-update')
    throw unsupported(`the merge engine ${engine} does not replace the values of a row`, {
      hint: 'write rows to be merged instead',
    })
  const aggregated = Object.keys(schema.options).find((name) => AGGREGATES.test(name))
  if (engine === 'partial-update' && aggregated !== undefined)
    throw unsupported(`the option ${aggregated} adds up what is written again with a row`, {
      hint: 'write rows with the columns that are to change alone',
    })
}

const AGGREGATES = /^fields\.(.+\.aggregate-function|default-aggregate-function)$/
