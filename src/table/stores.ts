/** What a table's stages read and write: its storage and the stores of its metadata. */
import type { FileIO } from '../io/file-io.ts'
import { ManifestStore } from '../snapshot/manifest-store.ts'
import { MAIN_BRANCH, type TableLocation } from '../snapshot/paths.ts'
import { SchemaStore } from '../snapshot/schema-store.ts'
import { SnapshotStore } from '../snapshot/snapshot-store.ts'

export interface TableStores {
  readonly io: FileIO
  readonly location: TableLocation
  readonly schemas: SchemaStore
  readonly snapshots: SnapshotStore
  readonly manifests: ManifestStore
}

/** The stores of the table in the directory `root`. */
export function tableStores(io: FileIO, root: string, branch: string = MAIN_BRANCH): TableStores {
  const location = { root, branch }
  return {
    io,
    location,
    schemas: new SchemaStore(io, location),
    snapshots: new SnapshotStore(io, location),
    manifests: new ManifestStore(io, root),
  }
}
