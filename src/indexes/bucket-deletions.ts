/**
 * The deletion vectors of one bucket while rows of its files are deleted and files come and go.
 *
 * A counted bucket has one index file of all its vectors, which is written anew when one of them changed. Follows
 * `BucketedDvMaintainer`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { type DataLayout, indexFilePath } from '../snapshot/data-paths.ts'
import {
  DELETION_VECTORS_INDEX,
  type IndexFileMeta,
  NO_VECTORS,
} from '../snapshot/index-manifest.ts'
import { type DeletionVectors, writeVectorFile } from './deletion-vector-file.ts'
import { readDeletionVectors, type VectorForm } from './deletion-vector.ts'
import type { IndexChange, IndexFilePlace } from './index-file.ts'
import { bitmapOfAscending, cardinalityOf, type RoaringBitmap, union } from './roaring.ts'

export class BucketDeletions {
  readonly #vectors: Map<string, RoaringBitmap>
  readonly #form: VectorForm
  #isChanged = false
  #files: readonly IndexFileMeta[]

  /** The vectors that the bucket has, by the names of their data files, and the index file that they are in. */
  constructor(vectors: DeletionVectors, form: VectorForm, files: readonly IndexFileMeta[] = []) {
    this.#vectors = new Map(vectors)
    this.#form = form
    this.#files = files
  }

  /** Whether {@link prepare} would write a file. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** The rows of the file that are deleted by now; undefined for none. */
  of(fileName: string): RoaringBitmap | undefined {
    return this.#vectors.get(fileName)
  }

  /** Deletes rows of the file by their positions, ascending; some may be deleted already. */
  delete(fileName: string, positions: Uint32Array): void {
    if (positions.length === 0) return
    const before = this.#vectors.get(fileName)
    const added = bitmapOfAscending(positions)
    const after = before === undefined ? added : union(before, added)
    if (before !== undefined && cardinalityOf(after) === cardinalityOf(before)) return
    this.#vectors.set(fileName, after)
    this.#isChanged = true
  }

  /** Says that the file is gone, and its vector with it. */
  removeFile(fileName: string): void {
    if (this.#vectors.delete(fileName)) this.#isChanged = true
  }

  /**
   * Writes the vectors, if they changed since the last time. The new file takes the place of the bucket's former one;
   * that it has no vectors any more is told by a file without vectors. Java does not name the former file. Here it is
   * named, so that a commit on top of vectors that another writer changed meanwhile is told apart.
   */
  async prepare(place: IndexFilePlace): Promise<IndexChange> {
    if (!this.#isChanged) return { newIndexFiles: [], deletedIndexFiles: [] }
    const indexFile = await writeVectorFile(place, this.#vectors, this.#form)
    const deletedIndexFiles = this.#files.length > 0 ? this.#files : [NO_VECTORS]
    this.#files = [indexFile]
    this.#isChanged = false
    return { newIndexFiles: [indexFile], deletedIndexFiles }
  }
}

/** What index files of a bucket are of. */
export interface BucketIndexes {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly indexFiles: readonly IndexFileMeta[]
  /**
   * How many rows a data file of the bucket has: no position is beyond. Null for one that is not there: where Java rewrites
   * the only file of a bucket, it leaves the vector of the former file in the index.
   */
  readonly rowCountOf: (fileName: string) => number | null
}

/** Reads all vectors of a bucket. CORRUPT, naming the index file, for damaged ones. */
export async function readBucketDeletions(
  io: FileIO,
  layout: DataLayout,
  { partition, bucket, indexFiles, rowCountOf }: BucketIndexes,
  form: VectorForm,
  options?: IoOptions,
): Promise<BucketDeletions> {
  const vectors = new Map<string, RoaringBitmap>()
  const files = indexFiles.filter(({ indexType }) => indexType === DELETION_VECTORS_INDEX)
  for (const indexFile of files) {
    const path = indexFilePath(layout, { partition, bucket, indexFile })
    const found = await readDeletionVectors(io, path, indexFile, rowCountOf, options)
    for (const [fileName, vector] of found) vectors.set(fileName, vector)
  }
  return new BucketDeletions(vectors, form, files)
}
