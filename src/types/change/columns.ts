/** The changes of columns, each from the columns before to those after. Follow `SchemaManager.generateTableSchema`. */
import { invalid, type LakeError } from '../../util/errors.ts'
import type { DataField, DataType } from '../data-type.ts'
import { defaultValue } from '../default-value.ts'
import { assignFieldIds } from '../field-ids.ts'
import { type RawOptions, tableOptions } from '../options.ts'
import { parseTypeText, typeText } from '../type-text.ts'
import { changesTo } from './allowed-casts.ts'
import {
  changeAt,
  changeInner,
  type ColumnPath,
  type FieldPlace,
  noField,
  pathNames,
  pathText,
} from './field-path.ts'
import { type ColumnPosition, insertField } from './position.ts'

/** The columns that rows are found by, under the names that they have now. */
export interface KeyNames {
  readonly partitionKeys: readonly string[]
  readonly primaryKeys: readonly string[]
}

type Fields = readonly DataField[]

interface AddedColumn {
  readonly column: ColumnPath
  readonly type: DataType | string
  readonly comment?: string | undefined
  readonly position?: ColumnPosition | undefined
}

/**
 * Adds a column, or a field of a ROW, and counts the ids that it and the fields in it take. Unless its position is told, it
 * comes last, or before the first of the columns in `before`.
 */
export function addColumn(
  fields: Fields,
  { column, type, comment, position }: AddedColumn,
  { highestFieldId, before }: { highestFieldId: number; before: readonly string[] },
): { readonly fields: Fields; readonly highestFieldId: number } {
  const given = typeOf(type)
  if (!given.nullable)
    throw invalid(`the new column "${pathText(column)}" must not be NOT NULL`, {
      hint: 'older rows have null in it: leave NOT NULL out',
    })
  const name = pathNames(column).at(-1)!
  const field = { id: 0, name, type: given, ...(comment !== undefined && { description: comment }) }
  const numbered = assignFieldIds([field], highestFieldId)
  const isTop = pathNames(column).length === 1
  const partition = isTop ? fields.find((each) => before.includes(each.name)) : undefined
  const place = position ?? (partition === undefined ? 'last' : { before: partition.name })
  const added = changeAt(fields, column, (at) => {
    const { siblings } = requireField(at, 'added')
    requireFree(siblings, name)
    return insertField(siblings, numbered.fields[0]!, place)
  })
  return { fields: added, highestFieldId: numbered.highestFieldId }
}

/** Gives a column another name; its values stay, since they are found by its id. */
export function renameColumn(fields: Fields, path: ColumnPath, to: string, keys: KeyNames): Fields {
  const own = topName(path)
  if (own !== undefined && keys.partitionKeys.includes(own))
    throw keyError(own, 'a partition key', 'cannot be renamed')
  return changeAt(fields, path, (at) => {
    const { siblings, name, text } = requireField(at, 'renamed')
    const index = indexOf(siblings, name, text)
    const field = siblings[index]!
    requireFree(siblings, to)
    if (own !== undefined && field.type.kind === 'BLOB')
      throw invalid(`the BLOB column "${own}" cannot be renamed`)
    return siblings.with(index, { ...field, name: to })
  })
}

export function dropColumn(fields: Fields, path: ColumnPath, keys: KeyNames): Fields {
  requireNoKey(path, keys, 'cannot be dropped')
  return changeAt(fields, path, (at) => {
    const { siblings, name, text } = requireField(at, 'dropped')
    if (siblings.length === 1 && siblings[0]!.name === name)
      throw invalid(`"${text}" is the last one and cannot be dropped`, {
        hint: 'add another column first, or drop what it is in',
      })
    return siblings.toSpliced(indexOf(siblings, name, text), 1)
  })
}

/** What changes of types and of NOT NULL look at. */
export interface TypeRules extends KeyNames {
  readonly options: RawOptions
}

