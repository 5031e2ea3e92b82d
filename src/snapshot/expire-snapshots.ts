/**
 * Expires snapshots, in steps of up to a hundred, each in the order of Java's: what the snapshots after the first let go of
 * data files, changelog files, manifests and index files, snapshot files upwards, the hint EARLIEST.
 *
 * An expiry that dies leaves snapshots whose files are gone in part; the next one begins with them, and ends as the first
 * would have. That snapshot files go last and upwards is what commits depend on (docs/notes/0001-commit-protocol.md).
 * Follows `ExpireSnapshotsImpl` and `SnapshotDeletion`.
 */
import { mapAll, mapOrdered, throwIfAborted } from '../util/async.ts'
import { isNotFound, LakeError } from '../util/errors.ts'
import { ChangelogStore } from './changelog-store.ts'
import {
  type ExpiryRange,
  type ExpiryRules,
  isYoung,
  overlappingTags,
  snapshotExpiry,
} from './expire.ts'
import { DataFileBatch, type ExpiryRun, type Kept, keptMetadata, unlessKept } from './expiry-run.ts'
import type { UnusedFile } from './file-deletion.ts'
import { hintBytes, readHint } from './hints.ts'
import { lowestOfConsumers } from './kept-by-tags.ts'
import { hintPath, snapshotPath } from './paths.ts'
import { rangeOf } from './snapshot-store.ts'
import { type Snapshot, snapshotText } from './snapshot.ts'
import {
  addedFiles,
  baseList,
  changelogList,
  deletedDataFiles,
  deltaList,
  unusedIndexFiles,
  unusedManifests,
} from './unused-files.ts'

export interface SnapshotExpiry {
  readonly rules: ExpiryRules
  readonly nowMs: number
  /** Told after each step. */
  readonly onProgress?: ((expired: number, total: number) => void) | undefined
}

export interface ExpiredSnapshots {
  readonly count: number
  /** The earliest that is left; null for a table without snapshots. */
  readonly earliest: Snapshot | null
}

/** Snapshots that expire together; what they let go is in memory, a few of them at a time. */
const STEP_SNAPSHOTS = 100
const READS_AT_ONCE = 8

export async function expireSnapshots(
  run: ExpiryRun,
  expiry: SnapshotExpiry,
): Promise<ExpiredSnapshots> {
  const { store, signal } = run
  const ids = await store.snapshots.ids({ signal })
  const range = rangeOf(ids)
  if (range === null) return { count: 0, earliest: null }
  await deleteStrays(
    run,
    ids.filter((id) => id < range.earliest),
  )
  const plan = snapshotExpiry(range, expiry.rules, await lowestOfConsumers(store, { signal }))
  const first = await store.snapshots.find(range.earliest, { signal })
  let earliest = first?.snapshot ?? null
  let count = 0
  while (earliest !== null) {
    throwIfAborted(signal)
    if (plan === null) break
    const step = await readStep(run, expiry, plan, earliest)
    const done = step && (await expireStep(run, expiry.rules, plan.end, step))
    if (done === null) break
    count += done.expiring.length
    earliest = done.end
    expiry.onProgress?.(count, plan.end - plan.earliest)
  }
  if (count === 0) await writeMissingHint(run, range.earliest)
  return { count, earliest }
}

/** Snapshots that expire together, ascending, and the first that stays. */
interface Step {
  readonly expiring: readonly Snapshot[]
  readonly end: Snapshot
}

/** The next snapshots that expire, beginning with `first`; null where it stays, or another expiry is faster. */
async function readStep(
  { store, signal }: ExpiryRun,
  { rules, nowMs }: SnapshotExpiry,
  plan: ExpiryRange,
  first: Snapshot,
): Promise<Step | null> {
  const stays = ({ id, timeMillis }: Snapshot): boolean =>
    id >= plan.end || (id >= plan.agedFrom && isYoung(timeMillis, rules.snapshots, nowMs))
  if (stays(first)) return null
  const expiring = [first]
  const last = Math.min(plan.end, first.id + STEP_SNAPSHOTS)
  // Often one or two expire, so it begins slowly to read ahead.
  let ahead = 1
  for (let id = first.id + 1; id <= last; ahead = Math.min(2 * ahead, 2 * READS_AT_ONCE)) {
    const ids = Array.from({ length: Math.min(ahead, last - id + 1) }, (_, i) => id + i)
    for (const stored of await mapAll(ids, ahead, (each) =>
      store.snapshots.find(each, { signal }),
    )) {
      if (stored === null) continue
      const { snapshot } = stored
      if (stays(snapshot) || snapshot.id === last) return { expiring, end: snapshot }
      expiring.push(snapshot)
    }
    id += ids.length
  }
  return null
}

