/** What a commit did, for the metrics of its table. Follows `CommitStats`. */
import { type Changes, deltaRecordCount } from './commit-changes.ts'
import { bucketKey, FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import { latin1Of } from './metadata-columns.ts'
import type { TableMetrics } from './table-metrics.ts'

/** Counts while a commit is made. */
export class CommitTally {
  readonly #parts: Changes[] = []
  /** Snapshots that were tried. */
  attemptCount = 0

  /** A part of the commit that has become a snapshot. */
  add(changes: Changes): void {
    this.#parts.push(changes)
  }

  /** Hands over what the commit did; one without a snapshot of its own leaves the metrics as they are. */
  tell(metrics: TableMetrics, durationMs: number): void {
    if (this.#parts.length === 0) return
    metrics.add('commit.numCommits')
    metrics.set('commit.lastCommitDuration', durationMs)
    metrics.record('commit.commitDuration', durationMs)
    metrics.set('commit.lastCommitAttempts', this.attemptCount)
    metrics.set('commit.lastGeneratedSnapshots', this.#parts.length)
    const compacted = this.#parts.filter(({ kind }) => kind === 'COMPACT')
    const written = this.#parts.filter(({ kind }) => kind !== 'COMPACT')
    tellWritten(metrics, written)
    tellCompacted(metrics, compacted)
    const files = this.#parts.flatMap((part) => part.files)
    const entries = [...files, ...this.#parts.flatMap(({ changelog }) => changelog)]
    metrics.set('commit.lastTableFilesAdded', ofKind(files, FILE_KIND.ADD).length)
    metrics.set('commit.lastTableFilesDeleted', ofKind(files, FILE_KIND.DELETE).length)
    const partitions = new Set(entries.map(({ partition }) => latin1Of(partition)))
    metrics.set('commit.lastPartitionsWritten', partitions.size)
    metrics.set('commit.lastBucketsWritten', new Set(entries.map(bucketKey)).size)
    metrics.add('writer.numBytesOut', sizeOf(ofKind(entries, FILE_KIND.ADD)))
  }
}

function tellWritten(metrics: TableMetrics, parts: readonly Changes[]): void {
  const files = parts.flatMap((part) => part.files)
  const changelog = parts.flatMap((part) => part.changelog)
  metrics.set('commit.lastTableFilesAppended', ofKind(files, FILE_KIND.ADD).length)
  metrics.set('commit.lastChangelogFilesAppended', changelog.length)
  metrics.set('commit.lastDeltaRecordsAppended', deltaRecordCount(files))
  metrics.set('commit.lastChangelogRecordsAppended', deltaRecordCount(changelog))
}

function tellCompacted(metrics: TableMetrics, parts: readonly Changes[]): void {
  const files = parts.flatMap((part) => part.files)
  const changelog = parts.flatMap((part) => part.changelog)
  metrics.set('commit.lastTableFilesCommitCompacted', files.length)
  metrics.set('commit.lastChangelogFileCommitCompacted', changelog.length)
  metrics.set('commit.lastDeltaRecordsCommitCompacted', deltaRecordCount(files))
  metrics.set('commit.lastChangelogRecordsCommitCompacted', deltaRecordCount(changelog))
  metrics.set('commit.lastCompactionInputFileSize', sizeOf(ofKind(files, FILE_KIND.DELETE)))
  metrics.set('commit.lastCompactionOutputFileSize', sizeOf(ofKind(files, FILE_KIND.ADD)))
}

function ofKind(entries: readonly ManifestEntry[], kind: number): ManifestEntry[] {
  return entries.filter((entry) => entry.kind === kind)
}

function sizeOf(entries: readonly ManifestEntry[]): number {
  return entries.reduce((sum, { file }) => sum + file.fileSize, 0)
}
