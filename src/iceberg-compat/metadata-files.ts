/**
 * The manifests, manifest lists and delete files of a table's Iceberg metadata: read once, and written when it is known which of
 * the new ones stay.
 */
import { randomUUID } from 'node:crypto'

import type { FileIO, IoOptions } from '../io/file-io.ts'
import { joinPath } from '../io/path.ts'
import { createFileCache, type FileCache } from '../snapshot/file-cache.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { Uploads } from '../snapshot/uploads.ts'
import { lastName, metadataFile } from './current.ts'
import type { IcebergManifest } from './entry.ts'
import { decodeIcebergManifestList } from './manifest-list.ts'
import {
  decodeIcebergManifest,
  type IcebergRows,
  type ManifestForm,
  pathAt,
  referencedDataFileAt,
} from './manifest-rows.ts'

/** A manifest's rows, and where the file of each key is among them. */
export interface KnownManifest {
  readonly rows: IcebergRows
  readonly rowOfKey: ReadonlyMap<string, number>
}

/** What this process has read and written; the files never change. */
interface KnownFiles {
  readonly lists: FileCache<readonly IcebergManifest[]>
  readonly manifests: FileCache<KnownManifest>
}

const LISTS_BYTES = 4 * 2 ** 20
const MANIFESTS_BYTES = 48 * 2 ** 20
/** What an entry takes in memory, roughly. */
const META_BYTES = 500
const ROW_BYTES = 1_000

const knownFiles = new WeakMap<TableStore, KnownFiles>()

export class MetadataFiles {
  readonly #io: FileIO
  readonly #directory: string
  readonly #known: KnownFiles
  readonly #options: IoOptions
  readonly #uuid = randomUUID()
  #count = 0
  /** Files that are not written yet, by path. */
  readonly #staged = new Map<string, Uint8Array>()
  /** Files that were written here, by whomever. */
  readonly #written: string[] = []

  constructor(store: TableStore, directory: string, options: IoOptions) {
    this.#io = store.io
    this.#directory = directory
    this.#options = options
    let known = knownFiles.get(store)
    if (known === undefined) {
      known = { lists: createFileCache(LISTS_BYTES), manifests: createFileCache(MANIFESTS_BYTES) }
      knownFiles.set(store, known)
    }
    this.#known = known
  }

  /** The path of a new file; `suffix` ends its name. */
  newPath(suffix: string): string {
    return joinPath(this.#directory, `${this.#uuid}-${++this.#count}${suffix}`)
  }

  /** The path of a new manifest list. */
  newList(snapshotId: number): string {
    return joinPath(this.#directory, `snap-${snapshotId}-${++this.#count}-${this.#uuid}.avro`)
  }

  /** The path of a new file that is written at once; it goes when all fails. */
  newFile(suffix: string): string {
    const path = this.newPath(suffix)
    this.#written.push(path)
    return path
  }

  /** Keeps a manifest to be written, with its rows. */
  stageManifest(path: string, bytes: Uint8Array, rows?: IcebergRows): void {
    this.#staged.set(path, bytes)
    if (rows !== undefined) this.#remember(path, rows)
  }

  stageList(path: string, bytes: Uint8Array, manifests: readonly IcebergManifest[]): void {
    this.#staged.set(path, bytes)
    this.#known.lists.set(path, manifests, manifests.length * META_BYTES)
  }

  /** Drops a file that is not needed after all; whether it was only staged. */
  unstage(path: string): boolean {
    return this.#staged.delete(path)
  }

  /** The manifests of a list. CORRUPT for a list or manifest that lies elsewhere than in the metadata directory. */
  async readList(path: string): Promise<readonly IcebergManifest[]> {
    const known = this.#known.lists.get(path)
    if (known !== undefined) return known
    const own = this.own(path)
    const manifests = decodeIcebergManifestList(own, await this.#io.read(own, this.#options))
    for (const each of manifests) this.own(each.path)
    this.#known.lists.set(path, manifests, manifests.length * META_BYTES)
    return manifests
  }

  async readManifest(path: string, form: ManifestForm): Promise<KnownManifest> {
    const known = this.#known.manifests.get(path)
    if (known !== undefined) return known
    const own = this.own(path)
    const bytes = this.#staged.get(path) ?? (await this.#io.read(own, this.#options))
    return this.#remember(path, decodeIcebergManifest(own, bytes, form))
  }

  /** The path as the storage knows it; CORRUPT where it is no file of the metadata directory. */
  own(path: string): string {
    return metadataFile(this.#directory, path)
  }

  /** Whether the path is one of a file in the metadata directory. */
  isOwn(path: string): boolean {
    return path === `${this.#directory}/${lastName(path)}`
  }

  /** Writes what is staged. */
  async writeStaged(): Promise<void> {
    const uploads = new Uploads(this.#io, this.#options)
    for (const [path, bytes] of this.#staged) {
      this.#written.push(path)
      await uploads.put(path, bytes)
    }
    this.#staged.clear()
    await uploads.finish()
  }

  /** Deletes what was written here, after a failure; what cannot be deleted stays, and nothing names it. */
  async drop(): Promise<void> {
    this.#staged.clear()
    const paths = this.#written.splice(0)
    if (paths.length > 0) await this.#io.deleteAll(paths).catch(() => {})
  }

  #remember(path: string, rows: IcebergRows): KnownManifest {
    const rowOfKey = new Map<string, number>()
    for (let row = 0; row < rows.length; row++) rowOfKey.set(keyAt(rows, row), row)
    const known = { rows, rowOfKey }
    this.#known.manifests.set(path, known, rows.length * ROW_BYTES)
    return known
  }
}

/** What tells files apart: the path, and for deletion vectors, of which one file holds many, the data file. */
export function keyOf(file: {
  readonly filePath: string
  readonly referencedDataFile: string | null
}): string {
  return file.referencedDataFile === null
    ? file.filePath
    : `${file.filePath}#${file.referencedDataFile}`
}

function keyAt(rows: IcebergRows, row: number): string {
  return keyOf({ filePath: pathAt(rows, row), referencedDataFile: referencedDataFileAt(rows, row) })
}
