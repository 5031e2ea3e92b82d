/** What an expiry works with: the table, what spares files from it, and how they are deleted. */
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { dataLayout } from './data-paths.ts'
import { nearestTagBefore } from './expire.ts'
import { FileDeletion, type FileDeletionOptions, type UnusedFile } from './file-deletion.ts'
import { namesOfBranches, otherBranches } from './kept-by-branches.ts'
import { lowestOfConsumers, taggedSnapshots } from './kept-by-tags.ts'
import { ManifestStore } from './manifest-store.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'
import {
  liveFileNames,
  metadataNames,
  type UnusedDataFile,
  type UnusedFilesContext,
} from './unused-files.ts'

export interface ExpiryRun extends UnusedFilesContext {
  readonly store: TableStore
  readonly deletion: FileDeletion
  /** Whether directories that become empty go too: `snapshot.clean-empty-directories`. */
  readonly cleansDirectories: boolean
  readonly guard: ExpiryGuard
}

export interface ExpiryRunOptions extends FileDeletionOptions {
  /** Whether a long history goes, whose manifests are not to take the place of those that the process works with. */
  readonly isLong?: boolean | undefined
}

/** What is read of a long history is read once. */
const LONG_CACHE_BYTES = 8 << 20

/** Opens what an expiry of the table needs; nothing is read yet. */
export function openExpiryRun(
  { store: opened, schema }: { readonly store: TableStore; readonly schema: TableSchema },
  options: ExpiryRunOptions = {},
): ExpiryRun {
  const { io, location } = opened
  const store: TableStore =
    options.isLong === true
      ? {
          ...opened,
          manifests: new ManifestStore(io, location.root, { cacheSizeBytes: LONG_CACHE_BYTES }),
        }
      : opened
  const values = tableOptions(schema.options)
  const external = schema.options['data-file.external-paths'] ?? ''
  const context = {
    store,
    layout: dataLayout(store.location.root, schema),
    externalRoots: external
      .split(',')
      .map((path) => path.trim().replace(/\/+$/, ''))
      .filter((path) => path !== ''),
    signal: options.signal,
  }
  return {
    ...context,
    deletion: new FileDeletion(store.io, options),
    cleansDirectories: values.get('snapshot.clean-empty-directories'),
    guard: new ExpiryGuard(context),
  }
}

/** What keeps files, as it was at one moment. */
export interface Kept {
  /** Ascending ids, without repetitions. */
  readonly tags: readonly Snapshot[]
  /** The lowest snapshot that a consumer reads next; null without consumers. */
  readonly consumersNext: number | null
  /** The names of files that other branches may need. */
  readonly elsewhere: ReadonlySet<string>
}

const NO_NAMES: ReadonlySet<string> = new Set()

/** Tells what keeps files. What is large, and cannot change, is read once. */
export class ExpiryGuard {
  readonly #context: UnusedFilesContext & { readonly store: TableStore }
  #branches: { readonly key: string; readonly names: ReadonlySet<string> } | undefined
  /** The data files of the tag that was asked for last. */
  #live: { readonly tag: Snapshot; readonly names: ReadonlySet<string> } | undefined

  constructor(context: UnusedFilesContext & { readonly store: TableStore }) {
    this.#context = context
  }

  /**
   * What keeps files right now from an expiry that deletes what snapshots up to `lastId` let go, beginning with `firstId`.
   * Tags named in `ignored` are about to go. It ends with the look at tags and consumers: what takes longer comes before.
   */
  async look(firstId: number, lastId: number, ignored?: ReadonlySet<string>): Promise<Kept> {
    const { store, signal } = this.#context
    for (;;) {
      const elsewhere = await this.#ofBranches(lastId)
      const [tags, consumersNext] = await Promise.all([
        taggedSnapshots(store, { signal, ignored }),
        lowestOfConsumers(store, { signal }),
      ])
      const nearest = tagBefore(tags, firstId)
      if (nearest === null || this.#live?.tag.deltaManifestList === nearest.deltaManifestList)
        return { tags, consumersNext, elsewhere }
      await this.liveFiles(nearest)
    }
  }

  /** The names of the data files of a tag. */
  async liveFiles(tag: Snapshot): Promise<ReadonlySet<string>> {
    if (this.#live?.tag.deltaManifestList !== tag.deltaManifestList)
      this.#live = { tag, names: await liveFileNames(this.#context, tag) }
    return this.#live.names
  }

  async #ofBranches(lastId: number): Promise<ReadonlySet<string>> {
    const branches = await otherBranches(this.#context.store, this.#context.signal)
    if (branches.length === 0) return NO_NAMES
    const key = JSON.stringify([lastId, branches])
    if (this.#branches?.key !== key)
      this.#branches = { key, names: await namesOfBranches(this.#context, branches, lastId) }
    return this.#branches.names
  }
}

/** The nearest tag before the snapshot. */
function tagBefore(tags: readonly Snapshot[], snapshotId: number): Snapshot | null {
  const ids = tags.map(({ id }) => id)
  const nearest = nearestTagBefore(ids, snapshotId)
  return nearest === null ? null : tags[ids.indexOf(nearest)]!
}

/** The files among those that `snapshotId` let go which neither a tag nor a branch keeps. */
export async function unlessKept(
  { guard }: ExpiryRun,
  files: readonly UnusedDataFile[],
  snapshotId: number,
  { tags, elsewhere }: Kept,
): Promise<UnusedDataFile[]> {
  if (files.length === 0) return []
  const tag = tagBefore(tags, snapshotId)
  const live = tag === null ? NO_NAMES : await guard.liveFiles(tag)
  return files.filter(({ name }) => !live.has(name) && !elsewhere.has(name))
}

/** The names of the metadata of the snapshots and of other branches. */
export async function keptMetadata(
  run: ExpiryRun,
  snapshots: readonly Snapshot[],
  { elsewhere }: Kept,
): Promise<Set<string>> {
  const kept = new Set(elsewhere)
  for (const snapshot of snapshots)
    for (const name of await metadataNames(run, snapshot)) kept.add(name)
  return kept
}

/** So many files are gathered before they are deleted: as many as a request to S3 takes. */
const BATCH_FILES = 1_000

/** Files of buckets that are deleted in batches. */
export class DataFileBatch {
  readonly #run: ExpiryRun
  #files: UnusedFile[] = []
  readonly #directories = new Set<string>()

  constructor(run: ExpiryRun) {
    this.#run = run
  }

  async add(unused: readonly UnusedDataFile[]): Promise<void> {
    for (const { files, directory } of unused) {
      this.#files.push(...files)
      if (this.#run.cleansDirectories) this.#directories.add(directory)
    }
    if (this.#files.length >= BATCH_FILES) await this.#flush()
  }

  /** Deletes what is left, and then the directories that are empty. */
  async finish(): Promise<void> {
    await this.#flush()
    const { deletion, layout } = this.#run
    await deletion.deleteEmptyDirectories(this.#directories, layout.directory)
  }

  async #flush(): Promise<void> {
    const files = this.#files
    this.#files = []
    await this.#run.deletion.delete(files)
  }
}
