/**
 * The ids of rows that a commit adds to a table with row tracking, and the snapshot that brought them.
 *
 * Follows `RowTrackingCommitUtils`. Both depend on the snapshot that a commit builds on, so each attempt numbers anew.
 */
import { corrupt } from '../util/errors.ts'
import { FILE_SOURCE } from './data-file-meta.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'

export interface TrackedEntries {
  readonly entries: readonly ManifestEntry[]
  /** The id of the first row that a later commit adds. */
  readonly nextRowId: bigint
}

/** The column that a file has when its rows bring their ids along. */
const ROW_ID = '_ROW_ID'

/**
 * The entries with the first row id of each new file, from `nextRowId` on in their order, and with the snapshot as the
 * sequence number of files whose rows are new to the table. Files of compactions keep what they have.
 */
export function trackRows(
  entries: readonly ManifestEntry[],
  snapshotId: number,
  nextRowId: bigint,
): TrackedEntries {
  const ids = new RowIds(nextRowId)
  const tracked = entries.map((entry): ManifestEntry => {
    const numbered = withSnapshot(entry, snapshotId)
    if (!getsIds(numbered)) return numbered
    return { ...numbered, file: { ...numbered.file, firstRowId: ids.firstOf(numbered) } }
  })
  return { entries: tracked, nextRowId: ids.next }
}

/** Files that hold some columns only follow the file of the other columns, and their rows have its ids. */
class RowIds {
  next: bigint
  #dataStart: bigint
  /** By the column of blobs; those follow one data file. */
  readonly #blobNext = new Map<string, bigint>()
  #vectorNext: bigint

  constructor(next: bigint) {
    this.next = next
    this.#dataStart = next
    this.#vectorNext = next
  }

  firstOf({ file }: ManifestEntry): bigint {
    const rows = BigInt(file.rowCount)
    const column = file.writeCols?.[0] ?? ''
    if (file.fileName.endsWith('.blob')) {
      const first = this.#known(this.#blobNext.get(column) ?? this.#dataStart, file.fileName)
      this.#blobNext.set(column, first + rows)
      return first
    }
    if (file.fileName.includes('.vector.')) {
      const first = this.#known(this.#vectorNext, file.fileName)
      this.#vectorNext += rows
      return first
    }
    this.#dataStart = this.next
    this.#blobNext.clear()
    this.next += rows
    return this.#dataStart
  }

  #known(first: bigint, fileName: string): bigint {
    if (first >= this.next)
      throw corrupt(`the file ${fileName} follows no file whose rows it completes`)
    return first
  }
}

function withSnapshot(entry: ManifestEntry, snapshotId: number): ManifestEntry {
  if (entry.file.minSequenceNumber !== 0n) return entry
  const number = BigInt(snapshotId)
  const file = { ...entry.file, minSequenceNumber: number, maxSequenceNumber: number }
  return { ...entry, file }
}

function getsIds({ kind, file }: ManifestEntry): boolean {
  return (
    kind === FILE_KIND.ADD &&
    file.fileSource === FILE_SOURCE.APPEND &&
    file.firstRowId === null &&
    file.writeCols?.includes(ROW_ID) !== true
  )
}
