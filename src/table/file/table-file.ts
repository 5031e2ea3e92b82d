/** Data files as the table sees them: the columns of its schema, whichever schema a file was written with. */
import type { DataFile, RowCursor, RowRange } from '../../format/data-file.ts'
import { commonRanges } from '../../format/row-ranges.ts'
import { readDeletionVector } from '../../indexes/deletion-vector.ts'
import type { RoaringBitmap } from '../../indexes/roaring.ts'
import type { FileIO } from '../../io/file-io.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { type DataLayout, dataFilePath, dataLayout } from '../../snapshot/data-paths.ts'
import type { FileCache } from '../../snapshot/file-cache.ts'
import type { SchemaStore } from '../../snapshot/schema-store.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { DataField } from '../../types/data-type.ts'
import { KEY_FIELD_PREFIX, SYSTEM_FIELD_ID_START } from '../../types/field-ids.ts'
import { tableOptions } from '../../types/options.ts'
import type { BoundPredicate } from '../../types/predicate-bind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { Split } from '../plan/split.ts'
import { indexedRanges } from './file-indexes.ts'
import { columnMapping, storedPredicate } from './file-schema.ts'
import { withoutDeleted } from './live-rows.ts'
import { openStoredFile } from './stored-file.ts'

/** What files are opened with. */
export interface FileContext {
  readonly io: FileIO
  readonly layout: DataLayout
  readonly schemas: SchemaStore
  /** The bytes of index files that were read. */
  readonly indexFiles: FileCache<Uint8Array>
  /** The schema that rows are read with. */
  readonly schema: TableSchema
}

/** What the files of a table or a branch are opened with, to be read with the schema. */
export function fileContext(store: TableStore, schema: TableSchema): FileContext {
  const { io, location, schemas, indexFiles } = store
  return { io, layout: dataLayout(location.root, schema), schemas, indexFiles, schema }
}

/**
 * Opens a file of the split. Its cursors take columns of the table's schema, in any order, and give them in the table's
 * types; columns are matched by id, and one that the file does not have reads as nulls. `_KEY_` and system columns are
 * taken as the file names them, or where rows are tracked made of what the manifest says. Predicates are on the table's
 * columns too. Rows that the split says are deleted are left out, or else `deletedRows`.
 */
export async function openTableFile(
  context: FileContext,
  split: Pick<Split, 'partition' | 'bucket' | 'deletionFiles'>,
  file: DataFileMeta,
  signal: AbortSignal | undefined,
  deletedRows?: RoaringBitmap,
): Promise<DataFile> {
  const { io, layout, schemas } = context
  const fileSchema = await schemas.read(file.schemaId, { signal })
  const { partition, bucket } = split
  const path = dataFilePath(layout, { partition, bucket, file })
  const stored = await openStoredFile(context, path, file, signal)
  const placed = { partition, bucket, file }
  const usesIndexes = tableOptions(context.schema.options).get('file-index.read.enabled')
  const indexed = usesIndexes
    ? indexedFile(stored, (predicate) => indexedRanges(io, layout, placed, predicate, { signal }))
    : stored
  const deletion = split.deletionFiles?.get(file.fileName)
  const rowCount = stored.rowCount ?? file.rowCount
  const deleted =
    deletion === undefined
      ? deletedRows
      : await readDeletionVector(io, context.indexFiles, deletion, rowCount, { signal })
  if (deleted === undefined) return evolvedFile(indexed, fileSchema, context.schema)
  // The file's own cursors leave rows out while they decode, so what converts values comes after them.
  return evolvedFile(withoutDeleted(indexed, deleted), fileSchema, context.schema)
}

/** The file, whose rows are chosen by its indexes too. */
function indexedFile(
  stored: DataFile,
  rowsOf: (predicate: BoundPredicate) => Promise<readonly RowRange[] | null>,
): DataFile {
  return {
    path: stored.path,
    columnNames: stored.columnNames,
    rowCount: stored.rowCount,
    prune: async (predicate) => {
      const pruned = await stored.prune(predicate)
      return pruned?.length === 0 ? pruned : commonRanges(pruned, await rowsOf(predicate))
    },
    cursor: (options) => stored.cursor(options),
  }
}

/** The file with the columns of the table instead of those of the schema that it was written with. */
function evolvedFile(stored: DataFile, fileSchema: TableSchema, schema: TableSchema): DataFile {
  return {
    path: stored.path,
    columnNames: ownNames(stored, fileSchema, schema),
    rowCount: stored.rowCount,
    prune: (predicate) => stored.prune(storedPredicate(predicate, fileSchema)),
    cursor: ({ fields, ...options }) => evolvedCursor(stored, fileSchema, fields, options),
  }
}

/** The file's names of columns, but for those of key columns that have been given to other columns since. */
function ownNames(
  { columnNames }: DataFile,
  fileSchema: TableSchema,
  { fields }: TableSchema,
): ReadonlySet<string> {
  const isRenamed = fields.some(({ id, name }) =>
    fileSchema.fields.some((stored) => stored.name === name && stored.id !== id),
  )
  if (!isRenamed) return columnNames
  const others = fileSchema.fields.filter(
    ({ id, name }) => fields.find((field) => field.name === name)?.id !== id,
  )
  const names = new Set(columnNames)
  for (const { name } of others) names.delete(KEY_FIELD_PREFIX + name)
  return names
}

function evolvedCursor(
  stored: DataFile,
  fileSchema: TableSchema,
  fields: readonly DataField[],
  options: Omit<Parameters<DataFile['cursor']>[0], 'fields'>,
): RowCursor {
  const mapping = columnMapping(
    fields.filter((field) => !isOwn(field)),
    fileSchema,
    stored.path,
  )
  const mapped = mapping.stored.values()
  const wanted = fields.map((field) => (isOwn(field) ? field : mapped.next().value!))
  const cursor = stored.cursor({ fields: wanted, ...options })
  const { convert } = mapping
  if (convert === null) return cursor
  return {
    read: async (rowCount) => {
      const batch = await cursor.read(rowCount)
      if (batch === null) return null
      const columns = batch.columns.filter((_, i) => !isOwn(fields[i]!))
      const converted = convert({ length: batch.length, columns }).columns.values()
      return {
        length: batch.length,
        columns: batch.columns.map((column, i) =>
          isOwn(fields[i]!) ? column : converted.next().value!,
        ),
      }
    },
  }
}

/** Whether a file names the column itself, whatever the table's schema. */
function isOwn({ id }: DataField): boolean {
  return id >= SYSTEM_FIELD_ID_START
}
