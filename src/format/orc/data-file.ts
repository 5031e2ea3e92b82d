/** ORC files as data files: stripes of columns, read front to back. */
import type { FileIO } from '../../io/file-io.ts'
import type { Batch } from '../../types/column.ts'
import { assert } from '../../util/assert.ts'
import { decodingError } from '../../util/errors.ts'
import { ByteRanges } from '../byte-ranges.ts'
import type { CursorOptions, DataFile, OpenOptions, RowCursor, RowRange } from '../data-file.ts'
import { type ColumnReader, columnReader } from './column-readers.ts'
import { openOrc, type OrcFile } from './file-reader.ts'
import { joinColumns } from './join.ts'
import { pruneStripes } from './prune.ts'
import { type ColumnPlan, plannedColumns, resolveColumns } from './resolve.ts'
import { openStreams } from './streams.ts'

/** Opens the file; its stripes are the boundaries of its cursors' batches. */
export async function openOrcData(
  io: FileIO,
  path: string,
  options: OpenOptions,
): Promise<DataFile> {
  const file = await openOrc(io, path, options)
  return {
    path,
    rowCount: file.rowCount,
    columnNames: new Set(file.root.children.map(({ name }) => name)),
    prune: (predicate) => pruneStripes(file, predicate, options.signal),
    cursor: (cursor) => new OrcRowCursor(file, cursor, options),
  }
}

/** Rows that are decoded to be left out are taken this many at a time. */
const SKIPPED_ROWS = 8192

/** A stripe being read. */
interface OpenStripe {
  readonly columns: readonly ColumnReader[]
  /** The rows that are wanted of it, relative to it. */
  readonly ranges: readonly RowRange[]
  /** The range that is being read, and the row that the readers are at. */
  range: number
  row: number
}

class OrcRowCursor implements RowCursor {
  readonly #file: OrcFile
  readonly #plans: readonly ColumnPlan[]
  readonly #columns: ReadonlySet<number>
  readonly #source: ByteRanges
  readonly #rows: readonly RowRange[] | undefined
  readonly #isLegacyLtz: boolean
  #open: OpenStripe | null = null
  #next = 0
  /** The row of the file that the next stripe starts with. */
  #firstRow = 0

  constructor(file: OrcFile, { fields, rows }: CursorOptions, options: OpenOptions) {
    const { io, path, sizeBytes, tail, root } = file
    const { signal, isLegacyOrcLtz = true } = options
    this.#file = file
    this.#rows = rows
    this.#isLegacyLtz = isLegacyOrcLtz
    this.#source = new ByteRanges(io, path, sizeBytes, { tail, signal })
    try {
      this.#plans = resolveColumns(root, fields)
    } catch (error) {
      throw decodingError(path, error)
    }
    this.#columns = plannedColumns(this.#plans)
  }

  async read(rowCount: number): Promise<Batch | null> {
    assert(rowCount > 0, `a batch of ${rowCount} rows is asked for`)
    try {
      this.#open ??= await this.#openNext()
      return this.#open === null ? null : this.#readOpen(this.#open, rowCount)
    } catch (error) {
      throw decodingError(this.#file.path, error)
    }
  }

  /** The next rows of the stripe, which is left when its last one is among them. */
  #readOpen(stripe: OpenStripe, rowCount: number): Batch {
    const parts: Batch[] = []
    let missing = rowCount
    while (missing > 0) {
      const range = stripe.ranges[stripe.range]
      if (range === undefined) break
      skipTo(stripe, range.from)
      const count = Math.min(missing, range.to - stripe.row)
      parts.push(take(stripe, count))
      missing -= count
      if (stripe.row === range.to) stripe.range++
    }
    if (stripe.range === stripe.ranges.length) this.#open = null
    return joined(parts)
  }

  /** Goes on to the next stripe with wanted rows; null when there is none. */
  async #openNext(): Promise<OpenStripe | null> {
    const { stripes, postScript } = this.#file
    for (;;) {
      const stripe = stripes[this.#next]
      if (stripe === undefined) return null
      this.#next++
      const firstRow = this.#firstRow
      this.#firstRow += stripe.rowCount
      const ranges = rangesWithin(this.#rows, firstRow, this.#firstRow)
      if (ranges.length === 0) continue
      const { compression } = postScript
      const streams = await openStreams(this.#source, stripe, compression, this.#columns)
      const settings = { isLegacyLtz: this.#isLegacyLtz }
      const columns = this.#plans.map((plan) => columnReader(plan, streams, settings))
      return { columns, ranges, range: 0, row: 0 }
    }
  }
}

/** The parts of the ranges that lie in `[firstRow, end)`, relative to it. */
function rangesWithin(
  wanted: readonly RowRange[] | undefined,
  firstRow: number,
  end: number,
): RowRange[] {
  const within: RowRange[] = []
  for (const range of wanted ?? [{ from: 0, to: Infinity }]) {
    const from = Math.max(range.from, firstRow)
    const to = Math.min(range.to, end)
    if (from < to) within.push({ from: from - firstRow, to: to - firstRow })
  }
  return within
}

function take(stripe: OpenStripe, count: number): Batch {
  stripe.row += count
  return { length: count, columns: stripe.columns.map((read) => read(count)) }
}

function skipTo(stripe: OpenStripe, row: number): void {
  while (stripe.row < row) take(stripe, Math.min(SKIPPED_ROWS, row - stripe.row))
}

function joined(parts: readonly Batch[]): Batch {
  const [first] = parts
  if (parts.length === 1) return first!
  return {
    length: parts.reduce((sum, part) => sum + part.length, 0),
    columns: first!.columns.map((_, i) => joinColumns(parts.map((part) => part.columns[i]!))),
  }
}
