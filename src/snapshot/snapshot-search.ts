/**
 * Finds snapshots by their time and by their watermark: by bisection, since both grow with the id.
 *
 * Follows `SnapshotManager` and `TimeTravelUtil` step by step, so that among snapshots of one time, or of one watermark,
 * the same is found as in Java.
 */
import type { IoOptions } from '../io/file-io.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import type { Snapshot } from './snapshot.ts'

/** The last snapshot that is not later than the time; null when all are later. */
export async function snapshotAtTime(
  snapshots: SnapshotStore,
  timeMillis: number,
  options?: IoOptions,
): Promise<Snapshot | null> {
  const ends = await endsOf(snapshots, options)
  if (ends === null || ends.earliest.timeMillis > timeMillis) return null
  let [low, high] = [ends.earliest.id, ends.latestId]
  let found: Snapshot | null = null
  while (low <= high) {
    const middle = low + Math.floor((high - low) / 2)
    const snapshot = await snapshots.read(middle, options)
    if (snapshot.timeMillis === timeMillis) return snapshot
    if (snapshot.timeMillis > timeMillis) high = middle - 1
    else {
      low = middle + 1
      found = snapshot
    }
  }
  return found
}

/** The id of the last snapshot before the time; null when there is none before it. */
export async function snapshotIdBeforeTime(
  snapshots: SnapshotStore,
  timeMillis: number,
  options?: IoOptions,
): Promise<number | null> {
  const ends = await endsOf(snapshots, options)
  if (ends === null || ends.earliest.timeMillis >= timeMillis) return null
  let [low, high] = [ends.earliest.id, ends.latestId]
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2)
    const snapshot = await snapshots.read(middle, options)
    if (snapshot.timeMillis < timeMillis) low = middle
    else high = middle - 1
  }
  return low
}

/** The first snapshot whose watermark is at least the given one; null when there is none. */
export async function snapshotAtWatermark(
  snapshots: SnapshotStore,
  watermark: bigint,
  options?: IoOptions,
): Promise<Snapshot | null> {
  const ends = await endsOf(snapshots, options)
  if (ends === null) return null
  const first = await firstWithWatermark(snapshots, ends, options)
  if (first === null) return null
  if (first.watermark! >= watermark) return first
  let [low, high] = [first.id, ends.latestId]
  let found: Snapshot | null = null
  while (low <= high) {
    const middle = low + Math.floor((high - low) / 2)
    const snapshot = await snapshots.read(middle, options)
    const reached = await watermarkAt(snapshots, snapshot, low, options)
    if (reached.watermark === undefined) low = reached.id + 1
    else if (reached.watermark > watermark) {
      high = reached.id - 1
      found = snapshot
    } else if (reached.watermark < watermark) low = reached.id + 1
    else return snapshot
  }
  return found
}

/** The newest snapshot that passes; null when none does. */
export async function newestSnapshotWhere(
  snapshots: SnapshotStore,
  passes: (snapshot: Snapshot) => boolean,
  options?: IoOptions,
): Promise<Snapshot | null> {
  const latest = await snapshots.readLatest(options)
  if (latest === null) return null
  for await (const snapshot of snapshots.walkBack(latest.id, options))
    if (passes(snapshot)) return snapshot
  return null
}

interface Ends {
  readonly earliest: Snapshot
  readonly latestId: number
}

/** Where the search starts. An expiry may take the earliest snapshots away between the listing and the read. */
async function endsOf(snapshots: SnapshotStore, options?: IoOptions): Promise<Ends | null> {
  const range = await snapshots.range(options)
  if (range === null) return null
  for (let id = range.earliest; id < range.latest; id++) {
    const stored = await snapshots.find(id, options)
    if (stored !== null) return { earliest: stored.snapshot, latestId: range.latest }
  }
  return { earliest: await snapshots.read(range.latest, options), latestId: range.latest }
}

async function firstWithWatermark(
  snapshots: SnapshotStore,
  { earliest, latestId }: Ends,
  options?: IoOptions,
): Promise<Snapshot | null> {
  let snapshot = earliest
  while (snapshot.watermark === undefined) {
    if (snapshot.id >= latestId) return null
    snapshot = await snapshots.read(snapshot.id + 1, options)
  }
  return snapshot
}

/** The snapshot's watermark, or that of the last one before it, not before `lowest`, which has one. */
async function watermarkAt(
  snapshots: SnapshotStore,
  snapshot: Snapshot,
  lowest: number,
  options?: IoOptions,
): Promise<{ readonly id: number; readonly watermark: bigint | undefined }> {
  let { id, watermark } = snapshot
  while (watermark === undefined && id > lowest) {
    id--
    watermark = (await snapshots.read(id, options)).watermark
  }
  return { id, watermark }
}
