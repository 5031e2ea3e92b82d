/** Compares what Iceberg's current snapshot names with the table: its data files, and how many of their rows are deleted. */
import { metadataFile } from '../../iceberg-compat/current.ts'
import { clientPath } from '../../iceberg-compat/data-file.ts'
import { CONTENT, ENTRY_STATUS, type IcebergManifest } from '../../iceberg-compat/entry.ts'
import {
  decodeIcebergManifest,
  fileAt,
  type IcebergRows,
  type ManifestForm,
  partitionAt,
  pathAt,
  recordCountAt,
  referencedDataFileAt,
  statusAt,
} from '../../iceberg-compat/manifest-rows.ts'
import { icebergSchema, partitionSpec } from '../../iceberg-compat/schema.ts'
import type { IcebergSettings } from '../../iceberg-compat/settings.ts'
import { readDeletionVector } from '../../indexes/deletion-vector.ts'
import { cardinalityOf } from '../../indexes/roaring.ts'
import { type DataLayout, dataFilePath, indexFilePath } from '../../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { partitionFields } from '../../types/schema-keys.ts'
import { show } from '../../util/show.ts'
import type { CheckContext } from './context.ts'
import { entryOf, type LiveFiles } from './live-files.ts'

/** What the steps of a check of Iceberg metadata share. */
export interface IcebergContext extends Pick<CheckContext, 'store' | 'schema' | 'signal'> {
  readonly settings: IcebergSettings
  /** Tells of a file that is damaged, with the way out. */
  damaged(path: string, what: string): void
  /** The result, or undefined where what is stored is damaged or missing. */
  attempt<Result>(path: string, body: () => Promise<Result> | Result): Promise<Result | undefined>
}

/** The table's side, and the metadata file that is compared with it. */
interface Shown {
  readonly path: string
  readonly layout: DataLayout
  readonly latest: Snapshot
  readonly live: LiveFiles
}

/** A data file that clients should read. */
interface ShownFile {
  readonly path: string
  readonly rowCount: number
  readonly partition: string
}

/** The manifests are those of the current snapshot, which is the table's latest. */
export async function checkShownFiles(
  checked: IcebergContext,
  manifests: readonly IcebergManifest[],
  shown: Shown,
): Promise<void> {
  const { settings } = checked
  /** By bucket and name, as deletion vectors name them. */
  const expected = new Map<string, ShownFile>()
  for (const ref of shown.live.values()) {
    const entry = entryOf(ref)
    const { partition, bucket, file } = entry
    if (file.level < settings.levelMin) continue
    const path = clientPath(dataFilePath(shown.layout, entry))
    const key = `${bucketKey({ partition, bucket })}/${file.fileName}`
    expected.set(key, { path, rowCount: file.rowCount, partition: latin1Of(partition) })
  }
  const rowCounts = new Map<string, number>()
  const deletes = new Map<string, number>()
  for (const manifest of manifests) {
    const { path } = manifest
    const rows = await checked.attempt(path, () => readManifest(checked, path))
    // Damage is told, and the rest would be too.
    if (rows === undefined) return
    for (const row of liveRows(rows))
      if (manifest.content === CONTENT.DATA)
        rowCounts.set(clientPath(pathAt(rows, row)), recordCountAt(rows, row))
      else addTo(deletes, placeOfDeletes(checked, rows, row), recordCountAt(rows, row))
  }
  const wanted = new Map([...expected.values()].map(({ path, rowCount }) => [path, rowCount]))
  compare(checked, shown.path, 'data files', wanted, rowCounts)
  const deleted = await expectedDeletes(checked, shown, expected)
  if (deleted !== undefined) compare(checked, shown.path, 'deleted rows', deleted, deletes)
}

/** The delete files that a manifest names as live, with their sizes. CORRUPT for what lies elsewhere than the metadata. */
export async function deleteFilesIn(
  checked: IcebergContext,
  path: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await readManifest(checked, path)
  const named = new Map<string, number>()
  for (const row of liveRows(rows)) {
    const { filePath, fileSize } = fileAt(formOf(checked), rows, row)
    named.set(metadataFile(checked.settings.metadataDirectory, filePath), fileSize)
  }
  return named
}

