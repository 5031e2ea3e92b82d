/**
 * Writes what a snapshot refers to, and makes the snapshot: one attempt of a commit, before it is published.
 *
 * Follows `FileStoreCommitImpl.tryCommitOnce`. The manifests of the change itself do not depend on the snapshot that it
 * builds on, so they are written once and serve all attempts.
 */
import { avroCodec } from '../format/avro/writer.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { partitionFields } from '../types/schema-keys.ts'
import { parseJson } from '../util/json.ts'
import { type Changes, deltaRecordCount } from './commit-changes.ts'
import { mergeIndexEntries } from './index-merge.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { mergeManifests, type MergeOptions, reuseMerge } from './manifest-merge.ts'
import { rowsOfEntries } from './manifest-rows.ts'
import type { ManifestFormat, WrittenFile } from './manifest-store.ts'
import { readIfThere } from './metadata-files.ts'
import { statisticsPath } from './paths.ts'
import { type StoredSnapshot, storedSnapshot } from './snapshot-store.ts'
import { type Snapshot, SNAPSHOT_VERSION } from './snapshot.ts'
import type { TableStore } from './table-store.ts'
import { Uploads } from './uploads.ts'

/** How the table writes its metadata, from its options. */
export interface MetadataFormat extends ManifestFormat {
  readonly merge: MergeOptions
  /** Whether rows have buckets that are counted: deletion vectors are then one file a bucket. */
  readonly bucketsAreCounted: boolean
}

export function metadataFormat(schema: TableSchema): MetadataFormat {
  const options = tableOptions(schema.options)
  const targetSizeBytes = options.get('manifest.target-file-size')
  return {
    partitionFields: partitionFields(schema),
    codec: avroCodec(options.get('manifest.compression')),
    targetSizeBytes,
    bucketsAreCounted: schema.primaryKeys.length > 0 || options.get('bucket') > 0,
    merge: {
      targetSizeBytes,
      fullSizeBytes: options.get('manifest.full-compaction-threshold-size'),
      mergeCountMin: options.get('manifest.merge-min-count'),
    },
  }
}

/** What the snapshot says beside its files. */
export interface CommitFacts {
  readonly commitUser: string
  readonly identifier: bigint
  readonly watermark: bigint | undefined
  readonly properties: Readonly<Record<string, string>>
  /** The latest schema. */
  readonly schemaId: number
  readonly timeMillis: number
}

/** The manifests of a change, which do not depend on what it is committed on. */
interface ChangeFiles {
  readonly changes: Changes
  readonly deltaManifests: readonly ManifestFileMeta[]
  readonly deltaList: WrittenFile
  readonly changelogList: WrittenFile | null
  readonly paths: readonly string[]
}

interface Merge {
  readonly before: readonly ManifestFileMeta[]
  readonly after: readonly ManifestFileMeta[]
  readonly paths: readonly string[]
}

/** A snapshot that can be published. */
export interface Prepared {
  readonly stored: StoredSnapshot
  /** The names of the manifests of the change. */
  readonly deltaManifestNames: ReadonlySet<string>
}

/** Prepares attempts of one commit, and knows which files are good for nothing when one has failed. */
export class Attempts {
  readonly #store: TableStore
  readonly #format: MetadataFormat
  readonly #signal: AbortSignal | undefined
  #changeFiles: ChangeFiles | undefined
  /** Whether others may have seen the manifests of the change. */
  #isSeen = false
  #merge: Merge | undefined
  /** Files of the attempt under way that only it refers to. */
  #own: readonly string[] = []
  #garbage: string[] = []
  #count = 0

  constructor(store: TableStore, format: MetadataFormat, signal: AbortSignal | undefined) {
    this.#store = store
    this.#format = format
    this.#signal = signal
  }

