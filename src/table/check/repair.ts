/**
 * Repairs what is provably safe to repair: files that only repeat what others say, or that nobody's rows hang on.
 *
 * 1. Hints beside snapshots and changelogs, of all branches: they are made to say what the directory holds.
 * 2. Statistics that a snapshot names and that cannot be read: a file that counts rows and bytes, and says nothing of columns,
 *    takes their place.
 */
import type { FileIO } from '../../io/file-io.ts'
import { joinPath } from '../../io/path.ts'
import { branchNames } from '../../snapshot/branches.ts'
import { ChangelogStore } from '../../snapshot/changelog-store.ts'
import { hintBytes } from '../../snapshot/hints.ts'
import { fileSizeAt } from '../../snapshot/manifest-rows.ts'
import { scanManifests } from '../../snapshot/manifest-scan.ts'
import {
  changelogDirectory,
  type HintName,
  MAIN_BRANCH,
  snapshotDirectory,
  statisticsPath,
  type TableLocation,
} from '../../snapshot/paths.ts'
import { rangeOf, SnapshotStore } from '../../snapshot/snapshot-store.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { plainStatistics, readStatistics } from '../../snapshot/statistics.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { throwIfAborted } from '../../util/async.ts'
import { LakeError } from '../../util/errors.ts'
import type { Finding } from './findings.ts'

/** What was repaired, each with the file. What is damaged otherwise is left as it is. */
export async function repairTable(
  store: TableStore,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const { io, location } = store
  const repairs: Finding[] = []
  for (const branch of [MAIN_BRANCH, ...(await branchNames(io, location.root, { signal }))]) {
    const place = { root: location.root, branch }
    repairs.push(...(await repairHints(io, place, signal)))
  }
  repairs.push(...(await repairStatistics(store, signal)))
  return repairs
}

async function repairHints(
  io: FileIO,
  location: TableLocation,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const repairs: Finding[] = []
  for (const [directory, idsOf] of [
    [snapshotDirectory(location), () => new SnapshotStore(io, location).ids({ signal })],
    [changelogDirectory(location), () => new ChangelogStore(io, location).ids({ signal })],
  ] as const)
    for (const hint of ['LATEST', 'EARLIEST'] as const) {
      throwIfAborted(signal)
      const path = joinPath(directory, hint)
      const isOfBranch = location.branch !== MAIN_BRANCH
      const repair = await repairHint(io, path, hint, isOfBranch, idsOf)
      if (repair !== null) repairs.push(repair)
    }
  return repairs
}

/**
 * The hint is written only as it was read before the directory was listed: whoever commits or expires meanwhile has written
 * it since, or will. The earliest one may be left out, and may say more than the first file where a stalled writer left that.
 */
async function repairHint(
  io: FileIO,
  path: string,
  hint: HintName,
  isOfBranch: boolean,
  idsOf: () => Promise<readonly number[]>,
): Promise<Finding | null> {
  const current = await io.readVersioned(path)
  const ids = await idsOf()
  const range = rangeOf(ids)
  if (range === null) return null
  // A branch has none before its first commit, and nobody needs one.
  if (current === null && (hint === 'EARLIEST' || isOfBranch)) return null
  // With a gap it cannot be told where the history begins.
  if (hint === 'EARLIEST' && range.earliest !== ids[0]) return null
  const right = hint === 'LATEST' ? range.latest : range.earliest
  const told =
    current === null ? 'nothing' : new TextDecoder().decode(current.bytes.subarray(0, 20))
  const isKnown = hint === 'EARLIEST' && ids.includes(Number(told))
  if (told === String(right) || isKnown) return null
  if (!(await io.replace(path, hintBytes(right), current?.version ?? null))) return null
  return { path, what: `said ${JSON.stringify(told)}, and says ${right} now` }
}

async function repairStatistics(
  store: TableStore,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const { io, location, snapshots } = store
  const repairs: Finding[] = []
  const seen = new Set<string>()
  for (const id of (await snapshots.ids({ signal })).toReversed()) {
    const stored = await snapshots.find(id, { signal }).catch(ifUnreadable)
    const name = stored?.snapshot.statistics
    if (stored === null || name === undefined || seen.has(name)) continue
    seen.add(name)
    const path = statisticsPath(location.root, name)
    if ((await readStatistics(store, stored.snapshot, { signal }).catch(ifUnreadable)) !== null)
      continue
    const current = await io.readVersioned(path, { signal })
    const bytes = await countsOf(store, stored.snapshot, signal).catch(ifUnreadable)
    if (bytes !== null && (await io.replace(path, bytes, current?.version ?? null, { signal })))
      repairs.push({
        path,
        what: 'could not be read, and says nothing of columns now: analyze the table again',
      })
  }
  return repairs
}

/** Statistics that count the rows and bytes of the snapshot's files: what merging leaves of them is not more. */
async function countsOf(
  { manifests }: TableStore,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const metas = await manifests.readDataManifests(snapshot, { signal })
  let sizeBytes = 0
  for (const { rows, indices } of await scanManifests(manifests, metas, 'live', {}, { signal }))
    for (const row of indices) sizeBytes += fileSizeAt(rows, row)
  return plainStatistics({
    snapshotId: snapshot.id,
    schemaId: snapshot.schemaId,
    mergedRecordCount: BigInt(snapshot.totalRecordCount),
    mergedRecordSize: BigInt(sizeBytes),
  })
}

/** Null for what is damaged or not there; storage that fails is thrown on. */
function ifUnreadable(error: unknown): null {
  const isDamage = error instanceof LakeError && UNREADABLE.has(error.code)
  if (isDamage) return null
  throw error
}

const UNREADABLE: ReadonlySet<string> = new Set(['CORRUPT', 'NOT_FOUND'])
