/**
 * What a writer of a bucket knows of its compactions: the one under way, those done since the last commit, and whether the
 * bucket in the table is still the one that they build on.
 *
 * Follows what the Java classes `MergeTreeWriter` and `AppendOnlyWriter` have in common.
 */
import type { BucketIncrement } from '../snapshot/commit-message.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { DELETION_VECTORS_INDEX, type IndexFileMeta } from '../snapshot/index-manifest.ts'
import type { RestoredBucket } from '../snapshot/restore.ts'
import { isNotFound } from '../util/errors.ts'
import { reconcile, stillUncommitted } from './bucket-reconcile.ts'
import {
  type ChainedCompactions,
  chainCompactions,
  type CompactionChange,
  NO_COMPACTION,
} from './compaction-chain.ts'

/** Compacts the files of one bucket, one compaction at a time, behind the writer's back. */
export interface Compactor {
  /** The files of the bucket, those that are not committed yet among them. */
  readonly files: readonly DataFileMeta[]
  /** Whether there is nothing left to be done. */
  readonly isComplete: boolean
  /** Takes note of files that were added to the bucket. */
  add(files: readonly DataFileMeta[]): void
  /** Starts a compaction if one is due and none is under way. */
  trigger(): void
  /** Starts a compaction of all files; none may be under way. */
  triggerFull(): void
  /** What a compaction did that has ended, or with `waits` the one under way; null where there is none. */
  take(waits: boolean): Promise<CompactionChange | null>
  /** Ends the compaction under way, and drops what it did; nothing can be started any more. */
  cancel(): Promise<void>
  /** Deletes what a compaction wrote that will not be committed. */
  drop(change: CompactionChange): Promise<void>
  /** Deletes files that a later compaction replaced before they were committed. */
  dropObsolete(chained: ChainedCompactions): Promise<void>
}

/** Makes the compactor of the bucket as it is in the table, with these files in it. */
export type MakeCompactor<Kind extends Compactor = Compactor> = (
  bucket: Pick<RestoredBucket, 'files' | 'indexFiles'>,
) => Promise<Kind>

const NONE_ADDED: ReadonlySet<string> = new Set()

export class BucketCompactions<Kind extends Compactor = Compactor> {
  readonly #make: MakeCompactor<Kind> | null
  #compactor: Kind | null = null
  /** What compactions did since the last {@link drain}. */
  #change: CompactionChange = NO_COMPACTION
  /** What was handed out to be committed, and is not known to be in the table. */
  #handed: BucketIncrement[] = []
  /** The files of the deletion vectors that the compactor started from, or that it wrote and that were committed. */
  #vectorFiles = ''
  /** Whether a compaction did not find its files, and none has succeeded since. */
  #lacksFiles = false

  /** Without `make` nothing is compacted. */
  constructor(make: MakeCompactor<Kind> | null) {
    this.#make = make
  }

  /** The compactor at work; null before the bucket is restored, and where nothing is compacted. */
  get compactor(): Kind | null {
    return this.#compactor
  }

  /** Whether the bucket has to be restored before it can be compacted. */
  get needsRestore(): boolean {
    return this.#make !== null && this.#compactor === null
  }

  /** Whether a compaction waits for a commit, or may do so by then. */
  get isDirty(): boolean {
    return this.#change !== NO_COMPACTION || this.#compactor !== null
  }

  /** Whether it is not known if what was handed out is in the table. */
  get hasHanded(): boolean {
    return this.#handed.length > 0
  }

