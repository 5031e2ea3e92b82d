/**
 * Where data files lie: `[data-file.path-directory/]partition/.../bucket-N/`, and what new ones are called.
 *
 * Follows `FileStorePathFactory` and `DataFilePathFactory`. Manifests hold names only, except for files outside of the
 * table, whose whole path is in `_EXTERNAL_PATH`.
 */
import { randomUUID } from 'node:crypto'

import { joinPath, nameOf, parentOf, parsePath } from '../io/path.ts'
import type { DataField } from '../types/data-type.ts'
import { tableOptions } from '../types/options.ts'
import { decodePartition, type PartitionNaming, partitionPath } from '../types/partition.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { partitionFields, partitionNaming } from '../types/schema-keys.ts'
import { corrupt, type LakeError } from '../util/errors.ts'
import type { DataFileMeta } from './data-file-meta.ts'
import type { IndexManifestEntry } from './index-manifest.ts'
import { latin1Of } from './metadata-columns.ts'
import { indexDirectory, storedPath } from './paths.ts'

/** The bucket of rows whose bucket is decided later, by a compaction. */
export const POSTPONE_BUCKET = -2

/** How a table lays out its data files. Make it with {@link dataLayout}. */
export interface DataLayout {
  readonly root: string
  /** The directory that holds the partitions: the table's own, or one inside it. */
  readonly directory: string
  readonly partitionFields: readonly DataField[]
  readonly naming: PartitionNaming
  /** Whether index files lie beside the data files of their bucket: `index-file-in-data-file-dir`. */
  readonly indexesBesideData: boolean
  /** The directories of partitions seen so far, by the bytes of their values. */
  readonly partitionDirectories: Map<string, string>
}

export function dataLayout(root: string, schema: TableSchema): DataLayout {
  const options = tableOptions(schema.options)
  const inside = options.get('data-file.path-directory')
  const levels = inside?.split('/').filter((level) => level !== '') ?? []
  return {
    root,
    directory: joinPath(root, ...levels),
    partitionFields: partitionFields(schema),
    naming: partitionNaming(schema),
    indexesBesideData: options.get('index-file-in-data-file-dir'),
    partitionDirectories: new Map(),
  }
}

/** The directory of the partition; CORRUPT when the bytes are no row of the partition keys. */
export function partitionDirectory(layout: DataLayout, partition: Uint8Array): string {
  const key = latin1Of(partition)
  let directory = layout.partitionDirectories.get(key)
  if (directory === undefined) {
    const values = decodePartition(layout.partitionFields, partition)
    const path = partitionPath(layout.partitionFields, values, layout.naming)
    directory = path === '' ? layout.directory : joinPath(layout.directory, ...path.split('/'))
    layout.partitionDirectories.set(key, directory)
  }
  return directory
}

export function bucketDirectory(layout: DataLayout, partition: Uint8Array, bucket: number): string {
  const name = bucket === POSTPONE_BUCKET ? 'postpone' : String(bucket)
  return joinPath(partitionDirectory(layout, partition), `bucket-${name}`)
}

/** A data file and the bucket that it is in, as manifest entries and commit messages have them. */
export interface PlacedFile {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly file: DataFileMeta
}

/**
 * The path of a data file. CORRUPT when its name is no file name, or when its external path climbs, has another name,
 * or is on another kind of storage than the table.
 */
export function dataFilePath(layout: DataLayout, { partition, bucket, file }: PlacedFile): string {
  if (file.externalPath !== null) return externalPath(layout, file.externalPath, file.fileName)
  return storedPath(bucketDirectory(layout, partition, bucket), file.fileName, 'data file')
}

/** The path of an index file; CORRUPT as {@link dataFilePath} is. */
export function indexFilePath(
  layout: DataLayout,
  { partition, bucket, indexFile }: Pick<IndexManifestEntry, 'partition' | 'bucket' | 'indexFile'>,
): string {
  const { externalPath: path, fileName } = indexFile
  if (path !== null) return externalPath(layout, path, fileName)
  const directory = layout.indexesBesideData
    ? bucketDirectory(layout, partition, bucket)
    : indexDirectory(layout.root)
  return storedPath(directory, fileName, 'index file')
}

/** The data file and the files beside it that belong to it. */
export function pathsOfFile(layout: DataLayout, placed: PlacedFile): string[] {
  const path = dataFilePath(layout, placed)
  const directory = parentOf(path)
  const extra = placed.file.extraFiles.map((name) => storedPath(directory, name, 'file'))
  return [path, ...extra]
}

function externalPath(layout: DataLayout, path: string, fileName: string): string {
  const refused = (why: string, cause?: unknown): LakeError =>
    corrupt(`the external path ${JSON.stringify(path.slice(0, 200))} ${why}`, {
      path: layout.root,
      cause,
    })
  let name: string
  let scheme: string
  try {
    name = nameOf(path)
    scheme = storageOf(path)
  } catch (error) {
    throw refused('is no path of a file', error)
  }
  if (scheme !== storageOf(layout.root)) throw refused('is not on the storage of the table')
  if (name !== fileName) throw refused(`is not the path of ${JSON.stringify(fileName)}`)
  return path
}

/** `s3a` and `s3` are two names of one storage. */
function storageOf(path: string): string {
  const { scheme } = parsePath(path)
  return scheme === 's3a' ? 's3' : scheme
}

/** Names for the new files of one bucket: a random part, and a counter that data and changelog files share. */
export interface DataFileNames {
  /** The name of a data file of the format, `parquet` or another. */
  data(format: string): string
  changelog(format: string): string
}

export interface DataFileNaming {
  /** `data-file.prefix`. */
  readonly dataPrefix: string
  /** `changelog-file.prefix`. */
  readonly changelogPrefix: string
  /** `file.compression`, which the names of all files show, whatever a level or changelog has. */
  readonly compression: string
  /** `file.suffix.include.compression`. */
  readonly suffixHasCompression: boolean
}

export function dataFileNames(naming: DataFileNaming, uuid: string = randomUUID()): DataFileNames {
  const { dataPrefix, changelogPrefix, compression, suffixHasCompression } = naming
  let count = 0
  const name = (prefix: string, format: string): string =>
    `${prefix}${uuid}-${count++}${suffixOf(format, compression, suffixHasCompression)}`
  return {
    data: (format) => name(dataPrefix, format),
    changelog: (format) => name(changelogPrefix, format),
  }
}

/** How compressions end a file name; follows `HadoopCompressionType`. Others end it with their own name. */
const COMPRESSION_SUFFIXES: Readonly<Record<string, string | null>> = {
  none: null,
  gzip: 'gz',
  bzip2: 'bz2',
  zstd: 'zst',
}

function suffixOf(format: string, compression: string, hasCompression: boolean): string {
  const name = compression.toLowerCase()
  const suffix = Object.hasOwn(COMPRESSION_SUFFIXES, name) ? COMPRESSION_SUFFIXES[name] : name
  if (suffix === null || suffix === undefined || suffix === '') return `.${format}`
  // Text files are compressed as a whole, so their compression comes last.
  if (format === 'json' || format === 'csv') return `.${format}.${suffix}`
  return hasCompression ? `.${suffix}.${format}` : `.${format}`
}
