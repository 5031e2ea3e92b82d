/**
 * Makes one branch, from the first snapshot of another on, what the other is. Follows `FileSystemBranchManager.fastForward`,
 * which deletes first and copies then; here the table is readable at each moment, and whoever dies leaves a shorter history
 * that the same call completes:
 *
 * 1. The first snapshot of the other is put where there is none of its id.
 * 2. Newer snapshots are deleted, the newest first, but for those that both branches have.
 * 3. Newer tags and schemas go; then schemas, tags and snapshots are copied, these ascending.
 * 4. The hints follow.
 */
import { FileDeletion, type Freed } from '../../snapshot/file-deletion.ts'
import { hintBytes, readHint } from '../../snapshot/hints.ts'
import { readIfThere } from '../../snapshot/metadata-files.ts'
import { hintPath, schemaPath, snapshotPath, tagPath } from '../../snapshot/paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { mapAll, throwIfAborted } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'

export interface FastForwardOptions {
  /** Tells what would be deleted, and does nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of the files that are looked at. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** What was deleted, or in a dry run would be: files of metadata alone. */
export interface FastForwarded extends Freed {
  /** The ids of the snapshots that went, or got other contents, ascending. */
  readonly snapshots: readonly number[]
  /** The names of the tags that went, or are of another snapshot now. */
  readonly tags: readonly string[]
  /** The latest snapshot, which is that of the other branch. */
  readonly latestSnapshot: number
}

/** What a file becomes: other bytes, or nothing. */
interface FileChange {
  readonly path: string
  readonly sizeBytes: number
  readonly to: Uint8Array | null
}

const READS_AT_ONCE = 16

export async function fastForward(
  target: TableStore,
  source: TableStore,
  options: FastForwardOptions = {},
): Promise<FastForwarded> {
  const { dryRun = false, signal } = options
  const range = await source.snapshots.range({ signal })
  if (range === null)
    throw invalid(`the branch ${source.location.branch} has no snapshots`, {
      path: source.location.root,
      hint: 'write to it first',
    })
  const first = await source.snapshots.read(range.earliest, { signal })
  const snapshots = await snapshotChanges(target, source, range, options)
  const tags = await tagChanges(target, source, first.id, signal)
  const schemas = await schemaChanges(target, source, first.schemaId, signal)
  const deletion = new FileDeletion(target.io, { dryRun, signal })
  if (!dryRun) await target.io.delete(hintPath(target.location, 'LATEST'), { signal })
  const ids = [...snapshots.keys()].toSorted((a, b) => a - b)
  const firstChange = snapshots.get(first.id)
  // The table is never without a snapshot.
  if (firstChange !== undefined && firstChange.sizeBytes === 0) await change(firstChange)
  for (const id of ids.toReversed()) {
    const { path, sizeBytes } = snapshots.get(id)!
    if (id > first.id && sizeBytes > 0) await deletion.delete([{ path, sizeBytes }])
  }
  if (firstChange !== undefined && firstChange.sizeBytes > 0) await change(firstChange)
  for (const each of [...tags.values(), ...schemas]) if (each.to === null) await change(each)
  for (const each of [...schemas, ...tags.values()]) if (each.to !== null) await change(each)
  for (const id of ids) await copySnapshot(id)
  if (!dryRun) await finish(target, range.latest)
  return {
    snapshots: ids.filter((id) => snapshots.get(id)!.sizeBytes > 0),
    tags: [...tags].filter(([, { sizeBytes }]) => sizeBytes > 0).map(([name]) => name),
    latestSnapshot: range.latest,
    ...deletion.freed,
  }

  async function change({ path, sizeBytes, to }: FileChange): Promise<void> {
    throwIfAborted(signal)
    if (to === null) await deletion.delete([{ path, sizeBytes }])
    else if (!dryRun) await target.io.write(path, to, { signal })
  }

  async function copySnapshot(id: number): Promise<void> {
    const { path, to } = snapshots.get(id)!
    if (to === null || id === first.id || dryRun) return
    throwIfAborted(signal)
    if (await target.io.create(path, to, { signal })) return
    throw new LakeError('CONFLICT', `others committed snapshot ${id} meanwhile`, {
      path: target.location.root,
      hint: 'stop the writers of this branch, and fast-forward it again',
      retriable: true,
    })
  }
}

/** By their ids the snapshots, from the first of the source on, that are not the same in both. */
async function snapshotChanges(
  target: TableStore,
  source: TableStore,
  { earliest, latest }: { readonly earliest: number; readonly latest: number },
  { signal, onProgress }: FastForwardOptions,
): Promise<Map<number, FileChange>> {
  const changes = new Map<number, FileChange>()
  const there = (await target.snapshots.ids({ signal })).filter((id) => id >= earliest)
  const ids = new Set(there)
  for (let id = earliest; id <= latest; id++) ids.add(id)
  let done = 0
  await mapAll(ids, READS_AT_ONCE, async (id) => {
    const to = id <= latest ? await source.snapshots.readBytes(id, { signal }) : null
    const path = snapshotPath(target.location, id)
    await noteChange(target, path, to, (made) => changes.set(id, made), signal)
    onProgress?.(++done, ids.size)
  })
  return changes
}

/** By their names the tags that go, since they are of the first snapshot or later, and those that come. */
async function tagChanges(
  target: TableStore,
  source: TableStore,
  firstId: number,
  signal: AbortSignal | undefined,
): Promise<Map<string, FileChange>> {
  const changes = new Map<string, FileChange>()
  const coming = new Set(await source.tags.list({ signal }))
  const going = new Set<string>()
  for await (const { name, snapshot } of target.tags.readAll(undefined, { signal }))
    if (snapshot.id >= firstId && !coming.has(name)) going.add(name)
  for (const name of [...going, ...coming]) {
    const to = coming.has(name)
      ? await readIfThere(source.io, tagPath(source.location, name), { signal })
      : null
    const path = tagPath(target.location, name)
    await noteChange(target, path, to, (made) => changes.set(name, made), signal)
  }
  return changes
}

/** Schemas from the first snapshot's on are the source's; those that go come first, the latest before the others. */
async function schemaChanges(
  target: TableStore,
  source: TableStore,
  firstId: number,
  signal: AbortSignal | undefined,
): Promise<FileChange[]> {
  const changes: FileChange[] = []
  const coming = await source.schemas.ids({ signal })
  const there = await target.schemas.ids({ signal })
  const going = there.filter((id) => id >= firstId && !coming.includes(id)).toReversed()
  for (const id of [...going, ...coming]) {
    const to = coming.includes(id)
      ? await source.io.read(schemaPath(source.location, id), { signal })
      : null
    await noteChange(
      target,
      schemaPath(target.location, id),
      to,
      (made) => changes.push(made),
      signal,
    )
  }
  return changes
}

/** Notes what is not so already. The size is that of what is there, 0 where nothing is. */
async function noteChange(
  { io }: TableStore,
  path: string,
  to: Uint8Array | null,
  note: (change: FileChange) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bytes = await readIfThere(io, path, { signal })
  if (bytes === null ? to === null : to !== null && Buffer.compare(bytes, to) === 0) return
  note({ path, sizeBytes: bytes?.byteLength ?? 0, to })
}

/**
 * Java copies the hints of the branch along. With its EARLIEST the table begins for Java where the branch does, and snapshots
 * before that are neither shown nor expired any more; so here that hint stays, unless it would hide snapshots that came.
 */
async function finish(target: TableStore, latestId: number): Promise<void> {
  const { io, location } = target
  await io.write(hintPath(location, 'LATEST'), hintBytes(latestId))
  const earliestPath = hintPath(location, 'EARLIEST')
  const range = await target.snapshots.range()
  const told = await readHint(io, earliestPath)
  if (range !== null && told !== undefined && told > range.earliest)
    await io.write(earliestPath, hintBytes(range.earliest))
  // What this process knows of the branch may not hold any more.
  target.schemas.forget()
  target.users.clear()
}
