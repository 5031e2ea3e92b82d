/** Aggregate functions nested_update and nested_partial_update: arrays of rows as tables inside a column. */
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { invalid } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { binaryIdentity, fieldsIdentity, type Identity } from './value-identity.ts'
import { type MergeOfColumn, unlessNull, type ValueMerge, wrongType } from './value-merge.ts'
import { compareValues } from './value-picks.ts'

type Row = readonly InternalValue[]
type Rows = readonly (Row | null)[]

/** The rows of an array that are tables of their own by a key. */
interface NestedKey {
  /** Undefined for rows that are left out, since their key has a null. */
  readonly identity: (row: Row) => string | undefined
  /** Whether the row takes the place of one of its key. */
  readonly replaces: (row: Row, before: Row) => boolean
  /** Whether options of Paimon 2.0 are set, which merges a key's first array as well. */
  readonly isStrict: boolean
}

/**
 * The rows of all arrays, at most `count-limit`; with a `nested-key` the last of each key. Taking back removes the
 * rows of the same key, or without a key those that are equal. Follows `FieldNestedUpdateAgg` of Paimon 1.4, and that of
 * 2.0 where its options `nested-sequence-field` or `nested-key-null-strategy` are set; Java gives keyed rows in the order of
 * a hash map, here it is that of arrival.
 */
export const nestedUpdate: MergeOfColumn = (field, options) => {
  const fields = fieldsOfRows('nested_update', field)
  const limit = options.field(field.name, 'count-limit') ?? Infinity
  const key = nestedKey(field, fields, options)
  if (key === undefined) return unkeyed(fields, limit)
  return {
    agg: key.isStrict
      ? (acc, input) => (input === null ? acc : strictlyMerged(acc, input as Rows, key, limit))
      : unlessNull((acc, input) => {
          const rows = limited(acc as Rows, input as Rows, limit)
          return rows === acc ? acc : [...byKey(rows, key).values()]
        }),
    retract: (acc, input) => {
      if (acc === null || input === null) return acc
      const gone = byKey(presentRows(input as Rows), key)
      const kept = [...byKey(presentRows(acc as Rows), key)].filter(([id]) => !gone.has(id))
      return kept.map(([, row]) => row)
    },
  }
}

function unkeyed(fields: readonly DataField[], limit: number): ValueMerge {
  const identity = fieldsIdentity({ kind: 'ROW', fields, nullable: true })
  return {
    agg: unlessNull((acc, input) => limited(acc as Rows, input as Rows, limit)),
    retract: (acc, input) => {
      if (acc === null || input === null) return acc
      const gone = new Set(presentRows(input as Rows).map(identity))
      return presentRows(acc as Rows).filter((row) => !gone.has(identity(row)))
    },
  }
}

/** The rows of both, as many as there may be; `acc` itself when it is full. */
function limited(acc: Rows, input: Rows, limit: number): Rows {
  if (acc.length >= limit) return acc
  return [...presentRows(acc), ...presentRows(input).slice(0, limit - acc.length)]
}

/** As Paimon 2.0 does it: only rows of new keys are too many. */
function strictlyMerged(acc: InternalValue, input: Rows, key: NestedKey, limit: number): Rows {
  const rows = byKey(acc === null ? [] : presentRows(acc as Rows), key)
  for (const row of presentRows(input)) put(rows, row, key, limit)
  return [...rows.values()]
}

function byKey(rows: readonly (Row | null)[], key: NestedKey): Map<Identity, Row> {
  const found = new Map<Identity, Row>()
  for (const row of rows) if (row !== null) put(found, row, key, Infinity)
  return found
}

function put(rows: Map<Identity, Row>, row: Row, key: NestedKey, limit: number): void {
  const id = key.identity(row)
  if (id === undefined) return
  const before = rows.get(id)
  if (before === undefined ? rows.size < limit : key.replaces(row, before)) rows.set(id, row)
}

