/**
 * Walks the sorted runs of a section side by side, and gives at each step rows that hold all of their keys.
 *
 * 1. Every run loads a window of the columns that decide: key, sequence, kind.
 * 2. The windows are merged up to the least of their last keys, beyond which a run may still have rows unseen.
 * 3. The other columns of the rows passed are read.
 */
import type { Batch } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { throwIfAborted } from '../util/async.ts'
import { corrupt } from '../util/errors.ts'
import type { KeyValueLayout } from './key-value.ts'
import { countBelow, type MergedOrder, mergeOrder } from './merge-order.ts'
import { type RunFile, RunReader, type RunWindow } from './run-reader.ts'
import { compareKeys } from './sort-keys.ts'

export interface StepRead {
  readonly layout: KeyValueLayout
  /** The columns of the table that are read beside those that the merge needs. */
  readonly values: readonly DataField[]
  /** Rows of a window of one run. */
  readonly windowRows: number
  readonly signal?: AbortSignal | undefined
}

/** Rows of several runs: all rows of the keys among them. */
export interface MergeStep {
  readonly ranges: readonly WindowRange[]
  /** The rows by key; its runs are the ranges, its rows those of their windows. */
  readonly order: MergedOrder
  /** The value columns of each range, from the range's first row on. */
  readonly values: readonly Batch[]
}

/** The rows of the runs, step by step in ascending order of their keys. */
export async function* mergeSteps(
  runs: readonly (readonly RunFile[])[],
  { layout, values, windowRows, signal }: StepRead,
): AsyncGenerator<MergeStep, void, undefined> {
  const lanes = runs.map((files) => new Lane(new RunReader(files, { layout, values }), windowRows))
  for (;;) {
    throwIfAborted(signal)
    await Promise.all(lanes.map((lane) => lane.fill()))
    let ranges = takeRanges(lanes)
    while (ranges.length === 0) {
      // A window that holds a single key tells nothing of where that key's rows end.
      const grown = await Promise.all(lanes.map((lane) => lane.grow()))
      if (!grown.includes(true) && lanes.every((lane) => lane.windows.length === 0)) return
      ranges = takeRanges(lanes)
    }
    const order = mergeOrder(
      ranges.map(({ window, from, to }) => ({ keys: window.keys, from, to })),
    )
    yield { ranges, order, values: await readValues(ranges, values) }
  }
}

interface OpenWindow {
  readonly window: RunWindow
  /** The first row that is not merged yet. */
  position: number
}

/** A run, and the windows of it that are not merged to their end. */
class Lane {
  readonly #reader: RunReader
  readonly #windowRows: number
  readonly windows: OpenWindow[] = []
  #ended = false

  constructor(reader: RunReader, windowRows: number) {
    this.#reader = reader
    this.#windowRows = windowRows
  }

  /** Loads windows until half a window of rows is at hand, so that no run holds the others back to a few rows. */
  async fill(): Promise<void> {
    while (this.windows[0]?.position === this.windows[0]?.window.length && this.windows.length > 0)
      this.windows.shift()
    let rows = this.windows.reduce((sum, open) => sum + open.window.length - open.position, 0)
    while (rows < this.#windowRows / 2 && (await this.grow()))
      rows += this.windows.at(-1)!.window.length
  }

  /** Loads one window more; false at the end of the run. */
  async grow(): Promise<boolean> {
    if (this.#ended) return false
    const window = await this.#reader.next(this.#windowRows)
    if (window === null) this.#ended = true
    else this.windows.push({ window, position: 0 })
    return window !== null
  }

  /** The window whose last key may have rows behind it; null when the run has no rows unseen. */
  get bound(): RunWindow | null {
    return this.#ended ? null : (this.windows.at(-1)?.window ?? null)
  }
}

/** Rows `[from, to)` of a window. */
export interface WindowRange {
  readonly window: RunWindow
  /** The number of the run. */
  readonly run: number
  readonly from: number
  readonly to: number
}

/** Takes what the windows hold below the least key that may have rows unseen. */
function takeRanges(lanes: readonly Lane[]): WindowRange[] {
  const bound = leastBound(lanes)
  const ranges: WindowRange[] = []
  for (const [run, open] of lanes.flatMap((lane, i) =>
    lane.windows.map((each) => [i, each] as const),
  )) {
    const { window, position } = open
    const { keys, length } = window
    const count =
      bound === null
        ? length - position
        : countBelow(keys, position, length, bound.keys, bound.length - 1)
    if (count === 0) continue
    open.position += count
    ranges.push({ window, run, from: position, to: position + count })
  }
  return ranges
}

function leastBound(lanes: readonly Lane[]): RunWindow | null {
  let least: RunWindow | null = null
  for (const { bound } of lanes) {
    if (bound === null) continue
    const isLess =
      least === null || compareKeys(bound.keys, bound.length - 1, least.keys, least.length - 1) < 0
    if (isLess) least = bound
  }
  return least
}

/** The value columns of the ranges. Ranges of one run come from one cursor, so they are read in order. */
async function readValues(
  ranges: readonly WindowRange[],
  values: readonly DataField[],
): Promise<Batch[]> {
  const batches: Batch[] = []
  for (const { window, from, to } of ranges) {
    const batch = values.length === 0 ? NO_COLUMNS : await window.values!.read(to - from)
    if (values.length > 0 && batch?.length !== to - from)
      throw corrupt('the columns of a data file differ in length')
    batches.push(batch!)
  }
  return batches
}

const NO_COLUMNS: Batch = { length: 0, columns: [] }
