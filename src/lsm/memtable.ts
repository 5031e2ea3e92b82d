/**
 * The write buffer of one bucket: batches of columns as they came, until they are sorted and merged into a run.
 *
 * Follows the Java class `SortBufferWriteBuffer`. Little is copied on the way in; what sorting yields is an order, and
 * the columns are gathered by it as the file is written.
 */
import { batchBytes } from '../types/batch-bytes.ts'
import { ownBatch } from '../types/batch-own.ts'
import { concatColumns } from '../types/column-take.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { keyOrder, type KeyValueLayout, sequenceOrder } from './key-value.ts'
import type { MergedOrder } from './merge-order.ts'
import { compareTails, type SortKeys, sortKeys } from './sort-keys.ts'
import { sortPermutation } from './sort.ts'
import { SortedRows } from './sorted-rows.ts'

interface Chunk {
  readonly batch: Batch
  readonly kinds: Int8Array
  /** How often it was made of several smaller ones. */
  readonly rank: number
  readonly sizeBytes: number
}

/** What a row takes beside its values once it is sorted: its key as integers, its place, its sequence number and kind. */
const SORTED_ROW_BYTES = 40
/** What a column of a chunk takes beside its values. */
const COLUMN_BYTES = 250

/** A row is told apart by a 16-bit number of its chunk. */
const CHUNKS_MAX = 65_000
/** So many chunks of one rank become one, while that has no more rows than this. */
const JOINED_CHUNKS = 8
const JOINED_ROWS_MAX = 8192

export class Memtable {
  readonly #layout: KeyValueLayout
  #chunks: Chunk[] = []
  #rowCount = 0
  #sizeBytes = 0

  constructor(layout: KeyValueLayout) {
    this.#layout = layout
  }

  get rowCount(): number {
    return this.#rowCount
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Whether nothing more can be appended before a flush, however small. */
  get isFull(): boolean {
    return this.#chunks.length >= CHUNKS_MAX
  }

  /** Appends rows with the table's columns, and their kinds. */
  append(batch: Batch, kinds: Int8Array): void {
    this.#push(batch.length < JOINED_ROWS_MAX ? ownBatch(batch) : batch, kinds, 0)
    this.#rowCount += batch.length
    for (;;) {
      const joined = this.#chunks.slice(-JOINED_CHUNKS)
      const { rank } = joined[0]!
      const rows = joined.reduce((sum, chunk) => sum + chunk.batch.length, 0)
      const isJoined =
        joined.length === JOINED_CHUNKS &&
        joined.every((chunk) => chunk.rank === rank) &&
        rows <= JOINED_ROWS_MAX
      if (!isJoined) return
      this.#join(joined, rows, rank + 1)
    }
  }

  #push(batch: Batch, kinds: Int8Array, rank: number): void {
    const sizeBytes =
      batchBytes(batch) + SORTED_ROW_BYTES * batch.length + COLUMN_BYTES * batch.columns.length
    this.#chunks.push({ batch, kinds, rank, sizeBytes })
    this.#sizeBytes += sizeBytes
  }

