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

/** What of the increments is not in the table, as far as its files tell. */
export function stillUncommitted<Increment extends Uncommitted>(
  table: readonly DataFileMeta[],
  increments: readonly Increment[],
): Increment[] {
  const names = new Set(table.map(({ fileName }) => fileName))
  const files = new Set(table.map(identityOf))
  const left: Increment[] = []
  for (const increment of increments) {
    const { newFiles, compactBefore, compactAfter } = increment
    const isCompacted =
      compactAfter.length > 0
        ? compactAfter.some((file) => files.has(identityOf(file)))
        : compactBefore.every((file) => !files.has(identityOf(file)))
    const isAppended =
      newFiles.length === 0 ||
      (isCompacted && compactBefore.length > 0) ||
      newFiles.some(({ fileName }) => names.has(fileName))
    if (isAppended && isCompacted) continue
    left.push(isAppended ? { ...increment, newFiles: [] } : increment)
  }
  return left
}
