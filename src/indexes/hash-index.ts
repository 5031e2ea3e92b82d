/**
 * The hash index of a dynamic bucket: a file of the hashes of all keys that were ever put into it.
 *
 * Four bytes, big-endian, for each hash, in any order. Follows the Java class `HashIndexFile`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { type DataLayout, indexFilePath } from '../snapshot/data-paths.ts'
import {
  HASH_INDEX,
  type IndexFileMeta,
  type IndexManifestEntry,
} from '../snapshot/index-manifest.ts'
import { corrupt } from '../util/errors.ts'
import { type IndexFilePlace, writeIndexFile } from './index-file.ts'

/** Reads the hashes of a bucket. CORRUPT for a file that has not as many as its entry says. */
export async function readHashIndex(
  io: FileIO,
  layout: DataLayout,
  entry: Pick<IndexManifestEntry, 'partition' | 'bucket' | 'indexFile'>,
  options?: IoOptions,
): Promise<Int32Array> {
  const path = indexFilePath(layout, entry)
  const bytes = await io.read(path, options)
  const { rowCount } = entry.indexFile
  if (bytes.length !== 4 * rowCount)
    throw corrupt(`has ${bytes.length} bytes, and its entry says ${rowCount} hashes`, { path })
  const hashes = new Int32Array(rowCount)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < rowCount; i++) hashes[i] = view.getInt32(4 * i)
  return hashes
}

/** Stores the hashes of a bucket in a new file. */
export async function writeHashIndex(
  place: IndexFilePlace,
  hashes: Int32Array,
): Promise<IndexFileMeta> {
  const bytes = new Uint8Array(4 * hashes.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < hashes.length; i++) view.setInt32(4 * i, hashes[i]!)
  const content = { indexType: HASH_INDEX, rowCount: hashes.length, deletionVectors: null }
  return await writeIndexFile(place, bytes, content)
}
