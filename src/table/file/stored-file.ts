/** Data files with what the table adds to them: row ids and sequence numbers, and the values that descriptors stand for. */
import { type DataFile, openDataFile } from '../../format/data-file.ts'
import type { FileIO } from '../../io/file-io.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { withBlobValues } from './blob-values.ts'
import { trackedFile, tracksRows } from './row-tracking.ts'

/** Opens a file under the schema that it was written with; `schema` is the one that rows are read with. */
export async function openStoredFile(
  { io, schema }: { readonly io: FileIO; readonly schema: TableSchema },
  path: string,
  meta: DataFileMeta,
  signal: AbortSignal | undefined,
): Promise<DataFile> {
  const set = tableOptions(schema.options)
  const blobsAsDescriptors = set.get('blob-as-descriptor')
  const isLegacyOrcLtz = set.get('orc.timestamp-ltz.legacy.type')
  const options = { sizeBytes: meta.fileSize, blobsAsDescriptors, isLegacyOrcLtz, signal }
  const opened = await openDataFile(io, path, options)
  const file = blobsAsDescriptors || isBlobFile(meta) ? opened : withBlobValues(opened, io, signal)
  return tracksRows(schema) ? trackedFile(file, meta) : file
}

/** Whether the file holds the values of a BLOB column, and nothing else. */
export function isBlobFile({ fileName }: DataFileMeta): boolean {
  return fileName.endsWith('.blob')
}

/** Whether the file holds BLOB or VECTOR columns, which are kept apart from the others. */
export function isKeptApart(file: DataFileMeta): boolean {
  return isBlobFile(file) || file.fileName.includes('.vector.')
}