/** What of the step expired: null where a consumer has come that needs the first, less where it needs a later one. */
async function expireStep(
  run: ExpiryRun,
  rules: ExpiryRules,
  planEnd: number,
  whole: Step,
): Promise<Step | null> {
  const first = whole.expiring[0]!.id
  // What branches need is read once for all steps.
  const kept = await run.guard.look(first + 1, planEnd)
  const next = rules.consumersKeepChangelogsOnly ? null : kept.consumersNext
  const step = next === null ? whole : upTo(whole, next)
  if (step === null) return null
  try {
    await deleteDataFiles(run, rules, step, kept)
    await deleteMetadata(run, rules, step, kept)
  } catch (error) {
    if (await isOvertaken(run, step, error)) return null
    throw error
  }
  await deleteSnapshots(run, rules, step)
  return step
}

/** Whether the first that was to stay has expired too: two expiries at once do no harm, and the slower has nothing left to do. */
async function isOvertaken(
  { store, signal }: ExpiryRun,
  { end }: Step,
  error: unknown,
): Promise<boolean> {
  if (!isNotFound(error)) return false
  return !(await store.snapshots.exists(end.id, { signal }))
}

/** The step as far as it does not reach the snapshot. */
function upTo({ expiring, end }: Step, snapshotId: number): Step | null {
  if (end.id <= snapshotId) return { expiring, end }
  const stays = expiring.findIndex(({ id }) => id >= snapshotId)
  if (stays === 0) return null
  return stays < 0
    ? { expiring, end }
    : { expiring: expiring.slice(0, stays), end: expiring[stays]! }
}

/** The data files that are live in no snapshot from `end` on, and changelog files. */
async function deleteDataFiles(
  run: ExpiryRun,
  rules: ExpiryRules,
  { expiring, end }: Step,
  kept: Kept,
): Promise<void> {
  const batch = new DataFileBatch(run)
  // What a snapshot deleted is live in the one before it, so it is of the first to stay as well, and not of the first of all.
  const letting = [...expiring.slice(1), end]
  const keepsAppended = rules.isDecoupled && !rules.hasChangelogFiles
  const unused = mapOrdered(letting, READS_AT_ONCE, async (snapshot) => ({
    id: snapshot.id,
    files: await deletedDataFiles(run, snapshot),
  }))
  for await (const { id, files } of unused) {
    // Where no changelog files are written, streams read data files as they came.
    const candidates = keepsAppended ? files.filter(({ isAppended }) => !isAppended) : files
    await batch.add(await unlessKept(run, candidates, id, kept))
  }
  if (!rules.isDecoupled)
    for await (const files of mapOrdered(expiring, READS_AT_ONCE, (each) => changelogOf(run, each)))
      await batch.add(files.filter(({ name }) => !kept.elsewhere.has(name)))
  await batch.finish()
}

async function changelogOf(
  run: ExpiryRun,
  snapshot: Snapshot,
): Promise<Awaited<ReturnType<typeof addedFiles>>> {
  const list = changelogList(snapshot)
  return list === null ? [] : await addedFiles(run, list)
}

