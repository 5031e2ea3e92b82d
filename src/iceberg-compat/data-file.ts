/** Paimon's data files as Iceberg's. */
import type { PlacedFile } from '../snapshot/data-paths.ts'
import { type DataLayout, dataFilePath } from '../snapshot/data-paths.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { unsupported } from '../util/errors.ts'
import { CONTENT, type IcebergFile } from './entry.ts'
import { fileMetrics } from './metrics.ts'

/**
 * The file as manifests name it; `fileSchema` is the schema that it was written with. UNSUPPORTED for a file that is
 * neither Parquet, ORC nor Avro; CORRUPT when it cannot be where its entry says.
 */
export function dataFileOf(
  placed: PlacedFile,
  { layout, fileSchema }: { readonly layout: DataLayout; readonly fileSchema: TableSchema },
): IcebergFile {
  const { partition, file } = placed
  const path = dataFilePath(layout, placed)
  return {
    content: CONTENT.DATA,
    filePath: clientPath(path),
    fileFormat: formatOf(path),
    partition,
    recordCount: file.rowCount,
    fileSize: file.fileSize,
    metrics: fileMetrics(file, fileSchema),
    firstRowId: file.firstRowId,
    referencedDataFile: null,
    contentOffset: null,
    contentSize: null,
  }
}

/**
 * A path as all clients open it: absolute, or with its scheme and authority. `file:/x`, as Java prints the paths of local
 * files, is none to ClickHouse.
 */
export function clientPath(path: string): string {
  return path.replace(/^file:\/(?!\/)/i, 'file:///')
}

function formatOf(path: string): IcebergFile['fileFormat'] {
  const format = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  if (format === 'parquet' || format === 'orc' || format === 'avro') return format
  throw unsupported(`Iceberg has no data files of the format ${JSON.stringify(format)}`, {
    path,
    hint: 'use the file format parquet, orc or avro',
  })
}
