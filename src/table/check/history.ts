/**
 * Checks the manifests of the table's history.
 *
 * Snapshots are walked in their order. The files of the first one are gathered from all of its manifests; each later one
 * must have what the one before left as its base, and its counts must be those of its own entries.
 */
import { type DataLayout, dataLayout } from '../../snapshot/data-paths.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import { identityAt, type ManifestRows } from '../../snapshot/manifest-rows.ts'
import { manifestPath, snapshotPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { mapAll, throwIfAborted } from '../../util/async.ts'
import type { CheckContext } from './context.ts'
import { difference, type EntryRef, type LiveFiles, replay } from './live-files.ts'
import { checkManifest } from './manifest.ts'

/** A file that some snapshot needs. */
export interface NeededFile extends EntryRef {
  /** The last snapshot that needs it. */
  readonly snapshotId: number
}

export interface CheckedHistory {
  /** The files of the latest snapshot; null when they cannot be told. */
  readonly live: LiveFiles | null
  /** Every file that any snapshot needs, by its identity, as far as manifests can be read. */
  readonly needed: ReadonlyMap<string, NeededFile>
  /** Changelog files of all snapshots. */
  readonly changelog: readonly NeededFile[]
  /** The names of the manifests, manifest lists and index manifests that are in use. */
  readonly manifestNames: ReadonlySet<string>
  /** Whether every manifest could be read, so that nothing else is in use. */
  readonly isComplete: boolean
}

const MANIFESTS_AT_ONCE = 8

interface State {
  readonly live: LiveFiles
  /** The manifests that it was made of. */
  readonly manifests: ReadonlySet<string>
  readonly rowCount: number
}

export async function checkHistory(
  context: CheckContext,
  snapshots: readonly Snapshot[],
): Promise<CheckedHistory> {
  const walk = new HistoryWalk(context)
  for (const [i, snapshot] of snapshots.entries()) {
    throwIfAborted(context.signal)
    await walk.visit(snapshot, snapshots[i - 1])
    context.onProgress({ phase: 'snapshots', done: i + 1, total: snapshots.length })
  }
  return walk.result(snapshots.at(-1)?.id ?? 0)
}

class HistoryWalk {
  readonly #context: CheckContext
  readonly #layout: DataLayout
  readonly #needed = new Map<string, EntryRef>()
  /** The last snapshot that needs a file, for files that a later one has deleted. */
  readonly #lastNeeded = new Map<string, number>()
  readonly #changelog: NeededFile[] = []
  readonly #names = new Set<string>()
  /** Manifests whose entries were checked. */
  readonly #checked = new Set<string>()
  #isComplete = true
  /** After the last snapshot; null where it could not be told. */
  #state: State | null = null

  constructor(context: CheckContext) {
    this.#context = context
    this.#layout = dataLayout(context.store.location.root, context.schema)
  }

  result(latestId: number): CheckedHistory {
    const needed = [...this.#needed].map(([identity, ref]): [string, NeededFile] => [
      identity,
      { ...ref, snapshotId: this.#lastNeeded.get(identity) ?? latestId },
    ])
    return {
      live: this.#state?.live ?? null,
      needed: new Map(needed),
      changelog: this.#changelog,
      manifestNames: this.#names,
      isComplete: this.#isComplete,
    }
  }

  async visit(snapshot: Snapshot, previous: Snapshot | undefined): Promise<void> {
    const { store, findings, signal } = this.#context
    const { baseManifestList: baseName, deltaManifestList: deltaName } = snapshot
    const base = await this.#list(snapshot, baseName, () =>
      store.manifests.readBaseManifests(snapshot, { signal }),
    )
    const delta = await this.#list(snapshot, deltaName, () =>
      store.manifests.readDeltaManifests(snapshot, { signal }),
    )
    await this.#visitChangelog(snapshot)
    const before = previous?.id === snapshot.id - 1 ? this.#state : null
    this.#state = null
    if (base === undefined || delta === undefined) return
    const baseState = await this.#baseState(snapshot, base, before)
    const deltaRows = await this.#rows(snapshot, delta)
    if (baseState === null || deltaRows === undefined) return
    const { files, problems, rowCount, added, removed } = replay(baseState.live, deltaRows)
    const deltaPath = this.#manifestPath(deltaName)
    for (const problem of problems) findings.damaged(deltaPath, problem)
    for (const each of added) this.#need(each)
    for (const identity of removed) this.#lastNeeded.set(identity, snapshot.id - 1)
    const total = baseState.rowCount + rowCount
    this.#checkCounts(snapshot, rowCount, total)
    const names = [...base, ...delta].map(({ fileName }) => fileName)
    this.#state = { live: files, manifests: new Set(names), rowCount: total }
  }

  /** The files before the snapshot: those of the snapshot before, unless the base list tells otherwise. */
  async #baseState(
    snapshot: Snapshot,
    base: readonly ManifestFileMeta[],
    before: State | null,
  ): Promise<Omit<State, 'manifests'> | null> {
    const names = base.map(({ fileName }) => fileName)
    const isSame =
      before !== null &&
      before.manifests.size === names.length &&
      names.every((name) => before.manifests.has(name))
    if (isSame) return before
    const { findings } = this.#context
    const rows = await this.#rows(snapshot, base)
    if (rows === undefined) return null
    const { files, problems, rowCount } = replay(new Map(), rows)
    const path = this.#manifestPath(snapshot.baseManifestList)
    for (const problem of problems) findings.damaged(path, problem)
    const differs = before === null ? undefined : difference(before.live, files)
    if (differs !== undefined)
      findings.damaged(path, `does not hold what snapshot ${snapshot.id - 1} left: ${differs}`)
    for (const each of files.values()) this.#need(each)
    return { live: files, rowCount }
  }

  #checkCounts(snapshot: Snapshot, delta: number, total: number): void {
    const { store, findings } = this.#context
    const { id, deltaRecordCount, totalRecordCount } = snapshot
    const path = snapshotPath(store.location, id)
    if (deltaRecordCount !== delta)
      findings.damaged(path, `deltaRecordCount is ${deltaRecordCount}, its files make it ${delta}`)
    if (totalRecordCount !== total)
      findings.damaged(path, `totalRecordCount is ${totalRecordCount}, its files make it ${total}`)
  }

  async #visitChangelog(snapshot: Snapshot): Promise<void> {
    const { store, findings, signal } = this.#context
    const { id, changelogManifestList: name, changelogRecordCount } = snapshot
    if (name === undefined) return
    const metas = await this.#list(snapshot, name, () =>
      store.manifests.readChangelogManifests(snapshot, { signal }),
    )
    const manifests = metas && (await this.#rows(snapshot, metas))
    if (manifests === undefined) return
    const { added, problems, rowCount } = replay(new Map(), manifests)
    for (const problem of problems) findings.damaged(this.#manifestPath(name), problem)
    for (const each of added) this.#changelog.push({ ...each, snapshotId: id })
    if ((changelogRecordCount ?? 0) !== rowCount)
      findings.damaged(
        snapshotPath(store.location, id),
        `changelogRecordCount is ${changelogRecordCount}, its files make it ${rowCount}`,
      )
  }

  #need(ref: EntryRef): void {
    const identity = identityAt(ref.rows, ref.row)
    this.#needed.set(identity, ref)
    this.#lastNeeded.delete(identity)
  }

  async #list(
    snapshot: Snapshot,
    name: string,
    read: () => Promise<readonly ManifestFileMeta[]>,
  ): Promise<readonly ManifestFileMeta[] | undefined> {
    const { store, findings } = this.#context
    this.#names.add(name)
    const found = await findings.attempt(
      snapshotPath(store.location, snapshot.id),
      read,
      snapshot.id,
    )
    this.#isComplete &&= found !== undefined
    return found
  }

  /** The entries of the manifests, checked once for each; undefined when one cannot be read. */
  async #rows(
    snapshot: Snapshot,
    metas: readonly ManifestFileMeta[],
  ): Promise<ManifestRows[] | undefined> {
    const { store, findings, signal } = this.#context
    const found = await mapAll(metas, MANIFESTS_AT_ONCE, async (meta) => {
      const { fileName } = meta
      this.#names.add(fileName)
      const rows = await findings.attempt(
        this.#manifestPath(fileName),
        () => store.manifests.readManifest(meta, { signal }),
        snapshot.id,
      )
      if (rows !== undefined && !this.#checked.has(fileName)) {
        this.#checked.add(fileName)
        checkManifest(this.#context, this.#layout, meta, rows)
      }
      return rows
    })
    const sound = found.filter((rows) => rows !== undefined)
    this.#isComplete &&= sound.length === found.length
    return sound.length === found.length ? sound : undefined
  }

  #manifestPath(name: string): string {
    return manifestPath(this.#context.store.location.root, name)
  }
}
