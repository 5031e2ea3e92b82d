/** Random tables of every merge engine: columns, options that fit them, and rows of kinds that they take. */
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { keyedSchema } from './memory-runs.ts'
import { presentValue } from './random-columns.ts'
import { between, pick, type Random } from './random.ts'

const TYPES: readonly DataType[] = [
  { kind: 'TINYINT', nullable: true },
  { kind: 'SMALLINT', nullable: true },
  { kind: 'INT', nullable: true },
  { kind: 'BIGINT', nullable: true },
  { kind: 'FLOAT', nullable: true },
  { kind: 'DOUBLE', nullable: true },
  { kind: 'DECIMAL', precision: 5, scale: 2, nullable: true },
  { kind: 'DECIMAL', precision: 18, scale: 3, nullable: true },
  { kind: 'DECIMAL', precision: 38, scale: 4, nullable: true },
  { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true },
  { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true },
  { kind: 'BOOLEAN', nullable: true },
  { kind: 'DATE', nullable: true },
  { kind: 'TIMESTAMP', precision: 3, nullable: true },
  { kind: 'TIMESTAMP', precision: 6, nullable: true },
  { kind: 'ARRAY', element: { kind: 'INT', nullable: true }, nullable: true },
]

const NUMBERS = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DECIMAL']
const ANY = ['last_value', 'last_non_null_value', 'first_value', 'first_non_null_value']
/** Functions that take values back. */
const RETRACTABLE = new Set(['sum', 'last_value', 'last_non_null_value', 'collect'])

function functionsOf({ kind }: DataType): string[] {
  if (kind === 'ARRAY') return [...ANY, 'collect']
  const more = ['max', 'min', ...ANY]
  if (NUMBERS.includes(kind)) return ['sum', 'sum', 'product', ...more]
  if (kind === 'BOOLEAN') return ['bool_and', 'bool_or', ...ANY]
  return kind === 'VARCHAR' ? ['listagg', ...more] : more
}

export type EngineName = 'deduplicate' | 'first-row' | 'aggregation' | 'partial-update'

export interface MergeTable {
  readonly engine: EngineName
  readonly schema: TableSchema
  /** The kinds that its rows may have. */
  readonly kinds: readonly number[]
}

const ALL_KINDS = [0, 0, 0, 2, 1, 3, 3]
const ADDING = [0, 0, 2]

interface TableRequest {
  /** Options that the schema has besides. */
  readonly options?: Readonly<Record<string, string>>
  /** Whether files may hold what no writer lets through: rows that delete, where they are ignored. */
  readonly forged?: boolean
}

/** A table of the engine; all its nullable columns are called v0 and so on, or s0 and so on where they order rows. */
export function randomMergeTable(
  engine: EngineName,
  random: Random,
  { options: base = {}, forged = false }: TableRequest = {},
): MergeTable {
  const values = Array.from({ length: between(random, 1, 7) }, (_, i) => `v${i}`)
  const sequences = ['s0', 's1', 's2']
  // In some tables the columns that order rows lie behind those that are ordered, in others before.
  const names = random() < 0.5 ? [...values, ...sequences] : [...sequences, ...values]
  const columns: Record<string, DataType> = { k: { kind: 'INT', nullable: false } }
  for (const name of names)
    columns[name] = name.startsWith('v') ? pick(random, TYPES) : { kind: 'INT', nullable: true }
  const plain = keyedSchema(columns)
  const fields = plain.fields.filter(({ name }) => values.includes(name))
  const { options, kinds } = engineOptions(engine, fields, random, forged)
  const schema = {
    ...plain,
    options: { ...plain.options, ...base, 'merge-engine': engine, ...options },
  }
  return { engine, schema, kinds }
}

interface EngineOptions {
  readonly options: Readonly<Record<string, string>>
  readonly kinds: readonly number[]
}

function engineOptions(
  engine: EngineName,
  fields: readonly DataField[],
  random: Random,
  forged: boolean,
): EngineOptions {
  const ignoring = { 'ignore-delete': 'true' }
  switch (engine) {
    case 'deduplicate': {
      const options = random() < 0.3 ? ignoring : {}
      return { options: { ...options, ...sequenceField(random) }, kinds: ALL_KINDS }
    }
    case 'first-row':
      return forged ? { options: ignoring, kinds: ALL_KINDS } : { options: {}, kinds: ADDING }
    case 'aggregation':
      return aggregationOptions(fields, random)
    default:
      return partialUpdateOptions(fields, random, forged)
  }
}

