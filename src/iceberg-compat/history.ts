/**
 * Which snapshots Iceberg shows, and which of them the metadata that is there already tells right: pure choices.
 *
 * An Iceberg snapshot is known to be of a Paimon snapshot by the name of its delta manifest list, which no other has: after a
 * rollback the same id may be given again.
 */
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { IcebergMetadata, IcebergSnapshot } from './metadata.ts'
import type { IcebergSettings } from './settings.ts'

/** What the Paimon table has. */
export interface PaimonHistory {
  readonly latest: Snapshot
  /** The snapshots from here to the latest have not expired. */
  readonly earliestId: number
  /** Tags, by name. */
  readonly tags: ReadonlyMap<string, Snapshot>
}

/** The property of a summary that names the Paimon snapshot. */
export const DELTA_NAME = 'paimon.delta-manifest-list'

/** The property of a summary that tells who made the snapshot's manifests, and in what form; Java's have none. */
export const FORM = 'millrace.form'

/** Raised where what is in the manifests changes its meaning, so that none is reused. */
const FORM_VERSION = 1

export function formOf({ levelMin, deletes, formatVersion }: IcebergSettings): string {
  return `${FORM_VERSION}-v${formatVersion}-level-${levelMin}-${deletes}`
}

/** Where there is no metadata yet, a commit publishes no more than so many of the snapshots before it; a rebuild all. */
export const FIRST_SNAPSHOTS_MAX = 100

export function isOf(entry: IcebergSnapshot, snapshot: Snapshot): boolean {
  return (
    entry['snapshot-id'] === snapshot.id && entry.summary[DELTA_NAME] === snapshot.deltaManifestList
  )
}

/**
 * The ids of the newest snapshots of the metadata that may still be the table's, newest first: where the first that is, all
 * before it are too, since history only ever loses its end.
 */
export function candidatesForCommon(
  metadata: IcebergMetadata,
  settings: IcebergSettings,
  latestId: number,
): IcebergSnapshot[] {
  const form = formOf(settings)
  return metadata.snapshots
    .filter((entry) => entry['snapshot-id'] <= latestId && entry.summary[FORM] === form)
    .toSorted((a, b) => b['snapshot-id'] - a['snapshot-id'])
}

/**
 * The ids that Iceberg is to show, ascending: the snapshots that have not expired, from the first that the metadata has without a
 * gap before the common one, or the newest `firstMax` where there is no common one; and those that have tags.
 */
export function shownIds(
  { latest, earliestId, tags }: PaimonHistory,
  metadata: IcebergMetadata | null,
  commonId: number,
  firstMax: number,
): number[] {
  const ids = new Set<number>()
  const first = commonId > 0 ? firstOfRun(metadata, commonId) : latest.id - firstMax + 1
  for (let id = Math.max(earliestId, first); id <= latest.id; id++) ids.add(id)
  for (const tagged of tags.values()) if (tagged.id <= latest.id) ids.add(tagged.id)
  return [...ids].toSorted((a, b) => a - b)
}

/** The first of the run of ids without a gap that ends with the given one. */
function firstOfRun(metadata: IcebergMetadata | null, lastId: number): number {
  const ids = new Set(metadata?.snapshots.map((entry) => entry['snapshot-id']))
  let first = lastId
  while (ids.has(first - 1)) first--
  return first
}

/** The snapshots of the metadata that stay as they are, by id: those of its form up to the common one that are to be shown. */
export function keptSnapshots(
  metadata: IcebergMetadata | null,
  settings: IcebergSettings,
  commonId: number,
  ids: readonly number[],
): Map<number, IcebergSnapshot> {
  const shown = new Set(ids)
  const form = formOf(settings)
  const kept = (metadata?.snapshots ?? []).filter((entry) => {
    const id = entry['snapshot-id']
    return id <= commonId && shown.has(id) && entry.summary[FORM] === form
  })
  return new Map(kept.map((entry) => [entry['snapshot-id'], entry]))
}
