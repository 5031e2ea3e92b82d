/**
 * Reads and writes the manifests, manifest lists and index manifests of a table.
 *
 * These files never change, so what was read or written stays in memory, up to a budget: a writer does not read back
 * what it has just written.
 */
import type { AvroCodec } from '../format/avro/container.ts'
import type { FileIO, IoOptions } from '../io/file-io.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { corrupt } from '../util/errors.ts'
import { createFileCache, type FileCache } from './file-cache.ts'
import {
  decodeIndexManifest,
  encodeIndexManifest,
  type IndexManifestEntry,
} from './index-manifest.ts'
import { decodeManifest, ManifestWriter } from './manifest-file.ts'
import { decodeManifestList, encodeManifestList, type ManifestFileMeta } from './manifest-list.ts'
import type { ManifestRows } from './manifest-rows.ts'
import { manifestPath, metadataNames, type MetadataNames } from './paths.ts'
import type { Snapshot } from './snapshot.ts'
import type { Uploads } from './uploads.ts'

/** A manifest list or index manifest that was written. */
export interface WrittenFile {
  readonly name: string
  readonly sizeBytes: number
}

export interface ManifestStoreOptions {
  /** Bytes of decoded manifests that are kept; 64 MiB unless told. */
  readonly cacheSizeBytes?: number | undefined
  readonly names?: MetadataNames | undefined
}

/** How manifests are written, from the options of the table. */
export interface ManifestFormat {
  readonly partitionFields: readonly DataField[]
  readonly codec: AvroCodec
  readonly targetSizeBytes: number
}

const CACHE_SIZE_BYTES = 64 * 2 ** 20
/** What an entry of a decoded list takes, roughly. */
const META_SIZE_BYTES = 1_000

export class ManifestStore {
  readonly names: MetadataNames
  readonly #io: FileIO
  readonly #root: string
  readonly #lists: FileCache<readonly ManifestFileMeta[]>
  readonly #manifests: FileCache<ManifestRows>
  readonly #indexes: FileCache<readonly IndexManifestEntry[]>

  constructor(io: FileIO, root: string, options: ManifestStoreOptions = {}) {
    const { cacheSizeBytes = CACHE_SIZE_BYTES, names = metadataNames() } = options
    this.#io = io
    this.#root = root
    this.names = names
    this.#lists = createFileCache(cacheSizeBytes / 8)
    this.#manifests = createFileCache(cacheSizeBytes)
    this.#indexes = createFileCache(cacheSizeBytes / 8)
  }

  /** The manifests of the data files of a snapshot: those of the snapshots before it, then its own. */
  async readDataManifests(snapshot: Snapshot, options?: IoOptions): Promise<ManifestFileMeta[]> {
    const [base, delta] = await Promise.all([
      this.readBaseManifests(snapshot, options),
      this.readDeltaManifests(snapshot, options),
    ])
    return [...base, ...delta]
  }

  async readBaseManifests(
    snapshot: Snapshot,
    options?: IoOptions,
  ): Promise<readonly ManifestFileMeta[]> {
    return this.readList(snapshot.baseManifestList, snapshot.baseManifestListSize, options)
  }

  async readDeltaManifests(
    snapshot: Snapshot,
    options?: IoOptions,
  ): Promise<readonly ManifestFileMeta[]> {
    return this.readList(snapshot.deltaManifestList, snapshot.deltaManifestListSize, options)
  }

  /** The manifests of the snapshot's changelog files; none for most snapshots. */
  async readChangelogManifests(
    snapshot: Snapshot,
    options?: IoOptions,
  ): Promise<readonly ManifestFileMeta[]> {
    const { changelogManifestList: name, changelogManifestListSize } = snapshot
    return name === undefined ? [] : this.readList(name, changelogManifestListSize, options)
  }

  async readList(
    name: string,
    sizeBytes: number | undefined,
    options?: IoOptions,
  ): Promise<readonly ManifestFileMeta[]> {
    const known = this.#lists.get(name)
    if (known !== undefined) return known
    const { path, bytes } = await this.#read(name, sizeBytes, options)
    const metas = decodeManifestList(path, bytes)
    this.#lists.set(name, metas, metas.length * META_SIZE_BYTES)
    return metas
  }

