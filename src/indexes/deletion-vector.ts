/**
 * Deletion vectors: which rows of a data file are deleted, by their positions in it.
 *
 * An index file holds many: a byte 1, then for each its size (int), that many bytes, and their CRC32 (int), big-endian.
 * The bytes begin with a magic number, which tells their form: a 32-bit Roaring bitmap, or, little-endian, a count (long)
 * and for each of so many bitmaps the upper half of its positions (int) and the lower halves. Follows the Java classes
 * `DeletionVectorsIndexFile`, `BitmapDeletionVector` and `Bitmap64DeletionVector`.
 */
import { crc32 } from 'node:zlib'

import type { FileIO, IoOptions } from '../io/file-io.ts'
import type { FileCache } from '../snapshot/file-cache.ts'
import type { IndexFileMeta } from '../snapshot/index-manifest.ts'
import { corrupt, decoding } from '../util/errors.ts'
import {
  cardinalityOf,
  decodeBitmap,
  encodeBitmap,
  lastOf,
  type RoaringBitmap,
  withRuns,
} from './roaring.ts'

/** Where the deletion vector of a data file lies. It is plain data and travels with a split. */
export interface DeletionFile {
  /** The index file, and its size. */
  readonly path: string
  readonly fileSize: number
  readonly offset: number
  /** As the index manifest has it: of a 32-bit vector without its size and checksum, of a 64-bit one with them. */
  readonly length: number
  /** How many rows it deletes; null where an older writer did not say. */
  readonly cardinality: number | null
}

/** The forms of a vector: `deletion-vectors.bitmap64` chooses. */
export type VectorForm = 32 | 64

/** The first byte of an index file. */
export const VECTOR_FILE_VERSION = 1
const MAGIC_32 = 1_581_511_376
const MAGIC_64 = 1_681_511_377
/** The size and the checksum around a vector. */
const FRAME_BYTES = 8
/** Index files up to this size are read whole and kept: they hold the vectors of other data files too. */
const WHOLE_BYTES_MAX = 1 << 20

/**
 * Reads the positions that are deleted. CORRUPT, naming the index file, for a vector that is damaged, that has another
 * length or cardinality than its entry says, or that deletes rows beyond `rowCount`.
 */
export async function readDeletionVector(
  io: FileIO,
  cache: FileCache<Uint8Array>,
  file: DeletionFile,
  rowCount: number,
  options?: IoOptions,
): Promise<RoaringBitmap> {
  const { path, offset, length, fileSize } = file
  let end = Math.min(offset + length + FRAME_BYTES, fileSize)
  if (offset < 1 || end - offset < FRAME_BYTES)
    throw corrupt(`has no deletion vector of ${length} bytes at ${offset}`, { path })
  if (fileSize > WHOLE_BYTES_MAX) {
    const bytes = await io.readRange(path, offset, end - offset, options)
    return decoding(path, () => decodeDeletionVector(bytes, file, rowCount))
  }
  let bytes = cache.get(path)
  if (bytes === undefined) {
    bytes = await io.read(path, options)
    requireVectorFile(path, bytes, fileSize)
    cache.set(path, bytes, bytes.length)
  }
  const whole = bytes
  end = Math.min(end, whole.length)
  return decoding(path, () => decodeDeletionVector(whole.subarray(offset, end), file, rowCount))
}

/**
 * All vectors of an index file, by the names of their data files, but for those of which `rowCountOf` gives null. CORRUPT as
 * {@link readDeletionVector} is.
 */
export async function readDeletionVectors(
  io: FileIO,
  path: string,
  { fileSize, deletionVectors }: Pick<IndexFileMeta, 'fileSize' | 'deletionVectors'>,
  rowCountOf: (dataFileName: string) => number | null,
  options?: IoOptions,
): Promise<Map<string, RoaringBitmap>> {
  const vectors = new Map<string, RoaringBitmap>()
  if (deletionVectors === null || deletionVectors.length === 0) return vectors
  const bytes = await io.read(path, options)
  requireVectorFile(path, bytes, fileSize)
  for (const range of deletionVectors) {
    const { dataFileName, offset, length } = range
    if (offset < 1 || offset + FRAME_BYTES > bytes.length)
      throw corrupt(`has no deletion vector of ${length} bytes at ${offset}`, { path })
    const rowCount = rowCountOf(dataFileName)
    if (rowCount === null) continue
    vectors.set(
      dataFileName,
      decoding(path, () => decodeDeletionVector(bytes.subarray(offset), range, rowCount)),
    )
  }
  return vectors
}

