/** Checks one manifest: that its manifest list tells the truth of it, and that each entry can be. */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { dataFilePath, type DataLayout, POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import { FILE_KIND, type ManifestEntry } from '../../snapshot/manifest-entry.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import { entryAt, type ManifestRows } from '../../snapshot/manifest-rows.ts'
import { partitionStatsOf } from '../../snapshot/partition-stats.ts'
import { manifestPath } from '../../snapshot/paths.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { decodePartition } from '../../types/partition.ts'
import { compareValues, type ScalarValue } from '../../types/predicate-literal.ts'
import type { CheckContext } from './context.ts'

export function checkManifest(
  context: CheckContext,
  layout: DataLayout,
  meta: ManifestFileMeta,
  rows: ManifestRows,
): void {
  const { store, findings } = context
  const path = manifestPath(store.location.root, meta.fileName)
  const problems = new Set<string>()
  let added = 0
  for (let row = 0; row < rows.length; row++) {
    if (rows.kinds[row] === FILE_KIND.ADD) added++
    const entry = entryAt(rows, row)
    for (const problem of entryProblems(context, layout, entry)) problems.add(problem)
    for (const problem of boundProblems(layout, meta, entry)) problems.add(problem)
  }
  checkCounts(meta, added, rows.length - added, problems)
  for (const problem of problems) findings.damaged(path, problem)
}

function checkCounts(
  { numAddedFiles, numDeletedFiles }: ManifestFileMeta,
  added: number,
  deleted: number,
  problems: Set<string>,
): void {
  if (numAddedFiles !== added || numDeletedFiles !== deleted)
    problems.add(
      `adds ${added} files and deletes ${deleted}, and its list says ${numAddedFiles} and ${numDeletedFiles}`,
    )
}

/** What no entry may say. */
function* entryProblems(
  { schemas }: CheckContext,
  layout: DataLayout,
  entry: ManifestEntry,
): Generator<string> {
  const { bucket, totalBuckets, file } = entry
  const { fileName } = file
  if (totalBuckets > 0 && (bucket < POSTPONE_BUCKET || bucket >= totalBuckets))
    yield `file ${fileName} is in bucket ${bucket} of ${totalBuckets}`
  if (bucket < 0 && bucket !== POSTPONE_BUCKET) yield `file ${fileName} is in bucket ${bucket}`
  if (!schemas.has(file.schemaId))
    yield `file ${fileName} is of schema ${file.schemaId}, which cannot be read`
  if (file.minSequenceNumber > file.maxSequenceNumber)
    yield `file ${fileName} has sequence numbers from ${file.minSequenceNumber} to ${file.maxSequenceNumber}`
  yield* countProblems(file)
  try {
    dataFilePath(layout, entry)
  } catch (error) {
    yield `file ${JSON.stringify(fileName.slice(0, 200))} has no path: ${(error as Error).message}`
  }
}

function* countProblems({ fileName, rowCount, deleteRowCount }: DataFileMeta): Generator<string> {
  if (deleteRowCount !== null && deleteRowCount > rowCount)
    yield `file ${fileName} has ${rowCount} rows, of which ${deleteRowCount} delete`
}

/** What a scan is told of the manifest must hold for each entry, or it would leave files out. */
function* boundProblems(
  layout: DataLayout,
  meta: ManifestFileMeta,
  { partition, bucket, file }: ManifestEntry,
): Generator<string> {
  const { minBucket, maxBucket, minLevel, maxLevel } = meta
  if (isOutside(bucket, minBucket, maxBucket))
    yield `has bucket ${bucket}, and its list says ${minBucket} to ${maxBucket}`
  if (isOutside(file.level, minLevel, maxLevel))
    yield `has level ${file.level}, and its list says ${minLevel} to ${maxLevel}`
  if (file.schemaId > meta.schemaId)
    yield `has a file of schema ${file.schemaId}, and its list says ${meta.schemaId} at most`
  const { partitionFields } = layout
  if (partitionFields.length === 0) return
  try {
    const stats = partitionStatsOf(meta, partitionFields)
    for (const [i, value] of decodePartition(partitionFields, partition).entries())
      if (isOutOfBounds(value, stats(i)))
        yield `has a partition outside of what its list says of ${partitionFields[i]!.name}`
  } catch (error) {
    yield `has partitions that cannot be read: ${(error as Error).message}`
  }
}

function isOutOfBounds(
  value: InternalValue,
  stats: ReturnType<ReturnType<typeof partitionStatsOf>>,
): boolean {
  if (stats === undefined) return false
  const { min, max, nullCount } = stats
  if (value === null) return nullCount === 0
  if (min === null || max === null) return true
  const scalar = value as ScalarValue
  return (
    compareValues(scalar, min as ScalarValue) < 0 || compareValues(scalar, max as ScalarValue) > 0
  )
}

function isOutside(value: number, min: number | null, max: number | null): boolean {
  return min !== null && max !== null && (value < min || value > max)
}
