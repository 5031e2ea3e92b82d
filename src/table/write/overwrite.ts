/** What users say of an overwrite, and what it would take away. */
import { randomUUID } from 'node:crypto'

import { commit, type CommitTable } from '../../snapshot/commit.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { type OverwriteScope, type PartitionSpec, replacedFiles } from '../../snapshot/overwrite.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import { partitionValues } from '../../types/partition.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields, partitionNaming } from '../../types/schema-keys.ts'
import { requireWritable } from '../../types/schema-validation.ts'
import { invalid } from '../../util/errors.ts'
import { publishIceberg } from '../maintain/iceberg.ts'

/**
 * Values of partition keys; keys that are left out have any. Texts are read as their type writes them (`2026-11-21`), and
 * null, or the name of `partition.default-name`, is the partition of nulls.
 */
export type PartitionMatch = Readonly<Record<string, string | number | bigint | boolean | null>>

export interface OverwriteOptions {
  /** Replaces the partitions that match, also where nothing is written to them; the rows have to belong to them. */
  readonly partition?: PartitionMatch | undefined
  /**
   * Whether the partitions that rows are written to are replaced, or else the whole table. Unless told, and without
   * `partition`, the option `dynamic-partition-overwrite` says so, which is true by default.
   */
  readonly dynamic?: boolean | undefined
}

/** INVALID for a partition and `dynamic` at once, for a name that is no partition key, and for a text that is no value. */
export function overwriteScope(
  schema: TableSchema,
  { partition, dynamic }: OverwriteOptions = {},
): OverwriteScope {
  if (partition !== undefined) {
    if (dynamic === true)
      throw invalid('an overwrite replaces a partition that is told, or those written to', {
        hint: 'leave out partition, or dynamic',
      })
    return matchingScope(schema, [partition])
  }
  const isDynamic = dynamic ?? tableOptions(schema.options).get('dynamic-partition-overwrite')
  return isDynamic ? { kind: 'written' } : matchingScope(schema, [{}])
}

/** The partitions that one of these matches. */
export function matchingScope(
  schema: TableSchema,
  partitions: readonly PartitionMatch[],
): Extract<OverwriteScope, { kind: 'matching' }> {
  return { kind: 'matching', specs: partitions.map((partition) => specOf(schema, partition)) }
}

function specOf(schema: TableSchema, partition: PartitionMatch): PartitionSpec {
  const naming = partitionNaming(schema)
  const texts = Object.entries(partition).map(
    ([name, value]) => [name, value === null ? naming.defaultName : String(value)] as const,
  )
  return partitionValues(partitionFields(schema), new Map(texts), naming)
}

/** Takes all rows of the partitions away, in one commit; its snapshot. */
export async function emptyPartitions(
  table: CommitTable,
  partitions: readonly PartitionMatch[],
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  requireWritable(table.schema)
  const overwrite = matchingScope(table.schema, partitions)
  const { snapshots } = await commit(table, [], { commitUser: randomUUID(), overwrite, signal })
  await publishIceberg({ ...table, signal })
  return snapshots.at(-1)!
}

/** What is live in the latest snapshot and would go away. */
export interface Replaced {
  readonly partitionCount: number
  readonly fileCount: number
  readonly rowCount: number
  readonly sizeBytes: number
}

export async function replacedIn(
  store: TableStore,
  schema: TableSchema,
  scope: Extract<OverwriteScope, { kind: 'matching' }>,
  signal?: AbortSignal,
): Promise<Replaced> {
  const snapshot = await store.snapshots.readLatest({ signal })
  const none = { partitionCount: 0, fileCount: 0, rowCount: 0, sizeBytes: 0 }
  if (snapshot === null) return none
  const files = await replacedFiles(store, schema, snapshot, scope, signal)
  return {
    partitionCount: new Set(files.map(({ partition }) => latin1Of(partition))).size,
    fileCount: files.length,
    rowCount: files.reduce((sum, { file }) => sum + file.rowCount, 0),
    sizeBytes: files.reduce((sum, { file }) => sum + file.fileSize, 0),
  }
}
