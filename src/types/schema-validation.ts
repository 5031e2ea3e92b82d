/**
 * Whether a table can have a schema: the rules of the Java classes `Schema` and `SchemaValidation`, and whether this
 * library can read and write a table that another engine made.
 */
import { invalid, unsupported } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import type { DataField, DataType, TypeKind } from './data-type.ts'
import { defaultValue } from './default-value.ts'
import { collectFieldIds, isSystemFieldName, SYSTEM_FIELD_ID_START } from './field-ids.ts'
import { checkSettable, checkUsable } from './option-checks.ts'
import { tableOptions, type TableOptionValues } from './options.ts'
import { checkScanMode } from './scan-mode.ts'
import type { TableSchema } from './schema-file.ts'
import { bucketKeyProblem, fieldNamed, hasPrimaryKey, isCrossPartition } from './schema-keys.ts'
import { typeText } from './type-text.ts'

/**
 * Throws INVALID when no table can have the schema, and UNSUPPORTED when this library cannot serve it yet; messages
 * name the column or option, hints the way out.
 */
export function validateSchema(schema: TableSchema): void {
  checkStructure(schema)
  checkSettable(
    schema.options,
    schema.fields.map((field) => field.name),
  )
  checkColumnTypes(schema, schema.fields)
  requireWritable(schema)
}

/** What {@link validateSchema} throws INVALID for, of a table that may have options which this library does not know. */
export function checkStructure(schema: TableSchema): void {
  checkColumns(schema)
  checkKeys(schema)
  const options = tableOptions(schema.options)
  checkBuckets(schema, options)
  checkSequence(schema, options)
  checkMerge(schema, options)
  checkOverwriteReads(schema)
  checkRetention(options)
  checkNamedColumns(schema, options)
  checkScanMode(options)
}

/** Throws UNSUPPORTED when a read would need an option that is not implemented. */
export function requireReadable(schema: TableSchema): void {
  checkUsable(schema.options, 'read', { hasPrimaryKey: hasPrimaryKey(schema) })
}

/** Throws UNSUPPORTED when a write would need what is not implemented. */
export function requireWritable(schema: TableSchema): void {
  checkUsable(schema.options, 'write', { hasPrimaryKey: hasPrimaryKey(schema) })
}

function checkColumns({ fields }: TableSchema): void {
  if (fields.length === 0) throw invalid('a table needs at least one column')
  checkFieldNames(fields, 'column')
  for (const { name } of fields)
    if (isSystemFieldName(name))
      throw invalid(`no column may be named "${name}": Paimon keeps that name for itself`)
  const ids = collectFieldIds(fields)
  const seen = new Set<number>()
  for (const id of ids) {
    if (seen.has(id)) throw invalid(`two fields of the schema have the id ${id}`)
    seen.add(id)
  }
  if (fields.some((field) => field.id >= SYSTEM_FIELD_ID_START))
    throw invalid(`the id of a column must be below ${SYSTEM_FIELD_ID_START}`)
  for (const field of fields) defaultValue(field)
}

/** Names are unique and not blank, in the table and in each ROW. */
function checkFieldNames(fields: readonly DataField[], what: string): void {
  const names = new Set<string>()
  for (const { name, type } of fields) {
    if (name.trim() === '') throw invalid(`the name of a ${what} is blank`)
    if (names.has(name)) throw invalid(`two ${what}s are named "${name}"`)
    names.add(name)
    for (const row of rowsWithin(type)) checkFieldNames(row, `field in column "${name}"`)
  }
}

/** The fields of the outermost ROWs in the type. */
function rowsWithin(type: DataType): (readonly DataField[])[] {
  switch (type.kind) {
    case 'ROW':
      return [type.fields]
    case 'ARRAY':
    case 'MULTISET':
    case 'VECTOR':
      return rowsWithin(type.element)
    case 'MAP':
      return [...rowsWithin(type.key), ...rowsWithin(type.value)]
    default:
      return []
  }
}

function checkKeys(schema: TableSchema): void {
  const { primaryKeys, partitionKeys } = schema
  checkKeyColumns(schema, primaryKeys, 'the primary key names')
  checkKeyColumns(schema, partitionKeys, 'the partition keys name')
  for (const key of primaryKeys)
    if (fieldNamed(schema, key).type.nullable)
      throw invalid(`the primary-key column "${key}" is nullable`, {
        hint: 'declare it NOT NULL',
      })
  if (primaryKeys.length > 0 && primaryKeys.every((key) => partitionKeys.includes(key)))
    throw invalid('the primary key consists of partition keys only', {
      hint: 'a partition would hold a single row: add a column to the primary key',
    })
}