  /** Writes the metadata files of a snapshot after `base`; its change may be another than that of the last attempt. */
  async prepare(base: Snapshot | null, changes: Changes, facts: CommitFacts): Promise<Prepared> {
    const uploads = new Uploads(this.#store.io, { signal: this.#signal })
    try {
      if (this.#changeFiles?.changes !== changes) this.#dropChangeFiles()
      const files = (this.#changeFiles ??= await this.#writeChange(changes, uploads))
      const mark = uploads.paths.length
      const baseList = await this.#writeBase(base, uploads)
      const indexManifest = await this.#writeIndex(base, changes, uploads)
      const statistics =
        changes.statistics ?? (await this.#inheritedStatistics(base, facts.schemaId))
      await uploads.finish()
      this.#own = uploads.paths.slice(mark).filter((path) => !this.#merge?.paths.includes(path))
      const snapshot = this.#snapshot(base, changes, facts, {
        ...files,
        baseList,
        indexManifest,
        statistics,
      })
      const names = new Set(files.deltaManifests.map((meta) => meta.fileName))
      return { stored: storedSnapshot(snapshot), deltaManifestNames: names }
    } catch (error) {
      // Nothing refers to these files, and what is half written must not be used by the next attempt.
      await uploads.finish().catch(() => {})
      this.#garbage.push(...uploads.paths)
      if (this.#changeFiles?.paths.some((path) => uploads.paths.includes(path)) === true)
        this.#changeFiles = undefined
      if (this.#merge?.paths.some((path) => uploads.paths.includes(path)) === true)
        this.#merge = undefined
      throw error
    } finally {
      this.#count++
    }
  }

  /** Says that the last attempt lost against another: its files are garbage, but for those that the next one can use. */
  lost(): void {
    this.#garbage.push(...this.#own)
    this.#own = []
  }

  /** Says that the last attempt was visible for a while: whoever saw it may still read its files. */
  undone(): void {
    this.#own = []
    this.#isSeen = true
  }

  /** Says that the last attempt is part of the table, or may be: its files stay. */
  won(): void {
    this.#own = []
    this.#changeFiles = undefined
    this.#merge = undefined
  }

  /** Deletes what is known to be garbage: all that was written, unless {@link won} was said. Never fails. */
  async cleanUp(): Promise<void> {
    const paths = [
      ...this.#garbage,
      ...this.#own,
      ...(this.#changeFiles?.paths ?? []),
      ...(this.#merge?.paths ?? []),
    ]
    this.#garbage = []
    if (paths.length > 0) await this.#store.io.deleteAll(paths).catch(() => {})
  }

  #dropChangeFiles(): void {
    if (!this.#isSeen) this.#garbage.push(...(this.#changeFiles?.paths ?? []))
    this.#changeFiles = undefined
  }

  async #writeChange(changes: Changes, uploads: Uploads): Promise<ChangeFiles> {
    const { manifests } = this.#store
    const { files, changelog } = changes
    const { codec } = this.#format
    const deltaManifests =
      files.length === 0
        ? []
        : await manifests.writeManifests(rowsOfEntries(files), this.#format, uploads)
    const deltaList = await manifests.writeList(deltaManifests, codec, uploads)
    let changelogList: WrittenFile | null = null
    if (changelog.length > 0) {
      const metas = await manifests.writeManifests(rowsOfEntries(changelog), this.#format, uploads)
      changelogList = await manifests.writeList(metas, codec, uploads)
    }
    return { changes, deltaManifests, deltaList, changelogList, paths: [...uploads.paths] }
  }

  async #writeBase(base: Snapshot | null, uploads: Uploads): Promise<WrittenFile> {
    const { manifests } = this.#store
    const before =
      base === null ? [] : await manifests.readDataManifests(base, { signal: this.#signal })
    const after = await this.#merged(before, uploads)
    return manifests.writeList(after, this.#format.codec, uploads)
  }

  /** The first attempt merges; later ones use what it made, if they can, so that losing does not cost it again. */
  async #merged(
    before: readonly ManifestFileMeta[],
    uploads: Uploads,
  ): Promise<readonly ManifestFileMeta[]> {
    if (this.#merge !== undefined) {
      const reused = reuseMerge(this.#merge.before, this.#merge.after, before)
      if (reused !== null) return reused
      this.#garbage.push(...this.#merge.paths)
      this.#merge = undefined
    }
    if (this.#count > 0) return before
    const mark = uploads.paths.length
    const after = await mergeManifests(before, this.#format.merge, {
      read: (meta) => this.#store.manifests.readManifest(meta, { signal: this.#signal }),
      newWriter: () => this.#store.manifests.manifestWriter(this.#format, uploads),
      partitionFields: this.#format.partitionFields,
    })
    const paths = uploads.paths.slice(mark)
    if (paths.length > 0) this.#merge = { before, after, paths }
    return after
  }

  async #writeIndex(
    base: Snapshot | null,
    { indexFiles }: Changes,
    uploads: Uploads,
  ): Promise<string | undefined> {
    if (indexFiles.length === 0) return base?.indexManifest
    const { manifests } = this.#store
    const current =
      base === null ? [] : await manifests.readIndexEntries(base, { signal: this.#signal })
    const { codec, bucketsAreCounted } = this.#format
    const entries = mergeIndexEntries(current, indexFiles, bucketsAreCounted)
    return (await manifests.writeIndexManifest(entries, codec, uploads)).name
  }

  /** Statistics of the whole table hold until the schema changes. */
  async #inheritedStatistics(base: Snapshot | null, schemaId: number): Promise<string | undefined> {
    const name = base?.statistics
    if (name === undefined) return undefined
    const known = this.#store.statisticsSchemas
    if (!known.has(name)) known.set(name, await this.#statisticsSchema(name))
    return known.get(name) === schemaId ? name : undefined
  }

  async #statisticsSchema(name: string): Promise<number | null> {
    const path = statisticsPath(this.#store.location.root, name)
    const bytes = await readIfThere(this.#store.io, path, { signal: this.#signal })
    // Without its file there are no statistics to hand on.
    if (bytes === null) return null
    const json = parseJson(new TextDecoder().decode(bytes), path) as { schemaId?: unknown }
    return typeof json?.schemaId === 'number' ? json.schemaId : null
  }

  #snapshot(
    base: Snapshot | null,
    changes: Changes,
    facts: CommitFacts,
    files: Pick<ChangeFiles, 'deltaList' | 'changelogList'> & {
      baseList: WrittenFile
      indexManifest: string | undefined
      statistics: string | undefined
    },
  ): Snapshot {
    const { kind, changelog } = changes
    const { baseList, deltaList, changelogList, indexManifest, statistics } = files
    const delta = deltaRecordCount(changes.files)
    const watermark = laterWatermark(facts.watermark, base?.watermark)
    return {
      version: SNAPSHOT_VERSION,
      id: (base?.id ?? 0) + 1,
      schemaId: facts.schemaId,
      baseManifestList: baseList.name,
      baseManifestListSize: baseList.sizeBytes,
      deltaManifestList: deltaList.name,
      deltaManifestListSize: deltaList.sizeBytes,
      ...(changelogList !== null && {
        changelogManifestList: changelogList.name,
        changelogManifestListSize: changelogList.sizeBytes,
      }),
      ...(indexManifest !== undefined && { indexManifest }),
      commitUser: facts.commitUser,
      commitIdentifier: facts.identifier,
      commitKind: kind,
      // Time travel searches by halving, so time must not go back where clocks differ.
      timeMillis: Math.max(facts.timeMillis, base?.timeMillis ?? 0),
      totalRecordCount: (base?.totalRecordCount ?? 0) + delta,
      deltaRecordCount: delta,
      ...(changelogList !== null && { changelogRecordCount: deltaRecordCount(changelog) }),
      ...(watermark !== undefined && { watermark }),
      ...(statistics !== undefined && { statistics }),
      ...(Object.keys(facts.properties).length > 0 && { properties: facts.properties }),
      nextRowId: changes.nextRowId ?? base?.nextRowId ?? 0n,
    }
  }
}

function laterWatermark(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a > b ? a : b
}
