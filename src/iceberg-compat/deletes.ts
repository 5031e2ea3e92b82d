/**
 * Carries Paimon's deletion vectors over into Iceberg's delete files, as far as a snapshot changed them.
 *
 * In version 3 the changed vectors go into one Puffin file a snapshot, each with a manifest entry of its own; in version 2 the
 * deleted positions of a partition are one Parquet file, which is written anew when a vector in the partition changed.
 *
 * Sources: the Iceberg specification, "Delete Formats"; the Java class `IcebergCommitCallback` for the vectors.
 */
import {
  encodeDeletionVector,
  readDeletionVector,
  readDeletionVectors,
} from '../indexes/deletion-vector.ts'
import { cardinalityOf, type RoaringBitmap } from '../indexes/roaring.ts'
import type { FileIO } from '../io/file-io.ts'
import { createFileCache } from '../snapshot/file-cache.ts'
import { latin1Of } from '../snapshot/metadata-columns.ts'
import { mapAll, mapOrdered } from '../util/async.ts'
import {
  type PlacedVector,
  vectorDifference,
  type VectorStates,
  type VectorTarget,
} from './changed-vectors.ts'
import { CONTENT, type IcebergFile } from './entry.ts'
import { writePositionDeletes } from './position-deletes.ts'
import { type PuffinRange, PuffinWriter } from './puffin.ts'
import type { IcebergSettings } from './settings.ts'

/** A data file that the snapshot shows. */
export interface ShownFile {
  /** Byte for byte as its manifest entry names it. */
  readonly path: string
  readonly recordCount: number
}

export interface DeletesRequest extends VectorStates {
  readonly io: FileIO
  readonly settings: IcebergSettings
  /** A file for each target, in order; undefined where the snapshot does not show it. */
  filesOf(targets: readonly VectorTarget[]): Promise<readonly (ShownFile | undefined)[]>
  /** A path for a new file in the metadata directory, whose name ends so. */
  newPath(suffix: string): string
  readonly signal?: AbortSignal | undefined
}

export interface DeletesChange {
  readonly added: readonly IcebergFile[]
  /** Some of those that the request calls live, the very objects. */
  readonly removed: readonly IcebergFile[]
}

/**
 * The delete files that come and go with the snapshot; the new ones are written. CORRUPT, naming the index file, for a vector
 * that is damaged, or that deletes rows that its data file does not have.
 */
export async function updateDeletes(request: DeletesRequest): Promise<DeletesChange> {
  const { settings, before } = request
  if (settings.deletes === 'none') return { added: [], removed: before }
  return settings.deletes === 'puffin' ? updatePuffin(request) : updatePositions(request)
}

/** A vector whose data file is shown. */
interface ShownVector extends PlacedVector {
  readonly shown: ShownFile
}

interface DecodedVector {
  readonly vector: ShownVector
  readonly bitmap: RoaringBitmap
}

/** Index files, and files of one partition each, that are read and written at a time. */
const FILES_AT_ONCE = 4
/** Of an index file beyond this size the wanted vectors are read alone, where they are less than half of it. */
const RANGED_BYTES_MIN = 1 << 20

async function updatePuffin(request: DeletesRequest): Promise<DeletesChange> {
  const { before, removedPaths } = request
  const { changed, dropped, isAnew } = vectorDifference(request, 'puffin')
  const shown = await shownOf(request, changed)
  const added = await writePuffin(request, shown)
  if (isAnew) return { added, removed: before }
  const replaced = new Set(shown.map((vector) => vector.shown.path))
  for (const { shown: file } of await shownOf(request, dropped)) replaced.add(file.path)
  const removed = before.filter(
    ({ referencedDataFile: path }) => replaced.has(path!) || removedPaths.has(path!),
  )
  return { added, removed }
}

async function writePuffin(
  request: DeletesRequest,
  vectors: readonly ShownVector[],
): Promise<IcebergFile[]> {
  const { io, signal } = request
  let writer: PuffinWriter | null = null
  const written: { vector: ShownVector; recordCount: number; range: PuffinRange }[] = []
  let path = ''
  try {
    for await (const decoded of decodedVectors(request, vectors))
      for (const { vector, bitmap } of decoded) {
        const cardinality = cardinalityOf(bitmap)
        if (cardinality === 0) continue
        if (writer === null) {
          path = request.newPath('-deletes.puffin')
          writer = await PuffinWriter.open(io, path, { signal })
        }
        // Of a vector of 64 bits these are the bytes that Paimon has; one of 32 bits gets them here.
        const { bytes } = encodeDeletionVector(bitmap, 64)
        const dataFilePath = vector.shown.path
        const range = await writer.add({ bytes, cardinality, dataFilePath })
        written.push({ vector, recordCount: cardinality, range })
      }
    if (writer === null) return []
    const fileSize = await writer.close()
    return written.map(({ vector, recordCount, range }) => ({
      ...deleteFile(path, vector.partition, recordCount, fileSize),
      fileFormat: 'puffin',
      metrics: null,
      referencedDataFile: vector.shown.path,
      contentOffset: range.offset,
      contentSize: range.sizeBytes,
    }))
  } catch (error) {
    await writer?.abort()
    throw error
  }
}

