/**
 * What becomes of the index files of a table when a commit adds and deletes some.
 *
 * Follows `IndexManifestFileHandler`: a bucket has one hash index and one file of deletion vectors, so a new one takes
 * the place of the old; where buckets are not counted, and for global indexes, files are told apart by their names.
 */
import { LakeError } from '../util/errors.ts'
import { DELETION_VECTORS_INDEX, HASH_INDEX, type IndexManifestEntry } from './index-manifest.ts'
import { FILE_KIND } from './manifest-entry.ts'
import { latin1Of } from './metadata-columns.ts'

/**
 * The index files after the change. CONFLICT when a file is deleted that is not there, when one is added twice, or when
 * a data file would have two deletion vectors.
 */
export function mergeIndexEntries(
  current: readonly IndexManifestEntry[],
  change: readonly IndexManifestEntry[],
  bucketsAreCounted: boolean,
): IndexManifestEntry[] {
  const perBucket = ({ indexFile }: IndexManifestEntry): boolean =>
    indexFile.indexType === HASH_INDEX ||
    (indexFile.indexType === DELETION_VECTORS_INDEX && bucketsAreCounted)
  return [
    ...mergeByBucket(current.filter(perBucket), change.filter(perBucket)),
    ...mergeByName(
      current.filter((entry) => !perBucket(entry)),
      change.filter((entry) => !perBucket(entry)),
    ),
  ]
}

function mergeByBucket(
  current: readonly IndexManifestEntry[],
  change: readonly IndexManifestEntry[],
): IndexManifestEntry[] {
  const merged = new Map(current.map((entry) => [keyOf(entry), entry]))
  // Deletions come first, so that they do not hit what the same commit adds.
  for (const entry of change) if (entry.kind === FILE_KIND.DELETE) merged.delete(keyOf(entry))
  for (const entry of change) if (entry.kind === FILE_KIND.ADD) merged.set(keyOf(entry), entry)
  return [...merged.values()]
}

function keyOf({ partition, bucket, indexFile }: IndexManifestEntry): string {
  return `${indexFile.indexType}|${bucket}|${latin1Of(partition)}`
}

function mergeByName(
  current: readonly IndexManifestEntry[],
  change: readonly IndexManifestEntry[],
): IndexManifestEntry[] {
  const merged = new Map(current.map((entry) => [entry.indexFile.fileName, entry]))
  for (const { kind, indexFile } of change) {
    if (kind === FILE_KIND.DELETE && !merged.delete(indexFile.fileName))
      throw conflict(`the index file ${indexFile.fileName} to be deleted is not in the table`)
  }
  for (const entry of change) {
    if (entry.kind !== FILE_KIND.ADD) continue
    const { fileName } = entry.indexFile
    if (merged.has(fileName)) throw conflict(`the index file ${fileName} is in the table already`)
    merged.set(fileName, entry)
  }
  const entries = [...merged.values()]
  if (change.length > 0) checkOneVectorEach(entries)
  return entries
}

function checkOneVectorEach(entries: readonly IndexManifestEntry[]): void {
  const covered = new Set<string>()
  for (const { indexFile } of entries) {
    for (const { dataFileName } of indexFile.deletionVectors ?? []) {
      if (covered.has(dataFileName))
        throw conflict(`the data file ${dataFileName} would have two deletion vectors`)
      covered.add(dataFileName)
    }
  }
}

function conflict(message: string): LakeError {
  return new LakeError('CONFLICT', message, { hint: 'read the table again and redo the change' })
}
