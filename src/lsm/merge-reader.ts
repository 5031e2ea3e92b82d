/**
 * Merges the sorted runs of a section into batches of the rows that stay.
 *
 * What the runs hold comes step by step (`merge-steps.ts`); the merge engine picks the rows that stay, which are
 * gathered, or makes a row of several, column by column.
 */
import { sliceColumn } from '../types/column-slice.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD } from '../types/field-ids.ts'
import { isRetract } from '../types/row-kind.ts'
import { picksOf } from './gather-prefixed.ts'
import { gatherColumn } from './gather.ts'
import type { KeyValueLayout } from './key-value.ts'
import type { MergedOrder } from './merge-order.ts'
import { type MergeStep, mergeSteps, type WindowRange } from './merge-steps.ts'
import type { ColumnEngine } from './merge/column-engine.ts'
import { deduplicate, type PickedRows } from './merge/deduplicate.ts'
import { firstRow } from './merge/first-row.ts'
import {
  allRows,
  type KeyedRows,
  keyedRows,
  lookupRows,
  type MergeSource,
} from './merge/keyed-rows.ts'
import { kindsColumn, withoutDeletes } from './row-kinds.ts'
import type { RunFile } from './run-reader.ts'

export interface MergeRead {
  readonly layout: KeyValueLayout
  /** The columns of the table to return, in this order. */
  readonly fields: readonly DataField[]
  /** Rows of a window of one run. */
  readonly windowRows: number
  /** Gives the kind of each row behind the fields: a TINYINT column of {@link RowKind} codes. */
  readonly kinds?: boolean | undefined
  /** Gives keys whose last row deletes too, as rows of kind -D; goes with `kinds`. */
  readonly keepDeletes?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** The rows of a section that stay after merging, deletions dropped, in ascending order of their keys. */
export async function* mergeRuns(
  runs: readonly (readonly RunFile[])[],
  read: MergeRead,
): AsyncGenerator<Batch, void, undefined> {
  const columns = planColumns(read)
  for await (const step of mergeSteps(runs, { ...read, values: columns.values })) {
    const batch = mergeStep(step, read, columns)
    if (batch !== null) yield batch
  }
}

/** Where each column comes from that is returned, or that the engine needs to merge those. */
interface ReadColumns {
  readonly fields: readonly DataField[]
  readonly values: readonly DataField[]
  /** For each of `fields`: a column that the merge itself reads, or one of `values`. */
  readonly places: readonly { readonly step: 'merge' | 'values'; readonly index: number }[]
}

function planColumns({ layout, fields: asked }: MergeRead): ReadColumns {
  const { engine } = layout
  const fields = typeof engine === 'string' ? asked : engine.reads(asked.filter(isMerged))
  const merging = [...layout.keys, ...layout.sequence].map((field) => field.id)
  const values: DataField[] = []
  const places = fields.map((field) => {
    const index = merging.indexOf(field.id)
    if (index >= 0) return { step: 'merge' as const, index }
    values.push(field)
    return { step: 'values' as const, index: values.length - 1 }
  })
  return { fields, values, places }
}

/** Merges the rows of a step by the table's engine; null when no row stays. */
function mergeStep(
  { ranges, order, values }: MergeStep,
  read: MergeRead,
  columns: ReadColumns,
): Batch | null {
  const { engine } = read.layout
  const merged =
    typeof engine === 'string'
      ? pickRows(ranges, values, order, read, columns)
      : mergeColumns(ranges, values, order, read, columns, engine)
  return merged.length === 0 ? null : merged
}

/** Merges by an engine that keeps one of a key's rows. */
function pickRows(
  ranges: readonly WindowRange[],
  values: readonly Batch[],
  order: MergedOrder,
  { layout, kinds = false, keepDeletes = false }: MergeRead,
  columns: ReadColumns,
): Batch {
  const { engine, looksUp, ignoreDelete } = layout
  const precedences = ranges.map(({ window }) => window.precedence)
  const options = { ignoreDelete, keepDeletes }
  const looked = looksUp && engine !== 'first-row' ? lookupRows(order, sourcesOf(ranges)) : null
  const picked =
    engine === 'first-row'
      ? firstRow(order, precedences, options)
      : deduplicate(looked?.order ?? order, precedences, { ...options, isLone: looked?.isLone })
  if (picked.length === 0) return NO_COLUMNS
  const batch = gatherBatch(ranges, values, picked, columns)
  return kinds ? { ...batch, columns: [...batch.columns, pickedKinds(ranges, picked)] } : batch
}

/** Merges by an engine that makes a row of several. */
function mergeColumns(
  ranges: readonly WindowRange[],
  values: readonly Batch[],
  order: MergedOrder,
  { layout, fields, kinds = false, keepDeletes = false }: MergeRead,
  columns: ReadColumns,
  engine: ColumnEngine,
): Batch {
  const sources = sourcesOf(ranges)
  const keyed = keyedRows(layout.looksUp ? lookupRows(order, sources) : allRows(order), sources)
  const places = new Map(columns.fields.map(({ id }, i) => [id, columns.places[i]!]))
  const columnsOf = ({ id }: DataField): Column[] => {
    const { step, index } = places.get(id)!
    if (step === 'values') return values.map((batch) => batch.columns[index]!)
    return ranges.map(({ window, from, to }) => sliceColumn(window.columns[index]!, from, to))
  }
  const lengths = ranges.map(({ from, to }) => to - from)
  const merged = engine.merge(keyed, fields.filter(isMerged), { lengths, columnsOf })
  const made = merged.columns.values()
  const shown = fields.map((field) =>
    isMerged(field) ? made.next().value! : lastSequences(keyed, sources, layout.ignoreDelete),
  )
  const kindColumn = kindsColumn(merged.kinds)
  const batch = { length: keyed.keyCount, columns: kinds ? [...shown, kindColumn] : shown }
  return keepDeletes ? batch : withoutDeletes(batch, merged.kinds)
}

/** The sequence number is the only column that is not an engine's to make. */
function isMerged({ id }: DataField): boolean {
  return id !== SEQUENCE_NUMBER_FIELD.id
}

/** The sequence number of the last row that each key was merged of. */
function lastSequences(
  { keyCount, starts, runOf, rows, kinds }: KeyedRows,
  sources: readonly MergeSource[],
  ignoreDelete: boolean,
): Column {
  const words = new Int32Array(2 * keyCount)
  for (let key = 0; key < keyCount; key++) {
    let last = starts[key + 1]! - 1
    if (ignoreDelete) while (last > starts[key]! && isRetract(kinds[last]!)) last--
    const { precedence, from } = sources[runOf[last]!]!
    const at = 2 * (from + rows[last]!)
    words[2 * key] = precedence.numbers[at]!
    words[2 * key + 1] = precedence.numbers[at + 1]!
  }
  const values = new BigInt64Array(words.buffer)
  return { layout: 'fixed', length: keyCount, validity: null, values }
}

function sourcesOf(ranges: readonly WindowRange[]): MergeSource[] {
  return ranges.map(({ window, run, from, to }) => ({
    precedence: window.precedence,
    level: window.level,
    run,
    from,
    to,
  }))
}

/** The kinds of the picked rows. */
function pickedKinds(ranges: readonly WindowRange[], { length, runOf, rows }: PickedRows): Column {
  const values = new Int8Array(length)
  for (let i = 0; i < length; i++) values[i] = ranges[runOf[i]!]!.window.precedence.kinds[rows[i]!]!
  return kindsColumn(values)
}

const NO_COLUMNS: Batch = { length: 0, columns: [] }

/** The picked rows, column by column. */
function gatherBatch(
  ranges: readonly WindowRange[],
  values: readonly Batch[],
  picked: PickedRows,
  columns: ReadColumns,
): Batch {
  const { length, runOf, rows } = picked
  // Value columns start with the range, merging columns with the window.
  const valueRows = new Uint32Array(length)
  for (let i = 0; i < length; i++) valueRows[i] = rows[i]! - ranges[runOf[i]!]!.from
  const picks = picksOf(
    runOf.subarray(0, length),
    valueRows,
    ranges.map(({ from, to }) => to - from),
  )
  const gathered = columns.places.map(({ step, index }): Column => {
    const sourceOf = runOf
    if (step === 'merge') {
      const merging = ranges.map(({ window }) => window.columns[index]!)
      return gatherColumn({ columns: merging, sourceOf, rows, length })
    }
    const of = values.map((batch) => batch.columns[index]!)
    return gatherColumn({ columns: of, sourceOf, rows: valueRows, length }, picks)
  })
  return { length, columns: gathered }
}
