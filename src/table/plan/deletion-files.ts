/** Which deletion vectors a read applies, and which files a batch read of such a table sees. */
import type { DeletionFile } from '../../indexes/deletion-vector.ts'
import { type DataLayout, indexFilePath } from '../../snapshot/data-paths.ts'
import { DELETION_VECTORS_INDEX, type IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { corrupt } from '../../util/errors.ts'

/** The vectors of a bucket by the names of their data files. */
export type DeletionFiles = ReadonlyMap<string, DeletionFile>

/** Whether reads leave out the rows that deletion vectors name: as in Java, only while the option is on. */
export function hasDeletionVectors(schema: TableSchema): boolean {
  return tableOptions(schema.options).get('deletion-vectors.enabled')
}

/**
 * Whether each key stands in one file only of those above level 0, so that none of them needs merging: compaction has
 * marked the older rows of a key as deleted, or has not let later rows in.
 */
export function isMergedAboveLevel0(schema: TableSchema): boolean {
  const options = tableOptions(schema.options)
  const isFirstRow = options.get('merge-engine') === 'first-row'
  return hasPrimaryKey(schema) && (isFirstRow || options.get('deletion-vectors.enabled'))
}

/**
 * Whether a batch read passes over level 0, which compaction has not looked at yet. Follows `DataTableBatchScan`, and
 * `CoreOptions.batchScanSkipLevel0` of later versions for `deletion-vectors.merge-on-read`.
 */
export function hidesLevel0(schema: TableSchema): boolean {
  const options = tableOptions(schema.options)
  if (options.get('batch-scan-mode') === 'compact') return false
  const isMergeOnRead =
    options.get('deletion-vectors.enabled') && options.get('deletion-vectors.merge-on-read')
  return isMergedAboveLevel0(schema) && !isMergeOnRead
}

/** The vectors of the buckets, by {@link bucketKey}. CORRUPT where a data file has two. */
export function deletionFilesByBucket(
  layout: DataLayout,
  entries: readonly IndexManifestEntry[],
): ReadonlyMap<string, DeletionFiles> {
  const byBucket = new Map<string, Map<string, DeletionFile>>()
  for (const entry of entries) {
    const { indexType, fileSize, deletionVectors } = entry.indexFile
    if (indexType !== DELETION_VECTORS_INDEX || deletionVectors === null) continue
    const key = bucketKey(entry)
    let files = byBucket.get(key)
    if (files === undefined) byBucket.set(key, (files = new Map<string, DeletionFile>()))
    const path = indexFilePath(layout, entry)
    for (const { dataFileName, offset, length, cardinality } of deletionVectors) {
      if (files.has(dataFileName))
        throw corrupt(`the index manifest has two deletion vectors of ${dataFileName}`)
      files.set(dataFileName, { path, fileSize, offset, length, cardinality })
    }
  }
  return byBucket
}
