/**
 * The branches of a table: histories of their own, that begin as a tag or empty. Follows `FileSystemBranchManager`.
 *
 * A branch is metadata alone; its data files lie in the table's directories. It is there once it has its latest schema, which
 * is written behind its snapshot and its tag, so that nobody reads half of one. Where a storage does not rename directories a
 * branch is renamed by copying it.
 */
import { branchNames, noBranch } from '../../snapshot/branches.ts'
import { FileDeletion, type Freed } from '../../snapshot/file-deletion.ts'
import {
  branchDirectory,
  MAIN_BRANCH,
  schemaDirectory,
  schemaPath,
  snapshotPath,
  type TableLocation,
  tagPath,
} from '../../snapshot/paths.ts'
import { isSameSnapshot, snapshotText } from '../../snapshot/snapshot.ts'
import { openBranch, type TableStore } from '../../snapshot/table-store.ts'
import { tagText } from '../../snapshot/tag.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { throwIfAborted } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import { show } from '../../util/show.ts'
import { fastForward, type FastForwarded, type FastForwardOptions } from './fast-forward.ts'
import { publishIceberg } from './iceberg.ts'

export interface BranchOptions {
  /** The tag that the branch begins as, which is copied along; a branch without it has no snapshots. */
  readonly tag?: string | undefined
  /** Leaves a branch alone that is there already. */
  readonly ifNotExists?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BranchDeletionOptions {
  /** Tells what would be deleted, and does nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

interface Io {
  readonly signal?: AbortSignal
}

/** The branches of a {@link Table}. Names are one level of a path, not blank, not `main`, and not digits alone. */
export interface TableBranches {
  /** The names of all branches but the main one, sorted. */
  list(options?: Io): Promise<string[]>
  /** Makes a branch, of the latest schema or as a tag of this branch. EXISTS, unless `ifNotExists`; NOT_FOUND for a tag. */
  create(name: string, options?: BranchOptions): Promise<void>
  /**
   * NOT_FOUND where there is no branch `from`, EXISTS where there is one `to`. Nobody may write to it meanwhile: on object stores
   * what is committed then may be lost.
   */
  rename(from: string, to: string, options?: Io): Promise<void>
  /**
   * Deletes the metadata of a branch; what is freed of its rows, the removal of orphans tells. INVALID for a branch that the
   * options of the table read from.
   */
  delete(name: string, options?: BranchDeletionOptions): Promise<Freed>
  /**
   * Makes this branch, from the first snapshot of the other on, what the other is: what was committed here since goes. INVALID
   * for a branch without snapshots; CONFLICT where others commit here meanwhile, and the same call then goes on.
   */
  fastForward(name: string, options?: FastForwardOptions): Promise<FastForwarded>
}

/** A table whose branches change. */
export interface BranchedTable {
  readonly store: TableStore
  readonly schema: TableSchema
}

/** The branches of a table as the object's user handles them. */
export function branchesOf(table: BranchedTable): TableBranches {
  const { io, location } = table.store
  return {
    list: async (options) => await branchNames(io, location.root, options),
    create: async (name, options = {}) => await createBranch(table, name, options),
    rename: async (from, to, options) => await renameBranch(table, from, to, options?.signal),
    delete: async (name, options = {}) => await deleteBranch(table, name, options),
    fastForward: async (name, options = {}) => {
      if (name === location.branch || name === MAIN_BRANCH)
        throw invalid(`the branch ${show(name)} cannot be what ${location.branch} becomes`, {
          hint: 'name another branch, other than main',
        })
      await requireBranch(table.store, name, options.signal)
      const forwarded = await fastForward(table.store, openBranch(table.store, name), options)
      if (options.dryRun !== true) await publishIceberg({ ...table, signal: options.signal })
      return forwarded
    },
  }
}

/** INVALID for what no branch may be called. */
function checkName({ location: { root } }: TableStore, name: string): void {
  if (name === MAIN_BRANCH) throw invalid('main is the table itself, and the name of no branch')
  if (name.trim() === '') throw invalid('the name of a branch is blank')
  if (/^\d+$/.test(name))
    throw invalid(`the name of a branch is not digits alone, as ${show(name)} is`)
  branchDirectory({ root, branch: name })
}

async function requireBranch(
  { io, location: { root } }: TableStore,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = await branchNames(io, root, { signal })
  if (!names.includes(name)) throw noBranch(name, names, root)
}

async function createBranch(
  { store }: BranchedTable,
  name: string,
  { tag: tagName, ifNotExists = false, signal }: BranchOptions,
): Promise<void> {
  checkName(store, name)
  // What is known of an earlier branch of the name does not hold.
  store.branches.delete(name)
  const branch = openBranch(store, name)
  if ((await branch.schemas.ids({ signal })).length > 0) {
    if (ifNotExists) return
    throw branchExists(branch.location)
  }
  const tag = tagName === undefined ? null : await store.tags.read(tagName, { signal })
  await dropUnfinished(branch, signal)
  const { io, location } = branch
  if (tag !== null) {
    const { snapshot, tagCreateTimeNanos, tagTimeRetainedNanos } = tag
    const times =
      tagCreateTimeNanos === undefined || tagTimeRetainedNanos === undefined
        ? undefined
        : { tagCreateTimeNanos, tagTimeRetainedNanos }
    const stored = await store.snapshots.find(snapshot.id, { signal })
    const isSame = stored !== null && isSameSnapshot(stored.snapshot, snapshot)
    // The snapshot of a tag may have expired, and then the tag says what it was.
    const bytes = isSame ? stored.bytes : new TextEncoder().encode(snapshotText(snapshot))
    await io.write(snapshotPath(location, snapshot.id), bytes, { signal })
    const text = new TextEncoder().encode(tagText(snapshot, times))
    await io.write(tagPath(location, tag.name), text, { signal })
  }
  const ids = (await store.schemas.ids({ signal })).filter(
    (id) => id <= (tag?.snapshot.schemaId ?? Infinity),
  )
  // The latest comes first: with it the branch is there, and an older one that is missing is never taken for the latest.
  for (const id of ids.toReversed()) {
    const bytes = await io.read(schemaPath(store.location, id), { signal })
    if (!(await io.create(schemaPath(location, id), bytes, { signal })))
      throw branchExists(location)
  }
}

function branchExists({ root, branch }: TableLocation): LakeError {
  return new LakeError('EXISTS', `there is a branch ${show(branch)} already`, {
    path: branchDirectory({ root, branch }),
    hint: 'choose another name, or delete the branch first',
  })
}

/** What a process left that died while it made the branch: without a schema it is none. */
async function dropUnfinished(
  { io, location }: TableStore,
  signal: AbortSignal | undefined,
): Promise<void> {
  const directory = branchDirectory(location)
  for await (const _ of io.list(directory, { recursive: true, signal })) {
    await io.deleteDirectory(directory, { signal })
    return
  }
}

async function deleteBranch(
  { store, schema }: BranchedTable,
  name: string,
  options: BranchDeletionOptions,
): Promise<Freed> {
  const { location } = store
  checkName(store, name)
  const values = tableOptions(schema.options)
  for (const option of ['scan.fallback-branch', 'scan.primary-branch'] as const)
    if (values.get(option)?.trim() === name)
      throw invalid(`the branch ${show(name)} is what ${option} names`, {
        path: location.root,
        hint: `remove the option ${option} from the table first`,
      })
  if (name === location.branch)
    throw invalid(`the branch ${show(name)} is the one that is open`, {
      hint: 'delete it through the table itself',
    })
  await requireBranch(store, name, options.signal)
  return await deleteWhole(openBranch(store, name), options)
}

/** Schemas go last: while there is one, the directory says whose it is. */
async function deleteWhole(branch: TableStore, options: BranchDeletionOptions): Promise<Freed> {
  const { io, location } = branch
  const { signal } = options
  const directory = branchDirectory(location)
  const schemas = `${schemaDirectory(location)}/`
  const listed = io.list(directory, { recursive: true, signal })
  const files = await Array.fromAsync(listed)
  const deletion = new FileDeletion(io, options)
  await deletion.delete(files.filter(({ path }) => !path.startsWith(schemas)))
  await deletion.delete(files.filter(({ path }) => path.startsWith(schemas)))
  if (options.dryRun !== true) {
    await io.deleteDirectory(directory, { signal })
    // Another branch of the name knows nothing of this one.
    branch.branches.delete(location.branch)
  }
  return deletion.freed
}

async function renameBranch(
  table: BranchedTable,
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { store } = table
  if (from === MAIN_BRANCH) throw invalid('main is the table itself, and keeps its name')
  await requireBranch(store, from, signal)
  checkName(store, to)
  const [source, target] = [openBranch(store, from), openBranch(store, to)]
  if (from === to || (await target.schemas.ids({ signal })).length > 0)
    throw branchExists(target.location)
  await dropUnfinished(target, signal)
  const { io } = store
  if (io.renameDirectory === undefined) {
    await copyBranch(source, target, signal)
    await deleteWhole(source, { signal })
  } else {
    const [old, name] = [branchDirectory(source.location), branchDirectory(target.location)]
    if (!(await io.renameDirectory(old, name, { signal }))) throw branchExists(target.location)
  }
  // What is known of either name does not hold.
  for (const name of [from, to]) store.branches.delete(name)
}

/** Copies all files; the schemas come last, the latest of them first, as where a branch is made. */
async function copyBranch(
  source: TableStore,
  target: TableStore,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { io } = source
  const [from, to] = [branchDirectory(source.location), branchDirectory(target.location)]
  const schemas = `${schemaDirectory(source.location)}/`
  const others: string[] = []
  for await (const { path } of io.list(from, { recursive: true, signal }))
    if (!path.startsWith(schemas)) others.push(path)
  const ids = await source.schemas.ids({ signal })
  const ordered = ids.toReversed().map((id) => schemaPath(source.location, id))
  for (const path of [...others, ...ordered]) {
    throwIfAborted(signal)
    const bytes = await io.read(path, { signal })
    await io.write(to + path.slice(from.length), bytes, { signal })
  }
}