  /** Whether nothing of them would be forgotten if the bucket were opened anew. */
  get isIdle(): boolean {
    return (
      this.#change === NO_COMPACTION &&
      this.#handed.length === 0 &&
      (this.#compactor?.isComplete ?? true)
    )
  }

  /**
   * Goes on from what is in the table, and from the files that the writer has written since its last commit. `added` are
   * the files that snapshots added since the last time, where something was handed out.
   */
  async restore(
    bucket: RestoredBucket,
    newFiles: readonly DataFileMeta[],
    added: ReadonlySet<string> = NONE_ADDED,
  ): Promise<void> {
    if (this.#make === null) return
    this.#handed = stillUncommitted(bucket.files, added, this.#handed)
    if (this.#compactor !== null && this.#hasVectorFiles(bucket.indexFiles)) {
      const { before: compactBefore, after: compactAfter } = this.#change
      const own = { newFiles, compactBefore, compactAfter }
      const found = reconcile(bucket.files, [...this.#handed, own], this.#compactor.files)
      if (found.isSame) {
        this.#compactor.add(found.added)
        return
      }
    }
    await this.dropUncommitted()
    const own = [...this.#handed.flatMap((handed) => handed.newFiles), ...newFiles]
    this.#vectorFiles = vectorFilesOf(bucket.indexFiles)
    this.#compactor = await this.#make({ ...bucket, files: [...bucket.files, ...own] })
  }

  /** Whether the vectors of the table are those that the compactor knows of. */
  #hasVectorFiles(indexFiles: readonly IndexFileMeta[]): boolean {
    const found = vectorFilesOf(indexFiles)
    return (
      found === this.#vectorFiles ||
      this.#handed.some((increment) => vectorFilesOf(increment.compactNewIndexFiles) === found)
    )
  }

  /** Adds what a compaction did that has ended to what is committed next. */
  async take(waits: boolean): Promise<void> {
    const compactor = this.#compactor
    if (compactor === null) return
    let change: CompactionChange | null
    try {
      change = await compactor.take(waits)
    } catch (error) {
      // Somebody else compacted the bucket, and its old files have expired: there is nothing to go on from.
      if (!isNotFound(error) || this.#lacksFiles) throw error
      this.#lacksFiles = true
      await this.drop()
      return
    }
    if (change === null) return
    this.#lacksFiles = false
    const chained = chainCompactions(this.#change, change)
    this.#change = chained.change
    await compactor.dropObsolete(chained)
  }

  /** Hands out what is to be committed with the rest of an increment. */
  drain(rest: BucketIncrement, withChange: boolean): BucketIncrement {
    const { before, after, changelog, newIndexFiles, deletedIndexFiles } = withChange
      ? this.#change
      : NO_COMPACTION
    const increment: BucketIncrement = {
      ...rest,
      compactBefore: before,
      compactAfter: after,
      compactChangelog: changelog,
      compactNewIndexFiles: newIndexFiles,
      compactDeletedIndexFiles: deletedIndexFiles,
    }
    if (withChange) this.#change = NO_COMPACTION
    const hasFiles = increment.newFiles.length > 0 || before.length > 0
    if (this.#compactor !== null && hasFiles) this.#handed.push(increment)
    return increment
  }

  /** Takes note that what {@link drain} gave is in the table. */
  committed({ newFiles, compactAfter }: BucketIncrement): void {
    const at = this.#handed.findIndex(
      (handed) => handed.newFiles === newFiles && handed.compactAfter === compactAfter,
    )
    const [increment] = at === -1 ? [] : this.#handed.splice(at, 1)
    const indexFiles = increment?.compactNewIndexFiles ?? []
    if (indexFiles.length > 0) this.#vectorFiles = vectorFilesOf(indexFiles)
  }

  /** Drops what is in no commit, and what was handed out, which cannot be committed. */
  async drop(): Promise<void> {
    this.#handed = []
    await this.dropUncommitted()
  }

  /** Drops what was not handed out. */
  async dropUncommitted(): Promise<void> {
    const compactor = this.#compactor
    const change = this.#change
    this.#compactor = null
    this.#change = NO_COMPACTION
    await compactor?.cancel()
    await compactor?.drop(change)
  }
}

function vectorFilesOf(indexFiles: readonly IndexFileMeta[]): string {
  return indexFiles
    .filter(({ indexType }) => indexType === DELETION_VECTORS_INDEX)
    .map(({ fileName }) => fileName)
    .toSorted()
    .join('|')
}
