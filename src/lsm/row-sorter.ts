/**
 * Sorts rows by what stands for their place in an order: in memory, and where they do not fit, over runs on the disk of this
 * machine. Rows of the same place stay as they came.
 */
import { type BatchRows, batchRows } from '../format/column-rows.ts'
import type { Batch, BytesColumn, Column, FixedColumn } from '../types/column.ts'
import { type DataField, MAX_LENGTH, notNull, ofKind } from '../types/data-type.ts'
import { assert } from '../util/assert.ts'
import { invalid } from '../util/errors.ts'
import type { KeyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import type { RunFile } from './run-reader.ts'
import type { RunRows } from './run-writer.ts'
import { type SortKeys, wordAt } from './sort-keys.ts'
import { flushSteps, flushWindowRows } from './spill/merged-runs.ts'
import type { SpillSpace } from './spill/spill-space.ts'
import {
  memoryFile,
  releaseRun,
  type SpilledRun,
  spilledFile,
  spillRun,
} from './spill/spilled-run.ts'

export interface RowSorterOptions {
  /** What may be held in memory. */
  readonly budgetBytes: number
  /** Where rows go beyond it; null where they may not. */
  readonly spill: SpillSpace | null
  /** So many runs are merged at once. */
  readonly runsMax: number
  readonly signal?: AbortSignal | undefined
}

export interface RowOrder {
  /** The bytes of every place; null where they differ in length. */
  readonly widthBytes: number | null
  /** The place of each row of a batch in the order. */
  readonly placesOf: (batch: Batch) => SortKeys
}

/** What no other row has, so that rows of the same place stay as they came. */
const NUMBER_FIELD: DataField = { id: -1, name: '_NUMBER', type: notNull(ofKind('BIGINT')) }

export class RowSorter {
  readonly #layout: KeyValueLayout
  readonly #order: RowOrder
  readonly #options: RowSorterOptions
  readonly #memtable: Memtable
  #runs: SpilledRun[] = []
  #spilledBytes = 0
  #rowCount = 0

  /** Rows have the columns of the fields. */
  constructor(fields: readonly DataField[], order: RowOrder, options: RowSorterOptions) {
    this.#layout = sortLayout(fields, order)
    this.#order = order
    this.#options = options
    this.#memtable = new Memtable(this.#layout)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Takes rows, whose buffers have to stay as they are. INVALID where they do not fit into the room there is. */
  async add(batch: Batch): Promise<void> {
    const { length } = batch
    const numbers = new BigInt64Array(length)
    for (let i = 0; i < length; i++) numbers[i] = BigInt(this.#rowCount + i)
    const columns: Column[] = [
      ...placeColumns(this.#order, batch),
      { layout: 'fixed', length, validity: null, values: numbers },
      ...batch.columns,
    ]
    this.#memtable.append({ length, columns }, new Int8Array(length))
    this.#rowCount += length
    const isFull = this.#memtable.sizeBytes > this.#options.budgetBytes || this.#memtable.isFull
    if (isFull) await this.#spill()
  }

  async #spill(): Promise<void> {
    const { spill, runsMax } = this.#options
    if (spill === null || spill.isFull)
      throw invalid('the rows to be sorted do not fit into memory, and may not go to the disk', {
        hint: 'set write-buffer-spillable = true, or raise write-buffer-spill.max-disk-size or write-buffer-size',
      })
    if (this.#runs.length + 1 >= runsMax) {
      const joined = await spillRun(spill, this.#layout, this.#merged(this.#spilledRuns(spill)))
      const runs = this.#runs.splice(0, this.#runs.length, joined)
      for (const run of runs) await releaseRun(spill, run)
    }
    const sorted = this.#memtable.sorted(0n, true)
    this.#runs.push(await spillRun(spill, this.#layout, [sorted.all()]))
    this.#spilledBytes += this.#memtable.sizeBytes
    this.#memtable.clear()
  }

  #spilledRuns(spill: SpillSpace): RunFile[] {
    return this.#runs.map((run) => spilledFile(spill, this.#layout, run, 0n))
  }

  async *#merged(runs: readonly RunFile[]): AsyncGenerator<RunRows, void, undefined> {
    const rowBytes = this.#spilledBytes / Math.max(1, this.#rowCount)
    const windowRows = flushWindowRows(runs.length, rowBytes)
    const { signal } = this.#options
    for await (const step of flushSteps(runs, this.#layout, windowRows, signal)) yield step.all()
  }

  /** All rows in their order, some at a time. */
  async *sorted(): AsyncGenerator<BatchRows, void, undefined> {
    if (this.#rowCount === 0) return
    const inMemory = this.#memtable.rowCount === 0 ? null : this.#memtable.sorted(0n, true).all()
    if (this.#runs.length === 0) {
      yield withoutKeys(inMemory!, this.#layout)
      return
    }
    const runs = this.#spilledRuns(this.#options.spill!)
    if (inMemory !== null) runs.push(memoryFile(this.#layout, inMemory))
    for await (const rows of this.#merged(runs)) yield withoutKeys(rows, this.#layout)
  }

  /** Forgets all rows, and gives the room on the disk back. */
  async clear(): Promise<void> {
    this.#memtable.clear()
    const runs = this.#runs.splice(0)
    this.#rowCount = 0
    this.#spilledBytes = 0
    for (const run of runs) await releaseRun(this.#options.spill!, run)
  }
}

/** The rows with the columns that they are sorted by before their own. */
function sortLayout(fields: readonly DataField[], order: RowOrder): KeyValueLayout {
  const keys = [...placeFields(order), NUMBER_FIELD]
  return {
    keys,
    storedKeys: keys,
    sequence: [],
    sequenceDescending: false,
    ignoreDelete: false,
    engine: 'deduplicate',
    looksUp: false,
    fields: [...keys, ...fields],
  }
}

/** The rows without the columns that they are sorted by. */
function withoutKeys({ length, values }: RunRows, { keys }: KeyValueLayout): BatchRows {
  const skipped = keys.length
  return {
    ...batchRows(length, (index) => values.column(index + skipped), values.rowBytes),
    pieces: (index, from, to) => values.pieces(index + skipped, from, to),
  }
}

/** Places of one width are 64-bit integers, eight bytes each; others are bytes. */
function placeFields({ widthBytes }: RowOrder): DataField[] {
  if (widthBytes === null)
    return [
      { id: -2, name: '_PLACE', type: { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false } },
    ]
  return Array.from({ length: Math.ceil(widthBytes / 8) }, (_, i) => ({
    id: -2 - i,
    name: `_PLACE_${i}`,
    type: notNull(ofKind('BIGINT')),
  }))
}

function placeColumns({ widthBytes, placesOf }: RowOrder, batch: Batch): Column[] {
  const places = placesOf(batch)
  if (widthBytes === null) return [bytesColumn(places)]
  return Array.from({ length: Math.ceil(widthBytes / 8) }, (_, i) => longColumn(places, 8 * i))
}

/** Eight bytes of each place, from `skip` on, as integers in their order. */
function longColumn({ length, high, low, tail }: SortKeys, skip: number): FixedColumn {
  const values = new BigInt64Array(length)
  const words = new Int32Array(values.buffer)
  for (let i = 0; i < length; i++) {
    const [at, end] = tail === null ? [0, 0] : [tail.offsets[i]! + skip, tail.offsets[i + 1]!]
    words[2 * i] = tail === null ? (low?.[i] ?? 0) : wordAt(tail.bytes, at + 4, end)
    words[2 * i + 1] = (tail === null ? high[i]! : wordAt(tail.bytes, at, end)) ^ 0x80000000
  }
  return { layout: 'fixed', length, validity: null, values }
}

function bytesColumn({ length, tail }: SortKeys): BytesColumn {
  assert(tail !== null, 'places of different lengths have bytes')
  const { bytes, offsets } = tail
  const starts = offsets.subarray(0, length)
  const ends = offsets.subarray(1, length + 1)
  return { layout: 'bytes', length, validity: null, data: bytes, starts, ends }
}