function sequenceField(random: Random): Record<string, string> {
  if (random() < 0.6) return {}
  return {
    'sequence.field': pick(random, ['s0', 's0,s1']),
    'sequence.field.sort-order': pick(random, ['ascending', 'descending']),
  }
}

function aggregationOptions(fields: readonly DataField[], random: Random): EngineOptions {
  const deletes = pick(random, ['none', 'retract', 'remove'])
  const options: Record<string, string> = { ...sequenceField(random) }
  for (const field of fields)
    Object.assign(options, functionOptions(field, random, deletes === 'none' ? null : deletes))
  if (deletes === 'remove') options['aggregation.remove-record-on-delete'] = 'true'
  const removing = deletes === 'remove' ? [0, 0, 2, 3] : ALL_KINDS
  return { options, kinds: deletes === 'none' ? ADDING : removing }
}

/** A function for the column; where rows retract, one that can, or that is told to ignore it. */
function functionOptions(
  { name, type }: DataField,
  random: Random,
  deletes: string | null,
): Record<string, string> {
  const given = pick(random, [...functionsOf(type), undefined])
  const options: Record<string, string> = {}
  if (given !== undefined) options[`fields.${name}.aggregate-function`] = given
  const isRetractable = given === undefined || RETRACTABLE.has(given)
  if (deletes === 'retract' && (!isRetractable || random() < 0.2))
    options[`fields.${name}.ignore-retract`] = 'true'
  if (given === 'listagg' && random() < 0.5) options[`fields.${name}.list-agg-delimiter`] = '-'
  return options
}

function partialUpdateOptions(
  fields: readonly DataField[],
  random: Random,
  forged: boolean,
): EngineOptions {
  const deletes = pick(
    random,
    forged ? ['none', 'ignore', 'remove', 'groups'] : ['none', 'remove', 'groups', 'groups'],
  )
  const sequence = sequenceField(random)
  switch (deletes) {
    case 'none':
      return { options: sequence, kinds: ADDING }
    case 'ignore':
      return { options: { ...sequence, 'ignore-delete': 'true' }, kinds: ALL_KINDS }
    case 'remove':
      return {
        options: { ...sequence, 'partial-update.remove-record-on-delete': 'true' },
        kinds: ALL_KINDS,
      }
    default:
      return groupOptions(fields, random)
  }
}

function groupOptions(fields: readonly DataField[], random: Random): EngineOptions {
  const options: Record<string, string> = {}
  const orders = pick(random, [['s0'], ['s0,s1'], ['s0', 's1,s2'], ['s2,s0', 's1']])
  const members = orders.map((): string[] => [])
  for (const field of fields) {
    const group = between(random, 0, orders.length + 1)
    members[group]?.push(field.name)
    if (group < orders.length && random() < 0.5)
      Object.assign(options, functionOptions(field, random, 'retract'))
  }
  const used = orders.filter((_, i) => members[i]!.length > 0)
  for (const [i, order] of orders.entries())
    if (members[i]!.length > 0) options[`fields.${order}.sequence-group`] = members[i]!.join(',')
  if (used.length === 0) return { options, kinds: ADDING }
  if (random() < 0.3)
    options['partial-update.remove-record-on-sequence-group'] = used[0]!.split(',')[0]!
  return { options, kinds: random() < 0.3 ? ADDING : ALL_KINDS }
}

/** Values of a row of the table with the key. */
export function randomMergeRow(
  { schema }: MergeTable,
  key: number,
  random: Random,
): InternalValue[] {
  const nullShare = pick(random, [0, 0.3, 0.7])
  return schema.fields.map(({ name, type }) => {
    if (name === 'k') return key
    if (random() < nullShare) return null
    if (name.startsWith('s')) return between(random, 0, 5)
    // Small numbers mostly, so that they tie and divide; others for overflow.
    if (type.kind === 'INT' && random() < 0.7) return between(random, -3, 4)
    if (type.kind === 'DECIMAL' && random() < 0.5) return BigInt(between(random, -300, 300))
    // Days and instants that have a text of four digits a year.
    if (type.kind === 'DATE') return between(random, -200_000, 200_000)
    if (type.kind === 'TIMESTAMP') return BigInt(between(random, -(2 ** 40), 2 ** 40))
    return presentValue(type, random)
  })
}
