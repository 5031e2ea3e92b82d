/**
 * System tables that show the rows of the table itself: views, from batches of rows with their kinds to batches of the
 * system table, for states and for streams.
 *
 * - `$audit_log`: the kind of each row as text, then its columns. Deletions show too.
 * - `$binlog`: the same with an array for each column; in a stream both sides of an update are one row, `[before, after]`.
 * - `$ro`: what is read without merging, which is the highest level.
 * - `$row_tracking`: the columns, and the id and the sequence number of each row.
 *
 * Follow the Java classes `AuditLogTable`, `BinlogTable` with `PackChangelogReader`, `ReadOptimizedTable` and
 * `RowTrackingTable`.
 */
import { kindsOf } from '../../lsm/row-kinds.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import { concatColumns, takeColumn } from '../../types/column-take.ts'
import type { Batch, BytesColumn, Column } from '../../types/column.ts'
import { asNullable, type DataField } from '../../types/data-type.ts'
import { ROW_ID_FIELD, ROW_KIND_FIELD, SEQUENCE_NUMBER_FIELD } from '../../types/field-ids.ts'
import { utf8 } from '../../types/internal-value.ts'
import { tableOptions, topLevel } from '../../types/options.ts'
import { ROW_KINDS, UPDATE_BEFORE } from '../../types/row-kind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { invalid } from '../../util/errors.ts'
import { tracksRows } from '../file/row-tracking.ts'

export interface ViewColumn {
  readonly field: DataField
  /** The column that is read for it; null for the kind of the row. */
  readonly source: DataField | null
}

export interface RowView {
  /** Behind the dollar sign. */
  readonly name: string
  columns(schema: TableSchema): readonly ViewColumn[]
  /** Whether rows that delete are shown. */
  readonly keepsDeletes: boolean
  /** Whether streams of it can be read. */
  readonly isFollowed: boolean
  /** Whether a filter on a column is one on the table's column of the name. */
  readonly passesFilters: boolean
  /** The levels that are read; all unless told. */
  level?(schema: TableSchema): ((level: number) => boolean) | undefined
  /**
   * The rows of one split as this table shows them. The batches have the sources of `columns` in their order, and the
   * kinds of the rows as a last TINYINT column.
   */
  show(
    columns: readonly ViewColumn[],
    batches: AsyncIterable<Batch>,
    isStreaming: boolean,
  ): AsyncIterable<Batch>
}

export const AUDIT_LOG: RowView = {
  name: 'audit_log',
  columns: (schema) => [
    ...systemColumns(schema),
    ...schema.fields.map((field) => ({ field, source: field })),
  ],
  keepsDeletes: true,
  isFollowed: true,
  passesFilters: true,
  async *show(columns, batches) {
    for await (const batch of batches) yield withKinds(columns, batch)
  },
}

export const BINLOG: RowView = {
  name: 'binlog',
  columns: (schema) => [...systemColumns(schema), ...schema.fields.map(arrayColumn)],
  keepsDeletes: true,
  isFollowed: true,
  passesFilters: false,
  async *show(columns, batches, isStreaming) {
    const whole = isStreaming ? wholeUpdates(batches) : batches
    for await (const batch of whole) yield asArrays(columns, batch, isStreaming)
  },
}

export const READ_OPTIMIZED: RowView = {
  name: 'ro',
  columns: (schema) => schema.fields.map((field) => ({ field, source: field })),
  keepsDeletes: false,
  isFollowed: false,
  passesFilters: true,
  level(schema) {
    if (!hasPrimaryKey(schema)) return undefined
    const top = topLevel(tableOptions(schema.options))
    return (level) => level === top
  },
  async *show(columns, batches) {
    for await (const batch of batches) yield withKinds(columns, batch)
  },
}

export const ROW_TRACKING: RowView = {
  name: 'row_tracking',
  columns(schema) {
    if (!tracksRows(schema))
      throw invalid('the table does not track its rows, so they have no ids to show', {
        hint: 'a table made with row-tracking.enabled = true has them',
      })
    const fields = [...schema.fields, ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD]
    return fields.map((field) => ({ field, source: field }))
  },
  keepsDeletes: false,
  isFollowed: false,
  passesFilters: true,
  async *show(columns, batches) {
    for await (const batch of batches) yield withKinds(columns, batch)
  },
}

