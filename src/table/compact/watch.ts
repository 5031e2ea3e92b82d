/** Compacts the buckets of a primary-key table as others write to them, until it is ended. */
import { POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { type RawOptions, tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { sleep, throwIfAborted } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import type { CompactOptions } from '../compact.ts'
import { pollWaitMs } from '../stream/follow.ts'
import { TableWriter } from '../write/writer.ts'
import { type Bucket, bucketsOf, compactingSchema, groupsOf } from './keyed.ts'
import { type PartitionChoice, partitionChoice } from './partitions.ts'

export interface WatchOptions extends Omit<CompactOptions, 'onProgress'> {
  /** The options of the table object, which a newer schema of the table gets too. */
  readonly options?: RawOptions | undefined
  /** Told of the snapshots that a round made, and how many buckets it looked at. */
  readonly onRound?: ((snapshots: readonly Snapshot[], bucketCount: number) => void) | undefined
}

/**
 * Looks at all buckets once, and then at those that commits of others add files to: each is compacted as the options of the
 * table say, or whole with `full`. It ends by its signal, with an ABORTED error.
 */
export async function watchCompactions(
  store: TableStore,
  schema: TableSchema,
  options: WatchOptions,
): Promise<never> {
  if (!hasPrimaryKey(schema))
    throw invalid('a table without primary key is not compacted as it is written', {
      hint: 'compact it from time to time',
    })
  if (tableOptions(schema.options).get('bucket') === POSTPONE_BUCKET)
    throw invalid('a table that postpones buckets is not compacted as it is written', {
      hint: 'compact it from time to time: that is when rows come to their buckets',
    })
  const partition = partitionChoice(schema, options)
  let current = schema
  let failedCount = 0
  const onRound: WatchOptions['onRound'] = (...round) => {
    failedCount = 0
    options.onRound?.(...round)
  }
  for (;;)
    try {
      current = await watchSchema(store, current, partition, { ...options, onRound })
    } catch (error) {
      const isRetriable = error instanceof LakeError && error.retriable
      if (!isRetriable || ++failedCount >= FAILURES_MAX) throw error
      await sleep(pollWaitMs(failedCount, intervalMsOf(current)), options.signal)
    }
}

/** A storage that fails, or writers that are faster, are borne this often one behind the other. */
const FAILURES_MAX = 10

/** How long to wait at most before the table is looked at again. */
function intervalMsOf(schema: TableSchema): number {
  return tableOptions(schema.options).get('continuous.discovery-interval')
}

/** Goes on until the table has another schema, and returns that. */
async function watchSchema(
  store: TableStore,
  schema: TableSchema,
  partition: PartitionChoice | undefined,
  { full = false, onRound, signal, options }: WatchOptions,
): Promise<TableSchema> {
  const intervalMs = intervalMsOf(schema)
  await using writer = new TableWriter(store, compactingSchema(schema), { signal })
  let seen = 0
  let missCount = 0
  let again: Bucket[] = []
  for (;;) {
    throwIfAborted(signal)
    const latest = await store.snapshots.readLatest({ signal })
    if (latest !== null && latest.schemaId > schema.id) {
      const newer = await store.schemas.readLatest({ signal })
      return { ...newer, options: { ...newer.options, ...options } }
    }
    const found =
      latest === null || latest.id === seen
        ? []
        : await changedBuckets(store, { seen, latest, user: writer.commitUser }, partition, signal)
    if (latest !== null) seen = latest.id
    const buckets = [
      ...new Map([...again, ...found].map((each) => [bucketKey(each), each])).values(),
    ]
    again = []
    if (buckets.length === 0) {
      await sleep(pollWaitMs(missCount++, intervalMs), signal)
      continue
    }
    missCount = 0
    for (const group of groupsOf(buckets)) {
      for (const bucket of group) await writer.compact({ ...bucket, full })
      const result = await writer.commit({ waitForCompaction: true, ignoreEmptyCommit: true })
      if (result.isCompactionDropped) again.push(...group)
      onRound?.(result.snapshots, group.length)
    }
  }
}

interface Seen {
  /** The last snapshot that was looked at; 0 before the first. */
  readonly seen: number
  readonly latest: Snapshot
  /** Whose commits are passed over. */
  readonly user: string
}

/** The buckets that the snapshots since changed; all of them where these are not there any more. */
async function changedBuckets(
  store: TableStore,
  { seen, latest, user }: Seen,
  partition: PartitionChoice | undefined,
  signal: AbortSignal | undefined,
): Promise<Bucket[]> {
  const whole = (): Promise<Bucket[]> => bucketsOf(store, latest, 'all', partition, signal)
  // A table that was rolled back is as good as one that was not looked at.
  if (seen === 0 || latest.id < seen) return await whole()
  const buckets = new Map<string, Bucket>()
  for (let id = seen + 1; id <= latest.id; id++) {
    const snapshot = (await store.snapshots.find(id, { signal }))?.snapshot
    if (snapshot === undefined) return await whole()
    if (snapshot.commitUser === user) continue
    for (const each of await bucketsOf(store, snapshot, 'delta', partition, signal))
      buckets.set(bucketKey(each), each)
  }
  return [...buckets.values()]
}
