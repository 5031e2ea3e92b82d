/**
 * Finds the place in a table's history where a stream starts.
 *
 * Follows the starting scanners of the Java package `org.apache.paimon.table.source.snapshot`.
 */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { notFound } from '../../util/errors.ts'
import { compactedTest } from '../plan/time-travel.ts'
import type { StreamHistory } from './history.ts'
import type { StreamStart } from './start.ts'

/** With the changes of a snapshot, which may not be there yet; or with the whole state of one. */
export type StreamBegin =
  | { readonly kind: 'changes'; readonly nextSnapshot: number }
  | {
      readonly kind: 'full'
      readonly snapshot: Snapshot
      /** Only the files that were made from this time on, in milliseconds since the epoch. */
      readonly createdSinceMillis?: number
    }

/** Null as long as the table has no snapshots to tell. */
export async function findStart(
  history: StreamHistory,
  schema: TableSchema,
  start: StreamStart,
  signal?: AbortSignal,
): Promise<StreamBegin | null> {
  switch (start.mode) {
    case 'latest': {
      // Where there is nothing yet, everything is to come.
      const latest = await history.latest(signal)
      return { kind: 'changes', nextSnapshot: (latest?.id ?? 0) + 1 }
    }
    case 'latest-full':
      return full(await history.latest(signal))
    case 'compacted-full':
      return full(await lastCompacted(history, schema, signal))
    case 'from-snapshot': {
      const range = await history.range(signal)
      if (range === null) return null
      return { kind: 'changes', nextSnapshot: Math.max(start.snapshotId, range.earliest) }
    }
    case 'from-snapshot-full':
      return await fullFrom(history, start.snapshotId, signal)
    case 'from-timestamp': {
      const before = await history.lastBefore(start.timeMillis, signal)
      return before && { kind: 'changes', nextSnapshot: before.id + 1 }
    }
    case 'from-file-creation-time':
      return await filesFrom(history, start.timeMillis, signal)
    case 'from-creation-timestamp': {
      const before = await history.lastBefore(start.timeMillis, signal)
      const next = before?.isThere === true ? before.id + 1 : null
      if (next !== null && (await history.find(next, signal)) !== null)
        return { kind: 'changes', nextSnapshot: next }
      return await filesFrom(history, start.timeMillis, signal)
    }
  }
}

function full(snapshot: Snapshot | null): StreamBegin | null {
  return snapshot && { kind: 'full', snapshot }
}

async function filesFrom(
  history: StreamHistory,
  timeMillis: number,
  signal: AbortSignal | undefined,
): Promise<StreamBegin | null> {
  const snapshot = await history.latest(signal)
  return snapshot && { kind: 'full', snapshot, createdSinceMillis: timeMillis }
}

async function fullFrom(
  history: StreamHistory,
  snapshotId: number,
  signal: AbortSignal | undefined,
): Promise<StreamBegin | null> {
  const range = await history.snapshotRange(signal)
  if (range === null) return null
  const id = Math.max(snapshotId, range.earliest)
  const snapshot = await history.snapshot(id, signal)
  if (snapshot !== null) return { kind: 'full', snapshot }
  throw notFound(`there is no snapshot ${id}: the latest is ${range.latest}`, {
    hint: 'name one that is there, or start from latest-full',
  })
}

async function lastCompacted(
  history: StreamHistory,
  schema: TableSchema,
  signal: AbortSignal | undefined,
): Promise<Snapshot | null> {
  const latest = await history.latest(signal)
  if (latest === null) return null
  const isCompacted = compactedTest(schema)
  for await (const snapshot of history.walkBack(latest.id, signal))
    if (isCompacted(snapshot)) return snapshot
  return latest
}
