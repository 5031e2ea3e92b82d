/**
 * Whether a table may get a schema that differs from the one it has: what no table can have, and what would make rows that
 * are in it unfindable. What the table had before, and this library does not serve, may stay.
 */
import { invalid } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { type DataType, isSameType } from '../data-type.ts'
import { knownTableOption, tableOptions } from '../options.ts'
import type { TableSchema } from '../schema-file.ts'
import { bucketKeyFields } from '../schema-keys.ts'
import { checkColumnTypes, checkStructure } from '../schema-validation.ts'
import { typeText } from '../type-text.ts'

/** Throws INVALID or UNSUPPORTED, naming the column or option. */
export function validateChange(
  before: TableSchema,
  after: TableSchema,
  hasSnapshots: boolean,
): void {
  checkStructure(after)
  checkColumnOptions(after)
  const byId = new Map(before.fields.map((field) => [field.id, field.type]))
  const changed = after.fields.filter(({ id, type }) => {
    const old = byId.get(id)
    return old === undefined || !isSameType(old, type)
  })
  checkColumnTypes(after, changed)
  if (hasSnapshots) checkBucketKeyTypes(before, after)
}

/** Options of columns that are not there any more would be of no use, and Java refuses them. */
function checkColumnOptions({ fields, options }: TableSchema): void {
  const names = fields.map(({ name }) => name)
  for (const option of Object.keys(options))
    for (const column of knownTableOption(option)?.columns ?? [])
      if (!names.includes(column))
        throw invalid(
          `the option ${option} is of a column "${column}", which is not there${didYouMean(column, names)}`,
          { hint: 'remove the option in the same change' },
        )
}

/**
 * Rows stay in the bucket that the hash of their older value gave, and would not be found there by that of their newer one.
 * Java lets it happen.
 */
function checkBucketKeyTypes(before: TableSchema, after: TableSchema): void {
  const bucket = tableOptions(before.options).get('bucket')
  if (bucket < 0 || tableOptions(after.options).get('bucket') < 0) return
  const byId = new Map(after.fields.map((field) => [field.id, field]))
  for (const { id, name, type } of bucketKeyFields(before)) {
    const field = byId.get(id)
    if (field !== undefined && !hashesAlike(type, field.type))
      throw invalid(
        `the column "${name}" is in the bucket key and cannot change from ${typeText(type)} to ${typeText(field.type)}`,
        { hint: 'create another table, and copy the rows' },
      )
  }
}

function hashesAlike(from: DataType, to: DataType): boolean {
  if (isSameType(from, to)) return true
  return from.kind === 'VARCHAR' && to.kind === 'VARCHAR' && to.length >= from.length
}
