/** What is stored of a table or a branch beside its data, and what this process knows of it. */
import type { FileIO } from '../io/file-io.ts'
import { createFileCache, type FileCache } from './file-cache.ts'
import { ManifestStore, type ManifestStoreOptions } from './manifest-store.ts'
import { MAIN_BRANCH, type TableLocation } from './paths.ts'
import { SchemaStore } from './schema-store.ts'
import { SnapshotStore } from './snapshot-store.ts'
import { TableMetrics } from './table-metrics.ts'
import { TagStore } from './tag-store.ts'

/** What this process knows of the commits of a user. */
export interface UserCommits {
  /** The highest identifier that is known to be committed. */
  committed: bigint | undefined
  /** Commits that began here and did not end well: the latest snapshot when they began, 0 if there was none. */
  readonly unfinished: Map<bigint, number>
  /** The snapshot up to which strict commits have found nothing that forbids them. */
  safeId?: number | undefined
}

/** One object for each table that a process works on: it holds what need not be read twice. */
export interface TableStore {
  readonly io: FileIO
  readonly location: TableLocation
  readonly snapshots: SnapshotStore
  readonly schemas: SchemaStore
  readonly tags: TagStore
  readonly manifests: ManifestStore
  /** The bytes of index files, by path: several data files have their deletion vectors in one. */
  readonly indexFiles: FileCache<Uint8Array>
  /** The stores of this table's branches that are open, this one among them, by the name of the branch. */
  readonly branches: Map<string, TableStore>
  /** What this process measures of its work on the table. */
  readonly metrics: TableMetrics
  /** By commit user. */
  readonly users: Map<string, UserCommits>
  /** The schema that each statistics file is of; null for a file that is not there. */
  readonly statisticsSchemas: Map<string, number | null>
}

export interface TableStoreOptions extends ManifestStoreOptions {
  /** The main branch unless told. */
  readonly branch?: string | undefined
}

const INDEX_CACHE_BYTES = 16 << 20

/** Opens what is stored of the table in the directory `root`; nothing is read yet. */
export function openTableStore(
  io: FileIO,
  root: string,
  options: TableStoreOptions = {},
): TableStore {
  const { branch = MAIN_BRANCH } = options
  const location = { root, branch }
  const store: TableStore = {
    io,
    location,
    snapshots: new SnapshotStore(io, location),
    schemas: new SchemaStore(io, location),
    tags: new TagStore(io, location),
    manifests: new ManifestStore(io, root, options),
    indexFiles: createFileCache(INDEX_CACHE_BYTES),
    branches: new Map(),
    metrics: new TableMetrics(),
    users: new Map(),
    statisticsSchemas: new Map(),
  }
  store.branches.set(branch, store)
  return store
}

/** The store of another branch of the same table, whether there is such a branch or not; what is cached is shared. */
export function openBranch(store: TableStore, branch: string): TableStore {
  const { io, location, manifests, indexFiles, branches } = store
  let opened = branches.get(branch)
  if (opened === undefined) {
    const own = openTableStore(io, location.root, { branch })
    opened = { ...own, manifests, indexFiles, branches }
    branches.set(branch, opened)
  }
  return opened
}
