/**
 * A step of a compaction with the older rows of its keys: those that the compaction has itself, and where it has none,
 * those that were found in the levels above its output.
 *
 * Follows the Java class `LookupMergeFunction`.
 */
import type { DataField } from '../../types/data-type.ts'
import type { KeyValueLayout } from '../key-value.ts'
import type { MergedOrder } from '../merge-order.ts'
import type { MergeStep, WindowRange } from '../merge-steps.ts'
import { type FoundWindows, readFound } from './found-windows.ts'
import type { FoundRows, Probes, UpperFiles } from './upper-files.ts'

export interface LookedUpStep {
  /** The step with what was found as further ranges, if their columns were asked for. */
  readonly step: MergeStep
  /** The rows that were found, of keys without an older row in the compaction; null where nothing was. */
  readonly found: FoundRows | null
  /** 1 for the keys of those rows; null where there are none. */
  readonly isFound: Uint8Array | null
  readonly older: OlderRows
}

/** What lies above level 0, key by key. */
export interface OlderRows {
  /** The range of the key's row of the lowest level above 0, and the row in its window; -1 without one. */
  readonly rangeOf: Int32Array
  readonly rows: Uint32Array
  /** 1 for keys that have rows on level 0. */
  readonly isFresh: Uint8Array
}

/** Looks up the older rows of the step's keys; `values` are read of them, or with null no column at all. */
export async function lookUp(
  step: MergeStep,
  upper: UpperFiles,
  layout: KeyValueLayout,
  values: readonly DataField[] | null,
): Promise<LookedUpStep> {
  const older = olderRows(step)
  const none = { step, found: null, isFound: null, older }
  if (upper.isEmpty) return none
  const { probes, keys } = probesOf(step, older)
  const found = await upper.find(probes)
  if (found.count === 0) return none
  const isFound = new Uint8Array(step.order.keyCount)
  for (let probe = 0; probe < found.fileOf.length; probe++)
    if (found.fileOf[probe]! >= 0) isFound[keys[probe]!] = 1
  if (values === null) return { step, found, isFound, older }
  const windows = await readFound(found, layout, values)
  return { ...withFound(step, older, keys, isFound, windows), found, isFound }
}

function olderRows({ ranges, order }: MergeStep): OlderRows {
  const { keyCount, keyStarts, length, runOf, rows } = order
  const levels = Int32Array.from(ranges, ({ window }) => window.level)
  const older = {
    rangeOf: new Int32Array(keyCount).fill(-1),
    rows: new Uint32Array(keyCount),
    isFresh: new Uint8Array(keyCount),
  }
  if (levels.every((level) => level === 0)) {
    older.isFresh.fill(1)
    return older
  }
  for (let key = 0; key < keyCount; key++) {
    const to = key + 1 < keyCount ? keyStarts[key + 1]! : length
    let lowest = Infinity
    for (let i = keyStarts[key]!; i < to; i++) {
      const level = levels[runOf[i]!]!
      if (level === 0) older.isFresh[key] = 1
      else if (level < lowest) {
        lowest = level
        older.rangeOf[key] = runOf[i]!
        older.rows[key] = rows[i]!
      }
    }
  }
  return older
}

/** The keys that have no older row yet, and their numbers. */
function probesOf(
  { ranges, order }: MergeStep,
  { rangeOf }: OlderRows,
): { readonly probes: Probes; readonly keys: Uint32Array } {
  const { keyCount, keyStarts, runOf, rows } = order
  const keys = new Uint32Array(keyCount)
  const sourceOf = new Uint16Array(keyCount)
  const probeRows = new Uint32Array(keyCount)
  let length = 0
  for (let key = 0; key < keyCount; key++) {
    if (rangeOf[key]! >= 0) continue
    const first = keyStarts[key]!
    keys[length] = key
    sourceOf[length] = runOf[first]!
    probeRows[length++] = rows[first]!
  }
  const sources = ranges.map(({ window }) => window.keys)
  return { probes: { length, keys: sources, sourceOf, rows: probeRows }, keys }
}

/** Puts what was found of the keys behind the rows that they have. */
function withFound(
  { ranges, order, values }: MergeStep,
  older: OlderRows,
  keys: Uint32Array,
  isFound: Uint8Array,
  { windows, windowOf, rows }: FoundWindows,
): Pick<LookedUpStep, 'step' | 'older'> {
  const rangeOf = older.rangeOf.slice()
  const olderOf = older.rows.slice()
  for (let probe = 0; probe < windowOf.length; probe++) {
    if (windowOf[probe]! < 0) continue
    const key = keys[probe]!
    rangeOf[key] = ranges.length + windowOf[probe]!
    olderOf[key] = rows[probe]!
  }
  const run = 1 + ranges.reduce((max, range) => Math.max(max, range.run), 0)
  const added = windows.map(({ window }): WindowRange => ({
    window,
    run,
    from: 0,
    to: window.length,
  }))
  const extended = withRows(order, isFound, rangeOf, olderOf)
  return {
    step: {
      ranges: [...ranges, ...added],
      order: extended,
      values: [...values, ...windows.map((window) => window.values)],
    },
    older: { rangeOf, rows: olderOf, isFresh: older.isFresh },
  }
}

/** The order with a further row behind those of each marked key. */
function withRows(
  order: MergedOrder,
  isMarked: Uint8Array,
  rangeOf: Int32Array,
  rowOf: Uint32Array,
): MergedOrder {
  const { keyCount, keyStarts } = order
  const length = order.length + isMarked.reduce((sum, flag) => sum + flag, 0)
  const runOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  const starts = new Uint32Array(keyCount)
  let at = 0
  for (let key = 0; key < keyCount; key++) {
    const to = key + 1 < keyCount ? keyStarts[key + 1]! : order.length
    starts[key] = at
    for (let i = keyStarts[key]!; i < to; i++) {
      runOf[at] = order.runOf[i]!
      rows[at++] = order.rows[i]!
    }
    if (isMarked[key] === 0) continue
    runOf[at] = rangeOf[key]!
    rows[at++] = rowOf[key]!
  }
  return { length, runOf, rows, keyStarts: starts, keyCount }
}
