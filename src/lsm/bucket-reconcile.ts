/**
 * Whether what a writer takes a bucket to hold is still what the table says, where others commit to the table too.
 *
 * Java's writers take it that nobody else compacts their buckets, and fail when somebody does; here a writer goes on from
 * what is in the table.
 */
import type { BucketIncrement } from '../snapshot/commit-message.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { identityOf } from './compaction-chain.ts'

/** What a writer did to a bucket that is in no snapshot that it knows of. */
export type Uncommitted = Pick<BucketIncrement, 'newFiles' | 'compactBefore' | 'compactAfter'>

export type Reconciled =
  /** The bucket holds what the writer thinks, and beside it these new files of level 0. */
  | { readonly isSame: true; readonly added: readonly DataFileMeta[] }
  /** Somebody else compacted the bucket, or overwrote it. */
  | { readonly isSame: false }

/** Compares the files of the table, with what the writer did on top of them, to the files that the writer knows. */
export function reconcile(
  table: readonly DataFileMeta[],
  uncommitted: readonly Uncommitted[],
  known: readonly DataFileMeta[],
): Reconciled {
  const expected = new Map(table.map((file) => [identityOf(file), file]))
  for (const { newFiles, compactBefore, compactAfter } of uncommitted) {
    for (const file of newFiles) expected.set(identityOf(file), file)
    for (const file of compactBefore)
      if (!expected.delete(identityOf(file))) return { isSame: false }
    for (const file of compactAfter) expected.set(identityOf(file), file)
  }
  for (const file of known) if (!expected.delete(identityOf(file))) return { isSame: false }
  const added = [...expected.values()]
  return added.every(({ level }) => level === 0) ? { isSame: true, added } : { isSame: false }
}

/**
 * What of the increments has not been committed, as far as the files of the table tell, and those that snapshots `added`
 * since the increments were made: a file may have been committed and compacted by others already.
 */
export function stillUncommitted<Increment extends Uncommitted>(
  table: readonly DataFileMeta[],
  added: ReadonlySet<string>,
  increments: readonly Increment[],
): Increment[] {
  const live = new Set(table.map(identityOf))
  const isCommitted = (file: DataFileMeta): boolean =>
    live.has(identityOf(file)) || added.has(identityOf(file))
  const left: Increment[] = []
  for (const increment of increments) {
    const { newFiles, compactBefore, compactAfter } = increment
    const isCompacted =
      compactAfter.length > 0
        ? compactAfter.some(isCommitted)
        : compactBefore.every((file) => !live.has(identityOf(file)))
    // The rows of a message are committed before its compaction is.
    const isAppended =
      newFiles.length === 0 ||
      (isCompacted && compactBefore.length > 0) ||
      newFiles.some(isCommitted)
    if (isAppended && isCompacted) continue
    left.push(isAppended ? { ...increment, newFiles: [] } : increment)
  }
  return left
}