async function readManifest(checked: IcebergContext, path: string): Promise<IcebergRows> {
  const { store, signal } = checked
  return decodeIcebergManifest(path, await store.io.read(path, { signal }), formOf(checked))
}

function formOf({ schema, settings }: IcebergContext): ManifestForm {
  return {
    schema: icebergSchema(schema),
    spec: partitionSpec(schema),
    partitionFields: partitionFields(schema),
    formatVersion: settings.formatVersion,
    codec: settings.codec,
    targetBytes: settings.manifestTargetBytes,
  }
}

function liveRows(rows: IcebergRows): number[] {
  return Array.from({ length: rows.length }, (_, row) => row).filter(
    (row) => statusAt(rows, row) !== ENTRY_STATUS.DELETED,
  )
}

/** Vectors are of a data file, files of positions of all data files of a partition. */
function placeOfDeletes({ settings }: IcebergContext, rows: IcebergRows, row: number): string {
  return settings.deletes === 'puffin'
    ? clientPath(referencedDataFileAt(rows, row) ?? '')
    : latin1Of(partitionAt(rows, row))
}

/** How many rows are to be deleted, by data file or by partition; undefined where a vector is damaged. */
async function expectedDeletes(
  checked: IcebergContext,
  { latest, layout }: Shown,
  expected: ReadonlyMap<string, ShownFile>,
): Promise<ReadonlyMap<string, number> | undefined> {
  const { store, settings, signal } = checked
  const deletes = new Map<string, number>()
  if (settings.deletes === 'none') return deletes
  const entries = await store.manifests.readIndexEntries(latest, { signal })
  for (const entry of entries) {
    const counts = await vectorCounts(checked, layout, entry)
    if (counts === undefined) return undefined
    for (const [key, count] of counts) {
      const file = expected.get(key)
      if (file === undefined || count === 0) continue
      addTo(deletes, settings.deletes === 'puffin' ? file.path : file.partition, count)
    }
  }
  return deletes
}

/** By bucket and name of its data file how many rows each vector of an index file deletes; undefined where one is damaged. */
async function vectorCounts(
  checked: IcebergContext,
  layout: DataLayout,
  entry: IndexManifestEntry,
): Promise<ReadonlyMap<string, number> | undefined> {
  const { indexType, fileSize, deletionVectors } = entry.indexFile
  const { store, signal } = checked
  const counts = new Map<string, number>()
  if (indexType !== DELETION_VECTORS_INDEX) return counts
  const path = indexFilePath(layout, entry)
  for (const { dataFileName, ...range } of deletionVectors ?? []) {
    const count =
      range.cardinality ??
      (await checked.attempt(path, async () => {
        const file = { path, fileSize, ...range }
        const options = { signal }
        return cardinalityOf(
          await readDeletionVector(store.io, store.indexFiles, file, Infinity, options),
        )
      }))
    if (count === undefined) return undefined
    addTo(counts, `${bucketKey(entry)}/${dataFileName}`, count)
  }
  return counts
}

function addTo(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}

/** Tells how many of `actual` are missing, too many, or of other counts than wanted. */
function compare(
  checked: IcebergContext,
  path: string,
  what: string,
  wanted: ReadonlyMap<string, number>,
  actual: ReadonlyMap<string, number>,
): void {
  const missing = [...wanted.keys()].filter((key) => !actual.has(key))
  const extra = [...actual.keys()].filter((key) => !wanted.has(key))
  const other = [...wanted].filter(([key, count]) => (actual.get(key) ?? count) !== count)
  const first = missing[0] ?? extra[0] ?? other[0]?.[0]
  if (first === undefined) return
  checked.damaged(
    path,
    `shows other ${what} than the table has: lacks ${missing.length}, has ${extra.length} too many and ${other.length} with other counts, such as ${show(first)}`,
  )
}
