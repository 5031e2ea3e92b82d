/** Which partition and bucket each row of a batch belongs to, by the table's kind of buckets. */
import { type CommitMessage, EMPTY_INCREMENT } from '../../snapshot/commit-message.ts'
import { POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import type { IndexFileMeta } from '../../snapshot/index-manifest.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { bucketFunction } from '../../types/bucket-function.ts'
import type { Batch } from '../../types/column.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { bucketKeyFields, hasPrimaryKey, isCrossPartition } from '../../types/schema-keys.ts'
import { assert } from '../../util/assert.ts'
import { CrossPartitionBuckets } from './cross-partition.ts'
import { DynamicBuckets } from './dynamic-buckets.ts'
import { decidesBuckets, DecidedBuckets, postponingAssigner } from './postpone-buckets.ts'
import { type BucketRows, parted, partitionsOf } from './row-groups.ts'

/** Index files of a bucket, which are committed with its rows. */
export type BucketIndex = Pick<CommitMessage, 'partition' | 'bucket'> & {
  readonly newIndexFiles: readonly IndexFileMeta[]
}

/** Parts batches of a table by partition and bucket. */
export interface BucketAssigner {
  /** The rows by their buckets; a promise only where the table has to be asked, and then one batch at a time. */
  assign(batch: Batch, kinds: Int8Array): readonly BucketRows[] | Promise<readonly BucketRows[]>
  /** Stores what has to be committed with the rows assigned since the last call. */
  prepare(): Promise<readonly BucketIndex[]>
  /** Takes note that the messages are in the table. */
  committed?(messages: readonly CommitMessage[]): void
}

export interface AssignOptions {
  /** Whether the rows take the place of all that is in the table: then it does not matter where its keys are. */
  readonly isOverwrite?: boolean | undefined
  /** Whether the rows are a batch, and no part of a stream. */
  readonly isBatch?: boolean | undefined
  /** Who commits the rows. */
  readonly commitUser?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** The assigner of a table. */
export function bucketAssigner(
  store: TableStore,
  schema: TableSchema,
  options: AssignOptions = {},
): BucketAssigner {
  const bucketCount = tableOptions(schema.options).get('bucket')
  if (bucketCount === -1 && isCrossPartition(schema))
    return new CrossPartitionBuckets(store, schema, options)
  if (bucketCount === -1 && hasPrimaryKey(schema)) return new DynamicBuckets(store, schema, options)
  if (decidesBuckets(schema, options.isBatch ?? false))
    return new DecidedBuckets(store, schema, options)
  if (bucketCount === POSTPONE_BUCKET) return postponingAssigner(schema)
  const assign = fixedAssigner(schema, bucketCount)
  return { assign, prepare: () => Promise.resolve([]) }
}

/** Assigns the buckets of a table with a fixed number of them, or without any (`bucket` = -1, no primary key). */
function fixedAssigner(
  schema: TableSchema,
  bucketCount: number,
): (batch: Batch, kinds: Int8Array) => BucketRows[] {
  assert(bucketCount > 0 || bucketCount === -1, `buckets of kind ${bucketCount} are not assigned`)
  const keys = bucketCount > 1 ? bucketKeyFields(schema) : []
  const positions = keys.map(({ id }) => schema.fields.findIndex((field) => field.id === id))
  const bucketOf =
    bucketCount > 1
      ? bucketFunction(tableOptions(schema.options).get('bucket-function.type'), keys)
      : null
  return (batch, kinds) => {
    const columns = positions.map((at) => batch.columns[at]!)
    const buckets = bucketOf?.(columns, batch.length, bucketCount) ?? null
    return parted(batch, kinds, partitionsOf(schema, batch), buckets, Math.max(1, bucketCount))
  }
}

/** The messages with the index files of their buckets; those from `first` on are of this commit. */
export function withIndexes(
  messages: readonly CommitMessage[],
  first: number,
  indexes: readonly BucketIndex[],
): CommitMessage[] {
  const all = [...messages]
  if (indexes.length === 0) return all
  const own = new Map(all.slice(first).map((message, i) => [bucketKey(message), first + i]))
  for (const index of indexes) {
    const { partition, bucket, newIndexFiles } = index
    const at = own.get(bucketKey(index))
    if (at === undefined)
      all.push({ ...EMPTY_INCREMENT, partition, bucket, totalBuckets: -1, newIndexFiles })
    else all[at] = { ...all[at]!, newIndexFiles: [...all[at]!.newIndexFiles, ...newIndexFiles] }
  }
  return all
}