/** The kind, and the sequence number if the table's option asks for it. */
function systemColumns(schema: TableSchema): ViewColumn[] {
  const option = tableOptions(schema.options).get('table-read.sequence-number.enabled')
  const withSequence = option && hasPrimaryKey(schema)
  const sequence = { field: SEQUENCE_NUMBER_FIELD, source: SEQUENCE_NUMBER_FIELD }
  return [{ field: ROW_KIND_FIELD, source: null }, ...(withSequence ? [sequence] : [])]
}

function arrayColumn(field: DataField): ViewColumn {
  const type = { kind: 'ARRAY', element: asNullable(field.type), nullable: true } as const
  return { field: { ...field, type }, source: field }
}

function withKinds(columns: readonly ViewColumn[], batch: Batch): Batch {
  const sources = batch.columns.values()
  return {
    length: batch.length,
    columns: columns.map(({ source }) =>
      source === null ? kindTexts(kindsOf(batch.columns.at(-1)!)) : sources.next().value!,
    ),
  }
}

const KIND_TEXTS = utf8(ROW_KINDS.join(''))
const KIND_LENGTH = 2

function kindTexts(kinds: Int8Array): BytesColumn {
  const starts = new Int32Array(kinds.length)
  const ends = new Int32Array(kinds.length)
  for (let i = 0; i < kinds.length; i++) {
    starts[i] = kinds[i]! * KIND_LENGTH
    ends[i] = starts[i]! + KIND_LENGTH
  }
  return { layout: 'bytes', length: kinds.length, validity: null, data: KIND_TEXTS, starts, ends }
}

/** The same rows in batches that part no update: what comes before one is with what comes after it. */
async function* wholeUpdates(
  batches: AsyncIterable<Batch>,
): AsyncGenerator<Batch, void, undefined> {
  let held: Batch | null = null
  for await (const next of batches) {
    const batch: Batch = held === null ? next : joined(held, next)
    const { length } = batch
    const isOpen = updateRows(kindsOf(batch.columns.at(-1)!)).endsOpen
    held = isOpen ? sliceBatch(batch, length - 1, length) : null
    const rest = isOpen ? sliceBatch(batch, 0, length - 1) : batch
    if (rest.length > 0) yield rest
  }
  if (held !== null) yield held
}

function joined(a: Batch, b: Batch): Batch {
  return {
    length: a.length + b.length,
    columns: a.columns.map((column, i) => concatColumns([column, b.columns[i]!])),
  }
}

interface UpdateRows {
  /** For each shown row its first row; one more for the end. */
  readonly starts: Int32Array
  readonly count: number
  /** Whether the last row is the first side of an update whose other side is not here. */
  readonly endsOpen: boolean
}

/** A row of kind -U takes the row behind it along, whatever that is. */
function updateRows(kinds: Int8Array): UpdateRows {
  const starts = new Int32Array(kinds.length + 1)
  let count = 0
  let row = 0
  let endsOpen = false
  while (row < kinds.length) {
    starts[count++] = row
    const isUpdate = kinds[row] === UPDATE_BEFORE
    endsOpen = isUpdate && row + 1 === kinds.length
    row += isUpdate && !endsOpen ? 2 : 1
  }
  starts[count] = kinds.length
  return { starts: starts.subarray(0, count + 1), count, endsOpen }
}

function asArrays(columns: readonly ViewColumn[], batch: Batch, pairsUpdates: boolean): Batch {
  const kinds = kindsOf(batch.columns.at(-1)!)
  const { starts, count } = pairsUpdates ? updateRows(kinds) : singleRows(kinds.length)
  const from = starts.subarray(0, count)
  const to = starts.subarray(1)
  const shown = shownKinds(kinds, to)
  const sources = batch.columns.values()
  return {
    length: count,
    columns: columns.map(({ field, source }): Column => {
      if (source === null) return kindTexts(shown)
      const child = sources.next().value!
      if (field === source) return takeColumn(child, from)
      return { layout: 'list', length: count, validity: null, starts: from, ends: to, child }
    }),
  }
}

function singleRows(count: number): Pick<UpdateRows, 'starts' | 'count'> {
  return { starts: Int32Array.from({ length: count + 1 }, (_, i) => i), count }
}

/** An update is of the kind of its second row. */
function shownKinds(kinds: Int8Array, ends: Int32Array): Int8Array {
  return Int8Array.from(ends, (end) => kinds[end - 1]!)
}