async function updatePositions(request: DeletesRequest): Promise<DeletesChange> {
  const { before } = request
  const { current, changed, left, dropped, isAnew } = vectorDifference(request, 'parquet')
  const partitions = new Set((await shownOf(request, changed)).map(partitionKey))
  for (const vector of [...left, ...dropped]) partitions.add(partitionKey(vector))
  const vectors = [...current.values()].filter((each) => partitions.has(partitionKey(each)))
  const byPartition = Map.groupBy(await shownOf(request, vectors), partitionKey)
  const written = await mapAll(byPartition.values(), FILES_AT_ONCE, async (each) =>
    writePartition(request, each),
  )
  return {
    added: written.flatMap((file) => file ?? []),
    removed: isAnew ? before : before.filter((file) => partitions.has(partitionKey(file))),
  }
}

/** Null where no row of the data files is deleted. */
async function writePartition(
  request: DeletesRequest,
  vectors: readonly ShownVector[],
): Promise<IcebergFile | null> {
  const { io, signal } = request
  const deleted: { dataFilePath: string; positions: RoaringBitmap }[] = []
  for await (const decoded of decodedVectors(request, vectors))
    for (const { vector, bitmap: positions } of decoded)
      if (cardinalityOf(positions) > 0) deleted.push({ dataFilePath: vector.shown.path, positions })
  if (deleted.length === 0) return null
  const path = request.newPath('-deletes.parquet')
  const { rowCount, sizeBytes, metrics } = await writePositionDeletes(io, path, deleted, { signal })
  return {
    ...deleteFile(path, vectors[0]!.partition, rowCount, sizeBytes),
    fileFormat: 'parquet',
    metrics,
    referencedDataFile: deleted.length === 1 ? deleted[0]!.dataFilePath : null,
    contentOffset: null,
    contentSize: null,
  }
}

function deleteFile(
  filePath: string,
  partition: Uint8Array,
  recordCount: number,
  fileSize: number,
): Pick<
  IcebergFile,
  'content' | 'filePath' | 'partition' | 'recordCount' | 'fileSize' | 'firstRowId'
> {
  return { content: CONTENT.DELETES, filePath, partition, recordCount, fileSize, firstRowId: null }
}

function partitionKey({ partition }: { readonly partition: Uint8Array }): string {
  return latin1Of(partition)
}

async function shownOf(
  request: DeletesRequest,
  vectors: readonly PlacedVector[],
): Promise<ShownVector[]> {
  if (vectors.length === 0) return []
  const files = await request.filesOf(vectors)
  return vectors.flatMap((vector, i) => {
    const shown = files[i]
    return shown === undefined ? [] : { ...vector, shown }
  })
}

/** The bitmaps of the vectors, an index file at a time and in the order of the first vectors of the files. */
function decodedVectors(
  request: DeletesRequest,
  vectors: readonly ShownVector[],
): AsyncIterable<DecodedVector[]> {
  const files = Map.groupBy(vectors, ({ file }) => file.path)
  return mapOrdered(files, FILES_AT_ONCE, async ([path, ofFile]) =>
    decodeVectors(request, path, ofFile),
  )
}

async function decodeVectors(
  { io, signal }: DeletesRequest,
  path: string,
  vectors: readonly ShownVector[],
): Promise<DecodedVector[]> {
  const { fileSize } = vectors[0]!.file
  const wantedBytes = vectors.reduce((sum, { file }) => sum + file.length, 0)
  if (fileSize > RANGED_BYTES_MIN && 2 * wantedBytes < fileSize) {
    const cache = createFileCache<Uint8Array>(0)
    return await mapAll(vectors, FILES_AT_ONCE, async (vector) => {
      const { recordCount } = vector.shown
      const bitmap = await readDeletionVector(io, cache, vector.file, recordCount, { signal })
      return { vector, bitmap }
    })
  }
  const deletionVectors = vectors.map(({ dataFileName, file }) => ({ ...file, dataFileName }))
  const rowCounts = new Map(vectors.map((each) => [each.dataFileName, each.shown.recordCount]))
  const rowCountOf = (name: string): number | null => rowCounts.get(name) ?? null
  const bitmaps = await readDeletionVectors(io, path, { fileSize, deletionVectors }, rowCountOf, {
    signal,
  })
  return vectors.map((vector) => ({ vector, bitmap: bitmaps.get(vector.dataFileName)! }))
}
