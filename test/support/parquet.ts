/** Parquet files in memory: written by the library, read by it row by row, with a note of every range asked for. */
import type { BatchRows } from '../../src/format/column-rows.ts'
import { allRows } from '../../src/format/column-rows.ts'
import {
  openParquet,
  ParquetCursor,
  type ParquetFile,
} from '../../src/format/parquet/read/file-reader.ts'
import { inferFields } from '../../src/format/parquet/read/infer.ts'
import type { RowRange } from '../../src/format/parquet/read/page-stream.ts'
import {
  PARQUET_DEFAULTS,
  ParquetWriter,
  type ParquetWriteOptions,
} from '../../src/format/parquet/write/file-writer.ts'
import type { WrittenRowGroup } from '../../src/format/parquet/write/metadata-writer.ts'
import type { FileIO, FileWriter } from '../../src/io/file-io.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../src/types/internal-value.ts'

/** A file writer that keeps what it is given as it is given, so that bytes changed later show. */
export class BytesWriter implements FileWriter {
  readonly parts: Uint8Array[] = []

  async write(bytes: Uint8Array): Promise<void> {
    this.parts.push(bytes)
  }

  async close(): Promise<void> {}

  async abort(): Promise<void> {}

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.parts))
  }
}

export interface WrittenParquet {
  readonly bytes: Uint8Array
  readonly rowGroups: readonly WrittenRowGroup[]
}

async function writeBatches(
  fields: readonly DataField[],
  batches: readonly (Batch | BatchRows)[],
  options: Partial<ParquetWriteOptions> = {},
): Promise<WrittenParquet> {
  const out = new BytesWriter()
  const writer = new ParquetWriter(fields, out, { ...PARQUET_DEFAULTS, ...options })
  for (const batch of batches) await writer.write('columns' in batch ? allRows(batch) : batch)
  const rowGroups = await writer.close()
  return { bytes: out.bytes, rowGroups }
}

export async function writeParquet(
  fields: readonly DataField[],
  batches: readonly (Batch | BatchRows)[],
  options: Partial<ParquetWriteOptions> = {},
): Promise<Uint8Array> {
  return (await writeBatches(fields, batches, options)).bytes
}

/** One file in memory, which can be replaced between two requests. */
export class BytesIO {
  readonly scheme: string
  bytes: Uint8Array
  readonly reads: RowRange[] = []

  constructor(bytes: Uint8Array, scheme = 'memory') {
    this.bytes = bytes
    this.scheme = scheme
  }

  get readBytes(): number {
    return this.reads.reduce((sum, { from, to }) => sum + to - from, 0)
  }

  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    if (offset < 0 || length < 0 || offset + length > this.bytes.length)
      throw new Error(`${path} was asked for bytes ${offset} to ${offset + length}`)
    this.reads.push({ from: offset, to: offset + length })
    return this.bytes.slice(offset, offset + length)
  }

  async stat(path: string): Promise<{ path: string; sizeBytes: number; modifiedMs: number }> {
    return { path, sizeBytes: this.bytes.length, modifiedMs: 0 }
  }

  /** As a storage; only what reading a file needs is there. */
  get io(): FileIO {
    return this as unknown as FileIO
  }
}

export const TEST_PATH = 'memory://test/file.parquet'

export async function openBytes(bytes: Uint8Array, path = TEST_PATH): Promise<ParquetFile> {
  return await openParquet(new BytesIO(bytes).io, path)
}

export interface ReadRowsOptions {
  readonly fields?: readonly DataField[]
  /** Rows of one batch; a list is gone through again and again. */
  readonly batchRows?: number | readonly number[]
  readonly rows?: readonly RowRange[]
  readonly views?: boolean
}

/** The values of the wanted rows, column by column; every column is read by default. */
export async function readColumns(
  file: ParquetFile,
  options: ReadRowsOptions = {},
): Promise<InternalValue[][]> {
  const { fields = inferFields(file.root), batchRows = 1000, rows, views = false } = options
  const columns: InternalValue[][] = fields.map(() => [])
  const cursor = new ParquetCursor(file, { fields, rows, views })
  for (let i = 0; ; i++) {
    const size = typeof batchRows === 'number' ? batchRows : batchRows[i % batchRows.length]!
    const batch = await cursor.read(size)
    if (batch === null) return columns
    if (batch.length === 0 || batch.length > size)
      throw new Error(`${batch.length} rows came where at most ${size} were asked for`)
    appendCells(columns, batch, fields)
  }
}

/** Appends the values of a batch's columns to lists of values. */
export function appendCells(
  columns: InternalValue[][],
  batch: Batch,
  fields: readonly DataField[],
): void {
  for (const [i, field] of fields.entries()) {
    const column = batch.columns[i]!
    if (column.length !== batch.length)
      throw new Error(`column ${field.name} has ${column.length} rows of ${batch.length}`)
    for (let row = 0; row < batch.length; row++)
      columns[i]!.push(cellValue(column, field.type, row))
  }
}

/** Rows as lists of values by column. */
export function byColumn(
  fields: readonly DataField[],
  rows: readonly (readonly InternalValue[])[],
): InternalValue[][] {
  return fields.map((_, i) => rows.map((row) => row[i]!))
}

/** The place of the first difference, or null; NaN equals NaN, and -0 differs from 0. */
export function difference(
  actual: readonly (readonly InternalValue[])[],
  expected: readonly (readonly InternalValue[])[],
): string | null {
  if (actual.length !== expected.length) return `${actual.length} columns, not ${expected.length}`
  for (const [c, values] of expected.entries()) {
    const found = actual[c]!
    if (found.length !== values.length)
      return `column ${c} has ${found.length} rows, not ${values.length}`
    for (const [row, value] of values.entries())
      if (!isSame(found[row]!, value))
        return `column ${c} row ${row} is ${show(found[row]!)}, not ${show(value)}`
  }
  return null
}

function isSame(a: InternalValue, b: InternalValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, i) => isSame(value, b[i] as InternalValue))
  return Object.is(a, b)
}

function show(value: InternalValue): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value))
    return `[${value.map((each) => show(each as InternalValue)).join(', ')}]`
  return Object.is(value, -0) ? '-0' : String(value)
}
