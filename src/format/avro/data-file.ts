/** Avro files as data files: rows in blocks, read whole, without statistics of their own. */
import type { FileIO, FileWriter } from '../../io/file-io.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import { concatColumns } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { BoundsCollector } from '../column-bounds.ts'
import { type BatchRows, materialize } from '../column-rows.ts'
import type {
  ColumnBounds,
  CursorOptions,
  DataFile,
  DataFileWriter,
  OpenOptions,
  RowCursor,
  RowRange,
} from '../data-file.ts'
import { readAvroHeader } from './block-source.ts'
import { readAvro } from './reader.ts'
import { type AvroWriteOptions, AvroWriter } from './writer.ts'

export async function openAvroData(
  io: FileIO,
  path: string,
  options: OpenOptions,
): Promise<DataFile> {
  const { signal, sizeBytes } = options
  const { record } = await readAvroHeader(io, path, options)
  return {
    path,
    rowCount: null,
    columnNames: new Set(record.fields.map(({ name }) => name)),
    prune: () => Promise.resolve(null),
    cursor: ({ fields, rows }: CursorOptions) =>
      new AvroRowCursor(readAvro(io, path, fields, { sizeBytes, signal }), rows),
  }
}

/** Gives the rows of a stream of batches in the numbers that are asked for. */
class AvroRowCursor implements RowCursor {
  readonly #batches: AsyncGenerator<Batch, void, undefined>
  readonly #ranges: readonly RowRange[] | undefined
  /** What is left of the batch that was read last, and the row of the file that it starts with. */
  #rest: Batch | null = null
  #row = 0
  #range = 0

  constructor(batches: AsyncGenerator<Batch, void, undefined>, ranges?: readonly RowRange[]) {
    this.#batches = batches
    this.#ranges = ranges
  }

  async read(rowCount: number): Promise<Batch | null> {
    const parts: Batch[] = []
    let missing = rowCount
    while (missing > 0) {
      const range = this.#ranges === undefined ? EVERYTHING : this.#ranges[this.#range]
      if (range === undefined || !(await this.#advance(range.from))) break
      const part = this.#take(Math.min(missing, range.to - this.#row))
      parts.push(part)
      missing -= part.length
      if (this.#row >= range.to) this.#range++
    }
    return parts.length === 0 ? null : joined(parts)
  }

  /** Drops rows below `row`; false at the end of the file. */
  async #advance(row: number): Promise<boolean> {
    for (;;) {
      const rest = this.#rest
      if (rest !== null && this.#row + rest.length > row) {
        if (row > this.#row) this.#take(row - this.#row)
        return true
      }
      this.#row += rest?.length ?? 0
      const next = await this.#batches.next()
      if (next.done === true) {
        this.#rest = null
        return false
      }
      this.#rest = next.value
    }
  }

  #take(wanted: number): Batch {
    const rest = this.#rest!
    const count = Math.min(wanted, rest.length)
    this.#rest = count === rest.length ? null : sliceBatch(rest, count, rest.length)
    this.#row += count
    return sliceBatch(rest, 0, count)
  }
}

const EVERYTHING: RowRange = { from: 0, to: Infinity }

function joined(parts: readonly Batch[]): Batch {
  const [first] = parts
  if (parts.length === 1) return first!
  return {
    length: parts.reduce((sum, part) => sum + part.length, 0),
    columns: first!.columns.map((_, i) => concatColumns(parts.map((part) => part.columns[i]!))),
  }
}

/** An Avro file that is being written to `out`, which the writer owns. */
export class AvroDataWriter implements DataFileWriter {
  readonly #fields: readonly DataField[]
  readonly #writer: AvroWriter
  readonly #bounds: BoundsCollector

  constructor(fields: readonly DataField[], out: FileWriter, options: AvroWriteOptions) {
    this.#fields = fields
    this.#writer = new AvroWriter(out, fields, options)
    this.#bounds = new BoundsCollector(fields)
  }

  get rowCount(): number {
    return this.#writer.rowCount
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes
  }

  async write(rows: BatchRows, from: number, to: number): Promise<void> {
    const columns = this.#fields.map((_, i) => materialize(from, to, rows.column(i)))
    const batch = { length: to - from, columns }
    this.#bounds.add(batch)
    await this.#writer.write(batch)
  }

  async close(): Promise<readonly ColumnBounds[]> {
    await this.#writer.close()
    return this.#bounds.finish()
  }

  async abort(): Promise<void> {
    await this.#writer.abort()
  }
}
