/** Aggregate functions merge_map and merge_map_with_keytime. */
import type { DataField, DataType } from '../../types/data-type.ts'
import { type InternalValue, textOf } from '../../types/internal-value.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { typeText } from '../../types/type-text.ts'
import { invalid } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { type Identity, objectIdentity } from './value-identity.ts'
import { type MergeOfColumn, unlessNull, wrongType } from './value-merge.ts'

type Entry = readonly InternalValue[]
type Entries = readonly Entry[]

/**
 * The entries of all maps; of those with one key the last. Taking back removes the keys. Follows `FieldMergeMapAgg`;
 * Java gives the entries in the order of a hash map, here it is that of arrival.
 */
export const mergeMap: MergeOfColumn = (field) => {
  if (field.type.kind !== 'MAP') throw wrongType('merge_map', field, 'MAP')
  const identity = objectIdentity(field.type.key)
  return {
    agg: unlessNull((acc, input) => {
      const merged = entriesByKey(acc as Entries, identity)
      for (const entry of input as Entries) merged.set(identity(entry[0]!), entry)
      return [...merged.values()]
    }),
    retract: (acc, input) => {
      if (acc === null || input === null || (input as Entries).length === 0) return acc
      const gone = new Set((input as Entries).map((entry) => identity(entry[0]!)))
      const kept = (acc as Entries).filter((entry) => !gone.has(identity(entry[0]!)))
      return [...entriesByKey(kept, identity).values()]
    },
  }
}

function entriesByKey(
  entries: Entries,
  identity: (key: InternalValue) => Identity,
): Map<Identity, Entry> {
  const byKey = new Map<Identity, Entry>()
  for (const entry of entries) byKey.set(identity(entry[0]!), entry)
  return byKey
}

/**
 * Like merge_map, for maps of rows with a time of their own (`fields.<column>.ts-field`, else the last field): an entry
 * gives way only to one whose time is greater as text, a null in place of the row removes the key, and rows without a
 * time are left out. Follows `FieldMergeMapWithKeyTimeAgg`.
 */
export const mergeMapWithKeyTime: MergeOfColumn = (field, options) => {
  const { type } = field
  if (type.kind !== 'MAP' || type.value.kind !== 'ROW' || type.value.fields.length < 2)
    throw wrongType(
      'merge_map_with_keytime',
      field,
      'MAP whose values are ROW of two or more fields',
    )
  const identity = objectIdentity(type.key)
  const timeIndex = timeFieldIndex(field, type.value.fields, options)
  const time = type.value.fields[timeIndex]!
  return {
    agg: unlessNull((acc, input) => {
      const merged = entriesByKey(acc as Entries, identity)
      for (const entry of input as Entries) {
        const id = identity(entry[0]!)
        if (entry[1] === null) merged.delete(id)
        else if (isNewer(entry, merged.get(id), timeIndex, time)) merged.set(id, entry)
      }
      return [...merged.values()]
    }),
  }
}

function timeFieldIndex(
  field: DataField,
  fields: readonly DataField[],
  options: TableOptionValues,
): number {
  const name = options.field(field.name, 'ts-field')
  if (name === undefined) return fields.length - 1
  const names = fields.map((inner) => inner.name)
  const index = names.indexOf(name)
  if (index >= 0) return index
  throw invalid(
    `fields.${field.name}.ts-field: the rows of the map have no field "${name}"${didYouMean(name, names)}`,
    { hint: `their fields are ${names.join(', ')}` },
  )
}

function isNewer(
  entry: Entry,
  existing: Entry | undefined,
  timeIndex: number,
  timeField: DataField,
): boolean {
  const time = (entry[1] as Entry)[timeIndex]!
  if (time === null) return false
  const before = (existing?.[1] ?? null) as Entry | null
  const beforeTime = before === null ? null : before[timeIndex]!
  if (beforeTime === null) return true
  return timeText(time, timeField) > timeText(beforeTime, timeField)
}

/** Java compares the UTF-16 units of strings, as JavaScript does, and only once two times meet. */
function timeText(time: InternalValue, { name, type }: DataField): string {
  if (isString(type)) return textOf(time as Uint8Array)
  throw invalid(
    `merge_map_with_keytime compares times as strings, but field "${name}" is ${typeText(type)}`,
    { hint: 'name a field of strings by fields.<column>.ts-field' },
  )
}

function isString(type: DataType): boolean {
  return type.kind === 'VARCHAR' || type.kind === 'CHAR'
}
