/** Writes the rows of one bucket of a primary-key table: into memory first, then as sorted runs on level 0. */
import { type BucketIncrement, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { DELETION_VECTORS_INDEX, type IndexFileMeta } from '../snapshot/index-manifest.ts'
import type { RestoredBucket } from '../snapshot/restore.ts'
import type { Batch } from '../types/column.ts'
import { LakeError } from '../util/errors.ts'
import type { BucketCompactor } from './bucket-compactor.ts'
import { reconcile, stillUncommitted } from './bucket-reconcile.ts'
import { type BucketWriter, PREPARE, type PrepareOptions } from './bucket-writer.ts'
import { chainCompactions, type CompactionChange, NO_COMPACTION } from './compaction-chain.ts'
import type { FileTarget } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import { allFiles } from './levels.ts'
import { WriteBuffer } from './write-buffer.ts'

/** Makes the compactor of the bucket as it is in the table, with these files in it. */
export type MakeCompactor = (
  bucket: Pick<RestoredBucket, 'files' | 'indexFiles'>,
) => Promise<BucketCompactor>

/**
 * Rows are sorted and merged in memory, and each flush is a run of its own; a compactor merges runs behind it. Follows the
 * Java class `MergeTreeWriter`. Rows are numbered when they are flushed, so that they come after what other writers have
 * committed by then.
 */
export class MergeTreeWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #buffer: WriteBuffer
  readonly #makeCompactor: MakeCompactor | null
  #compactor: BucketCompactor | null = null
  #nextSequence = 0n
  #files: DataFileMeta[] = []
  #changelogFiles: DataFileMeta[] = []
  #paths: string[] = []
  /** What compactions did since the last `prepare`. */
  #change: CompactionChange = NO_COMPACTION
  /** What `prepare` gave that is not known to be in the table. */
  #handed: BucketIncrement[] = []
  /** The files of the deletion vectors that the compactor started from, or that it wrote and that were committed. */
  #vectorFiles = ''
  /** Whether a compaction did not find its files, and none has succeeded since. */
  #lacksFiles = false

  /** Without `makeCompactor` nothing is compacted. */
  constructor(target: FileTarget, directory: string, makeCompactor: MakeCompactor | null = null) {
    this.#target = target
    this.#makeCompactor = makeCompactor
    this.#buffer = new WriteBuffer(target, directory, keyValueLayout(target.schema))
  }

  get sizeBytes(): number {
    return this.#buffer.sizeBytes
  }

  get isDirty(): boolean {
    return (
      this.#buffer.rowCount > 0 ||
      this.#paths.length > 0 ||
      this.#change !== NO_COMPACTION ||
      this.#compactor !== null
    )
  }

  get isIdle(): boolean {
    return (
      this.#buffer.rowCount === 0 &&
      this.#paths.length === 0 &&
      this.#change === NO_COMPACTION &&
      this.#handed.length === 0 &&
      (this.#compactor?.isComplete ?? true)
    )
  }

  get needsRestore(): boolean {
    return this.#makeCompactor !== null && this.#compactor === null
  }

  async write(batch: Batch, kinds: Int8Array): Promise<void> {
    if (this.#buffer.isFull) await this.relieve()
    this.#buffer.append(batch, kinds)
  }

  async restore(bucket: RestoredBucket): Promise<void> {
    const next = bucket.maxSequenceNumber + 1n
    if (next > this.#nextSequence) this.#nextSequence = next
    if (this.#makeCompactor === null) return
    this.#handed = stillUncommitted(bucket.files, this.#handed)
    if (this.#compactor !== null && this.#hasVectorFiles(bucket.indexFiles)) {
      const { before: compactBefore, after: compactAfter } = this.#change
      const own = { newFiles: this.#files, compactBefore, compactAfter }
      const known = allFiles(this.#compactor.levels)
      const found = reconcile(bucket.files, [...this.#handed, own], known)
      if (found.isSame) {
        this.#compactor.add(found.added)
        return
      }
    }
    await this.#dropUncommitted()
    const own = [...this.#handed.flatMap(({ newFiles }) => newFiles), ...this.#files]
    this.#vectorFiles = vectorFilesOf(bucket.indexFiles)
    this.#compactor = await this.#makeCompactor({ ...bucket, files: [...bucket.files, ...own] })
  }

  /** Whether the vectors of the table are those that the compactor knows of. */
  #hasVectorFiles(indexFiles: readonly IndexFileMeta[]): boolean {
    const found = vectorFilesOf(indexFiles)
    return (
      found === this.#vectorFiles ||
      this.#handed.some((increment) => vectorFilesOf(increment.compactNewIndexFiles) === found)
    )
  }

  async spill(): Promise<boolean> {
    return await this.#buffer.spill()
  }

  async relieve(): Promise<void> {
    await this.#flush(false)
  }

  async #flush(waits: boolean): Promise<void> {
    const compactor = this.#compactor
    const { rowCount } = this.#buffer
    const blocks = rowCount > 0 && compactor?.blocksFlush === true
    await this.#flushRows()
    await this.#takeCompaction(waits || blocks)
    this.#compactor?.trigger()
  }

  async #flushRows(): Promise<void> {
    const { rowCount } = this.#buffer
    const { files, changelogFiles, paths } = await this.#buffer.flush(this.#nextSequence)
    this.#nextSequence += BigInt(rowCount)
    this.#files.push(...files)
    this.#changelogFiles.push(...changelogFiles)
    this.#paths.push(...paths)
    this.#compactor?.add(files)
  }

  /** Adds what a compaction did that has ended to what is prepared next. */
  async #takeCompaction(waits: boolean): Promise<void> {
    const compactor = this.#compactor
    if (compactor === null) return
    let change: CompactionChange | null
    try {
      change = await compactor.take(waits)
    } catch (error) {
      // Somebody else compacted the bucket, and its old files have expired: there is nothing to go on from.
      if (!isMissingFile(error) || this.#lacksFiles) throw error
      this.#lacksFiles = true
      await this.dropCompactions()
      return
    }
    if (change === null) return
    this.#lacksFiles = false
    const chained = chainCompactions(this.#change, change)
    this.#change = chained.change
    await compactor.dropObsolete(chained)
  }

  async compact(isFull: boolean): Promise<void> {
    await this.#flushRows()
    await this.#takeCompaction(true)
    if (isFull) this.#compactor?.triggerFull()
    else this.#compactor?.trigger()
  }

  async prepare({ waits, isFull, holdsBack }: PrepareOptions = PREPARE): Promise<BucketIncrement> {
    if (holdsBack) await this.#flushRows()
    else {
      if (isFull) await this.compact(true)
      await this.#flush(waits)
      await this.#takeCompaction(waits || this.#mustWait())
    }
    return this.#drain(!holdsBack)
  }

  #mustWait(): boolean {
    return (
      this.#compactor?.blocksCommit === true || this.#target.options.get('commit.force-compact')
    )
  }

  #drain(withChange: boolean): BucketIncrement {
    const { before, after, changelog, newIndexFiles, deletedIndexFiles } = withChange
      ? this.#change
      : NO_COMPACTION
    const increment: BucketIncrement = {
      ...EMPTY_INCREMENT,
      newFiles: this.#files,
      changelogFiles: this.#changelogFiles,
      compactBefore: before,
      compactAfter: after,
      compactChangelog: changelog,
      compactNewIndexFiles: newIndexFiles,
      compactDeletedIndexFiles: deletedIndexFiles,
    }
    this.#files = []
    this.#changelogFiles = []
    this.#paths = []
    if (withChange) this.#change = NO_COMPACTION
    if (this.#compactor !== null && hasFiles(increment)) this.#handed.push(increment)
    return increment
  }

  committed({ newFiles, compactAfter }: BucketIncrement): void {
    const at = this.#handed.findIndex(
      (handed) => handed.newFiles === newFiles && handed.compactAfter === compactAfter,
    )
    const [increment] = at === -1 ? [] : this.#handed.splice(at, 1)
    const indexFiles = increment?.compactNewIndexFiles ?? []
    if (indexFiles.length > 0) this.#vectorFiles = vectorFilesOf(indexFiles)
  }

  async dropCompactions(): Promise<void> {
    this.#handed = []
    await this.#dropUncommitted()
  }

  async #dropUncommitted(): Promise<void> {
    const compactor = this.#compactor
    const change = this.#change
    this.#compactor = null
    this.#change = NO_COMPACTION
    await compactor?.cancel()
    await compactor?.drop(change)
  }

  async abort(): Promise<void> {
    const paths = this.#paths
    this.#files = []
    this.#changelogFiles = []
    this.#paths = []
    await this.#buffer.clear()
    await this.#dropUncommitted()
    await this.#target.io.deleteAll(paths)
  }
}

function hasFiles({ newFiles, compactBefore }: BucketIncrement): boolean {
  return newFiles.length > 0 || compactBefore.length > 0
}

function isMissingFile(error: unknown): boolean {
  return error instanceof LakeError && error.code === 'NOT_FOUND'
}

function vectorFilesOf(indexFiles: readonly IndexFileMeta[]): string {
  return indexFiles
    .filter(({ indexType }) => indexType === DELETION_VECTORS_INDEX)
    .map(({ fileName }) => fileName)
    .toSorted()
    .join('|')
}
