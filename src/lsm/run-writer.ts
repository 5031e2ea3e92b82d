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
import { commonMeta, type FileTarget, keyStats, openFile } from './file-target.ts'
import type { MemtableRows } from './memtable.ts'
import { RollingWriter, type WrittenFile } from './rolling-writer.ts'

export interface WrittenRun {
  readonly files: readonly DataFileMeta[]
  readonly paths: readonly string[]
}

/** Writes the rows to `directory`; on failure nothing of them is left there. */
export async function writeRun(
  target: FileTarget,
  directory: string,
  rows: MemtableRows,
  level: number,
): Promise<WrittenRun> {
  const writer = new RollingWriter(() => openFile(target, directory), target.targetBytes)
  try {
    await writer.write(fileRows(target, rows))
    const written = await writer.finish()
    let from = 0
    const files = written.map((file) => {
      const to = from + file.rowCount
      const meta = runFileMeta(target, file, rows, from, to, level)
      from = to
      return meta
    })
    return { files, paths: written.map(({ path }) => path) }
  } catch (error) {
    await target.io.deleteAll(await writer.abort())
    throw error
  }
}

/** The rows with the columns of a data file: keys, sequence number, kind, then all columns of the table. */
function fileRows(target: FileTarget, rows: MemtableRows): BatchRows {
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

function runFileMeta(
  target: FileTarget,
  file: WrittenFile,
  rows: MemtableRows,
  from: number,
  to: number,
  level: number,
): DataFileMeta {
  const { schema, fields } = target
  const keys = keyColumns(target)
  const keyTypes = trimmedKeyFields(schema).map(({ type }) => type)
  const keyAt = (row: number): Uint8Array =>
    serializeBinaryRow(
      keyTypes,
      keys.map((column, i) => {
        const { column: source, row: at } = cellOf(rows.values.column(column), row)
        return cellValue(source, keyTypes[i]!, at)
      }),
    )
  const valueOffset = fields.length - schema.fields.length
  const keyBounds = keys.map((column) => {
    const bounds = file.bounds[valueOffset + column]
    assert(bounds !== null && bounds !== undefined, 'a key column has no bounds')
    return bounds
  })
  return {
    ...commonMeta(target, file),
    ...sequenceBounds(rows.sequences, from, to),
    minKey: keyAt(from),
    maxKey: keyAt(to - 1),
    keyStats: keyStats(target, keyBounds),
    level,
    deleteRowCount: countRetractions(rows.kinds, from, to),
  }
}

function cellOf({ columns, sourceOf, rows }: ColumnRows, i: number) {
  return {
    column: columns[sourceOf === null ? 0 : sourceOf[i]!]!,
    row: rows === null ? i : rows[i]!,
  }
}

function sequenceBounds(
  rows: ColumnRows,
  from: number,
  to: number,
): { minSequenceNumber: bigint; maxSequenceNumber: bigint } {
  const { columns, sourceOf, rows: rowOf } = rows
  const words = columns.map((column) => {
    assert(column.layout === 'fixed', 'sequence numbers are fixed-width')
    return new Int32Array(column.values.buffer, column.values.byteOffset, 2 * column.length)
  })
  // Counters of rows are far below 2^53.
  let min = Infinity
  let max = -1
  for (let i = from; i < to; i++) {
    const source = words[sourceOf === null ? 0 : sourceOf[i]!]!
    const at = 2 * (rowOf === null ? i : rowOf[i]!)
    const value = source[at + 1]! * 2 ** 32 + (source[at]! >>> 0)
    if (value < min) min = value
    if (value > max) max = value
  }
  return { minSequenceNumber: BigInt(min), maxSequenceNumber: BigInt(max) }
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
