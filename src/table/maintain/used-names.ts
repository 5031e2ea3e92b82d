/**
 * The names of all files that a table needs: those that the snapshots, tags and long-lived changelogs of all its branches
 * refer to.
 *
 * Follows `OrphanFilesClean.getUsedFiles`: entries count whatever their kind, and a file that is not there refers to nothing,
 * since expiry may run at the same time. Unlike there, the latest snapshot of a branch and a tag must be whole.
 */
import type { FileStatus, IoOptions } from '../../io/file-io.ts'
import { nameOf } from '../../io/path.ts'
import { branchNames } from '../../snapshot/branches.ts'
import { readHint } from '../../snapshot/hints.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import { extraFilesAt, fileNameAt } from '../../snapshot/manifest-rows.ts'
import { readIfThere } from '../../snapshot/metadata-files.ts'
import {
  branchDirectory,
  CHANGELOG_PREFIX,
  changelogDirectory,
  hintPath,
  MAIN_BRANCH,
  numberOf,
  SNAPSHOT_PREFIX,
  snapshotDirectory,
  TAG_PREFIX,
  tagDirectory,
  type TableLocation,
} from '../../snapshot/paths.ts'
import { SchemaStore } from '../../snapshot/schema-store.ts'
import { parseSnapshot, type Snapshot } from '../../snapshot/snapshot.ts'
import { openTableStore, type TableStore } from '../../snapshot/table-store.ts'
import { mapAll } from '../../util/async.ts'
import { corrupt, isNotFound } from '../../util/errors.ts'

export interface UsedNamesOptions extends IoOptions {
  /** How many files are read at the same time. */
  readonly concurrency: number
  /** Told of every name in use, once or more often. */
  readonly onUsed: (name: string) => void
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** A file that refers to others: a snapshot, tag or changelog. */
interface Head {
  readonly path: string
  /** Tells it from a later file of the same path. */
  readonly version: string
  readonly kind: HeadKind
}

/**
 * What a snapshot refers to that is not the latest may be gone, since it is about to expire; a changelog has lost all that
 * its changes do not need.
 */
type HeadKind = 'latest' | 'tag' | 'expiring' | 'changelog'

/** Little of what is read is read twice. */
const CACHE_SIZE_BYTES = 1 << 20

export class UsedNames {
  readonly #store: TableStore
  readonly #options: UsedNamesOptions
  /** The versions of the heads that were visited, by path. */
  readonly #visited = new Map<string, string>()
  /** The lists, manifests and index manifests that were read. */
  readonly #read = new Set<string>()
  readonly #incomplete = new Set<string>()

  constructor({ io, location }: Pick<TableStore, 'io' | 'location'>, options: UsedNamesOptions) {
    this.#store = openTableStore(io, location.root, { cacheSizeBytes: CACHE_SIZE_BYTES })
    this.#options = options
  }

