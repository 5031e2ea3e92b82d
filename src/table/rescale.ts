/**
 * Gives a table, or some of its partitions, another number of buckets: their rows are read and written anew.
 *
 * Follows Flink's `RescaleAction`: an overwrite that fails if others change the table meanwhile. It reads the rows of all
 * levels, so that none is lost that reads of the table do not show yet.
 */
import { isOfLaterSchema, laterSchemaError } from '../lsm/append-rewrite.ts'
import { bucketCounts } from '../snapshot/bucket-counts.ts'
import type { CommitMessage } from '../snapshot/commit-message.ts'
import { abort, commit, mayHaveHappened } from '../snapshot/commit.ts'
import { POSTPONE_BUCKET } from '../snapshot/data-paths.ts'
import { latin1Of } from '../snapshot/metadata-columns.ts'
import { matchingPartitions } from '../snapshot/overwrite.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { tableOptions } from '../types/options.ts'
import { decodePartition, partitionPath } from '../types/partition.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { partitionFields, partitionNaming } from '../types/schema-keys.ts'
import { validateSchema } from '../types/schema-validation.ts'
import { throwIfAborted } from '../util/async.ts'
import { invalid } from '../util/errors.ts'
import { fileContext } from './file/table-file.ts'
import { planScan } from './plan/scan.ts'
import type { Split } from './plan/split.ts'
import { requireLatestSchema } from './rows/row-rules.ts'
import { readSplit } from './split/split-read.ts'
import { matchingScope, type PartitionMatch } from './write/overwrite.ts'
import { TableWriter } from './write/writer.ts'

export interface RescaleOptions {
  /** The number of buckets, 1 or more. */
  readonly buckets: number
  /**
   * The partitions that get it, by the values of some or all partition keys. Writers go on with a partition that has another
   * number than the table only where buckets are postponed; else it has to be overwritten as a whole.
   */
  readonly partition?: PartitionMatch | undefined
  /** Tells what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of the rows that are written. */
  readonly onProgress?: ((rowCount: number) => void) | undefined
}

export interface RescaleResult {
  /** What was, or would be, written anew: each partition with the number of buckets that it had. */
  readonly partitions: readonly { readonly partition: string; readonly bucketsBefore: number }[]
  /** The snapshot of the overwrite; null where nothing had to be written. */
  readonly snapshot: Snapshot | null
  /** The schema that says the new number; null where it stays as it was. */
  readonly schema: TableSchema | null
}

/**
 * Rescales, in one commit. INVALID for a table without a fixed number of buckets and for partitions that are not there;
 * CONFLICT where others wrote rows, compacted or overwrote meanwhile: nothing has changed then.
 */
export async function rescaleTable(
  store: TableStore,
  schema: TableSchema,
  options: RescaleOptions,
): Promise<RescaleResult> {
  const { buckets, partition, dryRun = false, signal } = options
  throwIfAborted(signal)
  const rescaled = withBuckets(schema, buckets)
  await requireLatestSchema(store, schema, signal)
  const isPostponed = tableOptions(schema.options).get('bucket') === POSTPONE_BUCKET
  const latest = await store.snapshots.readLatestListed({ signal })
  const work = latest && (await workOf(store, schema, latest.snapshot, options))
  // The schema may have changed since it was looked at.
  if (work?.splits.some(({ files }) => files.some((file) => isOfLaterSchema(file, schema))))
    throw laterSchemaError(store.location.root)
  const partitions = work?.partitions ?? []
  const names = partitions.map(({ bytes, totalBuckets }) => ({
    partition: nameOf(schema, bytes),
    bucketsBefore: totalBuckets,
  }))
  if (dryRun) return { partitions: names, snapshot: null, schema: null }
  const snapshot =
    work === null || partitions.length === 0
      ? null
      : await overwrite(store, rescaled, work, options)
  const isWhole = partition === undefined && !isPostponed
  const changed = isWhole ? await changeSchema(store, buckets, signal) : null
  return { partitions: names, snapshot, schema: changed }
}

