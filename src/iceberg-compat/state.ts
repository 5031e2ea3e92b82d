/** What a table's current Iceberg metadata show, and in what they are behind the table: for people who look after it. */
import * as z from 'zod'

import type { FileIO, IoOptions } from '../io/file-io.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { corrupt } from '../util/errors.ts'
import { show } from '../util/show.ts'
import { type CurrentIceberg, metadataFile, readCurrentIceberg } from './current.ts'
import { CONTENT, type IcebergManifest } from './entry.ts'
import { FORM, formOf, isOf, type PaimonHistory } from './history.ts'
import { decodeIcebergManifestList } from './manifest-list.ts'
import type { IcebergMetadata, IcebergSnapshot } from './metadata.ts'
import { type IcebergSettings, icebergSettings } from './settings.ts'
import { readHistory, readSchemas } from './table-state.ts'

/** Plain data. */
export interface IcebergState {
  /** The metadata file that clients open, and the number in its name. */
  readonly metadataPath: string
  readonly version: number
  readonly formatVersion: number
  readonly tableId: string
  readonly location: string
  readonly updatedMillis: number
  /** The snapshot that clients read unless told; null where they find an empty table. */
  readonly snapshotId: number | null
  /** The latest snapshot of the table itself. */
  readonly latestSnapshotId: number | null
  /** In what the metadata differ from the table, in words; nothing where they are up to date. */
  readonly behind: readonly string[]
  /** Ascending. */
  readonly snapshots: readonly IcebergSnapshotState[]
  /** Branches and tags, by name. */
  readonly refs: readonly IcebergRefState[]
  readonly schemaId: number
  readonly columns: readonly IcebergColumnState[]
  readonly partitionedBy: readonly string[]
  /** Of the current snapshot. */
  readonly manifests: readonly IcebergManifestState[]
  readonly files: IcebergFileCounts
  /** The id that the next new row gets, in version 3. */
  readonly nextRowId: number | bigint | null
}

export interface IcebergSnapshotState {
  readonly id: number
  readonly sequenceNumber: number
  readonly timeMillis: number
  readonly operation: string
  readonly schemaId: number | null
  readonly manifestList: string
}

export interface IcebergRefState {
  readonly name: string
  readonly type: string
  readonly snapshotId: number
}

export interface IcebergColumnState {
  readonly id: number
  readonly name: string
  /** As Iceberg writes it: `long`, `list<string>`. */
  readonly type: string
  readonly required: boolean
}

export interface IcebergManifestState {
  readonly path: string
  readonly content: 'data' | 'deletes'
  readonly sizeBytes: number
  /** Files that are live, and those that it says were deleted. */
  readonly fileCount: number
  readonly deletedFileCount: number
  /** Rows of the live files; of delete files the rows that they take away. */
  readonly rowCount: number
}

export interface IcebergFileCounts {
  readonly dataFileCount: number
  /** Rows of the data files, those that are deleted among them. */
  readonly rowCount: number
  readonly deleteFileCount: number
  readonly deletedRowCount: number
}

/** A table whose metadata are looked at. */
export interface IcebergSource {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly signal?: AbortSignal | undefined
}

/** Null where there are no metadata. CORRUPT, naming the file, for what is damaged. */
export async function readIcebergState(source: IcebergSource): Promise<IcebergState | null> {
  const { store, schema, signal } = source
  const { io, location } = store
  const settings = icebergSettings(location.root, schema)
  if (settings === null) return null
  const { metadataDirectory } = settings
  const current = await readCurrentIceberg(io, metadataDirectory, { signal })
  if (current === null) return null
  const { metadata, version, path } = current
  const snapshot = currentSnapshot(current)
  const manifests =
    snapshot === null ? [] : await readManifests(io, metadataDirectory, snapshot, { signal })
  const { schemaId, columns, partitionedBy } = shapeOf(current)
  const latest = await store.snapshots.readLatest({ signal })
  return {
    metadataPath: path,
    version,
    formatVersion: metadata['format-version'],
    tableId: metadata['table-uuid'],
    location: metadata.location,
    updatedMillis: metadata['last-updated-ms'],
    snapshotId: snapshot?.['snapshot-id'] ?? null,
    latestSnapshotId: latest?.id ?? null,
    behind: await differences(source, settings, metadata),
    snapshots: metadata.snapshots.map(snapshotState).toSorted((a, b) => a.id - b.id),
    refs: refsOf(metadata),
    schemaId,
    columns,
    partitionedBy,
    manifests: manifests.map(manifestState),
    files: countFiles(manifests),
    nextRowId: metadata['next-row-id'] ?? null,
  }
}