  async readManifest(meta: ManifestFileMeta, options?: IoOptions): Promise<ManifestRows> {
    const known = this.#manifests.get(meta.fileName)
    if (known !== undefined) return known
    const { path, bytes } = await this.#read(meta.fileName, meta.fileSize, options)
    const rows = decodeManifest(path, bytes, meta)
    this.#manifests.set(meta.fileName, rows, sizeOfBatch(rows.batch))
    return rows
  }

  /** The index files of a snapshot. */
  async readIndexEntries(
    snapshot: Snapshot,
    options?: IoOptions,
  ): Promise<readonly IndexManifestEntry[]> {
    const { indexManifest: name } = snapshot
    if (name === undefined) return []
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const { path, bytes } = await this.#read(name, undefined, options)
    const entries = decodeIndexManifest(path, bytes)
    this.#indexes.set(name, entries, bytes.length * 8)
    return entries
  }

  /** Writes the rows to as many manifests as they fill; one that stays alone is kept in memory. */
  async writeManifests(
    rows: ManifestRows,
    format: ManifestFormat,
    uploads: Uploads,
  ): Promise<ManifestFileMeta[]> {
    const writer = this.manifestWriter(format, uploads)
    await writer.write(rows)
    const metas = await writer.finish()
    const [only] = metas
    if (metas.length === 1) this.#manifests.set(only!.fileName, rows, sizeOfBatch(rows.batch))
    return metas
  }

  /** A writer whose manifests are stored as they fill. */
  manifestWriter(format: ManifestFormat, uploads: Uploads): ManifestWriter {
    return new ManifestWriter({
      ...format,
      nextName: () => this.names.manifest(),
      store: (meta, bytes) => uploads.put(manifestPath(this.#root, meta.fileName), bytes),
    })
  }

  async writeList(
    metas: readonly ManifestFileMeta[],
    codec: AvroCodec,
    uploads: Uploads,
  ): Promise<WrittenFile> {
    const name = this.names.manifestList()
    const bytes = encodeManifestList(metas, codec)
    await uploads.put(manifestPath(this.#root, name), bytes)
    this.#lists.set(name, metas, metas.length * META_SIZE_BYTES)
    return { name, sizeBytes: bytes.length }
  }

  async writeIndexManifest(
    entries: readonly IndexManifestEntry[],
    codec: AvroCodec,
    uploads: Uploads,
  ): Promise<WrittenFile> {
    const name = this.names.indexManifest()
    const bytes = encodeIndexManifest(entries, codec)
    await uploads.put(manifestPath(this.#root, name), bytes)
    this.#indexes.set(name, entries, bytes.length * 8)
    return { name, sizeBytes: bytes.length }
  }

  async #read(
    name: string,
    sizeBytes: number | undefined,
    options: IoOptions | undefined,
  ): Promise<{ path: string; bytes: Uint8Array }> {
    const path = manifestPath(this.#root, name)
    const bytes = await this.#io.read(path, options)
    if (sizeBytes !== undefined && bytes.length !== sizeBytes)
      throw corrupt(`has ${bytes.length} bytes where ${sizeBytes} are expected`, { path })
    return { path, bytes }
  }
}

function sizeOfBatch({ columns }: Batch): number {
  return columns.reduce((sum, column) => sum + sizeOf(column), 0)
}

function sizeOf(column: Column): number {
  const validity = column.validity?.byteLength ?? 0
  switch (column.layout) {
    case 'boolean':
      return validity + column.bits.byteLength
    case 'fixed':
      return validity + column.values.byteLength
    case 'bytes':
      return validity + column.data.byteLength + 8 * column.length
    case 'list':
      return validity + 8 * column.length + sizeOf(column.child)
    default:
      return validity + sizeOfBatch({ length: column.length, columns: column.children })
  }
}
