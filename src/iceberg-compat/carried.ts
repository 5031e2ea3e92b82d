/**
 * Whether Iceberg metadata can carry a table: its columns, what may change of them, and its options.
 *
 * Checked when a table is made or altered, so that no commit is made that readers of Iceberg could not see. What they see of
 * older files is decided by the Iceberg specification, "Schema Evolution", where fewer types become others than in Paimon.
 */
import { type DataField, type DataType, isSameType, type TypeKind } from '../types/data-type.ts'
import { icebergStorage, tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { typeText } from '../types/type-text.ts'
import { invalid, LakeError, unsupported } from '../util/errors.ts'
import { icebergSchema } from './schema.ts'

/** Whether commits to a table with these options make Iceberg metadata. */
function hasIceberg({ options }: Pick<TableSchema, 'options'>): boolean {
  return icebergStorage(tableOptions(options)) !== null
}

/** UNSUPPORTED, naming the column or the option, for a table whose Iceberg metadata could not be made; nothing without it. */
export function requireCarried(schema: TableSchema): void {
  if (!hasIceberg(schema)) return
  const options = tableOptions(schema.options)
  const version = options.get('metadata.iceberg.format-version')
  if (version !== 2 && version !== 3)
    throw invalid(`metadata.iceberg.format-version is ${version}`, { hint: 'use 2 or 3' })
  if (options.get('data-evolution.enabled'))
    throw unsupported(
      'Iceberg metadata cannot carry a table with data-evolution.enabled: its rows lie in several files',
      { hint: SWITCH_OFF },
    )
  icebergSchema(schema)
}

/**
 * The same of a table that is altered, whose rows may lie in files of the schemas `written`. What another engine made the table
 * to be stays as it is.
 */
export function requireCarriedChange(
  before: TableSchema,
  after: TableSchema,
  written: readonly TableSchema[],
): void {
  if (!hasIceberg(after)) return
  if (!hasIceberg(before) || isCarried(before)) requireCarried(after)
  requireNoLesserVersion(before, after)
  for (const schema of written) requireReadAs(schema, after)
}

/** UNSUPPORTED, naming the column, where readers of Iceberg could not read a file of one schema as one of the other. */
export function requireReadAs(fileSchema: TableSchema, schema: TableSchema): void {
  requireFieldsReadAs(fileSchema.fields, schema.fields, '')
}

const SWITCH_OFF = "set metadata.iceberg.storage to 'disabled'"

function isCarried(schema: TableSchema): boolean {
  try {
    requireCarried(schema)
    return true
  } catch (error) {
    if (error instanceof LakeError) return false
    throw error
  }
}

function requireNoLesserVersion(before: TableSchema, after: TableSchema): void {
  if (!hasIceberg(before)) return
  const from = tableOptions(before.options).get('metadata.iceberg.format-version')
  const to = tableOptions(after.options).get('metadata.iceberg.format-version')
  if (to < from)
    throw unsupported(`metadata.iceberg.format-version cannot go from ${from} back to ${to}`, {
      hint: `leave it at ${from}: Iceberg tables take later versions only`,
    })
}

function requireFieldsReadAs(
  from: readonly DataField[],
  to: readonly DataField[],
  prefix: string,
): void {
  for (const field of from) {
    const next = to.find(({ id }) => id === field.id)
    if (next !== undefined) requireTypeReadAs(field.type, next.type, prefix + next.name)
  }
}

function requireTypeReadAs(from: DataType, to: DataType, path: string): void {
  if (from.nullable && !to.nullable)
    throw unsupported(`column "${path}" cannot become NOT NULL: Iceberg has no such change`, {
      hint: `leave it nullable, or ${SWITCH_OFF}`,
    })
  if (from.kind === 'ROW' && to.kind === 'ROW')
    requireFieldsReadAs(from.fields, to.fields, `${path}.`)
  else if (from.kind === 'ARRAY' && to.kind === 'ARRAY')
    requireTypeReadAs(from.element, to.element, `${path}.element`)
  else if (from.kind === 'MAP' && to.kind === 'MAP') {
    requireTypeReadAs(from.key, to.key, `${path}.key`)
    requireTypeReadAs(from.value, to.value, `${path}.value`)
  } else if (!isSameType(from, to) && !isWider(from, to))
    throw unsupported(
      `column "${path}" cannot change from ${typeText(from)} to ${typeText(to)} where the table has Iceberg metadata`,
      { hint: `add another column for ${typeText(to)}, or ${SWITCH_OFF}` },
    )
}

const INTEGERS: readonly TypeKind[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']

/** Whether values stay what they are in Paimon and in Iceberg, which knows of fewer types. */
function isWider(from: DataType, to: DataType): boolean {
  switch (from.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
      return INTEGERS.indexOf(to.kind) > INTEGERS.indexOf(from.kind)
    case 'FLOAT':
      return to.kind === 'DOUBLE'
    case 'DECIMAL':
      return to.kind === 'DECIMAL' && to.scale === from.scale && to.precision >= from.precision
    case 'CHAR':
    case 'VARCHAR':
      return to.kind === 'VARCHAR' && to.length >= from.length
    case 'BINARY':
    case 'VARBINARY':
      return to.kind === 'VARBINARY' && to.length >= from.length
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return to.kind === from.kind && to.precision >= from.precision && to.precision <= 6
    default:
      return false
  }
}