const NO_KEY_TYPES: ReadonlySet<TypeKind> = new Set([
  'ARRAY',
  'MAP',
  'MULTISET',
  'ROW',
  'VECTOR',
  'VARIANT',
  'BLOB',
])

function checkKeyColumns(schema: TableSchema, keys: readonly string[], what: string): void {
  const names = schema.fields.map((field) => field.name)
  for (const [i, key] of keys.entries()) {
    if (!names.includes(key))
      throw invalid(`${what} "${key}", which is no column${didYouMean(key, names)}`)
    if (keys.indexOf(key) < i) throw invalid(`${what} "${key}" twice`)
    const { type } = fieldNamed(schema, key)
    if (NO_KEY_TYPES.has(type.kind))
      throw invalid(`${what} "${key}", whose type ${typeText(type)} cannot be a key`)
  }
}

function checkBuckets(schema: TableSchema, options: TableOptionValues): void {
  const bucket = options.get('bucket')
  const keys = options.get('bucket-key')
  if (keys !== undefined) {
    if (bucket === -1)
      throw invalid('bucket-key is set although the table has no fixed buckets (bucket = -1)', {
        hint: 'set bucket to a number, or leave bucket-key out',
      })
    const problem = bucketKeyProblem(schema, keys)
    if (problem !== undefined) throw invalid(problem)
    for (const key of keys) {
      const { type } = fieldNamed(schema, key)
      if (NO_KEY_TYPES.has(type.kind))
        throw invalid(`the bucket key "${key}" has the type ${typeText(type)}, which has no hash`)
    }
  }
  if (bucket === 0) throw invalid('the number of buckets must not be 0')
  if (bucket === -2 && !hasPrimaryKey(schema))
    throw invalid('postponed buckets (bucket = -2) need a primary key')
  if (bucket > 0 && keys === undefined && !hasPrimaryKey(schema))
    throw invalid('a table without primary key needs a bucket-key for its fixed buckets', {
      hint: 'set bucket-key to the columns to distribute by, or leave bucket out',
    })
  if (bucket === -1 && !hasPrimaryKey(schema) && options.isSet('full-compaction.delta-commits'))
    throw invalid('full-compaction.delta-commits needs a primary key or fixed buckets')
  if (options.get('bucket-function.type') === 'mod') checkModKey(schema, keys)
}

function checkModKey(schema: TableSchema, keys: readonly string[] | undefined): void {
  const names = keys ?? schema.primaryKeys.filter((key) => !schema.partitionKeys.includes(key))
  const types = names.map((name) => fieldNamed(schema, name).type.kind)
  if (types.length !== 1 || (types[0] !== 'INT' && types[0] !== 'BIGINT'))
    throw invalid('bucket-function.type = mod needs one bucket key of type INT or BIGINT')
}

/** UNSUPPORTED where files of the table cannot hold one of these columns of it. */
export function checkColumnTypes(schema: TableSchema, fields: readonly DataField[]): void {
  const options = tableOptions(schema.options)
  const formats = [
    options.get('file.format'),
    options.get('changelog-file.format') ?? '',
    ...Object.values(options.get('file.format.per.level')),
  ].map((format) => format.toLowerCase())
  for (const { name, type } of fields) {
    const problem = firstOf(formats.map((format) => typeProblemOf(type, format)))
    if (problem !== undefined)
      throw unsupported(`column "${name}" has the type ${typeText(type)}: ${problem}`)
  }
}

/** Whether data files of the format can hold the columns. */
export function isHeldBy(fields: readonly DataField[], format: string): boolean {
  return fields.every(({ type }) => typeProblemOf(type, format) === undefined)
}

/** What of the type, or of a type inside it, a data file of the format cannot hold. */
function typeProblemOf(type: DataType, format: string): string | undefined {
  switch (type.kind) {
    case 'VARIANT':
      return format === 'avro' ? 'VARIANT is written to Parquet files only' : undefined
    case 'BLOB':
    case 'VECTOR':
      return `${type.kind} cannot be written yet`
    case 'TIME':
      return format === 'avro' && type.precision > 3
        ? 'Avro holds times of at most milliseconds'
        : undefined
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return format === 'avro' && type.precision > 6
        ? 'Avro holds timestamps of at most microseconds'
        : undefined
    case 'ARRAY':
    case 'MULTISET':
      return typeProblemOf(type.element, format)
    case 'MAP':
      return typeProblemOf(type.key, format) ?? typeProblemOf(type.value, format)
    case 'ROW':
      return firstOf(type.fields.map((field) => typeProblemOf(field.type, format)))
    default:
      return undefined
  }
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined)
}