/** The fields that are not null of all rows of a key, the last ones. Follows `FieldNestedPartialUpdateAgg`. */
export const nestedPartialUpdate: MergeOfColumn = (field, options) => {
  const fields = fieldsOfRows('nested_partial_update', field)
  const key = nestedKey(field, fields, options)
  if (key === undefined)
    throw invalid(`column "${field.name}": aggregate function nested_partial_update needs a key`, {
      hint: `set fields.${field.name}.nested-key to fields of the rows`,
    })
  const merged = (rows: readonly Row[]): Rows => {
    const found = new Map<Identity, InternalValue[]>()
    for (const row of rows) {
      const id = key.identity(row)
      if (id === undefined) continue
      const values = found.get(id) ?? fields.map(() => null)
      for (const [i, value] of row.entries()) values[i] = value ?? values[i]!
      found.set(id, values)
    }
    return [...found.values()]
  }
  return {
    agg: (acc, input) => {
      if (input === null) return acc
      if (acc === null) return key.isStrict ? merged(presentRows(input as Rows)) : input
      return merged([...presentRows(acc as Rows), ...presentRows(input as Rows)])
    },
  }
}

function fieldsOfRows(name: string, field: DataField): readonly DataField[] {
  const { type } = field
  if (type.kind !== 'ARRAY' || type.element.kind !== 'ROW')
    throw wrongType(name, field, 'ARRAY<ROW>')
  return type.element.fields
}

function presentRows(rows: Rows): Row[] {
  return rows.filter((row) => row !== null)
}

/** Undefined when the column has no nested key. */
function nestedKey(
  field: DataField,
  fields: readonly DataField[],
  options: TableOptionValues,
): NestedKey | undefined {
  const keyFields = fieldIndices(field, 'nested-key', fields, options)
  const sequence = fieldIndices(field, 'nested-sequence-field', fields, options)
  const nulls = options.field(field.name, 'nested-key-null-strategy')
  const isStrict = sequence !== undefined || nulls !== undefined
  if (keyFields === undefined) {
    if (!isStrict) return undefined
    const set = sequence === undefined ? 'nested-key-null-strategy' : 'nested-sequence-field'
    throw invalid(`fields.${field.name}.${set} means nothing without a nested key`, {
      hint: `set fields.${field.name}.nested-key to fields of the rows`,
    })
  }
  return {
    identity: (row) => {
      const values = keyFields.map((i) => row[i] as InternalValue)
      if (nulls !== undefined && nulls !== 'merge' && values.includes(null)) {
        if (nulls === 'ignore') return undefined
        throw invalid(`column "${field.name}": a nested key has a null`, {
          hint: `fields.${field.name}.nested-key-null-strategy = ignore leaves such rows out`,
        })
      }
      return binaryIdentity(values)
    },
    replaces: (row, before) =>
      sequence === undefined || compareSequences(fields, sequence, row, before) >= 0,
    isStrict,
  }
}

/** The places of the fields that an option names. */
function fieldIndices(
  field: DataField,
  option: 'nested-key' | 'nested-sequence-field',
  fields: readonly DataField[],
  options: TableOptionValues,
): readonly number[] | undefined {
  const names = fields.map((inner) => inner.name)
  return options
    .field(field.name, option)
    ?.split(',')
    .map((part) => {
      const name = part.trim()
      const index = names.indexOf(name)
      if (index >= 0) return index
      throw invalid(
        `fields.${field.name}.${option}: the rows have no field "${name}"${didYouMean(name, names)}`,
        { hint: `their fields are ${names.join(', ')}` },
      )
    })
}

/** Nulls come first. */
function compareSequences(
  fields: readonly DataField[],
  sequence: readonly number[],
  row: Row,
  before: Row,
): number {
  for (const i of sequence) {
    const [a, b] = [row[i]!, before[i]!]
    if (a === null && b === null) continue
    if (a === null || b === null) return a === null ? -1 : 1
    const order = compareValues(fields[i]!.type, a, b)
    if (order !== 0) return order
  }
  return 0
}