/** The snapshot that clients read; null for an empty table. CORRUPT where the metadata lack it. */
function currentSnapshot({ metadata, path }: CurrentIceberg): IcebergSnapshot | null {
  const id = metadata['current-snapshot-id']
  if (id < 0) return null
  const found = metadata.snapshots.find((snapshot) => snapshot['snapshot-id'] === id)
  if (found === undefined) throw corrupt(`lacks its current snapshot ${id}`, { path })
  return found
}

/**
 * The manifests of a snapshot. Whatever directory the metadata name, only that of the table's metadata is looked in: where a
 * table was moved, and against files that name others.
 */
export async function readManifests(
  io: FileIO,
  metadataDirectory: string,
  snapshot: IcebergSnapshot,
  options: IoOptions,
): Promise<IcebergManifest[]> {
  const path = metadataFile(metadataDirectory, snapshot['manifest-list'])
  const manifests = decodeIcebergManifestList(path, await io.read(path, options))
  return manifests.map((manifest) => ({
    ...manifest,
    path: metadataFile(metadataDirectory, manifest.path),
  }))
}

/** In what the metadata differ from the table, in words. Files are not looked at. */
export async function differences(
  { store, schema, signal }: IcebergSource,
  settings: IcebergSettings,
  metadata: IcebergMetadata,
): Promise<string[]> {
  const [history, schemas] = await Promise.all([
    readHistory(store, signal),
    readSchemas(store, schema, settings, signal),
  ])
  if (history === null) return []
  const tags = new Map<string, number>()
  for (const [name, { id, schemaId }] of history.tags)
    if (name !== MAIN && id <= history.latest.id && schemas.carriedIds.has(schemaId))
      tags.set(name, id)
  const found = [
    ...currentDifferences(metadata, settings, history.latest),
    ...expiredSnapshots(metadata, history),
    ...tagDifferences(metadata, tags),
  ]
  const [wanted, shown] = [schemas.parts.currentSchemaId, metadata['current-schema-id']]
  if (wanted !== shown) found.push(`clients see schema ${shown}, and the latest is ${wanted}`)
  return found
}

/** What Iceberg calls the table itself: a tag of the name cannot be shown. */
const MAIN = 'main'

function currentDifferences(
  metadata: IcebergMetadata,
  settings: IcebergSettings,
  latest: Snapshot,
): string[] {
  const id = metadata['current-snapshot-id']
  const current = metadata.snapshots.find((snapshot) => snapshot['snapshot-id'] === id)
  if (current === undefined) return [`clients see no rows, and the latest snapshot is ${latest.id}`]
  if (id !== latest.id) return [`clients read snapshot ${id}, and the latest is ${latest.id}`]
  const form = current.summary[FORM]
  if (form === undefined) return [`snapshot ${id} is told by another writer`]
  if (!isOf(current, latest)) return [`snapshot ${id} is not the one that the table has now`]
  return form === formOf(settings) ? [] : [`snapshot ${id} is told as other options said`]
}

function expiredSnapshots(metadata: IcebergMetadata, history: PaimonHistory): string[] {
  const { latest, earliestId, tags } = history
  const tagged = new Set(Array.from(tags.values(), ({ id }) => id))
  const gone = metadata.snapshots
    .map((snapshot) => snapshot['snapshot-id'])
    .filter((id) => (id < earliestId || id > latest.id) && !tagged.has(id))
  return gone.length === 0 ? [] : [`clients see snapshots that are gone, such as ${gone[0]}`]
}

function tagDifferences({ refs }: IcebergMetadata, tags: ReadonlyMap<string, number>): string[] {
  const found: string[] = []
  for (const [name, id] of tags)
    if (refs[name]?.['snapshot-id'] !== id)
      found.push(`the tag ${show(name)} of snapshot ${id} is not shown`)
  for (const name of Object.keys(refs))
    if (name !== MAIN && !tags.has(name)) found.push(`the tag ${show(name)} is shown, and is none`)
  return found
}

