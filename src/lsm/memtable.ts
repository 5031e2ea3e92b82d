/**
 * The write buffer of one bucket: batches of columns as they came, until they are sorted and merged into a run.
 *
 * Follows the Java class `SortBufferWriteBuffer`. Nothing is copied on the way in; what sorting yields is an order, and
 * the columns are gathered by it as the file is written.
 */
import { batchBytes } from '../types/batch-bytes.ts'
import { concatColumns } from '../types/column-take.ts'
import type { Batch, Column } from '../types/column.ts'
import { keyOrder, type KeyValueLayout, sequenceOrder } from './key-value.ts'
import type { MergedOrder } from './merge-order.ts'
import { deduplicate, type Precedence } from './merge/deduplicate.ts'
import type { RunRows } from './run-writer.ts'
import { ShuffledRows } from './shuffled-rows.ts'
import { compareTails, type SortKeys, sortKeys } from './sort-keys.ts'
import { sortPermutation } from './sort.ts'

interface Chunk {
  readonly batch: Batch
  readonly kinds: Int8Array
  /** How many rows came before the first one. */
  readonly offset: number
}

/** What a row takes beside its values once it is sorted: its key as integers, its place, its sequence number and kind. */
const SORTED_ROW_BYTES = 40

/** A row is told apart by a 16-bit number of its chunk. */
const CHUNKS_MAX = 65_000

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
    this.#chunks.push({ batch, kinds, offset: this.#rowCount })
    this.#rowCount += batch.length
    this.#sizeBytes += batchBytes(batch) + SORTED_ROW_BYTES * batch.length
  }

  clear(): void {
    this.#chunks = []
    this.#rowCount = 0
    this.#sizeBytes = 0
  }

  /**
   * The rows in the order of their keys, merged to one a key; they are numbered from `firstSequence` on in the order
   * they came. The buffer stays as it is until it is cleared.
   */
  sorted(firstSequence: bigint): RunRows {
    const order = this.#sort()
    const precedences = this.#chunks.map((chunk) => this.#precedence(chunk, firstSequence))
    const { ignoreDelete } = this.#layout
    const { length, runOf, rows } = deduplicate(order, precedences, {
      ignoreDelete,
      keepDeletes: true,
    })
    const shuffled = new ShuffledRows(
      runOf,
      rows,
      this.#chunks.map(({ batch }) => batch.length),
    )
    const sources = this.#layout.fields.map((_, i) =>
      this.#chunks.map(({ batch }) => batch.columns[i]!),
    )
    const values = sources.map((columns) => shuffled.rows(columns))
    return {
      length,
      values: {
        length,
        rowBytes: Math.max(1, this.#sizeBytes / Math.max(1, this.#rowCount) - SORTED_ROW_BYTES),
        column: (index) => values[index]!,
        pieces: (index, from, to) => shuffled.pieces(sources[index]!, from, to),
      },
      sequences: shuffled.rows(precedences.map(({ numbers }) => sequenceColumn(numbers))),
      kinds: shuffled.rows(this.#chunks.map(({ kinds }) => fixedColumn(kinds))),
    }
  }

  #sort(): MergedOrder {
    const { keys, fields } = this.#layout
    const positions = keys.map((key) => fields.findIndex(({ id }) => id === key.id))
    const columns = positions.map((at) =>
      concatColumns(this.#chunks.map(({ batch }) => batch.columns[at]!)),
    )
    const sortable = sortKeys(keyOrder(this.#layout), columns, this.#rowCount)
    return ordered(
      sortable,
      this.#chunks.map(({ batch }) => batch.length),
    )
  }

  #precedence({ batch, kinds, offset }: Chunk, firstSequence: bigint): Precedence {
    const { sequence: fields, fields: all } = this.#layout
    const columns = fields.map(({ id }) => batch.columns[all.findIndex((f) => f.id === id)]!)
    return {
      sequence:
        columns.length === 0
          ? null
          : sortKeys(sequenceOrder(this.#layout, false), columns, batch.length),
      numbers: countUp(firstSequence + BigInt(offset), batch.length),
      kinds,
    }
  }
}

/** The sorted order as rows of chunks, and where each key begins. */
function ordered(keys: SortKeys, chunkLengths: readonly number[]): MergedOrder {
  const { length } = keys
  const sorted = sortPermutation(keys)
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

function sequenceColumn(words: Int32Array): Column {
  return fixedColumn(new BigInt64Array(words.buffer, words.byteOffset, words.length / 2))
}

function fixedColumn(values: Int8Array | BigInt64Array): Column {
  return { layout: 'fixed', length: values.length, validity: null, values }
}
