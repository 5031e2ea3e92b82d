/** What changed from one schema of a table to the next, in sentences. */
import type { DataField } from '../../types/data-type.ts'
import type { RawOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { typeText } from '../../types/type-text.ts'
import { isSecretName } from '../../util/secret-name.ts'
import type { InspectedSchema } from './inspection.ts'

/** The history of the schemas, ascending; without `hasFirst` the first of them is only what others are compared with. */
export function schemaHistory(
  schemas: readonly TableSchema[],
  hasFirst: boolean,
): InspectedSchema[] {
  return schemas.flatMap((schema, i) => {
    const before = schemas[i - 1]
    if (before === undefined && !hasFirst) return []
    const changes = before === undefined ? [firstText(schema)] : schemaChanges(before, schema)
    return [{ id: schema.id, timeMillis: schema.timeMillis, changes }]
  })
}

/** The options, the secret ones without their values. */
export function shownOptions(options: RawOptions): Record<string, string> {
  const entries = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
  return Object.fromEntries(entries.map(([name, value]) => [name, shownValue(name, value)]))
}

function shownValue(name: string, value: string): string {
  return isSecretName(name) ? '(secret)' : value
}

function firstText({ fields, primaryKeys, partitionKeys }: TableSchema): string {
  const keys = primaryKeys.length === 0 ? '' : `, primary key ${primaryKeys.join(', ')}`
  const partitions =
    partitionKeys.length === 0 ? '' : `, partitioned by ${partitionKeys.join(', ')}`
  return `begins with ${fields.length} column${fields.length === 1 ? '' : 's'}${keys}${partitions}`
}

/** What is other in `after`; a sentence at least, since a schema may say the same as the one before it. */
function schemaChanges(before: TableSchema, after: TableSchema): string[] {
  const changes = [
    ...fieldChanges(before.fields, after.fields),
    ...listChange('primary key', before.primaryKeys, after.primaryKeys),
    ...optionChanges(before.options, after.options),
  ]
  if ((before.comment ?? '') !== (after.comment ?? ''))
    changes.push(
      after.comment === undefined || after.comment === ''
        ? 'takes the comment of the table away'
        : `comments the table: ${after.comment}`,
    )
  return changes.length === 0 ? ['changes nothing'] : changes
}

function fieldChanges(before: readonly DataField[], after: readonly DataField[]): string[] {
  const changes: string[] = []
  const old = new Map(before.map((field) => [field.id, field]))
  const kept = new Set(after.map(({ id }) => id))
  for (const { id, name } of before) if (!kept.has(id)) changes.push(`drops ${name}`)
  for (const field of after) {
    const was = old.get(field.id)
    if (was === undefined) changes.push(`adds ${field.name} ${typeText(field.type)}`)
    else changes.push(...fieldChange(was, field))
  }
  if (orderOf(before, after) !== orderOf(after, before))
    changes.push(`puts columns in the order ${after.map(({ name }) => name).join(', ')}`)
  return changes
}

/** The fields' ids in their order, only those that are also among others. */
function orderOf(fields: readonly DataField[], among: readonly DataField[]): string {
  const ids = new Set(among.map(({ id }) => id))
  return fields
    .filter(({ id }) => ids.has(id))
    .map(({ id }) => id)
    .join()
}

function fieldChange(was: DataField, is: DataField): string[] {
  const changes: string[] = []
  if (was.name !== is.name) changes.push(`renames ${was.name} to ${is.name}`)
  const [typeBefore, typeAfter] = [typeText(was.type), typeText(is.type)]
  if (typeBefore !== typeAfter)
    changes.push(`changes ${is.name} from ${typeBefore} to ${typeAfter}`)
  if (was.description !== is.description)
    changes.push(
      is.description === undefined
        ? `takes the comment of ${is.name} away`
        : `comments ${is.name}: ${is.description}`,
    )
  if (was.defaultValue !== is.defaultValue)
    changes.push(
      is.defaultValue === undefined
        ? `takes the default of ${is.name} away`
        : `gives ${is.name} the default ${is.defaultValue}`,
    )
  return changes
}

function listChange(what: string, before: readonly string[], after: readonly string[]): string[] {
  if (before.join() === after.join()) return []
  return [after.length === 0 ? `drops the ${what}` : `makes the ${what} ${after.join(', ')}`]
}

function optionChanges(before: RawOptions, after: RawOptions): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].toSorted().flatMap((name) => {
    const [was, is] = [before[name], after[name]]
    if (was === is) return []
    if (is === undefined) return [`resets ${name}`]
    const from = was === undefined ? '' : `, was ${shownValue(name, was)}`
    return [`sets ${name} = ${shownValue(name, is)}${from}`]
  })
}
