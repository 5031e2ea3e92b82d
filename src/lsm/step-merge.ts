/**
 * Merges the rows of a step by the merge engine of the table, for those who read them and those who write them anew.
 *
 * Rows are not copied: the result says which row of which source stays. The sources are the ranges of the step, and
 * behind them, for an engine that makes a row of several, the rows that it made.
 */
import { sliceColumn } from '../types/column-slice.ts'
import type { Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD } from '../types/field-ids.ts'
import { isRetract } from '../types/row-kind.ts'
import type { KeyValueLayout } from './key-value.ts'
import type { MergeStep, WindowRange } from './merge-steps.ts'
import type { ColumnEngine } from './merge/column-engine.ts'
import { deduplicate, type PickedKeys } from './merge/deduplicate.ts'
import { firstRow } from './merge/first-row.ts'
import {
  allRows,
  keyedRows,
  lastNumbers,
  lookupRows,
  type MergeSource,
} from './merge/keyed-rows.ts'
import { sequenceNumbers } from './row-kinds.ts'

export interface StepMergeOptions {
  readonly layout: KeyValueLayout
  /** Gives keys whose last row deletes too. */
  readonly keepDeletes: boolean
  /** Merges keys of a single row as well, which otherwise passes through untouched. */
  readonly mergesLone?: boolean | undefined
}

/** Where rows are taken from; those of a source are numbered from 0. */
export interface RowSources {
  readonly lengths: readonly number[]
  /** The column of each source that is at `index` of the fields asked for. */
  columns(index: number): readonly Column[]
  /** The sequence numbers of each source, as two words each, the low one first. */
  readonly numbers: readonly Int32Array[]
}

/** One row each of the keys that stay, in the order of the keys. */
export interface MergedStep extends PickedKeys {
  readonly kinds: Int8Array
  readonly sources: RowSources
  /** Whether all rows are of the last source, which has no others. */
  readonly isMade: boolean
}

/** The columns of a merge, and what a step has to read for them. */
export interface StepColumns {
  /** The columns that {@link RowSources.columns} gives; an engine may need more than those asked for, behind them. */
  readonly fields: readonly DataField[]
  /** The columns of the table that a step reads beside those that it merges by. */
  readonly values: readonly DataField[]
  /** Where each of `fields` is: among the columns that a step merges by, among `values`, or with what decides. */
  readonly places: readonly { readonly of: 'merging' | 'values' | 'numbers'; readonly at: number }[]
  /** How many of `fields` were asked for. */
  readonly count: number
}

/** Plans the reading of columns of the table; the sequence number may be among them. */
export function stepColumns(layout: KeyValueLayout, asked: readonly DataField[]): StepColumns {
  const { engine } = layout
  const extra = typeof engine === 'string' ? [] : engine.reads(asked.filter(isOfTable))
  const fields = [...asked, ...extra.filter(({ id }) => !asked.some((field) => field.id === id))]
  const merging = [...layout.keys, ...layout.sequence].map((field) => field.id)
  const values: DataField[] = []
  const places = fields.map((field) => {
    if (!isOfTable(field)) return { of: 'numbers' as const, at: 0 }
    const at = merging.indexOf(field.id)
    if (at >= 0) return { of: 'merging' as const, at }
    values.push(field)
    return { of: 'values' as const, at: values.length - 1 }
  })
  return { fields, values, places, count: asked.length }
}

/** The sequence number is the only column that is not a merge engine's to make. */
function isOfTable({ id }: DataField): boolean {
  return id !== SEQUENCE_NUMBER_FIELD.id
}

/** Merges the rows of a step, which was read with the columns. */
export function mergeStep(
  step: MergeStep,
  columns: StepColumns,
  options: StepMergeOptions,
): MergedStep {
  const { engine } = options.layout
  return typeof engine === 'string'
    ? pickRows(step, columns, options)
    : makeRows(step, columns, options, engine)
}