  /** Rows that come a few at a time would take more memory as chunks than by themselves. */
  #join(chunks: readonly Chunk[], length: number, rank: number): void {
    this.#chunks.length -= chunks.length
    for (const { sizeBytes } of chunks) this.#sizeBytes -= sizeBytes
    const columns = this.#layout.fields.map((_, i) =>
      concatColumns(chunks.map(({ batch }) => batch.columns[i]!)),
    )
    const kinds = new Int8Array(length)
    let at = 0
    for (const chunk of chunks) {
      kinds.set(chunk.kinds, at)
      at += chunk.kinds.length
    }
    this.#push({ length, columns }, kinds, rank)
  }

  clear(): void {
    this.#chunks = []
    this.#rowCount = 0
    this.#sizeBytes = 0
  }

  /**
   * The rows in the order of their keys, numbered from `firstSequence` on in the order they came. Where they are to be
   * given all, and not only merged, `forAll` puts those of each key in order too. The buffer stays as it is until it is
   * cleared.
   */
  sorted(firstSequence: bigint, forAll = false): SortedRows {
    const layout = this.#layout
    const order = this.#order(forAll || typeof layout.engine !== 'string')
    let next = firstSequence
    const chunks = this.#chunks.map(({ batch, kinds }) => {
      const numbers = countUp(next, batch.length)
      next += BigInt(batch.length)
      return { batch, precedence: { sequence: this.#sequenceKeys(batch), numbers, kinds } }
    })
    const values = this.#chunks.reduce((sum, { batch }) => sum + batchBytes(batch), 0)
    return new SortedRows(layout, chunks, order, values / Math.max(1, this.#rowCount))
  }

  /** The order of the rows by key, and with `isWhole` that of the rows of each key. */
  #order(isWhole: boolean): MergedOrder {
    const layout = this.#layout
    const { keys, sequence } = layout
    const keysOnly = sortKeys(keyOrder(layout), this.#columns(keys), this.#rowCount)
    const whole =
      isWhole && sequence.length > 0
        ? sortKeys(
            [...keyOrder(layout), ...sequenceOrder(layout, false)],
            this.#columns([...keys, ...sequence]),
            this.#rowCount,
          )
        : keysOnly
    return ordered(
      sortPermutation(whole),
      keysOnly,
      this.#chunks.map(({ batch }) => batch.length),
    )
  }

  /** The columns of the fields, each of all rows. */
  #columns(fields: readonly DataField[]): Column[] {
    return fields.map(({ id }) => {
      const at = this.#layout.fields.findIndex((field) => field.id === id)
      return concatColumns(this.#chunks.map(({ batch }) => batch.columns[at]!))
    })
  }

  #sequenceKeys(batch: Batch): SortKeys | null {
    const { sequence, fields } = this.#layout
    if (sequence.length === 0) return null
    const columns = sequence.map(({ id }) => batch.columns[fields.findIndex((f) => f.id === id)]!)
    return sortKeys(sequenceOrder(this.#layout, false), columns, batch.length)
  }
}

/** Sorted rows as rows of chunks, and where each key begins. */
function ordered(
  sorted: Uint32Array,
  keys: SortKeys,
  chunkLengths: readonly number[],
): MergedOrder {
  const { length } = keys
  const chunkOf = new Uint16Array(length)
  const bases = new Uint32Array(chunkLengths.length)
  for (let chunk = 0, at = 0; chunk < chunkLengths.length; chunk++) {
    bases[chunk] = at
    chunkOf.fill(chunk, at, at + chunkLengths[chunk]!)
    at += chunkLengths[chunk]!
  }
  const runOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  const keyStarts = new Uint32Array(length)
  let keyCount = 0
  for (let i = 0; i < length; i++) {
    const row = sorted[i]!
    const chunk = chunkOf[row]!
    runOf[i] = chunk
    rows[i] = row - bases[chunk]!
    if (i === 0 || !sameKey(keys, row, sorted[i - 1]!)) keyStarts[keyCount++] = i
  }
  return { length, runOf, rows, keyStarts: keyStarts.subarray(0, keyCount), keyCount }
}

function sameKey({ high, low, tail }: SortKeys, a: number, b: number): boolean {
  if (high[a] !== high[b] || (low !== null && low[a] !== low[b])) return false
  return tail === null || compareTails(tail, a, tail, b) === 0
}

/** Consecutive 64-bit integers as words, the low one first. */
function countUp(first: bigint, count: number): Int32Array {
  const words = new Int32Array(2 * count)
  let low = Number(BigInt.asUintN(32, first))
  let high = Number(BigInt.asIntN(32, first >> 32n))
  for (let i = 0; i < count; i++) {
    words[2 * i] = low
    words[2 * i + 1] = high
    if (++low === 2 ** 32) {
      low = 0
      high++
    }
  }
  return words
}
