/** Checks the snapshot files and hints: each parses, their ids have no gaps, and hints lead nobody astray. */
import { schemaPath, snapshotDirectory, snapshotPath } from '../../snapshot/paths.ts'
import { rangeOf } from '../../snapshot/snapshot-store.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { mapOrdered } from '../../util/async.ts'
import type { CheckContext } from './context.ts'
import { checkHints } from './hints.ts'

export interface CheckedSnapshots {
  /** Those of the table's history that could be read, ascending. */
  readonly snapshots: readonly Snapshot[]
  /** Every snapshot file, whether it is sound or not. */
  readonly ids: readonly number[]
}

const READ_AHEAD = 8

export async function checkSnapshots(context: CheckContext): Promise<CheckedSnapshots> {
  const { store, findings, schemas, signal } = context
  const { location } = store
  const ids = await store.snapshots.ids({ signal })
  const earliest = await checkHints(context, snapshotDirectory(location), 'snapshot', ids)
  const history = historyOf(context, ids, earliest)
  const snapshots: Snapshot[] = []
  const read = mapOrdered(history, READ_AHEAD, (id) =>
    findings.attempt(snapshotPath(location, id), () => store.snapshots.read(id, { signal }), id),
  )
  for await (const snapshot of read) {
    if (snapshot === undefined) continue
    snapshots.push(snapshot)
    const { id, schemaId } = snapshot
    if (!schemas.has(schemaId))
      findings.damaged(
        snapshotPath(location, id),
        `is of schema ${schemaId}, and ${schemaPath(location, schemaId)} cannot be read`,
      )
  }
  return { snapshots, ids }
}

/**
 * The ids of the table's history. Files that lie before the EARLIEST hint, below a gap or below the snapshot that the hint
 * names, were put there by a writer that stalled while its snapshot expired: nobody reads them. Any other gap is a loss.
 */
function historyOf(
  { store, findings }: CheckContext,
  ids: readonly number[],
  earliestHint: number | undefined,
): number[] {
  const range = rangeOf(ids)
  if (range === null) return []
  // Expiry moves the hint when it has deleted what is before it.
  const first = ids.includes(earliestHint ?? 0) ? Infinity : range.earliest
  const stray = ids.filter((id) => id < first && id < (earliestHint ?? 0))
  for (const id of stray)
    findings.warn(
      snapshotPath(store.location, id),
      "lies before the table's history: a stalled writer left it",
    )
  const kept = ids.filter((id) => !stray.includes(id))
  for (const [i, id] of kept.entries())
    for (let missing = id + 1; i + 1 < kept.length && missing < kept[i + 1]!; missing++)
      findings.damaged(
        snapshotPath(store.location, missing),
        'is missing: there are snapshots before and after it',
      )
  return kept
}
