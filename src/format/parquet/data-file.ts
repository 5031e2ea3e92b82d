/** Parquet files as data files. */
import type { FileIO, FileWriter } from '../../io/file-io.ts'
import type { DataField } from '../../types/data-type.ts'
import type { BatchRows } from '../column-rows.ts'
import type {
  ColumnBounds,
  CursorOptions,
  DataFile,
  DataFileWriter,
  OpenOptions,
  RowCursor,
} from '../data-file.ts'
import { boundValue } from './read/bound-value.ts'
import { openParquet, ParquetCursor } from './read/file-reader.ts'
import { pruneRows } from './read/prune.ts'
import { schemaTree } from './tree.ts'
import { type ParquetWriteOptions, ParquetWriter } from './write/file-writer.ts'
import type { WrittenRowGroup } from './write/metadata-writer.ts'
import { writeSchema } from './write/schema.ts'

export async function openParquetData(
  io: FileIO,
  path: string,
  options: OpenOptions,
): Promise<DataFile> {
  const { sizeBytes, signal } = options
  const file = await openParquet(io, path, {
    signal,
    ...(sizeBytes !== undefined && { sizeBytes }),
  })
  const rowCount = file.metadata.rowGroups.reduce((sum, group) => sum + group.rowCount, 0)
  return {
    path,
    rowCount,
    columnNames: new Set(file.root.children.map((child) => child.name)),
    prune: async (predicate) => (await pruneRows(file, predicate, signal)).rows,
    cursor: (cursor: CursorOptions) => rowCursor(new ParquetCursor(file, { ...cursor, signal })),
  }
}

function rowCursor(cursor: ParquetCursor): RowCursor {
  return {
    read: (rowCount) => cursor.read(rowCount),
    readKept: async (rowCount, dropped) => {
      const batch = await cursor.read(rowCount, dropped)
      if (batch === null) return null
      return { batch, passed: batch.rows.reduce((sum, { from, to }) => sum + to - from, 0) }
    },
  }
}

/** A Parquet file that is being written to `out`, which the writer owns. */
export class ParquetDataWriter implements DataFileWriter {
  readonly #fields: readonly DataField[]
  readonly #out: FileWriter
  readonly #writer: ParquetWriter

  constructor(fields: readonly DataField[], out: FileWriter, options: ParquetWriteOptions) {
    this.#fields = fields
    this.#out = out
    this.#writer = new ParquetWriter(fields, out, options)
  }

  get rowCount(): number {
    return this.#writer.rowCount
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes
  }

  async write(rows: BatchRows, from: number, to: number): Promise<void> {
    await this.#writer.write(rows, from, to)
  }

  async close(): Promise<readonly (ColumnBounds | null)[]> {
    const rowGroups = await this.#writer.close()
    await this.#out.close()
    return fileBounds(this.#fields, rowGroups)
  }

  async abort(): Promise<void> {
    await this.#out.abort()
  }
}

/** The bounds of the file's columns, as Java takes them from the footer before it writes it. */
function fileBounds(
  fields: readonly DataField[],
  rowGroups: readonly WrittenRowGroup[],
): (ColumnBounds | null)[] {
  const { children } = schemaTree(writeSchema(fields))
  return fields.map((field, i) => {
    const node = children[i]!
    if (node.children !== undefined) return null
    const parts = rowGroups.map(({ columns }) => columns[node.leaf]!)
    const nullCount = parts.reduce((sum, { statistics }) => sum + (statistics.nullCount ?? 0), 0)
    let bounds: { min: Uint8Array; max: Uint8Array } | null = null
    for (const { range, statistics, valueCount, compareBounds } of parts) {
      if (range === null) {
        if (statistics.nullCount === valueCount) continue
        return { min: null, max: null, nullCount }
      }
      const { min, max } = range
      bounds = {
        min: bounds === null || compareBounds(min, bounds.min) < 0 ? min : bounds.min,
        max: bounds === null || compareBounds(max, bounds.max) > 0 ? max : bounds.max,
      }
    }
    if (bounds === null) return { min: null, max: null, nullCount }
    const min = boundValue(node, field.type, bounds.min)
    return { min, max: boundValue(node, field.type, bounds.max), nullCount }
  })
}