function checkSequence(schema: TableSchema, options: TableOptionValues): void {
  const sequence = options.get('sequence.field') ?? []
  for (const [i, name] of sequence.entries()) {
    const { type } = requireColumn(schema, 'sequence.field', name)
    if (NO_KEY_TYPES.has(type.kind))
      throw unsupported(`sequence.field "${name}" has the type ${typeText(type)}`, {
        hint: 'rows are ordered by numbers, texts, bytes, dates and times only',
      })
    if (sequence.indexOf(name) < i) throw invalid(`sequence.field names "${name}" twice`)
    if (options.field(name, 'aggregate-function') !== undefined)
      throw invalid(`the sequence field "${name}" must have no aggregate function`)
  }
  if (sequence.length === 0) return
  if (options.get('merge-engine') === 'first-row')
    throw invalid('merge-engine = first-row keeps the first row and takes no sequence.field')
  if (isCrossPartition(schema))
    throw invalid('sequence.field needs all partition keys in the primary key')
}

function checkMerge(schema: TableSchema, options: TableOptionValues): void {
  const producer = options.get('changelog-producer')
  const engine = options.get('merge-engine')
  if (!hasPrimaryKey(schema) && producer !== 'none')
    throw invalid(`changelog-producer = ${producer} needs a primary key`)
  if (engine === 'first-row' && producer !== 'none' && producer !== 'lookup')
    throw invalid('merge-engine = first-row goes with changelog-producer none or lookup only')
  if (options.get('deletion-vectors.enabled')) {
    if (producer === 'full-compaction')
      throw invalid('deletion vectors do not go with changelog-producer = full-compaction')
    if (engine === 'first-row')
      throw invalid('deletion vectors do not go with merge-engine = first-row')
  }
  if (options.get('row-tracking.enabled')) {
    if (hasPrimaryKey(schema)) throw invalid('row tracking goes with tables without primary key')
    if (options.get('bucket') !== -1) throw invalid('row tracking goes with bucket = -1 only')
  } else if (options.get('data-evolution.enabled'))
    throw invalid('data-evolution.enabled needs row-tracking.enabled')
}

/** INVALID where streams are to read overwrites of a table that gives them no sense, or tells them otherwise. */
export function checkOverwriteReads(schema: TableSchema): void {
  const options = tableOptions(schema.options)
  if (!options.get('streaming-read-overwrite')) return
  if (!hasPrimaryKey(schema))
    throw invalid('streaming-read-overwrite needs a primary key', {
      hint: 'streaming-read-append-overwrite is for tables without one',
    })
  const producer = options.get('changelog-producer')
  if (producer === 'lookup' || producer === 'full-compaction')
    throw invalid(`streaming-read-overwrite does not go with changelog-producer = ${producer}`, {
      hint: 'changes would be read twice: the changelog has those of overwrites',
    })
}

function checkRetention(options: TableOptionValues): void {
  checkRange(
    'snapshot.num-retained',
    options.get('snapshot.num-retained.min'),
    options.get('snapshot.num-retained.max'),
  )
  checkRange(
    'changelog.num-retained',
    options.get('changelog.num-retained.min') ?? options.get('snapshot.num-retained.min'),
    options.get('changelog.num-retained.max') ?? options.get('snapshot.num-retained.max'),
  )
}

function checkRange(prefix: string, min: number, max: number): void {
  if (min < 1) throw invalid(`${prefix}.min must be at least 1`)
  if (min > max) throw invalid(`${prefix}.min is larger than ${prefix}.max`)
}

const TIME_KINDS: ReadonlySet<TypeKind> = new Set(['INT', 'BIGINT', 'TIMESTAMP', 'TIMESTAMP_LTZ'])

function checkNamedColumns(schema: TableSchema, options: TableOptionValues): void {
  const rowKind = options.get('rowkind.field')
  if (rowKind !== undefined) {
    const { type } = requireColumn(schema, 'rowkind.field', rowKind)
    if (type.kind !== 'VARCHAR' && type.kind !== 'CHAR')
      throw invalid(`rowkind.field "${rowKind}" must be a string, not ${typeText(type)}`)
  }
  const time = options.get('record-level.time-field')
  if (time !== undefined) {
    const { type } = requireColumn(schema, 'record-level.time-field', time)
    if (!TIME_KINDS.has(type.kind))
      throw invalid(
        `record-level.time-field "${time}" must be INT, BIGINT or a timestamp, not ${typeText(type)}`,
      )
  }
  if (options.isSet('partition.expiration-time') && schema.partitionKeys.length === 0)
    throw invalid('partition.expiration-time needs partition keys')
}

function requireColumn({ fields }: TableSchema, option: string, name: string): DataField {
  const field = fields.find((candidate) => candidate.name === name)
  if (field !== undefined) return field
  const names = fields.map((candidate) => candidate.name)
  throw invalid(`${option} names "${name}", which is no column${didYouMean(name, names)}`)
}
