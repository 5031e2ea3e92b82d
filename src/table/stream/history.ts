/** The snapshots that a stream can read: those that are kept, and the changelogs of expired ones where these are kept longer. */
import { ChangelogStore } from '../../snapshot/changelog-store.ts'
import { snapshotDirectory } from '../../snapshot/paths.ts'
import { rangeOf, type SnapshotRange } from '../../snapshot/snapshot-store.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { type LakeError, notFound } from '../../util/errors.ts'

export class StreamHistory {
  readonly #store: TableStore
  /** Null where changelogs go with their snapshots. */
  readonly #changelogs: ChangelogStore | null

  constructor(store: TableStore, keepsChangelogs: boolean) {
    this.#store = store
    this.#changelogs = keepsChangelogs ? new ChangelogStore(store.io, store.location) : null
  }

  async latest(signal?: AbortSignal): Promise<Snapshot | null> {
    return await this.#store.snapshots.readLatest({ signal })
  }

  /** The snapshot; null when it is not there, whether or not its changelog is. */
  async snapshot(snapshotId: number, signal?: AbortSignal): Promise<Snapshot | null> {
    return (await this.#store.snapshots.find(snapshotId, { signal }))?.snapshot ?? null
  }

  /** The snapshot, or what is kept of it; null when neither is there. */
  async find(snapshotId: number, signal?: AbortSignal): Promise<Snapshot | null> {
    const snapshot = await this.snapshot(snapshotId, signal)
    // An expiry writes the changelog before it deletes the snapshot, so one of them is seen.
    return snapshot ?? (await this.#changelogs?.find(snapshotId, { signal })) ?? null
  }

  /** The ids of the snapshots that are there, changelogs left out; null for a table without any. */
  async snapshotRange(signal?: AbortSignal): Promise<SnapshotRange | null> {
    return await this.#store.snapshots.range({ signal })
  }

  /** The ids that {@link find} finds, changelogs included; null for a table without any. */
  async range(signal?: AbortSignal): Promise<SnapshotRange | null> {
    const snapshots = await this.snapshotRange(signal)
    const changelogs = rangeOf((await this.#changelogs?.ids({ signal })) ?? [])
    if (snapshots === null || changelogs === null) return snapshots ?? changelogs
    const { earliest, latest } = snapshots
    return { earliest: Math.min(earliest, changelogs.earliest), latest }
  }

  /** The snapshots from this one back, as long as they are there. */
  walkBack(snapshotId: number, signal?: AbortSignal): AsyncGenerator<Snapshot> {
    return this.#store.snapshots.walkBack(snapshotId, { signal })
  }

  /**
   * The last snapshot before the time: where all are later the id before the earliest, which is not there. Null for a
   * table without snapshots.
   */
  async lastBefore(
    timeMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly id: number; readonly isThere: boolean } | null> {
    const range = await this.range(signal)
    if (range === null) return null
    let low = range.earliest - 1
    let high = range.latest
    while (low < high) {
      const middle = Math.floor((low + high + 1) / 2)
      const snapshot = await this.find(middle, signal)
      // One that has expired meanwhile is as old as those before it.
      if (snapshot === null || snapshot.timeMillis < timeMs) low = middle
      else high = middle - 1
    }
    return { id: low, isThere: low >= range.earliest }
  }

  /**
   * The error for a snapshot that is not there: because it has expired, or was rolled back. Null when it is there after
   * all, or is the next to come; with `isFull` the snapshot itself is meant, and not what is kept of it.
   */
  async missing(
    snapshotId: number,
    isFull: boolean,
    signal?: AbortSignal,
  ): Promise<LakeError | null> {
    const range = await (isFull ? this.snapshotRange(signal) : this.range(signal))
    const path = snapshotDirectory(this.#store.location)
    const latestId = range?.latest ?? 0
    if (snapshotId > latestId + (isFull ? 0 : 1)) {
      const latest = range === null ? 'the table has none' : `the latest is ${latestId}`
      return notFound(`snapshot ${snapshotId} is beyond those of the table: ${latest}`, {
        path,
        hint: 'the table was made anew or rolled back since: start the stream again, from earliest or latest-full',
      })
    }
    if (range === null || snapshotId >= range.earliest) return null
    const { earliest } = range
    return notFound(`snapshot ${snapshotId} has expired: ${earliest} is the earliest`, {
      path,
      hint: `start again from ${earliest}, without the changes before it, or from latest-full; keep snapshots for longer (snapshot.time-retained), or read with a consumer, which holds expiry back`,
    })
  }
}
