/**
 * Sorts rows by what stands for their place in an order: in memory, and where they do not fit, over runs on the disk of this
 * machine. Rows of the same place stay as they came.
 */
import { type BatchRows, batchRows } from '../format/column-rows.ts'
import { allocateBytes } from '../io/allocate.ts'
import type { Batch, BytesColumn, Column } from '../types/column.ts'
import { type DataField, MAX_LENGTH, notNull, ofKind } from '../types/data-type.ts'
import { invalid } from '../util/errors.ts'
import type { KeyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import type { RunFile } from './run-reader.ts'
import type { RunRows } from './run-writer.ts'
import type { SortKeys } from './sort-keys.ts'
import { flushSteps } from './spill/merged-runs.ts'
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

/** The place of each row of a batch in the order. */
export type RowOrder = (batch: Batch) => SortKeys

/** The columns that rows are sorted by: their place, and their number, which no other row has. */
const PLACE_FIELD: DataField = {
  id: -1,
  name: '_PLACE',
  type: { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false },
}
const NUMBER_FIELD: DataField = { id: -2, name: '_NUMBER', type: notNull(ofKind('BIGINT')) }
const OWN_FIELDS = [PLACE_FIELD, NUMBER_FIELD] as const

/** What windows of all runs come to while they are merged. */
const WINDOW_BYTES = 32 << 20
const WINDOW_ROWS_MIN = 256
const WINDOW_ROWS_MAX = 16_384

export class RowSorter {
  readonly #layout: KeyValueLayout
  readonly #placeOf: RowOrder
  readonly #options: RowSorterOptions
  readonly #memtable: Memtable
  #runs: SpilledRun[] = []
  #spilledBytes = 0
  #rowCount = 0

  /** Rows have the columns of the fields. */
  constructor(fields: readonly DataField[], placeOf: RowOrder, options: RowSorterOptions) {
    this.#layout = sortLayout(fields)
    this.#placeOf = placeOf
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
      bytesOf(this.#placeOf(batch)),
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
    const rowBytes = Math.max(1, this.#spilledBytes / Math.max(1, this.#rowCount))
    const rows = Math.floor(WINDOW_BYTES / runs.length / rowBytes)
    const windowRows = Math.min(WINDOW_ROWS_MAX, Math.max(WINDOW_ROWS_MIN, rows))
    const { signal } = this.#options
    for await (const step of flushSteps(runs, this.#layout, windowRows, signal)) yield step.all()
  }

  /** All rows in their order, some at a time. */
  async *sorted(): AsyncGenerator<BatchRows, void, undefined> {
    if (this.#rowCount === 0) return
    const inMemory = this.#memtable.rowCount === 0 ? null : this.#memtable.sorted(0n, true).all()
    if (this.#runs.length === 0) {
      yield withoutOwn(inMemory!)
      return
    }
    const runs = this.#spilledRuns(this.#options.spill!)
    if (inMemory !== null) runs.push(memoryFile(this.#layout, inMemory))
    for await (const rows of this.#merged(runs)) yield withoutOwn(rows)
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

function sortLayout(fields: readonly DataField[]): KeyValueLayout {
  return {
    keys: OWN_FIELDS,
    storedKeys: OWN_FIELDS,
    sequence: [],
    sequenceDescending: false,
    ignoreDelete: false,
    engine: 'deduplicate',
    looksUp: false,
    fields: [...OWN_FIELDS, ...fields],
  }
}

/** The rows without the columns that they are sorted by. */
function withoutOwn({ length, values }: RunRows): BatchRows {
  const skipped = OWN_FIELDS.length
  return {
    ...batchRows(length, (index) => values.column(index + skipped), values.rowBytes),
    pieces: (index, from, to) => values.pieces(index + skipped, from, to),
  }
}

/** Keys as bytes, whose order is theirs. */
function bytesOf({ length, high, low, tail }: SortKeys): BytesColumn {
  if (tail !== null) {
    const { bytes, offsets } = tail
    return columnOf(bytes, offsets, length)
  }
  const width = low === null ? 4 : 8
  const bytes = allocateBytes(width * length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const offsets = new Int32Array(length + 1)
  for (let i = 0; i < length; i++) {
    view.setUint32(width * i, high[i]!)
    if (low !== null) view.setUint32(width * i + 4, low[i]!)
    offsets[i + 1] = width * (i + 1)
  }
  return columnOf(bytes, offsets, length)
}

function columnOf(data: Uint8Array, offsets: Int32Array, length: number): BytesColumn {
  const starts = offsets.subarray(0, length)
  const ends = offsets.subarray(1, length + 1)
  return { layout: 'bytes', length, validity: null, data, starts, ends }
}
