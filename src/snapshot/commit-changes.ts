/** What commit messages change, as the entries that a snapshot records. Follows `ManifestEntryChanges`. */
import type { DataField } from '../types/data-type.ts'
import type { CommitMessage } from './commit-message.ts'
import type { DataFileMeta } from './data-file-meta.ts'
import {
  DELETION_VECTORS_INDEX,
  type IndexFileMeta,
  type IndexManifestEntry,
} from './index-manifest.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import type { FileFilter } from './manifest-scan.ts'
import { latin1Of } from './metadata-columns.ts'
import { mayHoldPartitions } from './partition-stats.ts'
import type { CommitKind } from './snapshot.ts'

/** What becomes one snapshot. */
export interface Changes {
  readonly kind: CommitKind
  /** Whether to look for conflicts with what other commits did meanwhile: only an append has none. */
  readonly isChecked: boolean
  readonly files: readonly ManifestEntry[]
  readonly changelog: readonly ManifestEntry[]
  readonly indexFiles: readonly IndexManifestEntry[]
  /** Where all live files go away: what an overwrite replaces; an attempt adds their deletions to the change. */
  readonly replaced?: Pick<FileFilter, 'manifest' | 'partition'> | undefined
  /** The file of statistics that the snapshot names; without it, that of the snapshot before while it holds. */
  readonly statistics?: string | undefined
  /** With row tracking, the id of the first row of a later commit. */
  readonly nextRowId?: bigint | undefined
}

/** What was written: an APPEND, or an OVERWRITE when files go away or rows are marked as deleted. */
export function appendedChanges(messages: readonly CommitMessage[]): Changes {
  const files = messages.flatMap((message) => [
    ...entriesOf(message, FILE_KIND.ADD, message.newFiles),
    ...entriesOf(message, FILE_KIND.DELETE, message.deletedFiles),
  ])
  const changelog = messages.flatMap((message) =>
    entriesOf(message, FILE_KIND.ADD, message.changelogFiles),
  )
  const indexFiles = messages.flatMap((message) => [
    ...indexEntriesOf(message, FILE_KIND.DELETE, message.deletedIndexFiles),
    ...indexEntriesOf(message, FILE_KIND.ADD, message.newIndexFiles),
  ])
  const overwrites =
    files.some((entry) => entry.kind === FILE_KIND.DELETE) ||
    indexFiles.some(({ indexFile }) => indexFile.indexType === DELETION_VECTORS_INDEX)
  const kind = overwrites ? 'OVERWRITE' : 'APPEND'
  return { kind, isChecked: overwrites, files, changelog, indexFiles }
}

/** What compactions did: a COMPACT. */
export function compactedChanges(messages: readonly CommitMessage[]): Changes {
  const files = messages.flatMap((message) => [
    ...entriesOf(message, FILE_KIND.DELETE, message.compactBefore),
    ...entriesOf(message, FILE_KIND.ADD, message.compactAfter),
  ])
  const changelog = messages.flatMap((message) =>
    entriesOf(message, FILE_KIND.ADD, message.compactChangelog),
  )
  const indexFiles = messages.flatMap((message) => [
    ...indexEntriesOf(message, FILE_KIND.DELETE, message.compactDeletedIndexFiles),
    ...indexEntriesOf(message, FILE_KIND.ADD, message.compactNewIndexFiles),
  ])
  return { kind: 'COMPACT', isChecked: true, files, changelog, indexFiles }
}

/** The change without its changelog, for those who do not tell what they changed. */
export function withoutChangelog(changes: Changes): Changes {
  return { ...changes, changelog: [] }
}

export function isEmpty({ files, changelog, indexFiles }: Changes): boolean {
  return files.length === 0 && changelog.length === 0 && indexFiles.length === 0
}

/** Chooses the files in the partitions that the change is in. */
export function inChangedPartitions(
  { files, indexFiles }: Changes,
  partitionFields: readonly DataField[],
): FileFilter {
  const partitions = new Map<string, Uint8Array>()
  let last: Uint8Array | undefined
  for (const { partition } of [...files, ...indexFiles]) {
    // Entries of one message share one array.
    if (partition === last) continue
    partitions.set(latin1Of(partition), partition)
    last = partition
  }
  return {
    manifest: mayHoldPartitions(partitionFields, [...partitions.values()]),
    partition: (bytes) => partitions.has(latin1Of(bytes)),
  }
}

/** Rows that the entries add, less those that they delete. */
export function deltaRecordCount(entries: readonly ManifestEntry[]): number {
  return entries.reduce(
    (sum, { kind, file }) => sum + (kind === FILE_KIND.ADD ? file.rowCount : -file.rowCount),
    0,
  )
}

function entriesOf(
  { partition, bucket, totalBuckets }: CommitMessage,
  kind: number,
  files: readonly DataFileMeta[],
): ManifestEntry[] {
  return files.map((file) => ({ kind, partition, bucket, totalBuckets, file }))
}

function indexEntriesOf(
  { partition, bucket }: CommitMessage,
  kind: number,
  files: readonly IndexFileMeta[],
): IndexManifestEntry[] {
  return files.map((indexFile) => ({ kind, partition, bucket, indexFile }))
}
