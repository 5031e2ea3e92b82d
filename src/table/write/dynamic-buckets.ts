/**
 * Assigns the buckets of a table whose buckets grow with its keys (`bucket` = -1 with a primary key that holds the partition
 * keys): a key stays in the bucket that it was put into first, and new keys fill one bucket after another.
 *
 * Follows the Java classes `HashBucketAssigner`, `PartitionIndex` and `DynamicBucketIndexMaintainer`, for all assigners of a
 * job in one. As there, one writer at a time may write to a partition: two that run side by side, each not seeing what the
 * other has not committed, can put a key into two buckets.
 */
import { DYNAMIC_BUCKETS_MAX } from '../../indexes/bucket-hashes.ts'
import { writeHashIndex } from '../../indexes/hash-index.ts'
import { dropIndexFiles, type IndexFilePlace } from '../../indexes/index-file.ts'
import type { CommitMessage } from '../../snapshot/commit-message.ts'
import { type DataLayout, dataLayout } from '../../snapshot/data-paths.ts'
import { HASH_INDEX, type IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { tableOptions } from '../../types/options.ts'
import { rowHashes } from '../../types/row-writer.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { trimmedKeyFields } from '../../types/schema-keys.ts'
import { mapAll } from '../../util/async.ts'
import { invalid } from '../../util/errors.ts'
import type { AssignOptions, BucketAssigner, BucketIndex } from './bucket-assign.ts'
import { type DynamicRules, PartitionIndex } from './partition-index.ts'
import { type BucketRows, parted, partitionsOf } from './row-groups.ts'

/** So many index files are written side by side. */
const FILES_AT_ONCE = 4

export class DynamicBuckets implements BucketAssigner {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #layout: DataLayout
  readonly #rules: DynamicRules
  readonly #isOverwrite: boolean
  readonly #signal: AbortSignal | undefined
  readonly #keys: readonly DataField[]
  readonly #keyPositions: readonly number[]
  /** By the bytes of the partition. */
  readonly #partitions = new Map<string, PartitionIndex>()
  /** The hash indexes of the table as it was looked at last, by partition; null when it has to be looked at. */
  #stored: ReadonlyMap<string, readonly IndexManifestEntry[]> | null = null

  constructor(store: TableStore, schema: TableSchema, options: AssignOptions = {}) {
    this.#store = store
    this.#schema = schema
    this.#layout = dataLayout(store.location.root, schema)
    this.#rules = rulesOf(schema)
    this.#isOverwrite = options.isOverwrite ?? false
    this.#signal = options.signal
    this.#keys = trimmedKeyFields(schema)
    this.#keyPositions = this.#keys.map(({ id }) =>
      schema.fields.findIndex((field) => field.id === id),
    )
  }

  async assign(batch: Batch, kinds: Int8Array): Promise<BucketRows[]> {
    const partitions = partitionsOf(this.#schema, batch)
    const indexes: PartitionIndex[] = []
    for (const key of partitions.keys) indexes.push(await this.#index(key))
    const hashes = rowHashes(
      this.#keys.map(({ type }) => type),
      this.#keyPositions.map((at) => batch.columns[at]!),
      batch.length,
    )
    // The hashes of the rows give way to their buckets.
    let bucketCount = 1
    const { of } = partitions
    for (let row = 0; row < batch.length; row++) {
      const bucket = indexes[of === null ? 0 : of[row]!]!.assign(hashes[row]!)
      hashes[row] = bucket
      if (bucket >= bucketCount) bucketCount = bucket + 1
    }
    return parted(batch, kinds, partitions, hashes, bucketCount)
  }

  async #index(partition: Uint8Array): Promise<PartitionIndex> {
    if (this.#stored === null) await this.#lookAgain()
    const key = latin1Of(partition)
    let index = this.#partitions.get(key)
    if (index === undefined) {
      index = await this.#load(partition)
      this.#partitions.set(key, index)
    }
    index.isUsed = true
    return index
  }

  async #load(partition: Uint8Array): Promise<PartitionIndex> {
    const entries = this.#isOverwrite ? [] : (this.#stored!.get(latin1Of(partition)) ?? [])
    const source = { io: this.#store.io, layout: this.#layout, signal: this.#signal }
    return await PartitionIndex.load(source, partition, entries, this.#rules)
  }

  /** Looks which index files the table has now, and reads those again that others have written. */
  async #lookAgain(): Promise<void> {
    this.#stored = await this.#readStored()
    if (this.#isOverwrite) return
    for (const [key, index] of this.#partitions) {
      if (index.follows(this.#stored.get(key) ?? [])) continue
      if (index.isSettled) {
        this.#partitions.delete(key)
        continue
      }
      const others = await this.#load(index.partition)
      others.takeUnsettled(index, this.#store.location.root)
      this.#partitions.set(key, others)
    }
  }

  async #readStored(): Promise<Map<string, IndexManifestEntry[]>> {
    const { snapshots, manifests } = this.#store
    const options = { signal: this.#signal }
    const range = await snapshots.range(options)
    const known = range === null ? undefined : snapshots.recall(range.latest)
    const latest = range === null ? null : (known ?? (await snapshots.readLatestListed(options)))
    if (latest === null) return new Map()
    const entries = await manifests.readIndexEntries(latest.snapshot, options)
    return Map.groupBy(
      entries.filter(({ indexFile }) => indexFile.indexType === HASH_INDEX),
      ({ partition }) => latin1Of(partition),
    )
  }

  async prepare(): Promise<BucketIndex[]> {
    const isChanged = [...this.#partitions.values()].some(({ changed }) => changed.size > 0)
    if (isChanged) await this.#lookAgain()
    // The next rows have to see what is in the table when they come.
    this.#stored = null
    const buckets = [...this.#partitions.values()].flatMap((index) =>
      Array.from(index.changed, (bucket) => ({ index, bucket })),
    )
    const written: { place: IndexFilePlace; index: BucketIndex }[] = []
    try {
      await mapAll(buckets, FILES_AT_ONCE, async ({ index, bucket }) => {
        const place = this.#place(index.partition, bucket)
        const file = await writeHashIndex(place, index.hashesOf(bucket))
        const { partition } = place
        written.push({ place, index: { partition, bucket, newIndexFiles: [file] } })
        index.wrote(bucket, file.fileName)
      })
    } catch (error) {
      for (const { place, index } of written)
        await dropIndexFiles(place, index.newIndexFiles).catch(() => {})
      throw error
    }
    this.#forgetUnused()
    return written.map(({ index }) => index)
  }

  #place(partition: Uint8Array, bucket: number): IndexFilePlace {
    const { io, manifests } = this.#store
    const nextName = (): string => manifests.names.index()
    return { io, layout: this.#layout, partition, bucket, nextName, signal: this.#signal }
  }

  committed(messages: readonly CommitMessage[]): void {
    for (const { partition, bucket, newIndexFiles } of messages)
      for (const { indexType, fileName } of newIndexFiles)
        if (indexType === HASH_INDEX)
          this.#partitions.get(latin1Of(partition))?.settle(bucket, fileName)
  }

  /** Partitions that no row came for any more need not stay in memory, once all of them is in the table. */
  #forgetUnused(): void {
    for (const [key, index] of this.#partitions) {
      if (!index.isUsed && index.isSettled && !this.#isOverwrite) this.#partitions.delete(key)
      index.isUsed = false
    }
  }
}

function rulesOf(schema: TableSchema): DynamicRules {
  const options = tableOptions(schema.options)
  const bucketsMax = options.get('dynamic-bucket.max-buckets')
  const initial = options.get('dynamic-bucket.initial-buckets') ?? 1
  if (bucketsMax < 1 && bucketsMax !== -1)
    throw invalid(`dynamic-bucket.max-buckets is ${bucketsMax}`, {
      hint: 'set it to a positive number, or to -1 for no limit',
    })
  if (initial < 1)
    throw invalid(`dynamic-bucket.initial-buckets is ${initial}, and has to be positive`)
  const most = bucketsMax === -1 ? DYNAMIC_BUCKETS_MAX : Math.min(bucketsMax, DYNAMIC_BUCKETS_MAX)
  return {
    targetRowCount: options.get('dynamic-bucket.target-row-num'),
    bucketsMax: most,
    isLimited: bucketsMax !== -1,
    assignerCount: Math.min(initial, most),
  }
}