/** Manifests, lists, index files and statistics that neither the first snapshot that stays nor a tag has. */
async function deleteMetadata(
  run: ExpiryRun,
  rules: ExpiryRules,
  { expiring, end }: Step,
  kept: Kept,
): Promise<void> {
  const ids = new Set(
    overlappingTags(
      kept.tags.map(({ id }) => id),
      expiring[0]!.id,
      end.id,
    ),
  )
  const overlapping = kept.tags.filter(({ id }) => ids.has(id))
  const names = await keptMetadataIfThere(run, [...overlapping, end], kept)
  if (names === null) return
  const unused = await mapAll(expiring, READS_AT_ONCE, async (snapshot) => {
    const lists = [
      // What streams read data files by stays with these.
      ...(rules.isDecoupled && !rules.hasChangelogFiles
        ? []
        : [baseList(snapshot), deltaList(snapshot)]),
      ...(rules.isDecoupled ? [] : [changelogList(snapshot)]),
    ].filter((list) => list !== null)
    const parts = [await unusedIndexFiles(run, snapshot, names)]
    for (const list of lists) parts.push(await unusedManifests(run, list, names))
    return parts
  })
  const parts = unused.flat()
  await run.deletion.delete(parts.flatMap(({ first }) => first))
  await run.deletion.delete(parts.flatMap(({ last }) => last))
}

/**
 * Null where not all of it is there although the last snapshot is: another expiry lets more go at this moment, or died doing
 * so. What is not deleted then is left to it, or to orphan cleaning; as in Java.
 */
async function keptMetadataIfThere(
  run: ExpiryRun,
  snapshots: readonly Snapshot[],
  kept: Kept,
): Promise<Set<string> | null> {
  try {
    return await keptMetadata(run, snapshots, kept)
  } catch (error) {
    const isGone = isNotFound(error)
    const last = snapshots.at(-1)!.id
    if (isGone && (await run.store.snapshots.exists(last, { signal: run.signal }))) return null
    throw error
  }
}

async function deleteSnapshots(
  { store, deletion, signal }: ExpiryRun,
  rules: ExpiryRules,
  { expiring, end }: Step,
): Promise<void> {
  if (rules.isDecoupled && !deletion.dryRun) {
    // Who follows the table finds the snapshot or its changelog at any moment.
    const changelogs = new ChangelogStore(store.io, store.location)
    await mapAll(expiring, READS_AT_ONCE, (each) => changelogs.write(each, { signal }))
    await unlessFails(changelogs.writeHint('LATEST', expiring.at(-1)!.id, { signal }))
  }
  for (const snapshot of expiring) await deletion.delete([snapshotFile(store.location, snapshot)])
  if (!deletion.dryRun) await writeEarliest({ store, signal }, end.id)
}

function snapshotFile(location: ExpiryRun['store']['location'], snapshot: Snapshot): UnusedFile {
  const sizeBytes = Buffer.byteLength(snapshotText(snapshot))
  return { path: snapshotPath(location, snapshot.id), sizeBytes }
}

async function writeEarliest(
  { store, signal }: Pick<ExpiryRun, 'store' | 'signal'>,
  snapshotId: number,
): Promise<void> {
  const path = hintPath(store.location, 'EARLIEST')
  await unlessFails(store.io.write(path, hintBytes(snapshotId), { signal }))
}

/** Where nothing expires readers are told all the same where to begin: once, and where an expiry died before it told. */
async function writeMissingHint(
  { store, deletion, signal }: ExpiryRun,
  earliestId: number,
): Promise<void> {
  const hint = await readHint(store.io, hintPath(store.location, 'EARLIEST'), { signal })
  const isTold = hint !== undefined && hint >= earliestId
  if (!isTold && !deletion.dryRun) await writeEarliest({ store, signal }, earliestId)
}

/**
 * Snapshots below a gap in the ids that are also below EARLIEST: a writer that stalled put them there after they had expired.
 * Their files are left to whoever cleans orphans, since the writer may yet commit them.
 */
async function deleteStrays(
  { store, deletion, signal }: ExpiryRun,
  ids: readonly number[],
): Promise<void> {
  if (ids.length === 0) return
  const earliest = await readHint(store.io, hintPath(store.location, 'EARLIEST'), { signal })
  for (const id of ids)
    if (earliest !== undefined && id < earliest)
      await deletion.delete([{ path: snapshotPath(store.location, id), sizeBytes: 0 }])
}

/** A hint that cannot be written is no error. */
async function unlessFails(writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    if (!(error instanceof LakeError) || error.code === 'ABORTED') throw error
  }
}
