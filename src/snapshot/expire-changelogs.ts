/**
 * Expires changelogs that outlived their snapshots, in steps of up to a hundred, each in the order of Java's: changelog files
 * (or, where none are written, data files that were kept for streams), manifests, `changelog-N` upwards, the hint EARLIEST.
 *
 * Follows `ExpireChangelogImpl` and `ChangelogDeletion`.
 */
import { mapAll, mapOrdered, throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { ChangelogStore } from './changelog-store.ts'
import {
  changelogExpiry,
  type ExpiryRange,
  type ExpiryRules,
  isYoung,
  overlappingTags,
} from './expire.ts'
import { DataFileBatch, type ExpiryRun, type Kept, keptMetadata, unlessKept } from './expiry-run.ts'
import { lowestOfConsumers } from './kept-by-tags.ts'
import { changelogPath } from './paths.ts'
import type { Snapshot } from './snapshot.ts'
import {
  addedFiles,
  baseList,
  changelogList,
  deletedDataFiles,
  deltaList,
  metadataNames,
  unusedManifests,
} from './unused-files.ts'

export interface ChangelogExpiry {
  readonly rules: ExpiryRules
  readonly nowMs: number
  readonly latestSnapshotId: number
  /** The earliest snapshot, whose metadata stays. */
  readonly earliestSnapshot: Snapshot
}

const STEP_CHANGELOGS = 100
const READS_AT_ONCE = 8

export interface ExpiredChangelogs {
  readonly count: number
  /** The earliest that is left; null where there are none. */
  readonly earliest: Snapshot | null
}

export async function expireChangelogs(
  run: ExpiryRun,
  expiry: ChangelogExpiry,
): Promise<ExpiredChangelogs> {
  const { store, signal } = run
  const { rules, latestSnapshotId } = expiry
  const changelogs = new ChangelogStore(store.io, store.location)
  const ids = await changelogs.ids({ signal })
  const [earliest, latest] = [ids[0], ids.at(-1)]
  if (earliest === undefined || latest === undefined) return { count: 0, earliest: null }
  const consumersNext = await lowestOfConsumers(store, { signal })
  const plan = changelogExpiry({ earliest, latest }, latestSnapshotId, rules, consumersNext)
  let count = 0
  let rest: readonly number[] = ids
  for (;;) {
    throwIfAborted(signal)
    if (plan === null) break
    const step = await readStep(changelogs, expiry, plan, rest, signal)
    if (step === null) break
    const { expiring, end } = step
    const kept = await run.guard.look(expiring[0]!.id, plan.end)
    if (kept.consumersNext !== null && kept.consumersNext < end.id) break
    await expireStep(run, expiry, step, kept)
    await unlessDry(run, () => changelogs.writeHint('EARLIEST', end.id, { signal }))
    count += expiring.length
    rest = rest.filter((id) => id >= end.id)
  }
  if (count === 0) await unlessDry(run, () => writeMissingHint(run, changelogs, earliest))
  return { count, earliest: await changelogs.find(rest[0]!, { signal }) }
}

async function writeMissingHint(
  { signal }: ExpiryRun,
  changelogs: ChangelogStore,
  earliestId: number,
): Promise<void> {
  const hint = await changelogs.readHint('EARLIEST', { signal })
  if (hint === undefined || hint < earliestId)
    await changelogs.writeHint('EARLIEST', earliestId, { signal })
}

interface Step {
  readonly expiring: readonly Snapshot[]
  readonly end: Snapshot
}

/** The next changelogs that expire, and the first that stays; null where none expires, or another expiry is faster. */
async function readStep(
  changelogs: ChangelogStore,
  { rules, nowMs }: ChangelogExpiry,
  plan: ExpiryRange,
  ids: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Step | null> {
  const expiring: Snapshot[] = []
  const wanted = ids.slice(0, STEP_CHANGELOGS + 1)
  for await (const changelog of mapOrdered(wanted, READS_AT_ONCE, (id) =>
    changelogs.find(id, { signal }),
  )) {
    if (changelog === null) continue
    const { id, timeMillis } = changelog
    const isKept =
      id >= plan.end || (id >= plan.agedFrom && isYoung(timeMillis, rules.changelogs, nowMs))
    if (isKept || expiring.length === STEP_CHANGELOGS)
      return expiring.length === 0 ? null : { expiring, end: changelog }
    expiring.push(changelog)
  }
  return null
}

async function expireStep(
  run: ExpiryRun,
  { earliestSnapshot }: ChangelogExpiry,
  { expiring, end }: Step,
  kept: Kept,
): Promise<void> {
  const batch = new DataFileBatch(run)
  for await (const files of mapOrdered(expiring, READS_AT_ONCE, (each) => letGo(run, each, kept)))
    await batch.add(files)
  await batch.finish()
  const ids = kept.tags.map(({ id }) => id)
  const overlapping = new Set(overlappingTags(ids, expiring[0]!.id, end.id))
  const names = await keptMetadata(
    run,
    [...kept.tags.filter(({ id }) => overlapping.has(id)), earliestSnapshot],
    kept,
  )
  for (const name of await metadataNames(run, end, true)) names.add(name)
  const parts = await mapAll(expiring, READS_AT_ONCE, async (changelog) => {
    const list = changelogList(changelog)
    const lists = list === null ? [deltaList(changelog), baseList(changelog)] : [list]
    return await mapAll(lists, 1, (each) => unusedManifests(run, each, names))
  })
  await run.deletion.delete(parts.flat().flatMap(({ first }) => first))
  await run.deletion.delete(parts.flat().flatMap(({ last }) => last))
  for (const { id } of expiring)
    await run.deletion.delete([{ path: changelogPath(run.store.location, id), sizeBytes: 0 }])
}

/** The files that are there for the changelog alone. */
async function letGo(
  run: ExpiryRun,
  changelog: Snapshot,
  kept: Kept,
): Promise<Awaited<ReturnType<typeof addedFiles>>> {
  const list = changelogList(changelog)
  if (list === null)
    return await unlessKept(run, await deletedDataFiles(run, changelog), changelog.id, kept)
  return (await addedFiles(run, list)).filter(({ name }) => !kept.elsewhere.has(name))
}

/** A hint that cannot be written is no error. */
async function unlessDry({ deletion }: ExpiryRun, writing: () => Promise<void>): Promise<void> {
  if (deletion.dryRun) return
  try {
    await writing()
  } catch (error) {
    if (!(error instanceof LakeError) || error.code === 'ABORTED') throw error
  }
}
