/** `$files` and `$file_key_ranges`: the data files of a snapshot. Follow the Java classes `FilesTable` and `FileKeyRangesTable`. */
import { decodeKey } from '../../lsm/key-compare.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { type DataLayout, dataFilePath, dataLayout } from '../../snapshot/data-paths.ts'
import type { ManifestEntry } from '../../snapshot/manifest-entry.ts'
import { entryAt, type ManifestRows } from '../../snapshot/manifest-rows.ts'
import { type ChosenRows, scanRows } from '../../snapshot/manifest-scan.ts'
import { latin1At } from '../../snapshot/metadata-columns.ts'
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { utf8 } from '../../types/internal-value.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields, trimmedKeyFields } from '../../types/schema-keys.ts'
import { javaText } from '../../types/value-text.ts'
import { decoding } from '../../util/errors.ts'
import { readState } from '../plan/time-travel.ts'
import {
  column,
  long,
  type SystemColumn,
  type SystemContext,
  type SystemSource,
} from './columns.ts'
import { type FileStatsTexts, fileStatsTexts } from './file-stats.ts'
import { perPartition, rowText } from './partition-text.ts'

/** What the rows of one read have in common. */
interface FilesContext {
  readonly layout: DataLayout
  readonly schema: TableSchema
  readonly partitionText: (partition: Uint8Array) => string
}

class FileItem {
  readonly context: FilesContext
  readonly entry: ManifestEntry
  /** The schema that the file was written with. */
  readonly fileSchema: TableSchema
  #stats: FileStatsTexts | undefined

  constructor(context: FilesContext, entry: ManifestEntry, fileSchema: TableSchema) {
    this.context = context
    this.entry = entry
    this.fileSchema = fileSchema
  }

  get file(): DataFileMeta {
    return this.entry.file
  }

  /** Made when a column of it is read. */
  get stats(): FileStatsTexts {
    this.#stats ??= decoding(this.file.fileName, () =>
      fileStatsTexts(this.file, this.fileSchema, this.context.schema),
    )
    return this.#stats
  }
}

const COLUMNS: readonly SystemColumn<FileItem>[] = [
  column('partition', 'STRING', ({ context, entry }) => context.partitionText(entry.partition)),
  column('bucket', 'INT NOT NULL', ({ entry }) => entry.bucket),
  column('file_path', 'STRING NOT NULL', ({ context, entry }) =>
    dataFilePath(context.layout, entry),
  ),
  column('file_format', 'STRING NOT NULL', ({ file }) => formatName(file.fileName)),
  column('schema_id', 'BIGINT NOT NULL', ({ file }) => long(file.schemaId)),
  column('level', 'INT NOT NULL', ({ file }) => file.level),
  column('record_count', 'BIGINT NOT NULL', ({ file }) => long(file.rowCount)),
  column('file_size_in_bytes', 'BIGINT NOT NULL', ({ file }) => long(file.fileSize)),
  column('min_key', 'STRING', ({ file, fileSchema }) => keyText(file, file.minKey, fileSchema)),
  column('max_key', 'STRING', ({ file, fileSchema }) => keyText(file, file.maxKey, fileSchema)),
  column('null_value_counts', 'STRING NOT NULL', ({ stats }) => stats.nullCounts),
  column('min_value_stats', 'STRING NOT NULL', ({ stats }) => stats.minValues),
  column('max_value_stats', 'STRING NOT NULL', ({ stats }) => stats.maxValues),
  column('min_sequence_number', 'BIGINT', ({ file }) => file.minSequenceNumber),
  column('max_sequence_number', 'BIGINT', ({ file }) => file.maxSequenceNumber),
  column('creation_time', 'TIMESTAMP(3)', ({ file }) => file.creationTime),
  column('deleteRowCount', 'BIGINT', ({ file }) => long(file.deleteRowCount)),
  column('file_source', 'STRING', ({ file }) =>
    file.fileSource === null ? null : (SOURCE_NAMES[file.fileSource] ?? null),
  ),
  column('first_row_id', 'BIGINT', ({ file }) => file.firstRowId),
  column('write_cols', 'ARRAY<STRING>', ({ file }) => file.writeCols?.map(utf8) ?? null),
]

