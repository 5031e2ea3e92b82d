/** Rows of primary-key tables as data files in memory hold them, and what merging them has to give. */
import type { CursorOptions, DataFile, RowCursor, RowRange } from '../../src/format/data-file.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import type { RunFile } from '../../src/lsm/run-reader.ts'
import { takeBatch } from '../../src/types/column-take.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { firstSchema } from '../../src/types/new-schema.ts'
import { isRetract } from '../../src/types/row-kind.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { keyValueFields } from '../../src/types/schema-keys.ts'
import { batchOf } from './random-columns.ts'
import { compareRows } from './row-order.ts'

/** A row with the columns of the table, its sequence number and its kind. */
export interface KeyValueRow {
  readonly row: readonly InternalValue[]
  readonly number: bigint
  readonly kind: number
}

/** A table whose columns are called by what they are for: the primary key is all columns of names k... */
export function keyedSchema(
  columns: Readonly<Record<string, DataType>>,
  options: Readonly<Record<string, string>> = {},
): TableSchema {
  const fields = Object.entries(columns).map(([name, type], id) => ({ id, name, type }))
  const primaryKeys = fields.map(({ name }) => name).filter((name) => name.startsWith('k'))
  const all = { bucket: '1', 'write-only': 'true', ...options }
  return firstSchema(
    { fields, hasIds: false, partitionKeys: [], primaryKeys, options: all },
    1_700_000_000_000,
  )
}

/** The rows in ascending order of their keys, those of one key in the order of their sequence numbers. */
export function inKeyOrder(schema: TableSchema, rows: readonly KeyValueRow[]): KeyValueRow[] {
  const { keyOf, keys } = columnsOf(schema)
  return rows.toSorted(
    (a, b) => compareRows(keys, keyOf(a), keyOf(b)) || Number(a.number - b.number),
  )
}

function columnsOf(schema: TableSchema) {
  const layout = keyValueLayout(schema)
  const pickers = (fields: readonly DataField[]) => {
    const positions = fields.map(({ id }) => schema.fields.findIndex((field) => field.id === id))
    return ({ row }: KeyValueRow): InternalValue[] => positions.map((at) => row[at]!)
  }
  return {
    layout,
    keys: layout.keys.map(({ type }) => ({ type })),
    keyOf: pickers(layout.keys),
    sequenceOf: pickers(layout.sequence),
  }
}

export interface MergeRules {
  /** The order of the sequence fields; that of the table unless told. */
  readonly descending?: boolean
  /** Whether keys whose last row retracts stay, with that row. */
  readonly keepDeletes: boolean
}

/** The last row of each key, by the rules of the merge engine deduplicate. */
export function deduplicated(
  schema: TableSchema,
  rows: readonly KeyValueRow[],
  { descending, keepDeletes }: MergeRules,
): KeyValueRow[] {
  const { layout, keys, keyOf, sequenceOf } = columnsOf(schema)
  const sequence = layout.sequence.map(({ type }) => ({
    type,
    descending: descending ?? layout.sequenceDescending,
  }))
  const groups: KeyValueRow[][] = []
  for (const each of inKeyOrder(schema, rows)) {
    const group = groups.at(-1)
    if (group !== undefined && compareRows(keys, keyOf(group[0]!), keyOf(each)) === 0)
      group.push(each)
    else groups.push([each])
  }
  const isCounted = ({ kind }: KeyValueRow): boolean => !layout.ignoreDelete || !isRetract(kind)
  return groups.flatMap((group) => {
    const counted = group.length === 1 ? group : group.filter(isCounted)
    const last = counted
      .toSorted(
        (a, b) =>
          compareRows(sequence, sequenceOf(a), sequenceOf(b)) || Number(a.number - b.number),
      )
      .slice(-1)
    return last.filter(({ kind }) => keepDeletes || !isRetract(kind))
  })
}

export interface MemoryRunOptions {
  /** Whether the key columns lie among the table's columns only. */
  readonly thin?: boolean
  /** 0 unless told. */
  readonly level?: number
  /** Rows behind which every read of the file ends, as at the end of a row group. */
  readonly stops?: readonly number[]
  /** The rows to read; all unless told. */
  readonly rows?: readonly RowRange[]
  /** Changes what the file holds. */
  readonly damage?: (batch: Batch, fields: readonly DataField[]) => Batch
}

/** A data file of the rows, which are sorted. */
export function memoryRun(
  schema: TableSchema,
  rows: readonly KeyValueRow[],
  options: MemoryRunOptions = {},
): RunFile & { readonly asked: readonly string[][] } {
  const {
    thin = false,
    level = 0,
    stops = [],
    rows: chosen = null,
    damage = (batch) => batch,
  } = options
  const fields = keyValueFields(schema, thin)
  const { keyOf } = columnsOf(schema)
  const stored = rows.map((each) => [
    ...(thin ? [] : keyOf(each)),
    each.number,
    each.kind,
    ...each.row,
  ])
  const batch = damage(batchOf(fields, stored), fields)
  const names = fields.map(({ name }) => name)
  const asked: string[][] = []
  const file: DataFile = {
    path: 'memory://run',
    columnNames: new Set(names),
    rowCount: rows.length,
    prune: async () => null,
    cursor: (cursor) => {
      asked.push(cursor.fields.map(({ name }) => name))
      return memoryCursor(batch, names, stops, cursor)
    },
  }
  return {
    asked,
    open: async () => file,
    rows: async () => chosen,
    level,
    hasDeletes: rows.some(({ kind }) => isRetract(kind)),
  }
}

function memoryCursor(
  batch: Batch,
  names: readonly string[],
  stops: readonly number[],
  { fields, rows }: CursorOptions,
): RowCursor {
  const columns = fields.map(({ name }) => batch.columns[names.indexOf(name)]!)
  const ranges = rows ?? [{ from: 0, to: batch.length }]
  const wanted = ranges.flatMap(({ from, to }) =>
    Array.from({ length: to - from }, (_, i) => from + i),
  )
  let next = 0
  return {
    read: async (rowCount) => {
      if (next >= wanted.length) return null
      const from = next
      do next++
      while (next < wanted.length && next - from < rowCount && !stops.includes(wanted[next]!))
      const taken = Uint32Array.from(wanted.slice(from, next))
      return takeBatch({ length: batch.length, columns }, taken)
    },
  }
}
