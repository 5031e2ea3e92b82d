/** Aggregate functions nested_update and nested_partial_update: arrays of rows as tables inside a column. */
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { invalid } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { binaryIdentity, fieldsIdentity, type Identity } from './value-identity.ts'
import { type MergeOfColumn, unlessNull, wrongType } from './value-merge.ts'

type Row = readonly InternalValue[]
type Rows = readonly (Row | null)[]

/**
 * The rows of all arrays, at most `count-limit`; with a `nested-key` the last of each key. Taking back removes the
 * rows of the same key, or without a key those that are equal. Follows `FieldNestedUpdateAgg` of Paimon 1.4, which has
 * no order of its own among rows of a key; Java gives keyed rows in the order of a hash map, here it is that of arrival.
 */
export const nestedUpdate: MergeOfColumn = (field, options) => {
  const fields = fieldsOfRows('nested_update', field)
  const limit = options.field(field.name, 'count-limit') ?? Infinity
  const key = keyOf(field, fields, options)
  return {
    agg: unlessNull((acc, input) => {
      const there = acc as Rows
      if (there.length >= limit) return acc
      const added = presentRows(input as Rows).slice(0, limit - there.length)
      const rows = [...presentRows(there), ...added]
      return key === undefined ? rows : [...lastByKey(rows, key).values()]
    }),
    retract: (acc, input) => {
      if (acc === null || input === null) return acc
      const identity = key ?? fieldsIdentity({ kind: 'ROW', fields, nullable: true })
      const gone = new Set(presentRows(input as Rows).map(identity))
      const rows = presentRows(acc as Rows)
      const kept = key === undefined ? rows : [...lastByKey(rows, key).values()]
      return kept.filter((row) => !gone.has(identity(row)))
    },
  }
}

/** The fields that are not null of all rows of a key, the last ones. Follows `FieldNestedPartialUpdateAgg`. */
export const nestedPartialUpdate: MergeOfColumn = (field, options) => {
  const fields = fieldsOfRows('nested_partial_update', field)
  const key = keyOf(field, fields, options)
  if (key === undefined)
    throw invalid(`column "${field.name}": aggregate function nested_partial_update needs a key`, {
      hint: `set fields.${field.name}.nested-key to fields of the rows`,
    })
  return {
    agg: unlessNull((acc, input) => {
      const byKey = new Map<Identity, InternalValue[]>()
      for (const row of [...presentRows(acc as Rows), ...presentRows(input as Rows)]) {
        const id = key(row)
        const merged = byKey.get(id) ?? fields.map(() => null)
        for (const [i, value] of row.entries()) merged[i] = value ?? merged[i]!
        byKey.set(id, merged)
      }
      return [...byKey.values()]
    }),
  }
}

function fieldsOfRows(name: string, field: DataField): readonly DataField[] {
  const { type } = field
  if (type.kind !== 'ARRAY' || type.element.kind !== 'ROW')
    throw wrongType(name, field, 'ARRAY<ROW>')
  return type.element.fields
}

/** The identity of a row's key; undefined when the column has no nested key. */
function keyOf(
  field: DataField,
  fields: readonly DataField[],
  options: TableOptionValues,
): ((row: Row) => Identity) | undefined {
  const given = options.field(field.name, 'nested-key')
  if (given === undefined) return undefined
  const names = fields.map((inner) => inner.name)
  const indices = given.split(',').map((part) => {
    const name = part.trim()
    const index = names.indexOf(name)
    if (index >= 0) return index
    throw invalid(
      `fields.${field.name}.nested-key: the rows have no field "${name}"${didYouMean(name, names)}`,
      { hint: `their fields are ${names.join(', ')}` },
    )
  })
  return (row) => binaryIdentity(indices.map((i) => row[i]!))
}

function presentRows(rows: Rows): Row[] {
  return rows.filter((row) => row !== null)
}

function lastByKey(rows: readonly Row[], key: (row: Row) => Identity): Map<Identity, Row> {
  const byKey = new Map<Identity, Row>()
  for (const row of rows) byKey.set(key(row), row)
  return byKey
}
