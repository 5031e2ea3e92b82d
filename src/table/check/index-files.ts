/** Checks the index files and the statistics of a snapshot: they are there, with their size, and belong to live files. */
import { type DataLayout, indexFilePath } from '../../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { manifestPath, snapshotPath, statisticsPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { parseJson } from '../../util/json.ts'
import type { CheckContext } from './context.ts'
import { entryOf, type LiveFiles } from './live-files.ts'

/** The paths of what the snapshot needs of these; `live` are its data files, where they could be told. */
export async function checkIndexFiles(
  context: CheckContext,
  layout: DataLayout,
  snapshot: Snapshot,
  live: LiveFiles | null,
): Promise<string[]> {
  const { store, findings, signal } = context
  const { root } = store.location
  const path = snapshotPath(store.location, snapshot.id)
  const paths: string[] = []
  const { indexManifest, statistics } = snapshot
  if (statistics !== undefined)
    await findings.attempt(
      path,
      async () => {
        const statisticsFile = statisticsPath(root, statistics)
        paths.push(statisticsFile)
        const bytes = await store.io.read(statisticsFile, { signal })
        parseJson(new TextDecoder().decode(bytes), statisticsFile)
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
  for (const entry of entries ?? []) {
    const file = await findings.attempt(path, () => indexFilePath(layout, entry))
    if (file === undefined) continue
    paths.push(file)
    await checkSize(context, file, entry, snapshot.id)
    if (rowCounts !== null)
      for (const problem of vectorProblems(entry, rowCounts)) findings.damaged(file, problem)
  }
  return paths
}

async function checkSize(
  { store, findings, signal }: CheckContext,
  path: string,
  { indexFile }: IndexManifestEntry,
  snapshotId: number,
): Promise<void> {
  const status = await store.io.stat(path, { signal })
  if (status === null) findings.damaged(path, 'is missing', snapshotId)
  else if (status.sizeBytes !== indexFile.fileSize)
    findings.damaged(
      path,
      `has ${status.sizeBytes} bytes, and the index manifest says ${indexFile.fileSize}`,
    )
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

function joinKey(partition: Uint8Array, bucket: number, fileName: string): string {
  return `${bucket}/${latin1Of(partition)}/${fileName}`
}

/** A deletion vector is of a live file, lies in its index file, and deletes no more rows than there are. */
function* vectorProblems(
  { partition, bucket, indexFile }: IndexManifestEntry,
  rowCounts: ReadonlyMap<string, number>,
): Generator<string> {
  if (indexFile.indexType !== DELETION_VECTORS_INDEX) return
  for (const { dataFileName, offset, length, cardinality } of indexFile.deletionVectors ?? []) {
    const rowCount = rowCounts.get(joinKey(partition, bucket, dataFileName))
    if (rowCount === undefined) yield `has a deletion vector of ${dataFileName}, which is not live`
    else if (cardinality !== null && cardinality > rowCount)
      yield `deletes ${cardinality} rows of ${dataFileName}, which has ${rowCount}`
    if (offset + length > indexFile.fileSize)
      yield `has a deletion vector of ${dataFileName} that ends behind the file`
  }
}