/** Merges by an engine that keeps one of a key's rows. */
function pickRows(
  step: MergeStep,
  columns: StepColumns,
  { layout, keepDeletes, mergesLone = false }: StepMergeOptions,
): MergedStep {
  const { ranges, order } = step
  const { engine, looksUp, ignoreDelete } = layout
  const precedences = ranges.map(({ window }) => window.precedence)
  const looked = looksUp && engine !== 'first-row' ? lookupRows(order, sourcesOf(ranges)) : null
  const isLone = mergesLone ? new Uint8Array(order.keyCount) : looked?.isLone
  const options = { ignoreDelete, keepDeletes, isLone }
  const picked =
    engine === 'first-row'
      ? firstRow(order, precedences, options)
      : deduplicate(looked?.order ?? order, precedences, options)
  const { length, runOf } = picked
  // Picks are rows of windows.
  const rows = new Uint32Array(length)
  const kinds = new Int8Array(length)
  for (let i = 0; i < length; i++) {
    const { window, from } = ranges[runOf[i]!]!
    rows[i] = picked.rows[i]! - from
    kinds[i] = window.precedence.kinds[picked.rows[i]!]!
  }
  return { ...picked, rows, kinds, sources: rangeSources(step, columns), isMade: false }
}

/** Merges by an engine that makes a row of several. */
function makeRows(
  step: MergeStep,
  columns: StepColumns,
  { layout, keepDeletes, mergesLone = false }: StepMergeOptions,
  engine: ColumnEngine,
): MergedStep {
  const { ranges, order } = step
  const merging = sourcesOf(ranges)
  const chosen = layout.looksUp ? lookupRows(order, merging) : allRows(order)
  const keyed = keyedRows(
    mergesLone ? { ...chosen, isLone: new Uint8Array(order.keyCount) } : chosen,
    merging,
  )
  const sources = rangeSources(step, columns)
  const places = new Map(columns.fields.map(({ id }, i) => [id, i]))
  const columnsOf = ({ id }: DataField) => sources.columns(places.get(id)!)
  const asked = columns.fields.slice(0, columns.count)
  const merged = engine.merge(keyed, asked.filter(isOfTable), {
    lengths: sources.lengths,
    columnsOf,
  })
  const made = merged.columns.values()
  const numbers = lastNumbers(keyed, merging, engine.ignoresDelete)
  const shown = asked.map((field) => (isOfTable(field) ? made.next().value! : numbers))
  const picked = keysOf(merged.kinds, ranges.length, keepDeletes)
  return {
    ...picked,
    sources: {
      lengths: [...sources.lengths, keyed.keyCount],
      columns: (index) => [...sources.columns(index), shown[index]!],
      numbers: [...sources.numbers, sequenceNumbers(numbers)],
    },
    isMade: true,
  }
}

/** The rows that were made of the keys, without those that delete unless they are kept. */
function keysOf(
  kinds: Int8Array,
  source: number,
  keepDeletes: boolean,
): PickedKeys & { readonly kinds: Int8Array } {
  const rows = new Uint32Array(kinds.length)
  let length = 0
  for (let key = 0; key < kinds.length; key++)
    if (keepDeletes || !isRetract(kinds[key]!)) rows[length++] = key
  const keys = rows.subarray(0, length)
  const isAll = length === kinds.length
  return {
    length,
    runOf: new Uint16Array(length).fill(source),
    rows: keys,
    keys,
    kinds: isAll ? kinds : Int8Array.from(keys, (key) => kinds[key]!),
  }
}

function numbersColumn(words: Int32Array): Column {
  const length = words.length / 2
  const values = new BigInt64Array(words.buffer, words.byteOffset, length)
  return { layout: 'fixed', length, validity: null, values }
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

/** Where the rows of the step's ranges are taken from. */
export function rangeSources({ ranges, values }: MergeStep, { places }: StepColumns): RowSources {
  const numbers = ranges.map(({ window, from, to }) =>
    window.precedence.numbers.subarray(2 * from, 2 * to),
  )
  return {
    lengths: ranges.map(({ from, to }) => to - from),
    columns: (index) => {
      const { of, at } = places[index]!
      if (of === 'values') return values.map((batch) => batch.columns[at]!)
      if (of === 'numbers') return numbers.map(numbersColumn)
      // Merging columns start with the window, the others with the range.
      return ranges.map(({ window, from, to }) => sliceColumn(window.columns[at]!, from, to))
    },
    numbers,
  }
}
