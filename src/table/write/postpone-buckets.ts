/**
 * Buckets of a table that postpones them (`bucket` = -2): a stream puts all rows of a partition into one, from which a
 * compaction takes them; a batch puts them where they belong, for which each partition has its own number of buckets.
 *
 * Follows the Java classes `PostponeBucketRowKeyExtractor` and `PostponeBatchWriteOperator`.
 */
import { bucketCounts } from '../../snapshot/bucket-counts.ts'
import { POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { mayHoldPartitions } from '../../snapshot/partition-stats.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { type BucketFunction, bucketFunction } from '../../types/bucket-function.ts'
import type { Batch } from '../../types/column.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { bucketKeyFields, partitionFields } from '../../types/schema-keys.ts'
import type { AssignOptions, BucketAssigner, BucketIndex } from './bucket-assign.ts'
import { type BucketRows, parted, partitionsOf } from './row-groups.ts'

/** Whether rows of a batch go to their buckets at once. */
export function decidesBuckets(schema: TableSchema, isBatch: boolean): boolean {
  const options = tableOptions(schema.options)
  const isPostponed = options.get('bucket') === POSTPONE_BUCKET
  return isPostponed && isBatch && options.get('postpone.batch-write-fixed-bucket')
}

/** Puts all rows of a partition into the bucket from which a compaction takes them. */
export function postponingAssigner(schema: TableSchema): BucketAssigner {
  return {
    assign: (batch, kinds) =>
      parted(batch, kinds, partitionsOf(schema, batch), null, 1).map((rows) => ({
        ...rows,
        bucket: POSTPONE_BUCKET,
      })),
    prepare: () => Promise.resolve([]),
  }
}

/** Computes buckets by the number that each partition has; a new one gets `postpone.default-bucket-num`. */
export class DecidedBuckets implements BucketAssigner {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #options: AssignOptions
  readonly #bucketOf: BucketFunction
  readonly #keyPositions: readonly number[]
  readonly #defaultCount: number
  /** The number of buckets by the bytes of the partition. */
  readonly #counts = new Map<string, number>()

  constructor(store: TableStore, schema: TableSchema, options: AssignOptions) {
    const values = tableOptions(schema.options)
    const keys = bucketKeyFields(schema)
    this.#store = store
    this.#schema = schema
    this.#options = options
    this.#bucketOf = bucketFunction(values.get('bucket-function.type'), keys)
    this.#keyPositions = keys.map(({ id }) => schema.fields.findIndex((field) => field.id === id))
    this.#defaultCount = values.get('postpone.default-bucket-num')
  }

  async assign(batch: Batch, kinds: Int8Array): Promise<BucketRows[]> {
    const partitions = partitionsOf(this.#schema, batch)
    await this.#findCounts(partitions.keys)
    const all: BucketRows[] = []
    for (const rows of parted(batch, kinds, partitions, null, 1)) {
      const totalBuckets = this.#counts.get(latin1Of(rows.partition))!
      const columns = this.#keyPositions.map((at) => rows.batch.columns[at]!)
      const buckets = this.#bucketOf(columns, rows.batch.length, totalBuckets)
      const own = { of: null, keys: [rows.partition] }
      for (const each of parted(rows.batch, rows.kinds, own, buckets, totalBuckets))
        all.push({ ...each, totalBuckets })
    }
    return all
  }

  async #findCounts(partitions: readonly Uint8Array[]): Promise<void> {
    const unknown = partitions.filter((partition) => !this.#counts.has(latin1Of(partition)))
    if (unknown.length === 0) return
    const { signal } = this.#options
    const latest = await this.#store.snapshots.readLatestListed({ signal })
    const wanted = new Set(unknown.map(latin1Of))
    const filter = {
      manifest: mayHoldPartitions(partitionFields(this.#schema), unknown),
      partition: (bytes: Uint8Array) => wanted.has(latin1Of(bytes)),
    }
    const found =
      latest === null ? null : await bucketCounts(this.#store, latest.snapshot, filter, { signal })
    for (const key of wanted)
      this.#counts.set(key, found?.get(key)?.totalBuckets ?? this.#defaultCount)
  }

  async prepare(): Promise<BucketIndex[]> {
    return await Promise.resolve([])
  }
}
