/**
 * The difference of two states of a bucket, each read merged and in the order of the keys: the rows that are new or have
 * changed, and on request the keys that are gone.
 *
 * Both sides come in batches of columns. Keys are compared as integers and values column by column, so no row is made.
 * Follows the Java class `IncrementalDiffSplitRead`.
 */
import { gatherColumn } from '../../lsm/gather.ts'
import { keyOrder, type KeyValueLayout } from '../../lsm/key-value.ts'
import { kindsColumn, kindsOf } from '../../lsm/row-kinds.ts'
import { compareKeys, type SortKeys, sortKeys } from '../../lsm/sort-keys.ts'
import { markDifferences } from '../../types/column-equal.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import { DELETE, isAdd } from '../../types/row-kind.ts'
import { throwIfAborted } from '../../util/async.ts'
import { corrupt } from '../../util/errors.ts'

export interface DiffRead {
  readonly layout: KeyValueLayout
  /** Gives the keys that are gone too, as rows of kind -D with their last values. */
  readonly keepDeletes: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * The batches of both sides have all columns of the table, the sequence numbers of the rows, whatever others, and the kinds
 * of the rows as the last column; so do those that are returned. A key is once in each side.
 *
 * Rows of one sequence number are the same row, whatever they hold: a compaction may have merged one of them with older
 * rows, which lie in a file that neither side has.
 */
export async function* diffBatches(
  before: AsyncIterable<Batch>,
  after: AsyncIterable<Batch>,
  { layout, keepDeletes, signal }: DiffRead,
): AsyncGenerator<Batch, void, undefined> {
  const left = new Side(before, layout)
  const right = new Side(after, layout)
  try {
    for (;;) {
      throwIfAborted(signal)
      await Promise.all([left.fill(), right.fill()])
      if (right.window === null && (left.window === null || !keepDeletes)) return
      const step = advance(left, right)
      const batch = chosenRows(step, layout.fields.length, keepDeletes)
      if (batch !== null) yield batch
    }
  } finally {
    await Promise.all([left.close(), right.close()])
  }
}

interface Window {
  readonly batch: Batch
  readonly keys: SortKeys
}

/** One of the states, and how far it has been read. */
class Side {
  readonly #batches: AsyncIterator<Batch>
  readonly #layout: KeyValueLayout
  readonly #keyColumns: readonly number[]
  /** Null at the end. */
  window: Window | null = null
  /** The first row of the window that is not compared yet. */
  position = 0

