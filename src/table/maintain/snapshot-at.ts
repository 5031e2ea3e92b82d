/** The snapshot that an operation on metadata is of: that of an id, a tag or a time. */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import { optionsAt } from '../plan/read-at.ts'
import { startupOf } from '../plan/startup.ts'
import { travelTo } from '../plan/time-travel.ts'

/**
 * A snapshot by its id, by the name of a tag, or the last one up to a time: a Date, milliseconds since 1970, or a text, which
 * is a local time unless it names a zone.
 */
export type SnapshotAt =
  | { readonly snapshot: number }
  | { readonly tag: string }
  | { readonly timestamp: Date | number | string }

/** NOT_FOUND, naming what there is, for a snapshot that is not there; one that a tag keeps is found by its id too. */
export async function snapshotAt(
  store: TableStore,
  at: SnapshotAt,
  signal?: AbortSignal,
): Promise<Snapshot> {
  if ('snapshot' in at && Number.isSafeInteger(at.snapshot)) {
    const stored = await store.snapshots.find(at.snapshot, { signal })
    if (stored !== null) return stored.snapshot
    for await (const { snapshot } of store.tags.readAll(undefined, { signal }))
      if (snapshot.id === at.snapshot) return snapshot
  }
  const startup = startupOf(tableOptions(optionsAt(at)))
  if (!('target' in startup)) throw new TypeError('a snapshot is named by one of these options')
  return await travelTo(store, startup.target, { signal })
}
