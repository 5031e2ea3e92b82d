/** How many files and bytes a table had at each of its snapshots: from what it has at one, and what each changed. */
import { FILE_KIND } from '../../snapshot/manifest-entry.ts'
import { fileSizeAt } from '../../snapshot/manifest-rows.ts'
import type { ChosenRows } from '../../snapshot/manifest-scan.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../snapshot/snapshot.ts'
import type { FileChange, InspectedSnapshot } from './inspection.ts'

/** What the entries of a snapshot's own manifests add and take away. */
export function changeOf(chosen: readonly ChosenRows[]): FileChange {
  const change = { addedFiles: 0, addedBytes: 0, deletedFiles: 0, deletedBytes: 0 }
  for (const { rows, indices } of chosen)
    for (const row of indices)
      if (rows.kinds[row] === FILE_KIND.ADD) {
        change.addedFiles++
        change.addedBytes += fileSizeAt(rows, row)
      } else {
        change.deletedFiles++
        change.deletedBytes += fileSizeAt(rows, row)
      }
  return change
}

interface TableSize {
  readonly files: number
  readonly bytes: number
}

/**
 * The snapshots, ascending, with the size of the table at each as far as changes tell it, from what it is at the snapshot
 * `knownId` on in both directions.
 */
export function withSizes(
  snapshots: readonly Snapshot[],
  changes: ReadonlyMap<number, FileChange | null>,
  known: TableSize,
  knownId: number,
): InspectedSnapshot[] {
  const sizes = new Map([[knownId, known]])
  for (const { id } of snapshots.toReversed()) {
    const [size, change] = [sizes.get(id), changes.get(id)]
    if (size && change) sizes.set(id - 1, after(size, change, -1))
  }
  for (const { id } of snapshots) {
    const [size, change] = [sizes.get(id - 1), changes.get(id)]
    if (size && change) sizes.set(id, after(size, change, 1))
  }
  return snapshots.map((snapshot) => ({
    ...shown(snapshot),
    change: changes.get(snapshot.id) ?? null,
    state: sizes.get(snapshot.id) ?? null,
  }))
}

function after({ files, bytes }: TableSize, change: FileChange, sign: 1 | -1): TableSize {
  return {
    files: files + sign * (change.addedFiles - change.deletedFiles),
    bytes: bytes + sign * (change.addedBytes - change.deletedBytes),
  }
}

function shown(snapshot: Snapshot): Omit<InspectedSnapshot, 'change' | 'state'> {
  const { commitIdentifier, watermark } = snapshot
  return {
    id: snapshot.id,
    kind: snapshot.commitKind,
    timeMillis: snapshot.timeMillis,
    schemaId: snapshot.schemaId,
    user: snapshot.commitUser,
    ...(commitIdentifier !== BATCH_IDENTIFIER && { identifier: String(commitIdentifier) }),
    ...(watermark !== undefined && { watermark: String(watermark) }),
    totalRows: snapshot.totalRecordCount,
    deltaRows: snapshot.deltaRecordCount,
    changelogRows: snapshot.changelogRecordCount ?? 0,
  }
}
