/** Schemas of tables, changes of them, and rows, by a seed: most changes can be made, and many others nearly. */
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import type { ColumnPath, ColumnPosition, SchemaChange } from '../../../src/types/schema-change.ts'
import type { TableSchema } from '../../../src/types/schema-file.ts'
import { between, pick, type Random } from '../../support/random.ts'

const ATOMIC: readonly string[] = (
  'BOOLEAN;TINYINT;SMALLINT;INT;INT;BIGINT;BIGINT;FLOAT;DOUBLE;DECIMAL(10, 2);CHAR(6);VARCHAR(20);STRING;STRING;' +
  'BINARY(4);BYTES;DATE;TIME(3);TIMESTAMP(3);TIMESTAMP(6);TIMESTAMP(3) WITH LOCAL TIME ZONE'
).split(';')

/** The JSON of a schema, as a table is made of it; nested types as texts. */
export interface RandomSchema {
  readonly fields: readonly { readonly name: string; readonly type: string }[]
  readonly partitionKeys: readonly string[]
  readonly primaryKeys: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

export function randomSchema(random: Random): RandomSchema {
  const keyed = random() < 0.7
  const partitioned = random() < 0.4
  const engine = keyed ? pick(random, ['deduplicate', 'partial-update', 'aggregation']) : ''
  const bucket = random() < 0.3 ? '-1' : String(between(random, 1, 3))
  const hasFunctions = engine === 'aggregation' || engine === 'partial-update'
  return {
    fields: [
      { name: 'k', type: 'INT NOT NULL' },
      { name: 'p', type: 'STRING NOT NULL' },
      { name: 'v', type: 'BIGINT' },
      { name: 'n', type: 'INT' },
      { name: 'c0', type: pick(random, ATOMIC) },
      { name: 'c1', type: pick(random, ATOMIC) },
      { name: 'c2', type: nested(random) },
      { name: 'c3', type: nested(random) },
    ],
    partitionKeys: partitioned ? ['p'] : [],
    primaryKeys: keyed ? (partitioned ? ['p', 'k'] : ['k']) : [],
    options: {
      bucket,
      ...(bucket !== '-1' && (!keyed || random() < 0.4) && { 'bucket-key': 'k' }),
      ...(keyed && engine !== 'deduplicate' && { 'merge-engine': engine }),
      ...(keyed && random() < 0.5 && { 'sequence.field': 'v' }),
      ...(hasFunctions && { 'fields.n.aggregate-function': 'sum' }),
      ...(engine === 'partial-update' && { 'fields.v.sequence-group': 'n,c0' }),
      ...(random() < 0.2 && { 'alter-column-null-to-not-null.disabled': 'false' }),
      ...(random() < 0.15 && { 'disable-explicit-type-casting': 'true' }),
      ...(random() < 0.2 && { 'add-column-before-partition': 'true' }),
    },
  }
}

function nested(random: Random, depth = 2): string {
  if (depth === 0) return pick(random, ATOMIC)
  const inner = (): string => nested(random, between(random, 0, depth))
  const forms = [
    () => `ARRAY<${inner()}>`,
    () => `MAP<STRING NOT NULL, ${inner()}>`,
    () => `ROW<f0 ${inner()}, f1 ${inner()}>`,
  ]
  return pick(random, forms)()
}

export function randomChanges(random: Random, schema: TableSchema): SchemaChange[] {
  const length = pick(random, [1, 1, 1, 2, 3])
  const changes = Array.from({ length }, () => randomChange(random, schema))
  const options = [
    ...Object.keys(schema.options),
    ...changes.map((change) => (change.action === 'setOption' ? change.name : '')),
  ]
  // Java gives the options of a column to another one when a field in it is renamed.
  return changes.map((change) => {
    const [top, ...inner] = change.action === 'renameColumn' ? pathOf(change.column) : []
    const isMistaken = inner.length > 0 && options.some((name) => name.startsWith(`fields.${top}.`))
    return isMistaken ? { action: 'updateComment', comment: 'a field is not renamed' } : change
  })
}

type MakeChange = (random: Random, schema: TableSchema) => SchemaChange

function randomChange(random: Random, schema: TableSchema): SchemaChange {
  return pick(random, MAKERS)(random, schema)
}

const MAKERS: readonly MakeChange[] = [
  setOption,
  setOption,
  (random, schema) => ({ action: 'removeOption', name: optionName(random, schema) }),
  (random) => ({ action: 'updateComment', comment: pick(random, ['a table', '', null]) }),
  addColumn,
  addColumn,
  renameColumn,
  renameColumn,
  (random, schema) => ({ action: 'dropColumn', column: fieldPath(random, schema) }),
  updateType,
  updateType,
  updateType,
  (random, schema) => ({
    action: 'updateColumnNullability',
    column: typePath(random, schema),
    nullable: random() < 0.5,
  }),
  (random, schema) => ({
    action: 'updateColumnComment',
    column: fieldPath(random, schema),
    comment: pick(random, ['a column', null]),
  }),
  (random, schema) => ({
    action: 'updateColumnDefaultValue',
    column: fieldPath(random, schema),
    defaultValue: pick(random, ['1', "'5'", 'true', 'x', '2020-01-02', '[1, 2]', '{1}', null]),
  }),
  (random, schema) => ({
    action: 'updateColumnPosition',
    column: columnName(random, schema),
    position: position(random, schema.fields),
  }),
  () => ({ action: 'dropPrimaryKey' }),
]

function addColumn(random: Random, schema: TableSchema): SchemaChange {
  const path = [...pathOf(fieldPath(random, schema))]
  const siblings = siblingsAt(schema.fields, path)
  path[path.length - 1] = random() < 0.9 ? `a${between(random, 0, 30)}` : path.at(-1)!
  const type = random() < 0.6 ? pick(random, ATOMIC) : nested(random)
  return {
    action: 'addColumn',
    column: path,
    type: random() < 0.05 ? `${type} NOT NULL` : type,
    ...(random() < 0.3 && { comment: 'new' }),
    ...(random() < 0.5 && { position: position(random, siblings) }),
  }
}

function renameColumn(random: Random, schema: TableSchema): SchemaChange {
  const to = random() < 0.85 ? `r${between(random, 0, 30)}` : columnName(random, schema)
  return { action: 'renameColumn', column: fieldPath(random, schema), to }
}

function updateType(random: Random, schema: TableSchema): SchemaChange {
  return {
    action: 'updateColumnType',
    column: typePath(random, schema),
    type: `${pick(random, ATOMIC)}${random() < 0.15 ? ' NOT NULL' : ''}`,
    ...(random() < 0.4 && { keepNullability: true }),
  }
}

const SETTINGS: readonly (readonly [name: string, ...values: readonly string[]])[] = [
  ['bucket', '1', '2', '4', '-1', '0'],
  ['merge-engine', 'deduplicate', 'partial-update', 'first-row'],
  ['ignore-delete', 'true', 'false'],
  ['deletion-vectors.enabled', 'true', 'false'],
  ['deletion-vectors.modifiable', 'true'],
  ['changelog-producer', 'none', 'input', 'lookup', 'full-compaction'],
  ['target-file-size', '1 mb'],
  ['write-only', 'true'],
  ['alter-column-null-to-not-null.disabled', 'false', 'true'],
  ['disable-explicit-type-casting', 'true', 'false'],
  ['add-column-before-partition', 'true', 'false'],
  ['row-tracking.enabled', 'true'],
  ['streaming-read-overwrite', 'true'],
  ['full-compaction.delta-commits', '5'],
  ['fields.default-aggregate-function', 'last_value'],
  ['primary-key', 'k', 'p,k'],
  ['partition', 'p'],
  ['scan.mode', 'latest', 'from-snapshot', 'from-timestamp', 'full', 'incremental'],
  ['partition.expiration-time', '1 d'],
  ['snapshot.num-retained.min', '0', '5', '50'],
  ['snapshot.num-retained.max', '20', '3'],
  ['changelog.num-retained.min', '0', '30'],
  ['force-lookup', 'true'],
  ['data-evolution.enabled', 'true'],
  ['index-file-in-data-file-dir', 'true'],
  ['partial-update.remove-record-on-delete', 'true'],
  ['file.format', 'avro', 'parquet', 'nonsense'],
]

/** Options whose values name columns. */
const NAMING = ['sequence.field', 'bucket-key', 'rowkind.field', 'record-level.time-field']

function setOption(random: Random, schema: TableSchema): SchemaChange {
  const column = columnName(random, schema)
  if (random() < 0.3) return { action: 'setOption', name: pick(random, NAMING), value: column }
  if (random() < 0.2)
    return {
      action: 'setOption',
      name: `fields.${column}.aggregate-function`,
      value: pick(random, ['last_value', 'last_non_null_value', 'first_value']),
    }
  const [name, ...values] = pick(random, SETTINGS)
  return { action: 'setOption', name, value: pick(random, values) }
}

function optionName(random: Random, schema: TableSchema): string {
  const names = [...Object.keys(schema.options), ...SETTINGS.map(([name]) => name), ...NAMING]
  return pick(random, names)
}

function columnName(random: Random, { fields }: TableSchema): string {
  return random() < 0.04 ? 'missing' : pick(random, fields).name
}

function position(random: Random, siblings: readonly DataField[]): ColumnPosition {
  const name = siblings.length === 0 || random() < 0.05 ? 'missing' : pick(random, siblings).name
  return pick(random, ['first', 'last', { after: name }, { before: name }] as const)
}

/** A path to a column, or to a field of a row within one. */
function fieldPath(random: Random, schema: TableSchema): ColumnPath {
  const paths = schema.fields.flatMap((field) => pathsIn(field, []))
  const fields = paths.filter(({ isField }) => isField)
  return choosePath(random, schema, fields)
}

/** The same, or to what an array or a map within holds. */
function typePath(random: Random, schema: TableSchema): ColumnPath {
  return choosePath(
    random,
    schema,
    schema.fields.flatMap((field) => pathsIn(field, [])),
  )
}

function choosePath(random: Random, schema: TableSchema, paths: readonly FoundPath[]): ColumnPath {
  if (random() < 0.5) return columnName(random, schema)
  return pick(random, paths).path
}

interface FoundPath {
  readonly path: readonly string[]
  readonly isField: boolean
}

function pathsIn({ name, type }: DataField, before: readonly string[]): FoundPath[] {
  const path = [...before, name]
  return [{ path, isField: true }, ...pathsWithin(type, path)]
}

function pathsWithin(type: DataType, path: readonly string[]): FoundPath[] {
  if (type.kind === 'ROW') return type.fields.flatMap((field) => pathsIn(field, path))
  if (type.kind === 'ARRAY') return pathsThrough(type.element, [...path, 'element'])
  return type.kind === 'MAP' ? pathsThrough(type.value, [...path, 'value']) : []
}

function pathsThrough(type: DataType, path: readonly string[]): FoundPath[] {
  return [{ path, isField: false }, ...pathsWithin(type, path)]
}

function pathOf(path: ColumnPath): readonly string[] {
  return typeof path === 'string' ? [path] : path
}

function siblingsAt(fields: readonly DataField[], path: readonly string[]): readonly DataField[] {
  if (path.length === 1) return fields
  const field = fields.find(({ name }) => name === path[0])
  let type = field?.type
  let depth = 1
  for (; type !== undefined && type.kind !== 'ROW'; depth++)
    type = type.kind === 'ARRAY' ? type.element : type.kind === 'MAP' ? type.value : undefined
  return type === undefined ? [] : siblingsAt(type.fields, path.slice(depth))
}

/** The JSON of a row of the table. Most values can be cast to most types. */
export function randomRow(random: Random, fields: readonly DataField[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, type }) => [name, randomValue(random, type)]))
}

function randomValue(random: Random, type: DataType): unknown {
  if (type.nullable && random() < 0.15) return null
  const number = between(random, 0, 100)
  switch (type.kind) {
    case 'BOOLEAN':
      return number < 50
    case 'BIGINT':
      return String(number)
    case 'DECIMAL':
      return (number / 4).toFixed(Math.min(2, type.scale))
    case 'FLOAT':
    case 'DOUBLE':
      return number / 4
    case 'CHAR':
    case 'VARCHAR':
      return String(number).slice(0, type.length)
    case 'BINARY':
    case 'VARBINARY':
      return '31'
    case 'DATE':
      return '2024-05-06'
    case 'TIME':
      return '12:34:56'
    case 'TIMESTAMP':
      return '2024-05-06T12:34:56'
    case 'TIMESTAMP_LTZ':
      return '2024-05-06T12:34:56Z'
    case 'ARRAY':
      return Array.from({ length: number % 3 }, () => randomValue(random, type.element))
    case 'MAP':
      return number % 3 === 0 ? [] : [['a', randomValue(random, type.value)]]
    case 'ROW':
      return randomRow(random, type.fields)
    default:
      return number
  }
}
