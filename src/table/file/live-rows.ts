/** A data file without the rows that a deletion vector deletes. */
import type {
  CursorOptions,
  DataFile,
  KeptRows,
  RowCursor,
  RowRange,
} from '../../format/data-file.ts'
import { fillBits, longRanges, type RoaringBitmap } from '../../indexes/roaring.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'

/**
 * The file, whose cursors pass over the deleted rows unless they are asked to keep them; rows are still told by where they
 * stand in the file.
 */
export function withoutDeleted(file: DataFile, deleted: RoaringBitmap): DataFile {
  if (deleted.keys.length === 0) return file
  return {
    path: file.path,
    columnNames: file.columnNames,
    rowCount: file.rowCount,
    prune: (predicate) => file.prune(predicate),
    cursor: (options) =>
      options.keepsDeleted === true ? file.cursor(options) : new LiveCursor(file, deleted, options),
  }
}

/** So many deleted rows one behind the other are not read at all: as a rule there are pages among them. */
const GAP_ROWS_MIN = 8192

/** What the ranges have outside of the gaps; both ascend. */
function withoutGaps(ranges: readonly RowRange[], gaps: readonly RowRange[]): RowRange[] {
  const rest: RowRange[] = []
  let gap = 0
  for (const { from, to } of ranges) {
    let start = from
    while (gap < gaps.length && gaps[gap]!.to <= start) gap++
    for (let next = gap; next < gaps.length && gaps[next]!.from < to; next++) {
      if (gaps[next]!.from > start) rest.push({ from: start, to: gaps[next]!.from })
      start = gaps[next]!.to
    }
    if (start < to) rest.push({ from: start, to })
  }
  return rest
}

/**
 * Reads whole stretches of the file and takes the rows out that are deleted. Every cursor of a file gives the same rows
 * for the same counts, because it reads on to exactly the row that makes up the count.
 */
class LiveCursor implements RowCursor {
  readonly #cursor: RowCursor
  readonly #deleted: RoaringBitmap
  /** The rows that the cursor is still to give, deleted ones among them. */
  readonly #ranges: readonly RowRange[]
  #range = 0
  #row: number
  /** A bit for each row of a stretch, set for deleted ones. */
  #bits = new Uint32Array(0)

  constructor(file: DataFile, deleted: RoaringBitmap, options: CursorOptions) {
    const wanted = options.rows ?? [{ from: 0, to: file.rowCount ?? Infinity }]
    const gaps = longRanges(deleted, GAP_ROWS_MIN)
    this.#ranges = gaps.length === 0 ? wanted : withoutGaps(wanted, gaps)
    this.#cursor = file.cursor(gaps.length === 0 ? options : { ...options, rows: this.#ranges })
    this.#deleted = deleted
    this.#row = this.#ranges[0]?.from ?? 0
  }

  async read(rowCount: number): Promise<Batch | null> {
    for (;;) {
      const stretch = this.#stretch(rowCount)
      if (stretch === 0) return null
      const kept = await this.#readKept(stretch)
      if (kept === null) return null
      this.#skip(kept.passed)
      if (kept.batch.length > 0) return kept.batch
    }
  }

  async #readKept(rowCount: number): Promise<KeptRows | null> {
    if (this.#cursor.readKept !== undefined) return this.#cursor.readKept(rowCount, this.#bits)
    const batch = await this.#cursor.read(rowCount)
    return batch && { batch: this.#takeLive(batch), passed: batch.length }
  }

  /** How many rows hold the next `rowCount` that are not deleted; notes which of them are. */
  #stretch(rowCount: number): number {
    let length = 0
    let live = 0
    this.#bits.fill(0)
    let range = this.#range
    let row = this.#row
    while (live < rowCount && range < this.#ranges.length) {
      const { to } = this.#ranges[range]!
      const count = Math.min(to - row, rowCount - live)
      this.#reserve(length + count)
      live += count - fillBits(this.#deleted, row, count, this.#bits, length)
      length += count
      row += count
      if (row === to) row = this.#ranges[++range]?.from ?? 0
    }
    return length
  }

  #reserve(bits: number): void {
    if (bits <= 32 * this.#bits.length) return
    const grown = new Uint32Array(Math.ceil(bits / 16))
    grown.set(this.#bits)
    this.#bits = grown
  }

  #skip(count: number): void {
    for (let rest = count; rest > 0;) {
      const { to } = this.#ranges[this.#range]!
      const passed = Math.min(rest, to - this.#row)
      this.#row += passed
      rest -= passed
      if (this.#row === to) this.#row = this.#ranges[++this.#range]?.from ?? 0
    }
  }

  #takeLive(batch: Batch): Batch {
    const bits = this.#bits
    const rows = new Uint32Array(batch.length)
    let count = 0
    for (let i = 0; i < batch.length; i++) {
      rows[count] = i
      count += ~(bits[i >>> 5]! >>> (i & 31)) & 1
    }
    return count === batch.length ? batch : takeBatch(batch, rows.subarray(0, count))
  }
}
