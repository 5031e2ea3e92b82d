/**
 * Writes index files of deletion vectors.
 *
 * Follows `DeletionVectorIndexFileWriter` and `DeletionFileWriter`.
 */
import { DELETION_VECTORS_INDEX, type IndexFileMeta } from '../snapshot/index-manifest.ts'
import type { TableOptionValues } from '../types/options.ts'
import { encodeDeletionVector, VECTOR_FILE_VERSION, type VectorForm } from './deletion-vector.ts'
import { dropIndexFiles, type IndexFilePlace, writeIndexFile } from './index-file.ts'
import { cardinalityOf, type RoaringBitmap } from './roaring.ts'

/** Vectors by the names of their data files. */
export type DeletionVectors = ReadonlyMap<string, RoaringBitmap>

export interface VectorFileOptions {
  readonly form: VectorForm
  /** Where buckets are not counted, a file is ended beyond this size. */
  readonly targetSizeBytes: number
}

export function vectorFileOptions(options: TableOptionValues): VectorFileOptions {
  return {
    form: options.get('deletion-vectors.bitmap64') ? 64 : 32,
    targetSizeBytes: options.get('deletion-vector.index-file.target-size'),
  }
}

/** One file of all vectors; one without any takes the place of the bucket's former file. */
export async function writeVectorFile(
  place: IndexFilePlace,
  vectors: DeletionVectors,
  form: VectorForm,
): Promise<IndexFileMeta> {
  const [file] = vectorFiles(vectors, form, Infinity)
  return storeFile(place, file ?? { parts: [], ranges: [] })
}

/** As many files as the target size asks for, each beyond it by its last vector; none without vectors. */
export async function writeVectorFiles(
  place: IndexFilePlace,
  vectors: DeletionVectors,
  { form, targetSizeBytes }: VectorFileOptions,
): Promise<IndexFileMeta[]> {
  const written: IndexFileMeta[] = []
  try {
    for (const file of vectorFiles(vectors, form, targetSizeBytes))
      written.push(await storeFile(place, file))
    return written
  } catch (error) {
    await dropIndexFiles(place, written)
    throw error
  }
}

interface VectorFile {
  readonly parts: Uint8Array[]
  readonly ranges: NonNullable<IndexFileMeta['deletionVectors']>[number][]
}

function* vectorFiles(
  vectors: DeletionVectors,
  form: VectorForm,
  targetSizeBytes: number,
): Generator<VectorFile> {
  let file: VectorFile = { parts: [], ranges: [] }
  let offset = 1
  for (const [dataFileName, vector] of vectors) {
    const { bytes, length } = encodeDeletionVector(vector, form)
    file.parts.push(bytes)
    file.ranges.push({ dataFileName, offset, length, cardinality: cardinalityOf(vector) })
    offset += bytes.length
    if (offset <= targetSizeBytes) continue
    yield file
    file = { parts: [], ranges: [] }
    offset = 1
  }
  if (file.parts.length > 0) yield file
}

async function storeFile(
  place: IndexFilePlace,
  { parts, ranges }: VectorFile,
): Promise<IndexFileMeta> {
  const bytes = Buffer.concat([Uint8Array.of(VECTOR_FILE_VERSION), ...parts])
  const content = { rowCount: ranges.length, deletionVectors: ranges }
  return writeIndexFile(place, bytes, { indexType: DELETION_VECTORS_INDEX, ...content })
}
