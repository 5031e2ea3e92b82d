/**
 * Changes of a table's schema: what they are, and the schema that follows from one and a list of them.
 *
 * Follows the Java class `SchemaChange` and `SchemaManager.generateTableSchema`. Beyond Java, renames of one list are made
 * one after the other, so that two columns can take each other's name at once; and paths that lead to no field are refused,
 * where Java changes the column around them or nothing.
 */
import { invalid, type LakeError } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { show } from '../util/show.ts'
import {
  addColumn,
  changeDefault,
  changeDescription,
  changeNullability,
  changeType,
  dropColumn,
  renameColumn,
} from './change/columns.ts'
import type { ColumnPath } from './change/field-path.ts'
import { type ColumnPosition, moveColumn } from './change/position.ts'
import { renamedOptions, type TopRename } from './change/renamed-options.ts'
import { validateChange } from './change/validate-change.ts'
import type { DataField, DataType } from './data-type.ts'
import { normalized } from './new-schema.ts'
import { checkOptionChange, checkSettable } from './option-checks.ts'
import { knownTableOption, type RawOptions, rawOptions, tableOptions } from './options.ts'
import { SCHEMA_VERSION, type TableSchema } from './schema-file.ts'

export type { ColumnPath } from './change/field-path.ts'
export type { ColumnPosition } from './change/position.ts'

/**
 * One change of a schema. A column is told by its name, or by a path into it: the names of fields of a ROW, `element` for
 * what an ARRAY holds and `value` for what a MAP holds. Types are given as text (`DECIMAL(10, 2)`) or as data types.
 */
export type SchemaChange =
  | { readonly action: 'setOption'; readonly name: string; readonly value: OptionInput }
  | { readonly action: 'removeOption'; readonly name: string }
  /** The comment of the table; null takes it away. */
  | { readonly action: 'updateComment'; readonly comment: string | null }
  /** A new column, or field of a ROW. Older rows have null in it, so that it must not be NOT NULL. */
  | {
      readonly action: 'addColumn'
      readonly column: ColumnPath
      readonly type: DataType | string
      readonly comment?: string | undefined
      /** Behind the last one unless told. */
      readonly position?: ColumnPosition | undefined
    }
  | { readonly action: 'renameColumn'; readonly column: ColumnPath; readonly to: string }
  | { readonly action: 'dropColumn'; readonly column: ColumnPath }
  | {
      readonly action: 'updateColumnType'
      readonly column: ColumnPath
      readonly type: DataType | string
      /** Whether NOT NULL stays as it is, whatever the new type says. */
      readonly keepNullability?: boolean | undefined
    }
  | {
      readonly action: 'updateColumnNullability'
      readonly column: ColumnPath
      readonly nullable: boolean
    }
  | {
      readonly action: 'updateColumnComment'
      readonly column: ColumnPath
      readonly comment: string | null
    }
  /** What a row that is written without the column gets, as the text of a value; null takes it away. */
  | {
      readonly action: 'updateColumnDefaultValue'
      readonly column: ColumnPath
      readonly defaultValue: string | null
    }
  | {
      readonly action: 'updateColumnPosition'
      readonly column: string
      readonly position: ColumnPosition
    }
  /** Only of a table that has no snapshot. */
  | { readonly action: 'dropPrimaryKey' }

type OptionInput = string | number | boolean

export interface SchemaChangeContext {
  /** Whether the table, or its branch, has a snapshot: some options cannot change then. */
  readonly hasSnapshots: boolean
  readonly timeMillis: number
}

/**
 * The schema after the changes, with the next id. Throws INVALID for what no table can have or Java does not allow, naming
 * column and option, and UNSUPPORTED for options and types that this library cannot serve.
 */
export function changedSchema(
  schema: TableSchema,
  changes: readonly SchemaChange[],
  { hasSnapshots, timeMillis }: SchemaChangeContext,
): TableSchema {
  if (changes.length === 0) throw invalid('no change of the schema is told')
  const draft = draftOf(schema, hasSnapshots)
  for (const change of changes) apply(draft, change)
  const { comment, highestFieldId } = draft
  const { fields, keys, options } = normalized({
    fields: draft.fields,
    partitionKeys: schema.partitionKeys,
    primaryKeys: draft.hasPrimaryKey ? draft.primaryKeys : [],
    options: renamedOptions(draft.options, draft.renames),
  })
  const changed: TableSchema = {
    version: SCHEMA_VERSION,
    id: schema.id + 1,
    fields,
    highestFieldId,
    ...keys,
    options,
    ...(comment !== null && { comment }),
    timeMillis,
  }
  checkSettable(
    pick(options, renamedOptions(draft.given, draft.renames)),
    fields.map(({ name }) => name),
  )
  validateChange(schema, changed, hasSnapshots)
  return changed
}