/** The schema with another number of buckets. INVALID where there is no such number. */
function withBuckets(schema: TableSchema, buckets: number): TableSchema {
  const before = tableOptions(schema.options).get('bucket')
  if (before === -1)
    throw invalid('a table whose buckets are not of a fixed number cannot be rescaled', {
      hint: 'create another table with bucket set to a number, and copy the rows',
    })
  if (!Number.isSafeInteger(buckets) || buckets < 1)
    throw invalid(`a table cannot have ${buckets} buckets`, {
      hint: 'give a whole number from 1 on',
    })
  const rescaled = { ...schema, options: { ...schema.options, bucket: String(buckets) } }
  validateSchema(rescaled)
  return rescaled
}

interface RescaleWork {
  readonly snapshot: Snapshot
  readonly partitions: readonly { readonly bytes: Uint8Array; readonly totalBuckets: number }[]
  readonly splits: readonly Split[]
}

/** The partitions that are asked for and have another number of buckets, and how their rows are read. */
async function workOf(
  store: TableStore,
  schema: TableSchema,
  snapshot: Snapshot,
  { buckets, partition, signal }: RescaleOptions,
): Promise<RescaleWork> {
  const fields = partitionFields(schema)
  const chosen =
    partition && matchingPartitions(fields, matchingScope(schema, [partition]).specs).partition
  const counts = await bucketCounts(store, snapshot, { partition: chosen }, { signal })
  if (partition !== undefined && counts.size === 0)
    throw invalid('no partition that is to be rescaled has files', {
      path: store.location.root,
      hint: 'name values that a partition of the table has, such as dt=2026-11-21',
    })
  const stale = new Map([...counts].filter(([, count]) => count.totalBuckets !== buckets))
  const plan = await planScan(store, {
    schema,
    snapshot,
    level: anyLevel,
    isBatch: true,
    signal,
  })
  return {
    snapshot,
    partitions: [...stale.values()].map(({ partition: bytes, totalBuckets }) => ({
      bytes,
      totalBuckets,
    })),
    splits: plan.splits.filter((split) => stale.has(latin1Of(split.partition))),
  }
}

async function overwrite(
  store: TableStore,
  rescaled: TableSchema,
  { snapshot, splits, partitions }: RescaleWork,
  { signal, onProgress }: RescaleOptions,
): Promise<Snapshot | null> {
  const schema = { ...rescaled, options: { ...rescaled.options, ...optionsAfter(snapshot) } }
  const fields = partitionFields(schema)
  const specs = partitions.map(({ bytes }) => decodePartition(fields, bytes))
  const table = { store, schema }
  let messages: readonly CommitMessage[] = []
  try {
    await using writer = new TableWriter(store, schema, { overwrite: {}, signal })
    const context = fileContext(store, schema)
    for (const split of splits) {
      throwIfAborted(signal)
      for await (const batch of readSplit(context, split, { fields: schema.fields, signal })) {
        await writer.writeBatch(batch, new Int8Array(batch.length))
        onProgress?.(batch.length)
      }
    }
    messages = await writer.prepareCommit({ waitForCompaction: true })
    const { commitUser } = writer
    const scope = { kind: 'matching', specs } as const
    const { snapshots } = await commit(table, messages, { commitUser, overwrite: scope, signal })
    return snapshots.at(-1) ?? null
  } catch (error) {
    if (!mayHaveHappened(error)) await abort(table, messages).catch(() => {})
    throw error
  }
}

/**
 * What others commit after the snapshot would be lost, so that it fails the commit. Compactions are not left to others,
 * since some tables do not show rows before one.
 */
function optionsAfter({ id }: Snapshot): Readonly<Record<string, string>> {
  return { 'commit.strict-mode.last-safe-snapshot': String(id), 'write-only': 'false' }
}

async function changeSchema(
  store: TableStore,
  buckets: number,
  signal: AbortSignal | undefined,
): Promise<TableSchema | null> {
  let isChanged = false
  const changed = await store.schemas.change(
    (latest) => {
      isChanged = latest !== null && latest.options['bucket'] !== String(buckets)
      if (latest === null || !isChanged) return null
      const options = { ...latest.options, bucket: String(buckets) }
      return { ...latest, id: latest.id + 1, options, timeMillis: Date.now() }
    },
    { signal },
  )
  return isChanged ? changed : null
}

/** The partition as its path says it; empty for a table without partitions. */
function nameOf(schema: TableSchema, bytes: Uint8Array): string {
  const fields = partitionFields(schema)
  return partitionPath(fields, decodePartition(fields, bytes), partitionNaming(schema))
}

function anyLevel(): boolean {
  return true
}
