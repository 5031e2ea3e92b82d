/**
 * The order of rows from several sorted runs, decided by the integers that stand for their keys.
 *
 * The result is a list of rows, each with the run it comes from, and where each key's rows begin. Rows of equal keys lie
 * next to each other in the order of their runs; what their own order means is for the merge function to say.
 */
import { compareKeys, compareTails, type SortKeys } from './sort-keys.ts'
import { sortPermutation } from './sort.ts'

/** Rows `[from, to)` of a run, whose keys are sorted. */
export interface RunRange {
  readonly keys: SortKeys
  readonly from: number
  readonly to: number
}

export interface MergedOrder {
  readonly length: number
  /** The run that each row comes from. */
  readonly runOf: Uint16Array
  /** The row within its run. */
  readonly rows: Uint32Array
  /** Where each key starts among the rows, ascending. */
  readonly keyStarts: Uint32Array
  readonly keyCount: number
}

/** Merges the ranges; all keys are of one order. */
export function mergeOrder(runs: readonly RunRange[]): MergedOrder {
  const live = [...runs.keys()].filter((run) => runs[run]!.from < runs[run]!.to)
  const isExact = live.every((run) => runs[run]!.keys.tail === null)
  return isExact ? sortWords(runs, live) : playTournament(runs, live)
}

/**
 * Where the words hold whole keys, sorting all rows by them is faster than comparing: the rows of one round lie close
 * together, so few digits differ.
 */
function sortWords(runs: readonly RunRange[], live: readonly number[]): MergedOrder {
  const length = live.reduce((sum, run) => sum + runs[run]!.to - runs[run]!.from, 0)
  const high = new Uint32Array(length)
  const low = live.some((run) => runs[run]!.keys.low !== null) ? new Uint32Array(length) : null
  const source = new Uint16Array(length)
  const bases = new Int32Array(runs.length)
  let at = 0
  for (const run of live) {
    const { keys, from, to } = runs[run]!
    high.set(keys.high.subarray(from, to), at)
    low?.set(keys.low!.subarray(from, to), at)
    source.fill(run, at, at + to - from)
    bases[run] = at - from
    at += to - from
  }
  const sorted = sortPermutation({ length, high, low, tail: null })
  const runOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  const keyStarts = new Uint32Array(length)
  let keyCount = 0
  for (let i = 0, last = -1; i < length; i++) {
    const row = sorted[i]!
    const run = source[row]!
    runOf[i] = run
    rows[i] = row - bases[run]!
    if (last < 0 || high[row] !== high[last] || (low !== null && low[row] !== low[last]))
      keyStarts[keyCount++] = i
    last = row
  }
  return { length, runOf, rows, keyStarts: keyStarts.subarray(0, keyCount), keyCount }
}

function playTournament(runs: readonly RunRange[], live: readonly number[]): MergedOrder {
  const length = live.reduce((sum, run) => sum + runs[run]!.to - runs[run]!.from, 0)
  const runOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  const keyStarts = new Uint32Array(length)
  const tree = new Tournament(live.map((run) => runs[run]!))
  let keyCount = 0
  for (let i = 0; i < length; i++) {
    const { winner } = tree
    if (tree.isNewKey()) keyStarts[keyCount++] = i
    runOf[i] = live[winner]!
    rows[i] = tree.row
    tree.advance()
  }
  return { length, runOf, rows, keyStarts: keyStarts.subarray(0, keyCount), keyCount }
}

/** Above every high word, for runs that have ended. */
const ENDED = 2 ** 32

/** A loser tree: each inner node keeps the run that lost there, and the winner of all stands apart. */
class Tournament {
  readonly #runs: readonly RunRange[]
  readonly #positions: Int32Array
  /** The high and the low word of each run's next key; doubles, so that an ended run can lie above all. */
  readonly #high: Float64Array
  readonly #low: Float64Array
  readonly #losers: Int32Array
  winner = 0
  /** The key that was taken last. */
  #lastRun = -1
  #lastRow = 0
  #lastHigh = 0
  #lastLow = 0

  constructor(runs: readonly RunRange[]) {
    const count = runs.length
    this.#runs = runs
    this.#positions = Int32Array.from(runs, (run) => run.from)
    this.#high = new Float64Array(count)
    this.#low = new Float64Array(count)
    this.#losers = new Int32Array(Math.max(1, count)).fill(-1)
    for (let run = 0; run < count; run++) this.#load(run)
    for (let run = 0; run < count; run++) this.#enter(run)
  }

  get row(): number {
    return this.#positions[this.winner]!
  }

  /** Whether the winner's key differs from the one taken before. */
  isNewKey(): boolean {
    const run = this.winner
    const isSame =
      this.#lastRun >= 0 &&
      this.#high[run] === this.#lastHigh &&
      this.#low[run] === this.#lastLow &&
      this.#tailsEqual(run)
    return !isSame
  }

  #tailsEqual(run: number): boolean {
    const { tail } = this.#runs[run]!.keys
    if (tail === null) return true
    const last = this.#runs[this.#lastRun]!.keys.tail!
    return compareTails(tail, this.row, last, this.#lastRow) === 0
  }

  /** Takes the winner's row and finds the next winner. */
  advance(): void {
    const run = this.winner
    this.#lastRun = run
    this.#lastRow = this.#positions[run]!
    this.#lastHigh = this.#high[run]!
    this.#lastLow = this.#low[run]!
    this.#positions[run]!++
    this.#load(run)
    let winner = run
    const losers = this.#losers
    for (let node = (run + losers.length) >> 1; node > 0; node >>= 1) {
      const other = losers[node]!
      if (this.#isBefore(other, winner)) {
        losers[node] = winner
        winner = other
      }
    }
    this.winner = winner
  }

  #load(run: number): void {
    const { keys, to } = this.#runs[run]!
    const at = this.#positions[run]!
    const ended = at >= to
    this.#high[run] = ended ? ENDED : keys.high[at]!
    this.#low[run] = ended || keys.low === null ? 0 : keys.low[at]!
  }

  /** Puts a run into the tree when it is built: the first to reach a node waits there for its rival. */
  #enter(run: number): void {
    let winner = run
    for (let node = (run + this.#losers.length) >> 1; node > 0; node >>= 1) {
      const other = this.#losers[node]!
      if (other < 0) {
        this.#losers[node] = winner
        return
      }
      if (this.#isBefore(other, winner)) {
        this.#losers[node] = winner
        winner = other
      }
    }
    this.winner = winner
  }

  /** Whether run `a` comes before run `b`; equal keys in the order of the runs. */
  #isBefore(a: number, b: number): boolean {
    const high = this.#high[a]! - this.#high[b]!
    if (high !== 0) return high < 0
    const low = this.#low[a]! - this.#low[b]!
    if (low !== 0) return low < 0
    const left = this.#runs[a]!.keys.tail
    if (left === null || this.#high[a] === ENDED) return a < b
    const right = this.#runs[b]!.keys.tail!
    const order = compareTails(left, this.#positions[a]!, right, this.#positions[b]!)
    return order === 0 ? a < b : order < 0
  }
}

/** How many of the rows `[from, to)` have keys below that of row `bound` of `other`. */
export function countBelow(
  keys: SortKeys,
  from: number,
  to: number,
  other: SortKeys,
  bound: number,
): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareKeys(keys, middle, other, bound) < 0) low = middle + 1
    else high = middle
  }
  return low - from
}