  /** Snapshots that refer to files which are not there, as an expiry leaves them that was stopped. */
  get incomplete(): readonly string[] {
    return [...this.#incomplete].toSorted()
  }

  /**
   * Visits all that has appeared since the last look; of each branch the latest snapshot always. CORRUPT where something
   * cannot be read, so that what it refers to is not known.
   */
  async look(): Promise<void> {
    const { io, location } = this.#store
    const branches = [MAIN_BRANCH, ...(await branchNames(io, location.root, this.#options))]
    const heads: Head[] = []
    for (const branch of branches)
      heads.push(...(await this.#headsOf({ root: location.root, branch })))
    const fresh = heads.filter(
      ({ path, version, kind }) => kind === 'latest' || this.#visited.get(path) !== version,
    )
    let done = 0
    await mapAll(fresh, this.#options.concurrency, async (head) => {
      await this.#visit(head)
      this.#visited.set(head.path, head.version)
      this.#options.onProgress?.(++done, fresh.length)
    })
  }

  async #headsOf(location: TableLocation): Promise<Head[]> {
    const { io } = this.#store
    const { branch } = location
    const ids = await new SchemaStore(io, location).ids(this.#options)
    if (ids.length === 0)
      throw corrupt(branch === MAIN_BRANCH ? 'there is no schema' : 'the branch has no schema', {
        path: branchDirectory(location),
        hint: 'what it refers to cannot be told, so no file is deleted: repair it, or delete the branch',
      })
    const snapshots = await this.#filesIn(snapshotDirectory(location), SNAPSHOT_PREFIX)
    if (snapshots.length === 0) await this.#requireNone(location)
    const numbers = snapshots.map(({ path }) => numberOf(nameOf(path), SNAPSHOT_PREFIX)!)
    const latest = numbers.reduce((highest, id) => Math.max(highest, id), 0)
    const changelogs = await this.#filesIn(changelogDirectory(location), CHANGELOG_PREFIX)
    const tags = await Array.fromAsync(
      io.list(tagDirectory(location), { ...this.#options, namePrefix: TAG_PREFIX }),
    )
    return [
      ...snapshots.map((status, at) =>
        headOf(status, numbers[at] === latest ? 'latest' : 'expiring'),
      ),
      ...changelogs.map((status) => headOf(status, 'changelog')),
      ...tags.map((status) => headOf(status, 'tag')),
    ]
  }

  async #filesIn(directory: string, prefix: string): Promise<FileStatus[]> {
    const listing = this.#store.io.list(directory, { ...this.#options, namePrefix: prefix })
    const files = await Array.fromAsync(listing)
    return files.filter(({ path }) => numberOf(nameOf(path), prefix) !== undefined)
  }

  /** A table whose snapshots are lost is not one without any. */
  async #requireNone(location: TableLocation): Promise<void> {
    const path = hintPath(location, 'LATEST')
    const hint = await readHint(this.#store.io, path, this.#options)
    if (hint !== undefined)
      throw corrupt(`names snapshot ${hint}, and there is no snapshot at all`, {
        path,
        hint: 'no file is deleted: restore the snapshots, or delete the hint where the table is to be empty',
      })
  }

  async #visit(head: Head): Promise<void> {
    const { io } = this.#store
    const bytes = await readIfThere(io, head.path, this.#options)
    // It has expired, or was deleted.
    if (bytes === null) return
    const snapshot = parseSnapshot(new TextDecoder().decode(bytes), head.path)
    const isWhole = head.kind === 'latest' || head.kind === 'tag'
    const missing = await this.#visitSnapshot(snapshot, isWhole)
    if (missing === null || head.kind === 'changelog') return
    if ((await io.stat(head.path, this.#options)) === null) return
    if (isWhole)
      throw corrupt(`refers to ${missing}, which is not there`, {
        path: head.path,
        hint: 'no file is deleted: check the table first',
      })
    this.#incomplete.add(head.path)
  }

  /** The name of a file that is not there, which `isWhole` looks for also in what others have read; null when all are. */
  async #visitSnapshot(snapshot: Snapshot, isWhole: boolean): Promise<string | null> {
    const { manifests } = this.#store
    const { onUsed, concurrency } = this.#options
    const { baseManifestList, deltaManifestList, indexManifest } = snapshot
    if (snapshot.statistics !== undefined) onUsed(snapshot.statistics)
    const missing: (string | null)[] = []
    const metas: ManifestFileMeta[] = []
    const lists = [
      [baseManifestList, snapshot.baseManifestListSize],
      [deltaManifestList, snapshot.deltaManifestListSize],
    ] as const
    for (const [name, sizeBytes] of lists)
      missing.push(
        await this.#visitFile(name, isWhole, async () => {
          metas.push(...(await manifests.readList(name, sizeBytes, this.#options)))
        }),
      )
    await this.#visitChangelog(snapshot)
    if (indexManifest !== undefined)
      missing.push(
        await this.#visitFile(indexManifest, isWhole, async () => {
          const entries = await manifests.readIndexEntries(snapshot, this.#options)
          for (const { indexFile } of entries) onUsed(indexFile.fileName)
        }),
      )
    // Snapshots that follow each other have most of their manifests in common.
    const fresh = metas.filter(({ fileName }) => !this.#read.has(fileName))
    const unread = await mapAll(fresh, concurrency, (meta) => this.#readManifest(meta))
    return [...missing, ...unread].find((name) => name !== null) ?? null
  }

  /**
   * Changes expire with their snapshot also where a tag or a branch keeps its rows, so that any of these files may be gone;
   * what a missing one referred to nobody can read.
   */
  async #visitChangelog({
    changelogManifestList: name,
    changelogManifestListSize,
  }: Snapshot): Promise<void> {
    if (name === undefined) return
    const { manifests } = this.#store
    await this.#visitFile(name, false, async () => {
      const metas = await manifests.readList(name, changelogManifestListSize, this.#options)
      await mapAll(metas, this.#options.concurrency, (meta) => this.#readManifest(meta))
    })
  }

  async #readManifest(meta: ManifestFileMeta): Promise<string | null> {
    const { onUsed } = this.#options
    return await this.#visitFile(meta.fileName, false, async () => {
      const rows = await this.#store.manifests.readManifest(meta, this.#options)
      for (let row = 0; row < rows.length; row++) {
        onUsed(fileNameAt(rows, row))
        for (const name of extraFilesAt(rows, row)) onUsed(name)
      }
    })
  }

  /** Reads what the file refers to, unless that was done before and is not wanted `again`; its name if it is not there. */
  async #visitFile(
    name: string,
    again: boolean,
    read: () => Promise<void>,
  ): Promise<string | null> {
    this.#options.onUsed(name)
    if (!again && this.#read.has(name)) return null
    try {
      await read()
      this.#read.add(name)
      return null
    } catch (error) {
      if (isNotFound(error)) return name
      throw error
    }
  }
}

function headOf({ path, sizeBytes, modifiedMs }: FileStatus, kind: HeadKind): Head {
  return { path, version: `${sizeBytes} ${modifiedMs}`, kind }
}