  constructor(batches: AsyncIterable<Batch>, layout: KeyValueLayout) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.#layout = layout
    this.#keyColumns = layout.keys.map(({ id }) =>
      layout.fields.findIndex((field) => field.id === id),
    )
  }

  async fill(): Promise<void> {
    if (this.window !== null && this.position < this.window.batch.length) return
    this.position = 0
    this.window = null
    for (;;) {
      const next = await this.#batches.next()
      if (next.done === true) return
      const batch = next.value
      if (batch.length === 0) continue
      const columns = this.#keyColumns.map((column) => batch.columns[column]!)
      this.window = { batch, keys: sortKeys(keyOrder(this.#layout), columns, batch.length) }
      return
    }
  }

  async close(): Promise<void> {
    await this.#batches.return?.()
  }
}

/** Which rows were passed: `source` 0 is the state before, 1 the one after, and `pair` the row before of the same key. */
interface Step {
  readonly before: Batch | null
  readonly after: Batch | null
  readonly length: number
  readonly source: Uint16Array
  readonly rows: Uint32Array
  /** The row before of the same key; -1 where there is none. */
  readonly pairs: Int32Array
}

const BEFORE = 0
const AFTER = 1

/** Passes the rows of both windows in the order of their keys, up to the end of one of them. */
function advance(left: Side, right: Side): Step {
  const [a, b] = [left.window, right.window]
  const [before, after] = [a?.batch ?? null, b?.batch ?? null]
  let [i, j, length] = [left.position, right.position, 0]
  const aEnd = before?.length ?? i
  const bEnd = after?.length ?? j
  const most = aEnd - i + bEnd - j
  const [source, rows] = [new Uint16Array(most), new Uint32Array(most)]
  const pairs = new Int32Array(most).fill(-1)
  if (a === null) while (j < bEnd) rows[length++] = j++
  else if (b === null) while (i < aEnd) rows[length++] = i++
  else
    for (; i < aEnd && j < bEnd; length++) {
      const order = compareKeys(a.keys, i, b.keys, j)
      if (order === 0) pairs[length] = i
      if (order >= 0) source[length] = AFTER
      rows[length] = order >= 0 ? j++ : i++
      if (order === 0) i++
    }
  if (a === null) source.fill(AFTER)
  left.position = i
  right.position = j
  return { before, after, length, source, rows, pairs }
}

/** The rows of a step that are new, changed or, if they are kept, gone; null where there are none. */
function chosenRows(step: Step, compared: number, keepDeletes: boolean): Batch | null {
  const { before, after, source, rows, pairs } = step
  const changed = changedRows(step, compared)
  const beforeKinds = before && kindsOf(before.columns.at(-1)!)
  let length = 0
  for (let at = 0; at < step.length; at++) {
    const isChosen =
      source[at] === AFTER
        ? pairs[at]! < 0 || changed[at] === 1
        : keepDeletes && isAdd(beforeKinds![rows[at]!]!)
    if (!isChosen) continue
    source[length] = source[at]!
    rows[length++] = rows[at]!
  }
  if (length === 0) return null
  const chosen = rows.subarray(0, length)
  if (!source.subarray(0, length).includes(BEFORE)) return takeBatch(after!, chosen)
  return withDeletes(before!, after, source.subarray(0, length), chosen)
}

/** For each row that has a row before of the same key, whether it differs from it. */
function changedRows({ before, after, length, rows, pairs }: Step, compared: number): Uint8Array {
  const changed = new Uint8Array(length)
  if (before === null || after === null) return changed
  const [old, now] = [sequencesOf(before, compared), sequencesOf(after, compared)]
  const places = new Uint32Array(length)
  let count = 0
  for (let at = 0; at < length; at++)
    if (pairs[at]! >= 0 && old[pairs[at]!] !== now[rows[at]!]) places[count++] = at
  const a = places.subarray(0, count).map((at) => pairs[at]!)
  const b = places.subarray(0, count).map((at) => rows[at]!)
  const differs = new Uint8Array(count)
  for (let column = 0; column < compared; column++)
    markDifferences(before.columns[column]!, a, after.columns[column]!, b, differs)
  const [kinds, newKinds] = [kindsOf(before.columns.at(-1)!), kindsOf(after.columns.at(-1)!)]
  for (let i = 0; i < count; i++) {
    const isSameKind = isAdd(kinds[a[i]!]!) === isAdd(newKinds[b[i]!]!)
    if (differs[i] === 1 || !isSameKind) changed[places[i]!] = 1
  }
  return changed
}

function sequencesOf({ columns }: Batch, index: number): BigInt64Array {
  const column = columns[index]!
  if (
    column.layout !== 'fixed' ||
    !(column.values instanceof BigInt64Array) ||
    column.validity !== null
  )
    throw corrupt('_SEQUENCE_NUMBER is not stored as 64-bit integers')
  return column.values
}

/** The rows of both batches, those of the state before as deletions. */
function withDeletes(
  before: Batch,
  after: Batch | null,
  sourceOf: Uint16Array,
  rows: Uint32Array,
): Batch {
  const { length } = rows
  const last = before.columns.length - 1
  const batches = after === null ? [before] : [before, after]
  const columns = before.columns.slice(0, last).map((_, column) =>
    gatherColumn({
      columns: batches.map((batch) => batch.columns[column]!),
      sourceOf,
      rows,
      length,
    }),
  )
  const values = new Int8Array(length)
  const newKinds = after && kindsOf(after.columns[last]!)
  for (let i = 0; i < length; i++)
    values[i] = sourceOf[i] === BEFORE ? DELETE : newKinds![rows[i]!]!
  return { length, columns: [...columns, kindsColumn(values)] }
}
