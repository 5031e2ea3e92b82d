/** Sorts rows by their keys, stably: a radix sort over the keys' first words, then over what follows where they tie. */
import { compareTails, type SortKeys, wordAt } from './sort-keys.ts'

/** The rows in ascending order of their keys; rows of equal keys stay in order. */
export function sortPermutation(keys: SortKeys): Uint32Array {
  const rows = new Uint32Array(keys.length)
  for (let i = 0; i < rows.length; i++) rows[i] = i
  if (isSorted(keys)) return rows
  const scratch = new Uint32Array(keys.length)
  const words = keys.low === null ? [keys.high] : [keys.low, keys.high]
  const sorted = radixSort(rows, scratch, words, 0, rows.length)
  if (keys.tail !== null) refineTies(keys, sorted, sorted === rows ? scratch : rows)
  return sorted
}

function isSorted({ length, high, low, tail }: SortKeys): boolean {
  for (let i = 1; i < length; i++) {
    if (high[i]! !== high[i - 1]!) {
      if (high[i]! < high[i - 1]!) return false
    } else if (low !== null && low[i]! !== low[i - 1]!) {
      if (low[i]! < low[i - 1]!) return false
    } else if (tail !== null && compareTails(tail, i - 1, tail, i) > 0) return false
  }
  return true
}

const RADIX_BITS = 11
const BUCKETS = 1 << RADIX_BITS

/**
 * Sorts `rows[from, to)` by the words of each row, the least significant array first. The result is in `rows` or in
 * `scratch`, whichever is returned. Digits in which all rows agree are passed over.
 */
function radixSort(
  rows: Uint32Array,
  scratch: Uint32Array,
  words: readonly Uint32Array[],
  from: number,
  to: number,
): Uint32Array {
  let source = rows
  let target = scratch
  const counts = new Uint32Array(BUCKETS)
  for (const word of words) {
    const varying = varyingBits(word, source, from, to)
    for (let shift = 0; shift < 32; shift += RADIX_BITS) {
      if (((varying >>> shift) & (BUCKETS - 1)) === 0) continue
      counts.fill(0)
      for (let i = from; i < to; i++) counts[(word[source[i]!]! >>> shift) & (BUCKETS - 1)]!++
      let at = from
      for (let b = 0; b < BUCKETS; b++) {
        const count = counts[b]!
        counts[b] = at
        at += count
      }
      for (let i = from; i < to; i++) {
        const row = source[i]!
        target[counts[(word[row]! >>> shift) & (BUCKETS - 1)]!++] = row
      }
      ;[source, target] = [target, source]
    }
  }
  return source
}

/** The bits in which the rows' words are not all the same. */
function varyingBits(word: Uint32Array, rows: Uint32Array, from: number, to: number): number {
  let ones = 0xffffffff
  let zeros = 0
  for (let i = from; i < to; i++) {
    ones &= word[rows[i]!]!
    zeros |= word[rows[i]!]!
  }
  return ones ^ zeros
}

/** Below this many rows, ties are sorted by comparing whole keys. */
const COMPARE_MAX = 64

type Tail = NonNullable<SortKeys['tail']>

/** Rows `[from, to)` whose keys agree in their first `skip` bytes. */
interface Ties {
  readonly from: number
  readonly to: number
  readonly skip: number
}

/** Sorts the runs of rows whose first eight bytes are equal, by the bytes behind, eight further at a time. */
function refineTies({ high, low, tail }: SortKeys, rows: Uint32Array, scratch: Uint32Array): void {
  const pending = tiesOf(high, low!, rows, { from: 0, to: rows.length, skip: 0 })
  const large = pending.some(({ from, to }) => to - from > COMPARE_MAX)
  // The words of a row lie at its index, so that the radix sort finds them.
  const nextHigh = new Uint32Array(large ? rows.length : 0)
  const nextLow = new Uint32Array(large ? rows.length : 0)
  for (let ties = pending.pop(); ties !== undefined; ties = pending.pop()) {
    const { from, to, skip } = ties
    if (to - from <= COMPARE_MAX) compareSort(tail!, rows, from, to)
    else if (readWords(tail!, rows, ties, nextHigh, nextLow)) {
      const sorted = radixSort(rows, scratch, [nextLow, nextHigh], from, to)
      if (sorted !== rows) rows.set(sorted.subarray(from, to), from)
      // There may be more of them than a call takes arguments.
      for (const each of tiesOf(nextHigh, nextLow, rows, { from, to, skip })) pending.push(each)
    }
  }
}

/** The runs of two and more rows with equal words. */
function tiesOf(high: Uint32Array, low: Uint32Array, rows: Uint32Array, within: Ties): Ties[] {
  const ties: Ties[] = []
  const skip = within.skip + 8
  for (let from = within.from; from < within.to;) {
    const row = rows[from]!
    let to = from + 1
    while (to < within.to && high[rows[to]!] === high[row] && low[rows[to]!] === low[row]) to++
    if (to - from > 1) ties.push({ from, to, skip })
    from = to
  }
  return ties
}

/** Reads the eight bytes behind the first `skip` of each key; false when all keys have ended. */
function readWords(
  { bytes, offsets }: Tail,
  rows: Uint32Array,
  { from, to, skip }: Ties,
  high: Uint32Array,
  low: Uint32Array,
): boolean {
  let any = false
  for (let i = from; i < to; i++) {
    const row = rows[i]!
    const at = offsets[row]! + skip
    const end = offsets[row + 1]!
    high[row] = wordAt(bytes, at, end)
    low[row] = wordAt(bytes, at + 4, end)
    any ||= at < end
  }
  return any
}

/** A stable sort of few rows. */
function compareSort(tail: Tail, rows: Uint32Array, from: number, to: number): void {
  const run = Array.from(rows.subarray(from, to))
  run.sort((a, b) => compareTails(tail, a, tail, b))
  rows.set(run, from)
}
