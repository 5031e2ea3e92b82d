/**
 * Checks the index files and the statistics of a snapshot: they are there, with their size, and every deletion vector can be
 * read and belongs to a live file, and hash indexes part the keys.
 */
import { readDeletionVector } from '../../indexes/deletion-vector.ts'
import { type DataLayout, indexFilePath } from '../../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import { manifestPath, snapshotPath, statisticsPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { readStatistics } from '../../snapshot/statistics.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { throwIfAborted } from '../../util/async.ts'
import { LakeError } from '../../util/errors.ts'
import type { CheckContext } from './context.ts'
import { checkHashIndexes } from './hash-indexes.ts'
import { entryOf, type LiveFiles } from './live-files.ts'

/** The paths of what the snapshot needs of these; `live` are its data files, where they could be told. */
export async function checkIndexFiles(
  context: CheckContext,
  layout: DataLayout,
  snapshot: Snapshot,
  live: LiveFiles | null,
): Promise<string[]> {
  const { store, findings, schemas, signal } = context
  const { root } = store.location
  const path = snapshotPath(store.location, snapshot.id)
  const paths: string[] = []
  const { indexManifest, statistics } = snapshot
  if (statistics !== undefined)
    await findings.attempt(
      path,
      async () => {
        paths.push(statisticsPath(root, statistics))
        const { schemaId } = (await readStatistics(store, snapshot, { signal }))!
        if (!schemas.has(schemaId))
          findings.damaged(statisticsPath(root, statistics), `is of schema ${schemaId}`)
      },
      snapshot.id,
    )
  if (indexManifest === undefined) return paths
  const entries = await findings.attempt(
    path,
    () => store.manifests.readIndexEntries(snapshot, { signal }),
    snapshot.id,
  )
  paths.push(manifestPath(root, indexManifest))
  const rowCounts = live && rowCountsByFile(live)
  const sized: IndexManifestEntry[] = []
  for (const entry of entries ?? []) {
    const file = await findings.attempt(path, () => indexFilePath(layout, entry))
    if (file === undefined) continue
    paths.push(file)
    if (!(await hasItsSize(context, file, entry, snapshot.id))) continue
    sized.push(entry)
    await checkVectors(context, file, entry, rowCounts)
  }
  await checkHashIndexes(context, layout, sized)
  if (entries !== undefined) checkOnce(findings, path, entries)
  return paths
}

async function hasItsSize(
  { store, findings, signal }: CheckContext,
  path: string,
  { indexFile }: IndexManifestEntry,
  snapshotId: number,
): Promise<boolean> {
  const status = await store.io.stat(path, { signal })
  if (status === null) findings.damaged(path, 'is missing', snapshotId)
  else if (status.sizeBytes !== indexFile.fileSize)
    findings.damaged(
      path,
      `has ${status.sizeBytes} bytes, and the index manifest says ${indexFile.fileSize}`,
    )
  return status?.sizeBytes === indexFile.fileSize
}

/** Rows by the place and name of a data file. */
function rowCountsByFile(live: LiveFiles): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const ref of live.values()) {
    const { partition, bucket, file } = entryOf(ref)
    counts.set(joinKey(partition, bucket, file.fileName), file.rowCount)
  }
  return counts
}

/** Buckets have files of the same name where they were copied. */
function joinKey(partition: Uint8Array, bucket: number, fileName: string): string {
  return `${bucketKey({ partition, bucket })}/${fileName}`
}

/**
 * A deletion vector is of a live file, can be read, and deletes rows that the file has. Where there are keys, Java's
 * `FileRewriteCompactTask` leaves vectors of files behind that it has rewritten: they do no harm.
 */
async function checkVectors(
  { store, schema, findings, signal }: CheckContext,
  path: string,
  { partition, bucket, indexFile }: IndexManifestEntry,
  rowCounts: ReadonlyMap<string, number> | null,
): Promise<void> {
  const { indexType, fileSize, rowCount, deletionVectors } = indexFile
  if (indexType !== DELETION_VECTORS_INDEX) return
  const ranges = deletionVectors ?? []
  if (ranges.length !== rowCount)
    findings.damaged(path, `has ${ranges.length} deletion vectors, and its entry says ${rowCount}`)
  for (const { dataFileName, ...range } of ranges) {
    throwIfAborted(signal)
    const rows = rowCounts?.get(joinKey(partition, bucket, dataFileName))
    if (rowCounts !== null && rows === undefined && !hasPrimaryKey(schema))
      findings.damaged(path, `has a deletion vector of ${dataFileName}, which is not live`)
    const file = { path, fileSize, ...range }
    try {
      await readDeletionVector(store.io, store.indexFiles, file, rows ?? Infinity, { signal })
    } catch (error) {
      if (!(error instanceof LakeError && error.code === 'CORRUPT')) throw error
      const [what] = error.message.split(`, in ${path}`)
      findings.damaged(path, `deletion vector of ${dataFileName}: ${what}`)
    }
  }
}

/** No data file has two deletion vectors. */
function checkOnce(
  findings: CheckContext['findings'],
  snapshotFile: string,
  entries: readonly IndexManifestEntry[],
): void {
  const seen = new Set<string>()
  for (const { partition, bucket, indexFile } of entries)
    for (const { dataFileName } of indexFile.deletionVectors ?? []) {
      const key = joinKey(partition, bucket, dataFileName)
      if (seen.has(key))
        findings.damaged(snapshotFile, `has two deletion vectors of ${dataFileName}`)
      seen.add(key)
    }
}
