/** How the rows of a primary-key table lie in its files and in memory: key, sequence number, kind, and the columns. */
import type { DataField } from '../types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from '../types/field-ids.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { fieldsNamed, keyFields, trimmedKeyFields } from '../types/schema-keys.ts'
import { type MergeEngine, mergeEngine } from './merge/engine.ts'
import type { SortColumn } from './sort-keys.ts'

/** What merging needs to know of a table; follows from its schema. */
export interface KeyValueLayout {
  /** The trimmed primary key, as columns of the table. */
  readonly keys: readonly DataField[]
  /** The same columns as files name them when they are stored apart: `_KEY_x`. */
  readonly storedKeys: readonly DataField[]
  /** The columns of `sequence.field`, which decide before the sequence number does. */
  readonly sequence: readonly DataField[]
  readonly sequenceDescending: boolean
  readonly ignoreDelete: boolean
  readonly engine: MergeEngine
  /** Whether of a key's rows above level 0 only the one of the lowest level counts; see `lookupRows`. */
  readonly looksUp: boolean
  /** All columns of the table. */
  readonly fields: readonly DataField[]
}

/** Throws INVALID for options of the merge engine that contradict each other or the columns. */
export function keyValueLayout(schema: TableSchema): KeyValueLayout {
  const options = tableOptions(schema.options)
  return {
    keys: trimmedKeyFields(schema),
    storedKeys: keyFields(schema),
    sequence: fieldsNamed(schema, options.get('sequence.field') ?? []),
    sequenceDescending: options.get('sequence.field.sort-order') === 'descending',
    ignoreDelete: options.get('ignore-delete'),
    engine: mergeEngine(schema),
    looksUp:
      options.get('changelog-producer') === 'lookup' ||
      options.get('deletion-vectors.enabled') ||
      options.get('force-lookup'),
    fields: schema.fields,
  }
}

/** The order of rows by key. */
export function keyOrder(layout: KeyValueLayout): SortColumn[] {
  return layout.keys.map(({ type }) => ({ type }))
}

/**
 * The order of rows of one key by `sequence.field`. Within one flush Java sorts ascending whatever
 * `sequence.field.sort-order` says (`SortBufferWriteBuffer`), so that is asked for apart.
 */
export function sequenceOrder(layout: KeyValueLayout, descending: boolean): SortColumn[] {
  return layout.sequence.map(({ type }) => ({ type, descending, nullable: true }))
}

/** The columns that every merge reads first. */
export const SYSTEM_FIELDS: readonly DataField[] = [SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD]