/** A schema on its way. */
interface Draft {
  readonly before: TableSchema
  readonly hasSnapshots: boolean
  fields: readonly DataField[]
  highestFieldId: number
  comment: string | null
  options: RawOptions
  /** The options that were set, which have to be such that this library serves them. */
  given: RawOptions
  /** The primary key that the table had, by the names that its columns have now. */
  primaryKeys: readonly string[]
  hasPrimaryKey: boolean
  renames: readonly TopRename[]
}

function draftOf(before: TableSchema, hasSnapshots: boolean): Draft {
  const { fields, highestFieldId, comment = null, options, primaryKeys } = before
  return {
    before,
    hasSnapshots,
    fields,
    highestFieldId,
    comment,
    options,
    given: {},
    primaryKeys,
    hasPrimaryKey: true,
    renames: [],
  }
}

function apply(draft: Draft, change: SchemaChange): void {
  const { before, fields, primaryKeys } = draft
  const { partitionKeys } = before
  const keys = { partitionKeys, primaryKeys }
  switch (change.action) {
    case 'setOption':
    case 'removeOption':
    case 'updateComment':
    case 'dropPrimaryKey':
      changeTable(draft, change)
      return
    case 'addColumn': {
      const isBeforePartition = tableOptions(before.options).get('add-column-before-partition')
      const added = addColumn(fields, change, {
        highestFieldId: draft.highestFieldId,
        before: isBeforePartition ? partitionKeys : [],
      })
      Object.assign(draft, added)
      return
    }
    case 'renameColumn':
      draft.fields = renameColumn(fields, change.column, change.to, keys)
      noteRename(draft, change)
      return
    case 'dropColumn':
      draft.fields = dropColumn(fields, change.column, keys)
      return
    case 'updateColumnType':
      draft.fields = changeType(fields, change, { ...keys, options: before.options })
      return
    case 'updateColumnNullability':
      draft.fields = changeNullability(fields, change, { ...keys, options: before.options })
      return
    case 'updateColumnComment':
      draft.fields = changeDescription(fields, change.column, change.comment)
      return
    case 'updateColumnDefaultValue':
      draft.fields = changeDefault(fields, change.column, change.defaultValue)
      return
    case 'updateColumnPosition':
      draft.fields = moveColumn(fields, change.column, change.position)
      return
    default:
      throw noChange(change)
  }
}

/** INVALID: callers without types may give what is no change. */
function noChange(change: never): LakeError {
  const { action } = change as { readonly action?: unknown }
  return invalid(`${show(action)} is no change of a schema${didYouMean(String(action), ACTIONS)}`, {
    hint: `there are ${ACTIONS.join(', ')}`,
  })
}

const ACTIONS: readonly SchemaChange['action'][] = [
  'setOption',
  'removeOption',
  'updateComment',
  'addColumn',
  'renameColumn',
  'dropColumn',
  'updateColumnType',
  'updateColumnNullability',
  'updateColumnComment',
  'updateColumnDefaultValue',
  'updateColumnPosition',
  'dropPrimaryKey',
]

type TableChange = Extract<
  SchemaChange,
  { action: 'setOption' | 'removeOption' | 'updateComment' | 'dropPrimaryKey' }
>

function changeTable(draft: Draft, change: TableChange): void {
  const { before, hasSnapshots, options } = draft
  switch (change.action) {
    case 'setOption': {
      const given = rawOptions({ [change.name]: change.value })
      if (hasSnapshots) checkOptionChange(before.options, change.name, given[change.name])
      draft.options = { ...options, ...given }
      draft.given = { ...draft.given, ...given }
      return
    }
    case 'removeOption': {
      if (hasSnapshots) checkOptionChange(before.options, change.name, undefined)
      requireKnown(change.name, options)
      const { [change.name]: _removed, ...rest } = options
      draft.options = rest
      return
    }
    case 'updateComment':
      draft.comment = change.comment
      return
    default:
      if (hasSnapshots)
        throw invalid('the primary key cannot be dropped once the table has a snapshot', {
          hint: 'create another table without it, and copy the rows',
        })
      draft.hasPrimaryKey = false
  }
}

/** To remove what is not set changes nothing; a mistyped name would go unnoticed. */
function requireKnown(name: string, options: RawOptions): void {
  if (Object.hasOwn(options, name) || knownTableOption(name) !== undefined) return
  throw invalid(`the option ${show(name)} is not set${didYouMean(name, Object.keys(options))}`)
}

function noteRename(
  draft: Draft,
  { column, to }: { readonly column: ColumnPath; readonly to: string },
): void {
  const [from, ...rest] = typeof column === 'string' ? [column] : column
  if (rest.length > 0) return
  draft.primaryKeys = draft.primaryKeys.map((key) => (key === from ? to : key))
  draft.renames = [...draft.renames, { from: from!, to }]
}

/** The options that are among the names of the others: what was given, less what was moved out of the options. */
function pick(options: RawOptions, given: RawOptions): RawOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(given, name)))
}
