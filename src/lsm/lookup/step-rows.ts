/** What a step of a compaction with lookups writes: the rows that stay, and the changes of their keys. */
import type { Column } from '../../types/column.ts'
import { isAdd, isRetract } from '../../types/row-kind.ts'
import { type ChangeRows, changeRows } from '../changelog/changes.ts'
import type { SameRows } from '../changelog/same-rows.ts'
import type { MergeStep } from '../merge-steps.ts'
import type { RunRows } from '../run-writer.ts'
import { type MergedStep, rangeSources, type StepColumns } from '../step-merge.ts'
import type { OlderRows } from './looked-up-step.ts'
import { type ChosenRows, gatherRows, takeRows } from './taken-rows.ts'

export interface StepOutput {
  /** Whether the rows that stay are written; those that delete are left out if they are dropped. */
  readonly writesRows: boolean
  readonly dropsDeletes: boolean
  readonly writesChanges: boolean
  /** How changes that change nothing are known; null where they are told. */
  readonly same: SameRows | null
}

export interface StepRows {
  readonly rows: RunRows | null
  readonly changes: RunRows | null
}

/** Rows before, of the step's sources, as they were before the engine merged. */
export interface BeforeRows {
  /** The row in `columns` of each key that changes and was there before; -1 for others. */
  readonly at: Int32Array
  readonly columns: readonly Column[]
}

/**
 * The rows before of the keys that have rows on level 0, copied: an engine that makes rows of several may use the memory
 * of its sources up.
 */
export function copyBefore(step: MergeStep, older: OlderRows, columns: StepColumns): BeforeRows {
  const { keyCount } = step.order
  const at = new Int32Array(keyCount).fill(-1)
  const sourceOf = new Uint16Array(keyCount)
  const rows = new Uint32Array(keyCount)
  let length = 0
  for (let key = 0; key < keyCount; key++) {
    if (!wasThere(step, older, key)) continue
    at[key] = length
    sourceOf[length] = older.rangeOf[key]!
    rows[length++] = older.rows[key]! - step.ranges[older.rangeOf[key]!]!.from
  }
  const sources = rangeSources(step, columns)
  return { at, columns: gatherRows(sources, columns.count, { sourceOf, rows, length }, false) }
}

/** Whether the key has a row on level 0, and had one above it that was no deletion. */
function wasThere(
  { ranges }: MergeStep,
  { rangeOf, rows, isFresh }: OlderRows,
  key: number,
): boolean {
  const range = rangeOf[key]!
  if (range < 0 || isFresh[key] === 0) return false
  return isAdd(ranges[range]!.window.precedence.kinds[rows[key]!]!)
}

/** The output of an engine that made the rows. */
export function madeRows(
  { keys, kinds, rows, sources }: MergedStep,
  { isFresh }: OlderRows,
  { count }: StepColumns,
  before: BeforeRows | null,
  output: StepOutput,
): StepRows {
  const after = Array.from({ length: count }, (_, i) => sources.columns(i).at(-1)!)
  const kept = chosenRows(rows, kinds, output)
  const data = kept && takeRows([after], null, kept.rows, kept.kinds)
  if (before === null) return { rows: data, changes: null }
  const now = new Int32Array(isFresh.length).fill(-1)
  for (let i = 0; i < keys.length; i++)
    if (isFresh[keys[i]!] === 1 && isAdd(kinds[i]!)) now[keys[i]!] = rows[i]!
  return { rows: data, changes: changesOf(before.at, now, before.columns, after, output.same) }
}

/** The rows to be written of those that stay; null where none are. */
function chosenRows(
  rows: Uint32Array,
  kinds: Int8Array,
  { writesRows, dropsDeletes }: StepOutput,
): { readonly rows: Uint32Array; readonly kinds: Int8Array } | null {
  if (!writesRows) return null
  if (!dropsDeletes || !kinds.some(isRetract)) return { rows, kinds }
  const kept = Uint32Array.from(kinds.keys()).filter((i) => !isRetract(kinds[i]!))
  return { rows: kept.map((i) => rows[i]!), kinds: Int8Array.from(kept, (i) => kinds[i]!) }
}

function changesOf(
  before: Int32Array,
  after: Int32Array,
  beforeColumns: readonly Column[],
  afterColumns: readonly Column[],
  same: SameRows | null,
): RunRows {
  const isSame = same && same(before, after, beforeColumns, afterColumns)
  const changes: ChangeRows = changeRows(before, after, isSame)
  const isOne = beforeColumns === afterColumns
  return isOne
    ? takeRows([afterColumns], null, changes.rows, changes.kinds)
    : takeRows([beforeColumns, afterColumns], changes.sourceOf, changes.rows, changes.kinds)
}

/** The output of an engine that keeps one of a key's rows. All rows are gathered once, whatever they are for. */
export function pickedRows(
  merged: MergedStep,
  step: MergeStep,
  older: OlderRows,
  { count }: StepColumns,
  output: StepOutput,
): StepRows {
  const union = unionOf(merged, step, older, output)
  const { before, after } = union
  const columns = gatherRows(merged.sources, count, union, true)
  const kept = chosenRows(
    Uint32Array.from(merged.keys, (key) => after[key]!),
    merged.kinds,
    output,
  )
  const data = kept && takeRows([columns], null, kept.rows, kept.kinds)
  if (!output.writesChanges) return { rows: data, changes: null }
  const now = new Int32Array(after.length).fill(-1)
  for (let i = 0; i < merged.length; i++) {
    const key = merged.keys[i]!
    if (older.isFresh[key] === 1 && isAdd(merged.kinds[i]!)) now[key] = after[key]!
  }
  return { rows: data, changes: changesOf(before, now, columns, columns, output.same) }
}

/** The rows before and after of all keys, key by key. */
interface UnionRows extends ChosenRows {
  /** The row before of each key that may change, and the row that stays; -1 where there is none. */
  readonly before: Int32Array
  readonly after: Int32Array
}

function unionOf(
  merged: MergedStep,
  step: MergeStep,
  older: OlderRows,
  { writesChanges }: StepOutput,
): UnionRows {
  const { keyCount } = step.order
  const sourceOf = new Uint16Array(2 * keyCount)
  const rows = new Uint32Array(2 * keyCount)
  const before = new Int32Array(keyCount).fill(-1)
  const after = new Int32Array(keyCount).fill(-1)
  let length = 0
  let next = 0
  for (let key = 0; key < keyCount; key++) {
    if (writesChanges && wasThere(step, older, key)) {
      const source = older.rangeOf[key]!
      sourceOf[length] = source
      rows[length] = older.rows[key]! - step.ranges[source]!.from
      before[key] = length++
    }
    if (merged.keys[next] !== key) continue
    const [source, row] = [merged.runOf[next]!, merged.rows[next]!]
    next++
    const isOld = before[key]! >= 0 && sourceOf[length - 1] === source && rows[length - 1] === row
    if (!isOld) {
      sourceOf[length] = source
      rows[length++] = row
    }
    after[key] = length - 1
  }
  return { length, sourceOf, rows, before, after }
}
