/**
 * Whether deletion vectors that a change brings still belong to the files that a table has now. Nothing is read here.
 *
 * Where buckets are not counted, a data file and its vector are one: who replaces the one must know the other. Follows
 * `ConflictDetection.buildDeltaEntriesWithDV`. Java checks nothing of counted buckets, where the file of the later commit
 * takes the place of the earlier one; here that is a conflict where a change names the file that it builds on, and where
 * a vector is of a file that is gone.
 */
import type { Conflict, ConflictCheck } from './conflict.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry, NO_VECTORS } from './index-manifest.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import { latin1Of } from './metadata-columns.ts'

/** The first conflict found, given the files that are live after the change; null when the vectors fit. */
export function vectorConflict(
  check: ConflictCheck,
  live: readonly ManifestEntry[],
): Conflict | null {
  const changed = check.changeIndexes.filter(isOfVectors)
  return (
    strayVector(check, changed, live) ??
    (check.bucketsAreCounted
      ? (staleFile(check, changed) ?? leftVector(check, changed))
      : partedPair(check, changed))
  )
}

function isOfVectors({ indexFile }: IndexManifestEntry): boolean {
  return indexFile.indexType === DELETION_VECTORS_INDEX
}

/**
 * A vector that the change adds must be of a live file. One that the table has already may be of a file that is gone: Java
 * leaves those of files behind that it has rewritten, and they do no harm.
 */
function strayVector(
  { baseIndexes }: ConflictCheck,
  changed: readonly IndexManifestEntry[],
  live: readonly ManifestEntry[],
): Conflict | null {
  const added = vectorsOf(changed, FILE_KIND.ADD)
  if (added.size === 0) return null
  const names = new Set(live.map(placeOf))
  const known = vectorsOf(baseIndexes.filter(isOfVectors), FILE_KIND.ADD)
  for (const [place, index] of added)
    if (!names.has(place) && !known.has(place))
      return conflict('rows are deleted of a data file that is gone', index)
  return null
}

/**
 * An index file that the change replaces must still be there, unless the change itself brings it; and where it replaces none,
 * there must be none.
 */
function staleFile(
  { baseIndexes }: ConflictCheck,
  changed: readonly IndexManifestEntry[],
): Conflict | null {
  const there = new Set(
    [...baseIndexes, ...changed.filter(({ kind }) => kind === FILE_KIND.ADD)].map(
      ({ indexFile }) => indexFile.fileName,
    ),
  )
  const buckets = new Set(baseIndexes.filter(isOfVectors).map((entry) => placeKey(entry, '')))
  const isStale = (entry: IndexManifestEntry): boolean => {
    const { fileName } = entry.indexFile
    return fileName === NO_VECTORS.fileName
      ? buckets.has(placeKey(entry, ''))
      : !there.has(fileName)
  }
  const stale = changed.find((entry) => entry.kind === FILE_KIND.DELETE && isStale(entry))
  return stale === undefined
    ? null
    : conflict('the deletion vectors of a bucket were changed by another commit', stale)
}

/** Whoever takes a data file away that has a vector must replace the index file of its bucket. */
function leftVector(
  { baseIndexes, change }: ConflictCheck,
  changed: readonly IndexManifestEntry[],
): Conflict | null {
  const has = vectorsOf(baseIndexes.filter(isOfVectors), FILE_KIND.ADD)
  if (has.size === 0) return null
  const replaced = new Set(changed.map((entry) => placeKey(entry, '')))
  // A file that only changes its level keeps its vector.
  const kept = new Set(change.filter(({ kind }) => kind === FILE_KIND.ADD).map(placeOf))
  const left = change.find(
    (entry) =>
      entry.kind === FILE_KIND.DELETE &&
      has.has(placeOf(entry)) &&
      !kept.has(placeOf(entry)) &&
      !replaced.has(placeKey(entry, '')),
  )
  return left === undefined
    ? null
    : { what: 'rows of a file to be deleted were deleted by another commit', files: [left] }
}

/** Whoever deletes a file, or gives it another vector, must know the vector that it has. */
function partedPair(
  { baseIndexes, change }: ConflictCheck,
  changed: readonly IndexManifestEntry[],
): Conflict | null {
  const has = vectorsOf(baseIndexes.filter(isOfVectors), FILE_KIND.ADD)
  const replaced = vectorsOf(changed, FILE_KIND.DELETE)
  const places = new Set([...replaced.keys(), ...vectorsOf(changed, FILE_KIND.ADD).keys()])
  const deleted = change.filter(({ kind }) => kind === FILE_KIND.DELETE)
  for (const place of places)
    if (has.get(place)?.indexFile.fileName !== replaced.get(place)?.indexFile.fileName)
      return conflict(
        'the deletion vector of a data file was changed by another commit',
        (replaced.get(place) ?? has.get(place))!,
      )
  for (const entry of deleted)
    if (has.has(placeOf(entry)) && !replaced.has(placeOf(entry)))
      return { what: 'rows of a file to be deleted were deleted by another commit', files: [entry] }
  return null
}

/** The index files of the kind, by the data files that they have vectors of. */
function vectorsOf(
  entries: readonly IndexManifestEntry[],
  kind: number,
): Map<string, IndexManifestEntry> {
  const vectors = new Map<string, IndexManifestEntry>()
  for (const entry of entries) {
    if (entry.kind !== kind) continue
    for (const { dataFileName } of entry.indexFile.deletionVectors ?? [])
      vectors.set(placeKey(entry, dataFileName), entry)
  }
  return vectors
}

function placeOf(entry: ManifestEntry): string {
  return placeKey(entry, entry.file.fileName)
}

/** Buckets have files of the same name where they were copied. */
function placeKey(
  { partition, bucket }: { readonly partition: Uint8Array; readonly bucket: number },
  fileName: string,
): string {
  return `${bucket}|${fileName}|${latin1Of(partition)}`
}

function conflict(what: string, { indexFile }: IndexManifestEntry): Conflict {
  return { what: `${what} (${indexFile.fileName})`, files: [] }
}
