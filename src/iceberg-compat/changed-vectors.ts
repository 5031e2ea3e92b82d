/**
 * Which deletion vectors of a table changed between two snapshots.
 *
 * A vector only ever gains rows, so one that deletes as many rows of a data file as before is the same, wherever it lies by
 * now: the vectors of a bucket are written anew together when one of them changes.
 */
import type { DeletionFile } from '../indexes/deletion-vector.ts'
import { type DataLayout, indexFilePath } from '../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry } from '../snapshot/index-manifest.ts'
import { bucketKey } from '../snapshot/manifest-entry.ts'
import { corrupt } from '../util/errors.ts'
import type { IcebergFile } from './entry.ts'

/** A snapshot and the one before it. */
export interface VectorStates {
  readonly layout: DataLayout
  /** The index files of the snapshot; only those of deletion vectors matter. */
  readonly indexEntries: readonly IndexManifestEntry[]
  /** Those of the snapshot before, which `before` was made from; null to make all delete files anew. */
  readonly previousEntries: readonly IndexManifestEntry[] | null
  /** Names of the data files that this snapshot is the first to show. */
  readonly addedFileNames: ReadonlySet<string>
  /** Paths, as in the manifests, of those that it shows no more. */
  readonly removedPaths: ReadonlySet<string>
  /** The live delete files of the snapshot before. */
  readonly before: readonly IcebergFile[]
}

/** A data file as vectors name theirs. */
export interface VectorTarget {
  readonly partition: Uint8Array
  readonly bucket: number
  readonly dataFileName: string
}

/** The vector of one data file, and where it lies. */
export interface PlacedVector extends VectorTarget {
  readonly file: DeletionFile
}

/** What became of the vectors since the snapshot before. */
export interface VectorDifference {
  readonly current: ReadonlyMap<string, PlacedVector>
  /** New ones, those that gained rows, and those of data files that were not shown before. */
  readonly changed: readonly PlacedVector[]
  /** Those that were there before, and whose data files are shown no more. */
  readonly left: readonly PlacedVector[]
  /** Those that were there before and are not any more, of data files that may still be shown. */
  readonly dropped: readonly PlacedVector[]
  /** Whether nothing of what was before stays. */
  readonly isAnew: boolean
}

/** What to carry over into delete files of the format. CORRUPT where a data file has two vectors. */
export function vectorDifference(
  { layout, indexEntries, previousEntries, addedFileNames, removedPaths, before }: VectorStates,
  fileFormat: IcebergFile['fileFormat'],
): VectorDifference {
  const current = vectorsOf(layout, indexEntries)
  // Files of the other kind, as after a change of the version, are not built upon.
  if (previousEntries === null || before.some((file) => file.fileFormat !== fileFormat))
    return { current, changed: [...current.values()], left: [], dropped: [], isAnew: true }
  const previous = vectorsOf(layout, previousEntries)
  const removedNames = new Set(
    [...removedPaths].map((path) => path.slice(path.lastIndexOf('/') + 1)),
  )
  const changed = [...current].filter(([key, vector]) => {
    if (addedFileNames.has(vector.dataFileName)) return true
    const former = previous.get(key)
    return former === undefined || !isSameVector(former.file, vector.file)
  })
  const left: PlacedVector[] = []
  const dropped: PlacedVector[] = []
  for (const [key, vector] of previous)
    if (removedNames.has(vector.dataFileName)) left.push(vector)
    else if (!current.has(key)) dropped.push(vector)
  return {
    current,
    changed: changed.map(([, vector]) => vector),
    left,
    dropped,
    isAnew: false,
  }
}

/** The vectors by their data files. CORRUPT where a data file has two. */
function vectorsOf(
  layout: DataLayout,
  entries: readonly IndexManifestEntry[],
): Map<string, PlacedVector> {
  const vectors = new Map<string, PlacedVector>()
  for (const entry of entries) {
    const { partition, bucket, indexFile } = entry
    const { indexType, fileSize, deletionVectors } = indexFile
    if (indexType !== DELETION_VECTORS_INDEX || deletionVectors === null) continue
    const path = indexFilePath(layout, entry)
    const prefix = bucketKey(entry)
    for (const { dataFileName, offset, length, cardinality } of deletionVectors) {
      const key = `${prefix}/${dataFileName}`
      if (vectors.has(key))
        throw corrupt(`the index manifest has two deletion vectors of ${dataFileName}`, { path })
      const file = { path, fileSize, offset, length, cardinality }
      vectors.set(key, { partition, bucket, dataFileName, file })
    }
  }
  return vectors
}

/** Index files never change, and a vector that has as many rows as before has the same ones. */
function isSameVector(a: DeletionFile, b: DeletionFile): boolean {
  if (a.path === b.path) return a.offset === b.offset
  return a.cardinality !== null && a.cardinality === b.cardinality
}