/** Gives a column another type, which its older values can be cast to when they are read. */
export function changeType(
  fields: Fields,
  change: {
    readonly column: ColumnPath
    readonly type: DataType | string
    readonly keepNullability?: boolean | undefined
  },
  rules: TypeRules,
): Fields {
  const { column, keepNullability = false } = change
  requireNoKey(column, rules, 'cannot get another type')
  const given = typeOf(change.type)
  const isExplicit = !tableOptions(rules.options).get('disable-explicit-type-casting')
  return changeTypeAt(fields, column, (type) => {
    const to = keepNullability ? { ...given, nullable: type.nullable } : given
    requireNullable(type, to, column, rules.options)
    if (changesTo(type, to, isExplicit)) return to
    throw invalid(`"${pathText(column)}" cannot change from ${typeText(type)} to ${typeText(to)}`, {
      hint: isExplicit
        ? 'add a column of the other type, and write the values to it'
        : 'with disable-explicit-type-casting types can only be widened',
    })
  })
}

export function changeNullability(
  fields: Fields,
  { column, nullable }: { readonly column: ColumnPath; readonly nullable: boolean },
  rules: TypeRules,
): Fields {
  const own = topName(column)
  if (nullable && own !== undefined && rules.primaryKeys.includes(own))
    throw keyError(own, 'in the primary key', 'must stay NOT NULL')
  return changeTypeAt(fields, column, (type) => {
    const to = { ...type, nullable }
    requireNullable(type, to, column, rules.options)
    return to
  })
}

/** Gives a column a comment; null takes it away. */
export function changeDescription(fields: Fields, path: ColumnPath, text: string | null): Fields {
  return changeField(fields, path, ({ description: _description, ...field }) =>
    text === null ? field : { ...field, description: text },
  )
}

/** Gives a column a default value, which must be the text of a value of its type; null takes it away. */
export function changeDefault(fields: Fields, path: ColumnPath, text: string | null): Fields {
  return changeField(fields, path, ({ defaultValue: _defaultValue, ...field }) => {
    if (text === null) return field
    const changed = { ...field, defaultValue: text }
    defaultValue(changed)
    return changed
  })
}

function changeField(
  fields: Fields,
  path: ColumnPath,
  change: (field: DataField) => DataField,
): Fields {
  return changeAt(fields, path, (at) => {
    const { siblings, name, text } = requireField(at, 'described')
    const index = indexOf(siblings, name, text)
    return siblings.with(index, change(siblings[index]!))
  })
}

function changeTypeAt(
  fields: Fields,
  path: ColumnPath,
  change: (type: DataType) => DataType,
): Fields {
  return changeAt(fields, path, ({ siblings, name, inner, text }) => {
    const index = indexOf(siblings, name, text)
    const field = siblings[index]!
    return siblings.with(index, { ...field, type: changeInner(field.type, inner, change) })
  })
}

function typeOf(type: DataType | string): DataType {
  return typeof type === 'string' ? parseTypeText(type) : type
}

function indexOf(siblings: Fields, name: string, text: string): number {
  const index = siblings.findIndex((each) => each.name === name)
  if (index < 0) throw noField(siblings, name, text)
  return index
}

/** What an array or a map holds is no field: it has a type, but no name of its own. */
function requireField(place: FieldPlace, what: string): FieldPlace {
  if (place.inner.length === 0) return place
  throw invalid(`"${place.text}" has no name of its own and cannot be ${what}`, {
    hint: 'its type can be changed',
  })
}

function requireFree(siblings: Fields, name: string): void {
  if (siblings.some((each) => each.name === name))
    throw invalid(`there is a column "${name.slice(0, 100)}" already`, {
      hint: 'take another name',
    })
}

function topName(path: ColumnPath): string | undefined {
  const names = pathNames(path)
  return names.length === 1 ? names[0] : undefined
}

function requireNoKey(path: ColumnPath, keys: KeyNames, problem: string): void {
  const own = topName(path)
  if (own === undefined) return
  if (keys.partitionKeys.includes(own)) throw keyError(own, 'a partition key', problem)
  if (keys.primaryKeys.includes(own)) throw keyError(own, 'in the primary key', problem)
}

function keyError(name: string, what: string, problem: string): LakeError {
  return invalid(`the column "${name}" is ${what} and ${problem}`, {
    hint: 'create another table, and copy the rows',
  })
}

function requireNullable(
  from: DataType,
  to: DataType,
  path: ColumnPath,
  options: RawOptions,
): void {
  const option = 'alter-column-null-to-not-null.disabled'
  if (to.nullable || !from.nullable || !tableOptions(options).get(option)) return
  throw invalid(`the column "${pathText(path)}" may hold nulls and cannot become NOT NULL`, {
    hint: `with the option ${option} = false it can, if no row has a null in it`,
  })
}
