/**
 * The deletion vectors of one partition whose buckets are not counted, while rows of its files are deleted.
 *
 * There are several index files, and each vector is in one of them. Only those are read and written anew that have the
 * vector of a changed data file. Follows `AppendDeleteFileMaintainer`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { type DataLayout, indexFilePath } from '../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexFileMeta } from '../snapshot/index-manifest.ts'
import type { BucketIndexes } from './bucket-deletions.ts'
import { type VectorFileOptions, writeVectorFiles } from './deletion-vector-file.ts'
import { readDeletionVectors } from './deletion-vector.ts'
import type { IndexChange, IndexFilePlace } from './index-file.ts'
import { bitmapOfAscending, type RoaringBitmap, union } from './roaring.ts'

export class PartitionDeletions {
  readonly #io: FileIO
  readonly #layout: DataLayout
  readonly #indexes: BucketIndexes
  readonly #options: VectorFileOptions
  /** The index file of each data file that has a vector. */
  readonly #indexOf: ReadonlyMap<string, IndexFileMeta>
  /** What was read, by the name of the index file. */
  readonly #read = new Map<string, Promise<ReadonlyMap<string, RoaringBitmap>>>()
  /** Rows deleted here. */
  readonly #added = new Map<string, RoaringBitmap>()
  readonly #removed = new Set<string>()

  /** The index files of the partition; nothing is read yet. */
  constructor(io: FileIO, layout: DataLayout, indexes: BucketIndexes, options: VectorFileOptions) {
    this.#io = io
    this.#layout = layout
    this.#indexes = indexes
    this.#options = options
    this.#indexOf = new Map(
      indexes.indexFiles
        .filter(({ indexType }) => indexType === DELETION_VECTORS_INDEX)
        .flatMap((indexFile) =>
          (indexFile.deletionVectors ?? []).map(({ dataFileName }) => [dataFileName, indexFile]),
        ),
    )
  }

  /** Whether {@link prepare} would change a file. */
  get isChanged(): boolean {
    return this.#added.size > 0 || this.#removed.size > 0
  }

  /** The rows of the file that are deleted by now; undefined for none. */
  async of(fileName: string, options?: IoOptions): Promise<RoaringBitmap | undefined> {
    const added = this.#added.get(fileName)
    const stored = await this.#stored(fileName, options)
    return added === undefined || stored === undefined ? (added ?? stored) : union(stored, added)
  }

  /** Deletes rows of the file by their positions, ascending; some may be deleted already. */
  delete(fileName: string, positions: Uint32Array): void {
    if (positions.length === 0) return
    const added = bitmapOfAscending(positions)
    const before = this.#added.get(fileName)
    this.#added.set(fileName, before === undefined ? added : union(before, added))
  }

  /** Says that the file is gone, and its vector with it. */
  removeFile(fileName: string): void {
    this.#added.delete(fileName)
    if (this.#indexOf.has(fileName)) this.#removed.add(fileName)
  }

  /** Writes what changed since the table was read; to be called once. */
  async prepare(place: IndexFilePlace): Promise<IndexChange> {
    const touched = new Set<IndexFileMeta>()
    for (const fileName of [...this.#added.keys(), ...this.#removed]) {
      const indexFile = this.#indexOf.get(fileName)
      if (indexFile !== undefined) touched.add(indexFile)
    }
    const vectors = new Map<string, RoaringBitmap>()
    const names = [...touched].flatMap(({ deletionVectors }) =>
      deletionVectors!.map(({ dataFileName }) => dataFileName),
    )
    for (const fileName of new Set([...names, ...this.#added.keys()])) {
      if (this.#removed.has(fileName)) continue
      vectors.set(fileName, (await this.of(fileName, { signal: place.signal }))!)
    }
    const newIndexFiles = await writeVectorFiles(place, vectors, this.#options)
    return { newIndexFiles, deletedIndexFiles: [...touched] }
  }

  async #stored(fileName: string, options?: IoOptions): Promise<RoaringBitmap | undefined> {
    const indexFile = this.#indexOf.get(fileName)
    if (indexFile === undefined || this.#removed.has(fileName)) return undefined
    let read = this.#read.get(indexFile.fileName)
    if (read === undefined) {
      const { rowCountOf } = this.#indexes
      const path = indexFilePath(this.#layout, { ...this.#indexes, indexFile })
      read = readDeletionVectors(this.#io, path, indexFile, rowCountOf, options)
      this.#read.set(indexFile.fileName, read)
      // A failure is not remembered.
      read.catch(() => this.#read.delete(indexFile.fileName))
    }
    return (await read).get(fileName)
  }
}
