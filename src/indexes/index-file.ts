/** Where a bucket's new index files go: hashes of dynamic buckets, deletion vectors. */
import type { FileIO } from '../io/file-io.ts'
import { type DataLayout, indexFilePath } from '../snapshot/data-paths.ts'
import type { IndexFileMeta } from '../snapshot/index-manifest.ts'

export interface IndexFilePlace {
  readonly io: FileIO
  readonly layout: DataLayout
  /** A serialised BinaryRow, as entries have it. */
  readonly partition: Uint8Array
  readonly bucket: number
  /** Gives each new file a name of its own: see `MetadataNames.index`. */
  readonly nextName: () => string
  readonly signal?: AbortSignal | undefined
}

/** Index files that come and go with a change, as increments and messages have them. */
export interface IndexChange {
  readonly newIndexFiles: readonly IndexFileMeta[]
  readonly deletedIndexFiles: readonly IndexFileMeta[]
}

/** Stores a new index file; what its entry says of the content is `content`. */
export async function writeIndexFile(
  place: IndexFilePlace,
  bytes: Uint8Array,
  content: Pick<IndexFileMeta, 'indexType' | 'rowCount' | 'deletionVectors'>,
): Promise<IndexFileMeta> {
  const indexFile: IndexFileMeta = {
    ...content,
    fileName: place.nextName(),
    fileSize: bytes.length,
    externalPath: null,
    globalIndex: null,
  }
  const path = indexFilePath(place.layout, { ...place, indexFile })
  await place.io.write(path, bytes, { signal: place.signal })
  return indexFile
}

/** Deletes index files that are in no commit. */
export async function dropIndexFiles(
  place: IndexFilePlace,
  indexFiles: readonly IndexFileMeta[],
): Promise<void> {
  const paths = indexFiles.map((indexFile) => indexFilePath(place.layout, { ...place, indexFile }))
  if (paths.length > 0) await place.io.deleteAll(paths)
}
