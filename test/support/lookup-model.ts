/** What a compaction that looks up older rows gives, written plainly, a key at a time. */
import { fieldsIdentity } from '../../src/lsm/merge/value-identity.ts'
import type { DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { tableOptions } from '../../src/types/options.ts'
import { DELETE, INSERT, isAdd, UPDATE_AFTER, UPDATE_BEFORE } from '../../src/types/row-kind.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { engineModel, groupsOf, type LeveledRow, withoutBuffers } from './merge-model.ts'

/** A row of a file of a level: the values, and the kind behind them. */
export type ShownRow = readonly InternalValue[]

export interface LookedUp {
  readonly rows: readonly ShownRow[]
  readonly changes: readonly ShownRow[]
  /** The rows of the levels above that were looked up. */
  readonly found: readonly LeveledRow[]
}

const NOTHING: LookedUp = { rows: [], changes: [], found: [] }

/** Compacts rows of the lower levels, with those above at hand. */
export function lookedUpByModel(
  schema: TableSchema,
  compacted: readonly LeveledRow[],
  above: readonly LeveledRow[],
): LookedUp {
  const lists = groupsOf(schema, [...compacted, ...above]).map((group) => {
    const own = group.filter((row) => compacted.includes(row))
    if (own.length === 0) return NOTHING
    const known = lowest(own.filter(({ level }) => level > 0))
    const found =
      known === undefined ? lowest(group.filter((row) => above.includes(row))) : undefined
    const looked = found === undefined ? [] : [found]
    return schema.options['merge-engine'] === 'first-row'
      ? firstRow(schema, own, looked)
      : merged(schema, group, own, known ?? found, looked)
  })
  return {
    rows: lists.flatMap(({ rows }) => rows),
    changes: lists.flatMap(({ changes }) => changes),
    found: lists.flatMap(({ found }) => found),
  }
}

function lowest(rows: readonly LeveledRow[]): LeveledRow | undefined {
  return rows.toSorted((a, b) => a.level - b.level)[0]
}

function firstRow(
  schema: TableSchema,
  own: readonly LeveledRow[],
  found: readonly LeveledRow[],
): LookedUp {
  if (found.length > 0) return { ...NOTHING, found }
  const first = engineModel(schema, tableOptions(schema.options))(own)
  if (first === null) return NOTHING
  const rows = [shown(first.row, first.kind)]
  return { rows, changes: own.every(({ level }) => level === 0) ? rows : [], found }
}

function merged(
  schema: TableSchema,
  group: readonly LeveledRow[],
  own: readonly LeveledRow[],
  older: LeveledRow | undefined,
  found: readonly LeveledRow[],
): LookedUp {
  const counted = group.filter((row) => row === older || (own.includes(row) && row.level === 0))
  const after = engineModel(schema, tableOptions(schema.options))(counted)
  if (after === null) return { ...NOTHING, found }
  const before = older !== undefined && isAdd(older.kind) ? older : null
  const changes: ShownRow[] = []
  if (own.some(({ level }) => level === 0)) {
    const is = isAdd(after.kind)
    const isTold = before === null || !is || !isSame(schema, before.row, after.row)
    if (before !== null && isTold) changes.push(shown(before.row, is ? UPDATE_BEFORE : DELETE))
    if (is && isTold) changes.push(shown(after.row, before === null ? INSERT : UPDATE_AFTER))
  }
  return { rows: [shown(after.row, after.kind)], changes, found }
}

function isSame(schema: TableSchema, before: ShownRow, after: ShownRow): boolean {
  const options = tableOptions(schema.options)
  if (!options.get('changelog-producer.row-deduplicate')) return false
  const ignored = options.get('changelog-producer.row-deduplicate-ignore-fields') ?? []
  return schema.fields.every(
    ({ name, type }, i) => ignored.includes(name) || isEqual(type, before[i]!, after[i]!),
  )
}

/** Values are compared as Java's generated code does: floats as numbers, and what is nested as aggregates compare it. */
function isEqual(type: DataType, a: InternalValue, b: InternalValue): boolean {
  if (a === null || b === null) return a === b
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array) === 0
  if (typeof a !== 'object') return a === b
  const identity = fieldsIdentity(type)
  return identity(a) === identity(b)
}

function shown(row: ShownRow, kind: number): ShownRow {
  return [...row.map(withoutBuffers), kind]
}
