/**
 * Writes sorted rows of a primary-key table as a run of data files.
 *
 * Follows the Java classes `KeyValueDataFileWriter` and `RollingFileWriter`.
 */
import type { BatchRows, ColumnRows } from '../format/column-rows.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { serializeBinaryRow } from '../types/binary-row.ts'
import { cellValue } from '../types/internal-value.ts'
import { isRetract } from '../types/row-kind.ts'
import { trimmedKeyFields } from '../types/schema-keys.ts'
import { assert } from '../util/assert.ts'
import { commonMeta, type FileTarget, keyStats, openFile, type FilePlace } from './file-target.ts'
import {
  observed,
  type OpenedFile,
  pathsOf,
  RollingWriter,
  type WrittenFile,
} from './rolling-writer.ts'

/** Rows of a primary-key table, ready to be written. */
export interface RunRows {
  readonly length: number
  /** The columns of the table. */
  readonly values: BatchRows
  /** 64-bit sequence numbers. */
  readonly sequences: ColumnRows
  /** {@link RowKind} codes. */
  readonly kinds: ColumnRows
}

export interface WrittenRun {
  readonly files: readonly DataFileMeta[]
  readonly paths: readonly string[]
}

/** Writes the rows as one run; on failure nothing of them is left there. */
export async function writeRun(
  target: FileTarget,
  place: FilePlace,
  rows: RunRows,
): Promise<WrittenRun> {
  const writer = new RunWriter(target, place)
  try {
    await writer.write(rows)
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Writes rows that come in pieces; in a run of data, each behind the piece before it in the order of keys. */
export class RunWriter {
  readonly #target: FileTarget
  readonly #place: FilePlace
  readonly #rolling: RollingWriter
  readonly #summaries: FileSummary[] = []

  constructor(target: FileTarget, place: FilePlace) {
    this.#target = target
    this.#place = place
    this.#rolling = new RollingWriter(() => this.#openFile(), target)
  }

  async #openFile(): Promise<OpenedFile> {
    const opened = await openFile(this.#target, this.#place)
    const summary = new FileSummary(this.#target)
    this.#summaries.push(summary)
    return { ...opened, writer: observed(opened.writer, summary) }
  }

  async write(rows: RunRows): Promise<void> {
    if (rows.length > 0) await this.#rolling.write(fileRows(this.#target, rows))
  }

  /** Closes the open file; all files, in the order of their rows. */
  async finish(): Promise<WrittenRun> {
    const written = await this.#rolling.finish()
    const files = written.map((file, i) =>
      runFileMeta(this.#target, this.#place, file, this.#summaries[i]!),
    )
    return { files, paths: written.flatMap(pathsOf) }
  }

  /** Deletes what was written. */
  async abort(): Promise<void> {
    await this.#target.io.deleteAll(await this.#rolling.abort())
  }
}

/** The rows with the columns of a data file: keys, sequence number, kind, then all columns of the table. */
function fileRows(target: FileTarget, rows: RunRows): BatchRows {
  const { schema, fields } = target
  const keys = keyColumns(target)
  const keyCount = fields.length - schema.fields.length - 2
  const systemColumn = (index: number): ColumnRows | null =>
    index === keyCount ? rows.sequences : index === keyCount + 1 ? rows.kinds : null
  const valueIndex = (index: number): number =>
    index < keyCount ? keys[index]! : index - keyCount - 2
  return {
    length: rows.length,
    rowBytes: rows.values.rowBytes,
    column: (index) => systemColumn(index) ?? rows.values.column(valueIndex(index)),
    pieces: (index, from, to) => {
      const system = systemColumn(index)
      return system === null
        ? rows.values.pieces(valueIndex(index), from, to)
        : [{ rows: system, from, to }]
    },
  }
}

/** The positions of the key columns among the table's columns. */
function keyColumns({ schema }: FileTarget): number[] {
  return trimmedKeyFields(schema).map((key) => schema.fields.findIndex(({ id }) => id === key.id))
}

/** What a manifest says of a file beyond its columns, gathered as rows are written to it. */
class FileSummary {
  readonly #target: FileTarget
  /** The places of the key columns in the file. */
  readonly #keys: readonly number[]
  readonly #sequenceAt: number
  #minSequence = Infinity
  #maxSequence = -1
  deleteRowCount = 0
  minKey: Uint8Array | null = null
  maxKey: Uint8Array | null = null

  constructor(target: FileTarget) {
    const { schema, fields } = target
    const valueOffset = fields.length - schema.fields.length
    this.#target = target
    this.#keys = keyColumns(target).map((column) => valueOffset + column)
    this.#sequenceAt = valueOffset - 2
  }

  get minSequenceNumber(): bigint {
    return BigInt(this.#minSequence)
  }

  get maxSequenceNumber(): bigint {
    return BigInt(this.#maxSequence)
  }

  add(rows: BatchRows, from: number, to: number): void {
    if (from === to) return
    this.minKey ??= this.#keyAt(rows, from)
    this.maxKey = this.#keyAt(rows, to - 1)
    this.#addSequences(rows.column(this.#sequenceAt), from, to)
    this.deleteRowCount += countRetractions(rows.column(this.#sequenceAt + 1), from, to)
  }

  #keyAt(rows: BatchRows, row: number): Uint8Array {
    const types = trimmedKeyFields(this.#target.schema).map(({ type }) => type)
    const values = this.#keys.map((column, i) => {
      const { column: source, row: at } = cellOf(rows.column(column), row)
      return cellValue(source, types[i]!, at)
    })
    return serializeBinaryRow(types, values)
  }

  #addSequences({ columns, sourceOf, rows: rowOf }: ColumnRows, from: number, to: number): void {
    const words = columns.map((column) => {
      assert(column.layout === 'fixed', 'sequence numbers are fixed-width')
      return new Int32Array(column.values.buffer, column.values.byteOffset, 2 * column.length)
    })
    // Counters of rows are far below 2^53.
    let min = this.#minSequence
    let max = this.#maxSequence
    for (let i = from; i < to; i++) {
      const source = words[sourceOf === null ? 0 : sourceOf[i]!]!
      const at = 2 * (rowOf === null ? i : rowOf[i]!)
      const value = source[at + 1]! * 2 ** 32 + (source[at]! >>> 0)
      if (value < min) min = value
      if (value > max) max = value
    }
    this.#minSequence = min
    this.#maxSequence = max
  }
}

function runFileMeta(
  target: FileTarget,
  place: FilePlace,
  file: WrittenFile,
  summary: FileSummary,
): DataFileMeta {
  const { schema, fields } = target
  const valueOffset = fields.length - schema.fields.length
  const keyBounds = keyColumns(target).map((column) => {
    const bounds = file.bounds[valueOffset + column]
    assert(bounds !== null && bounds !== undefined, 'a key column has no bounds')
    return bounds
  })
  return {
    ...commonMeta(target, file, place),
    minSequenceNumber: summary.minSequenceNumber,
    maxSequenceNumber: summary.maxSequenceNumber,
    minKey: summary.minKey!,
    maxKey: summary.maxKey!,
    keyStats: keyStats(target, place, keyBounds),
    level: place.level,
    deleteRowCount: summary.deleteRowCount,
    fileSource: place.source,
  }
}

function cellOf({ columns, sourceOf, rows }: ColumnRows, i: number) {
  return {
    column: columns[sourceOf === null ? 0 : sourceOf[i]!]!,
    row: rows === null ? i : rows[i]!,
  }
}

function countRetractions(rows: ColumnRows, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) {
    const { column, row } = cellOf(rows, i)
    assert(column.layout === 'fixed', 'row kinds are fixed-width')
    if (isRetract(column.values[row] as number)) count++
  }
  return count
}