/** By the values of `FILE_SOURCE`. */
const SOURCE_NAMES: readonly string[] = ['APPEND', 'COMPACT']

export const FILES: SystemSource<FileItem> = { columns: COLUMNS, items: fileItems }

const KEY_RANGE_COLUMNS = new Set([
  'partition',
  'bucket',
  'file_path',
  'file_format',
  'schema_id',
  'level',
  'record_count',
  'file_size_in_bytes',
  'min_key',
  'max_key',
  'first_row_id',
])

export const FILE_KEY_RANGES: SystemSource<FileItem> = {
  columns: COLUMNS.filter(({ name }) => KEY_RANGE_COLUMNS.has(name)),
  items: fileItems,
}

async function* fileItems(context: SystemContext): AsyncGenerator<FileItem, void, undefined> {
  const { store, schema: latest, options, signal } = context
  const { snapshot, schema } = await readState(store, latest, options, signal)
  if (snapshot === null) return
  const fields = partitionFields(schema)
  const shared: FilesContext = {
    layout: dataLayout(store.location.root, schema),
    schema,
    partitionText: perPartition(fields, (values) => rowText(fields, values)),
  }
  const chosen = await scanRows(store.manifests, snapshot, 'all', {}, { signal })
  for (const { rows, row } of inBuckets(chosen)) {
    const entry = entryAt(rows, row)
    const { schemaId } = entry.file
    const isCurrent = schemaId === schema.id
    const fileSchema = isCurrent ? schema : await store.schemas.read(schemaId, { signal })
    yield new FileItem(shared, entry, fileSchema)
  }
}

interface FileRow {
  readonly rows: ManifestRows
  readonly row: number
  /** The partition's place among all, in the order in which they are met. */
  readonly partition: number
}

/** The files bucket by bucket, level by level. */
function inBuckets(chosen: readonly ChosenRows[]): FileRow[] {
  const partitions = new Map<string, number>()
  const files: FileRow[] = []
  for (const { rows, indices } of chosen)
    for (const row of indices) {
      const key = latin1At(rows.partitions, row)
      const partition = partitions.get(key) ?? partitions.size
      partitions.set(key, partition)
      files.push({ rows, row, partition })
    }
  const bucketOf = ({ rows, row }: FileRow): number => rows.buckets[row]!
  const levelOf = ({ rows, row }: FileRow): number => rows.levels[row]!
  return files.toSorted(
    (a, b) => a.partition - b.partition || bucketOf(a) - bucketOf(b) || levelOf(a) - levelOf(b),
  )
}

/** Compressions that end the name of a text file; follows `HadoopCompressionType`. */
const COMPRESSION_EXTENSIONS = new Set(['gz', 'bz2', 'deflate', 'snappy', 'lz4', 'zst'])

/** The extension; the one before it where that only tells a compression. Follows `DataFilePathFactory`. */
function formatName(fileName: string): string {
  const parts = fileName.split('.')
  const isCompression = COMPRESSION_EXTENSIONS.has(parts.at(-1)!) && parts.length > 2
  return parts.at(isCompression ? -2 : -1)!
}

/** `[1, key-2]`; null for a file without keys. Java shows the address of a binary, here are its digits. */
export function keyText(file: DataFileMeta, key: Uint8Array, schema: TableSchema): string | null {
  if (new DataView(key.buffer, key.byteOffset).getInt32(0) === 0) return null
  const fields = trimmedKeyFields(schema)
  const values = decoding(file.fileName, () => decodeKey(fields, key))
  return `[${fields.map((field, i) => valueText(field, values[i]!)).join(', ')}]`
}

function valueText({ type }: DataField, value: InternalValue): string {
  if (value === null) return 'null'
  if (type.kind === 'BINARY' || type.kind === 'VARBINARY')
    return Buffer.from(value as Uint8Array).toString('hex')
  return javaText(type, value)
}
