/**
 * Overwrites: what they replace, and what becomes of their new files.
 *
 * Follows `FileStoreCommitImpl.overwritePartition`, `tryUpgrade` and `CommitScanner.readOverwriteChanges`.
 */
import { deserializeBinaryRow } from '../types/binary-row-decode.ts'
import type { DataField } from '../types/data-type.ts'
import type { InternalValue } from '../types/internal-value.ts'
import { tableOptions } from '../types/options.ts'
import { decodePartition, partitionPath } from '../types/partition.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'
import type { TableSchema } from '../types/schema-file.ts'
import {
  hasPrimaryKey,
  partitionFields,
  partitionNaming,
  trimmedKeyFields,
} from '../types/schema-keys.ts'
import { invalid } from '../util/errors.ts'
import { type Changes, withoutChangelog } from './commit-changes.ts'
import { compareKeys } from './conflict.ts'
import { POSTPONE_BUCKET } from './data-paths.ts'
import { bucketKey, type ManifestEntry } from './manifest-entry.ts'
import { type FileFilter, scanEntries } from './manifest-scan.ts'
import { latin1Of } from './metadata-columns.ts'
import { mayHoldPartitions } from './partition-stats.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

/**
 * The partitions that an overwrite replaces: those that it writes to, or those of which a spec says the values. A spec has
 * a value for each partition key, undefined for any; one of undefined alone means the whole table.
 */
export type OverwriteScope =
  | { readonly kind: 'written' }
  | { readonly kind: 'matching'; readonly specs: readonly PartitionSpec[] }

export type PartitionSpec = readonly (InternalValue | undefined)[]

/** Every partition, also of a table without partitions. */
export const WHOLE_TABLE: OverwriteScope = { kind: 'matching', specs: [[]] }

/** What an overwrite replaces, as a filter of live files. */
export type ReplacedPartitions = Pick<FileFilter, 'manifest' | 'partition'>

/**
 * The overwrite that the appended changes become; null where it would replace nothing, since it writes to no partition.
 * INVALID for files outside of what is replaced. No changelog is committed: whoever follows the table is not told.
 */
export function overwriteOf(
  schema: TableSchema,
  appended: Changes,
  scope: OverwriteScope,
  isCompacted: boolean,
): Changes | null {
  const fields = partitionFields(schema)
  const isWritten = scope.kind === 'written' && fields.length > 0
  if (isWritten && appended.files.length === 0) return null
  const replaced = isWritten
    ? writtenPartitions(fields, appended)
    : matchingPartitions(fields, scope.kind === 'written' ? [[]] : scope.specs)
  const stray = appended.files.find(({ partition }) => replaced.partition?.(partition) === false)
  if (stray !== undefined)
    throw invalid(
      `rows of the partition ${textOf(schema, stray)} do not belong to what is overwritten`,
      {
        hint: 'write rows of the overwritten partition only, or overwrite the partitions written to',
      },
    )
  const files = isCompacted ? appended.files : upgraded(schema, appended.files)
  const changes: Changes = { ...withoutChangelog(appended), files, replaced }
  return { ...changes, kind: 'OVERWRITE', isChecked: true }
}

/** The live files and index files that the overwrite replaces in the snapshot. */
export async function replacedBy(
  store: TableStore,
  schema: TableSchema,
  base: Snapshot,
  replaced: ReplacedPartitions,
  signal?: AbortSignal,
): Promise<Pick<Changes, 'files' | 'indexFiles'>> {
  // Rows whose bucket is decided later stay where another bucket mode overwrites.
  const isPostponed = tableOptions(schema.options).get('bucket') === POSTPONE_BUCKET
  const bucket = isPostponed ? undefined : (number: number): boolean => number >= 0
  const [files, indexFiles] = await Promise.all([
    scanEntries(store.manifests, base, 'all', { ...replaced, bucket }, { signal }),
    store.manifests.readIndexEntries(base, { signal }),
  ])
  const own = indexFiles.filter(({ partition }) => replaced.partition?.(partition) !== false)
  return { files, indexFiles: own }
}

/** The live files that match the scope. */
export async function replacedFiles(
  store: TableStore,
  schema: TableSchema,
  snapshot: Snapshot,
  scope: Extract<OverwriteScope, { kind: 'matching' }>,
  signal?: AbortSignal,
): Promise<readonly ManifestEntry[]> {
  const replaced = matchingPartitions(partitionFields(schema), scope.specs)
  return (await replacedBy(store, schema, snapshot, replaced, signal)).files
}

function writtenPartitions(
  fields: readonly DataField[],
  { files }: Changes,
): Required<ReplacedPartitions> {
  const partitions = new Map(files.map(({ partition }) => [latin1Of(partition), partition]))
  return {
    manifest: mayHoldPartitions(fields, [...partitions.values()]),
    partition: (bytes) => partitions.has(latin1Of(bytes)),
  }
}

/** The partitions that one of the specs matches; without a filter where one of them matches all. */
export function matchingPartitions(
  fields: readonly DataField[],
  specs: readonly PartitionSpec[],
): ReplacedPartitions {
  if (specs.some((spec) => spec.every((value) => value === undefined))) return {}
  return {
    partition: (bytes) => {
      const values = decodePartition(fields, bytes)
      return specs.some((spec) => spec.every((value, i) => isSame(value, values[i] ?? null)))
    },
  }
}

function isSame(wanted: InternalValue | undefined, value: InternalValue): boolean {
  if (wanted === undefined) return true
  if (wanted === null || value === null) return wanted === value
  return compareValues(wanted as ScalarValue, value as ScalarValue) === 0
}

/** New files of level 0 go to the top level at once, in each bucket where their keys do not overlap. */
function upgraded(schema: TableSchema, files: readonly ManifestEntry[]): readonly ManifestEntry[] {
  const options = tableOptions(schema.options)
  if (!hasPrimaryKey(schema) || !options.get('overwrite-upgrade')) return files
  if (files.some(({ bucket, file }) => bucket < 0 || file.level > 0)) return files
  const levelCount =
    options.get('num-levels') ?? options.get('num-sorted-run.compaction-trigger') + 1
  const keyTypes = trimmedKeyFields(schema).map(({ type }) => type)
  const buckets = Map.groupBy(files, bucketKey)
  return [...buckets.values()].flatMap((entries) => {
    const ranges = entries
      .map((entry) => ({
        entry,
        min: deserializeBinaryRow(keyTypes, entry.file.minKey),
        max: deserializeBinaryRow(keyTypes, entry.file.maxKey),
      }))
      .toSorted((a, b) => compareKeys(a.min, b.min))
    if (ranges.some(({ min }, i) => i > 0 && compareKeys(ranges[i - 1]!.max, min) >= 0))
      return entries
    return ranges.map(({ entry }) => ({
      ...entry,
      file: { ...entry.file, level: levelCount - 1 },
    }))
  })
}

function textOf(schema: TableSchema, { partition }: ManifestEntry): string {
  const fields = partitionFields(schema)
  return partitionPath(fields, decodePartition(fields, partition), partitionNaming(schema))
}
