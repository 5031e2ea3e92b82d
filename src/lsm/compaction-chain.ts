/**
 * What compactions of a bucket did since its last commit, put together: what the first replaced for what the last made.
 *
 * Follows `updateCompactResult` of the Java class `MergeTreeWriter`.
 */
import type { IndexChange } from '../indexes/index-file.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { IndexFileMeta } from '../snapshot/index-manifest.ts'
import type { CompactionResult } from './compaction-rewrite.ts'

/** A compaction, or several that follow each other, in no commit yet. */
export interface CompactionChange extends CompactionResult, IndexChange {}

export const NO_COMPACTION: CompactionChange = {
  before: [],
  after: [],
  changelog: [],
  paths: [],
  newIndexFiles: [],
  deletedIndexFiles: [],
}

export interface ChainedCompactions {
  readonly change: CompactionChange
  /** Files that the earlier compaction made and the later one replaced: no commit will ever name them. */
  readonly obsolete: readonly DataFileMeta[]
  readonly obsoleteIndexFiles: readonly IndexFileMeta[]
}

/** The two as one. */
export function chainCompactions(
  earlier: CompactionChange,
  later: CompactionChange,
): ChainedCompactions {
  const after = new Map(earlier.after.map((file) => [identityOf(file), file]))
  const before = new Map(earlier.before.map((file) => [file.fileName, file]))
  const kept = new Set(later.after.map(({ fileName }) => fileName))
  const obsolete: DataFileMeta[] = []
  for (const file of later.before) {
    if (!after.delete(identityOf(file))) before.set(file.fileName, file)
    // A file that only changed its level was there before, or is there still.
    else if (!before.has(file.fileName) && !kept.has(file.fileName)) obsolete.push(file)
  }
  for (const file of later.after) after.set(identityOf(file), file)
  const made = new Set(earlier.newIndexFiles.map(({ fileName }) => fileName))
  const gone = new Set(later.deletedIndexFiles.map(({ fileName }) => fileName))
  return {
    change: {
      before: [...before.values()],
      after: [...after.values()],
      changelog: [...earlier.changelog, ...later.changelog],
      paths: [...earlier.paths, ...later.paths],
      newIndexFiles: [
        ...earlier.newIndexFiles.filter(({ fileName }) => !gone.has(fileName)),
        ...later.newIndexFiles,
      ],
      deletedIndexFiles: [
        ...earlier.deletedIndexFiles,
        ...later.deletedIndexFiles.filter(({ fileName }) => !made.has(fileName)),
      ],
    },
    obsolete,
    obsoleteIndexFiles: earlier.newIndexFiles.filter(({ fileName }) => gone.has(fileName)),
  }
}

/** A file is known by its name, and by its level where it moves from one to another. */
export function identityOf({ fileName, level }: DataFileMeta): string {
  return `${level}/${fileName}`
}
