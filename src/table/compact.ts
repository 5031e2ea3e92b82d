/** Compacts a table from outside of its writers: what Paimon calls a dedicated compaction job. */
import { POSTPONE_BUCKET } from '../snapshot/data-paths.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { tableOptions } from '../types/options.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey } from '../types/schema-keys.ts'
import { throwIfAborted } from '../util/async.ts'
import { compactAppendTable } from './append/compact.ts'
import { type OrderBy, sortAppendTable } from './append/sort-compact.ts'
import { compactKeyedTable } from './compact/keyed.ts'
import { partitionChoice } from './compact/partitions.ts'
import { compactPostponedTable } from './compact/postponed.ts'
import { requireLatestSchema } from './rows/row-rules.ts'
import type { PartitionMatch } from './write/overwrite.ts'

export interface CompactOptions {
  /**
   * Whether all files of a bucket become one sorted run, on the top level. Else only those are compacted that are due by
   * the options of the table, as a writer would do.
   */
  readonly full?: boolean | undefined
  /** Compacts these partitions: values of some or all partition keys. */
  readonly partition?: PartitionMatch | undefined
  /** Compacts the partitions that fit: a predicate on partition keys alone, or its text as SQL writes it. */
  readonly where?: Predicate | string | undefined
  /** Writes all rows anew in this order, so that filters leave most files out: only in append tables without buckets. */
  readonly orderBy?: OrderBy | undefined
  /** Told when buckets, or in a table without buckets files, are done. */
  readonly onProgress?: ((progress: CompactProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CompactProgress {
  readonly what: 'buckets' | 'files'
  readonly done: number
  readonly total: number
}

export interface CompactResult {
  /** The snapshots that were made; none where there was nothing to do. */
  readonly snapshots: readonly Snapshot[]
  /** Buckets whose compaction was dropped because others compacted or overwrote them at the same time. */
  readonly droppedBuckets: number
}

/**
 * Compacts what is in the latest snapshot. Rows that writers commit meanwhile stay as they are, and nothing of them is
 * lost: where somebody else replaced the same files, the compaction of that bucket is dropped. INVALID for a filter on
 * other columns than partition keys, UNSUPPORTED for a table that cannot be written, CONFLICT for one with a primary key that
 * has got another schema since it was opened.
 */
export async function compactTable(
  store: TableStore,
  schema: TableSchema,
  options: CompactOptions = {},
): Promise<CompactResult> {
  throwIfAborted(options.signal)
  const partition = partitionChoice(schema, options)
  const { full, onProgress, signal, orderBy } = options
  // Files of append tables are left alone one by one, but buckets with a primary key as a whole: nothing would be done.
  if (hasPrimaryKey(schema)) await requireLatestSchema(store, schema, signal)
  const ofFiles = {
    partition,
    signal,
    onProgress: (done: number, total: number) => onProgress?.({ what: 'files', done, total }),
  }
  if (orderBy !== undefined) return resultOf(await sortAppendTable(store, schema, orderBy, ofFiles))
  if (tableOptions(schema.options).get('bucket') === POSTPONE_BUCKET)
    return await compactPostponedTable(store, schema, partition, options)
  // Append tables with buckets are compacted bucket by bucket too.
  const hasBuckets = hasPrimaryKey(schema) || tableOptions(schema.options).get('bucket') > 0
  if (hasBuckets) return await compactKeyedTable(store, schema, partition, options)
  return resultOf(await compactAppendTable(store, schema, { full, ...ofFiles }))
}

function resultOf(snapshot: Snapshot | null): CompactResult {
  return { snapshots: snapshot === null ? [] : [snapshot], droppedBuckets: 0 }
}