/** The stored bytes of a vector, and the length that the index manifest gives it. */
export function encodeDeletionVector(
  vector: RoaringBitmap,
  form: VectorForm,
): { readonly bytes: Uint8Array; readonly length: number } {
  const bitmap = encodeBitmap(withRuns(vector))
  const size = (form === 32 ? 4 : 16) + bitmap.length
  const bytes = new Uint8Array(FRAME_BYTES + size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, size)
  if (form === 32) view.setUint32(4, MAGIC_32)
  else {
    view.setUint32(4, MAGIC_64, true)
    // One bitmap, whose positions have the upper half 0.
    view.setBigUint64(8, 1n, true)
  }
  bytes.set(bitmap, 4 + size - bitmap.length)
  view.setUint32(4 + size, crc32(bytes.subarray(4, 4 + size)))
  return { bytes, length: form === 32 ? size : bytes.length }
}

function requireVectorFile(path: string, bytes: Uint8Array, fileSize: number): void {
  if (bytes.length !== fileSize)
    throw corrupt(`has ${bytes.length} bytes, and the index manifest says ${fileSize}`, { path })
  if (bytes[0] !== VECTOR_FILE_VERSION)
    throw corrupt(`is no file of deletion vectors, by its first byte ${bytes[0]}`, { path })
}

/** The vector at the start of the bytes, of the data file's `rowCount` rows. CORRUPT, naming no file. */
function decodeDeletionVector(
  bytes: Uint8Array,
  { length, cardinality }: Pick<DeletionFile, 'length' | 'cardinality'>,
  rowCount: number,
): RoaringBitmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < FRAME_BYTES) throw corrupt('a deletion vector is cut short')
  const size = view.getUint32(0)
  const is64 = view.getUint32(4, true) === MAGIC_64
  if (!is64 && view.getUint32(4) !== MAGIC_32)
    throw corrupt(`no deletion vector, by its magic number ${view.getUint32(4)}`)
  const expected = is64 ? length - FRAME_BYTES : length
  if (size !== expected)
    throw corrupt(`a deletion vector has ${size} bytes, and its entry says ${expected}`)
  if (4 + size + 4 > bytes.length) throw corrupt('a deletion vector is cut short')
  if (crc32(bytes.subarray(4, 4 + size)) !== view.getUint32(4 + size))
    throw corrupt('the checksum of a deletion vector is wrong')
  const stored = bytes.subarray(8, 4 + size)
  const vector = is64 ? decode64(stored) : decode32(stored)
  const count = cardinalityOf(vector)
  if (cardinality !== null && cardinality !== count)
    throw corrupt(`a deletion vector deletes ${count} rows, and its entry says ${cardinality}`)
  if (lastOf(vector) >= rowCount)
    throw corrupt(`a deletion vector deletes row ${lastOf(vector)} of a file of ${rowCount}`)
  return vector
}

function decode32(bytes: Uint8Array): RoaringBitmap {
  const { bitmap, end } = decodeBitmap(bytes)
  requireEnd(bytes, end)
  return bitmap
}

/** Data files have fewer rows than 2^32, so the positions have no upper halves. */
function decode64(bytes: Uint8Array): RoaringBitmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8) throw corrupt('a deletion vector is cut short')
  const count = view.getBigUint64(0, true)
  let found: RoaringBitmap = { keys: [], containers: [] }
  let at = 8
  let last = -1
  for (let i = 0n; i < count; i++) {
    if (at + 4 > bytes.length) throw corrupt('a deletion vector is cut short')
    const key = view.getUint32(at, true)
    const { bitmap, end } = decodeBitmap(bytes, at + 4)
    if (key <= last) throw corrupt('a deletion vector has its parts out of order')
    if (key === 0) found = bitmap
    else if (bitmap.keys.length > 0)
      throw corrupt('a deletion vector deletes rows that no data file has')
    last = key
    at = end
  }
  requireEnd(bytes, at)
  return found
}

function requireEnd(bytes: Uint8Array, end: number): void {
  if (end !== bytes.length) throw corrupt('a deletion vector is longer than its bitmap')
}
