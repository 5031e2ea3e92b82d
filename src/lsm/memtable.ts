/**
 * The write buffer of one bucket: batches of columns as they came, until they are sorted and merged into a run.
 *
 * Follows the Java class `SortBufferWriteBuffer`. Little is copied on the way in; what sorting yields is an order, and
 * the columns are gathered by it as the file is written.
 */
import { batchBytes } from '../types/batch-bytes.ts'
import { concatColumns } from '../types/column-take.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { ChunkBuffer } from './chunk-buffer.ts'
import { keyOrder, type KeyValueLayout, sequenceOrder } from './key-value.ts'
import type { MergedOrder } from './merge-order.ts'
import { compareTails, type SortKeys, sortKeys } from './sort-keys.ts'
import { sortPermutation } from './sort.ts'
import { SortedRows } from './sorted-rows.ts'

/** What a row takes beside its values once it is sorted: its key as integers, its place, its sequence number and kind. */
const SORTED_ROW_BYTES = 40

export class Memtable {
  readonly #layout: KeyValueLayout
  readonly #buffer = new ChunkBuffer(SORTED_ROW_BYTES)

  constructor(layout: KeyValueLayout) {
    this.#layout = layout
  }

  get rowCount(): number {
    return this.#buffer.rowCount
  }

  get sizeBytes(): number {
    return this.#buffer.sizeBytes
  }

  /** Whether nothing more can be appended before a flush, however small. */
  get isFull(): boolean {
    return this.#buffer.isFull
  }

  /** Appends rows with the table's columns, and their kinds. */
  append(batch: Batch, kinds: Int8Array): void {
    this.#buffer.append(batch, kinds)
  }

  clear(): void {
    this.#buffer.clear()
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
    const chunks = this.#buffer.chunks.map(({ batch, kinds }) => {
      const numbers = countUp(next, batch.length)
      next += BigInt(batch.length)
      return { batch, precedence: { sequence: this.#sequenceKeys(batch), numbers, kinds } }
    })
    const values = this.#buffer.chunks.reduce((sum, { batch }) => sum + batchBytes(batch), 0)
    return new SortedRows(layout, chunks, order, values / Math.max(1, this.#buffer.rowCount))
  }

  /** The order of the rows by key, and with `isWhole` that of the rows of each key. */
  #order(isWhole: boolean): MergedOrder {
    const layout = this.#layout
    const { keys, sequence } = layout
    const keysOnly = sortKeys(keyOrder(layout), this.#columns(keys), this.#buffer.rowCount)
    const whole =
      isWhole && sequence.length > 0
        ? sortKeys(
            [...keyOrder(layout), ...sequenceOrder(layout, false)],
            this.#columns([...keys, ...sequence]),
            this.#buffer.rowCount,
          )
        : keysOnly
    return ordered(
      sortPermutation(whole),
      keysOnly,
      this.#buffer.chunks.map(({ batch }) => batch.length),
    )
  }

  /** The columns of the fields, each of all rows. */
  #columns(fields: readonly DataField[]): Column[] {
    return fields.map(({ id }) => {
      const at = this.#layout.fields.findIndex((field) => field.id === id)
      return concatColumns(this.#buffer.chunks.map(({ batch }) => batch.columns[at]!))
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
