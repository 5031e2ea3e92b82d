/**
 * The rows of each key in the order in which they are merged: by `sequence.field`, then by sequence number.
 *
 * Follows the Java classes `SortMergeReaderWithLoserTree` and `LookupMergeFunction`.
 */
import type { Column } from '../../types/column.ts'
import { isRetract } from '../../types/row-kind.ts'
import type { MergedOrder } from '../merge-order.ts'
import { isAfter, type Precedence } from './deduplicate.ts'

/** Rows `[from, to)` of a file's window that take part in a merge. */
export interface MergeSource {
  readonly precedence: Precedence
  readonly from: number
  readonly to: number
  /** The level of the file. */
  readonly level: number
  /** The sorted run of the file; rows of one run have different keys. */
  readonly run: number
}

export interface KeyedRows {
  readonly length: number
  /** The source of each row. */
  readonly runOf: Uint16Array
  /** The row within its source, the first one that takes part being 0. */
  readonly rows: Uint32Array
  readonly kinds: Int8Array
  readonly keyCount: number
  /** Where each key's rows start, and behind the last key's, where they end. */
  readonly starts: Uint32Array
  /** 1 for keys that came with one row, which passes through whatever its kind. */
  readonly isLone: Uint8Array
  /** Whether some row takes back, of those that are merged with others. */
  readonly hasRetracts: boolean
  /** The sources in an order in which each one's rows come before those of the next, key by key; null without one. */
  readonly sourceOrder: readonly number[] | null
}

/** An order without the rows that are left out, and which of its keys had a single row before. */
export interface LookupOrder {
  readonly order: MergedOrder
  readonly isLone: Uint8Array
}

export function keyedRows(
  { order, isLone }: LookupOrder,
  sources: readonly MergeSource[],
): KeyedRows {
  const { length, keyCount, keyStarts } = order
  const runOf = order.runOf.slice(0, length)
  const rows = order.rows.slice(0, length)
  const starts = new Uint32Array(keyCount + 1)
  starts.set(keyStarts.subarray(0, keyCount))
  starts[keyCount] = length
  const precedences = sources.map(({ precedence }) => precedence)
  for (let key = 0; key < keyCount; key++)
    if (starts[key + 1]! - starts[key]! > 1)
      sortRows(precedences, runOf, rows, starts[key]!, starts[key + 1]!)
  const kinds = new Int8Array(length)
  for (let i = 0; i < length; i++) {
    const run = runOf[i]!
    kinds[i] = precedences[run]!.kinds[rows[i]!]!
    rows[i]! -= sources[run]!.from
  }
  const hasRetracts = anyRetracts(kinds, starts, isLone)
  const sourceOrder = orderOf(sources, precedences)
  return { length, runOf, rows, kinds, keyCount, starts, isLone, hasRetracts, sourceOrder }
}

/**
 * Rows of a single source that lie in the order in which they are merged already: those of key i are
 * `[starts[i], starts[i + 1])`.
 */
export function orderedRows(starts: Uint32Array, kinds: Int8Array): KeyedRows {
  const { length } = kinds
  const keyCount = starts.length - 1
  const isLone = new Uint8Array(keyCount)
  for (let key = 0; key < keyCount; key++) isLone[key] = starts[key + 1]! - starts[key]! > 1 ? 0 : 1
  return {
    length,
    runOf: new Uint16Array(length),
    rows: Uint32Array.from(kinds.keys()),
    kinds,
    keyCount,
    starts,
    isLone,
    hasRetracts: anyRetracts(kinds, starts, isLone),
    sourceOrder: [0],
  }
}

/**
 * The sequence number of the last row that each key was merged of, as a column. Where rows that take back count for
 * nothing, a key that has no others has the number 0, as in Java.
 */
export function lastNumbers(
  { keyCount, starts, runOf, rows, kinds, isLone }: KeyedRows,
  sources: readonly Pick<MergeSource, 'precedence' | 'from'>[],
  ignoresDelete: boolean,
): Column {
  const words = new Int32Array(2 * keyCount)
  for (let key = 0; key < keyCount; key++) {
    const first = starts[key]!
    let last = starts[key + 1]! - 1
    if (ignoresDelete && isLone[key] === 0) while (last >= first && isRetract(kinds[last]!)) last--
    if (last < first) continue
    const { precedence, from } = sources[runOf[last]!]!
    const at = 2 * (from + rows[last]!)
    words[2 * key] = precedence.numbers[at]!
    words[2 * key + 1] = precedence.numbers[at + 1]!
  }
  const values = new BigInt64Array(words.buffer)
  return { layout: 'fixed', length: keyCount, validity: null, values }
}