function snapshotState(snapshot: IcebergSnapshot): IcebergSnapshotState {
  return {
    id: snapshot['snapshot-id'],
    sequenceNumber: snapshot['sequence-number'],
    timeMillis: snapshot['timestamp-ms'],
    operation: snapshot.summary.operation,
    schemaId: snapshot['schema-id'] ?? null,
    manifestList: snapshot['manifest-list'],
  }
}

function refsOf({ refs }: IcebergMetadata): IcebergRefState[] {
  return Object.entries(refs)
    .map(([name, { type, 'snapshot-id': snapshotId }]) => ({ name, type, snapshotId }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function manifestState(manifest: IcebergManifest): IcebergManifestState {
  return {
    path: manifest.path,
    content: manifest.content === CONTENT.DATA ? 'data' : 'deletes',
    sizeBytes: manifest.length,
    fileCount: manifest.addedFiles + manifest.existingFiles,
    deletedFileCount: manifest.deletedFiles,
    rowCount: manifest.addedRows + manifest.existingRows,
  }
}

function countFiles(manifests: readonly IcebergManifest[]): IcebergFileCounts {
  const sum = (content: number, countOf: (manifest: IcebergManifestState) => number): number =>
    manifests
      .filter((manifest) => manifest.content === content)
      .reduce((total, manifest) => total + countOf(manifestState(manifest)), 0)
  return {
    dataFileCount: sum(CONTENT.DATA, ({ fileCount }) => fileCount),
    rowCount: sum(CONTENT.DATA, ({ rowCount }) => rowCount),
    deleteFileCount: sum(CONTENT.DELETES, ({ fileCount }) => fileCount),
    deletedRowCount: sum(CONTENT.DELETES, ({ rowCount }) => rowCount),
  }
}

const SHAPE = z.looseObject({
  'current-schema-id': z.number(),
  schemas: z.array(
    z.looseObject({
      'schema-id': z.number().default(0),
      fields: z.array(
        z.looseObject({
          id: z.number(),
          name: z.string(),
          required: z.boolean().default(false),
          type: z.unknown(),
        }),
      ),
    }),
  ),
  'partition-specs': z
    .array(z.looseObject({ fields: z.array(z.looseObject({ name: z.string() })) }))
    .default([]),
})

/** Schemas are not read for emission, so their form is only looked at here. */
function shapeOf({
  metadata,
  path,
}: CurrentIceberg): Pick<IcebergState, 'schemaId' | 'columns' | 'partitionedBy'> {
  const parsed = SHAPE.safeParse(metadata)
  const schemaId = parsed.data?.['current-schema-id'] ?? -1
  const schema = parsed.data?.schemas.find((each) => each['schema-id'] === schemaId)
  if (schema === undefined) throw corrupt('lacks its current schema', { path })
  return {
    schemaId,
    columns: schema.fields.map(({ id, name, required, type }) => ({
      id,
      name,
      required,
      type: icebergTypeText(type),
    })),
    partitionedBy: parsed.data!['partition-specs'].at(-1)?.fields.map(({ name }) => name) ?? [],
  }
}

const DEPTH_MAX = 100

/** `long`, `list<string>`, `map<string, struct<a: int>>`; a question mark for what is no type. */
function icebergTypeText(type: unknown, depth = 0): string {
  if (typeof type === 'string') return type
  if (depth === DEPTH_MAX) return '?'
  const inner = (each: unknown): string => icebergTypeText(each, depth + 1)
  const { type: kind, element, key, value, fields } = Object(type) as Record<string, unknown>
  if (kind === 'list') return `list<${inner(element)}>`
  if (kind === 'map') return `map<${inner(key)}, ${inner(value)}>`
  if (kind !== 'struct' || !Array.isArray(fields)) return '?'
  const each = fields.map((field: unknown) => {
    const { name, type: fieldType } = Object(field) as Record<string, unknown>
    return `${typeof name === 'string' ? name : '?'}: ${inner(fieldType)}`
  })
  return `struct<${each.join(', ')}>`
}
