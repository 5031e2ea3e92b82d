/** A table in memory whose columns are written apart, file by file. */
import { allRows } from '../../src/format/column-rows.ts'
import { createDataFile } from '../../src/format/data-format.ts'
import { PARQUET_DEFAULTS } from '../../src/format/parquet/write/file-writer.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import { dataFilePath, dataLayout } from '../../src/snapshot/data-paths.ts'
import { schemaPath } from '../../src/snapshot/paths.ts'
import { openTableStore, type TableStore } from '../../src/snapshot/table-store.ts'
import { type FileContext, fileContext } from '../../src/table/file/table-file.ts'
import type { Split } from '../../src/table/plan/split.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { encodePartition } from '../../src/types/partition.ts'
import { parseSchemaFile, type TableSchema } from '../../src/types/schema-file.ts'
import { blobFile } from './blob-file.ts'
import { fileMeta } from './commit-tables.ts'
import { batchOf } from './random-columns.ts'

const PARTITION = encodePartition([], [])
const ROOT = 'memory://columns/t'

/** Columns of a file: the names that its schema gives them, and the values row by row. */
export interface ColumnFile {
  readonly schemaId?: number
  readonly columns: readonly string[]
  readonly rows: readonly (readonly InternalValue[])[]
  readonly firstRowId: number
  readonly sequence: number
  /** `blob` for a file of one BLOB column. */
  readonly format?: 'parquet' | 'avro' | 'blob' | 'vector.avro'
  /** Columns that are in the file beside those of the schema. */
  readonly extra?: readonly DataField[]
}

export class ColumnTable {
  readonly io = new MemoryFileIO()
  readonly schemas: TableSchema[] = []
  readonly files: DataFileMeta[] = []
  readonly #store: TableStore = openTableStore(this.io, ROOT)

  /** Adds a schema, which then is the latest. */
  async addSchema(
    fields: readonly (readonly [id: number, name: string, type: unknown])[],
    options: Readonly<Record<string, string>> = {},
  ): Promise<TableSchema> {
    const id = this.schemas.length
    const text = JSON.stringify({
      version: 3,
      id,
      fields: fields.map(([fieldId, name, type]) => ({ id: fieldId, name, type })),
      highestFieldId: 100,
      partitionKeys: [],
      primaryKeys: [],
      options: {
        bucket: '-1',
        'row-tracking.enabled': 'true',
        'data-evolution.enabled': 'true',
        ...options,
      },
      timeMillis: 0,
    })
    const path = schemaPath(this.#store.location, id)
    await this.io.write(path, utf8(text))
    const schema = parseSchemaFile(text, path)
    this.schemas.push(schema)
    return schema
  }

  /** What files are opened with, to be read with the latest schema. */
  get context(): FileContext {
    return fileContext(this.#store, this.schemas.at(-1)!)
  }

  /** All files as one split. */
  get split(): Split {
    const { files } = this
    const rawConvertible = false
    return {
      partition: PARTITION,
      bucket: 0,
      totalBuckets: -1,
      files,
      rawConvertible,
      isStreaming: false,
    }
  }

  pathOf(file: DataFileMeta): string {
    const layout = dataLayout(ROOT, this.schemas[0]!)
    return dataFilePath(layout, { partition: PARTITION, bucket: 0, file })
  }

  async write(file: ColumnFile): Promise<DataFileMeta> {
    const { columns, rows, format = 'parquet', schemaId = 0, extra = [] } = file
    const name = `data-${this.files.length}.${format}`
    const written: DataFileMeta = {
      ...fileMeta({ name, rowCount: rows.length }),
      schemaId,
      minSequenceNumber: BigInt(file.sequence),
      maxSequenceNumber: BigInt(file.sequence),
      firstRowId: BigInt(file.firstRowId),
      writeCols: columns,
    }
    const path = this.pathOf(written)
    if (format === 'blob')
      await this.io.write(path, blobFile(rows.map(([value]) => value as Uint8Array | null)))
    else {
      const all = this.schemas[schemaId]!.fields
      const chosen = columns.map((column) => all.find((field) => field.name === column)!)
      const fields = [...chosen, ...extra]
      const options =
        format === 'parquet'
          ? ({ name: 'parquet', parquet: PARQUET_DEFAULTS } as const)
          : ({ name: 'avro', avro: { codec: 'null', level: undefined } } as const)
      const writer = await createDataFile(this.io, path, fields, options)
      await writer.write(allRows(batchOf(fields, rows)), 0, rows.length)
      await writer.close()
    }
    const fileSize = (await this.io.stat(path))!.sizeBytes
    const meta = { ...written, fileSize }
    this.files.push(meta)
    return meta
  }
}