/** Runs that were written one after the other hold numbers that do not overlap. */
function orderOf(
  sources: readonly MergeSource[],
  precedences: readonly Precedence[],
): number[] | null {
  if (precedences.some(({ sequence }) => sequence !== null)) return null
  const runs = new Map<number, NumberBounds>()
  for (const source of sources)
    runs.set(
      source.run,
      boundsOf(source, runs.get(source.run) ?? { min: Infinity, max: -Infinity }),
    )
  const sorted = [...runs].toSorted(([, a], [, b]) => a.min - b.min)
  const overlaps = sorted.some(([, { min }], i) => i > 0 && min <= sorted[i - 1]![1].max)
  if (overlaps) return null
  return sorted.flatMap(([run]) => [...sources.keys()].filter((i) => sources[i]!.run === run))
}

interface NumberBounds {
  readonly min: number
  readonly max: number
}

/** The least and the greatest sequence number of the source's rows and of the bounds, as floats. */
function boundsOf({ precedence, from, to }: MergeSource, bounds: NumberBounds): NumberBounds {
  const { numbers } = precedence
  let { min, max } = bounds
  for (let row = from; row < to; row++) {
    const number = numbers[2 * row + 1]! * 2 ** 32 + (numbers[2 * row]! >>> 0)
    if (number < min) min = number
    if (number > max) max = number
  }
  return { min, max }
}

/** Up to so many rows are put in order one by one. */
const FEW_ROWS = 32

/** Sorts the rows of a key, which mostly are few and lie in order already. */
function sortRows(
  precedences: readonly Precedence[],
  runOf: Uint16Array,
  rows: Uint32Array,
  from: number,
  to: number,
): void {
  if (to - from > FEW_ROWS) {
    sortManyRows(precedences, runOf, rows, from, to)
    return
  }
  for (let i = from + 1; i < to; i++) {
    const run = runOf[i]!
    const row = rows[i]!
    let at = i
    while (
      at > from &&
      isAfter(precedences[runOf[at - 1]!]!, rows[at - 1]!, precedences[run]!, row)
    ) {
      runOf[at] = runOf[at - 1]!
      rows[at] = rows[at - 1]!
      at--
    }
    runOf[at] = run
    rows[at] = row
  }
}

function sortManyRows(
  precedences: readonly Precedence[],
  runOf: Uint16Array,
  rows: Uint32Array,
  from: number,
  to: number,
): void {
  const [runs, places] = [runOf.slice(from, to), rows.slice(from, to)]
  const order = Array.from(runs.keys())
  order.sort((a, b) => {
    const [left, right] = [precedences[runs[a]!]!, precedences[runs[b]!]!]
    if (isAfter(left, places[a]!, right, places[b]!)) return 1
    return isAfter(right, places[b]!, left, places[a]!) ? -1 : 0
  })
  for (const [i, at] of order.entries()) {
    runOf[from + i] = runs[at]!
    rows[from + i] = places[at]!
  }
}

function anyRetracts(kinds: Int8Array, starts: Uint32Array, isLone: Uint8Array): boolean {
  for (let key = 0; key < isLone.length; key++) {
    if (isLone[key] === 1) continue
    for (let i = starts[key]!; i < starts[key + 1]!; i++) if (isRetract(kinds[i]!)) return true
  }
  return false
}

/** Every row of the order takes part. */
export function allRows(order: MergedOrder): LookupOrder {
  const { keyCount, keyStarts, length } = order
  const isLone = new Uint8Array(keyCount)
  for (let key = 0; key < keyCount; key++) {
    const to = key + 1 < keyCount ? keyStarts[key + 1]! : length
    if (to - 1 === keyStarts[key]) isLone[key] = 1
  }
  return { order, isLone }
}

/**
 * Leaves out of each key's rows above level 0 all but the one of the lowest level, which already holds what lies in the
 * levels below it: that is how tables are compacted whose older rows are looked up.
 */
export function lookupRows(order: MergedOrder, sources: readonly MergeSource[]): LookupOrder {
  const all = allRows(order)
  const upper = new Set(sources.map(({ level }) => level).filter((level) => level > 0))
  if (upper.size < 2) return all
  const { keyCount, keyStarts, length } = order
  const runOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  const starts = new Uint32Array(keyCount)
  let count = 0
  for (let key = 0; key < keyCount; key++) {
    const from = keyStarts[key]!
    const to = key + 1 < keyCount ? keyStarts[key + 1]! : length
    const lowest = lowestUpper(order, sources, from, to)
    starts[key] = count
    for (let i = from; i < to; i++) {
      const run = order.runOf[i]!
      if (sources[run]!.level > 0 && i !== lowest) continue
      runOf[count] = run
      rows[count++] = order.rows[i]!
    }
  }
  return {
    order: {
      length: count,
      runOf: runOf.subarray(0, count),
      rows: rows.subarray(0, count),
      keyStarts: starts,
      keyCount,
    },
    isLone: all.isLone,
  }
}

/** The row of the lowest level above 0 among the rows `[from, to)`; -1 without any. */
function lowestUpper(
  { runOf }: MergedOrder,
  sources: readonly MergeSource[],
  from: number,
  to: number,
): number {
  let lowest = -1
  for (let i = from; i < to; i++) {
    const { level } = sources[runOf[i]!]!
    if (level > 0 && (lowest < 0 || level < sources[runOf[lowest]!]!.level)) lowest = i
  }
  return lowest
}
